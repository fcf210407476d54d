//! Everything that one evaluation needs, for a batch of patients at once: a handful of set-based queries in one snapshot, for
//! what the memory does not hold already. A patient whose rows cannot be understood is told apart here, so that nobody else suffers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alert_rules::facts::Pause;
use alert_rules::{Facts, Finding, History, REACH, Rulebook, Watch};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::monitor::memory::{Memory, Remembered};
use crate::monitor::rulebook::{InForce, Rulebooks};
use crate::monitor::silence;
use crate::store::contact::{self, Contact};
use crate::store::due::Timers;
use crate::store::history::{Readings, Wanted};
use crate::store::intake::Intake;
use crate::store::judged::Taken;
use crate::store::person::Person;
use crate::store::{
    acceptance, arrival, due, finding, history, intake, pause_request, person, service_gap, shown, watch,
};

/// How far clocks are believed to differ: a phone's from ours before its reading is dated by arrival, one replica's from
/// another's.
const AHEAD: SignedDuration = SignedDuration::from_mins(2);
/// One snapshot. Everything is found by key, so a plan made once is as good as a new one.
const BEGIN_LOADING: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_generic_plan";
/// What is remembered from longer before than is wanted is let go of.
const REMEMBERED_TOO_LONG: SignedDuration = SignedDuration::from_hours(48);

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
    /// The history is complete from here on.
    pub history_since: Timestamp,
    pub intake: Intake,
    /// None: the patient's phones are not looked at this time.
    pub contact: Option<Contact>,
}

impl Case {
    /// What is decided before anything is loaded that depends on it: which stretch of time the fold must go over. The person's
    /// facts count where none of this version are remembered.
    pub fn new(
        mut person: Person,
        remembered: Option<Facts>,
        taken: &Taken,
        waiting: Option<arrival::Waiting>,
        watches: Vec<Value>,
        timers: Timers,
        care_now: Timestamp,
    ) -> Self {
        let mut problem = None;
        let read = person.facts.take().map(serde_json::from_value::<Facts>).transpose();
        let facts = remembered.or_else(|| or_problem(read, "its facts", &mut problem)).filter(|_| !person.ended);
        let facts = facts.map(|facts| Facts { version: person.facts_version, valid_from: person.facts_since, ..facts });
        let watches = or_problem(read_all(watches), "its watches", &mut problem);
        // What a replica with a fast clock received lies in our future, and is judged now all the same. An earlier
        // evaluation that was ahead is folded again from now on.
        let at = waiting.as_ref().map_or(care_now, |waiting| waiting.received_at.max(care_now));
        let clock_was_ahead = taken.folded_through.map_or(at, |folded| folded.max(at)) > care_now + AHEAD;
        let untouched = taken.folded_through.or(facts.as_ref().map(|facts| facts.plan.since)).unwrap_or(at);
        // A correction stands where a fast phone dated what it corrects, and that is judged where it arrived, a little before.
        let touched = waiting.as_ref().map_or(untouched, |waiting| waiting.earliest - AHEAD);
        let from = touched.min(untouched).min(care_now);
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
            history_since: care_now,
            intake: Intake::default(),
            contact: None,
            person,
        }
    }

    /// From when on the history is wanted. None: nobody watches.
    pub fn looks_back_to(&self, rulebook: &Rulebook) -> Option<Timestamp> {
        let lookback = rulebook.lookback(self.facts.as_ref()?);
        Some(self.from.saturating_sub(lookback).unwrap_or(self.from))
    }

    /// Takes what is remembered of the history `since`. Returns what is wanted beside it, if anything.
    pub fn recall(&mut self, remembered: Option<Remembered>, since: Timestamp) -> Option<Wanted> {
        let patient = self.person.patient;
        self.history_since = since;
        let reaches = |known: &Remembered| {
            known.since <= since && (self.judged_through..=self.person.last_seq).contains(&known.through)
        };
        let Some(mut known) = remembered.filter(reaches) else {
            return Some(Wanted { patient, since, after: 0 });
        };
        if known.since < since - REMEMBERED_TOO_LONG {
            known.forget_before(since);
        }
        self.history_since = known.since;
        self.history = known.history;
        // What is new waits in the queue, which says how far back it goes.
        let new = self.waiting.as_ref().and_then(|waiting| waiting.earliest_numbered);
        let since = new.map_or(known.since, |new| new.max(known.since));
        (known.through < self.person.last_seq).then_some(Wanted { patient, since, after: known.through })
    }

    /// Stored findings that had not ended before `from`.
    pub fn has_findings(&mut self, findings: Vec<Value>) {
        self.findings = or_problem(read_all(findings), "its findings", &mut self.problem);
    }

    /// The new numbers, if any.
    pub fn range(&self) -> Option<(i64, i64)> {
        (self.person.last_seq > self.judged_through).then_some((self.judged_through + 1, self.person.last_seq))
    }

    /// What need not be read again at the next evaluation.
    pub fn remember(self, memory: &Memory) {
        if self.problem.is_some() || self.person.ended {
            return;
        }
        let Person { patient, facts_version, last_seq: through, .. } = self.person;
        let (facts, history, since) = (self.facts, self.history, self.history_since);
        memory.keep(patient, Remembered { facts, facts_version, history, since, through });
    }
}

