//! The audit of an organisation, as its auditors see it: who did what, never what was in the record.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::Person;

/// `GET /api/audit`, newest first.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// There are more: ask again with this as `before`.
    pub next: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AuditEntry {
    pub audit: i64,
    /// By the machine's clock.
    pub at: Timestamp,
    /// Whoever did it, as a name, or as what they are.
    pub who: String,
    /// Role and profession of a member of staff.
    pub as_what: Option<String>,
    pub staff: Option<Uuid>,
    /// What was done: a name that stays, such as `record.read`.
    pub what: String,
    /// The same in words that follow `who`.
    pub did: String,
    pub patient: Option<AuditPatient>,
    /// The network address it was done from.
    pub address: Option<String>,
    /// The reason given.
    pub why: Option<String>,
    /// Ids and settings.
    #[ts(type = "Record<string, unknown>")]
    pub detail: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AuditPatient {
    pub patient: Uuid,
    /// None: of another organisation, or nobody at all.
    pub name: Option<String>,
}

/// `GET /api/audit/choices`: what can be asked for.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AuditChoices {
    pub acts: Vec<AuditAct>,
    /// Of the organisation.
    pub staff: Vec<Person>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AuditAct {
    pub what: String,
    pub did: String,
}
