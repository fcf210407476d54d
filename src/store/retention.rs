//! Erasing what is old of one person, who may still be monitored: what was measured before an instant, and all that was concluded
//! from it alone. Done as the eraser.
//!
//! The ledger keeps the numbers and the ids, so that numbers have no gaps and no phone puts back what is gone. An alert that is open,
//! a finding that is not over and whatever they stand on are never old. Nor is what is not judged yet.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::erasure;

/// Nothing younger is erased. Rules look back 184 days at most, re-judging goes back another 30, and pages show 400.
pub const YOUNGEST: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The kind of what is left in the ledger of something erased.
pub const ERASED: &str = "erased";

/// What every statement is given: the patient, the instant, the last number that may go, the alerts that go, and the last number of
/// the evaluation ranges that go.
const GIVEN: &str = "WITH given AS (SELECT $1::uuid, $2::timestamptz, $3::bigint, $4::uuid[], $5::bigint) ";

/// What goes, in the order in which they name each other. What is missing here and in [`KEPT`] a test finds.
pub const DELETES: &[(&str, &str)] = &[
    ("page requests", "DELETE FROM page_request WHERE alert = ANY ($4)"),
    ("entries of alerts' histories", "DELETE FROM alert_event WHERE alert = ANY ($4)"),
    (
        // One page may tell of several alerts, and of several people's.
        "pages",
        "DELETE FROM page WHERE alerts && $4
                AND NOT EXISTS (SELECT FROM alert WHERE alert.alert = ANY (page.alerts) AND alert.alert <> ALL ($4))",
    ),
    ("alerts", "DELETE FROM alert WHERE alert = ANY ($4)"),
    ("spells of rules", "DELETE FROM watch WHERE patient = $1 AND until < $2"),
    ("what differed under other rules", "DELETE FROM shadow_difference WHERE patient = $1 AND start_at < $2"),
    ("looks under other rules", "DELETE FROM shadow_look WHERE patient = $1 AND looked_at < $2"),
    (
        "findings",
        "DELETE FROM finding WHERE patient = $1 AND end_at < $2
                AND NOT EXISTS (SELECT FROM alert WHERE alert.patient = $1 AND alert.problem = finding.problem
                                       AND alert.finding_start = finding.start_at)",
    ),
    (
        "evaluations",
        "DELETE FROM evaluation WHERE patient = $1 AND at < $2 AND (from_seq IS NULL OR to_seq <= $5)
                AND NOT EXISTS (SELECT FROM finding WHERE finding.patient = $1 AND finding.evaluation = evaluation.evaluation)",
    ),
    (
        "values of readings",
        "DELETE FROM reading WHERE patient = $1 AND effective_at < $2 AND seq <= $3
                AND effective_at >= (SELECT min(effective_at) FROM submission WHERE submission.patient = $1)",
    ),
    ("answers", "DELETE FROM answers WHERE patient = $1 AND effective_at < $2 AND seq <= $3"),
    ("events", "DELETE FROM event WHERE patient = $1 AND effective_at < $2 AND seq <= $3"),
    ("corrections", "DELETE FROM correction WHERE patient = $1 AND effective_at < $2 AND seq <= $3"),
    (
        "refusals",
        "DELETE FROM refusal WHERE received_at < $2
                AND (patient = $1 OR patient IS NULL AND device IN (SELECT device FROM device WHERE device.patient = $1))",
    ),
    ("pauses that were asked for", "DELETE FROM pause_request WHERE patient = $1 AND until_day < $2"),
    ("asks that were shown", "DELETE FROM shown WHERE patient = $1 AND shown_at < $2"),
    (
        // What a phone that is still let in has not seen, it must see.
        "asks and messages",
        "DELETE FROM push WHERE patient = $1 AND made_at < $2
                AND (acknowledged OR EXISTS (SELECT FROM device WHERE device.device = push.device AND revoked_at IS NOT NULL))",
    ),
    (
        // But those in force on that day or later, and those that an evaluation names.
        "versions of the plan",
        "DELETE FROM patient_facts AS old WHERE patient = $1
                AND EXISTS (SELECT FROM patient_facts AS next
                            WHERE next.patient = $1 AND next.version > old.version AND next.valid_from <= $2)
                AND NOT EXISTS (SELECT FROM evaluation WHERE evaluation.patient = $1 AND evaluation.facts = old.version)",
    ),
];

/// Tables with a patient in them of which nothing goes, and why.
pub const KEPT: &[(&str, &str)] = &[
    ("acceptance", "what is usual of this person, as they go on being judged"),
    ("arrival", "what waits to be judged is not old"),
    ("break_glass", "who looked has to be answered for, as in the audit"),
    ("carer_consent", "who may submit and see, and since when"),
    ("device", "who may submit; a number given to a push is never given again"),
    ("device_person", "who may submit"),
    ("due", "timers lie in the future"),
    ("enrolment_code", "which device came of it; nothing of anybody's health"),
    ("enrolment_code_person", "as the code"),
    ("erased_range", "what was erased, and why"),
    ("instrument_user", "whose the values are that it will send"),
    ("patient", "the person themselves"),
    ("patient_head", "numbers go on"),
    ("patient_judged", "judging goes on"),
    ("patient_team", "who looks after them"),
    ("restriction", "who may look, and why nobody else"),
    ("submission", "the ledger: ids and numbers, without what they stood for"),
];

