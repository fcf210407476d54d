//! What was received, stored, judged, alerted, paged and settled, in numbers that must follow from each other, and whatever does
//! not. All of it set-based, in the snapshot of the caller's transaction.
//!
//! `since` bounds by when a thing came in (a submission), was judged (a finding) or opened (an alert, and the pages about it).

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// A name, and how many.
pub type Counts = Vec<(String, i64)>;

/// Nothing is older.
const BEGINNING: Timestamp = Timestamp::UNIX_EPOCH;

/// Room for the joins of all submissions with their rows; to be called within the transaction.
pub async fn make_room(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("SET LOCAL work_mem = '256MB'").execute(db).await.map(drop)
}

fn bound(since: Option<Timestamp>) -> jiff_sqlx::Timestamp {
    since.unwrap_or(BEGINNING).to_sqlx()
}

/// Decisions that left no row of their own: `duplicate`, and the reasons of refusals.
pub async fn decisions(db: &mut PgConnection, since: Option<Timestamp>) -> Result<Counts, sqlx::Error> {
    sqlx::query_as(
        "SELECT decision, sum(count)::bigint FROM decision_count WHERE hour >= $1 GROUP BY decision ORDER BY decision",
    )
    .bind(bound(since))
    .fetch_all(db)
    .await
}

/// Submissions by where they stand: `waiting`, `failed`, `erased` (because they were old), `unwatched` (the episode was over),
/// `impossible`, `old` (over 30 days when they came), `judged`.
pub async fn submissions(db: &mut PgConnection, since: Option<Timestamp>) -> Result<Counts, sqlx::Error> {
    sqlx::query_as(
        "SELECT CASE WHEN judged.patient IS NULL OR submission.seq > judged.judged_through THEN 'waiting'
                     WHEN submission.seq >= judged.failed_from THEN 'failed'
                     WHEN submission.kind = 'erased' THEN 'erased'
                     WHEN 'not_monitored' = ANY(submission.flags) THEN 'unwatched'
                     WHEN 'impossible' = ANY(submission.flags) THEN 'impossible'
                     WHEN submission.effective_at < submission.received_at - interval '30 days' THEN 'old'
                     ELSE 'judged' END AS state, count(*)
         FROM submission LEFT JOIN patient_judged AS judged USING (patient)
         WHERE submission.received_at >= $1 GROUP BY 1 ORDER BY 1",
    )
    .bind(bound(since))
    .fetch_all(db)
    .await
}

/// Through which number a patient's evaluation ranges were erased because they were old; they tile from the next one on. A range
/// before it is left where a finding that went on names its evaluation.
const ERASED: &str = "SELECT patient, max(through_seq) AS through FROM erased_range GROUP BY patient";

/// Numbers given out by the heads, and numbers that lie in evaluation ranges, or did before those were erased.
pub async fn numbers(db: &mut PgConnection) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "WITH erased AS ({ERASED})
         SELECT (SELECT coalesce(sum(last_seq), 0)::bigint FROM patient_head),
                (SELECT coalesce(sum(to_seq - from_seq + 1), 0)::bigint FROM evaluation LEFT JOIN erased USING (patient)
                 WHERE from_seq > coalesce(through, 0))
                + (SELECT coalesce(sum(through), 0)::bigint FROM erased)"
    )))
    .fetch_one(db)
    .await
}

/// Evaluations: `took numbers in`, `looked again`, `failed`.
pub async fn evaluations(db: &mut PgConnection, since: Option<Timestamp>) -> Result<Counts, sqlx::Error> {
    sqlx::query_as(
        "SELECT CASE WHEN outcome = 'failed' THEN 'failed' WHEN from_seq IS NULL THEN 'again' ELSE 'new' END AS state, count(*)
         FROM evaluation WHERE at >= $1 GROUP BY 1 ORDER BY 1",
    )
    .bind(bound(since))
    .fetch_all(db)
    .await
}

