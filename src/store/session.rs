//! Staff sessions. The cookie's token is never stored, only its hash.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Who a session belongs to.
#[derive(Clone, Debug)]
pub struct Session {
    pub staff: Uuid,
    pub name: String,
    pub role: String,
    pub organisation: Uuid,
}

/// `now` and `ends_at` are machine time. Old sessions of the same person are cleared away on the way.
pub async fn insert(
    db: &mut PgConnection,
    token_hash: &[u8],
    staff: Uuid,
    organisation: Uuid,
    now: Timestamp,
    ends_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM staff_session WHERE staff = $1 AND ends_at <= $2")
        .bind(staff)
        .bind(now.to_sqlx())
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO staff_session (token_hash, staff, organisation, made_at, ends_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(token_hash)
    .bind(staff)
    .bind(organisation)
    .bind(now.to_sqlx())
    .bind(ends_at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: &mut PgConnection, token_hash: &[u8], now: Timestamp) -> Result<Option<Session>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT staff.staff, staff.name, staff.role, staff_session.organisation
         FROM staff_session JOIN staff USING (staff)
         WHERE staff_session.token_hash = $1 AND staff_session.ends_at > $2",
    )
    .bind(token_hash)
    .bind(now.to_sqlx())
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Session {
            staff: row.try_get("staff")?,
            name: row.try_get("name")?,
            role: row.try_get("role")?,
            organisation: row.try_get("organisation")?,
        })
    })
    .transpose()
}

pub async fn delete(db: &mut PgConnection, token_hash: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM staff_session WHERE token_hash = $1").bind(token_hash).execute(db).await?;
    Ok(())
}
