//! What a range of new numbers holds besides values to judge: words to be read by a person, readings too old to judge.

use jiff::SignedDuration;
use sqlx::postgres::types::PgInterval;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Debug, Default)]
pub struct Intake {
    pub notes: Vec<String>,
    /// Readings that arrived too late to be judged.
    pub too_old: i64,
    /// Readings that an instrument keeps under somebody else's user number.
    pub not_theirs: i64,
    /// At least one reading came from a phone.
    pub measured: bool,
}

/// Of each: patient, first and last number.
pub async fn of(
    db: &mut PgConnection,
    ranges: &[(Uuid, i64, i64)],
    reach: SignedDuration,
) -> Result<Vec<(Uuid, Intake)>, sqlx::Error> {
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let reach = PgInterval { months: 0, days: 0, microseconds: i64::try_from(reach.as_micros()).unwrap_or(i64::MAX) };
    let rows = sqlx::query(
        "SELECT range.patient, found.notes, found.too_old, found.not_theirs, found.measured
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS range (patient, from_seq, to_seq)
         CROSS JOIN LATERAL (
             SELECT array_agg(note ORDER BY seq) FILTER (WHERE note IS NOT NULL) AS notes,
                    count(*) FILTER (WHERE kind = 'reading' AND effective_at < received_at - $4) AS too_old,
                    count(*) FILTER (WHERE 'not_theirs' = ANY(flags)) AS not_theirs,
                    coalesce(bool_or(kind = 'reading' AND device IS NOT NULL), false) AS measured
             FROM submission
             WHERE submission.patient = range.patient AND submission.seq BETWEEN range.from_seq AND range.to_seq) AS found",
    )
    .bind(ranges.iter().map(|(patient, _, _)| *patient).collect::<Vec<_>>())
    .bind(ranges.iter().map(|(_, from, _)| *from).collect::<Vec<_>>())
    .bind(ranges.iter().map(|(_, _, to)| *to).collect::<Vec<_>>())
    .bind(reach)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            let intake = Intake {
                notes: row.try_get::<Option<Vec<String>>, _>("notes")?.unwrap_or_default(),
                too_old: row.try_get("too_old")?,
                not_theirs: row.try_get("not_theirs")?,
                measured: row.try_get("measured")?,
            };
            Ok((row.try_get("patient")?, intake))
        })
        .collect()
}
