//! Rulebooks: every set of rules that was ever in force, known by its hash. The highest number is in force.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

/// The hash of the one in force, if any was published yet.
pub async fn in_force(db: &mut PgConnection) -> Result<Option<[u8; 32]>, sqlx::Error> {
    let hash: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM rulebook ORDER BY number DESC LIMIT 1").fetch_optional(db).await?;
    hash.map(|hash| hash.try_into().map_err(|_| sqlx::Error::Decode("a rulebook's hash is not 32 bytes long".into())))
        .transpose()
}

/// When it was put in force, and who did it, in words.
#[derive(Debug)]
pub struct Published {
    pub hash: [u8; 32],
    pub at: Timestamp,
    pub by: String,
}

/// The last ones that were in force, newest first.
pub async fn last(db: &mut PgConnection, many: i64) -> Result<Vec<Published>, sqlx::Error> {
    let rows: Vec<(Vec<u8>, jiff_sqlx::Timestamp, String)> =
        sqlx::query_as("SELECT hash, published_at, published_by FROM rulebook ORDER BY number DESC LIMIT $1")
            .bind(many)
            .fetch_all(db)
            .await?;
    rows.into_iter()
        .map(|(hash, at, by)| {
            let hash =
                hash.try_into().map_err(|_| sqlx::Error::Decode("a rulebook's hash is not 32 bytes long".into()))?;
            Ok(Published { hash, at: at.to_jiff(), by })
        })
        .collect()
}

/// The files of one, by path.
pub async fn files(pool: &PgPool, hash: [u8; 32]) -> Result<BTreeMap<String, String>, sqlx::Error> {
    files_in(&mut *pool.acquire().await?, hash).await
}

/// The same, within a transaction.
pub async fn files_in(db: &mut PgConnection, hash: [u8; 32]) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let Json(files) =
        sqlx::query_scalar::<_, Json<BTreeMap<String, String>>>("SELECT content FROM rulebook WHERE hash = $1")
            .bind(hash.as_slice())
            .fetch_one(db)
            .await?;
    Ok(files)
}

/// The questionnaires of every rulebook there ever was: path and text, each once, the newest rulebook's first.
pub async fn questionnaires(db: &mut PgConnection) -> Result<Vec<(String, String)>, sqlx::Error> {
    // An older version's packs had one, beside the rules.
    sqlx::query_as(
        "SELECT file.path, file.content
         FROM rulebook CROSS JOIN LATERAL jsonb_each_text(rulebook.content) AS file (path, content)
         WHERE file.path LIKE '%/questionnaires/%.json' OR file.path LIKE '%/questionnaire.json'
         GROUP BY file.path, file.content ORDER BY max(rulebook.number) DESC, file.path",
    )
    .fetch_all(db)
    .await
}

/// Locks out other replicas that would publish, until the end of the transaction.
pub async fn lock(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('derwent rulebook'))").execute(db).await?;
    Ok(())
}

/// Puts a rulebook in force. One that was in force before gets a new number.
pub async fn publish(
    db: &mut PgConnection,
    hash: [u8; 32],
    files: &BTreeMap<String, String>,
    at: Timestamp,
    by: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO rulebook (hash, content, published_at, published_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (hash) DO UPDATE SET number = DEFAULT, published_at = excluded.published_at,
                                          published_by = excluded.published_by",
    )
    .bind(hash.as_slice())
    .bind(Json(files))
    .bind(at.to_sqlx())
    .bind(by)
    .execute(db)
    .await?;
    Ok(())
}
