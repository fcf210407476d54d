//! The worklist, one row a person, and the hints that something on it changed.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{AlertHead, PatientHead, Person, Team};

/// `GET /api/worklist`: of all one's teams, or with `?team=` of one of them.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Worklist {
    /// Care time: what every clock on the page counts from.
    pub now: Timestamp,
    /// Those whose people are listed, by name; none: one is on no team.
    pub teams: Vec<TeamNow>,
    /// Open alerts by priority (a person may have several).
    pub counts: Counts,
    /// When the service was not there, within the last day; the newest last. Nobody is held to be silent for that time.
    pub away: Vec<Away>,
    /// Worst first.
    pub rows: Vec<WorklistRow>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Away {
    pub from: Timestamp,
    pub until: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct TeamNow {
    #[serde(flatten)]
    pub team: Team,
    /// null: nobody on the roster has a shift now.
    pub on_duty: Option<OnDuty>,
    /// Who is paged after that person.
    pub next: Option<Person>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct OnDuty {
    pub staff: Uuid,
    pub name: String,
    /// null: for two weeks and more.
    pub until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Counts {
    pub high: u32,
    pub medium: u32,
    pub low: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct WorklistRow {
    pub patient: PatientHead,
    /// By name.
    pub team: String,
    /// The worst open alert: by priority, then unacknowledged first, then the earliest promise.
    pub alert: AlertHead,
    /// How many more are open.
    pub more: u32,
    pub last_reading: Option<LastReading>,
}

/// The newest reading of any vital, in words.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct LastReading {
    pub vital: String,
    /// As in `148/92 mmHg`, `HI`, `71.4 kg`.
    pub text: String,
    pub at: Timestamp,
}

/// `GET /api/events` (server-sent events, named `changed`): a hint that something changed. Fetch again.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Changed {
    pub what: What,
    /// null: perhaps anybody.
    pub patient: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Alerts,
    Readings,
}
