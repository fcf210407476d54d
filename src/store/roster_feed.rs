//! The secret address from which a calendar fetches one's shifts. Only its hash is stored.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use uuid::Uuid;

/// In place of the one before (machine time).
pub async fn set(
    db: &mut PgConnection,
    staff: Uuid,
    organisation: Uuid,
    token_hash: &[u8],
    made_at: Timestamp,
) -> Result<(), sqlx::Error> {
    remove(db, staff).await?;
    sqlx::query("INSERT INTO roster_feed (staff, organisation, token_hash, made_at) VALUES ($1, $2, $3, $4)")
        .bind(staff)
        .bind(organisation)
        .bind(token_hash)
        .bind(made_at.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}

pub async fn remove(db: &mut PgConnection, staff: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM roster_feed WHERE staff = $1").bind(staff).execute(db).await?;
    Ok(())
}

pub async fn made_at(db: &mut PgConnection, staff: Uuid) -> Result<Option<Timestamp>, sqlx::Error> {
    let made: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT made_at FROM roster_feed WHERE staff = $1").bind(staff).fetch_optional(db).await?;
    Ok(made.map(jiff_sqlx::Timestamp::to_jiff))
}

/// Whose it is; nobody's who was deactivated.
pub async fn whose(db: &mut PgConnection, token_hash: &[u8]) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT staff.staff FROM roster_feed JOIN staff USING (staff)
         WHERE roster_feed.token_hash = $1 AND staff.deactivated_at IS NULL",
    )
    .bind(token_hash)
    .fetch_optional(db)
    .await
}
