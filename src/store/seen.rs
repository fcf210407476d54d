//! Who has seen what: the newest acknowledgement of a patient's alerts, and which submissions were part of it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgPool;
use uuid::Uuid;

/// Items named in one *seen*; a long trouble names its newest.
const ITEMS_LIMIT: i64 = 100;
/// Nothing is dated later than this after it arrived.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// An alert, as far as it says which submissions were part of it.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub alert: Uuid,
    pub patient: Uuid,
    /// `pack/rule`
    pub rule: String,
    pub began_at: Timestamp,
}

/// Somebody took an alert about the patient's health.
#[derive(Clone, Debug)]
pub struct Taken {
    pub trouble: Trouble,
    pub taken_at: Timestamp,
    /// `Ida, Belper team`
    pub by: String,
}

/// The newest of each patient who has one. Whoever takes an alert about silence or an instrument has seen no reading.
pub async fn newest(pool: &PgPool, patients: &[Uuid]) -> sqlx::Result<HashMap<Uuid, Taken>> {
    type Row = (Uuid, Uuid, SqlTimestamp, SqlTimestamp, String, String);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT asked.patient, taken.*
         FROM unnest($1::uuid[]) AS asked (patient) CROSS JOIN LATERAL (
             SELECT alert.alert, coalesce(alert.finding_start, alert.opened_at), alert.acknowledged_at, alert.rule,
                    split_part(staff.name, ' ', 1) || ', ' || team.name
             FROM alert
             JOIN staff ON staff.staff = alert.owner
             JOIN team ON team.team = alert.team
             WHERE alert.patient = asked.patient AND alert.acknowledged_at IS NOT NULL AND alert.kind = 'clinical'
             ORDER BY alert.acknowledged_at DESC
             LIMIT 1
         ) AS taken",
    )
    .bind(patients)
    .fetch_all(pool)
    .await?;
    let of_row = |(patient, alert, began_at, taken_at, rule, by): Row| {
        let trouble = Trouble { alert, patient, rule, began_at: began_at.to_jiff() };
        (patient, Taken { trouble, taken_at: taken_at.to_jiff(), by })
    };
    Ok(rows.into_iter().map(of_row).collect())
}

/// Which submissions are named.
#[derive(Clone, Copy, Debug)]
pub enum SentBy {
    Anybody,
    /// Any of their phones; not what staff entered.
    Phones,
    /// This phone.
    Phone(Uuid),
}

impl SentBy {
    fn device(self) -> Option<Uuid> {
        if let Self::Phone(device) = self { Some(device) } else { None }
    }

    fn is_phone(self) -> bool {
        !matches!(self, Self::Anybody)
    }
}

/// Client ids of the readings of these vitals, and of the answers to these questionnaires (names before the `|`), from
/// the finding's start until then. What came later was no part of it.
pub async fn measured(
    pool: &PgPool,
    trouble: &Trouble,
    until: Timestamp,
    vitals: &[&str],
    questionnaires: &[&str],
    by: SentBy,
) -> sqlx::Result<Vec<Uuid>> {
    // The numbers first, by time: the ledger is found by them, and would be read from a patient's first day otherwise.
    sqlx::query_scalar(
        "SELECT submission.client_id FROM submission
         WHERE submission.patient = $1 AND submission.effective_at BETWEEN $2 AND $3 AND submission.received_at <= $4
               AND (NOT $8 OR submission.device = coalesce($9, submission.device))
               AND submission.seq = ANY (ARRAY(
                   SELECT reading.seq FROM reading
                   WHERE reading.patient = $1 AND reading.effective_at BETWEEN $2 AND $3 AND reading.vital = ANY($5)
                   UNION ALL
                   SELECT answers.seq FROM answers
                   WHERE answers.patient = $1 AND answers.effective_at BETWEEN $2 AND $3
                         AND split_part(answers.questionnaire, '|', 1) = ANY($6)))
         ORDER BY submission.seq DESC LIMIT $7",
    )
    .bind(trouble.patient)
    .bind(trouble.began_at.to_sqlx())
    .bind((until + AHEAD).to_sqlx())
    .bind(until.to_sqlx())
    .bind(vitals)
    .bind(questionnaires)
    .bind(ITEMS_LIMIT)
    .bind(by.is_phone())
    .bind(by.device())
    .fetch_all(pool)
    .await
}

/// Client ids of the submissions whose note was there to read: those that came since the alert before was closed.
pub async fn noted(pool: &PgPool, trouble: &Trouble, until: Timestamp, by: SentBy) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT submission.client_id FROM submission
         WHERE submission.patient = $1 AND submission.note IS NOT NULL AND submission.received_at <= $2
               AND (NOT $6 OR submission.device = coalesce($7, submission.device))
               AND submission.received_at > coalesce((SELECT max(before.closed_at) FROM alert AS before
                                                      WHERE before.patient = $1 AND before.rule = $3 AND before.alert <> $4
                                                            AND before.closed_at <= $2), '-infinity')
         ORDER BY submission.seq DESC LIMIT $5",
    )
    .bind(trouble.patient)
    .bind(until.to_sqlx())
    .bind(&trouble.rule)
    .bind(trouble.alert)
    .bind(ITEMS_LIMIT)
    .bind(by.is_phone())
    .bind(by.device())
    .fetch_all(pool)
    .await
}
