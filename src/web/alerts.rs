//! What staff do with an alert, and how alerts are shown.

use std::sync::Arc;

use alert_rules::escalation::act::{self, By, Refused};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::api::{
    Alert, AlertEvent, AlertHead, AlertPlace, Close, Colleagues, Kind, Offer, Outcome, Person, Priority, Saw, Snooze,
};
use super::extract::{Body, Path};
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, reach};
use crate::signal::Signal;
use crate::store::alert::{self, Acted};
use crate::store::alert_seen::{self, Explained};
use crate::store::audit::Act;

/// Longest note with an outcome, in characters.
const NOTE_LIMIT: usize = 2_000;
const REASON_LIMIT: usize = 500;

pub async fn find(State(web): State<Arc<Web>>, who: SignedIn, Path(asked): Path<String>) -> Answer<Json<AlertPlace>> {
    let number = asked.strip_prefix('A').and_then(|digits| digits.parse().ok()).ok_or_else(Failure::not_found)?;
    let (db, alert, patient) = reach::alert_by_reference(&web, &who, number).await?;
    db.commit().await?;
    Ok(Json(AlertPlace { alert, patient }))
}

type Answered = Answer<Json<Alert>>;

pub async fn acknowledge(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(Saw { saw }): Body<Saw>,
) -> Answered {
    act(&web, &who, alert, saw, Act::AlertAcknowledged, &alert::Act::Acknowledge).await
}

pub async fn snooze(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(Snooze { saw, until, reason }): Body<Snooze>,
) -> Answered {
    let reason = plain(&reason, REASON_LIMIT, "A reason")?;
    if reason.is_empty() {
        return Err(Failure::bad_request("Say why it can wait: whoever sees it next reads that."));
    }
    act(&web, &who, alert, saw, Act::AlertSnoozed, &alert::Act::Snooze { until, reason }).await
}

pub async fn colleagues(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
) -> Answer<Json<Colleagues>> {
    let (mut db, _) = reach::alert(&web, &who, alert, Act::AlertFound).await?;
    let colleagues = alert_seen::colleagues(&mut db, alert, who.staff).await?;
    db.commit().await?;
    Ok(Json(Colleagues { colleagues: colleagues.into_iter().map(|(staff, name)| Person { staff, name }).collect() }))
}

pub async fn offer(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(Offer { saw, to }): Body<Offer>,
) -> Answered {
    act(&web, &who, alert, saw, Act::AlertOffered, &alert::Act::Offer(to)).await
}

pub async fn accept(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(Saw { saw }): Body<Saw>,
) -> Answered {
    act(&web, &who, alert, saw, Act::AlertAccepted, &alert::Act::Accept).await
}

pub async fn decline(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(Saw { saw }): Body<Saw>,
) -> Answered {
    act(&web, &who, alert, saw, Act::AlertDeclined, &alert::Act::Decline).await
}

pub async fn release(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(Saw { saw }): Body<Saw>,
) -> Answered {
    act(&web, &who, alert, saw, Act::AlertReleased, &alert::Act::Release).await
}

pub async fn rang_no_answer(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(Saw { saw }): Body<Saw>,
) -> Answered {
    act(&web, &who, alert, saw, Act::AlertRang, &alert::Act::RangNoAnswer).await
}

pub async fn close(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(asked): Body<Close>,
) -> Answered {
    let note = plain(&asked.note, NOTE_LIMIT, "A note")?;
    let outcome = serde_json::to_value(asked.outcome).map_err(|_| Failure::internal())?;
    let outcome = outcome.as_str().ok_or_else(Failure::internal)?.to_owned();
    act(&web, &who, alert, asked.saw, Act::AlertClosed, &alert::Act::Close { outcome, note }).await
}

fn plain(text: &str, limit: usize, what: &str) -> Answer<String> {
    if text.chars().count() > limit || text.contains('\0') {
        return Err(Failure::bad_request(format!("{what} is plain text of at most {limit} characters. Shorten it.")));
    }
    Ok(text.trim().to_owned())
}

async fn act(web: &Web, who: &SignedIn, alert: Uuid, saw: i64, recorded: Act, wish: &alert::Act) -> Answered {
    let (db, of) = reach::alert(web, who, alert, recorded).await?;
    let by = By { staff: who.staff, saw, at: web.parts.clock.care_now() };
    let done = acted(db, alert, by, wish).await;
    if done.is_ok() {
        web.parts.signals.send(Signal::Alerts { organisation: of.organisation });
        web.parts.signals.send(Signal::Work { patient: of.patient });
        web.parts.signals.send(Signal::Pages);
    }
    reach::tried(web, who, &of, done).await
}

