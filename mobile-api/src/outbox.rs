//! A phone's outbox: what is not settled yet, what of it is on its way, and when the rest may be sent again.

use std::time::Duration;

use uuid::Uuid;

use crate::item::{Body, Item};
use crate::limits::Limits;
use crate::message::{Outcome, ReceiptItem, Submit};
use crate::refusal::{Reason, Refusal};

/// `{"type":"submit","batch":…,"items":[…]}` around the items, with room for the number and `age_ms`.
const FRAME_AROUND_BYTES: usize = 64;
const ITEM_AROUND_BYTES: usize = 32;
/// For a `retry: true` that does not say when.
const RETRY_UNTOLD_S: u32 = 60;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Vec<Waiting>,
    in_flight: Vec<InFlight>,
    last_batch: u64,
}

#[derive(Debug)]
struct Waiting {
    item: Item,
    bytes: usize,
    /// When `age_ms` was true; nothing if the item has none.
    aged_at: Duration,
    not_before: Duration,
    /// The batch it is in, now.
    batch: Option<u64>,
    /// A batch with it was refused whole: it travels alone, with nothing else on its way.
    alone: bool,
}

#[derive(Debug)]
struct InFlight {
    batch: u64,
    sent_at: Duration,
}

impl Outbox {
    /// After a restart nobody knows how long ago `age_ms` was true, so it goes.
    pub fn restore(items: Vec<Item>) -> Self {
        let mut outbox = Self::default();
        for mut item in items {
            if let Some(age_ms) = age_ms(&mut item.body) {
                *age_ms = None;
            }
            outbox.push(item, Duration::ZERO);
        }
        outbox
    }

    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.waiting.iter().map(|waiting| &waiting.item)
    }

    pub fn push(&mut self, item: Item, now: Duration) {
        if self.waiting.iter().any(|waiting| waiting.item.id == item.id) {
            return;
        }
        let bytes = serde_json::to_string(&item).map_or(0, |text| text.len()) + ITEM_AROUND_BYTES;
        self.waiting.push(Waiting { item, bytes, aged_at: now, not_before: Duration::ZERO, batch: None, alone: false });
    }

    /// The next batch that may go now. It is in flight from here on.
    pub fn next_batch(&mut self, now: Duration, limits: &Limits) -> Option<Submit> {
        let one_alone = self.waiting.iter().any(|waiting| waiting.alone && waiting.batch.is_some());
        if one_alone || self.in_flight.len() >= limits.batches_in_flight {
            return None;
        }
        let batch = self.last_batch + 1;
        let mut items = Vec::new();
        let mut bytes = FRAME_AROUND_BYTES;
        for waiting in &mut self.waiting {
            let in_company = !items.is_empty() || !self.in_flight.is_empty();
            if waiting.batch.is_some() || waiting.not_before > now || (waiting.alone && in_company) {
                continue;
            }
            if !items.is_empty() && (items.len() >= limits.batch_items || bytes + waiting.bytes > limits.batch_bytes) {
                break;
            }
            bytes += waiting.bytes;
            waiting.batch = Some(batch);
            items.push(waiting.aged(now));
            if waiting.alone {
                break;
            }
        }
        if items.is_empty() {
            return None;
        }
        self.last_batch = batch;
        self.in_flight.push(InFlight { batch, sent_at: now });
        Some(Submit { batch, items })
    }

    /// A receipt: yields what is settled by it. A late or repeated receipt counts too: what it says is on disk is.
    pub fn decided(&mut self, batch: u64, items: Vec<ReceiptItem>, now: Duration) -> Vec<(Uuid, Outcome)> {
        let mut settled = Vec::new();
        for ReceiptItem { id, outcome } in items {
            let Ok(id) = Uuid::parse_str(&id) else { continue };
            let Some(at) = self.waiting.iter().position(|waiting| waiting.item.id == id) else { continue };
            match &outcome {
                Outcome::Refused(refusal) if refusal.retry => {
                    self.waiting[at].not_before = now + retry_after(refusal);
                    if self.waiting[at].batch == Some(batch) {
                        self.waiting[at].batch = None;
                    }
                }
                _ => {
                    self.waiting.remove(at);
                    settled.push((id, outcome));
                }
            }
        }
        self.end(batch);
        settled
    }

    /// A whole batch was not taken. If sending it again cannot help it is taken apart; an item refused alone is settled.
    pub fn batch_refused(&mut self, batch: u64, refusal: Refusal, now: Duration) -> Option<(Uuid, Refusal)> {
        let members: Vec<usize> = (0..self.waiting.len()).filter(|at| self.waiting[*at].batch == Some(batch)).collect();
        if !refusal.retry
            && let [only] = members[..]
        {
            let id = self.waiting.remove(only).item.id;
            self.end(batch);
            return Some((id, refusal));
        }
        for at in members {
            let waiting = &mut self.waiting[at];
            if refusal.retry {
                waiting.not_before = now + retry_after(&refusal);
            } else {
                waiting.alone = true;
            }
        }
        self.end(batch);
        None
    }

    /// The service hung up over the size of what was on its way: each of it travels alone from now on, and one that did is
    /// settled, so that it keeps nothing behind it for ever.
    pub fn too_big(&mut self) -> Option<(Uuid, Refusal)> {
        let on_its_way: Vec<usize> = (0..self.waiting.len()).filter(|at| self.waiting[*at].batch.is_some()).collect();
        if let [only] = on_its_way[..] {
            let refusal = Refusal::new(Reason::FrameTooBig, "this item alone is larger than the service reads");
            return Some((self.waiting.remove(only).item.id, refusal));
        }
        for at in on_its_way {
            self.waiting[at].alone = true;
        }
        None
    }

    /// Whatever was on its way is sent again on the next connection.
    pub fn connection_lost(&mut self) {
        self.in_flight.clear();
        for waiting in &mut self.waiting {
            waiting.batch = None;
        }
    }

    pub fn receipt_overdue(&self, now: Duration, limits: &Limits) -> bool {
        self.in_flight.iter().any(|flight| now >= flight.sent_at + receipt_within(limits))
    }

    pub fn next_wake(&self, limits: &Limits) -> Option<Duration> {
        let receipts = self.in_flight.iter().map(|flight| flight.sent_at + receipt_within(limits));
        let retries = self
            .waiting
            .iter()
            .filter(|waiting| waiting.batch.is_none() && self.in_flight.len() < limits.batches_in_flight);
        receipts.chain(retries.map(|waiting| waiting.not_before)).min()
    }

    fn end(&mut self, batch: u64) {
        self.in_flight.retain(|flight| flight.batch != batch);
        for waiting in &mut self.waiting {
            if waiting.batch == Some(batch) {
                waiting.batch = None;
            }
        }
    }
}

impl Waiting {
    fn aged(&self, now: Duration) -> Item {
        let mut item = self.item.clone();
        if let Some(Some(age_ms)) = age_ms(&mut item.body) {
            let since = u64::try_from(now.saturating_sub(self.aged_at).as_millis()).unwrap_or(u64::MAX);
            *age_ms = age_ms.saturating_add(since);
        }
        item
    }
}

fn age_ms(body: &mut Body) -> Option<&mut Option<u64>> {
    match body {
        Body::Reading(reading) => Some(&mut reading.age_ms),
        Body::Event(event) => Some(&mut event.age_ms),
        Body::Answers(answers) => Some(&mut answers.age_ms),
        Body::Correction(_) => None,
    }
}

fn retry_after(refusal: &Refusal) -> Duration {
    Duration::from_secs(refusal.retry_after_s.unwrap_or(RETRY_UNTOLD_S).into())
}

fn receipt_within(limits: &Limits) -> Duration {
    Duration::from_secs(limits.receipt_within_s.into())
}

#[cfg(test)]
mod tests;
