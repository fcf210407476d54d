//! What phones sent and what they saw of it, written down at the wire: the one side of the comparison.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

/// One item with one content. The same id with other content is another submission.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct What {
    pub patient: Uuid,
    pub id: Uuid,
    pub content_hash: Vec<u8>,
    /// Rows of `reading` that it makes, if it is taken.
    pub components: usize,
}

/// How one sending of it ended for the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saw {
    Stored(u64),
    Duplicate(u64),
    /// For good: the phone forgets it.
    Refused(String),
    /// *Send it again later.*
    NotNow,
    /// The connection ended before an answer.
    Unknown,
}

#[derive(Debug, Default)]
pub struct History {
    /// In the order in which they were seen, for each submission that was sent at least once.
    pub saw: HashMap<What, Vec<Saw>>,
    /// What the service said that fits nothing in the protocol.
    pub surprises: Vec<String>,
    in_flight: usize,
}

impl History {
    /// It is about to be written to a socket.
    pub fn sent(&mut self, what: &What) {
        self.in_flight += 1;
        self.saw.entry(what.clone()).or_default();
    }

    pub fn saw(&mut self, what: &What, saw: Saw) {
        self.in_flight -= 1;
        self.saw.get_mut(what).expect("sent before").push(saw);
    }

    /// Submissions that were sent, on connections that stand, and are not answered.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub fn tally(&self) -> Tally {
        let mut tally = Tally { submissions: self.saw.len(), ..Tally::default() };
        for saw in self.saw.values().flatten() {
            *match saw {
                Saw::Stored(_) => &mut tally.stored,
                Saw::Duplicate(_) => &mut tally.duplicate,
                Saw::Refused(_) => &mut tally.refused,
                Saw::NotNow => &mut tally.not_now,
                Saw::Unknown => &mut tally.unknown,
            } += 1;
        }
        tally
    }
}

/// How many answers of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub submissions: usize,
    pub stored: usize,
    pub duplicate: usize,
    pub refused: usize,
    pub not_now: usize,
    pub unknown: usize,
}

/// The history that all phones of a trial write into.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    history: Arc<Mutex<History>>,
    stored: Arc<Notify>,
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, History> {
        // Each change is whole, so a panic elsewhere does not spoil it.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A phone has just seen *stored*.
    pub fn tell_stored(&self) {
        self.stored.notify_waiters();
    }

    /// Returns in the instant in which some phone sees *stored*: whoever acknowledges too early is found out now or never.
    pub async fn next_stored(&self) {
        self.stored.notified().await;
    }
}
