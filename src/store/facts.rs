//! What people set for a patient: plan, limits, tags, pauses. Every version is kept, so any evaluation can be computed again.

use alert_rules::Facts;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// One version, in force from `valid_from` until the next one.
#[derive(Clone, Debug)]
pub struct Version {
    pub valid_from: Timestamp,
    pub facts: Facts,
    pub made_by: String,
    pub why: String,
}

#[derive(Debug)]
pub struct NewVersion<'a> {
    pub patient: Uuid,
    pub organisation: Uuid,
    pub facts: &'a Facts,
    /// Care time.
    pub valid_from: Timestamp,
    pub made_by: &'a str,
    pub why: &'a str,
}

/// All versions, oldest first.
pub async fn versions(db: &mut PgConnection, patient: Uuid) -> Result<Vec<Version>, sqlx::Error> {
    sqlx::query(
        "SELECT version, valid_from, facts, made_by, why FROM patient_facts WHERE patient = $1 ORDER BY version",
    )
    .bind(patient)
    .fetch_all(db)
    .await?
    .iter()
    .map(read)
    .collect()
}

/// The newest version, locked against a second writer until the transaction ends.
pub async fn newest_for_change(db: &mut PgConnection, patient: Uuid) -> Result<Option<Version>, sqlx::Error> {
    sqlx::query("SELECT patient FROM patient WHERE patient = $1 FOR NO KEY UPDATE")
        .bind(patient)
        .execute(&mut *db)
        .await?;
    let row = sqlx::query(
        "SELECT version, valid_from, facts, made_by, why FROM patient_facts WHERE patient = $1 ORDER BY version DESC LIMIT 1",
    )
    .bind(patient)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Adds a version and tells the monitor by an arrival. Returns the version's number.
/// Send `Signal::Arrived` and `Signal::Plan` after the commit.
pub async fn insert(db: &mut PgConnection, new: NewVersion<'_>) -> Result<i64, sqlx::Error> {
    let (version,): (i64,) =
        sqlx::query_as("SELECT coalesce(max(version), 0) + 1 FROM patient_facts WHERE patient = $1")
            .bind(new.patient)
            .fetch_one(&mut *db)
            .await?;
    let facts = Facts { version, ..new.facts.clone() };
    sqlx::query(
        "INSERT INTO patient_facts (patient, version, organisation, valid_from, facts, made_by, why)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.patient)
    .bind(version)
    .bind(new.organisation)
    .bind(new.valid_from.to_sqlx())
    .bind(Json(facts))
    .bind(new.made_by)
    .bind(new.why)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO arrival (patient, seq, cause, earliest, rank, received_at) VALUES ($1, NULL, 'facts', $2, 1, $2)",
    )
    .bind(new.patient)
    .bind(new.valid_from.to_sqlx())
    .execute(db)
    .await?;
    Ok(version)
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Version, sqlx::Error> {
    let Json(mut facts): Json<Facts> = row.try_get("facts")?;
    facts.version = row.try_get("version")?;
    let valid_from = row.try_get::<jiff_sqlx::Timestamp, _>("valid_from")?.to_jiff();
    Ok(Version { valid_from, facts, made_by: row.try_get("made_by")?, why: row.try_get("why")? })
}

/// The newest facts of everybody who is monitored.
pub async fn of_all_monitored(db: &mut PgConnection) -> Result<Vec<Facts>, sqlx::Error> {
    let facts: Vec<Json<Facts>> = sqlx::query_scalar(
        "SELECT DISTINCT ON (patient) facts FROM patient_facts JOIN patient USING (patient)
         WHERE patient.ended_at IS NULL AND patient.organisation <> synthetic_organisation() ORDER BY patient, version DESC",
    )
    .fetch_all(db)
    .await?;
    Ok(facts.into_iter().map(|Json(facts)| facts).collect())
}
