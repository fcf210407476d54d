//! Set-up for the load generator: many patients with history and phones, made in bulk, and raw COPY to compare with.
//! What is made here looks as if it had been stored and judged the ordinary way.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

/// Who is made, all in one team.
#[derive(Debug)]
pub struct Crowd<'a> {
    pub organisation: Uuid,
    pub team: Uuid,
    pub patients: &'a [Uuid],
    /// One a patient.
    pub devices: &'a [Uuid],
    /// The key of every one of these devices (a JWK).
    pub key: serde_json::Value,
    /// The same for all: `alert_rules::Facts`.
    pub facts: serde_json::Value,
    pub now: Timestamp,
}

pub async fn crowd(pool: &PgPool, crowd: &Crowd<'_>) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query(
        "INSERT INTO patient (patient, organisation, team, given_name, family_name, date_of_birth, lives_alone, time_zone, made_at,
                              live_since)
         SELECT patient, $2, $3, 'Load', 'Patient', '1950-01-01', false, 'Europe/London', $4, $4 FROM unnest($1::uuid[]) AS patient",
    )
    .bind(crowd.patients)
    .bind(crowd.organisation)
    .bind(crowd.team)
    .bind(crowd.now.to_sqlx())
    .execute(&mut *tx)
    .await?;
    sqlx::query("INSERT INTO patient_head (patient, last_seq) SELECT patient, 0 FROM unnest($1::uuid[]) AS patient")
        .bind(crowd.patients)
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO patient_judged (patient, judged_through, attempts) SELECT patient, 0, 0 FROM unnest($1::uuid[]) AS patient")
        .bind(crowd.patients)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO patient_facts (patient, version, organisation, valid_from, facts, made_by, why)
         SELECT patient, 1, $2, $3, $4, 'load', 'load' FROM unnest($1::uuid[]) AS patient",
    )
    .bind(crowd.patients)
    .bind(crowd.organisation)
    .bind(crowd.now.to_sqlx())
    .bind(&crowd.facts)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO device (device, organisation, patient, public_key, name, platform, app_version, enrolled_at, connection, last_push)
         SELECT device, $3, patient, $4, 'load', 'derwent', '1', $5, 0, 0 FROM unnest($1::uuid[], $2::uuid[]) AS new (device, patient)",
    )
    .bind(crowd.devices)
    .bind(crowd.patients)
    .bind(crowd.organisation)
    .bind(&crowd.key)
    .bind(crowd.now.to_sqlx())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO device_person (device, handle, patient)
         SELECT device, 'p1', patient FROM unnest($1::uuid[], $2::uuid[]) AS new (device, patient)",
    )
    .bind(crowd.devices)
    .bind(crowd.patients)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Gives each patient `per_patient` readings up to `until`, `hours` apart, three in ten of them blood pressures, stored and
/// judged under the rulebook in force. Returns the rows of `reading` that there are then.
pub async fn history(
    pool: &PgPool,
    organisation: Uuid,
    patients: &[Uuid],
    per_patient: i32,
    hours: f64,
    until: Timestamp,
) -> Result<i64, sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query(
        "INSERT INTO submission (patient, client_id, organisation, seq, content_hash, kind, effective_at, received_at, flags)
         SELECT patient, md5(patient::text || n)::uuid, $2, n, decode('01' || md5(n::text) || md5(patient::text), 'hex'), 'reading',
                $5 - make_interval(secs => ($3 - n) * $4 * 3600), $5 - make_interval(secs => ($3 - n) * $4 * 3600), '{}'
         FROM unnest($1::uuid[]) AS patient, generate_series(1, $3) AS n",
    )
    .bind(patients)
    .bind(organisation)
    .bind(per_patient)
    .bind(hours)
    .bind(until.to_sqlx())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO reading (organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value,
                              offset_minutes, received_at, flags, method)
         SELECT $2, submission.patient, seq, component, effective_at, vital, value, unit, value, 0, received_at, '{}', 'instrument'
         FROM submission
         JOIN (VALUES (true, 'blood_pressure', 'systolic', 'mm[Hg]', 128), (true, 'blood_pressure', 'diastolic', 'mm[Hg]', 78),
                      (true, 'blood_pressure', 'pulse', '/min', 70), (false, 'pulse', 'pulse', '/min', 70))
              AS part (of_pressure, vital, component, unit, value) ON part.of_pressure = (seq % 10 < 3)
         WHERE submission.patient = ANY($1)",
    )
    .bind(patients)
    .bind(organisation)
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE patient_head SET last_seq = $2 WHERE patient = ANY($1)")
        .bind(patients)
        .bind(i64::from(per_patient))
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE patient_judged SET judged_through = $2, folded_through = $3 WHERE patient = ANY($1)")
        .bind(patients)
        .bind(i64::from(per_patient))
        .bind(until.to_sqlx())
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO evaluation (evaluation, patient, organisation, cause, from_seq, to_seq, rulebook, facts, at, outcome)
         SELECT md5('evaluation' || patient)::uuid, patient, $2, 'arrived', 1, $3,
                (SELECT hash FROM rulebook ORDER BY number DESC LIMIT 1), 1, $4, 'judged'
         FROM unnest($1::uuid[]) AS patient",
    )
    .bind(patients)
    .bind(organisation)
    .bind(i64::from(per_patient))
    .bind(until.to_sqlx())
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    sqlx::raw_sql("ANALYZE").execute(pool).await?;
    sqlx::query_scalar("SELECT count(*) FROM reading").fetch_one(pool).await
}

/// A hypertable of the same shape, to COPY into.
pub async fn make_copy_target(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "CREATE TABLE reading_copied (LIKE reading INCLUDING DEFAULTS INCLUDING INDEXES);
         SELECT create_hypertable('reading_copied', by_range('effective_at', INTERVAL '90 days'), create_default_indexes => false)",
    )
    .execute(pool)
    .await
    .map(drop)
}

/// COPYs lines of text into it, in one transaction.
pub async fn copy(pool: &PgPool, lines: &str) -> Result<u64, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let connection: &mut PgConnection = &mut connection;
    let mut tx = connection.begin().await?;
    let mut copy = tx
        .copy_in_raw(
            "COPY reading_copied (organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value,
                                  offset_minutes, received_at, flags, method) FROM STDIN",
        )
        .await?;
    copy.send(lines.as_bytes()).await?;
    let rows = copy.finish().await?;
    tx.commit().await?;
    Ok(rows)
}
