//! Signing in, and who one is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// `POST /api/sign-in`. Answered 204 with a cookie, or 401 `wrong_credentials`, or 429 `too_many_guesses`.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}

/// `GET /api/me`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Me {
    pub staff: Uuid,
    pub name: String,
    pub role: Role,
    pub organisation: Organisation,
    /// The caseloads this person works on: their own teams, and those whose roster they stand on.
    pub teams: Vec<Team>,
    /// The zone to show times in (IANA name): the organisation's.
    pub time_zone: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    #[serde(rename = "co-ordinator")]
    Coordinator,
    Clinician,
    Administrator,
    Auditor,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Organisation {
    pub organisation: Uuid,
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Team {
    pub team: Uuid,
    pub name: String,
    /// What a patient rings.
    pub phone: String,
}
