//! Thousands of connected phones, each a task of its own: it sends what it is ordered to, at most two batches at a time as
//! every phone does, hears its receipts, and notes how long they took since they were *due*. A phone that waits keeps no
//! other waiting.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::ProgressBar;
use jiff::Timestamp;
use mobile_api::limits::Limits;
use mobile_api::time::PhoneTime;
use serde::Deserialize;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::items::{Forms, What};
use super::latency::Latencies;
use super::world::World;
use crate::clock::Clock;
use crate::phone::Line;

/// Handshakes at the same time.
const CONNECTING: usize = 64;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What a phone is to send, and where it is noted what came of it.
#[derive(Debug)]
pub struct Order {
    /// Latencies count from here, whenever the phone gets to it.
    pub due: Instant,
    pub what: What,
    pub measures: Arc<Measures>,
    /// Given back with the receipt.
    pub turn: Option<OwnedSemaphorePermit>,
}

/// Of one phase.
#[derive(Debug)]
pub struct Measures {
    /// Batches that were ordered, of them those whose receipt is here, and of these those that are judged.
    ordered: AtomicU64,
    answered: AtomicU64,
    judged: AtomicU64,
    pub readings: AtomicU64,
    pub due_to_stored: Latencies,
    pub stored_to_checked: Latencies,
    /// When which phone's severe reading was stored.
    pub severe: Mutex<Vec<(usize, Timestamp)>>,
}

impl Measures {
    pub fn new() -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            ordered: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            judged: AtomicU64::new(0),
            readings: AtomicU64::new(0),
            due_to_stored: Latencies::new()?,
            stored_to_checked: Latencies::new()?,
            severe: Mutex::default(),
        }))
    }
}

#[derive(Debug)]
pub struct Fleet {
    orders: Vec<UnboundedSender<Order>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    forms: Forms,
    clock: Clock,
    /// Readings that each phone has seen stored.
    stored: Vec<AtomicU64>,
    /// Why the first phone gave up.
    broken: OnceLock<String>,
}

