//! Readings as staff may see them: through the view that shows one organisation, with what later corrections say of them.
//! Every statement bounds `effective_at`, so that only the chunks of that stretch are opened.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use serde::Deserialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

/// One act of measuring.
#[derive(Clone, Debug)]
pub struct Reading {
    pub patient: Uuid,
    pub seq: i64,
    pub vital: String,
    pub effective_at: Timestamp,
    pub received_at: Timestamp,
    pub components: Vec<Component>,
    pub absent: Option<String>,
    pub flags: Vec<String>,
    pub method: Option<String>,
    pub context: Option<serde_json::Value>,
    pub correction: Option<Correction>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    pub component: String,
    /// In the component's canonical unit.
    pub value: Option<f64>,
    pub comparator: Option<String>,
    /// As it was sent, in decimal digits.
    pub value_given: Option<String>,
    pub unit_given: Option<String>,
}

/// A component as a correction holds it.
#[derive(Deserialize)]
struct Replacing {
    component: String,
    value: Option<f64>,
    comparator: Option<String>,
    value_given: Option<serde_json::Number>,
    unit_given: Option<String>,
}

impl From<Replacing> for Component {
    fn from(new: Replacing) -> Self {
        Self {
            component: new.component,
            value: new.value,
            comparator: new.comparator,
            value_given: new.value_given.map(|number| number.to_string()),
            unit_given: new.unit_given,
        }
    }
}

/// What was said of a reading last.
#[derive(Clone, Debug)]
pub struct Correction {
    pub seq: i64,
    /// None: it was taken back.
    pub values: Option<Vec<Component>>,
}

/// Most people have measured something in these days. The barrier view hides its order from the planner, so all readings of
/// the stretch are read; for who is silent longer, the ledger tells which reading to look at.
const FIRST_LOOK: SignedDuration = SignedDuration::from_hours(8 * 24);
/// An older last reading is not shown.
const LAST_LOOK: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The newest reading of each of these patients that was not taken back.
pub async fn newest(
    db: &mut PgConnection,
    patients: &[Uuid],
    now: Timestamp,
) -> Result<HashMap<Uuid, Reading>, sqlx::Error> {
    let mut found = newest_among(db, LAST_MEASURED, patients, now - FIRST_LOOK, now).await?;
    let silent: Vec<Uuid> = patients.iter().copied().filter(|patient| !found.contains_key(patient)).collect();
    if !silent.is_empty() {
        found.extend(newest_among(db, LAST_STORED, &silent, now - LAST_LOOK, now).await?);
    }
    Ok(found)
}

/// Of the patient `who`, measured after $2 and not after $3: the last few that were measured in that stretch.
const LAST_MEASURED: &str = "SELECT DISTINCT seen.effective_at, seen.seq FROM reading_seen AS seen
     WHERE seen.patient = who.patient AND seen.effective_at > $2 AND seen.effective_at <= $3
     ORDER BY seen.effective_at DESC, seen.seq DESC LIMIT 8";
/// The last few that were stored, whenever they were measured.
const LAST_STORED: &str = "SELECT submission.seq, submission.effective_at FROM submission
     WHERE submission.patient = who.patient AND submission.kind = 'reading'
     ORDER BY submission.seq DESC LIMIT 8";

/// The newest among a few. Both subqueries name the patient as a parameter (`LIMIT`, `OFFSET 0` keep them apart): a plain join with
/// the barrier view would read everybody's readings.
async fn newest_among(
    db: &mut PgConnection,
    few: &'static str,
    patients: &[Uuid],
    from: Timestamp,
    until: Timestamp,
) -> Result<HashMap<Uuid, Reading>, sqlx::Error> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT r.patient, r.seq, r.component, r.effective_at, r.vital, r.value_given::text, r.unit_given, r.value, r.comparator,
                r.absent, r.received_at, r.flags, r.method, r.context
         FROM unnest($1::uuid[]) AS who (patient)
         CROSS JOIN LATERAL (
             SELECT few.seq, few.effective_at
             FROM ({few}) AS few
             WHERE few.effective_at > $2 AND few.effective_at <= $3
                   AND (SELECT correction.values IS NULL FROM correction
                        WHERE correction.patient = who.patient AND correction.corrects_seq = few.seq
                        ORDER BY correction.seq DESC LIMIT 1) IS NOT TRUE
             ORDER BY few.effective_at DESC, few.seq DESC LIMIT 1) AS newest
         CROSS JOIN LATERAL (
             SELECT seen.patient, seen.seq, seen.component, seen.effective_at, seen.vital, seen.value_given, seen.unit_given, seen.value,
                    seen.comparator, seen.absent, seen.received_at, seen.flags, seen.method, seen.context
             FROM reading_seen AS seen
             WHERE seen.patient = who.patient AND seen.seq = newest.seq AND seen.effective_at = newest.effective_at
                   AND seen.effective_at > $2 AND seen.effective_at <= $3
             OFFSET 0) AS r
         ORDER BY r.patient, r.component"
    )))
    .bind(patients)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .fetch_all(&mut *db)
    .await?;
    let readings = with_corrections(db, together(&rows)?).await?;
    Ok(readings.into_iter().map(|reading| (reading.patient, reading)).collect())
}

