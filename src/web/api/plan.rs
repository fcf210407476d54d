//! Changing what is set for a person: pauses, limits of their own, the end of the monitoring.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// `POST /api/patients/{id}/pauses`: the person is away. Days are those of where they live.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewPause {
    /// Its first day; null, or today: it begins now.
    pub from: Option<Date>,
    /// The first day on which things are due again.
    pub until: Date,
    pub why: String,
}

/// `POST /api/patients/{id}/pauses/end`: they are back. Pauses that were to come are off, too.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Resume {
    pub why: String,
}

/// The person asked on their phone that nothing be due while they are away.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AskedPause {
    pub request: Uuid,
    pub from: Date,
    pub until: Date,
    pub why: String,
    pub asked_at: Timestamp,
}

/// `POST /api/patients/{id}/pauses/asked`: what somebody says to it.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AnswerPause {
    pub request: Uuid,
    /// Why not; null: it is taken on.
    pub declined: Option<String>,
}

/// `POST /api/patients/{id}/limits`: a limit of the person's own, in the unit that the page shows it in.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SetLimit {
    pub pack: String,
    pub name: String,
    pub value: f64,
    /// The first day on which the pack's own holds again; null: until somebody changes it.
    pub until: Option<Date>,
    pub why: String,
}

/// `POST /api/patients/{id}/limits/end`: the pack's own limit holds again.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct EndLimit {
    pub pack: String,
    pub name: String,
    pub why: String,
}

/// `POST /api/patients/{id}/end`: nobody watches any more. Alerts that are open stay open.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct EndMonitoring {
    pub why: String,
}

/// The number of the plan's new version.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PlanChanged {
    pub version: i64,
}

/// `POST /api/patients/{id}/end`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct MonitoringEnded {
    /// Care time.
    pub at: Timestamp,
}

/// Somebody set, changed or ended a limit of the person's own.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct LimitChange {
    pub at: Timestamp,
    pub by: String,
    pub why: String,
    pub pack: String,
    pub name: String,
    /// As it was set; null: the pack's own holds again.
    pub value: Option<f64>,
    pub unit: String,
    pub until: Option<Timestamp>,
}
