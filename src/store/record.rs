//! What is on record about how patients were judged: enough to judge them again from the beginning, and what was concluded.

use std::collections::BTreeMap;

use alert_rules::History;
use alert_rules::facts::Gap;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::history::{self, Readings, Wanted};
use super::{acceptance, service_gap, shown};

/// Older than anything a plan could have begun with.
const BEGINNING: Timestamp = Timestamp::UNIX_EPOCH;
/// A phone's clock may be ahead by this much (`DATED_AHEAD_S`).
const AHEAD: SignedDuration = SignedDuration::from_mins(2);

/// Everything about one patient.
#[derive(Debug)]
pub struct Record {
    pub patient: Uuid,
    /// What was measured before was erased because it was old.
    pub erased_before: Option<Timestamp>,
    /// By version: from when on, and `alert_rules::Facts` as stored.
    pub facts: BTreeMap<i64, (Timestamp, Value)>,
    /// In the order in which they were done.
    pub evaluations: Vec<Evaluated>,
    pub findings: Vec<Found>,
    /// All of it, or why it cannot be read.
    pub history: Result<History, String>,
    /// Of the whole service.
    pub gaps: Vec<Gap>,
}

#[derive(Clone, Debug)]
pub struct Evaluated {
    pub range: Option<(i64, i64)>,
    pub rulebook: [u8; 32],
    /// 0: nobody watched.
    pub facts: i64,
    pub at: Timestamp,
    pub folded_from: Option<Timestamp>,
    pub failed: bool,
}

/// A row of `finding`: its columns, and the whole of it.
#[derive(Debug)]
pub struct Found {
    pub problem: String,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    pub kind: String,
    pub priority: String,
    pub rule: String,
    pub finding: Value,
}

/// The records of `count` patients who were judged, the same ones for the same seed.
pub async fn sample(db: &mut PgConnection, count: i64, seed: u64, now: Timestamp) -> Result<Vec<Record>, sqlx::Error> {
    let patients: Vec<Uuid> = sqlx::query_scalar(
        "SELECT patient FROM patient_judged JOIN patient USING (patient)
         WHERE folded_through IS NOT NULL AND organisation <> synthetic_organisation()
         ORDER BY md5(patient::text || $1), patient LIMIT $2",
    )
    .bind(seed.to_string())
    .bind(count)
    .fetch_all(&mut *db)
    .await?;
    let gaps = service_gap::since(db, BEGINNING).await?;
    let empty = |patient: &Uuid| Record {
        patient: *patient,
        erased_before: None,
        facts: BTreeMap::new(),
        evaluations: Vec::new(),
        findings: Vec::new(),
        history: Ok(History::default()),
        gaps: gaps.clone(),
    };
    let mut records: Records = patients.iter().map(|patient| (*patient, empty(patient))).collect();
    add_erased(db, &patients, &mut records).await?;
    add_facts(db, &patients, &mut records).await?;
    add_evaluations(db, &patients, &mut records).await?;
    add_findings(db, &patients, &mut records).await?;
    // Readings from before a plan are chart only.
    let since: Vec<(Uuid, Timestamp)> =
        records.values().filter_map(|record| Some((record.patient, record.plan_since()?))).collect();
    let wanted: Vec<Wanted> =
        since.iter().map(|(patient, since)| Wanted { patient: *patient, since: *since, after: 0 }).collect();
    let mut shown = shown::since(db, &since).await?;
    let mut accepted = acceptance::of(db, &patients).await?;
    for (patient, mut history) in history::numbered(db, &wanted, now + AHEAD, Readings::All).await? {
        if let Ok(history) = &mut history {
            history.shown = shown.remove(&patient).unwrap_or_default();
            history.acceptances = accepted.remove(&patient).unwrap_or_default();
        }
        if let Some(record) = records.get_mut(&patient) {
            record.history = history;
        }
    }
    Ok(records.into_values().collect())
}

