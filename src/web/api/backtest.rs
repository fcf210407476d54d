//! What proposed rules would have done to the service's own patients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::Priority;

/// `POST /api/rules/backtest`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RunBacktest {
    /// Of a proposal.
    pub hash: String,
    /// 1 to 90, until now.
    #[schemars(range(min = 1, max = 90))]
    pub days: u8,
}

/// Both columns are made in the same way: replayed, with everybody's alerts dealt with by one routine.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct BacktestReport {
    pub days: u8,
    pub monitored: u32,
    /// As many as there was time for; `derwent rules backtest --since` replays everybody.
    pub replayed: u32,
    pub patient_days: f64,
    pub hand_dealt_per_patient_day: BothRules,
    pub asks_per_patient_day: BothRules,
    /// The highest priority first.
    pub rules: Vec<BacktestRule>,
    pub newly_alerted: u32,
    pub no_longer_alerted: u32,
    /// Of the patients whom one's own teams look after; the counts are of everybody.
    pub newly_alerted_patients: Vec<Uuid>,
    pub no_longer_alerted_patients: Vec<Uuid>,
}

/// Alerts per 100 patients a day.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct BacktestRule {
    /// `pack/rule`.
    pub rule: String,
    pub priority: Priority,
    pub per_100_patients_a_day: BothRules,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct BothRules {
    pub proposed: f64,
    pub in_force: f64,
}
