//! The write path: one transaction that decides what is new, numbers it, stores it and queues it for the monitor.
//!
//! Numbers of a patient have no gaps, and nobody ever sees 41 before 40 is committed: the patients' heads are locked first, in
//! patient order (unsorted, two writers deadlock), and everything else is read after that. The ledger `submission` alone decides
//! what came before; what follows is decided in `verdict.rs`. What goes into the tables is in `columns.rs`; when to call this, and
//! again, is `ingest/writer.rs`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, PgTransaction};
use tracing::instrument::WithSubscriber;
use uuid::Uuid;

use super::columns;
use super::decision_count;
use super::notice_watch::NoticeWatch;
use super::submission::{Body, Decision, Entry, Submission};
use super::verdict::{self, Key, Known, Verdict};
use crate::random;

/// Settings without which a commit may not be on disk.
const DURABLE_SETTINGS: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

/// Why a batch was not stored, by what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something in the batch is to blame: try its parts.
    #[error("the database will not take an item: {0}")]
    Item(sqlx::Error),
    /// The numbers of a patient are out of step with the ledger.
    #[error("the ledger already holds what was to be stored as new: {0}")]
    OutOfStep(sqlx::Error),
    /// Nothing is known about the outcome, or nothing was tried: the same batch again, on a new connection.
    #[error("{0}")]
    Unknown(String),
}

/// A connection to the ledger whose session is known to be durable.
#[derive(Debug)]
pub struct Ledger {
    connection: PgConnection,
    /// Of this connection.
    id: Uuid,
    warned: Arc<AtomicBool>,
    notices: tracing::Dispatch,
}

impl Ledger {
    pub async fn connect(options: &PgConnectOptions) -> Result<Self, StoreError> {
        let connection = options
            .connect()
            .await
            .map_err(|error| StoreError::Unknown(format!("the database cannot be reached: {error}")))?;
        let warned = Arc::new(AtomicBool::new(false));
        let notices = tracing::Dispatch::new(NoticeWatch::new(Arc::clone(&warned)));
        let mut ledger = Self { connection, id: random::new_id(), warned, notices };
        durable(&mut ledger.connection).await?;
        Ok(ledger)
    }

    /// Stores what is new and answers for each entry, in order. After an error the connection is not to be used again, unless the
    /// error is `Item` or `OutOfStep`.
    pub async fn store(&mut self, entries: &[Entry]) -> Result<Vec<Decision>, StoreError> {
        let mut transaction = self.connection.begin().await.map_err(unknown)?;
        // Each time: these settings can be changed while the server runs.
        durable(&mut transaction).await?;
        let decisions = match store_in(&mut transaction, self.id, entries).await {
            Ok(decisions) => decisions,
            Err(error) => {
                let error = blame(error);
                if !matches!(error, StoreError::Unknown(_)) {
                    transaction.rollback().await.map_err(unknown)?;
                }
                return Err(error);
            }
        };
        self.warned.store(false, Ordering::Relaxed);
        transaction.commit().with_subscriber(self.notices.clone()).await.map_err(unknown)?;
        if self.warned.load(Ordering::Relaxed) {
            // A cancelled wait for the synchronous standby reports success with a warning.
            return Err(StoreError::Unknown(
                "the database warned at the commit, so the data may not be where they should be".to_owned(),
            ));
        }
        Ok(decisions)
    }

    pub async fn close(self) {
        // It is not needed any more, whatever comes of the goodbye.
        let _ = self.connection.close().await;
    }
}

fn unknown(error: sqlx::Error) -> StoreError {
    StoreError::Unknown(format!("the outcome of the commit is unknown: {error}"))
}

/// Whose fault an error is, by its SQLSTATE class.
fn blame(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Encode(_) => StoreError::Item(error),
        sqlx::Error::Database(database) => match database.code().as_deref() {
            Some("23505") => StoreError::OutOfStep(error),
            Some(code) if ["22", "23", "54"].contains(&&code[..2]) => StoreError::Item(error),
            _ => unknown(error),
        },
        _ => unknown(error),
    }
}

