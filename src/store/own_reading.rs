//! A person's own readings, for their own phone, page by page.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgPool;
use uuid::Uuid;

/// One component of one reading, as it was given.
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

/// The components of at most `limit` readings after the sequence number `since`, in order of it.
pub async fn page(pool: &PgPool, patient: Uuid, since: i64, limit: i64) -> sqlx::Result<Vec<Component>> {
    type Listed = (i64, Uuid, SqlTimestamp);
    let listed: Vec<Listed> = sqlx::query_as(
        "SELECT seq, client_id, effective_at FROM submission
         WHERE patient = $1 AND kind = 'reading' AND seq > $2 ORDER BY seq LIMIT $3",
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
    let client_id = |seq: i64| listed.iter().find(|(listed, ..)| *listed == seq).map(|(_, client_id, _)| *client_id);
    Ok(found
        .into_iter()
        .filter_map(|(seq, at, vital, component, value, unit, comparator, flags)| {
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
