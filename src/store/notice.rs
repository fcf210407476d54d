//! NOTIFY and LISTEN, the carrier of `signal.rs`.

use sqlx::PgPool;
use sqlx::postgres::PgListener;

const CHANNEL: &str = "derwent";

pub async fn send(pool: &PgPool, payload: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(pool).await?;
    Ok(())
}

pub async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
