//! The write path: one transaction that decides what is new, numbers it, stores it and queues it for the monitor.
//!
//! Numbers of a patient have no gaps, and nobody ever sees 41 before 40 is committed: the patients' heads are locked first, in
//! patient order (unsorted, two writers deadlock), and everything else is read after that. The ledger `submission` alone decides
//! what came before; what follows is decided in `verdict.rs`. What goes into the tables is in `columns.rs`; when to call this, and
//! again, is `ingest/writer.rs`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
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

/// Begins a transaction whose commit will be on disk, or fails. Each time: these settings can be changed while the server runs.
const BEGIN_DURABLE: &str = "BEGIN; SELECT must_be_durable()";

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

const READING: &str = "reading";

/// A connection to the ledger.
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
        Ok(Self { connection, id: random::new_id(), warned, notices })
    }

    /// Stores what is new and answers for each entry, in order. After an error the connection is not to be used again, unless the
    /// error is `Item` or `OutOfStep`.
    pub async fn store(&mut self, entries: &[Entry]) -> Result<Vec<Decision>, StoreError> {
        let mut transaction = self.connection.begin_with(BEGIN_DURABLE).await.map_err(not_begun)?;
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

fn not_begun(error: sqlx::Error) -> StoreError {
    StoreError::Unknown(format!("nothing was tried: {error}"))
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

/// Statements of their own, after the locks: only now do they see what the previous holder of a head committed.
async fn look_up(
    transaction: &mut PgTransaction<'_>,
    submissions: &[&Submission],
) -> sqlx::Result<HashMap<Key, Known>> {
    let targets: BTreeSet<Key> = submissions
        .iter()
        .filter_map(|submission| match &submission.body {
            Body::Correction(correction) => Some((submission.patient, correction.corrects)),
            _ => None,
        })
        .collect();
    let own = submissions.iter().map(|submission| (submission.patient, submission.client_id));
    let keys: BTreeSet<Key> = own.chain(targets.iter().copied()).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (patients, client_ids): (Vec<Uuid>, Vec<Uuid>) = keys.into_iter().unzip();
    type Row = (Uuid, Uuid, i64, Vec<u8>, Vec<String>, String, SqlTimestamp);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT s.patient, s.client_id, s.seq, s.content_hash, s.flags, s.kind, s.effective_at
         FROM unnest($1::uuid[], $2::uuid[]) AS k(patient, client_id) JOIN submission s USING (patient, client_id)",
    )
    .bind(patients)
    .bind(client_ids)
    .fetch_all(&mut **transaction)
    .await?;
    let mut ledger: HashMap<Key, Known> = rows
        .into_iter()
        .map(|(patient, client_id, seq, content_hash, flags, kind, effective_at)| {
            let known = Known { seq, content_hash, flags, kind, vital: None, effective_at: effective_at.to_jiff() };
            ((patient, client_id), known)
        })
        .collect();
    look_up_vitals(transaction, &mut ledger, &targets).await?;
    Ok(ledger)
}

/// What the readings among the targets of corrections measured.
async fn look_up_vitals(
    transaction: &mut PgTransaction<'_>,
    ledger: &mut HashMap<Key, Known>,
    targets: &BTreeSet<Key>,
) -> sqlx::Result<()> {
    let readings: Vec<(Key, Timestamp, i64)> = targets
        .iter()
        .filter_map(|key| Some((*key, ledger.get(key).filter(|known| known.kind == READING)?)))
        .map(|(key, known)| (key, known.effective_at, known.seq))
        .collect();
    let times = || readings.iter().map(|(_, at, _)| *at);
    let (Some(from), Some(until)) = (times().min(), times().max()) else { return Ok(()) };
    type Row = (Uuid, Uuid, String);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT DISTINCT k.patient, k.client_id, r.vital
         FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[]) AS k(patient, client_id, effective_at, seq)
         JOIN reading r USING (patient, effective_at, seq)
         WHERE r.effective_at BETWEEN $5 AND $6",
    )
    .bind(readings.iter().map(|((patient, _), _, _)| *patient).collect::<Vec<_>>())
    .bind(readings.iter().map(|((_, client_id), _, _)| *client_id).collect::<Vec<_>>())
    .bind(times().map(ToSqlx::to_sqlx).collect::<Vec<_>>())
    .bind(readings.iter().map(|(_, _, seq)| *seq).collect::<Vec<_>>())
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .fetch_all(&mut **transaction)
    .await?;
    for (patient, client_id, vital) in rows {
        if let Some(known) = ledger.get_mut(&(patient, client_id)) {
            known.vital = Some(vital);
        }
    }
    Ok(())
}
