//! The queue to the monitor: the writer inserts, the monitor deletes what it judged.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// Ranks are 0, 1 and this one: everybody, judged anew after a publishing.
const LAST_RANK: i16 = 2;

/// What lies in the queue for one patient.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub patient: Uuid,
    pub arrivals: Vec<i64>,
    /// Earliest instant that any of it touches.
    pub earliest: Timestamp,
    /// The same of what has a number, if anything has.
    pub earliest_numbered: Option<Timestamp>,
    /// When the newest of it came.
    pub received_at: Timestamp,
    /// Of the first.
    pub cause: String,
    /// One of the phones is no longer let in.
    pub phone_gone: bool,
}

pub async fn of(db: &mut PgConnection, patients: &[Uuid]) -> Result<Vec<Waiting>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT patient, array_agg(arrival) AS arrivals, least(min(earliest), min(received_at)) AS earliest,
                min(least(earliest, received_at)) FILTER (WHERE seq IS NOT NULL) AS earliest_numbered, max(received_at) AS received_at, min(cause) AS cause,
                bool_or(cause = $2) AS phone_gone
         FROM arrival WHERE patient = ANY($1) GROUP BY patient",
    )
    .bind(patients)
    .bind(PHONE)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Waiting {
                patient: row.try_get("patient")?,
                arrivals: row.try_get("arrivals")?,
                earliest: row.try_get::<jiff_sqlx::Timestamp, _>("earliest")?.to_jiff(),
                earliest_numbered: row
                    .try_get::<Option<jiff_sqlx::Timestamp>, _>("earliest_numbered")?
                    .map(jiff_sqlx::Timestamp::to_jiff),
                received_at: row.try_get::<jiff_sqlx::Timestamp, _>("received_at")?.to_jiff(),
                cause: row.try_get("cause")?,
                phone_gone: row.try_get("phone_gone")?,
            })
        })
        .collect()
}

/// Takes what was judged out of the queue. Of each: patient, arrival.
pub async fn delete(db: &mut PgConnection, judged: &[(Uuid, i64)]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM arrival USING unnest($1::uuid[], $2::bigint[]) AS judged (patient, arrival)
         WHERE arrival.patient = judged.patient AND arrival.arrival = judged.arrival",
    )
    .bind(judged.iter().map(|(patient, _)| *patient).collect::<Vec<_>>())
    .bind(judged.iter().map(|(_, arrival)| *arrival).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// One patient is to be judged anew from `earliest` on.
pub async fn again(
    db: &mut PgConnection,
    patient: Uuid,
    earliest: Timestamp,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO arrival (patient, seq, cause, earliest, rank, received_at) VALUES ($1, NULL, 'again', $2, 1, $3)",
    )
    .bind(patient)
    .bind(earliest.to_sqlx())
    .bind(now.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Staff took a doubtful reading of then as it is: it is judged anew at once, as somebody looks at it now.
pub async fn accepted(
    db: &mut PgConnection,
    patient: Uuid,
    effective_at: Timestamp,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO arrival (patient, seq, cause, earliest, rank, received_at) VALUES ($1, NULL, 'acceptance', $2, 0, $3)",
    )
    .bind(patient)
    .bind(effective_at.to_sqlx())
    .bind(now.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// The cause of an arrival that says that one of a patient's phones is no longer let in.
const PHONE: &str = "phone";

/// One of a patient's phones is no longer let in: somebody looks whether any is left.
pub async fn phone_gone(db: &mut PgConnection, patients: &[Uuid], now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO arrival (patient, seq, cause, earliest, rank, received_at)
         SELECT patient, NULL, $2, $3, 1, $3 FROM unnest($1::uuid[]) AS gone (patient)",
    )
    .bind(patients)
    .bind(PHONE)
    .bind(now.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Everyone who is looked after is to be judged anew, after the readings that wait.
pub async fn publish(db: &mut PgConnection, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO arrival (patient, seq, cause, earliest, rank, received_at)
         SELECT patient, NULL, 'publishing', $1, $2, $1 FROM patient
         WHERE ended_at IS NULL AND organisation <> synthetic_organisation()",
    )
    .bind(at.to_sqlx())
    .bind(LAST_RANK)
    .execute(db)
    .await?;
    Ok(())
}

/// When the entry came that has waited longest: the first of each rank, so that a long queue is not read for it.
pub async fn oldest_at(db: &mut PgConnection) -> Result<Option<Timestamp>, sqlx::Error> {
    let oldest: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "SELECT min(first.received_at) FROM generate_series(0, $1::int) AS turn (rank) CROSS JOIN LATERAL (
             SELECT received_at FROM arrival WHERE arrival.rank = turn.rank ORDER BY arrival LIMIT 1) AS first",
    )
    .bind(i32::from(LAST_RANK))
    .fetch_one(db)
    .await?;
    Ok(oldest.map(jiff_sqlx::Timestamp::to_jiff))
}

/// Whether anything waits to be judged.
pub async fn any(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM arrival)").fetch_one(pool).await
}
