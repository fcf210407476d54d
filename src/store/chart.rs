//! What stands beside the readings on a chart: events, and when the service could not listen.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Event {
    pub effective_at: Timestamp,
    pub event: String,
    pub value_given: Option<String>,
    pub unit_given: Option<String>,
}

/// Insulin, meals, exercise; those taken back left out. Oldest first.
pub async fn events(
    db: &mut PgConnection,
    patient: Uuid,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query(
        "SELECT event.effective_at, event.event, event.value_given::text, event.unit_given
         FROM event
         WHERE event.patient = $1 AND event.effective_at >= $2 AND event.effective_at <= $3
               AND NOT EXISTS (SELECT FROM correction
                               WHERE correction.patient = $1 AND correction.corrects_seq = event.seq)
         ORDER BY event.effective_at, event.seq",
    )
    .bind(patient)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Event {
            effective_at: row.try_get::<jiff_sqlx::Timestamp, _>("effective_at")?.to_jiff(),
            event: row.try_get("event")?,
            value_given: row.try_get("value_given")?,
            unit_given: row.try_get("unit_given")?,
        })
    })
    .collect()
}

/// From – until, oldest first.
pub async fn service_gaps(
    db: &mut PgConnection,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, sqlx::Error> {
    sqlx::query("SELECT from_at, until_at FROM service_gap WHERE until_at >= $1 AND from_at <= $2 ORDER BY from_at")
        .bind(from.to_sqlx())
        .bind(until.to_sqlx())
        .fetch_all(db)
        .await?
        .iter()
        .map(|row| {
            Ok((
                row.try_get::<jiff_sqlx::Timestamp, _>("from_at")?.to_jiff(),
                row.try_get::<jiff_sqlx::Timestamp, _>("until_at")?.to_jiff(),
            ))
        })
        .collect()
}
