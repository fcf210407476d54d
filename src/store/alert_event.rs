//! The history of an alert: numbered, never rewritten.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct NewEvent {
    pub alert: Uuid,
    pub organisation: Option<Uuid>,
    /// Care time.
    pub at: Timestamp,
    /// opened, raised, worsened, renewed, paged, sent, given_up, acknowledged, came_back, escalated, annotated, closed
    pub what: &'static str,
    pub by_staff: Option<Uuid>,
    pub detail: Value,
}

/// Appends, in the order given. Locks the alerts in the order of their ids: the numbers have no gaps and no doubles.
pub async fn append(db: &mut PgConnection, events: &[NewEvent]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let alerts: Vec<Uuid> = events.iter().map(|event| event.alert).collect();
    sqlx::query("SELECT alert FROM alert WHERE alert = ANY($1) ORDER BY alert FOR NO KEY UPDATE")
        .bind(&alerts)
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO alert_event (alert, n, organisation, at, what, by_staff, detail)
         SELECT new.alert,
                coalesce((SELECT max(n) FROM alert_event AS old WHERE old.alert = new.alert), 0)
                    + row_number() OVER (PARTITION BY new.alert ORDER BY new.place),
                new.organisation, new.at, new.what, new.by_staff, new.detail
         FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::jsonb[])
              WITH ORDINALITY AS new (alert, organisation, at, what, by_staff, detail, place)",
    )
    .bind(&alerts)
    .bind(events.iter().map(|event| event.organisation).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.at.to_sqlx()).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.what).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.by_staff).collect::<Vec<_>>())
    .bind(events.iter().map(|event| &event.detail).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}
