//! A person's own readings, for their own phone, page by page: without what was withdrawn, with what was corrected.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

/// One component of one reading, as it was given or as it was corrected to.
#[derive(Debug)]
pub struct Component {
    pub seq: i64,
    pub client_id: Uuid,
    pub at: Timestamp,
    pub vital: String,
    pub component: String,
    pub value: Option<f64>,
    pub unit: Option<String>,
    pub comparator: Option<String>,
    pub flags: Vec<String>,
}

#[derive(Deserialize)]
struct Replacing {
    component: String,
    value_given: Option<f64>,
    unit_given: Option<String>,
    comparator: Option<String>,
}

/// The components of at most `limit` readings after the sequence number `since`, in order of it.
pub async fn page(pool: &PgPool, patient: Uuid, since: i64, limit: i64) -> sqlx::Result<Vec<Component>> {
    type Listed = (i64, Uuid, SqlTimestamp);
    let listed: Vec<Listed> = sqlx::query_as(
        "SELECT seq, client_id, effective_at FROM submission
         WHERE patient = $1 AND kind = 'reading' AND seq > $2
               -- The last correction counts; one without values withdraws.
               AND (SELECT \"values\" IS NULL FROM correction
                    WHERE correction.patient = $1 AND corrects_seq = submission.seq
                    ORDER BY correction.seq DESC LIMIT 1) IS NOT TRUE
         ORDER BY seq LIMIT $3",
    )
    .bind(patient)
    .bind(since)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let Some((from, until)) =
        listed.iter().map(|(_, _, at)| at.to_jiff()).fold(None, |span: Option<(Timestamp, Timestamp)>, at| {
            Some(span.map_or((at, at), |(from, until)| (from.min(at), until.max(at))))
        })
    else {
        return Ok(Vec::new());
    };
    type Found = (i64, SqlTimestamp, String, String, Option<f64>, Option<String>, Option<String>, Vec<String>);
    let seqs: Vec<i64> = listed.iter().map(|(seq, ..)| *seq).collect();
    let found: Vec<Found> = sqlx::query_as(
        "SELECT seq, effective_at, vital, component, value_given::float8, unit_given, comparator, flags FROM reading
         WHERE patient = $1 AND effective_at BETWEEN $2 AND $3 AND seq = ANY($4) ORDER BY seq, component",
    )
    .bind(patient)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .bind(&seqs)
    .fetch_all(pool)
    .await?;
    type Replaced = (i64, Json<Vec<Replacing>>);
    let replaced: Vec<Replaced> = sqlx::query_as(
        "SELECT DISTINCT ON (corrects_seq) corrects_seq, \"values\" FROM correction
         WHERE patient = $1 AND corrects_seq = ANY($2) AND \"values\" IS NOT NULL ORDER BY corrects_seq, seq DESC",
    )
    .bind(patient)
    .bind(&seqs)
    .fetch_all(pool)
    .await?;
    let replacing = |seq: i64, component: &str| {
        let (_, Json(values)) = replaced.iter().find(|(of, _)| *of == seq)?;
        values.iter().find(|value| value.component == component)
    };
    let client_id = |seq: i64| listed.iter().find(|(listed, ..)| *listed == seq).map(|(_, client_id, _)| *client_id);
    Ok(found
        .into_iter()
        .filter_map(|(seq, at, vital, component, value, unit, comparator, flags)| {
            let (value, unit, comparator) = match replacing(seq, &component) {
                Some(new) => (new.value_given, new.unit_given.clone(), new.comparator.clone()),
                None => (value, unit, comparator),
            };
            Some(Component {
                seq,
                client_id: client_id(seq)?,
                at: at.to_jiff(),
                vital,
                component,
                value,
                unit,
                comparator,
                flags,
            })
        })
        .collect())
}
