//! Rules beside those in force, and what they would have done.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::shadowing::Report;

/// `POST /api/rules/shadow`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct StartShadow {
    /// Of a proposal.
    pub hash: String,
    /// Four weeks from now at most; null: four weeks.
    #[serde(default)]
    pub until: Option<Timestamp>,
    pub why: String,
}

/// `GET /api/rules/shadow`, and what starting and stopping one answer.
#[derive(Clone, Debug, Serialize, TS, JsonSchema)]
pub struct ShadowReport {
    #[serde(flatten)]
    #[ts(flatten)]
    pub report: Report,
    /// Of the patients whom one's own teams look after; the counts are of everybody.
    pub differences: Vec<ShadowDifference>,
}

/// A problem about which the two differ. No values.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ShadowDifference {
    pub patient: Uuid,
    pub problem: String,
    pub rule: String,
    pub start: Timestamp,
    pub what: ShadowWhat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShadowWhat {
    New,
    NoLonger,
    Louder,
    Quieter,
    Moved,
}
