//! Finding somebody whose record one does not see, by whole family name and day of birth. Who is found for which purpose is decided in
//! the database (`migrations/0010`, `0015`).

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Found {
    pub patient: Uuid,
    pub given_name: String,
    pub family_name: String,
    pub date_of_birth: Date,
    /// By name.
    pub team: String,
}

/// Those whom the acting member of staff may break the glass for.
pub async fn to_break_glass(db: &mut PgConnection, family_name: &str, born: Date) -> Result<Vec<Found>, sqlx::Error> {
    const FIND: &str = "SELECT patient, given_name, family_name, date_of_birth, team FROM find_to_break_glass($1, $2)";
    find(db, FIND, family_name, born).await
}

/// Patients of the acting auditor's organisation.
pub async fn to_audit(db: &mut PgConnection, family_name: &str, born: Date) -> Result<Vec<Found>, sqlx::Error> {
    const FIND: &str = "SELECT patient, given_name, family_name, date_of_birth, team FROM find_to_audit($1, $2)";
    find(db, FIND, family_name, born).await
}

async fn find(
    db: &mut PgConnection,
    statement: &'static str,
    family_name: &str,
    born: Date,
) -> Result<Vec<Found>, sqlx::Error> {
    let rows = sqlx::query(statement).bind(family_name).bind(born.to_sqlx()).fetch_all(db).await?;
    rows.iter()
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
