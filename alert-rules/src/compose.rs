//! Spells → findings. A finding lasts while any spell of its problem does, at the highest priority among them.
//!
//! Spells depend on event time alone; only here, and only for `pending`, does it matter who was asked and when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::calendar::after;
use crate::everybody::COULD_NOT_MEASURE;
use crate::finding::{Extreme, Finding, Firing, Priority};
use crate::fold::{ASK_WITHIN, SHOW_WITHIN};
use crate::watch::Watch;

/// Most reasons a finding carries; the first ones and the last.
const MAX_REASONS: usize = 12;

/// All findings of the spells, by problem and start. `shown`: when each ask was shown.
pub(crate) fn compose(watches: &[Watch], shown: &BTreeMap<Uuid, Timestamp>, at: Timestamp) -> Vec<Finding> {
    let mut spells: Vec<&Watch> = watches.iter().filter(|watch| counts(watch, at)).collect();
    spells.sort_unstable_by(|one, other| {
        let key = |watch: &Watch| (begins(watch), std::cmp::Reverse(watch.terms.priority));
        one.terms
            .problem
            .cmp(&other.terms.problem)
            .then_with(|| key(one).cmp(&key(other)))
            .then_with(|| one.rule.cmp(&other.rule))
    });
    let mut findings = Vec::new();
    let mut rest = spells.as_slice();
    while let Some((first, _)) = rest.split_first() {
        let mut end = first.until;
        let joins = |watch: &&Watch, end: Option<Timestamp>| {
            watch.terms.problem == first.terms.problem && end.is_none_or(|end| begins(watch) <= end)
        };
        let mut length = 1;
        while let Some(next) = rest.get(length).filter(|next| joins(next, end)) {
            end = end.zip(next.until).map(|(one, other)| one.max(other));
            length += 1;
        }
        let (chain, later) = rest.split_at(length);
        findings.push(finding(chain, end, &spells, shown, at));
        rest = later;
    }
    findings
}

/// When it becomes a finding.
fn begins(watch: &Watch) -> Timestamp {
    after(watch.since, SignedDuration::from_secs(watch.terms.after_s))
}

fn counts(watch: &Watch, at: Timestamp) -> bool {
    begins(watch) <= at && watch.until.is_none_or(|until| begins(watch) < until)
}

fn finding(
    chain: &[&Watch],
    end: Option<Timestamp>,
    all: &[&Watch],
    shown: &BTreeMap<Uuid, Timestamp>,
    at: Timestamp,
) -> Finding {
    let waits = waits(chain, shown);
    let firings: Vec<Firing> = chain
        .iter()
        .zip(waits)
        .map(|(watch, wait)| Firing {
            rule: watch.rule.clone(),
            since: begins(watch),
            until: watch.until,
            priority: priority(watch, all),
            at_once: watch.at_once(),
            pending: wait.is_some_and(|wait| at < wait),
            unwatched: watch.is_unwatched(),
        })
        .collect();
    let pending = firings.iter().all(|firing| firing.pending);
    let loud = || chain.iter().zip(&firings).filter(move |(_, firing)| pending || !firing.pending);
    // A chain is never empty; the first spell of the highest priority leads.
    let (leader, leading) = loud().rev().max_by_key(|(_, firing)| firing.priority).unwrap_or((&chain[0], &firings[0]));
    let mut worst: Vec<Extreme> = Vec::new();
    for extreme in loud().flat_map(|(watch, _)| watch.worst()) {
        match worst.iter_mut().find(|known| known.component == extreme.component && known.side == extreme.side) {
            Some(known) if extreme.is_worse_than(known, 0.0) => *known = *extreme,
            Some(_) => {}
            None => worst.push(*extreme),
        }
    }
    worst.sort_unstable_by_key(|extreme| (extreme.component, extreme.side));
    let mut reasons: Vec<_> = loud().flat_map(|(watch, _)| watch.reasons()).cloned().collect();
    reasons.sort_by_key(|reason| reason.at);
    if reasons.len() > MAX_REASONS {
        reasons.drain(MAX_REASONS / 2..reasons.len() - MAX_REASONS / 2);
    }
    let late = leader.received_at.duration_since(leader.since);
    Finding {
        problem: leader.terms.problem.clone(),
        start: begins(chain[0]),
        end,
        kind: leader.terms.kind,
        priority: leading.priority,
        rule: leader.rule.clone(),
        sentence: sentence(leader, is_unconfirmed(leader)),
        team: leader.terms.team.clone(),
        unconfirmed: is_unconfirmed(leader),
        late_minutes: if late > ASK_WITHIN { late.as_mins() } else { 0 },
        pending,
        closes_itself: chain.iter().all(|watch| watch.terms.closes_itself || was_a_slip(watch)),
        worst,
        reasons,
        firings,
    }
}

