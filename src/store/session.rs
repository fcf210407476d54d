//! Staff sessions. The cookie's token is never stored, only its hash. All times are machine time.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Use is noted this often and no more: a statement less for most requests.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Who a session belongs to.
#[derive(Clone, Debug)]
pub struct Session {
    pub session: Uuid,
    pub staff: Uuid,
    pub name: String,
    pub role: String,
    pub organisation: Uuid,
    pub rule_owner: bool,
    pub made_at: Timestamp,
}

#[derive(Debug)]
pub struct New<'a> {
    pub session: Uuid,
    pub token_hash: &'a [u8],
    pub staff: Uuid,
    pub organisation: Uuid,
    pub shared_computer: bool,
    pub made_at: Timestamp,
    pub ends_at: Timestamp,
    pub idle: SignedDuration,
    pub address: String,
    pub browser: String,
    pub factors: &'a str,
}

/// One of somebody's own, for a list.
#[derive(Clone, Debug)]
pub struct Listed {
    pub session: Uuid,
    pub shared_computer: bool,
    pub made_at: Timestamp,
    pub used_at: Timestamp,
    pub address: String,
    pub browser: String,
    pub factors: String,
}

/// Old sessions of the same person are cleared away on the way.
pub async fn insert(db: &mut PgConnection, new: &New<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM staff_session WHERE staff = $1 AND (ends_at <= $2 OR used_at + make_interval(secs => idle_s) <= $2)",
    )
    .bind(new.staff)
    .bind(new.made_at.to_sqlx())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO staff_session (session, token_hash, staff, organisation, shared_computer, made_at, ends_at, used_at, idle_s,
                                    address, browser, factors)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8, $9, $10, $11)",
    )
    .bind(new.session)
    .bind(new.token_hash)
    .bind(new.staff)
    .bind(new.organisation)
    .bind(new.shared_computer)
    .bind(new.made_at.to_sqlx())
    .bind(new.ends_at.to_sqlx())
    .bind(i32::try_from(new.idle.as_secs()).unwrap_or(i32::MAX))
    .bind(&new.address)
    .bind(&new.browser)
    .bind(new.factors)
    .execute(db)
    .await?;
    Ok(())
}

/// The session, unless it has ended, stood unused for too long, or belongs to somebody who was deactivated.
/// `used`: a person asked, not a page by itself.
pub async fn find(
    db: &mut PgConnection,
    token_hash: &[u8],
    now: Timestamp,
    used: bool,
) -> Result<Option<Session>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT staff_session.session, staff.staff, staff.name, staff.role, staff.rule_owner, staff_session.organisation, staff_session.made_at,
                staff_session.used_at
         FROM staff_session JOIN staff USING (staff)
         WHERE staff_session.token_hash = $1 AND staff_session.ends_at > $2
           AND staff_session.used_at + make_interval(secs => staff_session.idle_s) > $2 AND staff.deactivated_at IS NULL",
    )
    .bind(token_hash)
    .bind(now.to_sqlx())
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let used_at = row.try_get::<SqlTimestamp, _>("used_at")?.to_jiff();
    if used && used_at + NOTED_EVERY <= now {
        sqlx::query("UPDATE staff_session SET used_at = $2 WHERE token_hash = $1 AND used_at < $2")
            .bind(token_hash)
            .bind(now.to_sqlx())
            .execute(db)
            .await?;
    }
    Ok(Some(Session {
        session: row.try_get("session")?,
        staff: row.try_get("staff")?,
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        organisation: row.try_get("organisation")?,
        rule_owner: row.try_get("rule_owner")?,
        made_at: row.try_get::<SqlTimestamp, _>("made_at")?.to_jiff(),
    }))
}

pub async fn goes_on(db: &mut PgConnection, session: Uuid, now: Timestamp) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM staff_session JOIN staff USING (staff)
                        WHERE staff_session.session = $1 AND staff_session.ends_at > $2
                          AND staff_session.used_at + make_interval(secs => staff_session.idle_s) > $2
                          AND staff.deactivated_at IS NULL)",
    )
    .bind(session)
    .bind(now.to_sqlx())
    .fetch_one(db)
    .await
}

pub async fn list(db: &mut PgConnection, staff: Uuid, now: Timestamp) -> Result<Vec<Listed>, sqlx::Error> {
    let listed = |row: PgRow| {
        Ok(Listed {
            session: row.try_get("session")?,
            shared_computer: row.try_get("shared_computer")?,
            made_at: row.try_get::<SqlTimestamp, _>("made_at")?.to_jiff(),
            used_at: row.try_get::<SqlTimestamp, _>("used_at")?.to_jiff(),
            address: row.try_get("address")?,
            browser: row.try_get("browser")?,
            factors: row.try_get("factors")?,
        })
    };
    sqlx::query(
        "SELECT session, shared_computer, made_at, used_at, address, browser, factors FROM staff_session
         WHERE staff = $1 AND ends_at > $2 AND used_at + make_interval(secs => idle_s) > $2 ORDER BY used_at DESC, session",
    )
    .bind(staff)
    .bind(now.to_sqlx())
    .fetch_all(db)
    .await?
    .into_iter()
    .map(listed)
    .collect()
}

/// The session that the token opens is over; whose it was, if there was one.
pub async fn end(db: &mut PgConnection, token_hash: &[u8]) -> Result<Option<(Uuid, Uuid)>, sqlx::Error> {
    sqlx::query_as("DELETE FROM staff_session WHERE token_hash = $1 RETURNING staff, organisation")
        .bind(token_hash)
        .fetch_optional(db)
        .await
}

/// False: this person has no such session.
pub async fn end_one(db: &mut PgConnection, staff: Uuid, session: Uuid) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query("DELETE FROM staff_session WHERE staff = $1 AND session = $2")
        .bind(staff)
        .bind(session)
        .execute(db)
        .await?;
    Ok(ended.rows_affected() == 1)
}

/// All of one person's sessions but `kept`, and every attempt to begin one. How many sessions there were.
pub async fn end_all(db: &mut PgConnection, staff: Uuid, kept: Option<Uuid>) -> Result<u64, sqlx::Error> {
    sqlx::query("DELETE FROM sign_in_attempt WHERE staff = $1").bind(staff).execute(&mut *db).await?;
    let ended = sqlx::query("DELETE FROM staff_session WHERE staff = $1 AND session IS DISTINCT FROM $2")
        .bind(staff)
        .bind(kept)
        .execute(db)
        .await?;
    Ok(ended.rows_affected())
}
