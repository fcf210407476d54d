//! Whether what phones saw and what the database holds agree. Pure: a history and the tables' contents in, violations out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use uuid::Uuid;

use super::history::{History, Saw};

/// What the database holds, when every phone has its answers.
#[derive(Debug, Default)]
pub struct Held {
    pub ledger: Vec<Kept>,
    pub readings: Vec<Measured>,
    /// How many refusals are on record for a client id and a reason.
    pub refusals: BTreeMap<(String, String), i64>,
    /// `patient_head.last_seq`
    pub last_seq: BTreeMap<Uuid, u64>,
    /// Evaluation ranges, first and last number; none when judging is not looked at yet.
    pub ranges: Option<BTreeMap<Uuid, Vec<(u64, u64)>>>,
    pub idle_in_transaction: i64,
}

/// A row of the ledger.
#[derive(Debug, Clone)]
pub struct Kept {
    pub patient: Uuid,
    pub id: Uuid,
    pub seq: u64,
    pub content_hash: Vec<u8>,
}

/// The rows of `reading` under one number.
#[derive(Debug, Clone)]
pub struct Measured {
    pub patient: Uuid,
    pub seq: u64,
    /// The client id, which the phones write into the reading's context: a double shows even if the ledger does not.
    pub id: Uuid,
    pub rows: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// A phone saw it stored (or a duplicate) and it is not there.
    Lost {
        patient: Uuid,
        id: Uuid,
        seq: u64,
    },
    /// It is there more than once.
    Doubled {
        patient: Uuid,
        id: Uuid,
        seqs: Vec<u64>,
    },
    /// It is there, but not whole.
    Torn {
        patient: Uuid,
        seq: u64,
        rows: usize,
        expected: usize,
    },
    /// Under this number is something else than what the phone sent.
    Changed {
        patient: Uuid,
        id: Uuid,
    },
    /// The phone was told other numbers than the one it has.
    Numbers {
        patient: Uuid,
        id: Uuid,
        told: Vec<u64>,
        held: u64,
    },
    /// Two sendings were both told that they were the first.
    StoredTwice {
        patient: Uuid,
        id: Uuid,
    },
    /// Refused for good, and stored all the same.
    RefusedYetHeld {
        patient: Uuid,
        id: Uuid,
    },
    /// Refused for good, and not exactly once on record.
    RefusalsOnRecord {
        id: Uuid,
        reason: String,
        on_record: i64,
    },
    /// Nobody sent it.
    Unsent {
        patient: Uuid,
        seq: u64,
    },
    /// Sent again until an answer came, and none did.
    Unanswered {
        patient: Uuid,
        id: Uuid,
    },
    Gap {
        patient: Uuid,
        held: usize,
        last_seq: u64,
    },
    /// Evaluation ranges that do not tile 1…last.
    Untiled {
        patient: Uuid,
        ranges: Vec<(u64, u64)>,
        last_seq: u64,
    },
    IdleInTransaction {
        connections: i64,
    },
    Surprise {
        what: String,
    },
}

/// Everything that is wrong, in a stable order.
pub fn check(history: &History, held: &Held) -> Vec<Violation> {
    let mut violations = BTreeSet::new();
    let mut kept: HashMap<(Uuid, Uuid), Vec<&Kept>> = HashMap::new();
    for row in &held.ledger {
        kept.entry((row.patient, row.id)).or_default().push(row);
    }
    let mut measured: HashMap<(Uuid, Uuid), Vec<&Measured>> = HashMap::new();
    for reading in &held.readings {
        measured.entry((reading.patient, reading.id)).or_default().push(reading);
    }
    check_answers(history, held, &kept, &measured, &mut violations);
    check_numbers(held, &mut violations);
    check_ranges(held, &mut violations);

    let sent: HashSet<(Uuid, Uuid)> = history.saw.keys().map(|what| (what.patient, what.id)).collect();
    let numbered = held.ledger.iter().map(|row| (row.patient, row.id, row.seq));
    for (patient, id, seq) in numbered.chain(held.readings.iter().map(|row| (row.patient, row.id, row.seq))) {
        if !sent.contains(&(patient, id)) {
            violations.insert(Violation::Unsent { patient, seq });
        }
    }
    if held.idle_in_transaction > 0 {
        violations.insert(Violation::IdleInTransaction { connections: held.idle_in_transaction });
    }
    violations.extend(history.surprises.iter().map(|what| Violation::Surprise { what: what.clone() }));
    violations.into_iter().collect()
}