/// Does it, commits, and answers with the alert as it is now.
async fn acted(mut db: reach::Tx, alert: Uuid, by: By, wish: &alert::Act) -> Answered {
    if let alert::Act::Offer(to) = wish
        && !alert_seen::colleagues(&mut db, alert, by.staff).await?.iter().any(|(staff, _)| staff == to)
    {
        let message = "They do not work in this alert's team. Choose somebody who does.";
        return Err(Failure::new(StatusCode::CONFLICT, "not_in_team", message));
    }
    match alert::act(&mut db, alert, by, wish).await? {
        Acted::Done => {}
        Acted::Theirs(name) => {
            let message = format!("{name} has it already. Speak with them if you want to take it over.");
            return Err(Failure::new(StatusCode::CONFLICT, "already_acknowledged", message));
        }
        Acted::Refused(refused) => return Err(refusal(refused)),
        Acted::Missing => return Err(Failure::not_found()),
    }
    let (row, explained) = alert_seen::get(&mut db, alert).await?.ok_or_else(Failure::not_found)?;
    let history = alert_seen::history(&mut db, &[alert]).await?;
    db.commit().await?;
    Ok(Json(shown(row, explained, history)))
}

fn refusal(refused: Refused) -> Failure {
    let conflict = |code, message: &str| Failure::new(StatusCode::CONFLICT, code, message);
    match refused {
        Refused::Closed => {
            conflict("already_closed", "This alert is closed already. Its history says by whom and how.")
        }
        Refused::Stale => {
            conflict("changed", "Something new came into this alert since this page was shown. Read it, then act.")
        }
        Refused::Theirs(_) => conflict("already_acknowledged", "A colleague has it already."),
        Refused::Nobodys => conflict("nobody_has_it", "Nobody has this alert. Acknowledge it first."),
        Refused::NotOffered => {
            conflict("not_offered", "This alert is not handed to you any more. Its history says who has it.")
        }
        Refused::SnoozedBefore => {
            conflict("snoozed_before", "A high alert is put off once. Deal with it, hand it over, or let go of it.")
        }
        Refused::SnoozeLength(most) => Failure::bad_request(format!(
            "It can be put off for at most {} h, from now on. Choose a time within that.",
            most.as_hours()
        )),
    }
}

pub fn head(alert: alert_seen::Alert) -> AlertHead {
    AlertHead {
        alert: alert.alert,
        reference: reference(alert.reference),
        kind: kind(&alert.kind),
        priority: priority(&alert.priority),
        sentence: alert.sentence,
        opened_at: alert.opened_at,
        late_minutes: alert.late_minutes,
        act_by: alert.act_by,
        owner: alert.owner.map(|(staff, name)| Person { staff, name }),
        acknowledged_at: alert.acknowledged_at,
        told: alert.told,
        offered_to: alert.offered_to.map(|(staff, name)| Person { staff, name }),
        rang: alert.rang,
        snoozed_until: alert.snoozed_until,
        snooze_reason: alert.snooze_reason,
        snooze_minutes: snooze_minutes(&alert.priority, alert.snoozes),
    }
}

pub fn shown(alert: alert_seen::Alert, explained: Explained, history: Vec<alert_seen::Event>) -> Alert {
    Alert {
        problem: alert.problem.clone(),
        rule: alert.rule.clone(),
        advice: explained.team.unwrap_or_default(),
        reasons: explained.reasons.into_iter().map(|reason| reason.sentence()).collect(),
        history: history
            .into_iter()
            .map(|event| AlertEvent { at: event.at, text: text(&event.detail), what: event.what, by: event.by })
            .collect(),
        closed_at: alert.closed_at,
        outcome: alert.outcome.as_deref().and_then(outcome),
        head: head(alert),
    }
}

fn snooze_minutes(priority: &str, snoozes: i16) -> i64 {
    match alert_rules::Priority::named(priority) {
        Some(alert_rules::Priority::High) if snoozes > 0 => 0,
        Some(priority) => act::longest_snooze(priority).as_mins(),
        None => 0,
    }
}

/// What pages and mails call it.
pub fn reference(number: i64) -> String {
    format!("A{number}")
}

/// The table's check allows these; what a later version adds shows as the most urgent.
pub fn priority(name: &str) -> Priority {
    match name {
        "medium" => Priority::Medium,
        "low" => Priority::Low,
        _ => Priority::High,
    }
}

pub fn kind(name: &str) -> Kind {
    match name {
        "absence" => Kind::Absence,
        "equipment" => Kind::Equipment,
        "service" => Kind::Service,
        _ => Kind::Clinical,
    }
}

fn outcome(name: &str) -> Option<Outcome> {
    serde_json::from_value(Value::from(name)).ok()
}

/// What a person may want to read of an event's detail.
fn text(detail: &Value) -> String {
    ["sentence", "text", "note", "channel", "why"]
        .iter()
        .find_map(|field| detail.get(field).and_then(Value::as_str))
        .unwrap_or_default()
        .to_owned()
}
