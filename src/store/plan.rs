//! What a phone's plan is made of: the facts in force, the team behind them, and what was already done.

use std::collections::HashMap;

use alert_rules::escalation::Cover;
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::store::roster;

#[derive(Clone, Debug)]
pub struct InForce {
    pub version: i64,
    /// `alert_rules::Facts`
    pub facts: serde_json::Value,
    pub team: String,
    pub team_phone: String,
    /// When people of the team look.
    pub cover: Cover,
}

/// The newest facts of each of these patients, with the team; a patient before the first plan is left out.
pub async fn in_force(pool: &PgPool, patients: &[Uuid]) -> sqlx::Result<HashMap<Uuid, InForce>> {
    let rows = sqlx::query(
        "SELECT patient.patient, newest.version, newest.facts, team.name, team.phone, team.team
         FROM patient
         JOIN team ON team.team = patient.team
         CROSS JOIN LATERAL (SELECT version, facts FROM patient_facts AS facts
                             WHERE facts.patient = patient.patient ORDER BY version DESC LIMIT 1) AS newest
         WHERE patient.patient = ANY($1)",
    )
    .bind(patients)
    .fetch_all(pool)
    .await?;
    let teams = rows.iter().map(|row| row.try_get("team")).collect::<sqlx::Result<Vec<Uuid>>>()?;
    let covers = roster::covers(&mut *pool.acquire().await?, &teams).await?;
    let of_row = |row: &PgRow| {
        let of_team = covers.get(&row.try_get::<Uuid, _>("team")?).ok_or(sqlx::Error::RowNotFound)?;
        let in_force = InForce {
            version: row.try_get("version")?,
            facts: row.try_get("facts")?,
            team: row.try_get("name")?,
            team_phone: row.try_get("phone")?,
            cover: of_team.clone(),
        };
        Ok((row.try_get("patient")?, in_force))
    };
    rows.iter().map(of_row).collect()
}

/// Whose doings are wanted, of which time.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    pub patient: Uuid,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Something that fills a slot: a reading of this vital, or answers to this questionnaire (name and version).
#[derive(Debug)]
pub struct Done {
    pub what: String,
    pub at: Timestamp,
}

/// Of each stretch, what was measured or answered in it and not withdrawn. *Could not measure* leaves its slot open.
pub async fn done(pool: &PgPool, stretches: &[Stretch]) -> sqlx::Result<Vec<Vec<Done>>> {
    // The bounds of all together tell the planner which chunks to leave out.
    let rows: Vec<(i64, String, SqlTimestamp)> = sqlx::query_as(
        "SELECT asked.place, done.what, done.at
         FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS asked (patient, from_at, until_at, place)
         CROSS JOIN LATERAL (
             SELECT DISTINCT vital, effective_at FROM reading
             WHERE reading.patient = asked.patient AND effective_at BETWEEN asked.from_at AND asked.until_at
                   AND effective_at BETWEEN $4 AND $5 AND absent IS NULL AND NOT flags && '{impossible,not_theirs}'
                   AND NOT EXISTS (SELECT FROM correction
                                   WHERE correction.patient = asked.patient AND corrects_seq = reading.seq AND \"values\" IS NULL)
             UNION ALL
             SELECT questionnaire, effective_at FROM answers
             WHERE answers.patient = asked.patient AND effective_at BETWEEN asked.from_at AND asked.until_at
                   AND effective_at BETWEEN $4 AND $5 AND NOT partial
         ) AS done (what, at)",
    )
    .bind(stretches.iter().map(|stretch| stretch.patient).collect::<Vec<_>>())
    .bind(stretches.iter().map(|stretch| stretch.from.to_sqlx()).collect::<Vec<_>>())
    .bind(stretches.iter().map(|stretch| stretch.until.to_sqlx()).collect::<Vec<_>>())
    .bind(stretches.iter().map(|stretch| stretch.from).min().map(ToSqlx::to_sqlx))
    .bind(stretches.iter().map(|stretch| stretch.until).max().map(ToSqlx::to_sqlx))
    .fetch_all(pool)
    .await?;
    let mut done: Vec<Vec<Done>> = stretches.iter().map(|_| Vec::new()).collect();
    for (place, what, at) in rows {
        let place = usize::try_from(place - 1).unwrap_or_default();
        done[place].push(Done { what, at: at.to_jiff() });
    }
    Ok(done)
}