fn check_answers(
    history: &History,
    held: &Held,
    kept: &HashMap<(Uuid, Uuid), Vec<&Kept>>,
    measured: &HashMap<(Uuid, Uuid), Vec<&Measured>>,
    violations: &mut BTreeSet<Violation>,
) {
    for (what, saw) in &history.saw {
        let (patient, id) = (what.patient, what.id);
        let rows = kept.get(&(patient, id)).map_or(&[][..], Vec::as_slice);
        let readings = measured.get(&(patient, id)).map_or(&[][..], Vec::as_slice);
        let told: Vec<u64> = saw
            .iter()
            .filter_map(|saw| match saw {
                Saw::Stored(seq) | Saw::Duplicate(seq) => Some(*seq),
                _ => None,
            })
            .collect();
        if rows.len() > 1 || readings.len() > 1 {
            let mut seqs: Vec<u64> = rows.iter().map(|row| row.seq).collect();
            seqs.extend(readings.iter().map(|reading| reading.seq));
            seqs.sort_unstable();
            seqs.dedup();
            violations.insert(Violation::Doubled { patient, id, seqs });
        }
        if saw.iter().filter(|saw| matches!(saw, Saw::Stored(_))).count() > 1 {
            violations.insert(Violation::StoredTwice { patient, id });
        }
        for reason in saw.iter().filter_map(|saw| if let Saw::Refused(reason) = saw { Some(reason) } else { None }) {
            let on_record = held.refusals.get(&(id.to_string(), reason.clone())).copied().unwrap_or(0);
            if on_record != 1 {
                violations.insert(Violation::RefusalsOnRecord { id, reason: reason.clone(), on_record });
            }
        }
        match (told.first(), rows.first()) {
            (Some(seq), None) => {
                violations.insert(Violation::Lost { patient, id, seq: *seq });
            }
            (Some(seq), Some(_)) if readings.is_empty() => {
                violations.insert(Violation::Lost { patient, id, seq: *seq });
            }
            (Some(_), Some(row)) => {
                if row.content_hash != what.content_hash {
                    violations.insert(Violation::Changed { patient, id });
                }
                if saw.iter().any(|saw| matches!(saw, Saw::Refused(_))) {
                    violations.insert(Violation::RefusedYetHeld { patient, id });
                }
                if told.iter().any(|seq| *seq != row.seq) {
                    violations.insert(Violation::Numbers { patient, id, told, held: row.seq });
                }
                for reading in readings.iter().filter(|reading| reading.rows != what.components) {
                    let (rows, expected) = (reading.rows, what.components);
                    violations.insert(Violation::Torn { patient, seq: reading.seq, rows, expected });
                }
            }
            (None, row) => {
                let refused = saw.iter().any(|saw| matches!(saw, Saw::Refused(_)));
                if !refused {
                    violations.insert(Violation::Unanswered { patient, id });
                } else if row.is_some_and(|row| row.content_hash == what.content_hash) {
                    violations.insert(Violation::RefusedYetHeld { patient, id });
                }
            }
        }
    }
}

/// The numbers of a patient are 1…last, in the ledger and in the head.
fn check_numbers(held: &Held, violations: &mut BTreeSet<Violation>) {
    let mut numbers: BTreeMap<Uuid, Vec<u64>> = held.last_seq.keys().map(|patient| (*patient, Vec::new())).collect();
    for row in &held.ledger {
        numbers.entry(row.patient).or_default().push(row.seq);
    }
    for (patient, mut numbers) in numbers {
        numbers.sort_unstable();
        let last_seq = held.last_seq.get(&patient).copied().unwrap_or(0);
        if !numbers.iter().copied().eq(1..=last_seq) {
            violations.insert(Violation::Gap { patient, held: numbers.len(), last_seq });
        }
    }
}

fn check_ranges(held: &Held, violations: &mut BTreeSet<Violation>) {
    let Some(ranges) = &held.ranges else { return };
    for (patient, &last_seq) in &held.last_seq {
        let mut ranges = ranges.get(patient).cloned().unwrap_or_default();
        ranges.sort_unstable();
        let mut through = 0;
        let tiles = ranges.iter().all(|(from, to)| {
            let follows = *from == through + 1 && to >= from;
            through = *to;
            follows
        });
        if !tiles || through != last_seq {
            violations.insert(Violation::Untiled { patient: *patient, ranges, last_seq });
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { patient, id, seq } => {
                write!(f, "lost: {id} of patient {patient} was acknowledged as {seq} and is not there")
            }
            Self::Doubled { patient, id, seqs } => {
                write!(f, "doubled: {id} of patient {patient} is there as {seqs:?}")
            }
            other => write!(f, "{other:?}"),
        }
    }
}