/// An open alert knows of this very firing, as `alert_rules::escalation` compares them.
const TOLD: &str = "EXISTS (
    SELECT FROM alert, jsonb_array_elements(alert.worst -> 'firings') AS known,
                jsonb_array_elements(finding.finding -> 'firings') AS firing
    WHERE alert.patient = finding.patient AND alert.problem = finding.problem AND known ->> 'rule' = firing ->> 'rule'
          AND (firing ->> 'since')::timestamptz
              <= coalesce((known ->> 'until')::timestamptz, alert.closed_at, (known ->> 'through')::timestamptz)
          AND (known ->> 'since')::timestamptz <= coalesce((firing ->> 'until')::timestamptz, 'infinity'))";

/// It was over before anybody had to hear of it, as `Finding::needs_nobody` says.
const OVER: &str = "finding.end_at IS NOT NULL AND (finding.finding ->> 'closes_itself')::boolean";

/// Findings last changed by an evaluation since: `told`, `asked` (the patient measures again first), `over` (needs nobody any more),
/// `untold`.
pub async fn findings(db: &mut PgConnection, since: Option<Timestamp>) -> Result<Counts, sqlx::Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT CASE WHEN (finding.finding ->> 'pending')::boolean THEN 'asked' WHEN {TOLD} THEN 'told'
                     WHEN {OVER} THEN 'over' ELSE 'untold' END, count(*)
         FROM finding JOIN evaluation USING (evaluation) WHERE evaluation.at >= $1 GROUP BY 1 ORDER BY 1"
    )))
    .bind(bound(since))
    .fetch_all(db)
    .await
}

/// Alerts of patients: `task`, and for those of findings and tasks alike `waiting`, `taken`, `closed`.
#[derive(Debug, Default)]
pub struct Alerts {
    pub of_findings: i64,
    pub of_tasks: i64,
    pub waiting: i64,
    pub acknowledged: i64,
    pub closed: i64,
    /// To the operator, about the service.
    pub notices: i64,
}

pub async fn alerts(db: &mut PgConnection, since: Option<Timestamp>) -> Result<Alerts, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(*) FILTER (WHERE patient IS NOT NULL AND rule NOT LIKE 'task/%') AS of_findings,
                count(*) FILTER (WHERE patient IS NOT NULL AND rule LIKE 'task/%') AS of_tasks,
                count(*) FILTER (WHERE patient IS NOT NULL AND closed_at IS NULL AND acknowledged_at IS NULL) AS waiting,
                count(*) FILTER (WHERE patient IS NOT NULL AND closed_at IS NULL AND acknowledged_at IS NOT NULL) AS acknowledged,
                count(*) FILTER (WHERE patient IS NOT NULL AND closed_at IS NOT NULL) AS closed,
                count(*) FILTER (WHERE patient IS NULL) AS notices
         FROM alert WHERE opened_at >= $1",
    )
    .bind(bound(since))
    .fetch_one(db)
    .await?;
    Ok(Alerts {
        of_findings: row.try_get("of_findings")?,
        of_tasks: row.try_get("of_tasks")?,
        waiting: row.try_get("waiting")?,
        acknowledged: row.try_get("acknowledged")?,
        closed: row.try_get("closed")?,
        notices: row.try_get("notices")?,
    })
}

/// Page requests by what they came to: `page`, `taken`, `nobody`, `waiting`, `unknown` (before this was written down); and how many
/// pages those that came to one share.
pub async fn requests(db: &mut PgConnection, since: Option<Timestamp>) -> Result<(Counts, i64), sqlx::Error> {
    let counts = sqlx::query_as(
        "SELECT CASE WHEN NOT formed THEN 'waiting' ELSE coalesce(came_to, 'unknown') END, count(*)
         FROM page_request JOIN alert USING (alert) WHERE alert.opened_at >= $1 GROUP BY 1 ORDER BY 1",
    )
    .bind(bound(since))
    .fetch_all(&mut *db)
    .await?;
    let pages = sqlx::query_scalar(
        "SELECT count(DISTINCT page_request.page) FROM page_request JOIN alert USING (alert) WHERE alert.opened_at >= $1",
    )
    .bind(bound(since))
    .fetch_one(db)
    .await?;
    Ok((counts, pages))
}

