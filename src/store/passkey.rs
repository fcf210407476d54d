//! Passkeys, and what browsers were asked to sign with them. All times are machine time.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Ceremonies that nobody answered and are taken away with each new one.
const TIDIED_EACH: i64 = 10;

#[derive(Clone, Debug)]
pub struct Passkey {
    pub passkey: Uuid,
    pub staff: Uuid,
    pub name: String,
    /// Public key and counter.
    pub credential: Value,
    pub made_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// False: somebody has registered this authenticator's credential before.
pub async fn insert(db: &mut PgConnection, new: &Passkey, credential_id: &[u8]) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO staff_passkey (passkey, staff, credential_id, name, credential, made_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (credential_id) DO NOTHING",
    )
    .bind(new.passkey)
    .bind(new.staff)
    .bind(credential_id)
    .bind(&new.name)
    .bind(&new.credential)
    .bind(new.made_at.to_sqlx())
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The oldest first.
pub async fn of_staff(db: &mut PgConnection, staff: Uuid) -> Result<Vec<Passkey>, sqlx::Error> {
    sqlx::query(
        "SELECT passkey, staff, name, credential, made_at, used_at FROM staff_passkey WHERE staff = $1 ORDER BY made_at, passkey",
    )
    .bind(staff)
    .fetch_all(db)
    .await?
    .iter()
    .map(read)
    .collect()
}

/// Of somebody who may sign in.
pub async fn by_credential(
    db: &mut PgConnection,
    staff: Uuid,
    credential_id: &[u8],
) -> Result<Option<Passkey>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT staff_passkey.passkey, staff_passkey.staff, staff_passkey.name, staff_passkey.credential, staff_passkey.made_at,
                staff_passkey.used_at
         FROM staff_passkey JOIN staff USING (staff)
         WHERE staff_passkey.staff = $1 AND staff_passkey.credential_id = $2 AND staff.deactivated_at IS NULL
         FOR UPDATE OF staff_passkey",
    )
    .bind(staff)
    .bind(credential_id)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &PgRow) -> Result<Passkey, sqlx::Error> {
    Ok(Passkey {
        passkey: row.try_get("passkey")?,
        staff: row.try_get("staff")?,
        name: row.try_get("name")?,
        credential: row.try_get("credential")?,
        made_at: row.try_get::<SqlTimestamp, _>("made_at")?.to_jiff(),
        used_at: row.try_get::<Option<SqlTimestamp>, _>("used_at")?.map(SqlTimestamp::to_jiff),
    })
}

/// It has signed; its counter may have moved.
pub async fn used(db: &mut PgConnection, passkey: Uuid, credential: &Value, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE staff_passkey SET credential = $2, used_at = $3 WHERE passkey = $1")
        .bind(passkey)
        .bind(credential)
        .bind(at.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}

/// False: this person has no such passkey.
pub async fn delete(db: &mut PgConnection, staff: Uuid, passkey: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM staff_passkey WHERE staff = $1 AND passkey = $2")
        .bind(staff)
        .bind(passkey)
        .execute(db)
        .await?;
    Ok(gone.rows_affected() == 1)
}

/// `staff`: whose passkeys may answer; none: whoever answers says who they are.
pub async fn begin_ceremony(
    db: &mut PgConnection,
    token_hash: &[u8],
    staff: Option<Uuid>,
    state: &Value,
    now: Timestamp,
    ends_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM passkey_ceremony WHERE token_hash IN
             (SELECT token_hash FROM passkey_ceremony WHERE ends_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(now.to_sqlx())
    .bind(TIDIED_EACH)
    .execute(&mut *db)
    .await?;
    sqlx::query("INSERT INTO passkey_ceremony (token_hash, staff, state, ends_at) VALUES ($1, $2, $3, $4)")
        .bind(token_hash)
        .bind(staff)
        .bind(state)
        .bind(ends_at.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}

/// Each is answered once, by whom it was for.
pub async fn take_ceremony(
    db: &mut PgConnection,
    token_hash: &[u8],
    staff: Option<Uuid>,
    now: Timestamp,
) -> Result<Option<Value>, sqlx::Error> {
    sqlx::query_scalar(
        "DELETE FROM passkey_ceremony WHERE token_hash = $1 AND staff IS NOT DISTINCT FROM $2 AND ends_at > $3 RETURNING state",
    )
    .bind(token_hash)
    .bind(staff)
    .bind(now.to_sqlx())
    .fetch_optional(db)
    .await
}
