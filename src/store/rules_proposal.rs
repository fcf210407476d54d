//! Rules that somebody proposed and nobody has approved yet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Proposal {
    pub hash: Vec<u8>,
    pub files: BTreeMap<String, String>,
    pub proposed_by: Uuid,
    /// The name of who did.
    pub by: String,
    pub proposed_at: Timestamp,
    pub why: String,
}

/// The same files again are the same proposal, by whoever made it last.
pub async fn put(db: &mut PgConnection, new: &Proposal) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO rules_proposal (hash, content, proposed_by, proposed_at, why) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (hash) DO UPDATE SET proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at,
                                          why = excluded.why",
    )
    .bind(&new.hash)
    .bind(Json(&new.files))
    .bind(new.proposed_by)
    .bind(new.proposed_at.to_sqlx())
    .bind(&new.why)
    .execute(db)
    .await?;
    Ok(())
}

/// Oldest first.
pub async fn all(db: &mut PgConnection) -> Result<Vec<Proposal>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT hash, content, proposed_by, staff.name, proposed_at, why
         FROM rules_proposal JOIN staff ON staff.staff = proposed_by ORDER BY proposed_at, hash",
    )
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            let Json(files) = row.try_get("content")?;
            Ok(Proposal {
                hash: row.try_get("hash")?,
                files,
                proposed_by: row.try_get("proposed_by")?,
                by: row.try_get("name")?,
                proposed_at: row.try_get::<jiff_sqlx::Timestamp, _>("proposed_at")?.to_jiff(),
                why: row.try_get("why")?,
            })
        })
        .collect()
}

/// Whether there was one to take out.
pub async fn delete(db: &mut PgConnection, hash: &[u8]) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query("DELETE FROM rules_proposal WHERE hash = $1").bind(hash).execute(db).await?;
    Ok(deleted.rows_affected() > 0)
}
