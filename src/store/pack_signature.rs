//! Who released which pack, as it is word for word, for live use.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Signature {
    pub pack: String,
    /// Of the pack's own files.
    pub hash: Vec<u8>,
    pub staff: Uuid,
    /// As it stood when they signed.
    pub name: String,
    pub registration: String,
    pub at: Timestamp,
}

pub async fn insert(db: &mut PgConnection, new: &Signature) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO pack_signature (pack, hash, staff, name, registration, at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (pack, hash, staff) DO NOTHING",
    )
    .bind(&new.pack)
    .bind(&new.hash)
    .bind(new.staff)
    .bind(&new.name)
    .bind(&new.registration)
    .bind(new.at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Of these packs' files, oldest first.
pub async fn of(db: &mut PgConnection, hashes: &[Vec<u8>]) -> Result<Vec<Signature>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT pack, hash, staff, name, registration, at FROM pack_signature WHERE hash = ANY($1) ORDER BY at, staff",
    )
    .bind(hashes)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Signature {
                pack: row.try_get("pack")?,
                hash: row.try_get("hash")?,
                staff: row.try_get("staff")?,
                name: row.try_get("name")?,
                registration: row.try_get("registration")?,
                at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
            })
        })
        .collect()
}