async fn durable(connection: &mut PgConnection) -> Result<(), StoreError> {
    let values: Vec<String> = sqlx::query_scalar("SELECT current_setting(name) FROM unnest($1::text[]) AS name")
        .bind(DURABLE_SETTINGS.as_slice())
        .fetch_all(connection)
        .await
        .map_err(unknown)?;
    let off: Vec<String> = DURABLE_SETTINGS
        .iter()
        .zip(&values)
        .filter(|(_, value)| !matches!(value.as_str(), "on" | "remote_apply"))
        .map(|(name, _)| format!("{name} = on"))
        .collect();
    if off.is_empty() {
        return Ok(());
    }
    Err(StoreError::Unknown(format!(
        "a commit would not be durable, so nothing is accepted; set {} in the database",
        off.join(" and ")
    )))
}

async fn store_in(
    transaction: &mut PgTransaction<'_>,
    ledger_id: Uuid,
    entries: &[Entry],
) -> sqlx::Result<Vec<Decision>> {
    let submissions: Vec<&Submission> = entries.iter().filter_map(Entry::submission).collect();
    let heads = lock_heads(transaction, &submissions).await?;
    let ledger = look_up(transaction, &submissions).await?;
    let Verdict { decisions, new, refusals } = verdict::on(entries, heads, ledger);
    columns::insert(transaction, &new).await?;
    columns::insert_refusals(transaction, &refusals).await?;
    decision_count::add(transaction, ledger_id, entries, &decisions).await?;
    Ok(decisions)
}

async fn lock_heads(
    transaction: &mut PgTransaction<'_>,
    submissions: &[&Submission],
) -> sqlx::Result<HashMap<Uuid, i64>> {
    let patients: BTreeSet<Uuid> = submissions.iter().map(|submission| submission.patient).collect();
    if patients.is_empty() {
        return Ok(HashMap::new());
    }
    let heads: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT patient, last_seq FROM patient_head WHERE patient = ANY($1) ORDER BY patient FOR NO KEY UPDATE",
    )
    .bind(patients.into_iter().collect::<Vec<_>>())
    .fetch_all(&mut **transaction)
    .await?;
    Ok(heads.into_iter().collect())
}

/// A statement of its own, after the locks: only now does it see what the previous holder of a head committed.
async fn look_up(
    transaction: &mut PgTransaction<'_>,
    submissions: &[&Submission],
) -> sqlx::Result<HashMap<Key, Known>> {
    let targets = submissions.iter().filter_map(|submission| match &submission.body {
        Body::Correction(correction) => Some((submission.patient, correction.corrects)),
        _ => None,
    });
    let keys: BTreeSet<Key> =
        submissions.iter().map(|submission| (submission.patient, submission.client_id)).chain(targets).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (patients, client_ids): (Vec<Uuid>, Vec<Uuid>) = keys.into_iter().unzip();
    type Row = (Uuid, Uuid, i64, Vec<u8>, Vec<String>, String, Option<String>, SqlTimestamp);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT s.patient, s.client_id, s.seq, s.content_hash, s.flags, s.kind,
                (SELECT vital FROM reading
                 WHERE reading.patient = s.patient AND reading.seq = s.seq AND reading.effective_at = s.effective_at LIMIT 1),
                s.effective_at
         FROM unnest($1::uuid[], $2::uuid[]) AS k(patient, client_id) JOIN submission s USING (patient, client_id)",
    )
    .bind(patients)
    .bind(client_ids)
    .fetch_all(&mut **transaction)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(patient, client_id, seq, content_hash, flags, kind, vital, effective_at)| {
            let known = Known { seq, content_hash, flags, kind, vital, effective_at: effective_at.to_jiff() };
            ((patient, client_id), known)
        })
        .collect())
}
