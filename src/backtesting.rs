//! The service's own patients as people to replay in a backtest: their real history, by the facts as they were. Nothing is written.
//!
//! A pack that no plan can name watches whom it fits, as in a shadow. Nobody was there to be asked by other rules than those in
//! force, so what was measured next counts as the repeat, under either rulebook.

use std::collections::BTreeMap;

use alert_rules::backtest::{Arrival, Outcome, Person, Phone, Report, Watched};
use alert_rules::scenario::Submitted;
use alert_rules::{Acceptance, Facts, History, REACH, Rulebook, shadow};
use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::store::facts::{self, Version};
use crate::store::history::{self, Readings, Wanted};
use crate::store::{acceptance, correction, patient, rulebook, service_gap};

/// A phone's clock may be ahead by this much (`DATED_AHEAD_S`).
const AHEAD: SignedDuration = SignedDuration::from_mins(2);
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Somebody whose record was read.
#[derive(Debug)]
pub struct Subject {
    pub patient: Uuid,
    versions: Vec<Version>,
    arrivals: Vec<Arrival>,
    from: Timestamp,
    until: Timestamp,
}

/// Everybody who is monitored, always in the same order, which is no order of theirs.
pub async fn monitored(pool: &PgPool) -> Result<Vec<Uuid>, sqlx::Error> {
    patient::monitored(&mut *pool.acquire().await?).await
}

/// Of these, from `from` until `now`, and as much before as any of the rulebooks looks back to. Whose record cannot be read is left out.
pub async fn read(
    pool: &PgPool,
    patients: &[Uuid],
    rulebooks: &[&Rulebook],
    from: Timestamp,
    now: Timestamp,
) -> Result<Vec<Subject>, sqlx::Error> {
    let mut db = pool.begin_with(BEGIN_READING).await?;
    let mut versions = BTreeMap::new();
    let mut wanted = Vec::new();
    for patient in patients.iter().copied() {
        let of = facts::versions(&mut db, patient).await?;
        let lookback = |version: &Version| rulebooks.iter().map(|rulebook| rulebook.lookback(&version.facts)).max();
        let lookback = of.iter().filter_map(lookback).max().unwrap_or_default();
        wanted.push(Wanted { patient, since: from - REACH - lookback, after: 0 });
        versions.insert(patient, of);
    }
    let gaps = service_gap::since(&mut db, from - REACH).await?;
    let mut corrected_at = correction::received(&mut db, patients).await?;
    let mut accepted = acceptance::dated(&mut db, patients).await?;
    let histories = history::numbered(&mut db, &wanted, now + AHEAD, Readings::All).await?;
    db.commit().await?;
    let mut subjects = Vec::new();
    for (patient, history) in histories {
        let (Ok(history), Some(mut versions)) = (history, versions.remove(&patient)) else { continue };
        for version in &mut versions {
            version.facts.valid_from = Some(version.valid_from);
            version.facts.service_gaps.clone_from(&gaps);
        }
        let corrected_at = corrected_at.remove(&patient).unwrap_or_default();
        let arrivals = arrivals(history, &corrected_at, accepted.remove(&patient).unwrap_or_default());
        subjects.push(Subject { patient, versions, arrivals, from, until: now });
    }
    Ok(subjects)
}

/// In the order in which they came.
fn arrivals(
    history: History,
    corrected_at: &BTreeMap<i64, Timestamp>,
    accepted: Vec<(Timestamp, Acceptance)>,
) -> Vec<Arrival> {
    let History { readings, answers, events, corrections, .. } = history;
    let readings = readings.into_iter().map(|of| (of.seq, of.received_at, Submitted::Reading(of)));
    let answers = answers.into_iter().map(|of| (of.seq, of.received_at, Submitted::Answers(of)));
    let events = events.into_iter().map(|of| (of.seq, of.received_at, Submitted::Event(of)));
    let corrections = corrections.into_iter().filter_map(|what| {
        let at = *corrected_at.get(&what.seq)?;
        Some((what.seq, at, Submitted::Correction { at, what }))
    });
    // Not numbered: after whatever came at the same time.
    let accepted = accepted.into_iter().map(|(at, what)| (i64::MAX, at, Submitted::Acceptance { at, what }));
    let mut all: Vec<_> = readings.chain(answers).chain(events).chain(corrections).chain(accepted).collect();
    all.sort_by_key(|(seq, came, _)| (*came, *seq));
    let places: BTreeMap<i64, i64> = (1..).zip(&all).map(|(place, (seq, ..))| (*seq, place)).collect();
    all.into_iter()
        .map(|(_, came, mut what)| {
            // What is too old to be read has no place.
            let place = |seq: i64| places.get(&seq).copied().unwrap_or(0);
            match &mut what {
                Submitted::Correction { what, .. } => what.corrects_seq = place(what.corrects_seq),
                Submitted::Acceptance { what, .. } => what.seq = place(what.seq),
                _ => {}
            }
            Arrival { came, what }
        })
        .collect()
}

impl Subject {
    /// None: they had no plan.
    pub fn under(&self, rulebook: &Rulebook, in_force: &Rulebook) -> Option<Person> {
        let first = self.versions.iter().rposition(|version| version.valid_from <= self.from).unwrap_or(0);
        let taken = |version: &Version| shadow::facts(rulebook, in_force, &version.facts, version.valid_from);
        let mut versions = self.versions.get(first..)?.iter().map(taken);
        let facts: Facts = versions.next()?;
        Some(Person {
            name: self.patient.to_string(),
            facts,
            watched: Watched::AsPlanned { later: versions.collect() },
            from: self.from,
            measures: Vec::new(),
            arrivals: self.arrivals.clone(),
            until: self.until,
            phone: Phone::Recorded,
            labels: Vec::new(),
        })
    }
}

/// What came of some of them so far; their history is let go of.
#[derive(Debug, Default)]
pub struct Replayed {
    people: Vec<Person>,
    outcomes: Vec<Outcome>,
    others: Option<Vec<Outcome>>,
}

impl Replayed {
    /// `others`: what came of the same people under the rulebook that is held against.
    pub fn add(&mut self, people: Vec<Person>, outcomes: Vec<Outcome>, others: Option<Vec<Outcome>>) {
        let without_history = |person| Person { arrivals: Vec::new(), watched: Watched::ByWhatFits, ..person };
        self.people.extend(people.into_iter().map(without_history));
        self.outcomes.extend(outcomes);
        if let Some(others) = others {
            self.others.get_or_insert_default().extend(others);
        }
    }

    pub fn report(&self, over: &str) -> Report {
        Report::new(over, &self.people, &self.outcomes, self.others.as_deref())
    }
}

/// The rulebook in force.
pub async fn in_force(db: &mut PgConnection) -> anyhow::Result<Rulebook> {
    let hash = rulebook::in_force(db).await?.context("no rules were ever put in force")?;
    Rulebook::from_files(rulebook::files_in(db, hash).await?)
        .map_err(|_| anyhow!("the rulebook in force cannot be read by this version of the service"))
}
