//! NOTIFY and LISTEN, the carrier of `signal.rs`.

use sqlx::PgPool;
use sqlx::postgres::PgListener;

const CHANNEL: &str = "derwent";

/// All of them in one transaction. Hints need not be on disk, so nobody waits for it.
pub async fn send(pool: &PgPool, payloads: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT set_config('synchronous_commit', 'off', true), count(pg_notify($1, payload)) FROM unnest($2::text[]) AS payload",
    )
    .bind(CHANNEL)
    .bind(payloads)
    .execute(pool)
    .await?;
    Ok(())
}

pub async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
