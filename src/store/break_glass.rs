//! Records opened out of reach, with a reason. Whether one may is decided in the database (`migrations/0010`), too.

use jiff::Timestamp;
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

/// One look behind broken glass, as the record shows it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub staff: Uuid,
    pub name: String,
    pub reason: String,
    pub at: Timestamp,
    pub until: Timestamp,
}

/// Newest first.
pub async fn of_patient(db: &mut PgConnection, patient: Uuid, since: Timestamp) -> Result<Vec<Seen>, sqlx::Error> {
    sqlx::query(
        "SELECT break_glass.staff, staff.name, break_glass.reason, break_glass.at, break_glass.until
         FROM break_glass JOIN staff USING (staff)
         WHERE break_glass.patient = $1 AND break_glass.at >= $2 ORDER BY break_glass.at DESC",
    )
    .bind(patient)
    .bind(since.to_sqlx())
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Seen {
            staff: row.try_get("staff")?,
            name: row.try_get("name")?,
            reason: row.try_get("reason")?,
            at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
            until: row.try_get::<jiff_sqlx::Timestamp, _>("until")?.to_jiff(),
        })
    })
    .collect()
}
