//! Browsers in which somebody has signed in before. All times are machine time.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use uuid::Uuid;

/// Whether whoever has this address signed in here after `since`.
pub async fn is_known(
    db: &mut PgConnection,
    token_hash: &[u8],
    email: &str,
    since: Timestamp,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM staff_place JOIN staff USING (staff)
                        WHERE staff_place.token_hash = $1 AND staff.email = $2 AND staff_place.last_at > $3)",
    )
    .bind(token_hash)
    .bind(email)
    .bind(since.to_sqlx())
    .fetch_one(db)
    .await
}

/// `forget_before`: this person's places that are older than that go.
pub async fn note(
    db: &mut PgConnection,
    token_hash: &[u8],
    staff: Uuid,
    now: Timestamp,
    forget_before: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM staff_place WHERE staff = $1 AND last_at < $2")
        .bind(staff)
        .bind(forget_before.to_sqlx())
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO staff_place (token_hash, staff, last_at) VALUES ($1, $2, $3)
         ON CONFLICT (token_hash, staff) DO UPDATE SET last_at = $3",
    )
    .bind(token_hash)
    .bind(staff)
    .bind(now.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}
