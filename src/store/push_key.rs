//! The key with which this installation signs notifications in browsers. There is one, whoever asked first made it.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool};

/// Private, as PKCS #8.
pub async fn read(owner: &PgPool) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("SELECT private_key FROM push_key").fetch_optional(owner).await
}

/// Unless there is one.
pub async fn insert(owner: &PgPool, private: &[u8], public: &[u8], machine_now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO push_key (only_row, private_key, public_key, made_at) VALUES (true, $1, $2, $3)
         ON CONFLICT (only_row) DO NOTHING",
    )
    .bind(private)
    .bind(public)
    .bind(machine_now.to_sqlx())
    .execute(owner)
    .await?;
    Ok(())
}

/// What browsers subscribe with.
pub async fn public(db: &mut PgConnection) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("SELECT public_key FROM push_key").fetch_optional(db).await
}