impl Record {
    /// When the first plan that can be read began.
    fn plan_since(&self) -> Option<Timestamp> {
        let since = |facts: &Value| facts["plan"]["since"].as_str()?.parse().ok();
        self.facts.values().filter_map(|(_, facts)| since(facts)).min()
    }
}

type Records = BTreeMap<Uuid, Record>;

async fn add_erased(db: &mut PgConnection, patients: &[Uuid], records: &mut Records) -> Result<(), sqlx::Error> {
    let rows: Vec<(Uuid, jiff_sqlx::Timestamp)> =
        sqlx::query_as("SELECT patient, max(before_at) FROM erased_range WHERE patient = ANY($1) GROUP BY patient")
            .bind(patients)
            .fetch_all(db)
            .await?;
    for (patient, before) in rows {
        if let Some(record) = records.get_mut(&patient) {
            record.erased_before = Some(before.to_jiff());
        }
    }
    Ok(())
}

async fn add_facts(db: &mut PgConnection, patients: &[Uuid], records: &mut Records) -> Result<(), sqlx::Error> {
    let rows: Vec<(Uuid, i64, jiff_sqlx::Timestamp, Value)> =
        sqlx::query_as("SELECT patient, version, valid_from, facts FROM patient_facts WHERE patient = ANY($1)")
            .bind(patients)
            .fetch_all(db)
            .await?;
    for (patient, version, valid_from, facts) in rows {
        if let Some(record) = records.get_mut(&patient) {
            record.facts.insert(version, (valid_from.to_jiff(), facts));
        }
    }
    Ok(())
}

async fn add_evaluations(db: &mut PgConnection, patients: &[Uuid], records: &mut Records) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(
        // What is left from before an erasure is left for a finding that names it, and not in its place.
        "SELECT patient, from_seq, to_seq, rulebook, facts, at, folded_from, outcome
         FROM evaluation
         WHERE patient = ANY($1)
               AND at >= coalesce((SELECT max(before_at) FROM erased_range WHERE erased_range.patient = evaluation.patient),
                                  '-infinity')
         ORDER BY number",
    )
    .bind(patients)
    .fetch_all(db)
    .await?;
    for row in rows {
        let Some(record) = records.get_mut(&row.try_get("patient")?) else { continue };
        let hash: Vec<u8> = row.try_get("rulebook")?;
        let (from, to): (Option<i64>, Option<i64>) = (row.try_get("from_seq")?, row.try_get("to_seq")?);
        record.evaluations.push(Evaluated {
            range: from.zip(to),
            rulebook: hash
                .try_into()
                .map_err(|_| sqlx::Error::Decode("a rulebook's hash is not 32 bytes long".into()))?,
            facts: row.try_get("facts")?,
            at: at(&row, "at")?.unwrap_or(BEGINNING),
            folded_from: at(&row, "folded_from")?,
            failed: row.try_get::<&str, _>("outcome")? == "failed",
        });
    }
    Ok(())
}

async fn add_findings(db: &mut PgConnection, patients: &[Uuid], records: &mut Records) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(
        "SELECT patient, problem, start_at, end_at, kind, priority, rule, finding FROM finding WHERE patient = ANY($1)",
    )
    .bind(patients)
    .fetch_all(db)
    .await?;
    for row in rows {
        let Some(record) = records.get_mut(&row.try_get("patient")?) else { continue };
        record.findings.push(Found {
            problem: row.try_get("problem")?,
            start: at(&row, "start_at")?.unwrap_or(BEGINNING),
            end: at(&row, "end_at")?,
            kind: row.try_get("kind")?,
            priority: row.try_get("priority")?,
            rule: row.try_get("rule")?,
            finding: row.try_get("finding")?,
        });
    }
    Ok(())
}

fn at(row: &sqlx::postgres::PgRow, name: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    Ok(row.try_get::<Option<jiff_sqlx::Timestamp>, _>(name)?.map(jiff_sqlx::Timestamp::to_jiff))
}
