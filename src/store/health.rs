//! Could the writer store now.

use sqlx::PgPool;

use super::MIGRATIONS;

/// What keeps the service from storing, although its database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// A migration of this version is not in the database.
    Migrations,
    /// A commit would not be on disk.
    Durability,
}

/// Asks as the role that stores, with its settings. None: it could.
pub async fn look(pool: &PgPool) -> Result<Option<NotReady>, sqlx::Error> {
    let (migrated, durable): (i64, bool) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM _sqlx_migrations WHERE success AND version = ANY($1)),
                (SELECT bool_and(current_setting(name) IN ('on', 'remote_apply'))
                 FROM unnest(ARRAY['fsync', 'synchronous_commit', 'full_page_writes']) AS name)",
    )
    .bind(MIGRATIONS.iter().map(|migration| migration.version).collect::<Vec<_>>())
    .fetch_one(pool)
    .await?;
    let in_place = usize::try_from(migrated).is_ok_and(|migrated| migrated >= MIGRATIONS.iter().count());
    Ok(match (in_place, durable) {
        (false, _) => Some(NotReady::Migrations),
        (true, false) => Some(NotReady::Durability),
        (true, true) => None,
    })
}
