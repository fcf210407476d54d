//! What people do to alerts, and the operator's notices. Reading and writing alerts for a decision is `alert_row.rs`;
//! what follows from an act is decided in `alert_rules::escalation`.

use alert_rules::escalation::{self, Decision, Entry};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::random;
use crate::store::alert_event::{self, NewEvent};
use crate::store::alert_row::{self, Stored};
use crate::store::page_request::{self, NewRequest};
use crate::store::roster;

/// An operator's notice lapses after this; if its cause lasts, a new one is opened and sent.
const OPERATOR_NOTICE: SignedDuration = SignedDuration::from_hours(24);

/// What came of a wish to take an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// It is theirs now (or was already).
    Theirs,
    /// A colleague of this name has it.
    AlreadyBy(String),
    AlreadyClosed,
    /// No such alert in this organisation.
    Missing,
}

/// What came of a wish to close an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    Done,
    AlreadyClosed,
    Missing,
}

/// `staff` takes the alert at `at` (care time). Call it within a transaction; send `Signal::Seen` and
/// `Signal::Alerts` after its commit.
pub async fn acknowledge(
    db: &mut PgConnection,
    alert: Uuid,
    staff: Uuid,
    at: Timestamp,
) -> Result<Acknowledged, sqlx::Error> {
    let Some(stored) = alert_row::lock(db, alert).await? else { return Ok(Acknowledged::Missing) };
    if stored.state.closed_at.is_some() {
        return Ok(Acknowledged::AlreadyClosed);
    }
    if stored.state.owner == Some(staff) && stored.state.acknowledged_at.is_some() {
        return Ok(Acknowledged::Theirs);
    }
    let duty = roster::duty(db, stored.owner.team).await?;
    match escalation::acknowledge(&stored.state, staff, &duty, at) {
        Some(decision) => {
            write_act(db, &stored, &decision, staff, json!({ "back_at": decision.alert.next_step_at }), at).await?;
            Ok(Acknowledged::Theirs)
        }
        None => {
            let name: Option<String> = sqlx::query_scalar("SELECT name FROM staff WHERE staff = $1")
                .bind(stored.state.owner)
                .fetch_optional(db)
                .await?;
            Ok(Acknowledged::AlreadyBy(name.unwrap_or_default()))
        }
    }
}

/// `staff` closes the alert with an outcome and whatever they want to note.
pub async fn close(
    db: &mut PgConnection,
    alert: Uuid,
    staff: Uuid,
    outcome: &str,
    note: &str,
    at: Timestamp,
) -> Result<Closed, sqlx::Error> {
    let Some(stored) = alert_row::lock(db, alert).await? else { return Ok(Closed::Missing) };
    let Some(decision) = escalation::close(&stored.state, outcome, at) else { return Ok(Closed::AlreadyClosed) };
    write_act(db, &stored, &decision, staff, json!({ "outcome": outcome, "note": note }), at).await?;
    Ok(Closed::Done)
}

/// The patient's open alert of this rule, if there is one.
pub async fn open_of_rule(db: &mut PgConnection, patient: Uuid, rule: &str) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT alert FROM alert WHERE patient = $1 AND rule = $2 AND closed_at IS NULL")
        .bind(patient)
        .bind(rule)
        .fetch_optional(db)
        .await
}

/// Only what people's acts may change: the role `web` has no right on the other columns.
async fn write_act(
    db: &mut PgConnection,
    stored: &Stored,
    decision: &Decision,
    staff: Uuid,
    detail: Value,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let alert = &decision.alert;
    sqlx::query(
        "UPDATE alert SET owner = $2, acknowledged_at = $3, closed_at = $4, outcome = $5, act_by = $6, step = $7,
                          next_step_at = $8
         WHERE alert = $1",
    )
    .bind(stored.alert)
    .bind(alert.owner)
    .bind(alert.acknowledged_at.map(ToSqlx::to_sqlx))
    .bind(alert.closed_at.map(ToSqlx::to_sqlx))
    .bind(&alert.outcome)
    .bind(alert.act_by.to_sqlx())
    .bind(alert.step)
    .bind(alert.next_step_at.map(ToSqlx::to_sqlx))
    .execute(&mut *db)
    .await?;
    let event = |entry: &Entry| NewEvent {
        alert: stored.alert,
        organisation: stored.owner.organisation,
        at,
        what: entry.what.name(),
        by_staff: Some(staff),
        detail: detail.clone(),
    };
    alert_event::append(db, &decision.entries.iter().map(event).collect::<Vec<_>>()).await
}