/// Pages on the record of those requests by state, and the pages over other channels beside them.
pub async fn pages(db: &mut PgConnection, since: Option<Timestamp>) -> Result<(Counts, Counts), sqlx::Error> {
    let on_record = sqlx::query_as(
        "SELECT page.state, count(*) FROM page
         WHERE page.page IN (
             SELECT page_request.page FROM page_request JOIN alert USING (alert) WHERE alert.opened_at >= $1)
         GROUP BY 1 ORDER BY 1",
    )
    .bind(bound(since))
    .fetch_all(&mut *db)
    .await?;
    let beside = sqlx::query_as(
        "SELECT page.state, count(*) FROM page JOIN alert ON alert.alert = page.alerts[1]
         WHERE alert.opened_at >= $1 AND NOT EXISTS (SELECT FROM page_request WHERE page_request.page = page.page)
         GROUP BY 1 ORDER BY 1",
    )
    .bind(bound(since))
    .fetch_all(db)
    .await?;
    Ok((on_record, beside))
}

/// Patients whose numbers have holes, doubles, or do not end where their head says: with the last number that is in the ledger.
pub async fn misnumbered(db: &mut PgConnection) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT patient, coalesce(ledger.last, 0) AS last
         FROM patient_head FULL JOIN (SELECT patient, count(*) AS numbered, min(seq) AS first, max(seq) AS last
                                      FROM submission GROUP BY patient) AS ledger USING (patient)
         WHERE coalesce(last_seq, 0) <> coalesce(ledger.numbered, 0) OR coalesce(last_seq, 0) <> coalesce(ledger.last, 0)
               OR coalesce(ledger.first, 1) <> 1
         ORDER BY patient",
    )
    .fetch_all(db)
    .await
}

/// Submissions of each kind that lack their own row, where any do. What was erased because it was old has a kind of its own.
pub async fn hollow(db: &mut PgConnection, since: Option<Timestamp>) -> Result<Counts, sqlx::Error> {
    // Bounds of effective time first, so that other years' chunks stay out.
    let (earliest, latest): (Option<jiff_sqlx::Timestamp>, Option<jiff_sqlx::Timestamp>) =
        sqlx::query_as("SELECT min(effective_at), max(effective_at) FROM submission WHERE received_at >= $1")
            .bind(bound(since))
            .fetch_one(&mut *db)
            .await?;
    // Each kind on its own: so each is one join, not a look-up for every submission.
    let counts: Counts = sqlx::query_as(
        "SELECT 'reading', count(*) FROM submission AS own
         WHERE own.received_at >= $1 AND own.kind = 'reading' AND NOT EXISTS (
             SELECT FROM reading WHERE reading.patient = own.patient AND reading.seq = own.seq
                    AND reading.effective_at = own.effective_at AND reading.effective_at BETWEEN $2 AND $3)
         UNION ALL SELECT 'answers', count(*) FROM submission AS own
         WHERE own.received_at >= $1 AND own.kind = 'answers' AND NOT EXISTS (
             SELECT FROM answers WHERE answers.patient = own.patient AND answers.seq = own.seq)
         UNION ALL SELECT 'event', count(*) FROM submission AS own
         WHERE own.received_at >= $1 AND own.kind = 'event' AND NOT EXISTS (
             SELECT FROM event WHERE event.patient = own.patient AND event.seq = own.seq)
         UNION ALL SELECT 'correction', count(*) FROM submission AS own
         WHERE own.received_at >= $1 AND own.kind = 'correction' AND NOT EXISTS (
             SELECT FROM correction WHERE correction.patient = own.patient AND correction.seq = own.seq)",
    )
    .bind(bound(since))
    .bind(earliest)
    .bind(latest)
    .fetch_all(db)
    .await?;
    Ok(counts.into_iter().filter(|(_, count)| *count > 0).collect())
}

/// A patient whose evaluation ranges do not tile 1 … judged_through, or from where they were erased on.
#[derive(Debug)]
pub struct Untiled {
    pub patient: Uuid,
    pub judged_through: i64,
    /// Where the ranges end.
    pub tiled_through: i64,
    /// Places at which one does not begin after the one before.
    pub holes: i64,
}

