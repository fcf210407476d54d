//! Answers as staff may see them, those taken back among them. Newest last.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Answered {
    pub seq: i64,
    pub effective_at: Timestamp,
    pub received_at: Timestamp,
    /// Name and version.
    pub questionnaire: String,
    pub partial: bool,
    /// Link id and value, as sent.
    pub answers: Vec<(String, Value)>,
    pub flags: Vec<String>,
    /// The last that took it back.
    pub withdrawn_by: Option<i64>,
}

#[derive(serde::Deserialize)]
struct Given {
    link_id: String,
    value: Value,
}

/// The newest `most` of this stretch. `name`: of one questionnaire, in all its versions.
pub async fn between(
    db: &mut PgConnection,
    patient: Uuid,
    name: Option<&str>,
    (from, until): (Timestamp, Timestamp),
    most: i64,
) -> Result<Vec<Answered>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT answers.seq, answers.effective_at, answers.received_at, answers.questionnaire, answers.partial, answers.answers,
                submission.flags,
                (SELECT max(correction.seq) FROM correction
                 WHERE correction.patient = $1 AND correction.corrects_seq = answers.seq) AS withdrawn_by
         FROM answers JOIN submission ON submission.patient = answers.patient AND submission.seq = answers.seq
         WHERE answers.patient = $1 AND answers.effective_at >= $2 AND answers.effective_at <= $3
               AND ($4::text IS NULL OR split_part(answers.questionnaire, '|', 1) = $4)
         ORDER BY answers.effective_at DESC, answers.seq DESC LIMIT $5",
    )
    .bind(patient)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .bind(name)
    .bind(most)
    .fetch_all(db)
    .await?;
    rows.iter()
        .rev()
        .map(|row| {
            let Json(given) = row.try_get::<Json<Vec<Given>>, _>("answers")?;
            Ok(Answered {
                seq: row.try_get("seq")?,
                effective_at: row.try_get::<jiff_sqlx::Timestamp, _>("effective_at")?.to_jiff(),
                received_at: row.try_get::<jiff_sqlx::Timestamp, _>("received_at")?.to_jiff(),
                questionnaire: row.try_get("questionnaire")?,
                partial: row.try_get("partial")?,
                answers: given.into_iter().map(|given| (given.link_id, given.value)).collect(),
                flags: row.try_get("flags")?,
                withdrawn_by: row.try_get("withdrawn_by")?,
            })
        })
        .collect()
}