/// Something about the service itself needs a person: one open notice a problem, sent to the operator.
/// The sentence must name no patient, because it is mailed as it stands.
pub async fn open_operator(
    db: &mut PgConnection,
    problem: &str,
    sentence: &str,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let alert = random::new_id();
    let lapses_at = at + OPERATOR_NOTICE;
    let opened = sqlx::query(
        "INSERT INTO alert (alert, reference, problem, rule, kind, priority, sentence, opened_at, late_minutes, act_by,
                            step, next_step_at, worst)
         VALUES ($1, nextval('alert_reference'), $2, 'built-in/operator', 'service', 'high', $3, $4, 0, $5, 0, $5, '{}')
         ON CONFLICT (problem) WHERE closed_at IS NULL AND patient IS NULL DO NOTHING",
    )
    .bind(alert)
    .bind(problem)
    .bind(sentence)
    .bind(at.to_sqlx())
    .bind(lapses_at.to_sqlx())
    .execute(&mut *db)
    .await?;
    if opened.rows_affected() == 0 {
        return Ok(());
    }
    let event = NewEvent { alert, organisation: None, at, what: "opened", by_staff: None, detail: json!({}) };
    alert_event::append(db, &[event]).await?;
    let request = NewRequest { alert, organisation: None, priority: "high".into(), step: 0, why: "opened".into(), at };
    page_request::insert(db, &[request]).await
}

/// What the operator was told of is over, if they were: the next time is news.
pub async fn close_operator(
    db: &mut PgConnection,
    problem: &str,
    outcome: &str,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let closed: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE alert SET closed_at = $2, outcome = $3, next_step_at = NULL
         WHERE problem = $1 AND closed_at IS NULL AND patient IS NULL RETURNING alert",
    )
    .bind(problem)
    .bind(at.to_sqlx())
    .bind(outcome)
    .fetch_all(&mut *db)
    .await?;
    let event = |alert| NewEvent { alert, organisation: None, at, what: "closed", by_staff: None, detail: json!({}) };
    alert_event::append(db, &closed.into_iter().map(event).collect::<Vec<_>>()).await
}

/// A page about these was given up: where no other page formed with it or since is sent or still going, the next step
/// is due now.
pub async fn hasten_undelivered(
    db: &mut PgConnection,
    given_up: Uuid,
    alerts: &[Uuid],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE alert SET next_step_at = least(next_step_at, $2)
         WHERE alert IN (SELECT alert FROM alert WHERE alert = ANY($1) ORDER BY alert FOR NO KEY UPDATE)
               AND patient IS NOT NULL AND acknowledged_at IS NULL AND closed_at IS NULL
               -- Once round the roster: where nobody can be reached, the ordinary clock runs on.
               AND step < (SELECT count(DISTINCT staff) FROM roster WHERE roster.team = alert.team)
               AND NOT EXISTS (SELECT FROM page WHERE page.alerts @> ARRAY[alert.alert] AND page.state <> 'given_up'
                                     AND page.made_at >= (SELECT made_at FROM page AS lost WHERE lost.page = $3))",
    )
    .bind(alerts)
    .bind(at.to_sqlx())
    .bind(given_up)
    .execute(db)
    .await?;
    Ok(())
}

/// Which organisation each of these alerts belongs to (none: the operator's).
pub async fn organisations(db: &mut PgConnection, alerts: &[Uuid]) -> Result<Vec<(Uuid, Option<Uuid>)>, sqlx::Error> {
    sqlx::query_as("SELECT alert, organisation FROM alert WHERE alert = ANY($1)").bind(alerts).fetch_all(db).await
}

/// When the next alert must be stepped (care time).
pub async fn next_step_at(pool: &PgPool) -> Result<Option<Timestamp>, sqlx::Error> {
    let next: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT min(next_step_at) FROM alert WHERE closed_at IS NULL").fetch_one(pool).await?;
    Ok(next.map(jiff_sqlx::Timestamp::to_jiff))
}
