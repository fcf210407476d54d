//! Rules beside those in force, and what they would have done.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::Priority;

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
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ShadowReport {
    pub hash: String,
    pub since: Timestamp,
    pub until: Timestamp,
    pub runs: bool,
    pub by: String,
    pub why: String,
    pub monitored: u32,
    /// Patients who were looked at since it began, and how many of those have a record that cannot be read.
    pub looked_at: u32,
    pub unreadable: u32,
    /// When whoever was looked at longest ago was.
    pub oldest_look: Option<Timestamp>,
    pub patient_days: f64,
    /// The highest priority first.
    pub rules: Vec<ShadowRule>,
    pub newly_alerted: ShadowCount,
    pub no_longer_alerted: ShadowCount,
    pub louder: ShadowCount,
    pub quieter: ShadowCount,
    pub moved: ShadowCount,
    /// Of the patients whom one's own teams look after; the counts are of everybody.
    pub differences: Vec<ShadowDifference>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ShadowRule {
    /// `pack/rule`.
    pub rule: String,
    pub priority: Priority,
    pub in_force_per_100_patients_a_day: f64,
    pub in_shadow_per_100_patients_a_day: f64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ShadowCount {
    pub patients: u32,
    pub problems: u32,
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