/// The newest reading of every vital this patient has any of, the most recently measured first.
pub async fn newest_by_vital(
    db: &mut PgConnection,
    patient: Uuid,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Reading>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH newest AS (
             SELECT DISTINCT ON (vital) vital, seq, effective_at FROM reading_seen
             WHERE patient = $1 AND effective_at > $2 AND effective_at <= $3
             ORDER BY vital, effective_at DESC, seq DESC)
         SELECT r.patient, r.seq, r.component, r.effective_at, r.vital, r.value_given::text, r.unit_given, r.value, r.comparator,
                r.absent, r.received_at, r.flags, r.method, r.context
         FROM newest JOIN reading_seen AS r ON r.seq = newest.seq AND r.effective_at = newest.effective_at
         WHERE r.patient = $1 AND r.effective_at > $2 AND r.effective_at <= $3
         ORDER BY r.effective_at, r.seq, r.component",
    )
    .bind(patient)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .fetch_all(&mut *db)
    .await?;
    let mut readings = with_corrections(db, together(&rows)?).await?;
    readings.reverse();
    Ok(readings)
}

/// All readings of a stretch of time, or those of one vital, oldest first, those taken back or replaced among them.
pub async fn between(
    db: &mut PgConnection,
    patient: Uuid,
    vital: Option<&str>,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Reading>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT patient, seq, component, effective_at, vital, value_given::text, unit_given, value, comparator, absent, received_at,
                flags, method, context
         FROM reading_seen
         WHERE patient = $1 AND ($2::text IS NULL OR vital = $2) AND effective_at >= $3 AND effective_at <= $4
         ORDER BY effective_at, seq, component",
    )
    .bind(patient)
    .bind(vital)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .fetch_all(&mut *db)
    .await?;
    with_corrections(db, together(&rows)?).await
}

/// Rows of one act of measuring stand together; this makes one reading of them.
fn together(rows: &[PgRow]) -> Result<Vec<Reading>, sqlx::Error> {
    let mut readings: Vec<Reading> = Vec::new();
    for row in rows {
        let (patient, seq): (Uuid, i64) = (row.try_get("patient")?, row.try_get("seq")?);
        if readings.last().is_none_or(|last| (last.patient, last.seq) != (patient, seq)) {
            readings.push(Reading {
                patient,
                seq,
                vital: row.try_get("vital")?,
                effective_at: row.try_get::<jiff_sqlx::Timestamp, _>("effective_at")?.to_jiff(),
                received_at: row.try_get::<jiff_sqlx::Timestamp, _>("received_at")?.to_jiff(),
                components: Vec::new(),
                absent: row.try_get("absent")?,
                flags: row.try_get("flags")?,
                method: row.try_get("method")?,
                context: row.try_get("context")?,
                correction: None,
            });
        }
        if let Some(reading) = readings.last_mut()
            && reading.absent.is_none()
        {
            reading.components.push(Component {
                component: row.try_get("component")?,
                value: row.try_get("value")?,
                comparator: row.try_get("comparator")?,
                value_given: row.try_get("value_given")?,
                unit_given: row.try_get("unit_given")?,
            });
        }
    }
    Ok(readings)
}

async fn with_corrections(db: &mut PgConnection, mut readings: Vec<Reading>) -> Result<Vec<Reading>, sqlx::Error> {
    if readings.is_empty() {
        return Ok(readings);
    }
    let rows = sqlx::query(
        "SELECT DISTINCT ON (correction.patient, correction.corrects_seq)
                correction.patient, correction.corrects_seq, correction.seq, correction.values
         FROM correction JOIN unnest($1::uuid[], $2::bigint[]) AS of (patient, seq)
              ON correction.patient = of.patient AND correction.corrects_seq = of.seq
         ORDER BY correction.patient, correction.corrects_seq, correction.seq DESC",
    )
    .bind(readings.iter().map(|reading| reading.patient).collect::<Vec<_>>())
    .bind(readings.iter().map(|reading| reading.seq).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let mut corrections = HashMap::new();
    for row in rows {
        let key: (Uuid, i64) = (row.try_get("patient")?, row.try_get("corrects_seq")?);
        let values = row.try_get::<Option<Json<Vec<Replacing>>>, _>("values")?;
        let values = values.map(|Json(values)| values.into_iter().map(Component::from).collect());
        corrections.insert(key, Correction { seq: row.try_get("seq")?, values });
    }
    for reading in &mut readings {
        reading.correction = corrections.remove(&(reading.patient, reading.seq));
    }
    Ok(readings)
}
