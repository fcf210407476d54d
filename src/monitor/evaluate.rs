//! Judges a batch of loaded patients. Deciding is `judgement.rs`, pure, on a thread of its own; writing down is one
//! transaction for the whole batch.
//!
//! That transaction first makes sure that nothing changed meanwhile: the lease is still ours, the rulebook is still in
//! force, the facts are still the newest. Where not, that patient is started over.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alert_rules::escalation::{Life, Operator};
use alert_rules::{Ask, Priority, REACH};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::gauges;
use crate::monitor::case::Case;
use crate::monitor::judgement::Judged;
use crate::monitor::rulebook::InForce;
use crate::random;
use crate::signal::Signal;
use crate::store::alert_row::{Belongs, Change, Stored};
use crate::store::ask::{self, NewAsk};
use crate::store::evaluation::{self, NewEvaluation};
use crate::store::pools::BEGIN_BY_KEY;
use crate::store::{alert, alert_row, arrival, due, finding, judged, person, roster, rulebook, synthetic, watch};

/// Runs the engine over the whole batch.
pub async fn judge(rulebook: Arc<InForce>, cases: Vec<Case>) -> anyhow::Result<Vec<Judged>> {
    let judged = tokio::task::spawn_blocking(move || {
        cases.into_iter().map(|case| Judged::by(&rulebook.rulebook, case)).collect()
    });
    Ok(judged.await?)
}

/// What the finishing transaction left to do.
#[derive(Debug, Default)]
pub struct Finished {
    /// Something about these changed meanwhile.
    pub start_over: Vec<Uuid>,
    /// To be sent after the commit.
    pub signals: BTreeSet<Signal>,
    /// For the gauges: numbers taken in, and the kind and priority of each alert opened.
    pub taken_in: i64,
    pub opened: Vec<(&'static str, &'static str)>,
}

/// Writes down what was judged. On an error nothing of it happened.
pub async fn finish(
    pool: &PgPool,
    lease: Uuid,
    in_force: &InForce,
    judged: &[Judged],
    at: Timestamp,
) -> Result<Finished, sqlx::Error> {
    let mut tx = pool.begin_with(BEGIN_BY_KEY).await?;
    let finished = finish_within(&mut tx, lease, in_force, judged, at).await?;
    tx.commit().await?;
    gauges::judged(finished.taken_in, &finished.opened);
    Ok(finished)
}

async fn finish_within(
    db: &mut PgConnection,
    lease: Uuid,
    in_force: &InForce,
    judged: &[Judged],
    at: Timestamp,
) -> Result<Finished, sqlx::Error> {
    let patients: Vec<Uuid> = judged.iter().map(|judged| judged.case.person.patient).collect();
    let ours: BTreeSet<Uuid> = judged::still_ours(db, lease, &patients).await?.into_iter().collect();
    let mut finished = Finished::default();
    if rulebook::in_force(db).await? != Some(in_force.hash) {
        finished.start_over = ours.into_iter().collect();
        return Ok(finished);
    }
    let versions: BTreeMap<Uuid, i64> = person::facts_versions(db, &patients).await?.into_iter().collect();
    let mut current = Vec::with_capacity(judged.len());
    for judged in judged {
        let person = &judged.case.person;
        if !ours.contains(&person.patient) {
            continue;
        }
        if versions.get(&person.patient).copied().unwrap_or(0) == person.facts_version {
            current.push((random::new_id(), judged));
        } else {
            finished.start_over.push(person.patient);
        }
    }
    if current.is_empty() {
        return Ok(finished);
    }
    write_evaluations(db, in_force, &current).await?;
    write_changes(db, &current).await?;
    write_alerts(db, &current, at, &mut finished).await?;
    let ranges = current.iter().filter_map(|(_, judged)| judged.case.range());
    finished.taken_in = ranges.map(|(from, to)| to - from + 1).sum();
    let asks: Vec<NewAsk> = current
        .iter()
        .filter_map(|(_, judged)| Some((&judged.case.person, judged.outcome.as_ref().ok()?)))
        .flat_map(|(person, evaluation)| {
            evaluation.asks.iter().map(|ask| NewAsk {
                patient: person.patient,
                organisation: person.organisation,
                message: message(ask),
            })
        })
        .collect();
    for device in ask::push(db, &asks, at).await? {
        finished.signals.insert(Signal::Pushed { device });
    }
    let taken_in: Vec<(Uuid, i64)> = current
        .iter()
        .filter_map(|(_, judged)| judged.case.waiting.as_ref())
        .flat_map(|waiting| waiting.arrivals.iter().map(|arrival| (waiting.patient, *arrival)))
        .collect();
    arrival::delete(db, &taken_in).await?;
    let newly_live: Vec<Uuid> =
        current.iter().filter(|(_, judged)| judged.goes_live()).map(|(_, judged)| judged.case.person.patient).collect();
    person::set_live(db, &newly_live, at).await?;
    Ok(finished)
}

type Current<'a> = [(Uuid, &'a Judged)];

async fn write_evaluations(
    db: &mut PgConnection,
    in_force: &InForce,
    current: &Current<'_>,
) -> Result<(), sqlx::Error> {
    let evaluations: Vec<NewEvaluation> = current
        .iter()
        .map(|(id, Judged { case, outcome })| NewEvaluation {
            evaluation: *id,
            patient: case.person.patient,
            organisation: case.person.organisation,
            cause: case.waiting.as_ref().map_or_else(|| "timer".to_owned(), |waiting| waiting.cause.clone()),
            range: case.range(),
            rulebook: in_force.hash,
            facts_version: if case.facts.is_some() || outcome.is_err() { case.person.facts_version } else { 0 },
            folded_from: outcome.as_ref().ok().filter(|_| case.facts.is_some()).map(|judged| judged.folded_from),
            at: case.at,
            failed: outcome.is_err(),
        })
        .collect();
    evaluation::insert(db, &evaluations).await?;
    judged::settle(db, &current.iter().map(|(_, judged)| judged.settled()).collect::<Vec<_>>()).await
}

