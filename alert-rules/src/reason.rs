//! Why: what a person reads under a finding. Values, limits in force and whose, rule, version, source.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that was so, at one instant, and that a rule looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub at: Timestamp,
    /// A whole sentence: "systolic is 184 mmHg, at or above 180 mmHg (severe systolic, the pack's default)".
    pub sentence: String,
    /// `pack/rule`, the pack's version, and its source, for whoever asks.
    pub rule: String,
    pub version: String,
    pub source: String,
}
