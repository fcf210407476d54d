//! A rulebook beside the one in force: what it would have found of a patient, held against what was found.
//!
//! Both are judged from the same history; of what only the shadow finds nobody hears. So nobody was asked to measure again because
//! of the shadow alone: what came next counts as the repeat, and what did not come in time fires.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::everybody::CANNOT_APPLY;
use crate::facts::{Due, Facts};
use crate::finding::{Finding, Priority};
use crate::rule::{Pack, Rulebook};
use crate::vital::Vital;

/// A problem of a patient about which two rulebooks differ. No values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub problem: String,
    /// `pack/rule` of the shadow, or of the one in force where the shadow finds nothing.
    pub rule: String,
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

/// The plan as a shadow takes it. A pack that no plan can name, a draft or one that the rulebook in force does not have, watches
/// everybody whom it fits.
pub fn facts(shadow: &Rulebook, in_force: &Rulebook, facts: &Facts, at: Timestamp) -> Facts {
    let mut facts = facts.clone();
    let measured = |due: &Due| match due {
        Due::Vital(vital) => Some(*vital),
        // Its total is a vital of the same name.
        Due::Questionnaire(name) => Vital::named(name),
    };
    let measures: Vec<Vital> = facts.plan.slots.iter().filter_map(|slot| measured(&slot.due)).collect();
    let is_nameable = |pack: &Pack| pack.draft.is_none() && in_force.pack(&pack.name).is_some();
    let fits =
        |pack: &&Pack| !is_nameable(pack) && !facts.plan.packs.contains(&pack.name) && pack.fits(&facts, &measures, at);
    let more: Vec<String> = shadow.packs().iter().filter(fits).map(|pack| pack.name.clone()).collect();
    facts.plan.packs.extend(more);
    facts
}

/// How many of these findings people are told of that began at `since` or later, by rule and priority. A task that says that a plan
/// cannot be applied begins when somebody looks, so it is left out here and in [`compare`].
pub fn told_since(findings: &[Finding], since: Timestamp) -> BTreeMap<(String, Priority), usize> {
    let mut counts = BTreeMap::new();
    for finding in told(findings).into_iter().filter(|finding| finding.start >= since) {
        *counts.entry((finding.rule.clone(), finding.priority)).or_default() += 1;
    }
    counts
}

/// What differs between the findings of the rulebook in force and those of a shadow, for the same patient and stretch of time
/// from `since` on. The same problem at the same time is the same; what nobody is told of yet does not count.
pub fn compare(in_force: &[Finding], shadow: &[Finding], since: Timestamp) -> Vec<Difference> {
    let goes_on = |finding: &&Finding| finding.end.is_none_or(|end| end >= since);
    let (in_force, shadow): (Vec<&Finding>, Vec<&Finding>) =
        (told(in_force).into_iter().filter(goes_on).collect(), told(shadow).into_iter().filter(goes_on).collect());
    let mut differences = Vec::new();
    for now in &in_force {
        // One long finding of the one may be several of the other: the loudest of them counts.
        let mut same: Vec<_> = shadow.iter().filter(|other| is_same(now, other)).collect();
        same.sort_by_key(|other| (Reverse(other.priority), other.start));
        let what = match same.first() {
            None => What::NoLonger(now.priority),
            Some(then) if then.priority > now.priority => What::Louder { now: now.priority, then: then.priority },
            Some(then) if then.priority < now.priority => What::Quieter { now: now.priority, then: then.priority },
            // Of what began before nobody asks when.
            Some(then) if then.start.max(since) != now.start.max(since) => What::Moved(then.start),
            Some(_) => continue,
        };
        let rule = same.first().map_or(&now.rule, |then| &then.rule);
        differences.push(Difference { problem: now.problem.clone(), rule: rule.clone(), start: now.start, what });
    }
    for new in shadow.iter().filter(|new| !in_force.iter().any(|now| is_same(now, new))) {
        let what = What::New(new.priority);
        differences.push(Difference { problem: new.problem.clone(), rule: new.rule.clone(), start: new.start, what });
    }
    differences.sort_by(|one, other| (&one.problem, one.start).cmp(&(&other.problem, other.start)));
    differences
}

fn told(findings: &[Finding]) -> Vec<&Finding> {
    let counts = |finding: &&Finding| !finding.pending && !finding.rule.starts_with(CANNOT_APPLY);
    findings.iter().filter(counts).collect()
}

/// Of one problem, and at least at one instant both.
fn is_same(one: &Finding, other: &Finding) -> bool {
    let begins_within = |one: &Finding, other: &Finding| one.end.is_none_or(|end| other.start <= end);
    one.problem == other.problem && begins_within(one, other) && begins_within(other, one)
}