impl Fleet {
    /// Connects these phones of the world.
    pub async fn connect(world: &World, phones: Range<usize>, bar: &ProgressBar) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            forms: Forms::new()?,
            clock: world.clock.clone(),
            stored: phones.clone().map(|_| AtomicU64::new(0)).collect(),
            broken: OnceLock::new(),
        });
        bar.set_length(phones.len() as u64);
        let doors = Arc::new(Semaphore::new(CONNECTING));
        let mut connecting = JoinSet::new();
        let mut orders = Vec::with_capacity(phones.len());
        for (index, phone) in phones.enumerate() {
            let (sender, receiver) = mpsc::unbounded_channel();
            orders.push(sender);
            let (device, shared) = (world.device(phone)?, Arc::clone(&shared));
            let door = Arc::clone(&doors).acquire_owned().await.context("nobody closes the doors")?;
            connecting.spawn(async move {
                let line = Line::open(&device, PhoneTime::utc(shared.clock.care_now()), 0).await?;
                drop(door);
                anyhow::Ok(Phone::new(index, line, shared).live(receiver))
            });
            while let Some(connected) = connecting.try_join_next() {
                tokio::spawn(connected??);
                bar.inc(1);
            }
        }
        while let Some(connected) = connecting.join_next().await {
            tokio::spawn(connected??);
            bar.inc(1);
        }
        Ok(Self { orders, shared })
    }

    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// # Errors
    /// The phone has given up; why.
    pub fn order(&self, phone: usize, order: Order) -> anyhow::Result<()> {
        order.measures.ordered.fetch_add(1, Ordering::Release);
        self.orders[phone].send(order).map_err(|_| anyhow::anyhow!("{}", self.why_broken()))
    }

    /// Returns when every batch of a phase has its receipt and is judged.
    pub async fn settled(&self, measures: &Measures, patience: Duration) -> anyhow::Result<()> {
        let limit = self.shared.clock.instant() + patience;
        loop {
            self.is_whole()?;
            let [batches, answered, judged] =
                [&measures.ordered, &measures.answered, &measures.judged].map(|count| count.load(Ordering::Acquire));
            if answered == batches && judged == batches {
                return Ok(());
            }
            if self.shared.clock.instant() > limit {
                bail!(
                    "{patience:?} after the last was sent, {answered} of {batches} batches have a receipt and {judged} are judged"
                );
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// # Errors
    /// A phone gave up; why.
    pub fn is_whole(&self) -> anyhow::Result<()> {
        self.shared.broken.get().map_or(Ok(()), |why| Err(anyhow::anyhow!("{why}")))
    }

    /// Readings that each phone has seen stored, in their order.
    pub fn stored(&self) -> Vec<u64> {
        self.shared.stored.iter().map(|count| count.load(Ordering::Acquire)).collect()
    }

    fn why_broken(&self) -> &str {
        self.shared.broken.get().map_or("a phone gave up and did not say why", String::as_str)
    }
}

/// A batch on its way.
struct Flying {
    batch: u64,
    ids: Vec<Uuid>,
    order: Order,
}

/// A batch that is stored.
struct Unjudged {
    through: u64,
    stored_at: Instant,
    measures: Arc<Measures>,
}

struct Phone {
    index: usize,
    line: Line,
    shared: Arc<Shared>,
    /// Batches and readings sent, so far.
    batches: u64,
    readings: usize,
    waiting: VecDeque<Order>,
    flying: VecDeque<Flying>,
    unjudged: VecDeque<Unjudged>,
    checked: u64,
}

impl Phone {
    fn new(index: usize, line: Line, shared: Arc<Shared>) -> Self {
        let checked = line.welcome.people.first().map_or(0, |person| person.judged_through);
        Self {
            index,
            line,
            shared,
            batches: 0,
            // Phones do not all begin with the same reading.
            readings: index,
            waiting: VecDeque::new(),
            flying: VecDeque::new(),
            unjudged: VecDeque::new(),
            checked,
        }
    }

    /// Until nobody orders anything any more.
    async fn live(mut self, mut orders: UnboundedReceiver<Order>) {
        let shared = Arc::clone(&self.shared);
        let ended: anyhow::Result<()> = async {
            loop {
                tokio::select! {
                    order = orders.recv() => match order {
                        Some(order) => self.waiting.push_back(order),
                        None => return Ok(()),
                    },
                    text = self.line.hear_text() => self.hear(&text?)?,
                }
                self.send_what_may_go().await?;
            }
        }
        .await;
        if let Err(error) = ended {
            // Only the first counts; the others may follow from it.
            let _ = shared.broken.set(format!("a phone gave up: {error:#}"));
        }
        self.line.close().await;
    }

    async fn send_what_may_go(&mut self) -> anyhow::Result<()> {
        while self.flying.len() < Limits::V1.batches_in_flight {
            let Some(order) = self.waiting.pop_front() else { return Ok(()) };
            self.batches += 1;
            let now = self.shared.clock.care_now();
            let (text, ids) = self.shared.forms.frame(self.batches, order.what, self.readings, now)?;
            self.readings += ids.len();
            self.flying.push_back(Flying { batch: self.batches, ids, order });
            self.line.say_text(text).await?;
        }
        Ok(())
    }

    fn hear(&mut self, text: &str) -> anyhow::Result<()> {
        // The crate's own reading of a message costs several times what is needed here.
        if text.starts_with(r#"{"type":"receipt""#) {
            self.receipt(&serde_json::from_str(text).context("a receipt cannot be read")?)
        } else if text.starts_with(r#"{"type":"checked""#) {
            let Checked { through } = serde_json::from_str(text).context("a `checked` cannot be read")?;
            self.checked = self.checked.max(through);
            self.judge();
            Ok(())
        } else if text.starts_with(r#"{"type":"refused""#) || text.starts_with(r#"{"type":"bye""#) {
            bail!("the service said {text}")
        } else {
            Ok(())
        }
    }

    fn receipt(&mut self, receipt: &Receipt<'_>) -> anyhow::Result<()> {
        let now = self.shared.clock.instant();
        let place = self.flying.iter().position(|flying| flying.batch == receipt.batch);
        let flying = place.and_then(|place| self.flying.remove(place)).context("a receipt for what was not sent")?;
        if flying.ids.len() != receipt.items.len() {
            bail!("a receipt has {} items for {}", receipt.items.len(), flying.ids.len());
        }
        let mut through = 0;
        for (id, item) in flying.ids.iter().zip(&receipt.items) {
            match (item.state, item.seq) {
                ("stored", Some(seq)) if Uuid::parse_str(item.id) == Ok(*id) => through = seq.max(through),
                _ => bail!("a reading was answered with {}", item.state),
            }
        }
        let Order { due, what, measures, turn } = flying.order;
        drop(turn);
        measures.due_to_stored.record(due, now);
        measures.readings.fetch_add(flying.ids.len() as u64, Ordering::Release);
        measures.answered.fetch_add(1, Ordering::Release);
        self.shared.stored[self.index].fetch_add(flying.ids.len() as u64, Ordering::Release);
        if matches!(what, What::Severe) {
            let stored_at = self.shared.clock.care_now();
            measures.severe.lock().unwrap_or_else(PoisonError::into_inner).push((self.index, stored_at));
        }
        self.unjudged.push_back(Unjudged { through, stored_at: now, measures });
        self.judge();
        Ok(())
    }

    fn judge(&mut self) {
        let now = self.shared.clock.instant();
        while let Some(judged) = self.unjudged.pop_front_if(|unjudged| unjudged.through <= self.checked) {
            judged.measures.stored_to_checked.record(judged.stored_at, now);
            judged.measures.judged.fetch_add(1, Ordering::Release);
        }
    }
}

#[derive(Deserialize)]
struct Receipt<'a> {
    batch: u64,
    #[serde(borrow)]
    items: Vec<ReceiptItem<'a>>,
}

#[derive(Deserialize)]
struct ReceiptItem<'a> {
    id: &'a str,
    state: &'a str,
    seq: Option<u64>,
}

#[derive(Deserialize)]
struct Checked {
    through: u64,
}
