//! A patient asked, on a phone, that nothing be due while they are away: a task until somebody of the team says yes or no. Of several
//! the newest counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// What was asked for. Days are those of where the patient lives.
#[derive(Clone, Debug)]
pub struct Request {
    /// Made by the phone.
    pub request: Uuid,
    pub from: Date,
    /// The first day on which things are to be due again.
    pub until: Date,
    pub why: String,
    /// Care time.
    pub asked_at: Timestamp,
}

#[derive(Debug)]
pub struct New<'a> {
    pub patient: Uuid,
    pub organisation: Uuid,
    pub device: Uuid,
    pub asked: &'a Request,
}

/// The same request twice is one. True: it is news, and the monitor is told by an arrival; send `Signal::Arrived`.
pub async fn insert(pool: &PgPool, new: &New<'_>) -> Result<bool, sqlx::Error> {
    let mut db = pool.begin().await?;
    let done = sqlx::query(
        "INSERT INTO pause_request (patient, request, organisation, device, from_day, until_day, why, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (patient, request) DO NOTHING",
    )
    .bind(new.patient)
    .bind(new.asked.request)
    .bind(new.organisation)
    .bind(new.device)
    .bind(new.asked.from.to_sqlx())
    .bind(new.asked.until.to_sqlx())
    .bind(&new.asked.why)
    .bind(new.asked.asked_at.to_sqlx())
    .execute(&mut *db)
    .await?;
    let is_news = done.rows_affected() > 0;
    if is_news {
        super::arrival::again(&mut db, new.patient, new.asked.asked_at, new.asked.asked_at).await?;
    }
    db.commit().await?;
    Ok(is_news)
}

/// The newest request of each of these patients, unless it was answered.
pub async fn open(db: &mut PgConnection, patients: &[Uuid]) -> Result<BTreeMap<Uuid, Request>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT DISTINCT ON (patient) patient, request, from_day, until_day, why, asked_at FROM pause_request
         WHERE patient = ANY($1) AND answered_at IS NULL ORDER BY patient, asked_at DESC, request",
    )
    .bind(patients)
    .fetch_all(db)
    .await?;
    let of_row = |row: &PgRow| {
        let request = Request {
            request: row.try_get("request")?,
            from: row.try_get::<jiff_sqlx::Date, _>("from_day")?.to_jiff(),
            until: row.try_get::<jiff_sqlx::Date, _>("until_day")?.to_jiff(),
            why: row.try_get("why")?,
            asked_at: row.try_get::<jiff_sqlx::Timestamp, _>("asked_at")?.to_jiff(),
        };
        Ok((row.try_get("patient")?, request))
    };
    rows.iter().map(of_row).collect()
}

/// Says yes or no to everything this patient has asked for. False: somebody was quicker. `at`: care time.
pub async fn answer(
    db: &mut PgConnection,
    patient: Uuid,
    staff: Uuid,
    taken_on: bool,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE pause_request SET answered_at = $2, answered_by = $3, taken_on = $4
         WHERE patient = $1 AND answered_at IS NULL",
    )
    .bind(patient)
    .bind(at.to_sqlx())
    .bind(staff)
    .bind(taken_on)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}
