//! When the service was there last, and the stretches in which it was not.
//!
//! All replicas stamp one row, so a stretch is missing only when none was there: stopped, cut off from the database, or with one
//! that would have kept nothing.

use alert_rules::facts::Gap;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool};

/// A stretch shorter than this is no gap: phones try again for longer, and no slot is so narrow.
pub const SHORTEST_GAP: SignedDuration = SignedDuration::from_mins(2);
/// Phones come back within a minute (`mobile-api`), and what they kept takes its time: until then nobody is silent yet.
const COMING_BACK: SignedDuration = SignedDuration::from_mins(2);

/// The gap between two moments at which the service was there, if there is one.
pub fn between(last: Timestamp, now: Timestamp) -> Option<Gap> {
    (now.duration_since(last) > SHORTEST_GAP).then(|| Gap { from: last, until: now + COMING_BACK })
}

/// The service is here at `now` (care time) and could store. Where it was not since the last stamp, that is written down and
/// returned.
///
/// # Errors
/// Also where a commit would not be on disk: then nobody is here for a phone.
pub async fn stamp(pool: &PgPool, now: Timestamp) -> Result<Option<Gap>, sqlx::Error> {
    let mut tx = pool.begin_with("BEGIN; SELECT must_be_durable()").await?;
    let gap = last(&mut tx).await?.and_then(|last| between(last, now));
    if let Some(gap) = gap {
        sqlx::query(
            "INSERT INTO service_gap (from_at, until_at) VALUES ($1, $2)
             ON CONFLICT (from_at) DO UPDATE SET until_at = excluded.until_at",
        )
        .bind(gap.from.to_sqlx())
        .bind(gap.until.to_sqlx())
        .execute(&mut *tx)
        .await?;
    }
    carry(&mut tx, now).await?;
    tx.commit().await?;
    Ok(gap)
}

/// The service was here all the while until `now`: care time was stepped, and nothing is missing.
pub async fn carry(db: &mut PgConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO presence (only_row, at) VALUES (true, $1)
         ON CONFLICT (only_row) DO UPDATE SET at = greatest(presence.at, excluded.at)",
    )
    .bind(now.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Locked against other replicas.
async fn last(db: &mut PgConnection) -> Result<Option<Timestamp>, sqlx::Error> {
    let last: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT at FROM presence FOR UPDATE").fetch_optional(db).await?;
    Ok(last.map(jiff_sqlx::Timestamp::to_jiff))
}