/// Until when each spell of a finding waits before it alarms anybody. One ask per finding: a spell that begins while an
/// ask is out waits with it; one that begins after does not wait.
fn waits(chain: &[&Watch], shown: &BTreeMap<Uuid, Timestamp>) -> Vec<Option<Timestamp>> {
    let mut asked: Option<(&Watch, Timestamp)> = None;
    chain
        .iter()
        .map(|watch| {
            let waits = watch.terms.repeat_s.is_some() && !watch.is_settled();
            match (asked, watch.ask) {
                (None, Some(_)) => {
                    let until = wait_until(watch, shown);
                    asked = Some((watch, until));
                    waits.then_some(until)
                }
                (Some((first, until)), _) => (waits && !first.is_settled() && watch.since <= until).then_some(until),
                (None, None) => None,
            }
        })
        .collect()
}

/// When the wait for a repeat is over: the rule's time after it was shown, or soon after the ask when nobody saw it.
pub(crate) fn wait_until(watch: &Watch, shown: &BTreeMap<Uuid, Timestamp>) -> Timestamp {
    match watch.shown_at(shown) {
        Some(shown) => after(shown, SignedDuration::from_secs(watch.terms.repeat_s.unwrap_or(0))),
        None => after(watch.received_at, SHOW_WITHIN),
    }
}

fn priority(watch: &Watch, all: &[&Watch]) -> Priority {
    if watch.is_cleared() {
        return Priority::Low;
    }
    // Could not measure: more than a task the second time in a row, or while something else is wrong.
    if watch.rule.starts_with(COULD_NOT_MEASURE) {
        let beside = |other: &&Watch| {
            other.terms.priority > Priority::Low
                && other.since <= watch.since
                && other.until.is_none_or(|until| until > watch.since)
        };
        if watch.is_confirmed() || all.iter().any(beside) {
            return Priority::Medium;
        }
    }
    watch.terms.priority
}

/// A value that was doubted as it came, for its unit or its size, and was clear when it was measured again as asked: nobody
/// else has anything left to do.
fn was_a_slip(watch: &Watch) -> bool {
    watch.doubtful && watch.is_cleared()
}

fn is_unconfirmed(watch: &Watch) -> bool {
    let asked = watch.terms.repeat_s.is_some() && watch.at_once().is_none();
    (asked || watch.doubtful) && !watch.accepted && !watch.is_confirmed() && !watch.is_cleared()
}

/// `228/100, then 181/119 mmHg`.
fn one_after_another(readings: &[&str]) -> String {
    let Some((last, before)) = readings.split_last() else { return String::new() };
    let unit = last.rfind(' ').map_or("", |space| &last[space..]);
    let before = before.iter().map(|reading| format!("{}, then ", reading.strip_suffix(unit).unwrap_or(reading)));
    before.chain([(*last).to_owned()]).collect()
}

/// One line for the worklist: "Blood pressure high: 186/101 mmHg, confirmed". Limits stand among the reasons.
fn sentence(watch: &Watch, unconfirmed: bool) -> String {
    let mut opened: Vec<&str> = Vec::new();
    for reason in watch.reasons().take_while(|reason| reason.at == watch.since) {
        // What fires may be what is told at once, too.
        if !opened.contains(&reason.what.as_str()) {
            opened.push(&reason.what);
        }
    }
    let why = match watch.worst_readings().as_slice() {
        [] => opened.get(..opened.len().min(2)).unwrap_or_default().join("; "),
        readings => one_after_another(readings),
    };
    let problem = &watch.terms.problem;
    let mut sentence = match why.as_str() {
        "" => problem.clone(),
        why if why.starts_with(problem.as_str()) => why.to_owned(),
        why => format!("{problem}: {why}"),
    };
    if watch.is_cleared() {
        sentence.push_str(", clear when measured again");
    } else if watch.is_confirmed() {
        sentence.push_str(", confirmed");
    } else if watch.accepted {
        sentence.push_str(", accepted by staff");
    } else if unconfirmed {
        sentence.push_str(", unconfirmed");
    }
    begins_large(sentence)
}

pub(crate) fn begins_large(mut sentence: String) -> String {
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}
