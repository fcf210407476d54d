//! Alerts: the work that findings make for people. This file holds what people and the operator's notices do to them;
//! opening and changing them from findings is `alert_from_finding.rs`, stepping them through time `alert_step.rs`.
//! What follows from an act is decided in `alert_rules::escalation`; here it is written down.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde_json::json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::random;
use crate::store::alert_event::{self, NewEvent};
use crate::store::page_request::{self, NewRequest};

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
pub async fn acknowledge(db: &mut PgConnection, alert: Uuid, staff: Uuid, at: Timestamp) -> Result<Acknowledged, sqlx::Error> {
    let Some(row) = sqlx::query(
        "SELECT alert.organisation, alert.priority, alert.owner, alert.acknowledged_at IS NOT NULL AS acknowledged,
                alert.closed_at IS NOT NULL AS closed, staff.name AS owner_name
         FROM alert LEFT JOIN staff ON staff.staff = alert.owner
         WHERE alert.alert = $1 FOR NO KEY UPDATE OF alert",
    )
    .bind(alert)
    .fetch_optional(&mut *db)
    .await?
    else {
        return Ok(Acknowledged::Missing);
    };
    if row.try_get("closed")? {
        return Ok(Acknowledged::AlreadyClosed);
    }
    if row.try_get("acknowledged")? {
        return Ok(if row.try_get::<Option<Uuid>, _>("owner")? == Some(staff) {
            Acknowledged::Theirs
        } else {
            Acknowledged::AlreadyBy(row.try_get::<Option<String>, _>("owner_name")?.unwrap_or_default())
        });
    }
    let comes_back_at = at + SignedDuration::from_hours(2);
    sqlx::query("UPDATE alert SET owner = $2, acknowledged_at = $3, next_step_at = $4 WHERE alert = $1")
        .bind(alert)
        .bind(staff)
        .bind(at.to_sqlx())
        .bind(comes_back_at.to_sqlx())
        .execute(&mut *db)
        .await?;
    let event = NewEvent {
        alert,
        organisation: row.try_get("organisation")?,
        at,
        what: "acknowledged",
        by_staff: Some(staff),
        detail: json!({ "comes_back_at": comes_back_at }),
    };
    alert_event::append(db, &[event]).await?;
    Ok(Acknowledged::Theirs)
}

/// `staff` closes the alert with an outcome. Closing what nobody took also takes it.
pub async fn close(
    db: &mut PgConnection,
    alert: Uuid,
    staff: Uuid,
    outcome: &str,
    note: &str,
    at: Timestamp,
) -> Result<Closed, sqlx::Error> {
    let Some(row) = sqlx::query(
        "SELECT organisation, closed_at IS NOT NULL AS closed FROM alert WHERE alert = $1 FOR NO KEY UPDATE",
    )
    .bind(alert)
    .fetch_optional(&mut *db)
    .await?
    else {
        return Ok(Closed::Missing);
    };
    if row.try_get("closed")? {
        return Ok(Closed::AlreadyClosed);
    }
    sqlx::query(
        "UPDATE alert SET owner = coalesce(owner, $2), acknowledged_at = coalesce(acknowledged_at, $3), closed_at = $3,
                          outcome = $4, next_step_at = NULL
         WHERE alert = $1",
    )
    .bind(alert)
    .bind(staff)
    .bind(at.to_sqlx())
    .bind(outcome)
    .execute(&mut *db)
    .await?;
    let event = NewEvent {
        alert,
        organisation: row.try_get("organisation")?,
        at,
        what: "closed",
        by_staff: Some(staff),
        detail: json!({ "outcome": outcome, "note": note }),
    };
    alert_event::append(db, &[event]).await?;
    Ok(Closed::Done)
}

/// Something about the service itself needs a person: one open notice a problem, sent to the operator.
/// The sentence must name no patient, because it is mailed as it stands.
pub async fn open_operator(db: &mut PgConnection, problem: &str, sentence: &str, at: Timestamp) -> Result<(), sqlx::Error> {
    let alert = random::new_id();
    let lapses_at = at + OPERATOR_NOTICE;
    let opened = sqlx::query(
        "INSERT INTO alert (alert, reference, problem, rule, kind, priority, sentence, opened_at, late_minutes, act_by,
                            step, next_step_at, worst)
         VALUES ($1, nextval('alert_reference'), $2, 'built-in/operator', 'service', 'medium', $3, $4, 0, $5, 0, $5, '[]')
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
    let request =
        NewRequest { alert, organisation: None, priority: "medium".into(), step: 0, why: "opened".into(), at };
    page_request::insert(db, &[request]).await
}

/// A page of these was given up: where no other page of the alert is sent or still going, the next step is due now.
pub async fn hasten_undelivered(db: &mut PgConnection, alerts: &[Uuid], at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE alert SET next_step_at = least(next_step_at, $2)
         WHERE alert IN (SELECT alert FROM alert WHERE alert = ANY($1) ORDER BY alert FOR NO KEY UPDATE)
               AND patient IS NOT NULL AND acknowledged_at IS NULL AND closed_at IS NULL
               AND NOT EXISTS (SELECT FROM page WHERE page.alerts @> ARRAY[alert.alert] AND page.state <> 'given_up')",
    )
    .bind(alerts)
    .bind(at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Which organisation each of these alerts belongs to (none: the operator's).
pub async fn organisations(db: &mut PgConnection, alerts: &[Uuid]) -> Result<Vec<(Uuid, Option<Uuid>)>, sqlx::Error> {
    sqlx::query_as("SELECT alert, organisation FROM alert WHERE alert = ANY($1)").bind(alerts).fetch_all(db).await
}
