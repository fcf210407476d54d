//! Teams' own escalation policies, as they were written.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use uuid::Uuid;

/// In the place of the one before. `at` is machine time. `alert_rules::escalation::policy` reads it, or it is not set.
pub async fn set(db: &mut PgConnection, team: Uuid, content: &str, by: &str, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO policy (team, content, set_by, set_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (team) DO UPDATE SET content = $2, set_by = $3, set_at = $4",
    )
    .bind(team)
    .bind(content)
    .bind(by)
    .bind(at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// None: the team goes by the standard one.
pub async fn content(db: &mut PgConnection, team: Uuid) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT content FROM policy WHERE team = $1").bind(team).fetch_optional(db).await
}

/// The team goes by the standard one from now on. False: it did.
pub async fn remove(db: &mut PgConnection, team: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM policy WHERE team = $1").bind(team).execute(db).await?;
    Ok(done.rows_affected() == 1)
}
