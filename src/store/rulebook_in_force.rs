//! The rulebook in force, as published in the database: the limits that pages show come from it.

use std::collections::BTreeMap;

use sqlx::types::Json;
use sqlx::{PgConnection, Row};

/// Its number, and its files by path; none when nothing newer than `known` was published.
pub async fn newer_than(
    db: &mut PgConnection,
    known: i64,
) -> Result<Option<(i64, BTreeMap<String, String>)>, sqlx::Error> {
    let row = sqlx::query("SELECT number, content FROM rulebook WHERE number > $1 ORDER BY number DESC LIMIT 1")
        .bind(known)
        .fetch_optional(db)
        .await?;
    row.map(|row| {
        let Json(files) = row.try_get("content")?;
        Ok((row.try_get("number")?, files))
    })
    .transpose()
}
