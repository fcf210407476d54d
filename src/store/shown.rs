//! An ask was shown on a phone: stored like a reading, and judged, because a rule's repeat timer starts there.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
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
