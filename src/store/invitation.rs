//! Invitations: a link, mailed or printed once, with which somebody chooses a password. All times are machine time.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Whom an invitation invites.
#[derive(Clone, Debug)]
pub struct Invited {
    pub staff: Uuid,
    pub organisation: Uuid,
    pub name: String,
    pub email: String,
    pub organisation_name: String,
    /// The link went to `email`.
    pub mailed: bool,
}

/// In place of the one before.
pub async fn set(
    db: &mut PgConnection,
    token_hash: &[u8],
    staff: Uuid,
    made_at: Timestamp,
    ends_at: Timestamp,
    mailed: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO staff_invitation (token_hash, staff, made_at, ends_at, mailed) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (staff) DO UPDATE SET token_hash = $1, made_at = $3, ends_at = $4, mailed = $5",
    )
    .bind(token_hash)
    .bind(staff)
    .bind(made_at.to_sqlx())
    .bind(ends_at.to_sqlx())
    .bind(mailed)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: &mut PgConnection, token_hash: &[u8], now: Timestamp) -> Result<Option<Invited>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT staff.staff, staff.organisation, staff.name, staff.email, organisation.name AS organisation_name,
                staff_invitation.mailed
         FROM staff_invitation JOIN staff USING (staff) JOIN organisation USING (organisation)
         WHERE staff_invitation.token_hash = $1 AND staff_invitation.ends_at > $2 AND staff.deactivated_at IS NULL",
    )
    .bind(token_hash)
    .bind(now.to_sqlx())
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Invited {
            staff: row.try_get("staff")?,
            organisation: row.try_get("organisation")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            organisation_name: row.try_get("organisation_name")?,
            mailed: row.try_get("mailed")?,
        })
    })
    .transpose()
}

/// False: another request was faster.
pub async fn use_up(db: &mut PgConnection, token_hash: &[u8]) -> Result<bool, sqlx::Error> {
    let used = sqlx::query("DELETE FROM staff_invitation WHERE token_hash = $1").bind(token_hash).execute(db).await?;
    Ok(used.rows_affected() == 1)
}
