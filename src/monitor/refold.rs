//! Judging again from the beginning, from what is on record, to see whether it comes to what is stored: pure.
//!
//! It is not what the monitor does. The monitor goes on from the watches of last time; here all of the history is folded from
//! the first plan on with none. Which rulebook and which facts a stretch of event time was judged by is on record: those of the
//! last evaluation whose fold went over it.
//!
//! Where what is old was erased, the fold begins as soon as all that a rule may look back to is there, and each problem is compared
//! from when it was over for the first time: what went on then may have begun before.
//!
//! What cannot be folded again is said, not passed over: see [`Skipped`].

use std::collections::BTreeMap;

use alert_rules::facts::Gap;
use alert_rules::{Facts, Finding, History, REACH, Rulebook};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::monitor::over::Over;
use crate::store::record::{Evaluated, Found, Record};

/// Tasks about what of a plan cannot be applied begin and end when somebody looks, which is not in event time.
const BY_LOOKING: &str = "built-in/cannot-apply/";
/// How urgent these are depends on what else is wrong.
const BESIDE_OTHERS: &str = "built-in/could-not-measure/";

/// Rulebooks by their hash.
pub type Rulebooks = BTreeMap<[u8; 32], Rulebook>;

/// Why a patient, or a part, was not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// A version of the service before this one judged and did not write down from where.
    NotOnRecord,
    /// Facts, history or rulebook cannot be read by this version.
    Unreadable,
}

/// What was compared for one patient.
#[derive(Debug, Default)]
pub struct Compared {
    pub findings: usize,
    pub event_time: SignedDuration,
    /// Findings of before the episode was last taken up again or of what was erased, and tasks that depend on when somebody looked.
    pub findings_left_out: usize,
    pub differences: Vec<Difference>,
}

/// One finding about which record and fold disagree. No values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub patient: Uuid,
    pub problem: String,
    pub start: Timestamp,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It should be there and is not.
    Missing,
    /// It is there and should not be.
    Unfounded,
    /// These fields differ.
    Differs(Vec<&'static str>),
}

/// A stretch of event time, both ends inside, and what it was judged by last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    rulebook: [u8; 32],
    facts: i64,
    /// The last number that was known.
    known: i64,
}

/// Folds again and compares.
pub fn compare(record: &Record, rulebooks: &Rulebooks) -> Result<Compared, Skipped> {
    let history = record.history.as_ref().map_err(|_| Skipped::Unreadable)?;
    let (begin, stretches) = stretches(&record.evaluations)?;
    let late = too_late(&record.evaluations, history);
    let mut over = Over::default();
    let mut compared = Compared::default();
    let mut through = None;
    let stretches = merged(stretches, !late.is_empty());
    let whole_from = whole_from(record, rulebooks, &stretches)?;
    for stretch in stretches.into_iter().filter(|stretch| whole_from.is_none_or(|whole| whole < stretch.to)) {
        let (rulebook, facts) = judged_by(record, rulebooks, &stretch)?;
        let history = as_known(history, &late, stretch.known);
        // Event time that no fold went over is folded here, and the difference shows.
        let mut from = through.map_or(stretch.from, |through: Timestamp| through.min(stretch.from));
        from = whole_from.map_or(from, |whole| whole.max(from));
        through = Some(stretch.to);
        compared.event_time += stretch.to.duration_since(from);
        over.go(rulebook, &facts, &history, from, stretch.to);
    }
    let mut findings = over.findings;
    let mut spans: Vec<Span> =
        record.findings.iter().map(|found| (found.problem.clone(), found.start, found.end)).collect();
    spans.extend(findings.values().map(|finding| (finding.problem.clone(), finding.start, finding.end)));
    spans.sort_by_key(|(_, start, _)| *start);
    let is_left_out = |problem: &str, rule: &str, start: Timestamp| {
        rule.starts_with(BY_LOOKING)
            || begin.is_some_and(|begin| start < begin)
            || whole_from.is_some_and(|whole| is_carried_over(&spans, problem, rule, start, whole))
    };
    for found in &record.findings {
        let again = findings.remove(&(found.problem.clone(), found.start));
        if is_left_out(&found.problem, &found.rule, found.start) {
            compared.findings_left_out += 1;
            continue;
        }
        compared.findings += 1;
        let what = match again {
            None => What::Unfounded,
            Some(again) => match unlike(found, &again) {
                fields if fields.is_empty() => continue,
                fields => What::Differs(fields),
            },
        };
        compared.differences.push(Difference {
            patient: record.patient,
            problem: found.problem.clone(),
            start: found.start,
            what,
        });
    }
    for ((problem, start), finding) in findings {
        if !is_left_out(&problem, &finding.rule, start) {
            compared.differences.push(Difference { patient: record.patient, problem, start, what: What::Missing });
        }
    }
    Ok(compared)
}

