//! Judges a batch of loaded patients. Deciding is `alert_rules`, pure, on a thread of its own; writing down is one
//! transaction for the whole batch.
//!
//! That transaction first makes sure that nothing changed meanwhile: the lease is still ours, the rulebook is still in
//! force, the facts are still the newest. Where not, that patient is started over.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use alert_rules::escalation::{self, Operator};
use alert_rules::{Ask, Evaluation, REACH, Watch};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::monitor::case::Case;
use crate::monitor::rulebook::InForce;
use crate::monitor::task;
use crate::random;
use crate::roster::Roster;
use crate::signal::Signal;
use crate::store::alert_row::{Belongs, Change};
use crate::store::ask::{self, NewAsk};
use crate::store::evaluation::{self, NewEvaluation};
use crate::store::judged::Settled;
use crate::store::{alert, alert_row, arrival, due, finding, judged, person, roster, rulebook, watch};

/// A timer that is not in the future would be due again at once, for ever.
const SOONEST_TIMER: SignedDuration = SignedDuration::from_secs(1);
/// When a patient that could not be judged is tried again although nothing arrived.
const TRY_FAILED_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// A case and what came of it. `Err` says why it could not be judged.
#[derive(Debug)]
pub struct Judged {
    pub case: Case,
    pub outcome: Result<Evaluation, String>,
}

/// Runs the engine. A panic in it costs its own patient only.
pub async fn judge(rulebook: Arc<InForce>, cases: Vec<Case>) -> anyhow::Result<Vec<Judged>> {
    let judged = tokio::task::spawn_blocking(move || {
        cases.into_iter().map(|case| Judged { outcome: judge_one(&rulebook, &case), case }).collect()
    });
    Ok(judged.await?)
}

fn judge_one(rulebook: &InForce, case: &Case) -> Result<Evaluation, String> {
    if let Some(problem) = &case.problem {
        return Err(problem.clone());
    }
    let Some(facts) = &case.facts else {
        return Ok(Evaluation { folded_through: case.at, folded_from: case.at, ..Evaluation::default() });
    };
    let evaluate =
        || alert_rules::evaluate(&rulebook.rulebook, facts, case.from, &case.watches, &case.history, case.at);
    catch_unwind(AssertUnwindSafe(evaluate)).map_err(|_| "the rule engine panicked".to_owned())
}

/// What the finishing transaction left to do.
#[derive(Debug, Default)]
pub struct Finished {
    /// Something about these changed meanwhile.
    pub start_over: Vec<Uuid>,
    /// To be sent after the commit.
    pub signals: BTreeSet<Signal>,
}

/// Writes down what was judged. On an error nothing of it happened.
pub async fn finish(
    pool: &PgPool,
    lease: Uuid,
    in_force: &InForce,
    judged: &[Judged],
    at: Timestamp,
) -> Result<Finished, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let finished = finish_within(&mut tx, lease, in_force, judged, at).await?;
    tx.commit().await?;
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
    write_watches_and_findings(db, &current).await?;
    write_timers(db, &current).await?;
    write_alerts(db, &current, at, &mut finished.signals).await?;
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
    let arrivals: Vec<i64> = current
        .iter()
        .filter_map(|(_, judged)| judged.case.waiting.as_ref())
        .flat_map(|waiting| waiting.arrivals.iter().copied())
        .collect();
    arrival::delete(db, &arrivals).await?;
    let newly_live: Vec<Uuid> = current
        .iter()
        .filter(|(_, judged)| judged.outcome.is_ok() && judged.case.intake.measured && !judged.case.person.live)
        .map(|(_, judged)| judged.case.person.patient)
        .collect();
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
            facts_version: case.person.facts_version,
            at: case.at,
            failed: outcome.is_err(),
        })
        .collect();
    evaluation::insert(db, &evaluations).await?;
    let settled: Vec<Settled> = current
        .iter()
        .map(|(_, Judged { case, outcome })| {
            let (folded_through, failed_from) = match outcome {
                Ok(evaluation) => (Some(evaluation.folded_through), None),
                // What could not be judged is looked at again together with whatever comes next.
                Err(_) => (
                    case.folded_through.map(|folded| folded.min(case.from)),
                    case.failed_from.or(case.range().map(|(from, _)| from)),
                ),
            };
            let judged_through = case.person.last_seq.max(case.judged_through);
            Settled { patient: case.person.patient, judged_through, folded_through, failed_from }
        })
        .collect();
    judged::settle(db, &settled).await
}

