//! A batch of received items becomes one receipt: accepted, handed to the writer, and answered only when it is on disk.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use mobile_api::decode::ReceivedItem;
use mobile_api::item;
use mobile_api::message::{Flag, Outcome, ReceiptItem};
use mobile_api::refusal::{Reason, Refusal};
use serde_json::Value;
use uuid::Uuid;

use super::accept::{Accepted, Asked, NOT_MONITORED, Sender, accept, instrument};
use super::rules::Known;
use super::{Ingest, counters};
use crate::gauges;
use crate::store::device::Person;
use crate::store::instrument::{self, Instrument};
use crate::store::submission::{self, Decision, Entry, Refused};

/// What a batch came to.
#[derive(Debug)]
pub struct Decided {
    /// One for each item, in their order.
    pub items: Vec<ReceiptItem>,
    /// For whom something was stored although nobody watches any more.
    pub unwatched: BTreeSet<Uuid>,
}

pub async fn decide(ingest: &Ingest, sender: &Sender, items: Vec<ReceivedItem>) -> Decided {
    let rules = rules_for(ingest, &items).await;
    let asked = |reference: &str| rules.asked(reference);
    let sender = match with_numbers(ingest, sender, &items).await {
        Ok(sender) => sender,
        Err(error) => {
            tracing::warn!(%error, "it could not be looked up whose an instrument's number is; the phone sends again");
            return hand_over(sender, items, asked).1.answer(None);
        }
    };
    let (entries, waiting) = hand_over(&sender, items, asked);
    let decisions = if entries.is_empty() { Ok(Vec::new()) } else { ingest.writer.submit(entries).await };
    let decided = waiting.answer(decisions.ok());
    for item in &decided.items {
        match &item.outcome {
            Outcome::Stored { .. } => gauges::stored(),
            Outcome::Duplicate { .. } => gauges::duplicate(),
            Outcome::Refused(refusal) => counters::count(refusal.reason),
        }
    }
    decided
}

/// Answers to what is not known here may be to what another replica put in force just now.
async fn rules_for(ingest: &Ingest, items: &[ReceivedItem]) -> Arc<Known> {
    let known = ingest.rules.known();
    let mut answered = items.iter().filter_map(|received| match &received.item.as_ref().ok()?.body {
        item::Body::Answers(answers) => Some(answers.questionnaire.as_str()),
        _ => None,
    });
    if answered.all(|reference| matches!(known.asked(reference), Asked::This(_))) {
        return known;
    }
    ingest.rules.in_force(&ingest.lookups).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "it could not be looked up which questions there are; answers are held against those known before");
        known
    })
}

/// Knows whose the user numbers are of the instruments in the batch. What is typed in names none.
async fn with_numbers<'a>(
    ingest: &Ingest,
    sender: &'a Sender,
    items: &[ReceivedItem],
) -> Result<Cow<'a, Sender>, sqlx::Error> {
    let mut instruments: Vec<Instrument> = items.iter().filter_map(instrument).collect();
    if instruments.is_empty() {
        return Ok(Cow::Borrowed(sender));
    }
    instruments.dedup();
    let numbers = instrument::bound(&ingest.parts.store.ingest, &instruments).await?;
    Ok(Cow::Owned(Sender { numbers, ..sender.clone() }))
}

/// A batch that was handed over and has no decisions yet.
#[derive(Debug)]
pub struct Waiting {
    items: Vec<Item>,
    unwatched: BTreeSet<Uuid>,
}

#[derive(Debug)]
struct Item {
    id: String,
    /// What is known before the writer.
    refusal: Option<Refusal>,
    /// The writer decides on it, or puts its refusal on record.
    has_entry: bool,
}

/// What goes to the writer, and what waits for its decisions. `asked`: see [`accept`].
pub fn hand_over<'q>(
    sender: &Sender,
    items: Vec<ReceivedItem>,
    asked: impl Fn(&str) -> Asked<'q>,
) -> (Vec<Entry>, Waiting) {
    let mut entries = Vec::with_capacity(items.len());
    let mut waiting = Waiting { items: Vec::with_capacity(items.len()), unwatched: BTreeSet::new() };
    for received in items {
        let (entry, refusal) = match accept(&received, sender, &asked) {
            Accepted::Submission(submission) => {
                if submission.flags.iter().any(|flag| flag == NOT_MONITORED) {
                    waiting.unwatched.insert(submission.patient);
                }
                (Some(Entry::Submission(*submission)), None)
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
                        as_sent: received.as_sent,
                        received_at: sender.received_at,
                    })
                });
                (entry, Some(refusal))
            }
        };
        waiting.items.push(Item { id: received.id, refusal, has_entry: entry.is_some() });
        entries.extend(entry);
    }
    (entries, waiting)
}

impl Waiting {
    /// The receipt, from one decision for each entry that was handed over. None: nobody knows what was decided.
    pub fn answer(self, decisions: Option<Vec<Decision>>) -> Decided {
        let mut decisions = decisions.unwrap_or_default().into_iter();
        let items = self.items.into_iter().map(|Item { id, refusal, has_entry }| {
            let decision = if has_entry { decisions.next() } else { None };
            let outcome = match (refusal, decision) {
                // A refusal for good that is not on record must be sent again: the phone forgets the item.
                (Some(_), decision) if has_entry && !matches!(decision, Some(Decision::Recorded)) => not_known(),
                (Some(refusal), _) => Outcome::Refused(refusal),
                (None, Some(decision)) => outcome(decision),
                (None, None) => not_known(),
            };
            ReceiptItem { id, outcome }
        });
        Decided { items: items.collect(), unwatched: self.unwatched }
    }
}

fn outcome(decision: Decision) -> Outcome {
    let seq = |seq: i64| u64::try_from(seq).unwrap_or_default();
    match decision {
        Decision::Stored { seq: number, flags } => Outcome::Stored { seq: seq(number), flags: wire_flags(&flags) },
        Decision::Duplicate { seq: number, flags } => {
            Outcome::Duplicate { seq: seq(number), flags: wire_flags(&flags) }
        }
        Decision::Refused(refused) => {
            let reason = match refused {
                Refused::Conflict => Reason::Conflict,
                Refused::TargetUnknown => Reason::CorrectsUnknown,
                Refused::TargetIsCorrection => Reason::CorrectsACorrection,
                Refused::TargetErased => Reason::CorrectsErased,
                Refused::ValuesDoNotFit => Reason::ComponentUnknown,
                Refused::NotNow => Reason::NotStored,
                Refused::Unstorable => Reason::CannotBeStored,
            };
            Outcome::Refused(Refusal::new(reason, refused.detail()))
        }
        // Only refusals are recorded, and they were known before.
        Decision::Recorded => not_known(),
    }
}

fn not_known() -> Outcome {
    Outcome::Refused(Refusal::new(Reason::NotStored, "it is not known whether this was stored; send it again"))
}

/// *You are no longer monitored*, to each whom it concerns.
pub fn notice(people: &[Person], unwatched: &BTreeSet<Uuid>) -> Option<String> {
    let sentences: Vec<String> = people
        .iter()
        .filter(|person| unwatched.contains(&person.patient))
        .map(|person| {
            let Person { given_name, team_phone, .. } = person;
            format!("{given_name}: nobody watches these readings any more. Call {team_phone} if you need help.")
        })
        .collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

pub fn wire_flags(flags: &[String]) -> Vec<Flag> {
    flags.iter().filter_map(|flag| serde_json::from_value(Value::String(flag.clone())).ok()).collect()
}
