//! Many people who each have one slot that closes at the same instant: most have measured for it, the others are silent.
//! Everything is as the service would have left it; their timers are those it set for one of each kind.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Crowd;

/// One blood pressure of everybody, judged: those at odds with `silent_every` measured at `satisfied_at`, each of the
/// others (the first, and every so-manieth after) a day before it.
pub async fn measured(
    db: &mut PgConnection,
    crowd: &Crowd<'_>,
    silent_every: i64,
    satisfied_at: Timestamp,
) -> Result<(), sqlx::Error> {
    const WHO: &str =
        "(SELECT patient, $3 - CASE WHEN number % $4 = 1 THEN interval '1 day' ELSE interval '0' END AS at
                        FROM unnest($1::uuid[]) WITH ORDINALITY AS crowd (patient, number)) AS measured";
    let statements = [
        "INSERT INTO submission (patient, client_id, organisation, seq, content_hash, kind, effective_at, received_at, flags)
         SELECT patient, md5(patient::text)::uuid, $2, 1, decode('01' || md5(patient::text) || md5(patient::text), 'hex'), 'reading',
                at, at + interval '2 seconds', '{}' FROM ",
        "INSERT INTO reading (organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value,
                              offset_minutes, received_at, flags, method)
         SELECT $2, patient, 1, component, at, 'blood_pressure', value, 'mm[Hg]', value, 0, at + interval '2 seconds', '{}', 'instrument'
         FROM (VALUES ('systolic', 126), ('diastolic', 77)) AS part (component, value) CROSS JOIN ",
        "INSERT INTO evaluation (evaluation, patient, organisation, cause, from_seq, to_seq, rulebook, facts, at, outcome, folded_from)
         SELECT md5('evaluation' || patient::text)::uuid, patient, $2, 'reading', 1, 1,
                (SELECT hash FROM rulebook ORDER BY number DESC LIMIT 1), 1, at + interval '2.1 seconds', 'judged', at FROM ",
        "INSERT INTO patient_judged (patient, judged_through, folded_through, attempts)
         SELECT patient, 1, at + interval '2.1 seconds', 0 FROM ",
    ];
    for statement in statements {
        // Made of constants of this file.
        sqlx::query(sqlx::AssertSqlSafe(format!("{statement}{WHO} WHERE $2::uuid IS NOT NULL")))
            .bind(crowd.patients)
            .bind(crowd.organisation)
            .bind(satisfied_at.to_sqlx())
            .bind(silent_every)
            .execute(&mut *db)
            .await?;
    }
    sqlx::query("INSERT INTO patient_head (patient, last_seq) SELECT patient, 1 FROM unnest($1::uuid[]) AS patient")
        .bind(crowd.patients)
        .execute(db)
        .await
        .map(drop)
}

/// One patient is judged by the service, which sets the timers.
pub async fn ask_to_judge(pool: &PgPool, patient: Uuid, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO arrival (patient, seq, cause, earliest, rank, received_at) VALUES ($1, NULL, 'facts', $2, 1, $2)",
    )
    .bind(patient)
    .bind(at.to_sqlx())
    .execute(pool)
    .await
    .map(drop)
}

/// The others of its kind get the timers of one.
pub async fn timers_of(pool: &PgPool, model: Uuid, others: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO due (patient, why, at)
         SELECT others.patient, due.why, due.at FROM due CROSS JOIN unnest($2::uuid[]) AS others (patient)
         WHERE due.patient = $1 AND others.patient <> $1",
    )
    .bind(model)
    .bind(others)
    .execute(pool)
    .await
    .map(drop)
}

/// When the next timer of a patient is due whose name begins so.
pub async fn timer_at(pool: &PgPool, patient: Uuid, why: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    let at: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT min(at) FROM due WHERE patient = $1 AND why LIKE $2 || '%'")
            .bind(patient)
            .bind(why)
            .fetch_one(pool)
            .await?;
    Ok(at.map(jiff_sqlx::Timestamp::to_jiff))
}

/// Timers that are due at an instant and have not been looked at.
pub async fn due(pool: &PgPool, at: Timestamp) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM due WHERE at <= $1").bind(at.to_sqlx()).fetch_one(pool).await
}

/// Page requests that nobody has looked at yet; the others are pages, or wait for the next bundle.
pub async fn requests(pool: &PgPool, at: Timestamp) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM page_request WHERE NOT formed AND at <= $1")
        .bind(at.to_sqlx())
        .fetch_one(pool)
        .await
}
