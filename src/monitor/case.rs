//! Everything that one evaluation needs, for a batch of patients at once: a handful of set-based queries in one snapshot.
//! A patient whose rows cannot be understood is told apart here, so that nobody else suffers.

use std::collections::BTreeMap;
use std::sync::Arc;

use alert_rules::{Facts, Finding, History, REACH, Rulebook, Watch};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::monitor::rulebook::{InForce, Rulebooks};
use crate::store::due::Timers;
use crate::store::intake::Intake;
use crate::store::judged::Taken;
use crate::store::person::Person;
use crate::store::{arrival, due, finding, history, intake, person, service_gap, watch};

/// How far clocks are believed to differ: a phone's from ours before its reading is dated by arrival, one replica's from
/// another's.
const AHEAD: SignedDuration = SignedDuration::from_mins(2);

/// One patient, about to be judged.
#[derive(Debug)]
pub struct Case {
    pub person: Person,
    /// Last number of an earlier range.
    pub judged_through: i64,
    pub folded_through: Option<Timestamp>,
    pub failed_from: Option<i64>,
    /// What lies in the queue, if it was not only a timer.
    pub waiting: Option<arrival::Waiting>,
    /// The instant of this evaluation, and where its fold begins.
    pub at: Timestamp,
    pub from: Timestamp,
    /// An earlier evaluation, or the arrival of a reading, was in what is still our future.
    pub clock_was_ahead: bool,
    /// Why it cannot be judged as it is stored.
    pub problem: Option<String>,
    /// None: nobody set any, or the episode is over. Nothing is judged then.
    pub facts: Option<Facts>,
    pub watches: Vec<Watch>,
    /// Stored findings that had not ended before `from`.
    pub findings: Vec<Finding>,
    pub timers: Timers,
    pub history: History,
    pub intake: Intake,
}

impl Case {
    /// What is decided before anything is loaded that depends on it: which stretch of time the fold must go over.
    pub fn new(
        person: Person,
        taken: &Taken,
        waiting: Option<arrival::Waiting>,
        watches: Vec<Value>,
        timers: Timers,
        care_now: Timestamp,
    ) -> Self {
        let mut problem = None;
        let facts = person.facts.clone().filter(|_| !person.ended).map(serde_json::from_value::<Facts>).transpose();
        let facts = or_problem(facts, "its facts", &mut problem);
        let facts = facts.map(|facts| Facts { version: person.facts_version, valid_from: person.facts_since, ..facts });
        let watches = or_problem(read_all(watches), "its watches", &mut problem);
        // What a replica with a fast clock received lies in our future, and is judged now all the same. An earlier
        // evaluation that was ahead is folded again from now on.
        let at = waiting.as_ref().map_or(care_now, |waiting| waiting.received_at.max(care_now));
        let clock_was_ahead = taken.folded_through.map_or(at, |folded| folded.max(at)) > care_now + AHEAD;
        let untouched = taken.folded_through.or(facts.as_ref().map(|facts| facts.plan.since)).unwrap_or(at);
        let from = waiting.as_ref().map_or(untouched, |waiting| waiting.earliest.min(untouched)).min(care_now);
        Self {
            judged_through: taken.judged_through,
            folded_through: taken.folded_through,
            failed_from: taken.failed_from,
            waiting,
            at,
            from: from.max(care_now - REACH),
            clock_was_ahead,
            problem,
            facts,
            watches,
            findings: Vec::new(),
            timers,
            history: History::default(),
            intake: Intake::default(),
            person,
        }
    }

    /// From when on the history is wanted. None: nobody watches.
    pub fn looks_back_to(&self, rulebook: &Rulebook) -> Option<Timestamp> {
        let lookback = rulebook.lookback(self.facts.as_ref()?);
        Some(self.from.saturating_sub(lookback).unwrap_or(self.from))
    }

    /// Stored findings that had not ended before `from`.
    pub fn has_findings(&mut self, findings: Vec<Value>) {
        self.findings = or_problem(read_all(findings), "its findings", &mut self.problem);
    }

    /// The new numbers, if any.
    pub fn range(&self) -> Option<(i64, i64)> {
        (self.person.last_seq > self.judged_through).then_some((self.judged_through + 1, self.person.last_seq))
    }
}

