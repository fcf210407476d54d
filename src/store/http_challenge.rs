//! Nonces for requests over HTTP. In the database, because the request may come to another replica than the challenge did.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgPool;

/// Expired nonces taken away with each new one, so that they never pile up.
const TIDIED_EACH: i64 = 10;

/// Times are machine time.
pub async fn make(pool: &PgPool, nonce: &str, made_at: Timestamp, ends_at: Timestamp) -> sqlx::Result<()> {
    sqlx::query(
        "WITH tidied AS (
             DELETE FROM http_challenge WHERE nonce IN
                 (SELECT nonce FROM http_challenge WHERE ends_at < $2 LIMIT $4 FOR UPDATE SKIP LOCKED)
         )
         INSERT INTO http_challenge (nonce, made_at, ends_at) VALUES ($1, $2, $3)",
    )
    .bind(nonce)
    .bind(made_at.to_sqlx())
    .bind(ends_at.to_sqlx())
    .bind(TIDIED_EACH)
    .execute(pool)
    .await?;
    Ok(())
}

/// Uses the nonce up. When it was made, if it was there and had not ended.
pub async fn take(pool: &PgPool, nonce: &str, now: Timestamp) -> sqlx::Result<Option<Timestamp>> {
    let made_at: Option<SqlTimestamp> =
        sqlx::query_scalar("DELETE FROM http_challenge WHERE nonce = $1 AND ends_at > $2 RETURNING made_at")
            .bind(nonce)
            .bind(now.to_sqlx())
            .fetch_optional(pool)
            .await?;
    Ok(made_at.map(SqlTimestamp::to_jiff))
}