/// What goes, or would.
#[derive(Debug)]
pub struct Old {
    /// Submissions that the ledger forgets the content of.
    pub submissions: u64,
    /// By name, where there are any.
    pub rows: Vec<(&'static str, u64)>,
    /// Evaluation ranges tile from the number after this one on.
    pub through_seq: i64,
}

impl Old {
    pub fn is_nothing(&self) -> bool {
        self.submissions == 0 && self.rows.is_empty()
    }
}

#[derive(Debug)]
pub struct Range<'a> {
    pub patient: Uuid,
    pub organisation: Uuid,
    /// Care time.
    pub before: Timestamp,
    /// Machine time.
    pub at: Timestamp,
    pub made_by: &'a str,
    pub why: &'a str,
}

/// Erases within the caller's transaction; who only wants to know what would go rolls it back.
pub async fn erase(db: &mut PgConnection, range: &Range<'_>) -> Result<Old, sqlx::Error> {
    let &Range { patient, before, .. } = range;
    erasure::lock(db, patient).await?;
    let before = before.to_sqlx();
    let (settled, through_seq) = ends(db, patient, before).await?;
    let alerts = closed_alerts(db, patient, before).await?;
    let mut rows = Vec::new();
    for (name, delete) in DELETES {
        let sql = sqlx::AssertSqlSafe(format!("{GIVEN}{delete}"));
        let done = sqlx::query(sql)
            .bind(patient)
            .bind(before)
            .bind(settled)
            .bind(&alerts)
            .bind(through_seq)
            .execute(&mut *db)
            .await?;
        if done.rows_affected() > 0 {
            rows.push((*name, done.rows_affected()));
        }
    }
    // A hash of version 0 is comparable with none: the same id again is a duplicate, whatever it holds.
    let forgotten = sqlx::query(
        "UPDATE submission SET kind = $4, content_hash = '\\x00', effective_at = received_at, flags = '{}', note = NULL
         WHERE patient = $1 AND effective_at < $2 AND seq <= $3 AND kind <> $4",
    )
    .bind(patient)
    .bind(before)
    .bind(settled)
    .bind(ERASED)
    .execute(&mut *db)
    .await?;
    let old = Old { submissions: forgotten.rows_affected(), rows, through_seq };
    if old.is_nothing() {
        return Ok(old);
    }
    sqlx::query(
        "INSERT INTO erased_range (patient, before_at, organisation, through_seq, at, made_by, why)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(patient)
    .bind(before)
    .bind(range.organisation)
    .bind(through_seq)
    .bind(range.at.to_sqlx())
    .bind(range.made_by)
    .bind(range.why)
    .execute(db)
    .await?;
    Ok(old)
}

/// The last number that is judged for good, and the last one of the evaluation ranges that are older than that instant.
async fn ends(db: &mut PgConnection, patient: Uuid, before: SqlTimestamp) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query(
        "WITH settled AS (
             SELECT coalesce(least(judged_through, failed_from - 1), 0) AS seq FROM patient_judged WHERE patient = $1)
         SELECT settled.seq AS settled,
                least(settled.seq, (SELECT min(from_seq) - 1 FROM evaluation WHERE patient = $1 AND from_seq IS NOT NULL AND at >= $2))
                    AS through
         FROM settled",
    )
    .bind(patient)
    .bind(before)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok((0, 0)) };
    Ok((row.try_get("settled")?, row.try_get("through")?))
}

/// Alerts that were closed before that instant and are about nothing that went on after it.
async fn closed_alerts(db: &mut PgConnection, patient: Uuid, before: SqlTimestamp) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT alert FROM alert
         WHERE patient = $1 AND closed_at < $2
               AND NOT EXISTS (SELECT FROM finding
                               WHERE finding.patient = $1 AND finding.problem = alert.problem
                                     AND finding.start_at <= alert.closed_at AND (finding.end_at IS NULL OR finding.end_at >= $2))
               -- The task that says that readings were never judged.
               AND NOT (rule = 'task/not-judged'
                        AND EXISTS (SELECT FROM patient_judged WHERE patient_judged.patient = $1 AND failed_from IS NOT NULL))",
    )
    .bind(patient)
    .bind(before)
    .fetch_all(db)
    .await
}

/// Up to where a record was erased, and when that was done last.
#[derive(Clone, Copy, Debug)]
pub struct Erased {
    /// Care time.
    pub before: Timestamp,
    /// Machine time.
    pub at: Timestamp,
}

pub async fn of(db: &mut PgConnection, patient: Uuid) -> Result<Option<Erased>, sqlx::Error> {
    let row: Option<(SqlTimestamp, SqlTimestamp)> =
        sqlx::query_as("SELECT before_at, at FROM erased_range WHERE patient = $1 ORDER BY before_at DESC LIMIT 1")
            .bind(patient)
            .fetch_optional(db)
            .await?;
    Ok(row.map(|(before, at)| Erased { before: before.to_jiff(), at: at.to_jiff() }))
}
