//! Who looked at or changed what. Written in the transaction of the act it records.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Pages fetch anew whenever something changes: one look in this time is one entry.
const ONE_LOOK: SignedDuration = SignedDuration::from_hours(1);

/// `at` is machine time. `detail` holds ids and settings, never a reading.
pub async fn write(
    db: &mut PgConnection,
    organisation: Uuid,
    staff: Option<Uuid>,
    patient: Option<Uuid>,
    what: &str,
    detail: Value,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO audit (organisation, at, staff, patient, what, detail) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(organisation)
        .bind(at.to_sqlx())
        .bind(staff)
        .bind(patient)
        .bind(what)
        .bind(detail)
        .execute(db)
        .await?;
    Ok(())
}

/// That somebody looked: like `write`, but the same look within an hour is not written again.
pub async fn write_look(
    db: &mut PgConnection,
    organisation: Uuid,
    staff: Uuid,
    patient: Option<Uuid>,
    what: &str,
    detail: Value,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO audit (organisation, at, staff, patient, what, detail)
         SELECT $1, $2, $3, $4, $5, $6
         WHERE NOT EXISTS (SELECT FROM audit WHERE staff = $3 AND at > $7 AND patient IS NOT DISTINCT FROM $4
                                                   AND what = $5 AND detail = $6)",
    )
    .bind(organisation)
    .bind(at.to_sqlx())
    .bind(staff)
    .bind(patient)
    .bind(what)
    .bind(detail)
    .bind((at - ONE_LOOK).to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}
