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
    /// When one of these was last there, or was enrolled and not heard since, or something came from a phone. None: there is no phone.
    pub heard_at: Option<Timestamp>,
    /// When a code was made that nobody has used, nor another since.
    pub code_at: Option<Timestamp>,
}

/// Of each. Enrolments and codes are of machine time, which is care time but in demos and tests.
pub async fn of(db: &mut PgConnection, patients: &[Uuid]) -> Result<BTreeMap<Uuid, Contact>, sqlx::Error> {
    if patients.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query(
        "SELECT asked.patient, known.phones, greatest(known.there_at, sent.received_at) AS heard_at, code.made_at AS code_at
         FROM unnest($1::uuid[]) AS asked (patient)
         CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE revoked_at IS NULL) AS phones, max(enrolled_at) AS enrolled_at,
                                    max(coalesce(heard_at, enrolled_at)) FILTER (WHERE revoked_at IS NULL) AS there_at
                             FROM device_person JOIN device USING (device)
                             WHERE device_person.patient = asked.patient) AS known
         LEFT JOIN LATERAL (SELECT received_at FROM submission
                            WHERE submission.patient = asked.patient AND device IS NOT NULL
                            ORDER BY seq DESC LIMIT 1) AS sent ON known.enrolled_at IS NOT NULL
         CROSS JOIN LATERAL (SELECT max(made_at) AS made_at FROM enrolment_code
                             WHERE enrolment_code.patient = asked.patient AND used_by IS NULL
                                   AND made_at > coalesce(known.enrolled_at, '-infinity')) AS code",
    )
    .bind(patients)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            let at =
                |name| Ok::<_, sqlx::Error>(row.try_get::<Option<SqlTimestamp>, _>(name)?.map(SqlTimestamp::to_jiff));
            let contact =
                Contact { phones: row.try_get("phones")?, heard_at: at("heard_at")?, code_at: at("code_at")? };
            Ok((row.try_get("patient")?, contact))
        })
        .collect()
}
