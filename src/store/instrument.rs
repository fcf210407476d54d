//! Whose readings an instrument keeps under a user number. A number belongs to one person at a time, whoever's phone reads it out.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// What an instrument says of itself; empty where it says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    pub make: String,
    pub model: String,
    pub serial: String,
}

/// A number of it, and whose it is.
#[derive(Clone, Debug)]
pub struct Bound {
    pub instrument: Instrument,
    pub user: i16,
    pub patient: Uuid,
}

/// All numbers of these instruments that somebody has.
pub async fn bound(pool: &PgPool, instruments: &[Instrument]) -> Result<Vec<Bound>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT make, model, serial, user_number, patient
         FROM instrument_user JOIN unnest($1::text[], $2::text[], $3::text[]) AS asked (make, model, serial)
                                   USING (make, model, serial)
         WHERE released_at IS NULL",
    )
    .bind(instruments.iter().map(|each| each.make.as_str()).collect::<Vec<_>>())
    .bind(instruments.iter().map(|each| each.model.as_str()).collect::<Vec<_>>())
    .bind(instruments.iter().map(|each| each.serial.as_str()).collect::<Vec<_>>())
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Bound { instrument: read(row)?, user: row.try_get("user_number")?, patient: row.try_get("patient")? })
        })
        .collect()
}

/// A number that is to be somebody's.
#[derive(Clone, Debug)]
pub struct NewBound<'a> {
    pub instrument_user: Uuid,
    pub instrument: &'a Instrument,
    pub user: i16,
    pub patient: Uuid,
    /// The patient's.
    pub organisation: Uuid,
    pub by: &'a str,
}

/// False: it is somebody's already. `at` is machine time.
pub async fn bind(db: &mut PgConnection, new: &NewBound<'_>, at: Timestamp) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO instrument_user (instrument_user, make, model, serial, user_number, patient, organisation, bound_at, bound_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(new.instrument_user)
    .bind(&new.instrument.make)
    .bind(&new.instrument.model)
    .bind(&new.instrument.serial)
    .bind(new.user)
    .bind(new.patient)
    .bind(new.organisation)
    .bind(at.to_sqlx())
    .bind(new.by)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether the number is, or was, this patient's.
pub async fn was_of(db: &mut PgConnection, instrument_user: Uuid, patient: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM instrument_user WHERE instrument_user = $1 AND patient = $2)")
        .bind(instrument_user)
        .bind(patient)
        .fetch_one(db)
        .await
}

/// The number is nobody's from now on. Whether it was somebody's.
pub async fn release(
    db: &mut PgConnection,
    instrument_user: Uuid,
    by: &str,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE instrument_user SET released_at = $2, released_by = $3 WHERE instrument_user = $1 AND released_at IS NULL",
    )
    .bind(instrument_user)
    .bind(at.to_sqlx())
    .bind(by)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A number of a patient's.
#[derive(Clone, Debug)]
pub struct Own {
    pub instrument_user: Uuid,
    pub instrument: Instrument,
    pub user: i16,
    pub bound_at: Timestamp,
    pub bound_by: String,
}

/// Newest first.
pub async fn of_patient(db: &mut PgConnection, patient: Uuid) -> Result<Vec<Own>, sqlx::Error> {
    sqlx::query(
        "SELECT instrument_user, make, model, serial, user_number, bound_at, bound_by FROM instrument_user
         WHERE patient = $1 AND released_at IS NULL ORDER BY bound_at DESC, instrument_user",
    )
    .bind(patient)
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Own {
            instrument_user: row.try_get("instrument_user")?,
            instrument: read(row)?,
            user: row.try_get("user_number")?,
            bound_at: row.try_get::<SqlTimestamp, _>("bound_at")?.to_jiff(),
            bound_by: row.try_get("bound_by")?,
        })
    })
    .collect()
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Instrument, sqlx::Error> {
    Ok(Instrument { make: row.try_get("make")?, model: row.try_get("model")?, serial: row.try_get("serial")? })
}
