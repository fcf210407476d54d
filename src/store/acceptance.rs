//! What staff took as it is although it was doubted. Rows are written once; one is of the values as they were.

use std::collections::BTreeMap;

use alert_rules::Acceptance;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::history::Valued;

#[derive(Debug)]
pub struct New<'a> {
    pub patient: Uuid,
    pub organisation: Uuid,
    /// The number of the reading, or of the correction, whose values are accepted.
    pub values_seq: i64,
    pub acceptance: &'a Acceptance,
    pub staff: Uuid,
    /// Care time.
    pub at: Timestamp,
}

/// Who accepted a value, and when.
#[derive(Clone, Debug)]
pub struct By {
    pub staff: Uuid,
    pub name: String,
    pub at: Timestamp,
}

/// False: somebody, perhaps at the same moment, accepted these values before.
pub async fn insert(db: &mut PgConnection, new: &New<'_>) -> Result<bool, sqlx::Error> {
    let values: Vec<Valued> = new.acceptance.values.iter().copied().map(Valued::from).collect();
    let done = sqlx::query(
        "INSERT INTO acceptance (patient, values_seq, organisation, seq, effective_at, \"values\", staff, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (patient, values_seq) DO NOTHING",
    )
    .bind(new.patient)
    .bind(new.values_seq)
    .bind(new.organisation)
    .bind(new.acceptance.seq)
    .bind(new.acceptance.effective_at.to_sqlx())
    .bind(Json(values))
    .bind(new.staff)
    .bind(new.at.to_sqlx())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// All there ever were of these patients: what was accepted years ago still counts.
pub async fn of(db: &mut PgConnection, patients: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<Acceptance>>, sqlx::Error> {
    let without_time =
        |dated: Vec<(Timestamp, Acceptance)>| dated.into_iter().map(|(_, acceptance)| acceptance).collect();
    Ok(dated(db, patients).await?.into_iter().map(|(patient, dated)| (patient, without_time(dated))).collect())
}

/// The same, each with when it was accepted, in care time.
pub async fn dated(
    db: &mut PgConnection,
    patients: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<(Timestamp, Acceptance)>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT patient, seq, effective_at, \"values\" AS taken, at FROM acceptance
         WHERE patient = ANY($1) ORDER BY patient, values_seq",
    )
    .bind(patients)
    .fetch_all(db)
    .await?;
    let mut found: BTreeMap<Uuid, Vec<(Timestamp, Acceptance)>> = BTreeMap::new();
    for row in rows {
        let Json(values): Json<Vec<Valued>> = row.try_get("taken")?;
        let acceptance = Acceptance {
            seq: row.try_get("seq")?,
            effective_at: row.try_get::<jiff_sqlx::Timestamp, _>("effective_at")?.to_jiff(),
            values: values.into_iter().map(Valued::pair).collect(),
        };
        let at = row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff();
        found.entry(row.try_get("patient")?).or_default().push((at, acceptance));
    }
    Ok(found)
}

/// By whom, of each number whose values were accepted.
pub async fn by(db: &mut PgConnection, patient: Uuid) -> Result<BTreeMap<i64, By>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT acceptance.values_seq, acceptance.staff, staff.name, acceptance.at
         FROM acceptance JOIN staff USING (staff) WHERE acceptance.patient = $1",
    )
    .bind(patient)
    .fetch_all(db)
    .await?;
    let of_row = |row: &sqlx::postgres::PgRow| {
        let at = row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff();
        Ok((row.try_get("values_seq")?, By { staff: row.try_get("staff")?, name: row.try_get("name")?, at }))
    };
    rows.iter().map(of_row).collect()
}
