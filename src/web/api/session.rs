//! Who one is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// `GET /api/me`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Me {
    pub staff: Uuid,
    pub name: String,
    pub role: Role,
    pub organisation: Organisation,
    /// The caseloads this person works on; empty for an administrator, who sees all of them.
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
