//! Sign-ins between their first factor and their second, which may come to another replica. All times are machine time.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Attempt {
    pub staff: Uuid,
    pub organisation: Uuid,
    pub name: String,
    pub email: String,
    pub shared_computer: bool,
    pub first_factor: String,
}

/// Those that have ended, of anybody, go on the way.
pub async fn insert(
    db: &mut PgConnection,
    token_hash: &[u8],
    staff: Uuid,
    shared_computer: bool,
    first_factor: &str,
    now: Timestamp,
    ends_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM sign_in_attempt WHERE token_hash IN
             (SELECT token_hash FROM sign_in_attempt WHERE ends_at <= $1 FOR UPDATE SKIP LOCKED)",
    )
    .bind(now.to_sqlx())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO sign_in_attempt (token_hash, staff, shared_computer, first_factor, ends_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(token_hash)
    .bind(staff)
    .bind(shared_computer)
    .bind(first_factor)
    .bind(ends_at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: &mut PgConnection, token_hash: &[u8], now: Timestamp) -> Result<Option<Attempt>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT staff.staff, staff.organisation, staff.name, staff.email, sign_in_attempt.shared_computer,
                sign_in_attempt.first_factor
         FROM sign_in_attempt JOIN staff USING (staff)
         WHERE sign_in_attempt.token_hash = $1 AND sign_in_attempt.ends_at > $2 AND staff.deactivated_at IS NULL",
    )
    .bind(token_hash)
    .bind(now.to_sqlx())
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Attempt {
            staff: row.try_get("staff")?,
            organisation: row.try_get("organisation")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            shared_computer: row.try_get("shared_computer")?,
            first_factor: row.try_get("first_factor")?,
        })
    })
    .transpose()
}

/// False: another request was faster.
pub async fn use_up(db: &mut PgConnection, token_hash: &[u8]) -> Result<bool, sqlx::Error> {
    let used = sqlx::query("DELETE FROM sign_in_attempt WHERE token_hash = $1").bind(token_hash).execute(db).await?;
    Ok(used.rows_affected() == 1)
}
