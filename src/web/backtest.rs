//! A proposal held against the rules in force over the service's own patients, for those who own the rules. One at a time, and for a
//! bounded time: whoever wants all of it gives the command.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alert_rules::Rulebook;
use alert_rules::backtest::{Figures, Outcome, Person, Report, replay};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::api::{BacktestReport, BacktestRule, BothRules, RunBacktest};
use super::extract::Body;
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, alerts, reach};
use crate::backtesting::{self, Replayed};
use crate::publishing::from_hex;
use crate::store::audit::{self, Act};
use crate::store::{patient, rules_proposal};

const DAYS: std::ops::RangeInclusive<u8> = 1..=90;
/// No more patients are begun with after this.
const BUDGET: Duration = Duration::from_secs(10);
const AT_A_TIME: usize = 4;

pub async fn run(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<RunBacktest>,
) -> Answer<Json<BacktestReport>> {
    if !DAYS.contains(&asked.days) {
        return Err(Failure::bad_request("A backtest goes back 1 to 90 days."));
    }
    let Ok(_one) = web.backtesting.try_acquire() else {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "backtest_running",
            "Another backtest runs just now. Try again in a quarter of a minute.",
        ));
    };
    let hash = from_hex(&asked.hash);
    let mut monitor = web.parts.store.monitor.acquire().await?;
    let proposals = rules_proposal::all(&mut monitor).await?;
    let found = proposals.into_iter().find(|proposal| hash.is_some_and(|hash| proposal.hash == hash));
    let proposed = Rulebook::from_files(found.ok_or_else(Failure::not_found)?.files)
        .map_err(crate::publishing::Refused::Problems)?;
    let in_force = web.rulebook.in_force(&web.parts.store).await?;
    drop(monitor);
    let monitored = backtesting::monitored(&web.parts.store.monitor).await?;
    let (replayed, report) = over(&web, &monitored, Arc::new(proposed), in_force, asked.days).await?;
    let mut db = web.transaction(&who).await?;
    let teams: Vec<Uuid> = reach::teams(&mut db, &who).await?.iter().map(|team| team.team).collect();
    let seen = patient::list(&mut db, patient::Of::Teams(&teams), "").await?;
    let did = who.did(Act::RulesBacktested, web.parts.clock.machine_now());
    audit::write(&mut db, &did.detail(json!({ "hash": asked.hash, "days": asked.days }))).await?;
    db.commit().await?;
    let seen: BTreeSet<String> = seen.into_iter().map(|row| row.patient.patient.to_string()).collect();
    Ok(Json(shown(&report, asked.days, monitored.len(), replayed, &seen)))
}

/// Patients are begun with in an order that says nothing of them, until the time is used up. How many there were time for.
async fn over(
    web: &Web,
    monitored: &[Uuid],
    proposed: Arc<Rulebook>,
    in_force: Arc<Rulebook>,
    days: u8,
) -> Answer<(usize, Report)> {
    let (began, now): (_, Timestamp) = (web.parts.clock.instant(), web.parts.clock.care_now());
    let from = now - SignedDuration::from_hours(24 * i64::from(days));
    let (mut replayed, mut all) = (0, Replayed::default());
    for some in monitored.chunks(AT_A_TIME) {
        if web.parts.clock.instant().duration_since(began) > BUDGET {
            break;
        }
        let rulebooks = [&*proposed, &*in_force];
        let subjects = backtesting::read(&web.parts.store.monitor, some, &rulebooks, from, now).await?;
        let (proposed, in_force) = (Arc::clone(&proposed), Arc::clone(&in_force));
        let both = tokio::task::spawn_blocking(move || {
            let under = |rulebook: &Rulebook| -> (Vec<Person>, Vec<Outcome>) {
                let people: Vec<Person> = subjects.iter().filter_map(|of| of.under(rulebook, &in_force)).collect();
                let outcomes = people.iter().map(|person| replay(rulebook, person)).collect();
                (people, outcomes)
            };
            (under(&proposed), under(&in_force).1)
        });
        let ((people, outcomes), others) = both.await.map_err(|_| Failure::internal())?;
        all.add(people, outcomes, Some(others));
        replayed += some.len();
    }
    Ok((replayed, all.report("")))
}

fn shown(report: &Report, days: u8, monitored: usize, replayed: usize, seen: &BTreeSet<String>) -> BacktestReport {
    let nothing = Figures::default();
    let (proposed, in_force) = (&report.everybody.rules, report.everybody.against.as_ref().unwrap_or(&nothing));
    let both = |of: &dyn Fn(&Figures) -> f64| BothRules { proposed: of(proposed), in_force: of(in_force) };
    let mut named: Vec<_> =
        proposed.by_rule.iter().chain(&in_force.by_rule).map(|of| (of.priority, of.rule.clone())).collect();
    named.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    named.dedup();
    let rate = |figures: &Figures, of: &(alert_rules::Priority, String)| {
        let row = figures.by_rule.iter().find(|row| (row.priority, &row.rule) == (of.0, &of.1));
        row.map_or(0.0, |row| row.per_100_patients_a_day)
    };
    let rules = named.iter().map(|of| BacktestRule {
        rule: of.1.clone(),
        priority: alerts::priority(of.0.name()),
        per_100_patients_a_day: both(&|figures| rate(figures, of)),
    });
    let difference = report.difference.clone().unwrap_or_default();
    let ids = |names: &[String]| {
        names.iter().filter(|name| seen.contains(*name)).filter_map(|name| name.parse().ok()).collect::<Vec<Uuid>>()
    };
    BacktestReport {
        days,
        monitored: counted(monitored),
        replayed: counted(replayed),
        patient_days: proposed.patient_days,
        hand_dealt_per_patient_day: both(&|figures| figures.hand_dealt_per_patient_day),
        asks_per_patient_day: both(&asks),
        rules: rules.collect(),
        newly_alerted: counted(difference.newly_alerted.len()),
        no_longer_alerted: counted(difference.no_longer_alerted.len()),
        newly_alerted_patients: ids(&difference.newly_alerted),
        no_longer_alerted_patients: ids(&difference.no_longer_alerted),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of asks")]
fn asks(figures: &Figures) -> f64 {
    if figures.patient_days > 0.0 { figures.asks as f64 / figures.patient_days } else { 0.0 }
}

fn counted(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}
