//! The writer of each replica, after `ingest/writer.rs`: one transaction at a time, whatever queued meanwhile in the next,
//! the same batch again when nothing is known about its outcome, and no answer before a commit.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use mobile_api::session;

use super::event::{Event, Work};
use super::world::{Broken, World};
use crate::ingest::receipt;
use crate::store::submission::{Decision, Entry};

const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Writer {
    pub queue: VecDeque<Batch>,
    pub committing: Option<Committing>,
    pub failures: u32,
}

#[derive(Debug)]
pub struct Batch {
    line: u64,
    batch: u64,
    entries: Vec<Entry>,
    /// None: answered already, by a service that is broken on purpose.
    waiting: Option<receipt::Waiting>,
}

#[derive(Debug)]
pub struct Committing {
    batches: Vec<Batch>,
    entries: Rc<Vec<Entry>>,
    /// Of the attempt that is under way.
    transaction: u64,
}

/// On its way to the database, which finishes it even if whoever sent it is gone.
#[derive(Debug)]
pub struct Transaction {
    replica: usize,
    boot: u32,
    entries: Rc<Vec<Entry>>,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Heard,
    Unheard,
    Nothing,
}

impl World {
    pub fn hand_to_writer(
        &mut self,
        replica: usize,
        line: u64,
        batch: u64,
        entries: Vec<Entry>,
        waiting: receipt::Waiting,
    ) {
        let mut waiting = Some(waiting);
        if self.broken == Broken::AnswersBeforeCommit {
            let decisions = self.database.verdict(&entries).decisions;
            let items = waiting.take().map(|waiting| waiting.answer(Some(decisions)).items).unwrap_or_default();
            self.session(line, session::Input::Decided { batch, items, notice: None });
        }
        self.replicas[replica].writer.queue.push_back(Batch { line, batch, entries, waiting });
        self.write(replica);
    }

    /// Begins a transaction, unless one is under way.
    fn write(&mut self, replica: usize) {
        let writer = &mut self.replicas[replica].writer;
        if writer.committing.is_some() || writer.queue.is_empty() {
            return;
        }
        let batches: Vec<Batch> = writer.queue.drain(..).collect();
        let entries = Rc::new(batches.iter().flat_map(|batch| batch.entries.iter().cloned()).collect());
        writer.committing = Some(Committing { batches, entries, transaction: 0 });
        self.attempt(replica);
    }

    fn attempt(&mut self, replica: usize) {
        let transaction = self.next_transaction;
        self.next_transaction += 1;
        let boot = self.replicas[replica].boot;
        let Some(committing) = &mut self.replicas[replica].writer.committing else { return };
        committing.transaction = transaction;
        let entries = Rc::clone(&committing.entries);
        let fate = if self.dice.chance(self.faults.commit_fails) {
            Fate::Nothing
        } else if self.dice.chance(self.faults.commit_unheard) {
            Fate::Unheard
        } else {
            Fate::Heard
        };
        let delay = self.dice.up_to(self.faults.commit_delay);
        let mut happens = delay;
        if fate == Fate::Unheard && self.dice.chance(self.faults.commit_late) {
            happens += self.dice.up_to(Duration::from_secs(60));
        }
        self.transactions.insert(transaction, Transaction { replica, boot, entries, fate });
        self.after(happens, Event::Commits { transaction });
        if fate != Fate::Heard {
            self.after(delay, Event::CommitUnknown { replica, transaction });
        }
    }

    /// The instant at which it happens, if it does.
    pub fn commits(&mut self, transaction: u64) {
        let Some(Transaction { replica, boot, entries, fate }) = self.transactions.remove(&transaction) else { return };
        let name = self.replicas[replica].name.clone();
        if fate == Fate::Nothing || self.database_is_down() {
            self.say("database", "does not store", format_args!("{} of {name}", entries.len()));
            if fate == Fate::Heard {
                self.after(Duration::from_millis(1), Event::CommitUnknown { replica, transaction });
            }
            return;
        }
        let forgets = self.broken == Broken::ForgetsCommits && self.dice.chance(30);
        let decisions = if forgets { self.database.verdict(&entries).decisions } else { self.database.store(&entries) };
        self.count.commits += 1;
        let stored = decisions.iter().filter(|decision| matches!(decision, Decision::Stored { .. })).count();
        let unheard = if fate == Fate::Unheard { ", and nobody hears of it" } else { "" };
        let others = decisions.len() - stored;
        self.say("database", "stores", format_args!("{stored} new and {others} others of {name}{unheard}"));
        self.check_numbers();
        self.poke(Work::Judge);
        if fate == Fate::Heard {
            let delay = self.dice.up_to(self.faults.commit_delay);
            self.after(delay, Event::Committed { replica, boot, transaction, decisions });
        }
    }

    pub fn committed(&mut self, replica: usize, boot: u32, transaction: u64, decisions: Vec<Decision>) {
        let writer = &mut self.replicas[replica].writer;
        let ours = writer.committing.as_ref().is_some_and(|committing| committing.transaction == transaction);
        let Some(committing) = writer.committing.take_if(|_| ours) else { return };
        writer.failures = 0;
        if !self.is_alive(replica, boot) {
            return;
        }
        let mut decisions = decisions.into_iter();
        for Batch { line, batch, entries, waiting } in committing.batches {
            let decisions = decisions.by_ref().take(entries.len()).collect();
            let Some(waiting) = waiting else { continue };
            let items = waiting.answer(Some(decisions)).items;
            self.session(line, session::Input::Decided { batch, items, notice: None });
        }
        self.write(replica);
    }

    pub fn commit_unknown(&mut self, replica: usize, transaction: u64) {
        let writer = &mut self.replicas[replica].writer;
        if writer.committing.as_ref().is_none_or(|committing| committing.transaction != transaction) {
            return;
        }
        let pause = (FIRST_RETRY * 2_u32.pow(writer.failures.min(10))).min(LAST_RETRY);
        writer.failures += 1;
        let name = self.replicas[replica].name.clone();
        self.say(&name, "does not know", format_args!("what was stored; again in {} ms", pause.as_millis()));
        self.after(pause, Event::WritesAgain { replica, transaction });
    }

    pub fn writes_again(&mut self, replica: usize, transaction: u64) {
        let committing = self.replicas[replica].writer.committing.as_ref();
        if committing.is_some_and(|committing| committing.transaction == transaction) {
            self.attempt(replica);
        }
    }

    /// Their sender is gone: some had said COMMIT, some had not.
    pub fn abandon_transactions(&mut self, replica: usize) {
        let of_replica: Vec<u64> = self
            .transactions
            .iter()
            .filter(|(_, transaction)| transaction.replica == replica)
            .map(|(id, _)| *id)
            .collect();
        for transaction in of_replica {
            if self.dice.chance(500) {
                self.transactions.remove(&transaction);
            }
        }
    }

    /// Any other transaction: None when nothing of it may happen, else whether whoever asked for it hears nothing.
    pub fn transaction(&mut self, replica: usize, what: &str) -> Option<bool> {
        let name = self.replicas[replica].name.clone();
        if self.database_is_down() || self.dice.chance(self.faults.commit_fails) {
            self.say(&name, "fails", format_args!("when it {what}"));
            return None;
        }
        let unheard = self.dice.chance(self.faults.commit_unheard);
        if unheard {
            self.say(&name, "does not know", format_args!("whether it {what}"));
        }
        Some(unheard)
    }
}
