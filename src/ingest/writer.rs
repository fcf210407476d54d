//! The only door to the ledger: a task that is never cancelled and commits whatever queued during the previous commit.
//!
//! A caller that goes away changes nothing: what it handed over is stored all the same, and a resend is answered *duplicate*.
//! What cannot be stored now is tried again, the same batch, until it can: the ledger makes that harmless. One item that the
//! database will never take is found by halving and refused alone. Nothing is answered before a durable commit.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::gauges;
use crate::lifecycle::Lifecycle;
use crate::progress::{self, Turns};
use crate::signal::{Signal, Signals};
use crate::store::Store;
use crate::store::ledger::{Ledger, StoreError};
use crate::store::submission::{Decision, Entry, Refused};

/// Rows of one commit. A batch of a phone is never split, so a commit may exceed it by one batch.
pub const COMMIT_ROWS: usize = 1_000;
/// Batches that may wait; beyond, whoever submits waits to be let in.
const QUEUE_BATCHES: usize = 4_096;
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// A handle to the task; when the last one is dropped and the queue is empty, the task ends.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Batch>,
}

#[derive(Debug)]
struct Batch {
    entries: Vec<Entry>,
    reply: oneshot::Sender<Vec<Decision>>,
}

/// The task ended before it could answer: the service is going down, and the phone sends again.
#[derive(Debug, thiserror::Error)]
#[error("the service is stopping; nothing is known about what was submitted")]
pub struct Stopped;

impl Writer {
    pub fn start(store: &Store, signals: Signals, lifecycle: &Lifecycle) -> Self {
        let (queue, batches) = mpsc::channel(QUEUE_BATCHES);
        let task = Task {
            options: store.ingest_session(),
            clock: Clock::ordinary(),
            ledger: None,
            signals,
            turns: lifecycle.progress.begins("storing", progress::LIMIT),
            retry_after: FIRST_RETRY,
        };
        lifecycle.spawn(task.run(batches));
        Self { queue }
    }

    /// Batches that wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// One decision for each entry, in order, once all of them are committed.
    pub async fn submit(&self, entries: Vec<Entry>) -> Result<Vec<Decision>, Stopped> {
        let (reply, decisions) = oneshot::channel();
        self.queue.send(Batch { entries, reply }).await.map_err(|_| Stopped)?;
        decisions.await.map_err(|_| Stopped)
    }
}

struct Task {
    options: PgConnectOptions,
    /// To measure with.
    clock: Clock,
    ledger: Option<Ledger>,
    signals: Signals,
    turns: Turns,
    retry_after: Duration,
}

impl Task {
    async fn run(mut self, mut batches: mpsc::Receiver<Batch>) {
        while let Some(first) = self.turns.until(batches.recv()).await {
            let (entries, waiting) = gather(first, &mut batches);
            let decisions = self.settle(&entries).await;
            if decisions.iter().any(|decision| matches!(decision, Decision::Stored { .. })) {
                self.signals.send(Signal::Arrived);
            }
            let mut decisions = decisions.into_iter();
            for who in waiting {
                // Who asked may be gone; it sends again and hears *duplicate*.
                let _ = who.reply.send(decisions.by_ref().take(who.entries).collect());
            }
        }
        if let Some(ledger) = self.ledger {
            ledger.close().await;
        }
    }

    /// Returns when there is a decision on every entry, however long that takes.
    async fn settle(&mut self, entries: &[Entry]) -> Vec<Decision> {
        loop {
            let error = match self.attempt(entries).await {
                Ok(decisions) => {
                    self.retry_after = FIRST_RETRY;
                    return decisions;
                }
                Err(error) => error,
            };
            match (error, entries) {
                (StoreError::Unknown(problem), _) => {
                    tracing::error!(%problem, waiting = entries.len(), "cannot store; phones wait for their receipts, trying on");
                    self.ledger = None;
                    tokio::time::sleep(self.retry_after).await;
                    self.retry_after = (self.retry_after * 2).min(LAST_RETRY);
                }
                (StoreError::Item(_), [Entry::Submission(submission)]) => {
                    tracing::warn!(submission = %submission.client_id, "the database cannot hold this submission; it is refused and on record");
                    let record: Vec<Entry> =
                        Refused::Unstorable.on_record(submission).map(Entry::Refusal).into_iter().collect();
                    Box::pin(self.settle(&record)).await;
                    return vec![Decision::Refused(Refused::Unstorable)];
                }
                (StoreError::OutOfStep(_), [Entry::Submission(submission)]) => {
                    tracing::error!(patient = %submission.patient, "the patient's head is behind the ledger; mend patient_head.last_seq");
                    return vec![Decision::Refused(Refused::NotNow)];
                }
                (StoreError::Item(error) | StoreError::OutOfStep(error), [Entry::Refusal(refusal)]) => {
                    tracing::error!(reason = refusal.reason, code = ?code(&error), "a refusal cannot be put on record");
                    return vec![Decision::Refused(Refused::NotNow)];
                }
                (StoreError::Item(_) | StoreError::OutOfStep(_), _) => {
                    let (left, right) = entries.split_at(entries.len() / 2);
                    let mut decisions = Box::pin(self.settle(left)).await;
                    decisions.extend(Box::pin(self.settle(right)).await);
                    return decisions;
                }
            }
        }
    }

    async fn attempt(&mut self, entries: &[Entry]) -> Result<Vec<Decision>, StoreError> {
        if self.ledger.is_none() {
            self.ledger = Some(Ledger::connect(&self.options).await?);
        }
        let ledger = self.ledger.as_mut().expect("connected above");
        let began = self.clock.instant();
        let stored = ledger.store(entries).await;
        match &stored {
            Ok(_) => {
                self.turns.ended();
                gauges::committed(entries.iter().map(Entry::rows).sum(), began.elapsed());
            }
            Err(_) => gauges::not_committed(),
        }
        stored
    }
}

/// Whose turn it is with the decisions, for how many of them.
struct Waiting {
    entries: usize,
    reply: oneshot::Sender<Vec<Decision>>,
}

/// The first batch and whatever else is waiting, up to a commit's worth.
fn gather(first: Batch, batches: &mut mpsc::Receiver<Batch>) -> (Vec<Entry>, Vec<Waiting>) {
    let mut entries = Vec::new();
    let mut waiting = Vec::new();
    let mut rows = 0;
    let mut next = Some(first);
    while let Some(batch) = next {
        rows += batch.entries.iter().map(Entry::rows).sum::<usize>();
        waiting.push(Waiting { entries: batch.entries.len(), reply: batch.reply });
        entries.extend(batch.entries);
        next = if rows < COMMIT_ROWS { batches.try_recv().ok() } else { None };
    }
    (entries, waiting)
}

/// The error's kind without its words, which may quote a value.
fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}
