//! What the monitor must know about a patient before it judges: whose they are, their newest facts, their last number.

use jiff::Timestamp;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Person {
    pub patient: Uuid,
    pub organisation: Uuid,
    pub team: Uuid,
    /// A reading made the round trip before.
    pub live: bool,
    /// The episode is over: readings are stored and judged no more.
    pub ended: bool,
    /// The last number given.
    pub last_seq: i64,
    /// 0: nobody has set any.
    pub facts_version: i64,
    /// When that version came into force.
    pub facts_since: Option<Timestamp>,
    /// `alert_rules::Facts`, as stored; None also for who asked and has this version.
    pub facts: Option<serde_json::Value>,
}

/// Of each: the patient, and the version of the facts that whoever asks has already (0: none).
pub async fn of(db: &mut PgConnection, patients: &[(Uuid, i64)]) -> Result<Vec<Person>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT patient.patient, patient.organisation, patient.team, patient.live_since IS NOT NULL AS live,
                patient.ended_at IS NOT NULL AS ended, head.last_seq, newest.version, newest.valid_from,
                CASE WHEN newest.version <> wanted.version THEN newest.facts END AS facts
         FROM unnest($1::uuid[], $2::bigint[]) AS wanted (patient, version)
         JOIN patient USING (patient) JOIN patient_head AS head USING (patient)
         LEFT JOIN LATERAL (SELECT version, valid_from, facts FROM patient_facts WHERE patient_facts.patient = patient.patient
                            ORDER BY version DESC LIMIT 1) AS newest ON true",
    )
    .bind(patients.iter().map(|(patient, _)| *patient).collect::<Vec<_>>())
    .bind(patients.iter().map(|(_, version)| *version).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Person {
                patient: row.try_get("patient")?,
                organisation: row.try_get("organisation")?,
                team: row.try_get("team")?,
                live: row.try_get("live")?,
                ended: row.try_get("ended")?,
                last_seq: row.try_get("last_seq")?,
                facts_version: row.try_get::<Option<i64>, _>("version")?.unwrap_or(0),
                facts_since: row.try_get::<Option<jiff_sqlx::Timestamp>, _>("valid_from")?.map(|at| at.to_jiff()),
                facts: row.try_get("facts")?,
            })
        })
        .collect()
}

/// The newest version of each patient's facts, for those that have any.
pub async fn facts_versions(db: &mut PgConnection, patients: &[Uuid]) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    sqlx::query_as("SELECT patient, max(version) FROM patient_facts WHERE patient = ANY($1) GROUP BY patient")
        .bind(patients)
        .fetch_all(db)
        .await
}

/// These patients' first reading was stored and judged.
pub async fn set_live(db: &mut PgConnection, patients: &[Uuid], at: jiff::Timestamp) -> Result<(), sqlx::Error> {
    use jiff_sqlx::ToSqlx;
    if patients.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE patient SET live_since = $2 WHERE patient = ANY($1) AND live_since IS NULL")
        .bind(patients)
        .bind(at.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}
