//! Codes that prove a contact point: sent to it, and typed by its owner who is signed in. All times are machine time.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::random;

pub const LASTS: SignedDuration = SignedDuration::from_mins(15);
const WRONG_ANSWERS: i16 = 5;
/// How many somebody was sent is counted by the hour (`web/contacts.rs`).
const KEPT: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug)]
pub struct New<'a> {
    pub contact_point: Uuid,
    pub staff: Uuid,
    /// The page that carries it.
    pub page: Uuid,
    pub code_hash: &'a [u8],
    pub sent_at: Timestamp,
}

/// Those before it count no more.
pub async fn insert(db: &mut PgConnection, new: &New<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO contact_code (contact_code, contact_point, staff, page, code_hash, sent_at, ends_at, wrong_answers)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
    )
    .bind(random::new_id())
    .bind(new.contact_point)
    .bind(new.staff)
    .bind(new.page)
    .bind(new.code_hash)
    .bind(new.sent_at.to_sqlx())
    .bind((new.sent_at + LASTS).to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// How many this person was sent since, to whichever points.
pub async fn sent_since(db: &mut PgConnection, staff: Uuid, since: Timestamp) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM contact_code WHERE staff = $1 AND sent_at > $2")
        .bind(staff)
        .bind(since.to_sqlx())
        .fetch_one(db)
        .await
}

/// Whether this is the last code that was sent there. A wrong answer is counted, and the fifth ends the code.
pub async fn answer(
    db: &mut PgConnection,
    contact_point: Uuid,
    code_hash: &[u8],
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let right: Option<bool> = sqlx::query_scalar(
        "WITH last AS (
             SELECT contact_code FROM contact_code WHERE contact_point = $1 ORDER BY sent_at DESC LIMIT 1 FOR UPDATE
         )
         UPDATE contact_code SET wrong_answers = wrong_answers + (code_hash <> $2)::integer
         FROM last WHERE contact_code.contact_code = last.contact_code AND ends_at > $3 AND wrong_answers < $4
         RETURNING code_hash = $2",
    )
    .bind(contact_point)
    .bind(code_hash)
    .bind(now.to_sqlx())
    .bind(WRONG_ANSWERS)
    .fetch_optional(db)
    .await?;
    Ok(right.unwrap_or(false))
}

/// As the eraser: what opens and counts nothing any more.
pub async fn forget(db: &mut PgConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM contact_code WHERE sent_at < $1").bind((now - KEPT).to_sqlx()).execute(db).await?;
    Ok(())
}
