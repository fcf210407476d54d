//! Taking an alert, closing it, and how alerts are shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::api::{Alert, AlertEvent, AlertHead, AlertPlace, Close, Kind, Outcome, Person, Priority};
use super::extract::{Body, Path};
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, reach};
use crate::signal::Signal;
use crate::store;
use crate::store::alert::{Acknowledged, Closed};
use crate::store::alert_seen::{self, Explained};
use crate::store::audit::Act;
use crate::store::patient::Patient;

/// Longest note with an outcome, in characters.
const NOTE_LIMIT: usize = 2_000;

pub async fn find(State(web): State<Arc<Web>>, who: SignedIn, Path(asked): Path<String>) -> Answer<Json<AlertPlace>> {
    let number = asked.strip_prefix('A').and_then(|digits| digits.parse().ok()).ok_or_else(Failure::not_found)?;
    let (db, alert, patient) = reach::alert_by_reference(&web, &who, number).await?;
    db.commit().await?;
    Ok(Json(AlertPlace { alert, patient }))
}

pub async fn acknowledge(State(web): State<Arc<Web>>, who: SignedIn, Path(alert): Path<Uuid>) -> Answer<Json<Alert>> {
    let now = web.parts.clock.care_now();
    let (mut db, of) = reach::alert(&web, &who, alert, Act::AlertAcknowledged).await?;
    match store::alert::acknowledge(&mut db, alert, who.staff, now).await? {
        Acknowledged::Theirs => {}
        Acknowledged::AlreadyBy(name) => {
            return Err(Failure::new(
                StatusCode::CONFLICT,
                "already_acknowledged",
                format!("{name} has it already. Speak with them if you want to take it over."),
            ));
        }
        Acknowledged::AlreadyClosed => return Err(already_closed()),
        Acknowledged::Missing => return Err(Failure::not_found()),
    }
    settle(&web, db, alert, &of).await
}

pub async fn close(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(alert): Path<Uuid>,
    Body(asked): Body<Close>,
) -> Answer<Json<Alert>> {
    if asked.note.chars().count() > NOTE_LIMIT || asked.note.contains('\0') {
        return Err(Failure::bad_request(format!(
            "A note is plain text of at most {NOTE_LIMIT} characters. Shorten it."
        )));
    }
    let now = web.parts.clock.care_now();
    let outcome = serde_json::to_value(asked.outcome).map_err(|_| Failure::internal())?;
    let outcome = outcome.as_str().ok_or_else(Failure::internal)?;
    let (mut db, of) = reach::alert(&web, &who, alert, Act::AlertClosed).await?;
    match store::alert::close(&mut db, alert, who.staff, outcome, asked.note.trim(), now).await? {
        Closed::Done => {}
        Closed::AlreadyClosed => return Err(already_closed()),
        Closed::Missing => return Err(Failure::not_found()),
    }
    settle(&web, db, alert, &of).await
}

/// Commits, tells everyone, and answers with the alert as it is now.
async fn settle(
    web: &Web,
    mut db: sqlx::Transaction<'static, sqlx::Postgres>,
    alert: Uuid,
    of: &Patient,
) -> Answer<Json<Alert>> {
    let (row, explained) = alert_seen::get(&mut db, alert).await?.ok_or_else(Failure::not_found)?;
    let history = alert_seen::history(&mut db, &[alert]).await?;
    db.commit().await?;
    web.parts.signals.send(Signal::Alerts { organisation: of.organisation });
    web.parts.signals.send(Signal::Seen { patient: of.patient });
    Ok(Json(shown(row, explained, history)))
}

fn already_closed() -> Failure {
    Failure::new(
        StatusCode::CONFLICT,
        "already_closed",
        "This alert is closed already. Its history says by whom and how.",
    )
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
