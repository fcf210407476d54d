//! What the load generator needs of the database: crowds of patients with history and phones, made in bulk as the service
//! would have left them (`history.rs`, `slots.rs`), raw COPY to compare with (`copy.rs`), and what is there afterwards.

pub mod copy;
pub mod history;
pub mod slots;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgPool;
use uuid::Uuid;

/// Who is made, all in one team.
#[derive(Debug, Clone, Copy)]
pub struct Crowd<'a> {
    pub organisation: Uuid,
    pub team: Uuid,
    pub patients: &'a [Uuid],
    pub now: Timestamp,
}

impl Crowd<'_> {
    /// Others, made alike.
    pub fn of<'a>(&self, patients: &'a [Uuid]) -> Crowd<'a> {
        Crowd { organisation: self.organisation, team: self.team, patients, now: self.now }
    }
}

pub async fn patients(pool: &PgPool, crowd: &Crowd<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO patient (patient, organisation, team, given_name, family_name, date_of_birth, lives_alone, time_zone, made_at,
                              live_since)
         SELECT patient, $2, $3, 'Load', 'Patient', '1950-01-01', false, 'Europe/London', $4, $4 FROM unnest($1::uuid[]) AS patient",
    )
    .bind(crowd.patients)
    .bind(crowd.organisation)
    .bind(crowd.team)
    .bind(crowd.now.to_sqlx())
    .execute(pool)
    .await
    .map(drop)
}

/// The same facts for all: `alert_rules::Facts`.
pub async fn facts(pool: &PgPool, crowd: &Crowd<'_>, facts: &serde_json::Value) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO patient_facts (patient, version, organisation, valid_from, facts, made_by, why)
         SELECT patient, 1, $2, $3, $4, 'load', 'load' FROM unnest($1::uuid[]) AS patient",
    )
    .bind(crowd.patients)
    .bind(crowd.organisation)
    .bind(crowd.now.to_sqlx())
    .bind(facts)
    .execute(pool)
    .await
    .map(drop)
}

/// One a patient. They get their key by [`give_keys`].
pub async fn devices(pool: &PgPool, crowd: &Crowd<'_>, devices: &[Uuid]) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query(
        "INSERT INTO device (device, organisation, patient, public_key, name, platform, app_version, enrolled_at, connection, last_push)
         SELECT device, $3, patient, '{}', 'load', 'derwent', '1', $4, 0, 0 FROM unnest($1::uuid[], $2::uuid[]) AS new (device, patient)",
    )
    .bind(devices)
    .bind(crowd.patients)
    .bind(crowd.organisation)
    .bind(crowd.now.to_sqlx())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO device_person (device, handle, patient)
         SELECT device, 'p1', patient FROM unnest($1::uuid[], $2::uuid[]) AS new (device, patient)",
    )
    .bind(devices)
    .bind(crowd.patients)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// The key (a JWK) of every device from now on.
pub async fn give_keys(pool: &PgPool, key: &serde_json::Value) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE device SET public_key = $1").bind(key).execute(pool).await.map(drop)
}

/// A patient who has a phone, and how far it goes for them.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Member {
    pub organisation: Uuid,
    pub patient: Uuid,
    pub device: Uuid,
    pub last_seq: i64,
    pub judged_through: i64,
}

/// Those with a phone, always in the same order.
pub async fn members(pool: &PgPool) -> Result<Vec<Member>, sqlx::Error> {
    sqlx::query_as(
        "SELECT device.organisation, patient, device, last_seq, judged_through
         FROM device JOIN patient_head USING (patient) JOIN patient_judged USING (patient) ORDER BY patient",
    )
    .fetch_all(pool)
    .await
}

/// Everyone is judged again by the service itself, from `earliest` on.
pub async fn ask_to_judge(pool: &PgPool, earliest: Timestamp, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO arrival (patient, seq, cause, earliest, rank, received_at) SELECT patient, NULL, 'facts', $2, 1, $1 FROM patient",
    )
    .bind(at.to_sqlx())
    .bind(earliest.to_sqlx())
    .execute(pool)
    .await
    .map(drop)
}

/// Problems of anybody, past and present.
pub async fn findings(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM finding").fetch_one(pool).await
}

/// As autovacuum would have left the tables after a while.
pub async fn tidy(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("VACUUM (ANALYZE)").execute(pool).await?;
    sqlx::raw_sql("CHECKPOINT").execute(pool).await.map(drop)
}

/// What must be nought, or as many as were meant, for a figure to be believed.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Aftermath {
    pub waiting: i64,
    pub refused: i64,
    pub failed: i64,
    pub alerts: i64,
    /// What the operator was told; not that readings wait for judgement, for how long they do is measured.
    pub operator_told: Vec<String>,
    /// Patients whose last number in the ledger, or number of entries in it, is not that of their head.
    pub misnumbered: i64,
    /// Patients who are not judged through the last number.
    pub unjudged: i64,
}

pub async fn aftermath(pool: &PgPool) -> Result<Aftermath, sqlx::Error> {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM arrival) AS waiting, (SELECT count(*) FROM refusal) AS refused,
                (SELECT count(*) FROM evaluation WHERE outcome = 'failed') AS failed,
                (SELECT count(*) FROM alert WHERE patient IS NOT NULL) AS alerts,
                (SELECT coalesce(array_agg(problem), '{}') FROM alert
                 WHERE patient IS NULL AND problem <> 'readings wait for judgement') AS operator_told,
                (SELECT count(*) FROM patient_head
                 LEFT JOIN (SELECT patient, count(*) AS numbered, max(seq) AS last FROM submission GROUP BY patient) AS ledger
                      USING (patient)
                 WHERE coalesce(numbered, 0) <> last_seq OR coalesce(last, 0) <> last_seq) AS misnumbered,
                (SELECT count(*) FROM patient_head JOIN patient_judged USING (patient) WHERE judged_through <> last_seq) AS unjudged",
    )
    .fetch_one(pool)
    .await
}

/// Rows that wait for the monitor.
pub async fn waiting(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM arrival").fetch_one(pool).await
}

/// How many transactions stored what is numbered above `after_seq`, and how much that is.
pub async fn commits(pool: &PgPool, after_seq: i64) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as("SELECT count(DISTINCT xmin::text), count(*) FROM submission WHERE seq > $1")
        .bind(after_seq)
        .fetch_one(pool)
        .await
}

/// Each page and whom it is about.
pub async fn pages(pool: &PgPool) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT page, patient FROM page JOIN alert ON alert.alert = ANY (page.alerts) WHERE patient IS NOT NULL",
    )
    .fetch_all(pool)
    .await
}
