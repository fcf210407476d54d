//! How often somebody guessed wrong, counted for all replicas together. All times are machine time.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

/// Slates that say nothing any more and are taken away with each count.
const TIDIED_EACH: i64 = 10;

/// So many wrong guesses on one slate; then none until this long after the last.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    pub guesses: i32,
    pub wait: SignedDuration,
}

/// Counts one guess as wrong; false, and nothing counted, when the slate is full.
pub async fn count(db: &mut PgConnection, slate: &[u8], limit: Limit, now: Timestamp) -> Result<bool, sqlx::Error> {
    let times: Option<i32> = sqlx::query_scalar(
        "INSERT INTO sign_in_guess (slate, times, last_at, ends_at) VALUES ($1, 1, $2, $3)
         ON CONFLICT (slate) DO UPDATE
             SET times = CASE WHEN sign_in_guess.ends_at <= $2 THEN 1 ELSE sign_in_guess.times + 1 END, last_at = $2, ends_at = $3
             WHERE sign_in_guess.ends_at <= $2 OR sign_in_guess.times < $4
         RETURNING times",
    )
    .bind(slate)
    .bind(now.to_sqlx())
    .bind((now + limit.wait).to_sqlx())
    .bind(limit.guesses)
    .fetch_optional(db)
    .await?;
    Ok(times.is_some())
}

pub async fn tidy(db: &mut PgConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM sign_in_guess WHERE slate IN
             (SELECT slate FROM sign_in_guess WHERE ends_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(now.to_sqlx())
    .bind(TIDIED_EACH)
    .execute(db)
    .await?;
    Ok(())
}

/// The guess that was counted last was right: it alone is taken back.
pub async fn take_back(db: &mut PgConnection, slate: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE sign_in_guess SET times = times - 1 WHERE slate = $1 AND times > 0")
        .bind(slate)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn wipe(db: &mut PgConnection, slate: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM sign_in_guess WHERE slate = $1").bind(slate).execute(db).await?;
    Ok(())
}