/// Writes what differs from what is stored.
async fn write_changes(db: &mut PgConnection, current: &Current<'_>) -> Result<(), sqlx::Error> {
    let (mut old_watches, mut watches, mut old_findings, mut findings) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut old_timers, mut timers) = (Vec::new(), Vec::new());
    for (id, judged) in current {
        let (patient, organisation) = (judged.case.person.patient, judged.case.person.organisation);
        let changes = judged.changes();
        old_watches.extend(changes.old_watches.iter().map(|(rule, since)| (patient, (*rule).to_owned(), *since)));
        watches.extend(changes.watches.into_iter().map(|watch| (patient, organisation, watch)));
        old_findings
            .extend(changes.old_findings.iter().map(|(problem, start)| (patient, (*problem).to_owned(), *start)));
        let put = |finding| finding::Put { patient, organisation, evaluation: *id, finding };
        findings.extend(changes.findings.into_iter().map(put));
        old_timers.extend(changes.old_timers.iter().map(|why| (patient, (*why).to_owned())));
        timers.extend(changes.timers.into_iter().map(|(why, at)| (patient, why, at)));
    }
    watch::delete(db, &old_watches).await?;
    watch::put(db, &watches).await?;
    finding::delete(db, &old_findings).await?;
    finding::put(db, &findings).await?;
    due::delete(db, &old_timers).await?;
    due::set(db, &timers).await
}

/// Findings and tasks become work for people.
async fn write_alerts(
    db: &mut PgConnection,
    current: &Current<'_>,
    at: Timestamp,
    finished: &mut Finished,
) -> Result<(), sqlx::Error> {
    let signals = &mut finished.signals;
    let patients: Vec<Uuid> = current.iter().map(|(_, judged)| judged.case.person.patient).collect();
    let stored = alert_row::lock_of_patients(db, &patients, at - REACH).await?;
    let of =
        |patient| -> Vec<&Stored> { stored.iter().filter(|stored| stored.owner.patient == Some(patient)).collect() };
    let work = current.iter().filter(|(_, judged)| judged.may_be_work(&of(judged.case.person.patient)));
    let teams: BTreeSet<Uuid> = work.map(|(_, judged)| judged.case.person.team).collect();
    let rosters = roster::load(db, &Vec::from_iter(teams), at).await?;
    let mut changes: Vec<Change> = Vec::new();
    let mut operators: Vec<Operator> = Vec::new();

    for (_, judged) in current {
        let person = &judged.case.person;
        if judged.is_news() {
            signals.insert(Signal::Judged { patient: person.patient, through: person.last_seq });
        }
        let of_patient = of(person.patient);
        // What is new belongs to it too, whether or not it changes anything.
        if of_patient.iter().any(|stored| stored.state.life == Life::Open) {
            signals.insert(Signal::Work { patient: person.patient });
        }
        let duty = || rosters.iter().find(|roster| roster.team == person.team).map(|roster| roster.duty(&rosters));
        for (about, decision) in judged.alerts(&of_patient, duty, at) {
            operators.extend(decision.operator.clone());
            let belongs = Belongs {
                organisation: Some(person.organisation),
                team: Some(person.team),
                patient: Some(person.patient),
            };
            changes.push(match about {
                Some(stored) => Change { alert: stored.alert, new: false, owner: stored.owner, decision },
                None => Change { alert: random::new_id(), new: true, owner: belongs, decision },
            });
            signals.insert(Signal::Alerts { organisation: person.organisation });
            signals.insert(Signal::Work { patient: person.patient });
        }
    }
    let pages = changes.iter().flat_map(|change| &change.decision.pages);
    signals.extend(pages.map(|page| Signal::Requested { high: page.priority == Priority::High }));
    // The operator's are high.
    signals.extend((!operators.is_empty()).then_some(Signal::Requested { high: true }));
    // The highest first, and of those the newest: people are told in this order.
    changes.sort_by_key(|change| Reverse((change.decision.alert.priority, change.decision.alert.finding_start)));
    let counts = |change: &&Change| change.new && change.owner.organisation != Some(synthetic::ORGANISATION);
    let opened = changes.iter().filter(counts).map(|change| &change.decision.alert);
    finished.opened.extend(opened.map(|alert| (alert.kind.name(), alert.priority.name())));
    alert_row::write(db, &changes, at).await?;
    for operator in operators {
        alert::open_operator(db, &operator.problem, &operator.sentence, at).await?;
    }
    Ok(())
}

/// The server message of protocol 1, without what differs from device to device.
fn message(ask: &Ask) -> Map<String, Value> {
    let mut message = Map::new();
    message.insert("type".to_owned(), json!("ask"));
    message.insert("id".to_owned(), json!(ask.id));
    message.insert("text".to_owned(), json!(ask.text));
    message.insert("vital".to_owned(), json!(ask.vital.name()));
    message.insert("until".to_owned(), json!(ask.until));
    for (name, value) in [("first", &ask.first), ("symptoms", &ask.symptoms)] {
        if let Some(value) = value {
            message.insert(name.to_owned(), json!(value));
        }
    }
    message
}
