//! Passwords, as hashes. Only the role of sign-in may read them.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::secret::Secret;

/// What sign-in compares.
#[derive(Clone, Debug)]
pub struct Credential {
    pub staff: Uuid,
    pub organisation: Uuid,
    /// argon2id, PHC string. None: this person has none.
    pub password: Option<Secret>,
}

/// Of whoever works here with this address (in small letters); nothing of those who were deactivated.
pub async fn of_email(db: &mut PgConnection, email: &str) -> Result<Option<Credential>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT staff.staff, staff.organisation, staff_credential.password
         FROM staff LEFT JOIN staff_credential USING (staff)
         WHERE staff.email = $1 AND staff.deactivated_at IS NULL",
    )
    .bind(email)
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Credential {
            staff: row.try_get("staff")?,
            organisation: row.try_get("organisation")?,
            password: row.try_get::<Option<String>, _>("password")?.map(Secret::from),
        })
    })
    .transpose()
}

/// `password` is its hash.
pub async fn set(db: &mut PgConnection, staff: Uuid, password: &str, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO staff_credential (staff, password, set_at) VALUES ($1, $2, $3)
         ON CONFLICT (staff) DO UPDATE SET password = $2, set_at = $3",
    )
    .bind(staff)
    .bind(password)
    .bind(at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Takes away everything this person could sign in with, and the browsers they are known in.
pub async fn clear(db: &mut PgConnection, staff: Uuid) -> Result<(), sqlx::Error> {
    for statement in [
        "DELETE FROM staff_credential WHERE staff = $1",
        "DELETE FROM staff_totp WHERE staff = $1",
        "DELETE FROM staff_totp_offer WHERE staff = $1",
        "DELETE FROM staff_recovery_code WHERE staff = $1",
        "DELETE FROM staff_passkey WHERE staff = $1",
        "DELETE FROM staff_account WHERE staff = $1",
        "DELETE FROM staff_place WHERE staff = $1",
        "DELETE FROM staff_invitation WHERE staff = $1",
    ] {
        sqlx::query(statement).bind(staff).execute(&mut *db).await?;
    }
    Ok(())
}
