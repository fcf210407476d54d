//! A rulebook beside the one in force: what it would have found of a patient, held against what was found.
//!
//! Both are judged from the same history; of what only the shadow finds nobody hears.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Priority};

/// A problem of a patient about which two rulebooks differ. No values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub problem: String,
    /// When it began for the one in force, or for the shadow if only that found it.
    pub start: Timestamp,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Only the shadow tells anybody.
    New(Priority),
    /// Only the one in force does.
    NoLonger(Priority),
    Louder {
        now: Priority,
        then: Priority,
    },
    Quieter {
        now: Priority,
        then: Priority,
    },
    /// As loud, and begins at another instant.
    Moved(Timestamp),
}

/// What differs between the findings of the rulebook in force and those of a shadow, for the same patient and stretch of time.
/// The same problem at the same time is the same; what nobody is told of yet does not count.
pub fn compare(in_force: &[Finding], shadow: &[Finding]) -> Vec<Difference> {
    let (in_force, shadow) = (told(in_force), told(shadow));
    let mut differences = Vec::new();
    for now in &in_force {
        // One long finding of the one may be several of the other: the loudest of them counts.
        let mut same: Vec<_> = shadow.iter().filter(|other| is_same(now, other)).collect();
        same.sort_by_key(|other| (Reverse(other.priority), other.start));
        let what = match same.first() {
            None => What::NoLonger(now.priority),
            Some(then) if then.priority > now.priority => What::Louder { now: now.priority, then: then.priority },
            Some(then) if then.priority < now.priority => What::Quieter { now: now.priority, then: then.priority },
            Some(then) if then.start != now.start => What::Moved(then.start),
            Some(_) => continue,
        };
        differences.push(Difference { problem: now.problem.clone(), start: now.start, what });
    }
    for new in shadow.iter().filter(|new| !in_force.iter().any(|now| is_same(now, new))) {
        let what = What::New(new.priority);
        differences.push(Difference { problem: new.problem.clone(), start: new.start, what });
    }
    differences.sort_by(|one, other| (&one.problem, one.start).cmp(&(&other.problem, other.start)));
    differences
}

fn told(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| !finding.pending).collect()
}

/// Of one problem, and at least at one instant both.
fn is_same(one: &Finding, other: &Finding) -> bool {
    let begins_within = |one: &Finding, other: &Finding| one.end.is_none_or(|end| other.start <= end);
    one.problem == other.problem && begins_within(one, other) && begins_within(other, one)
}
