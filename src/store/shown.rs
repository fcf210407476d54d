//! An ask was shown on a phone: stored like a reading, and judged, because a rule's repeat timer starts there.

use std::collections::BTreeMap;

use alert_rules::Shown;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// Records it once, for the patient whose ask it is, if this device has that ask. True if it was news.
pub async fn record(pool: &PgPool, device: Uuid, ask: Uuid, at: Timestamp) -> sqlx::Result<bool> {
    let mut transaction = pool.begin().await?;
    let patient: Option<(Uuid, Uuid)> = sqlx::query_as(
        "INSERT INTO shown (patient, ask, organisation, shown_at)
         SELECT patient, $2, organisation, $3 FROM push
         WHERE device = $1 AND kind = 'ask' AND body ->> 'id' = $2::text
         LIMIT 1
         ON CONFLICT DO NOTHING
         RETURNING patient, organisation",
    )
    .bind(device)
    .bind(ask)
    .bind(at.to_sqlx())
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some((patient, _)) = patient {
        sqlx::query(
            "INSERT INTO arrival (patient, seq, cause, earliest, rank, received_at) VALUES ($1, NULL, 'shown', $2, 0, $2)",
        )
        .bind(patient)
        .bind(at.to_sqlx())
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(patient.is_some())
}

/// Which asks were shown since, by patient.
pub async fn since(
    db: &mut PgConnection,
    wanted: &[(Uuid, Timestamp)],
) -> Result<BTreeMap<Uuid, Vec<Shown>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT shown.patient, shown.ask, shown.shown_at
         FROM unnest($1::uuid[], $2::timestamptz[]) AS wanted (patient, since) JOIN shown USING (patient)
         WHERE shown.shown_at >= wanted.since",
    )
    .bind(wanted.iter().map(|(patient, _)| *patient).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(_, since)| since.to_sqlx()).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let mut found: BTreeMap<Uuid, Vec<Shown>> = BTreeMap::new();
    for row in rows {
        let at = row.try_get::<jiff_sqlx::Timestamp, _>("shown_at")?.to_jiff();
        let shown = Shown { ask: row.try_get("ask")?, at };
        found.entry(row.try_get("patient")?).or_default().push(shown);
    }
    Ok(found)
}
