//! Records opened out of reach, with a reason. Whether one may is decided in the database (`migrations/0010`), too.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Copy, Debug)]
pub struct Broken<'a> {
    pub break_glass: Uuid,
    pub patient: Uuid,
    /// The patient's.
    pub organisation: Uuid,
    pub staff: Uuid,
    pub reason: &'a str,
    /// Machine time.
    pub at: Timestamp,
    pub until: Timestamp,
}

/// Somebody one may break the glass for.
#[derive(Clone, Debug)]
pub struct Found {
    pub patient: Uuid,
    pub given_name: String,
    pub family_name: String,
    pub date_of_birth: Date,
    /// By name.
    pub team: String,
}

pub async fn find(db: &mut PgConnection, family_name: &str, born: Date) -> Result<Vec<Found>, sqlx::Error> {
    sqlx::query("SELECT patient, given_name, family_name, date_of_birth, team FROM find_to_break_glass($1, $2)")
        .bind(family_name)
        .bind(born.to_sqlx())
        .fetch_all(db)
        .await?
        .iter()
        .map(|row| {
            Ok(Found {
                patient: row.try_get("patient")?,
                given_name: row.try_get("given_name")?,
                family_name: row.try_get("family_name")?,
                date_of_birth: row.try_get::<jiff_sqlx::Date, _>("date_of_birth")?.to_jiff(),
                team: row.try_get("team")?,
            })
        })
        .collect()
}

/// Whether whoever acts in this transaction may: for patients of their own organisation.
pub async fn is_allowed(db: &mut PgConnection, patient: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT may_break_glass($1)").bind(patient).fetch_one(db).await
}

pub async fn insert(db: &mut PgConnection, broken: &Broken<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO break_glass (break_glass, patient, organisation, staff, reason, at, until)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(broken.break_glass)
    .bind(broken.patient)
    .bind(broken.organisation)
    .bind(broken.staff)
    .bind(broken.reason)
    .bind(broken.at.to_sqlx())
    .bind(broken.until.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}
