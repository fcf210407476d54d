//! Watches: the engine's memory, one row for each spell of a rule that is not quiet.

use std::collections::BTreeMap;

use alert_rules::Watch;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Every spell that is kept, as stored: one that cannot be read fails its own patient only.
pub async fn of(db: &mut PgConnection, patients: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<Value>>, sqlx::Error> {
    let rows =
        sqlx::query("SELECT patient, state FROM watch WHERE patient = ANY($1)").bind(patients).fetch_all(db).await?;
    let mut found: BTreeMap<Uuid, Vec<Value>> = BTreeMap::new();
    for row in rows {
        found.entry(row.try_get("patient")?).or_default().push(row.try_get("state")?);
    }
    Ok(found)
}

pub async fn delete(db: &mut PgConnection, spells: &[(Uuid, String, Timestamp)]) -> Result<(), sqlx::Error> {
    if spells.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM watch USING unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS old (patient, rule, since)
         WHERE watch.patient = old.patient AND watch.rule = old.rule AND watch.since = old.since",
    )
    .bind(spells.iter().map(|(patient, _, _)| *patient).collect::<Vec<_>>())
    .bind(spells.iter().map(|(_, rule, _)| rule.as_str()).collect::<Vec<_>>())
    .bind(spells.iter().map(|(_, _, since)| since.to_sqlx()).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// Of each: patient, organisation, spell.
pub async fn put(db: &mut PgConnection, spells: &[(Uuid, Uuid, &Watch)]) -> Result<(), sqlx::Error> {
    if spells.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO watch (patient, rule, since, until, organisation, state)
         SELECT patient, rule, since, until, organisation, state
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::uuid[], $6::jsonb[])
              AS new (patient, rule, since, until, organisation, state)
         ON CONFLICT (patient, rule, since) DO UPDATE SET until = excluded.until, state = excluded.state",
    )
    .bind(spells.iter().map(|(patient, _, _)| *patient).collect::<Vec<_>>())
    .bind(spells.iter().map(|(_, _, watch)| watch.rule.as_str()).collect::<Vec<_>>())
    .bind(spells.iter().map(|(_, _, watch)| watch.since.to_sqlx()).collect::<Vec<_>>())
    .bind(spells.iter().map(|(_, _, watch)| watch.until.map(ToSqlx::to_sqlx)).collect::<Vec<_>>())
    .bind(spells.iter().map(|(_, organisation, _)| *organisation).collect::<Vec<_>>())
    .bind(spells.iter().map(|(_, _, watch)| Json(*watch)).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}
