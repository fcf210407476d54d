//! What is new, what came before and what cannot be taken: pure, over what the ledger knows. Whoever asks holds the locks.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::columns::Numbered;
use super::retention::ERASED;
use super::submission::{Body, Decision, Entry, Refusal, Refused, Submission};

/// The patient and the phone's id of the item.
pub type Key = (Uuid, Uuid);

const CORRECTION: &str = "correction";

/// What the ledger knows about one client id.
#[derive(Clone, Debug)]
pub struct Known {
    pub seq: i64,
    pub content_hash: Vec<u8>,
    pub flags: Vec<String>,
    pub kind: String,
    /// Of a reading.
    pub vital: Option<String>,
    pub effective_at: Timestamp,
}

/// What to answer, and what to write before it is answered.
#[derive(Debug)]
pub struct Verdict<'a> {
    /// One for each entry, in their order.
    pub decisions: Vec<Decision>,
    pub new: Vec<Numbered<'a>>,
    pub refusals: Vec<Refusal>,
}

/// `heads`: the last number of each patient of the entries. `ledger`: what it knows of their ids, and of the ids that
/// corrections among them name.
pub fn on(entries: &[Entry], mut heads: HashMap<Uuid, i64>, mut ledger: HashMap<Key, Known>) -> Verdict<'_> {
    let mut verdict = Verdict { decisions: Vec::with_capacity(entries.len()), new: Vec::new(), refusals: Vec::new() };
    for entry in entries {
        let decision = match entry {
            Entry::Refusal(refusal) => {
                verdict.refusals.push(refusal.clone());
                Decision::Recorded
            }
            Entry::Submission(submission) => match decide(submission, &mut heads, &mut ledger) {
                Ok(Place::New(numbered)) => {
                    let decision = Decision::Stored { seq: numbered.seq, flags: submission.flags.clone() };
                    verdict.new.push(numbered);
                    decision
                }
                Ok(Place::Known(decision)) => decision,
                Err(refused) => {
                    verdict.refusals.extend(refused.on_record(submission));
                    Decision::Refused(refused)
                }
            },
        };
        verdict.decisions.push(decision);
    }
    verdict
}

enum Place<'a> {
    New(Numbered<'a>),
    Known(Decision),
}

fn decide<'a>(
    submission: &'a Submission,
    heads: &mut HashMap<Uuid, i64>,
    ledger: &mut HashMap<Key, Known>,
) -> Result<Place<'a>, Refused> {
    let key = (submission.patient, submission.client_id);
    if let Some(known) = ledger.get(&key) {
        // Hashes of two versions of the canonical form cannot be compared.
        let comparable = known.content_hash.first() == submission.content_hash.first();
        if comparable && known.content_hash != submission.content_hash {
            return Err(Refused::Conflict);
        }
        return Ok(Place::Known(Decision::Duplicate { seq: known.seq, flags: known.flags.clone() }));
    }
    let target = match &submission.body {
        Body::Correction(correction) => {
            let target = ledger.get(&(submission.patient, correction.corrects)).ok_or(Refused::TargetUnknown)?;
            if target.kind == ERASED {
                return Err(Refused::TargetErased);
            }
            if target.kind == CORRECTION {
                return Err(Refused::TargetIsCorrection);
            }
            if !correction.fits(&target.kind, target.vital.as_deref()) {
                return Err(Refused::ValuesDoNotFit);
            }
            Some((target.seq, target.effective_at))
        }
        _ => None,
    };
    let head = heads.get_mut(&submission.patient).ok_or(Refused::Unstorable)?;
    *head += 1;
    // What is dated by what it corrects touches the record there.
    let effective_at = target.map_or(submission.effective_at, |(_, at)| at);
    ledger.insert(
        key,
        Known {
            seq: *head,
            content_hash: submission.content_hash.clone(),
            flags: submission.flags.clone(),
            kind: submission.body.kind().to_owned(),
            vital: submission.body.vital().map(str::to_owned),
            effective_at,
        },
    );
    Ok(Place::New(Numbered { submission, seq: *head, effective_at, corrects_seq: target.map(|(seq, _)| seq) }))
}
