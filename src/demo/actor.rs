//! One person of the demo with a phone, and everything that phone has seen of the service.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, bail};
use mobile_api::item::Item;
use mobile_api::message::{Ask, Outcome};
use serde_json::Value;
use uuid::Uuid;

use super::timeline::Sending;
use crate::phone::{Happening, Phone};

/// A phone that has not been answered for so long never will be.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Debug)]
pub struct Actor {
    phone: Phone,
    /// Sent, and neither stored nor refused yet.
    pending: BTreeSet<Uuid>,
    /// To be sent as written, because no phone would write so.
    raw: Vec<Value>,
    /// Sent so; the receipt is awaited.
    raw_pending: BTreeSet<Uuid>,
    /// Asks that came and were not shown yet.
    asked: Vec<Ask>,
    last_stored: u64,
    checked_through: u64,
    connected: bool,
    pub seen: Seen,
}

/// What the receipts said.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// Ids the phone saw *stored* or *duplicate*, with the flags.
    pub stored: BTreeMap<Uuid, Vec<String>>,
    /// Ids refused for good, with the reason.
    pub refused: BTreeMap<Uuid, String>,
    pub asks: usize,
}

impl Actor {
    pub fn new(phone: Phone) -> Self {
        Self {
            phone,
            pending: BTreeSet::new(),
            raw: Vec::new(),
            raw_pending: BTreeSet::new(),
            asked: Vec::new(),
            last_stored: 0,
            checked_through: 0,
            connected: false,
            seen: Seen::default(),
        }
    }

    pub fn send(&mut self, sending: &Sending) {
        match serde_json::from_value::<Item>(sending.item.clone()) {
            Ok(item) => {
                self.pending.insert(sending.id);
                self.phone.submit(item);
            }
            Err(_) => {
                self.raw_pending.insert(sending.id);
                self.raw.push(sending.item.clone());
            }
        }
    }

    /// Until it is connected. While time stands still: the service compares its clock with the phone's when they meet.
    pub async fn connected(&mut self) -> anyhow::Result<()> {
        while !self.connected {
            self.next().await.context("a phone does not get through to the service")?;
        }
        Ok(())
    }

    /// The service is about to be killed: whatever was heard before is no sign of life any more.
    pub fn forget_connection(&mut self) -> anyhow::Result<()> {
        while let Some(happening) = self.phone.try_next() {
            self.take(happening)?;
        }
        self.connected = false;
        Ok(())
    }

    /// Until everything that was sent has a receipt.
    pub async fn settled(&mut self) -> anyhow::Result<()> {
        while !self.pending.is_empty() {
            self.next().await.with_context(|| format!("{} submissions have no receipt", self.pending.len()))?;
        }
        // One batch, and only now: the phone's own batches leave no room for more in flight.
        if !self.raw.is_empty() {
            self.phone.submit_raw(std::mem::take(&mut self.raw));
        }
        while !self.raw_pending.is_empty() {
            self.next().await.with_context(|| format!("{} odd submissions have no receipt", self.raw_pending.len()))?;
        }
        Ok(())
    }

    /// Until everything that was stored has been judged.
    pub async fn checked(&mut self) -> anyhow::Result<()> {
        while self.checked_through < self.last_stored {
            self.next().await.with_context(|| {
                format!("stored up to {} but judged only up to {}", self.last_stored, self.checked_through)
            })?;
        }
        Ok(())
    }

    /// Until an ask is here; shows it. Returns its id.
    pub async fn shown(&mut self) -> anyhow::Result<Uuid> {
        loop {
            if let Some(ask) = self.asked.pop() {
                self.phone.shown(ask.id);
                return Ok(ask.id);
            }
            self.next().await.context("the service has an ask for this phone, which does not come")?;
        }
    }

    /// The service is back: connect now, not when the phone's patience says so.
    pub fn bring_to_front(&self) {
        self.phone.bring_to_front();
    }

    async fn next(&mut self) -> anyhow::Result<()> {
        let happening =
            tokio::time::timeout(PATIENCE, self.phone.next()).await.context("nothing has come for too long")?;
        self.take(happening.context("the phone broke")?)
    }

    fn take(&mut self, happening: Happening) -> anyhow::Result<()> {
        match happening {
            Happening::Settled { id, outcome } => {
                self.pending.remove(&id);
                self.note(id, outcome);
            }
            Happening::Receipt(items) => {
                for item in items {
                    if let Ok(id) = Uuid::parse_str(&item.id) {
                        self.raw_pending.remove(&id);
                        self.note(id, item.outcome);
                    }
                }
            }
            Happening::Checked { through, .. } => self.checked_through = self.checked_through.max(through),
            Happening::Connected { people } => {
                let through = people.iter().map(|person| person.judged_through).max().unwrap_or_default();
                self.checked_through = self.checked_through.max(through);
                self.connected = true;
            }
            Happening::Ask(ask) => {
                self.seen.asks += 1;
                self.asked.push(ask);
            }
            Happening::Revoked => bail!("the service does not know this phone any more"),
            Happening::Disconnected => self.connected = false,
            Happening::Seen(_) | Happening::Plan(_) | Happening::Message(_) => {}
        }
        Ok(())
    }

    fn note(&mut self, id: Uuid, outcome: Outcome) {
        match outcome {
            Outcome::Stored { seq, flags } | Outcome::Duplicate { seq, flags } => {
                self.last_stored = self.last_stored.max(seq);
                let flags = flags.iter().map(|flag| {
                    let name = serde_json::to_value(flag).unwrap_or_default();
                    name.as_str().unwrap_or_default().to_owned()
                });
                self.seen.stored.insert(id, flags.collect());
            }
            Outcome::Refused(refusal) => {
                self.seen.refused.insert(id, refusal.reason.wire().to_owned());
            }
        }
    }
}
