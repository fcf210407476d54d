//! An administrator's page of staff.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{Role, Team};

/// `GET /api/staff`: everybody of the administrator's own organisation, by name.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct StaffList {
    pub staff: Vec<StaffRow>,
    /// The organisation's, to choose from.
    pub teams: Vec<Team>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct StaffRow {
    pub staff: Uuid,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub profession: String,
    pub teams: Vec<Uuid>,
    pub state: StaffState,
    /// Until when the invitation's link works, if one is open.
    pub invited_until: Option<Timestamp>,
    pub sessions: usize,
    /// Names of teams that still page this person.
    pub on_rosters_of: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffState {
    /// Has a password.
    Active,
    /// Has none yet.
    Invited,
    Deactivated,
}

/// `POST /api/staff/invitations`: answered with `StaffRow`; the link goes out by mail, to the invited alone.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Invite {
    pub email: String,
    pub name: String,
    pub role: Role,
    /// As in nurse, physiotherapist.
    pub profession: String,
    #[serde(default)]
    pub teams: Vec<Uuid>,
}

/// `PUT /api/staff/{staff}/teams`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct StaffTeams {
    pub teams: Vec<Uuid>,
}