/// Writes what differs from what is stored.
async fn write_watches_and_findings(db: &mut PgConnection, current: &Current<'_>) -> Result<(), sqlx::Error> {
    let (mut old_watches, mut watches, mut old_findings, mut findings) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, Judged { case, outcome }) in current {
        let Ok(evaluation) = outcome else { continue };
        let patient = case.person.patient;
        for old in &case.watches {
            let touched = old.until.is_none_or(|until| until >= evaluation.folded_from);
            let gone = touched && !evaluation.watches.iter().any(|new| new.rule == old.rule && new.since == old.since);
            let outlived = old.until.is_some_and(|until| until < evaluation.forget_before);
            if gone || outlived {
                old_watches.push((patient, old.rule.clone(), old.since));
            }
        }
        let unstored = |new: &&Watch| !case.watches.contains(new);
        watches.extend(evaluation.watches.iter().filter(unstored).map(|new| (patient, case.person.organisation, new)));
        for old in &case.findings {
            let gone = !evaluation.findings.iter().any(|new| new.problem == old.problem && new.start == old.start);
            if gone && old.start >= evaluation.folded_from {
                old_findings.push((patient, old.problem.clone(), old.start));
            }
        }
        findings.extend(evaluation.findings.iter().filter(|new| !case.findings.contains(new)).map(|new| {
            finding::Put { patient, organisation: case.person.organisation, evaluation: *id, finding: new }
        }));
    }
    watch::delete(db, &old_watches).await?;
    watch::put(db, &watches).await?;
    finding::delete(db, &old_findings).await?;
    finding::put(db, &findings).await
}

async fn write_timers(db: &mut PgConnection, current: &Current<'_>) -> Result<(), sqlx::Error> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (_, Judged { case, outcome }) in current {
        let patient = case.person.patient;
        let timers: due::Timers = match outcome {
            Ok(evaluation) => evaluation
                .timers
                .iter()
                .map(|timer| (timer.why.clone(), timer.at.max(case.at + SOONEST_TIMER)))
                .collect(),
            // Whatever else was to come still does: a repeat that is not answered must alert.
            Err(_) => {
                let to_come = case.timers.iter().filter(|(_, at)| **at > case.at).map(|(why, at)| (why.clone(), *at));
                to_come.chain([("failed".to_owned(), case.at + TRY_FAILED_AGAIN)]).collect()
            }
        };
        old.extend(case.timers.keys().filter(|why| !timers.contains_key(*why)).map(|why| (patient, why.clone())));
        new.extend(
            timers.into_iter().filter(|(why, at)| case.timers.get(why) != Some(at)).map(|(why, at)| (patient, why, at)),
        );
    }
    due::delete(db, &old).await?;
    due::set(db, &new).await
}

/// Findings and tasks become work for people.
async fn write_alerts(
    db: &mut PgConnection,
    current: &Current<'_>,
    at: Timestamp,
    signals: &mut BTreeSet<Signal>,
) -> Result<(), sqlx::Error> {
    let patients: Vec<Uuid> = current.iter().map(|(_, judged)| judged.case.person.patient).collect();
    let stored = alert_row::lock_of_patients(db, &patients, at - REACH).await?;
    let teams: BTreeSet<Uuid> = current.iter().map(|(_, judged)| judged.case.person.team).collect();
    let rosters = roster::load(db, &Vec::from_iter(teams)).await?;
    let mut changes: Vec<Change> = Vec::new();
    let mut operators: Vec<Operator> = Vec::new();

    for (_, Judged { case, outcome }) in current {
        let person = &case.person;
        if outcome.is_ok() && (case.range().is_some() || case.failed_from.is_some()) {
            signals.insert(Signal::Judged { patient: person.patient, through: person.last_seq });
        }
        let mut tasks = task::of_intake(&case.intake, case.at);
        if outcome.is_err() {
            tasks.push(task::not_judged(case.at));
        }
        let of_patient = || stored.iter().filter(|stored| stored.owner.patient == Some(person.patient));
        let no_work = outcome.as_ref().is_ok_and(|evaluation| evaluation.findings.is_empty());
        if tasks.is_empty() && no_work && of_patient().next().is_none() {
            continue;
        }
        let Some(duty) = rosters.iter().find(|roster| roster.team == person.team).map(Roster::duty) else { continue };

        let problems: BTreeSet<String> = tasks.iter().map(|task| task.problem.clone()).collect();
        let (of_tasks, of_rules): (Vec<_>, Vec<_>) = of_patient().partition(|stored| task::is_task(&stored.state));
        let of_tasks: Vec<_> = of_tasks.into_iter().filter(|stored| problems.contains(&stored.state.problem)).collect();
        let tasks = task::evaluation(tasks, case.at);
        for (evaluation, stored) in [(outcome.as_ref().ok(), of_rules), (Some(&tasks), of_tasks)] {
            let Some(evaluation) = evaluation else { continue };
            let states: Vec<escalation::Alert> = stored.iter().map(|stored| stored.state.clone()).collect();
            for decision in escalation::judge(evaluation, &states, &duty, at) {
                operators.extend(decision.operator.clone());
                let belongs = Belongs {
                    organisation: Some(person.organisation),
                    team: Some(person.team),
                    patient: Some(person.patient),
                };
                changes.push(match decision.of {
                    Some(index) => {
                        Change { alert: stored[index].alert, new: false, owner: stored[index].owner, decision }
                    }
                    None => Change { alert: random::new_id(), new: true, owner: belongs, decision },
                });
                signals.insert(Signal::Alerts { organisation: person.organisation });
            }
        }
    }
    if changes.iter().any(|change| !change.decision.pages.is_empty()) || !operators.is_empty() {
        signals.insert(Signal::Pages);
    }
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
