//! Why: what a person reads under a finding. Values, limits in force and whose, rule, version, source.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that was so, at one instant, and that a rule looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub at: Timestamp,
    /// "systolic 184 mmHg"
    pub what: String,
    /// What that was held against: "at or above 180 mmHg (severe systolic, the pack's default)".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// `pack/rule`, the pack's version, and its source, for whoever asks.
    pub rule: String,
    pub version: String,
    pub source: String,
}

impl Reason {
    /// All of it.
    pub fn sentence(&self) -> String {
        match &self.limit {
            Some(limit) => format!("{}, {limit}", self.what),
            None => self.what.clone(),
        }
    }
}
