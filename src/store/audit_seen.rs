//! The audit as it is read: by an organisation's auditors, with names, and by a patient, about their own record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::audit_row::COLUMNS;

pub use super::audit_row::AuditRow;

/// Which entries are wanted; those left out are not asked about.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Whose records, or whose staff; none: all of the installation.
    pub organisation: Option<Uuid>,
    pub patient: Option<Uuid>,
    pub staff: Option<Uuid>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// The name of an act.
    pub what: Option<String>,
    /// Entries with smaller numbers only.
    pub before: Option<i64>,
}

/// An entry, and the member of staff by name, role and profession.
#[derive(Clone, Debug)]
pub struct Seen {
    pub row: AuditRow,
    pub staff: Option<(String, String, String)>,
}

/// Newest first.
pub async fn search(db: &mut PgConnection, wanted: &Wanted, limit: i64) -> Result<Vec<Seen>, sqlx::Error> {
    const ASKED: &str = "($2::uuid IS NULL OR patient = $2) AND ($3::uuid IS NULL OR staff = $3)
        AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)
        AND ($6::text IS NULL OR what = $6) AND ($7::bigint IS NULL OR audit < $7) ORDER BY audit DESC LIMIT $8";
    sqlx::query(sqlx::AssertSqlSafe(format!(
        // Each half by its own index.
        "WITH found AS ((SELECT audit FROM audit WHERE ($1::uuid IS NULL OR organisation = $1) AND {ASKED})
                        UNION (SELECT audit FROM audit WHERE employer = $1 AND {ASKED}))
         SELECT {COLUMNS}, staff.name AS staff_name, staff.role AS staff_role, staff.profession AS staff_profession
         FROM found JOIN audit USING (audit) LEFT JOIN staff ON staff.staff = audit.staff
         ORDER BY audit.audit DESC LIMIT $8"
    )))
    .bind(wanted.organisation)
    .bind(wanted.patient)
    .bind(wanted.staff)
    .bind(wanted.from.map(|at| at.to_sqlx()))
    .bind(wanted.until.map(|at| at.to_sqlx()))
    .bind(&wanted.what)
    .bind(wanted.before)
    .bind(limit)
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        let name: Option<String> = row.try_get("staff_name")?;
        let staff = match name {
            Some(name) => Some((name, row.try_get("staff_role")?, row.try_get("staff_profession")?)),
            None => None,
        };
        Ok(Seen { row: AuditRow::from_row(row)?, staff })
    })
    .collect()
}

/// Names of those patients whom the acting auditor may know by name.
pub async fn patients(db: &mut PgConnection, patients: &[Uuid]) -> Result<BTreeMap<Uuid, String>, sqlx::Error> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT patient, name FROM audit_patients($1)").bind(patients).fetch_all(db).await?;
    Ok(rows.into_iter().collect())
}

/// Whose devices these are, by name.
pub async fn devices(db: &mut PgConnection, devices: &[Uuid]) -> Result<BTreeMap<Uuid, String>, sqlx::Error> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT device, owner FROM audit_devices($1)").bind(devices).fetch_all(db).await?;
    Ok(rows.into_iter().collect())
}

/// Somebody who did something to a patient's record, as the patient is told.
#[derive(Clone, Debug)]
pub struct Opened {
    pub audit: i64,
    pub at: Timestamp,
    /// The name of an act.
    pub what: String,
    pub why: Option<String>,
    pub name: String,
    /// None: whoever looks after the service.
    pub profession: Option<String>,
    pub organisation: Option<String>,
    /// The team that looks after this patient and that they work in.
    pub team: Option<String>,
}

/// Newest first; those before the entry `before`, if it is given.
pub async fn of_patient(
    pool: &PgPool,
    patient: Uuid,
    before: Option<i64>,
    limit: i32,
) -> Result<Vec<Opened>, sqlx::Error> {
    sqlx::query("SELECT audit, at, what, why, name, profession, organisation, team FROM who_opened($1, $2, $3)")
        .bind(patient)
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(pool)
        .await?
        .iter()
        .map(|row| {
            Ok(Opened {
                audit: row.try_get("audit")?,
                at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
                what: row.try_get("what")?,
                why: row.try_get("why")?,
                name: row.try_get("name")?,
                profession: row.try_get("profession")?,
                organisation: row.try_get("organisation")?,
                team: row.try_get("team")?,
            })
        })
        .collect()
}
