//! A batch of received items becomes one receipt: accepted, handed to the writer, and answered only when it is on disk.

use mobile_api::decode::ReceivedItem;
use mobile_api::message::{Flag, Outcome, ReceiptItem};
use mobile_api::refusal::{Reason, Refusal};
use serde_json::Value;

use super::accept::{Accepted, Sender, accept};
use super::{Ingest, counters};
use crate::store::device::Person;
use crate::store::submission::{self, Decision, Entry, Refused};

/// One receipt item for each item, in their order.
pub async fn decide(ingest: &Ingest, sender: &Sender, items: Vec<ReceivedItem>) -> Vec<ReceiptItem> {
    let mut entries = Vec::with_capacity(items.len());
    // What is known before the writer: a refusal, with the place of its record if it has one.
    let mut known: Vec<Option<Refusal>> = Vec::with_capacity(items.len());
    let mut has_entry = Vec::with_capacity(items.len());
    for received in &items {
        let entry = match accept(received, sender, |name| ingest.plans.knows_questionnaire(name)) {
            Accepted::Submission(submission) => {
                known.push(None);
                Some(Entry::Submission(*submission))
            }
            Accepted::Refused { refusal, patient } => {
                let entry = (!refusal.retry).then(|| {
                    Entry::Refusal(submission::Refusal {
                        organisation: sender.organisation,
                        device: sender.device,
                        patient,
                        client_id: (!received.id.is_empty()).then(|| received.id.clone()),
                        reason: refusal.reason.wire().to_owned(),
                        detail: refusal.detail.clone(),
                        as_sent: received.as_sent.clone(),
                        received_at: sender.received_at,
                    })
                });
                known.push(Some(refusal));
                entry
            }
        };
        has_entry.push(entry.is_some());
        entries.extend(entry);
    }
    let decisions = if entries.is_empty() { Ok(Vec::new()) } else { ingest.writer.submit(entries).await };
    let mut decisions = decisions.map(Vec::into_iter);
    items
        .into_iter()
        .zip(known)
        .zip(has_entry)
        .map(|((received, refusal), has_entry)| {
            let decision = match &mut decisions {
                Ok(decisions) if has_entry => decisions.next(),
                _ => None,
            };
            let outcome = match (refusal, decision) {
                // A refusal that was to be on record and is not must be sent again.
                (Some(_), None) if has_entry => stopping(),
                (Some(refusal), _) => Outcome::Refused(refusal),
                (None, Some(decision)) => outcome(decision),
                (None, None) => stopping(),
            };
            if let Outcome::Refused(refusal) = &outcome {
                counters::count(refusal.reason);
            }
            ReceiptItem { id: received.id, outcome }
        })
        .collect()
}

fn outcome(decision: Decision) -> Outcome {
    let seq = |seq: i64| u64::try_from(seq).unwrap_or_default();
    match decision {
        Decision::Stored { seq: number, flags } => Outcome::Stored { seq: seq(number), flags: wire_flags(&flags) },
        Decision::Duplicate { seq: number, flags } => {
            Outcome::Duplicate { seq: seq(number), flags: wire_flags(&flags) }
        }
        Decision::Refused(refused) => Outcome::Refused(match refused {
            Refused::Conflict => Refusal::new(
                Reason::Conflict,
                "this id was stored before with other content; send a correction that names it, or the new reading under a new id",
            ),
            Refused::TargetUnknown => Refusal::new(
                Reason::CorrectsUnknown,
                "what it corrects is not here yet; send that first, then this again",
            ),
            Refused::TargetIsCorrection => Refusal::new(
                Reason::CorrectsACorrection,
                "a correction cannot be corrected; correct the original again",
            ),
            Refused::NotNow => Refusal::new(Reason::NotStored, "the service cannot store this just now; send it again"),
            Refused::Unstorable => {
                Refusal::new(Reason::CannotBeStored, "the database does not take this item; the care team sees it")
            }
        }),
        // Only refusals are recorded, and they were known before.
        Decision::Recorded => stopping(),
    }
}

fn stopping() -> Outcome {
    Outcome::Refused(Refusal::new(Reason::NotStored, "the service is stopping; nothing was stored: send it again"))
}

/// *You are no longer monitored*, when one of these was for somebody whose episode has ended.
pub fn notice(people: &[Person], items: &[ReceiptItem]) -> Option<String> {
    let unwatched = items.iter().any(|item| {
        matches!(&item.outcome, Outcome::Stored { flags, .. } | Outcome::Duplicate { flags, .. }
            if flags.contains(&Flag::NotMonitored))
    });
    let person = people.iter().find(|person| person.ended).filter(|_| unwatched)?;
    Some(format!(
        "{}: nobody watches these readings any more. Call {} if you need help.",
        person.given_name, person.team_phone
    ))
}

pub fn wire_flags(flags: &[String]) -> Vec<Flag> {
    flags.iter().filter_map(|flag| serde_json::from_value(Value::String(flag.clone())).ok()).collect()
}