#[derive(Debug)]
pub struct Batch {
    pub rulebook: Arc<InForce>,
    pub cases: Vec<Case>,
}

/// Loads what was taken. `care_now` is the instant of the evaluation, unless another replica's clock was ahead of ours.
pub async fn load(
    pool: &PgPool,
    rulebooks: &Rulebooks,
    memory: &Memory,
    taken: &[Taken],
    care_now: Timestamp,
) -> anyhow::Result<Batch> {
    let rulebook = rulebooks.in_force(pool, care_now).await?;
    let patients: Vec<Uuid> = taken.iter().map(|taken| taken.patient).collect();
    let remembered = memory.take(&patients);
    let mut tx = pool.begin_with(BEGIN_LOADING).await?;
    let cases = load_cases(&mut tx, &rulebook, remembered, taken, care_now).await?;
    tx.commit().await?;
    Ok(Batch { rulebook, cases })
}

async fn load_cases(
    db: &mut PgConnection,
    rulebook: &InForce,
    mut remembered: HashMap<Uuid, Remembered>,
    taken: &[Taken],
    care_now: Timestamp,
) -> Result<Vec<Case>, sqlx::Error> {
    let patients: Vec<Uuid> = taken.iter().map(|taken| taken.patient).collect();
    let version = |patient: &Uuid| remembered.get(patient).map_or(0, |remembered| remembered.facts_version);
    let versions: Vec<(Uuid, i64)> = patients.iter().map(|patient| (*patient, version(patient))).collect();
    let judged: BTreeMap<Uuid, &Taken> = taken.iter().map(|taken| (taken.patient, taken)).collect();
    let mut waiting: BTreeMap<Uuid, arrival::Waiting> =
        arrival::of(db, &patients).await?.into_iter().map(|waiting| (waiting.patient, waiting)).collect();
    let mut watches = watch::of(db, &patients).await?;
    let mut timers = due::of(db, &patients).await?;

    let mut cases = Vec::new();
    for person in person::of(db, &versions).await? {
        let (Some(taken), patient) = (judged.get(&person.patient), person.patient) else { continue };
        if remembered.get(&patient).is_some_and(|remembered| remembered.facts_version != person.facts_version) {
            remembered.remove(&patient);
        }
        let facts = remembered.get_mut(&patient).and_then(|remembered| remembered.facts.take());
        let watches = watches.remove(&patient).unwrap_or_default();
        let timers = timers.remove(&patient).unwrap_or_default();
        cases.push(Case::new(person, facts, taken, waiting.remove(&patient), watches, timers, care_now));
    }
    load_time(db, rulebook, remembered, &mut cases, care_now).await?;
    Ok(cases)
}