pub async fn untiled(db: &mut PgConnection) -> Result<Vec<Untiled>, sqlx::Error> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        // No two ranges of a patient begin alike, so they tile when each begins after the end of another, or first of all.
        "WITH erased AS ({ERASED}), ranges AS (
             SELECT patient, from_seq, to_seq, coalesce(through, 0) AS through FROM evaluation LEFT JOIN erased USING (patient)
             WHERE from_seq > coalesce(through, 0)
         ), tiles AS (
             SELECT own.patient, max(own.to_seq) AS last,
                    count(*) FILTER (WHERE own.from_seq <> own.through + 1 AND before.patient IS NULL) AS holes
             FROM ranges AS own LEFT JOIN ranges AS before
                  ON before.patient = own.patient AND before.to_seq = own.from_seq - 1
             GROUP BY own.patient
         )
         SELECT patient, coalesce(judged_through, 0) AS judged_through, coalesce(last, through, 0) AS last,
                coalesce(holes, 0) AS holes
         FROM patient_judged FULL JOIN tiles USING (patient) LEFT JOIN erased USING (patient)
         WHERE coalesce(judged_through, 0) <> coalesce(last, through, 0) OR holes > 0
         ORDER BY patient"
    )))
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Untiled {
                patient: row.try_get("patient")?,
                judged_through: row.try_get("judged_through")?,
                tiled_through: row.try_get("last")?,
                holes: row.try_get("holes")?,
            })
        })
        .collect()
}

/// Patients with numbers after `judged_through` that are not in the queue, or who cannot be taken from it at all.
pub async fn unqueued(db: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT DISTINCT head.patient
         FROM patient_head AS head LEFT JOIN patient_judged AS judged USING (patient)
         JOIN submission ON submission.patient = head.patient AND submission.seq > coalesce(judged.judged_through, 0)
         WHERE head.last_seq > coalesce(judged.judged_through, 0)
               AND (judged.patient IS NULL OR NOT EXISTS (
                   SELECT FROM arrival WHERE arrival.patient = submission.patient
                          AND submission.seq BETWEEN arrival.first_seq AND arrival.seq))
         ORDER BY 1",
    )
    .fetch_all(db)
    .await
}

/// Patients with a range that failed and no task about it.
pub async fn failed_without_task(db: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT patient FROM patient_judged AS judged
         WHERE failed_from IS NOT NULL
               AND NOT EXISTS (SELECT FROM alert WHERE alert.patient = judged.patient AND alert.rule = 'task/not-judged')
         ORDER BY patient",
    )
    .fetch_all(db)
    .await
}

/// Findings that should have an alert and have none: patient, problem, start.
pub async fn untold(db: &mut PgConnection) -> Result<Vec<(Uuid, String, Timestamp)>, sqlx::Error> {
    let rows: Vec<(Uuid, String, jiff_sqlx::Timestamp)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT patient, problem, start_at FROM finding
         WHERE CASE WHEN (finding.finding ->> 'pending')::boolean
                    -- Somebody was asked first, and a timer must end the wait.
                    THEN end_at IS NULL AND NOT EXISTS (
                        SELECT FROM due WHERE due.patient = finding.patient AND due.why LIKE 'repeat:%')
                    ELSE NOT ({TOLD} OR {OVER}) END
         ORDER BY patient, start_at"
    )))
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|(patient, problem, start)| (patient, problem, start.to_jiff())).collect())
}

/// References of open alerts nobody has, that have no page to come or never asked for one; and of formed requests whose page is gone.
pub async fn unpaged(db: &mut PgConnection) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT reference FROM alert
         WHERE closed_at IS NULL AND acknowledged_at IS NULL
               AND (next_step_at IS NULL OR NOT EXISTS (SELECT FROM page_request WHERE page_request.alert = alert.alert))
         UNION
         SELECT alert.reference FROM page_request JOIN alert USING (alert)
         WHERE page_request.page IS NOT NULL AND NOT EXISTS (SELECT FROM page WHERE page.page = page_request.page)
         ORDER BY 1",
    )
    .fetch_all(db)
    .await
}