#[derive(Debug)]
pub struct Batch {
    pub rulebook: Arc<InForce>,
    pub cases: Vec<Case>,
}

/// Loads what was taken. `care_now` is the instant of the evaluation, unless another replica's clock was ahead of ours.
pub async fn load(pool: &PgPool, rulebooks: &Rulebooks, taken: &[Taken], care_now: Timestamp) -> anyhow::Result<Batch> {
    let rulebook = rulebooks.in_force(pool, care_now).await?;
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let cases = load_cases(&mut tx, &rulebook, taken, care_now).await?;
    tx.commit().await?;
    Ok(Batch { rulebook, cases })
}

async fn load_cases(
    db: &mut PgConnection,
    rulebook: &InForce,
    taken: &[Taken],
    care_now: Timestamp,
) -> Result<Vec<Case>, sqlx::Error> {
    let patients: Vec<Uuid> = taken.iter().map(|taken| taken.patient).collect();
    let judged: BTreeMap<Uuid, &Taken> = taken.iter().map(|taken| (taken.patient, taken)).collect();
    let mut waiting: BTreeMap<Uuid, arrival::Waiting> =
        arrival::of(db, &patients).await?.into_iter().map(|waiting| (waiting.patient, waiting)).collect();
    let mut watches = watch::of(db, &patients).await?;
    let mut timers = due::of(db, &patients).await?;

    let mut cases = Vec::new();
    for person in person::of(db, &patients).await? {
        let (Some(taken), patient) = (judged.get(&person.patient), person.patient) else { continue };
        let watches = watches.remove(&patient).unwrap_or_default();
        let timers = timers.remove(&patient).unwrap_or_default();
        cases.push(Case::new(person, taken, waiting.remove(&patient), watches, timers, care_now));
    }
    load_time(db, rulebook, &mut cases, care_now).await?;
    Ok(cases)
}

/// What depends on how far back each patient's evaluation looks.
async fn load_time(
    db: &mut PgConnection,
    rulebook: &InForce,
    cases: &mut [Case],
    care_now: Timestamp,
) -> Result<(), sqlx::Error> {
    let patients: Vec<Uuid> = cases.iter().map(|case| case.person.patient).collect();
    let from: Vec<Timestamp> = cases.iter().map(|case| case.from).collect();
    let mut findings = finding::since(db, &patients, &from).await?;

    let watched: Vec<(Uuid, Timestamp)> =
        cases.iter().filter_map(|case| Some((case.person.patient, case.looks_back_to(&rulebook.rulebook)?))).collect();
    let latest = cases.iter().map(|case| case.at).fold(care_now, Timestamp::max) + AHEAD;
    let mut histories = history::since(db, &watched, latest).await?;
    let oldest = watched.iter().map(|(_, since)| *since).min().unwrap_or(care_now);
    let gaps = service_gap::since(db, oldest).await?;

    let ranges: Vec<(Uuid, i64, i64)> =
        cases.iter().filter_map(|case| case.range().map(|(from, to)| (case.person.patient, from, to))).collect();
    let mut intakes: BTreeMap<Uuid, Intake> = intake::of(db, &ranges, REACH).await?.into_iter().collect();

    for case in cases {
        let patient = case.person.patient;
        if let Some(facts) = &mut case.facts {
            facts.service_gaps.clone_from(&gaps);
        }
        match histories.remove(&patient) {
            Some(Ok(history)) => case.history = history,
            Some(Err(problem)) => case.problem = Some(problem),
            None => {}
        }
        case.has_findings(findings.remove(&patient).unwrap_or_default());
        case.intake = intakes.remove(&patient).unwrap_or_default();
    }
    Ok(())
}

fn read_all<T: DeserializeOwned>(values: Vec<Value>) -> Result<Vec<T>, serde_json::Error> {
    values.into_iter().map(serde_json::from_value).collect()
}

fn or_problem<T: Default>(read: Result<T, serde_json::Error>, what: &str, problem: &mut Option<String>) -> T {
    read.unwrap_or_else(|error| {
        // Where, not what: the library's words quote the value.
        let (kind, line, column) = (error.classify(), error.line(), error.column());
        *problem = Some(format!("{what} cannot be read ({kind:?} error at line {line}, column {column})"));
        T::default()
    })
}
