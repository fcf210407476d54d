//! What a phone's plan is made of: the facts in force, the team behind them, and what was already done.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Debug)]
pub struct InForce {
    pub version: i64,
    /// `alert_rules::Facts`
    pub facts: serde_json::Value,
    pub team: String,
    pub team_phone: String,
    pub cover_from: Time,
    pub cover_until: Time,
    /// IANA name: the cover is declared in it.
    pub team_time_zone: String,
}

/// The newest facts of a patient, with the team; none before the first plan.
pub async fn in_force(db: &mut PgConnection, patient: Uuid) -> sqlx::Result<Option<InForce>> {
    let row = sqlx::query(
        "SELECT facts.version, facts.facts, team.name, team.phone, team.cover_from, team.cover_until,
                organisation.time_zone
         FROM patient
         JOIN team ON team.team = patient.team
         JOIN organisation ON organisation.organisation = team.organisation
         JOIN patient_facts facts ON facts.patient = patient.patient
         WHERE patient.patient = $1
         ORDER BY facts.version DESC LIMIT 1",
    )
    .bind(patient)
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(InForce {
            version: row.try_get("version")?,
            facts: row.try_get("facts")?,
            team: row.try_get("name")?,
            team_phone: row.try_get("phone")?,
            cover_from: row.try_get::<jiff_sqlx::Time, _>("cover_from")?.to_jiff(),
            cover_until: row.try_get::<jiff_sqlx::Time, _>("cover_until")?.to_jiff(),
            team_time_zone: row.try_get("time_zone")?,
        })
    })
    .transpose()
}

/// Something that fills a slot: a reading of this vital, or answers to this questionnaire (name and version).
#[derive(Debug)]
pub struct Done {
    pub what: String,
    pub at: Timestamp,
}

/// What was measured or answered in this time, and not withdrawn. *Could not measure* leaves its slot open.
pub async fn done(db: &mut PgConnection, patient: Uuid, from: Timestamp, until: Timestamp) -> sqlx::Result<Vec<Done>> {
    let rows: Vec<(String, SqlTimestamp)> = sqlx::query_as(
        "SELECT DISTINCT vital, effective_at FROM reading
         WHERE patient = $1 AND effective_at BETWEEN $2 AND $3 AND absent IS NULL AND NOT 'impossible' = ANY(flags)
           AND NOT EXISTS (SELECT FROM correction WHERE correction.patient = $1 AND corrects_seq = reading.seq AND \"values\" IS NULL)
         UNION ALL
         SELECT questionnaire, effective_at FROM answers
         WHERE patient = $1 AND effective_at BETWEEN $2 AND $3 AND NOT partial",
    )
    .bind(patient)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|(what, at)| Done { what, at: at.to_jiff() }).collect())
}