/// A finding's problem, start and end.
type Span = (String, Timestamp, Option<Timestamp>);

/// Where something was erased: from when on everything is there that the fold of any stretch may look at.
fn whole_from(record: &Record, rulebooks: &Rulebooks, stretches: &[Stretch]) -> Result<Option<Timestamp>, Skipped> {
    let Some(before) = record.erased_before else { return Ok(None) };
    let mut lookback = SignedDuration::ZERO;
    for stretch in stretches {
        let (rulebook, facts) = judged_by(record, rulebooks, stretch)?;
        lookback = lookback.max(rulebook.lookback(&facts));
    }
    Ok(Some(before.saturating_add(lookback).unwrap_or(Timestamp::MAX)))
}

/// Whether a finding, of the record or of the fold that begins at `whole`, may depend on what was before. `spans`: of both, by start.
fn is_carried_over(spans: &[Span], problem: &str, rule: &str, start: Timestamp, whole: Timestamp) -> bool {
    let beside = rule.starts_with(BESIDE_OTHERS);
    let mut from = whole.saturating_add(REACH).unwrap_or(Timestamp::MAX);
    for (_, start, end) in spans.iter().filter(|(other, ..)| beside || other == problem) {
        if *start < from && end.is_none_or(|end| end >= from) {
            from = end.unwrap_or(Timestamp::MAX);
        }
    }
    start < from
}

fn judged_by<'r>(
    record: &Record,
    rulebooks: &'r Rulebooks,
    stretch: &Stretch,
) -> Result<(&'r Rulebook, Facts), Skipped> {
    let rulebook = rulebooks.get(&stretch.rulebook).ok_or(Skipped::Unreadable)?;
    let facts = facts(record, stretch.facts, &record.gaps).ok_or(Skipped::Unreadable)?;
    Ok((rulebook, facts))
}

/// What each instant was judged by last, in event time; and from when on, if the patient's episode was over before.
fn stretches(evaluations: &[Evaluated]) -> Result<(Option<Timestamp>, Vec<Stretch>), Skipped> {
    let (mut begin, mut stretches, mut known): (Option<Timestamp>, Vec<Stretch>, i64) = (None, Vec::new(), 0);
    for done in evaluations {
        known = done.range.map_or(known, |(_, to)| known.max(to));
        match done.folded_from {
            _ if done.failed => {}
            // Nobody watched: the memory was given up, and whoever is taken up again begins anew.
            None if done.facts == 0 => {
                stretches.clear();
                begin = Some(done.at);
            }
            None => return Err(Skipped::NotOnRecord),
            Some(from) => {
                stretches.retain(|before: &Stretch| before.from < from);
                if let Some(before) = stretches.last_mut() {
                    before.to = before.to.min(from);
                }
                stretches.push(Stretch {
                    from,
                    to: done.at.max(from),
                    rulebook: done.rulebook,
                    facts: done.facts,
                    known,
                });
            }
        }
    }
    Ok((begin, stretches))
}

/// Neighbours that were judged by the same are one stretch, unless it matters what was known.
fn merged(stretches: Vec<Stretch>, known_matters: bool) -> Vec<Stretch> {
    let mut merged: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        match merged.last_mut() {
            Some(before)
                if !known_matters
                    && before.to == stretch.from
                    && (before.rulebook, before.facts) == (stretch.rulebook, stretch.facts) =>
            {
                before.to = stretch.to;
            }
            _ => merged.push(stretch),
        }
    }
    merged
}

