//! When a patient was heard last, from any phone that submits for them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Their own and carers', that are let in.
    pub phones: i64,
    /// When one of these was last there, or something came from a phone. None: there is no phone.
    pub heard_at: Option<Timestamp>,
}

/// Of those patients for whom a phone was ever enrolled.
pub async fn of(db: &mut PgConnection, patients: &[Uuid]) -> Result<BTreeMap<Uuid, Contact>, sqlx::Error> {
    if patients.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query(
        "SELECT patient, phones, greatest(there_at, sent.received_at) AS heard_at
         FROM (SELECT device_person.patient, count(*) FILTER (WHERE revoked_at IS NULL) AS phones,
                      max(coalesce(heard_at, enrolled_at)) FILTER (WHERE revoked_at IS NULL) AS there_at
               FROM device_person JOIN device USING (device)
               WHERE device_person.patient = ANY($1) GROUP BY device_person.patient) AS known
         LEFT JOIN LATERAL (SELECT received_at FROM submission
                            WHERE submission.patient = known.patient AND device IS NOT NULL
                            ORDER BY seq DESC LIMIT 1) AS sent ON true",
    )
    .bind(patients)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            let heard_at = row.try_get::<Option<SqlTimestamp>, _>("heard_at")?.map(SqlTimestamp::to_jiff);
            Ok((row.try_get("patient")?, Contact { phones: row.try_get("phones")?, heard_at }))
        })
        .collect()
}
