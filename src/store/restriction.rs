//! Restriction of what is done with a record (GDPR, article 18): it is kept, and seen by nobody but those who are named.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::random;

/// One that is in force.
#[derive(Clone, Debug)]
pub struct Restriction {
    /// Machine time.
    pub since: Timestamp,
    pub made_by: String,
    pub why: String,
}

/// Of a patient whose record is restricted: whoever acts in this transaction is one of those who are named.
pub async fn of_patient(db: &mut PgConnection, patient: Uuid) -> Result<Option<Restriction>, sqlx::Error> {
    let row = sqlx::query("SELECT from_at, made_by, why FROM restriction WHERE patient = $1 AND lifted_at IS NULL")
        .bind(patient)
        .fetch_optional(db)
        .await?;
    row.map(|row| {
        Ok(Restriction {
            since: row.try_get::<jiff_sqlx::Timestamp, _>("from_at")?.to_jiff(),
            made_by: row.try_get("made_by")?,
            why: row.try_get("why")?,
        })
    })
    .transpose()
}

/// False: it is restricted already, or the person is still monitored.
pub async fn restrict(
    db: &mut PgConnection,
    patient: Uuid,
    readers: &[Uuid],
    made_by: &str,
    why: &str,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let restriction = random::new_id();
    let made = sqlx::query(
        "INSERT INTO restriction (restriction, patient, organisation, from_at, made_by, why)
         SELECT $1, patient, organisation, $3, $4, $5 FROM patient WHERE patient = $2 AND ended_at IS NOT NULL
         ON CONFLICT (patient) WHERE lifted_at IS NULL DO NOTHING",
    )
    .bind(restriction)
    .bind(patient)
    .bind(at.to_sqlx())
    .bind(made_by)
    .bind(why)
    .execute(&mut *db)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO restriction_reader (restriction, staff) SELECT $1, staff FROM unnest($2::uuid[]) AS named (staff)",
    )
    .bind(restriction)
    .bind(readers)
    .execute(db)
    .await?;
    Ok(true)
}

/// False: it was not restricted.
pub async fn lift(
    db: &mut PgConnection,
    patient: Uuid,
    lifted_by: &str,
    why: &str,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let lifted = sqlx::query(
        "UPDATE restriction SET lifted_at = $2, lifted_by = $3, lifted_why = $4 WHERE patient = $1 AND lifted_at IS NULL",
    )
    .bind(patient)
    .bind(at.to_sqlx())
    .bind(lifted_by)
    .bind(why)
    .execute(db)
    .await?;
    Ok(lifted.rows_affected() > 0)
}
