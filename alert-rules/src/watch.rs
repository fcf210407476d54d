//! The engine's memory of one rule for one patient: one spell in which it is not quiet.
//!
//! A watch is a log of what happened and when, in event time; what it means is read off the log. So it can be cut at
//! any instant and folded again from there, which is how late data re-judge without the whole history at hand.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::finding::Extreme;
use crate::reason::Reason;

/// One spell of a rule. Its key is (patient, rule, since).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// `pack/rule`.
    pub rule: String,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// When the reading that started it reached us: an ask counts from then.
    pub received_at: Timestamp,
    /// The ask this spell makes, if its rule asks first and it was not too late to ask.
    pub ask: Option<Uuid>,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub at: Timestamp,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// `when` became true; why.
    Opened(Vec<Reason>),
    /// The repeat was not clear either.
    Confirmed(Vec<Reason>),
    /// The repeat was clear: only a low finding remains.
    Cleared(Vec<Reason>),
    /// No repeat came in time.
    Unanswered,
    /// `at_once`, or a symptom.
    AtOnce(Vec<Reason>),
    /// A new worst value.
    Worst(Extreme),
}

impl Watch {
    /// As it was just before `from`: later steps forgotten, a later end taken back. None if it had not begun.
    pub fn before(&self, from: Timestamp) -> Option<Watch> {
        if self.since >= from {
            return None;
        }
        let mut watch = self.clone();
        watch.until = watch.until.filter(|until| *until < from);
        watch.steps.retain(|step| step.at < from);
        Some(watch)
    }
}
