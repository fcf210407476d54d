//! Erasing a person (GDPR, article 17): everything but a tombstone and the audit, whose entries hold ids. Done as the eraser, who
//! may delete, and touch the audit no more than anybody else.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::Store;

/// In the order in which they name each other. `$1` is the patient. What is missing here a test finds.
pub const DELETES: &[&str] = &[
    "DELETE FROM page_request WHERE alert IN (SELECT alert FROM alert WHERE patient = $1)",
    "DELETE FROM alert_event WHERE alert IN (SELECT alert FROM alert WHERE patient = $1)",
    // One page may tell of several people's alerts; it names none of them.
    "DELETE FROM page WHERE alerts && (SELECT array_agg(alert) FROM alert WHERE patient = $1)
            AND NOT EXISTS (SELECT FROM alert WHERE alert.alert = ANY (page.alerts) AND alert.patient IS DISTINCT FROM $1)",
    "DELETE FROM alert WHERE patient = $1",
    "DELETE FROM watch WHERE patient = $1",
    "DELETE FROM shadow_difference WHERE patient = $1",
    "DELETE FROM shadow_look WHERE patient = $1",
    "DELETE FROM finding WHERE patient = $1",
    "DELETE FROM evaluation WHERE patient = $1",
    "DELETE FROM due WHERE patient = $1",
    "DELETE FROM arrival WHERE patient = $1",
    "DELETE FROM patient_judged WHERE patient = $1",
    "DELETE FROM reading USING (SELECT min(effective_at) AS first, max(effective_at) AS last FROM submission WHERE patient = $1) AS span
     WHERE reading.patient = $1 AND reading.effective_at BETWEEN span.first AND span.last",
    "DELETE FROM answers WHERE patient = $1",
    "DELETE FROM event WHERE patient = $1",
    "DELETE FROM correction WHERE patient = $1",
    "DELETE FROM shown WHERE patient = $1",
    "DELETE FROM acceptance WHERE patient = $1",
    "DELETE FROM pause_request WHERE patient = $1",
    "DELETE FROM submission WHERE patient = $1",
    "DELETE FROM refusal WHERE patient = $1 OR device IN (SELECT device FROM device WHERE patient = $1)",
    "DELETE FROM patient_head WHERE patient = $1",
    "DELETE FROM push WHERE patient = $1 OR device IN (SELECT device FROM device WHERE patient = $1)",
    "DELETE FROM instrument_user WHERE patient = $1",
    "DELETE FROM carer_consent WHERE patient = $1",
    "DELETE FROM device_person WHERE patient = $1 OR device IN (SELECT device FROM device WHERE patient = $1)",
    "DELETE FROM enrolment_code_person WHERE patient = $1
            OR code_hash IN (SELECT code_hash FROM enrolment_code WHERE patient = $1)",
    "DELETE FROM enrolment_code WHERE patient = $1",
    "DELETE FROM device WHERE patient = $1",
    "DELETE FROM restriction_reader WHERE restriction IN (SELECT restriction FROM restriction WHERE patient = $1)",
    "DELETE FROM restriction WHERE patient = $1",
    "DELETE FROM break_glass WHERE patient = $1",
    "DELETE FROM patient_team WHERE patient = $1",
    "DELETE FROM patient_facts WHERE patient = $1",
    // The tombstone stands for these.
    "DELETE FROM erased_range WHERE patient = $1",
    "DELETE FROM patient WHERE patient = $1",
];

/// Why somebody is not erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// They are still monitored.
    Monitored,
    /// Alerts of theirs are open: somebody has to close them first.
    AlertsOpen(i64),
}

#[derive(Debug)]
pub struct Tombstone<'a> {
    pub patient: Uuid,
    pub organisation: Uuid,
    /// Machine time.
    pub at: Timestamp,
    pub made_by: &'a str,
    pub why: &'a str,
}

impl Store {
    /// A transaction of the role that erases.
    pub async fn eraser_tx(&self) -> sqlx::Result<Transaction<'static, Postgres>> {
        let mut transaction = self.owner.begin().await?;
        sqlx::raw_sql("SET LOCAL ROLE derwent_eraser").execute(&mut *transaction).await?;
        Ok(transaction)
    }
}

/// Whoever would store something of this person waits.
pub async fn lock(db: &mut PgConnection, patient: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT last_seq FROM patient_head WHERE patient = $1 FOR UPDATE").bind(patient).execute(db).await?;
    Ok(())
}

/// Locks the person against everybody who would store something, then says whether they may be erased.
pub async fn may(db: &mut PgConnection, patient: Uuid) -> Result<Option<NotYet>, sqlx::Error> {
    lock(db, patient).await?;
    let (ended, open): (bool, i64) = sqlx::query_as(
        "SELECT ended_at IS NOT NULL, (SELECT count(*) FROM alert WHERE alert.patient = $1 AND closed_at IS NULL)
         FROM patient WHERE patient = $1",
    )
    .bind(patient)
    .fetch_one(db)
    .await?;
    Ok(match (ended, open) {
        (false, _) => Some(NotYet::Monitored),
        (true, 0) => None,
        (true, open) => Some(NotYet::AlertsOpen(open)),
    })
}

/// Call it after `may`, in the same transaction. Returns the person's own devices, whose connections are to be closed.
pub async fn erase(db: &mut PgConnection, tombstone: &Tombstone<'_>) -> Result<Vec<Uuid>, sqlx::Error> {
    let devices = sqlx::query_scalar("SELECT device FROM device WHERE patient = $1")
        .bind(tombstone.patient)
        .fetch_all(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO tombstone (patient, organisation, through_seq, at, made_by, why)
         VALUES ($1, $2, coalesce((SELECT last_seq FROM patient_head WHERE patient = $1), 0), $3, $4, $5)",
    )
    .bind(tombstone.patient)
    .bind(tombstone.organisation)
    .bind(tombstone.at.to_sqlx())
    .bind(tombstone.made_by)
    .bind(tombstone.why)
    .execute(&mut *db)
    .await?;
    for delete in DELETES {
        sqlx::query(*delete).bind(tombstone.patient).execute(&mut *db).await?;
    }
    Ok(devices)
}
