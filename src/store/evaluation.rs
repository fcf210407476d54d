//! Evaluations: the record of each judgement. Those that took in new numbers have a range; the ranges of a patient tile
//! 1 … last, which proves that every reading was judged.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct NewEvaluation {
    pub evaluation: Uuid,
    pub patient: Uuid,
    pub organisation: Uuid,
    pub cause: String,
    /// First and last new number.
    pub range: Option<(i64, i64)>,
    pub rulebook: [u8; 32],
    /// 0: nobody had set any, or the episode was over: nothing was judged.
    pub facts_version: i64,
    /// Where the fold began; none when nothing was folded.
    pub folded_from: Option<Timestamp>,
    pub at: Timestamp,
    pub failed: bool,
}

pub async fn insert(db: &mut PgConnection, evaluations: &[NewEvaluation]) -> Result<(), sqlx::Error> {
    let outcome = |evaluation: &NewEvaluation| if evaluation.failed { "failed" } else { "judged" };
    sqlx::query(
        "INSERT INTO evaluation (evaluation, patient, organisation, cause, from_seq, to_seq, rulebook, facts, at, outcome,
                                 folded_from)
         SELECT evaluation, patient, organisation, cause, from_seq, to_seq, rulebook, facts, at, outcome, folded_from
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[], $8::bigint[],
                     $9::timestamptz[], $10::text[], $11::timestamptz[])
              AS new (evaluation, patient, organisation, cause, from_seq, to_seq, rulebook, facts, at, outcome, folded_from)",
    )
    .bind(evaluations.iter().map(|evaluation| evaluation.evaluation).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.patient).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.organisation).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.cause.as_str()).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.range.map(|(from, _)| from)).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.range.map(|(_, to)| to)).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.rulebook.to_vec()).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.facts_version).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.at.to_sqlx()).collect::<Vec<_>>())
    .bind(evaluations.iter().map(outcome).collect::<Vec<_>>())
    .bind(evaluations.iter().map(|evaluation| evaluation.folded_from.map(ToSqlx::to_sqlx)).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}