/// Numbers that came too late to be judged: only later folds, whose windows reach back to them, know them. Whatever came in time
/// and was not folded from its own time on is no excuse: it is folded here, and the difference shows.
fn too_late(evaluations: &[Evaluated], history: &History) -> Vec<i64> {
    let mut ranges: Vec<(i64, i64, Timestamp)> =
        evaluations.iter().filter_map(|done| Some((done.range?.0, done.range?.1, done.at))).collect();
    ranges.sort_unstable();
    let is_late = |seq: i64, at: Timestamp| {
        let place = ranges.partition_point(|(from, ..)| *from <= seq);
        let range = place.checked_sub(1).and_then(|place| ranges.get(place));
        range.is_some_and(|(_, to, judged_at)| seq <= *to && judged_at.duration_since(at) > REACH)
    };
    let readings = history.readings.iter().map(|reading| (reading.seq, reading.effective_at));
    let answers = history.answers.iter().map(|answers| (answers.seq, answers.effective_at));
    let events = history.events.iter().map(|event| (event.seq, event.effective_at));
    let items: BTreeMap<i64, Timestamp> = readings.chain(answers).chain(events).collect();
    let corrections = history
        .corrections
        .iter()
        .filter_map(|new| Some((new.seq, *items.get(&new.corrects_seq)?)))
        .collect::<Vec<_>>();
    items
        .iter()
        .map(|(seq, at)| (*seq, *at))
        .chain(corrections)
        .filter(|(seq, at)| is_late(*seq, *at))
        .map(|(seq, _)| seq)
        .collect()
}

/// The history without what came too late and was not known yet.
fn as_known(history: &History, late: &[i64], known: i64) -> History {
    let mut history = history.clone();
    if !late.is_empty() {
        let is_known = |seq: i64| seq <= known || !late.contains(&seq);
        history.readings.retain(|reading| is_known(reading.seq));
        history.answers.retain(|answers| is_known(answers.seq));
        history.events.retain(|event| is_known(event.seq));
        history.corrections.retain(|correction| is_known(correction.seq));
    }
    history
}

fn facts(record: &Record, version: i64, gaps: &[Gap]) -> Option<Facts> {
    let (valid_from, facts) = record.facts.get(&version)?;
    let facts: Facts = serde_json::from_value(facts.clone()).ok()?;
    Some(Facts { version, valid_from: Some(*valid_from), service_gaps: gaps.to_vec(), ..facts })
}

/// The fields in which a stored finding, its columns or the whole of it, is not what was folded.
fn unlike(found: &Found, again: &Finding) -> Vec<&'static str> {
    // Through text, as the stored one went: numbers are compared as they are written.
    let written =
        |finding: &Finding| serde_json::to_string(finding).and_then(|text| serde_json::from_str::<Value>(&text));
    let Ok(again_whole) = written(again) else { return vec!["the whole"] };
    let mut fields = Vec::new();
    let columns = [
        ("end", found.end == again.end),
        ("kind", found.kind == again.kind.name()),
        ("priority", found.priority == again.priority.name()),
        ("rule", found.rule == again.rule),
    ];
    fields.extend(columns.iter().filter(|(_, alike)| !alike).map(|(name, _)| *name));
    for name in
        ["end", "kind", "priority", "rule", "worst", "late_minutes", "unconfirmed", "reasons", "sentence", "firings"]
    {
        let masked = |whole: &Value| match name {
            "firings" => without_waiting(whole, again.end.is_some()),
            name => whole[name].clone(),
        };
        if masked(&found.finding) != masked(&again_whole) && !fields.contains(&name) {
            fields.push(name);
        }
    }
    fields
}

/// Whether somebody was still asked is of the moment of the last look: of what is over, nobody looked again.
fn without_waiting(whole: &Value, over: bool) -> Value {
    let mut firings = whole["firings"].clone();
    if over {
        for firing in firings.as_array_mut().into_iter().flatten() {
            firing["pending"] = Value::Null;
        }
    }
    firings
}
