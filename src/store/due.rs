//! Timers of the monitor: when to look at a patient although nothing arrived. Care time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// Of one patient: the timer's name and its instant.
pub type Timers = BTreeMap<String, Timestamp>;

pub async fn of(db: &mut PgConnection, patients: &[Uuid]) -> Result<BTreeMap<Uuid, Timers>, sqlx::Error> {
    let rows =
        sqlx::query("SELECT patient, why, at FROM due WHERE patient = ANY($1)").bind(patients).fetch_all(db).await?;
    let mut found: BTreeMap<Uuid, Timers> = BTreeMap::new();
    for row in rows {
        let at = row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff();
        found.entry(row.try_get("patient")?).or_default().insert(row.try_get("why")?, at);
    }
    Ok(found)
}

pub async fn delete(db: &mut PgConnection, timers: &[(Uuid, String)]) -> Result<(), sqlx::Error> {
    if timers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM due USING unnest($1::uuid[], $2::text[]) AS old (patient, why)
         WHERE due.patient = old.patient AND due.why = old.why",
    )
    .bind(timers.iter().map(|(patient, _)| *patient).collect::<Vec<_>>())
    .bind(timers.iter().map(|(_, why)| why.as_str()).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// Sets timers, moving those that are there.
pub async fn set(db: &mut PgConnection, timers: &[(Uuid, String, Timestamp)]) -> Result<(), sqlx::Error> {
    if timers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO due (patient, why, at) SELECT patient, why, at
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS new (patient, why, at)
         ON CONFLICT (patient, why) DO UPDATE SET at = excluded.at",
    )
    .bind(timers.iter().map(|(patient, _, _)| *patient).collect::<Vec<_>>())
    .bind(timers.iter().map(|(_, why, _)| why.as_str()).collect::<Vec<_>>())
    .bind(timers.iter().map(|(_, _, at)| at.to_sqlx()).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// The next timer of anybody.
pub async fn next_at(pool: &PgPool) -> Result<Option<Timestamp>, sqlx::Error> {
    let next: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar("SELECT min(at) FROM due").fetch_one(pool).await?;
    Ok(next.map(jiff_sqlx::Timestamp::to_jiff))
}
