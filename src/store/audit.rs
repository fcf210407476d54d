//! Who looked at or changed what. Written in the transaction of the act it records.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

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
