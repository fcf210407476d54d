//! The engine's memory of one rule for one patient: one spell in which it is not quiet.
//!
//! A watch is a log of what happened and when, in event time; what it means is read off the log. So it can be cut at
//! any instant and folded again from there, which is how late data re-judge without the whole history at hand.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::calendar::after;
use crate::finding::{Extreme, Kind, Priority, Side};
use crate::fold::SHOW_WITHIN;
use crate::reason::Reason;
use crate::vital::Component;

/// One spell of a rule. Its key is (patient, rule, since).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// `pack/rule`.
    pub rule: String,
    pub terms: Terms,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// When the reading that started it reached us: an ask counts from then.
    pub received_at: Timestamp,
    /// It began with values that nothing confirms: outside the hold range, or dated by arrival.
    pub doubtful: bool,
    /// Staff took the values it began with as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
    /// The ask this spell makes, if its rule asks first and it was not too late to ask.
    pub ask: Option<Uuid>,
    pub steps: Vec<Step>,
}

/// What the rule meant by it when the spell began: a finding outlives a change of rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    pub problem: String,
    pub kind: Kind,
    pub priority: Priority,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(default)]
    pub closes_itself: bool,
    /// The patient is asked before anybody is alarmed, and has this long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_s: Option<i64>,
    /// It becomes a finding only after this long.
    #[serde(default)]
    pub after_s: i64,
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
    /// `at_once`, or a symptom, newly met, or so still: which (a question's link, the condition as written), and why.
    AtOnce { met: Vec<String>, reasons: Vec<Reason> },
    /// The rules no longer look at this, or not for this person: it ends, and nobody knows whether it is over.
    Unwatched,
    /// One act of measuring with at least one new worst value; all of it as it is said: "186/101 mmHg".
    Worst { extremes: Vec<Extreme>, reading: String },
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

    /// When `at_once` or a symptom was last newly met, or the whole was told again.
    pub fn at_once(&self) -> Option<Timestamp> {
        self.steps.iter().rev().find(|step| matches!(step.what, What::AtOnce { .. })).map(|step| step.at)
    }

    /// When this condition of `at_once`, or this symptom, was last written down as met.
    pub fn met_at_once(&self, name: &str) -> Option<Timestamp> {
        let holds = |step: &&Step| matches!(&step.what, What::AtOnce { met, .. } if met.iter().any(|met| met == name));
        self.steps.iter().rev().find(holds).map(|step| step.at)
    }

    /// When there was last something to tell people.
    pub fn last_heard(&self) -> Timestamp {
        let is_told = |step: &&Step| {
            matches!(step.what, What::Opened(_) | What::Confirmed(_) | What::Unanswered | What::AtOnce { .. })
        };
        self.steps.iter().rev().find(is_told).map_or(self.since, |step| step.at)
    }

    pub fn is_confirmed(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.what, What::Confirmed(_)))
    }

    /// The repeat was clear.
    pub fn is_cleared(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.what, What::Cleared(_)))
    }

    /// When its ask was shown, if that was before the wait for it was over anyway: what was waited for must not depend on
    /// when a phone came to say so.
    pub fn shown_at(&self, shown: &BTreeMap<Uuid, Timestamp>) -> Option<Timestamp> {
        let given_up = after(after(self.since, SHOW_WITHIN), SignedDuration::from_secs(self.terms.repeat_s?));
        shown.get(&self.ask?).copied().filter(|shown| *shown <= given_up)
    }

    /// Nobody waits for the patient to measure again, if anybody did.
    pub fn is_settled(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(step.what, What::AtOnce { .. } | What::Confirmed(_) | What::Cleared(_) | What::Unanswered)
        })
    }

    /// Worst values, each worse than those of its component before it.
    pub fn worst(&self) -> impl Iterator<Item = &Extreme> {
        self.steps.iter().flat_map(|step| match &step.what {
            What::Worst { extremes, .. } => extremes.as_slice(),
            _ => &[],
        })
    }

    /// The reading with the worst of the component that is named first, as it is said, and where another was worse in
    /// another component, that one too; in order of time.
    pub fn worst_readings(&self) -> Vec<&str> {
        let mut held: Vec<((Component, Side), usize)> = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let What::Worst { extremes, .. } = &step.what else { continue };
            for extreme in extremes {
                let of = (extreme.component, extreme.side);
                match held.iter_mut().find(|(known, _)| *known == of) {
                    Some((_, holder)) => *holder = index,
                    None => held.push((of, index)),
                }
            }
        }
        let first = held.first().map(|(_, holder)| *holder);
        let other = held.iter().map(|(_, holder)| *holder).find(|holder| Some(*holder) != first);
        let mut holders: Vec<usize> = first.into_iter().chain(other).collect();
        holders.sort_unstable();
        let said = holders.into_iter().filter_map(|index| match &self.steps.get(index)?.what {
            What::Worst { reading, .. } => Some(reading.as_str()),
            _ => None,
        });
        said.collect()
    }

    /// It ended because no rule looks at it any more.
    pub fn is_unwatched(&self) -> bool {
        self.steps.iter().any(|step| step.what == What::Unwatched)
    }

    /// Why, in order of time.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        self.steps.iter().flat_map(|step| match &step.what {
            What::Opened(reasons)
            | What::Confirmed(reasons)
            | What::Cleared(reasons)
            | What::AtOnce { reasons, .. } => reasons.as_slice(),
            What::Unanswered | What::Unwatched | What::Worst { .. } => &[],
        })
    }
}
