//! When corrections came.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// By patient and number.
pub async fn received(
    db: &mut PgConnection,
    patients: &[Uuid],
) -> Result<BTreeMap<Uuid, BTreeMap<i64, Timestamp>>, sqlx::Error> {
    let rows: Vec<(Uuid, i64, jiff_sqlx::Timestamp)> =
        sqlx::query_as("SELECT patient, seq, received_at FROM correction WHERE patient = ANY($1)")
            .bind(patients)
            .fetch_all(db)
            .await?;
    let mut found: BTreeMap<Uuid, BTreeMap<i64, Timestamp>> = BTreeMap::new();
    for (patient, seq, at) in rows {
        found.entry(patient).or_default().insert(seq, at.to_jiff());
    }
    Ok(found)
}
