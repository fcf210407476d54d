//! Findings: what the engine concludes, computed anew whenever the data behind it change.

use std::collections::BTreeMap;

use alert_rules::Finding;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Stored findings that had not ended before the instant given for their patient.
pub async fn since(
    db: &mut PgConnection,
    patients: &[Uuid],
    from: &[Timestamp],
) -> Result<BTreeMap<Uuid, Vec<Value>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT finding.patient, finding.finding
         FROM unnest($1::uuid[], $2::timestamptz[]) AS wanted (patient, since) JOIN finding USING (patient)
         WHERE finding.end_at IS NULL OR finding.end_at >= wanted.since",
    )
    .bind(patients)
    .bind(from.iter().map(|from| from.to_sqlx()).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let mut found: BTreeMap<Uuid, Vec<Value>> = BTreeMap::new();
    for row in rows {
        found.entry(row.try_get("patient")?).or_default().push(row.try_get("finding")?);
    }
    Ok(found)
}

pub async fn delete(db: &mut PgConnection, findings: &[(Uuid, String, Timestamp)]) -> Result<(), sqlx::Error> {
    if findings.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM finding USING unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS old (patient, problem, start_at)
         WHERE finding.patient = old.patient AND finding.problem = old.problem AND finding.start_at = old.start_at",
    )
    .bind(findings.iter().map(|(patient, _, _)| *patient).collect::<Vec<_>>())
    .bind(findings.iter().map(|(_, problem, _)| problem.as_str()).collect::<Vec<_>>())
    .bind(findings.iter().map(|(_, _, start)| start.to_sqlx()).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// A finding as it is from now on.
#[derive(Debug)]
pub struct Put<'a> {
    pub patient: Uuid,
    pub organisation: Uuid,
    pub evaluation: Uuid,
    pub finding: &'a Finding,
}

pub async fn put(db: &mut PgConnection, findings: &[Put<'_>]) -> Result<(), sqlx::Error> {
    if findings.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO finding (patient, problem, start_at, end_at, organisation, kind, priority, rule, finding, evaluation)
         SELECT patient, problem, start_at, end_at, organisation, kind, priority, rule, finding, evaluation
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[],
                     $8::text[], $9::jsonb[], $10::uuid[])
              AS new (patient, problem, start_at, end_at, organisation, kind, priority, rule, finding, evaluation)
         ON CONFLICT (patient, problem, start_at)
         DO UPDATE SET end_at = excluded.end_at, kind = excluded.kind, priority = excluded.priority, rule = excluded.rule,
                       finding = excluded.finding, evaluation = excluded.evaluation",
    )
    .bind(findings.iter().map(|put| put.patient).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| put.finding.problem.as_str()).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| put.finding.start.to_sqlx()).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| put.finding.end.map(ToSqlx::to_sqlx)).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| put.organisation).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| put.finding.kind.name()).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| put.finding.priority.name()).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| put.finding.rule.as_str()).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| Json(put.finding)).collect::<Vec<_>>())
    .bind(findings.iter().map(|put| put.evaluation).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}
