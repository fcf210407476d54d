//! Sums over everything that is stored: what the demo compares with what its phones saw.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Named counts, in the order of their names.
pub type Counts = Vec<(String, i64)>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Submissions by kind: `reading`, `event`, …
    pub stored: Counts,
    /// Submissions by flag: `unconfirmed`, `impossible`, …
    pub flagged: Counts,
    pub refused: Counts,
    /// By `priority rule`.
    pub findings: Counts,
    pub alerts: Counts,
    pub alerts_open: i64,
    /// Pages by `channel priority`.
    pub pages: Counts,
    pub pages_unsent: i64,
    pub asks: i64,
    pub evaluations: i64,
    pub unjudged: i64,
    /// Patients whose evaluation ranges do not tile 1…last.
    pub untiled: i64,
    /// Patients whose submissions are not numbered 1…last.
    pub with_gaps: i64,
}

/// Everything at one instant.
pub async fn all(pool: &PgPool) -> Result<Tally, sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *tx).await?;
    let db = &mut *tx;
    let tally = Tally {
        stored: counts(db, "SELECT kind, count(*) FROM submission GROUP BY 1 ORDER BY 1").await?,
        flagged: counts(db, "SELECT flag, count(*) FROM submission, unnest(flags) AS flag GROUP BY 1 ORDER BY 1")
            .await?,
        refused: counts(db, "SELECT reason, count(*) FROM refusal GROUP BY 1 ORDER BY 1").await?,
        findings: counts(db, "SELECT priority || ' ' || rule, count(*) FROM finding GROUP BY 1 ORDER BY 1").await?,
        alerts: counts(db, "SELECT priority || ' ' || rule, count(*) FROM alert GROUP BY 1 ORDER BY 1").await?,
        alerts_open: count(db, "SELECT count(*) FROM alert WHERE closed_at IS NULL").await?,
        pages: counts(db, "SELECT channel || ' ' || priority, count(*) FROM page GROUP BY 1 ORDER BY 1").await?,
        pages_unsent: count(db, "SELECT count(*) FROM page WHERE state <> 'sent'").await?,
        asks: count(db, "SELECT count(*) FROM push WHERE kind = 'ask'").await?,
        evaluations: count(db, "SELECT count(*) FROM evaluation").await?,
        unjudged: count(
            db,
            "SELECT count(*) FROM patient_head JOIN patient_judged USING (patient) WHERE judged_through <> last_seq",
        )
        .await?,
        untiled: count(
            db,
            "SELECT count(*) FROM patient_head LEFT JOIN LATERAL (
                 SELECT coalesce(min(from_seq), 1) AS first, coalesce(max(to_seq), 0) AS last,
                        count(*) FILTER (WHERE from_seq <> before + 1) AS holes
                 FROM (SELECT from_seq, to_seq, lag(to_seq, 1, 0::bigint) OVER (ORDER BY from_seq) AS before
                       FROM evaluation
                       WHERE evaluation.patient = patient_head.patient AND from_seq IS NOT NULL) AS ranges
             ) AS tiles ON true
             WHERE first <> 1 OR last <> last_seq OR holes > 0",
        )
        .await?,
        with_gaps: count(
            db,
            "SELECT count(*) FROM patient_head LEFT JOIN LATERAL (
                 SELECT count(*) AS numbered, coalesce(max(seq), 0) AS last
                 FROM submission WHERE submission.patient = patient_head.patient
             ) AS ledger ON true
             WHERE numbered <> last_seq OR last <> last_seq",
        )
        .await?,
    };
    tx.rollback().await?;
    Ok(tally)
}

async fn counts(db: &mut PgConnection, query: &'static str) -> Result<Counts, sqlx::Error> {
    sqlx::query_as(query).fetch_all(db).await
}

async fn count(db: &mut PgConnection, query: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(query).fetch_one(db).await
}

/// How many submissions are stored, and how many of them are judged.
pub async fn progress(pool: &PgPool) -> Result<(i64, i64), sqlx::Error> {
    let (stored, judged): (Option<i64>, Option<i64>) = sqlx::query_as(
        "SELECT sum(last_seq)::bigint, sum(judged_through)::bigint FROM patient_head JOIN patient_judged USING (patient)",
    )
    .fetch_one(pool)
    .await?;
    Ok((stored.unwrap_or_default(), judged.unwrap_or_default()))
}

/// Which of these submissions are stored, by the id their phone gave them.
pub async fn stored_among(pool: &PgPool, ids: &[Uuid]) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(DISTINCT client_id) FROM submission WHERE client_id = ANY($1)")
        .bind(ids)
        .fetch_one(pool)
        .await
}

/// What judging has brought for people to do.
#[derive(Debug)]
pub struct News {
    /// Page requests of high priority, ever.
    pub high_requests: i64,
    /// Devices that have an ask which was not shown yet, once for each such ask.
    pub asks_waiting: Vec<Uuid>,
}

pub async fn news(pool: &PgPool) -> Result<News, sqlx::Error> {
    let (high_requests, asks_waiting) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM page_request WHERE priority = 'high'),
                (SELECT coalesce(array_agg(push.device ORDER BY push.device, push.n), '{}') FROM push
                 WHERE kind = 'ask' AND NOT EXISTS (
                     SELECT 1 FROM shown WHERE shown.patient = push.patient AND shown.ask = (push.body ->> 'id')::uuid))",
    )
    .fetch_one(pool)
    .await?;
    Ok(News { high_requests, asks_waiting })
}

/// Whether it is on record that all of these were shown.
pub async fn asks_shown(pool: &PgPool, asks: &[Uuid]) -> Result<bool, sqlx::Error> {
    let shown: i64 = sqlx::query_scalar("SELECT count(DISTINCT ask) FROM shown WHERE ask = ANY($1)")
        .bind(asks)
        .fetch_one(pool)
        .await?;
    Ok(usize::try_from(shown) == Ok(asks.len()))
}
