//! How far each patient is judged, and who is at it: leases by the database's clock, settled by comparing their id.
//!
//! Patients with arrivals come first (worst rank, then newest), those with a timer due after them; but a measurement that was
//! asked for and did not come is as urgent as the worst arrival.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// A batch takes a second or so. What a killed service had in hand waits this long for the next.
const LEASE_SECONDS: f64 = 20.0;
/// Queue entries looked at to find whom to judge next. Where they all belong to patients that are in hand already,
/// the whole queue is looked at.
const WINDOW: i64 = 4096;

#[derive(Clone, Debug)]
pub struct Taken {
    pub patient: Uuid,
    pub judged_through: i64,
    pub folded_through: Option<Timestamp>,
    /// A range from this number on could not be judged; *checked* stops before it.
    pub failed_from: Option<i64>,
    /// This one included. It goes back to 0 when the patient is judged.
    pub attempts: i16,
}

/// Where a patient stands after an evaluation.
#[derive(Clone, Debug)]
pub struct Settled {
    pub patient: Uuid,
    pub judged_through: i64,
    pub folded_through: Option<Timestamp>,
    pub failed_from: Option<i64>,
}

/// Takes patients with arrivals, and those with a timer that was due by `timers_until`; none: no timers.
pub async fn take(
    pool: &PgPool,
    timers_until: Option<Timestamp>,
    lease: Uuid,
    limit: usize,
) -> Result<Vec<Taken>, sqlx::Error> {
    let taken = take_from_window(pool, timers_until, lease, limit, WINDOW).await?;
    if taken.is_empty() && is_longer_than_window(pool, timers_until).await? {
        return take_from_window(pool, timers_until, lease, limit, i64::MAX).await;
    }
    Ok(taken)
}

async fn is_longer_than_window(pool: &PgPool, timers_until: Option<Timestamp>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM arrival OFFSET $1) OR EXISTS (SELECT FROM due WHERE at <= $2 OFFSET $1)",
    )
    .bind(WINDOW)
    .bind(timers_until.map(ToSqlx::to_sqlx))
    .fetch_one(pool)
    .await
}

async fn take_from_window(
    pool: &PgPool,
    timers_until: Option<Timestamp>,
    lease: Uuid,
    limit: usize,
    window: i64,
) -> Result<Vec<Taken>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH work AS (
             SELECT patient, min(rank) AS rank, max(arrival) AS newest
             FROM ((SELECT patient, rank, arrival FROM arrival WHERE rank = 0 ORDER BY arrival DESC LIMIT $4)
                   UNION ALL
                   (SELECT patient, rank, arrival FROM arrival WHERE rank = 1 ORDER BY arrival DESC LIMIT $4)
                   UNION ALL
                   (SELECT patient, rank, arrival FROM arrival WHERE rank = 2 ORDER BY arrival DESC LIMIT $4)
                   UNION ALL
                   (SELECT patient, 0, 0 FROM due WHERE at <= $1 AND why LIKE 'repeat:%' ORDER BY at LIMIT $4)
                   UNION ALL
                   (SELECT patient, 1, 0 FROM due WHERE at <= $1 ORDER BY at LIMIT $4)) AS entry
             GROUP BY patient
         ), next AS (
             SELECT judged.patient FROM work JOIN patient_judged AS judged USING (patient)
             WHERE judged.lease_until IS NULL OR judged.lease_until < now()
             ORDER BY work.rank, work.newest DESC
             LIMIT $2 FOR UPDATE OF judged SKIP LOCKED
         )
         UPDATE patient_judged AS judged
         SET lease = $3, lease_until = now() + make_interval(secs => $5), attempts = least(judged.attempts, 1000) + 1
         WHERE judged.patient = ANY (ARRAY(SELECT patient FROM next))
         RETURNING judged.patient, judged.judged_through, judged.folded_through, judged.failed_from, judged.attempts",
    )
    .bind(timers_until.map(ToSqlx::to_sqlx))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(lease)
    .bind(window)
    .bind(LEASE_SECONDS)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Taken {
                patient: row.try_get("patient")?,
                judged_through: row.try_get("judged_through")?,
                folded_through: row
                    .try_get::<Option<jiff_sqlx::Timestamp>, _>("folded_through")?
                    .map(jiff_sqlx::Timestamp::to_jiff),
                failed_from: row.try_get("failed_from")?,
                attempts: row.try_get("attempts")?,
            })
        })
        .collect()
}

/// Locks those whose lease is still this one; the others belong to somebody else by now.
pub async fn still_ours(db: &mut PgConnection, lease: Uuid, patients: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT patient FROM patient_judged WHERE patient = ANY($1) AND lease = $2 ORDER BY patient FOR NO KEY UPDATE",
    )
    .bind(patients)
    .bind(lease)
    .fetch_all(db)
    .await
}

/// Ends the leases of what was judged.
pub async fn settle(db: &mut PgConnection, settled: &[Settled]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE patient_judged AS judged
         SET judged_through = new.judged_through, folded_through = new.folded_through, failed_from = new.failed_from,
             lease = NULL, lease_until = NULL, attempts = 0
         FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::bigint[])
              AS new (patient, judged_through, folded_through, failed_from)
         WHERE judged.patient = new.patient",
    )
    .bind(settled.iter().map(|settled| settled.patient).collect::<Vec<_>>())
    .bind(settled.iter().map(|settled| settled.judged_through).collect::<Vec<_>>())
    .bind(settled.iter().map(|settled| settled.folded_through.map(ToSqlx::to_sqlx)).collect::<Vec<_>>())
    .bind(settled.iter().map(|settled| settled.failed_from).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// Gives patients back unjudged, to be taken again after a pause. An attempt that was no fault of theirs does not count.
pub async fn release(
    pool: &PgPool,
    lease: Uuid,
    patients: &[Uuid],
    pause: SignedDuration,
    counts: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE patient_judged
         SET lease = NULL, lease_until = now() + make_interval(secs => $3),
             attempts = attempts - CASE WHEN $4 THEN 0 ELSE 1 END
         WHERE patient = ANY($1) AND lease = $2",
    )
    .bind(patients)
    .bind(lease)
    .bind(pause.as_secs_f64())
    .bind(counts)
    .execute(pool)
    .await?;
    Ok(())
}