/// What depends on how far back each patient's evaluation looks.
async fn load_time(
    db: &mut PgConnection,
    rulebook: &InForce,
    mut remembered: HashMap<Uuid, Remembered>,
    cases: &mut [Case],
    care_now: Timestamp,
) -> Result<(), sqlx::Error> {
    let patients: Vec<Uuid> = cases.iter().map(|case| case.person.patient).collect();
    let from: Vec<Timestamp> = cases.iter().map(|case| case.from).collect();
    let mut findings = finding::since(db, &patients, &from).await?;

    let mut watched = Vec::new();
    let mut wanted = Vec::new();
    for case in cases.iter_mut() {
        let Some(since) = case.looks_back_to(&rulebook.rulebook) else { continue };
        let patient = case.person.patient;
        watched.push((patient, since));
        wanted.extend(case.recall(remembered.remove(&patient), since));
    }
    let latest = cases.iter().map(|case| case.at).fold(care_now, Timestamp::max) + AHEAD;
    let mut shown = shown::since(db, &watched).await?;
    let mut accepted = acceptance::of(db, &patients).await?;
    let mut pauses = pause_request::open(db, &patients).await?;
    let oldest = watched.iter().map(|(_, since)| *since).min().unwrap_or(care_now);
    let gaps = service_gap::until_now(db, oldest.min(care_now - silence::LONGEST), care_now).await?;

    let ranges: Vec<(Uuid, i64, i64)> =
        cases.iter().filter_map(|case| case.range().map(|(from, to)| (case.person.patient, from, to))).collect();
    let mut intakes: BTreeMap<Uuid, Intake> = intake::of(db, &ranges, REACH).await?.into_iter().collect();
    let silent: Vec<Uuid> = cases.iter().filter(|case| silence::is_due(case)).map(|case| case.person.patient).collect();
    let contacts = contact::of(db, &silent).await?;
    for case in cases.iter_mut().filter(|case| silence::is_due(case)) {
        case.contact = Some(contacts.get(&case.person.patient).copied().unwrap_or_default());
    }
    let mut histories = history::numbered(db, &wanted, latest, Readings::All).await?;

    for case in cases {
        let patient = case.person.patient;
        if let Some(facts) = &mut case.facts {
            facts.service_gaps.clone_from(&gaps);
            facts.pauses.retain(|pause| !pause.asked);
            facts.pauses.extend(pauses.remove(&patient).and_then(|asked| asked_for(facts, asked)));
        }
        match histories.remove(&patient) {
            Some(Ok(new)) => case.history.extend(new),
            Some(Err(problem)) => case.problem = Some(problem),
            None => {}
        }
        case.history.patient = patient;
        case.history.shown = shown.remove(&patient).unwrap_or_default();
        case.history.acceptances = accepted.remove(&patient).unwrap_or_default();
        case.has_findings(findings.remove(&patient).unwrap_or_default());
        case.intake = intakes.remove(&patient).unwrap_or_default();
    }
    Ok(())
}

/// What the patient asked for is a task, and stops nothing: it is not stored with the facts.
fn asked_for(facts: &Facts, asked: pause_request::Request) -> Option<Pause> {
    let begins = |day: Date| facts.time_zone.to_timestamp(day.at(0, 0, 0, 0)).ok();
    let (from, until) = (begins(asked.from)?, begins(asked.until)?);
    Some(Pause { from, until, by: "the patient".to_owned(), why: asked.why, asked: true })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn what_a_late_correction_touches_is_folded_again_from_where_it_was_judged() {
        let nobody = Uuid::nil();
        let person = Person {
            patient: nobody,
            organisation: nobody,
            team: nobody,
            live: true,
            ended: false,
            last_seq: 2,
            facts_version: 0,
            facts_since: None,
            facts: None,
        };
        let folded_through = Some(at("2026-03-28T17:00:00Z"));
        let taken = Taken { patient: nobody, judged_through: 1, folded_through, failed_from: None, attempts: 1 };
        // The phone was 70 s fast: dated 08:56:20, and judged where it came in.
        let judged_at = at("2026-03-28T08:55:10Z");
        let waiting = arrival::Waiting {
            patient: nobody,
            arrivals: vec![2],
            earliest: at("2026-03-28T08:56:20Z"),
            earliest_numbered: Some(at("2026-03-28T08:56:20Z")),
            received_at: at("2026-03-28T17:22:44Z"),
            cause: "correction".to_owned(),
            phone_gone: false,
        };
        let now = at("2026-03-28T17:22:45Z");
        let case = Case::new(person, None, &taken, Some(waiting), Vec::new(), Timers::new(), now);
        assert!(case.from <= judged_at, "{}", case.from);
    }
}
