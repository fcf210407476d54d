//! What was read of patients when they were last judged, so that judging reads only what is new.
//!
//! What has a number never changes and numbers have no gaps, so a history up to a number, with the facts of that version, is as
//! good as the database's own, at any replica. Whoever takes something numbered away (an erasure) also makes a new version of
//! the patient's facts, and at a new version everything is read anew. Losing this memory costs time only.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use alert_rules::{Facts, History};
use jiff::Timestamp;
use uuid::Uuid;

/// Submissions remembered, of all patients together. One takes about 150 bytes.
const SUBMISSIONS_REMEMBERED: usize = 1_000_000;

/// One patient's. The history holds everything numbered up to `through` whose effective time is `since` or later.
#[derive(Clone, Debug)]
pub struct Remembered {
    pub facts: Option<Facts>,
    pub facts_version: i64,
    pub history: History,
    pub since: Timestamp,
    pub through: i64,
}

impl Remembered {
    fn submissions(&self) -> usize {
        let History { readings, answers, events, corrections, .. } = &self.history;
        // The patient's own entry counts for something, too.
        1 + readings.len() + answers.len() + events.len() + corrections.len()
    }

    /// Lets go of what lies before `since`.
    pub fn forget_before(&mut self, since: Timestamp) {
        self.history.readings.retain(|reading| reading.effective_at >= since);
        self.history.answers.retain(|answers| answers.effective_at >= since);
        self.history.events.retain(|event| event.effective_at >= since);
        self.since = since;
    }
}

/// Two generations: when the younger holds half of what may be remembered, it becomes the older one, and what was the older
/// one and was not asked for meanwhile is forgotten.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    younger: HashMap<Uuid, Remembered>,
    older: HashMap<Uuid, Remembered>,
    submissions_in_younger: usize,
}

impl Memory {
    /// What is remembered of these patients is theirs who asked, until they keep it again.
    pub fn take(&self, patients: &[Uuid]) -> HashMap<Uuid, Remembered> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = HashMap::with_capacity(patients.len());
        for patient in patients {
            if let Some(remembered) = generations.take(patient) {
                taken.insert(*patient, remembered);
            }
        }
        taken
    }

    pub fn keep(&self, patient: Uuid, remembered: Remembered) {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.submissions_in_younger += remembered.submissions();
        generations.younger.insert(patient, remembered);
        if generations.submissions_in_younger > SUBMISSIONS_REMEMBERED / 2 {
            generations.older = std::mem::take(&mut generations.younger);
            generations.submissions_in_younger = 0;
        }
    }
}

impl Generations {
    fn take(&mut self, patient: &Uuid) -> Option<Remembered> {
        if let Some(remembered) = self.younger.remove(patient) {
            self.submissions_in_younger = self.submissions_in_younger.saturating_sub(remembered.submissions());
            return Some(remembered);
        }
        self.older.remove(patient)
    }
}
