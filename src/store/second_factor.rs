//! Second factors: secrets of one-time codes, and recovery codes as hashes. All times are machine time.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgConnection;
use uuid::Uuid;

/// What somebody has set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// One-time codes, since when.
    pub totp: Option<Timestamp>,
    pub recovery_codes: usize,
}

pub async fn held(db: &mut PgConnection, staff: Uuid) -> Result<Held, sqlx::Error> {
    let (totp, codes): (Option<SqlTimestamp>, i64) = sqlx::query_as(
        "SELECT (SELECT set_at FROM staff_totp WHERE staff = $1), (SELECT count(*) FROM staff_recovery_code WHERE staff = $1)",
    )
    .bind(staff)
    .fetch_one(db)
    .await?;
    Ok(Held { totp: totp.map(SqlTimestamp::to_jiff), recovery_codes: usize::try_from(codes).unwrap_or_default() })
}

pub async fn totp(db: &mut PgConnection, staff: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("SELECT secret FROM staff_totp WHERE staff = $1").bind(staff).fetch_optional(db).await
}

/// Takes the code of this step; false when it, or a later one, was taken before.
pub async fn use_step(db: &mut PgConnection, staff: Uuid, step: i64) -> Result<bool, sqlx::Error> {
    let used = sqlx::query("UPDATE staff_totp SET last_step = $2 WHERE staff = $1 AND last_step < $2")
        .bind(staff)
        .bind(step)
        .execute(db)
        .await?;
    Ok(used.rows_affected() == 1)
}

/// In place of whatever was offered before.
pub async fn offer_totp(
    db: &mut PgConnection,
    staff: Uuid,
    secret: &[u8],
    ends_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO staff_totp_offer (staff, secret, ends_at) VALUES ($1, $2, $3)
         ON CONFLICT (staff) DO UPDATE SET secret = $2, ends_at = $3",
    )
    .bind(staff)
    .bind(secret)
    .bind(ends_at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// The offer is taken away, unless the transaction is rolled back: two at once cannot both have it.
pub async fn take_offered_totp(
    db: &mut PgConnection,
    staff: Uuid,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("DELETE FROM staff_totp_offer WHERE staff = $1 AND ends_at > $2 RETURNING secret")
        .bind(staff)
        .bind(now.to_sqlx())
        .fetch_optional(db)
        .await
}

/// `step` is that of the code which proved that the secret has arrived.
pub async fn set_totp(
    db: &mut PgConnection,
    staff: Uuid,
    secret: &[u8],
    step: i64,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO staff_totp (staff, secret, last_step, set_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (staff) DO UPDATE SET secret = $2, last_step = $3, set_at = $4",
    )
    .bind(staff)
    .bind(secret)
    .bind(step)
    .bind(at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// In place of all that were there.
pub async fn set_recovery_codes(db: &mut PgConnection, staff: Uuid, hashes: &[[u8; 32]]) -> Result<(), sqlx::Error> {
    let hashes: Vec<&[u8]> = hashes.iter().map(<[u8; 32]>::as_slice).collect();
    sqlx::query("DELETE FROM staff_recovery_code WHERE staff = $1").bind(staff).execute(&mut *db).await?;
    sqlx::query("INSERT INTO staff_recovery_code (staff, code_hash) SELECT $1, unnest($2::bytea[])")
        .bind(staff)
        .bind(hashes)
        .execute(db)
        .await?;
    Ok(())
}

/// Uses the code up; false when there is no such code.
pub async fn use_recovery_code(db: &mut PgConnection, staff: Uuid, hash: &[u8]) -> Result<bool, sqlx::Error> {
    let used = sqlx::query("DELETE FROM staff_recovery_code WHERE staff = $1 AND code_hash = $2")
        .bind(staff)
        .bind(hash)
        .execute(db)
        .await?;
    Ok(used.rows_affected() == 1)
}
