//! A phone that loses nothing: `mobile_api::phone` decides, this task has the socket, the key and the timers.
//! It goes on connecting until it is switched off, and sends again whatever was not settled.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Context;
use mobile_api::item::Item;
use mobile_api::message::{Ask, ClientMessage, Outcome, Person, ReceiptItem, Seen, ServerMessage};
use mobile_api::phone::{Command, Identity, Input, Phone as Decides};
use mobile_api::proof::SocketProof;
use mobile_api::time::PhoneTime;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use uuid::Uuid;

use super::device::Device;
use super::socket::{Ended, Socket};
use crate::clock::Clock;
use crate::random;

/// Batch numbers of raw submissions begin here, far above those that the outbox counts.
const RAW_BATCHES: u64 = 1 << 40;

/// A service that has not answered by then is tried again later; orders are not heard meanwhile.
const OPEN_WITHIN: Duration = Duration::from_secs(20);

/// A phone that is switched on. Dropping it switches it off; its outbox goes with it.
#[derive(Debug)]
pub struct Phone {
    orders: UnboundedSender<Order>,
    happenings: UnboundedReceiver<Happening>,
}

/// What a person would notice, and a test wants to.
#[derive(Debug, Clone)]
pub enum Happening {
    Connected {
        people: Vec<Person>,
    },
    Disconnected,
    /// The item left the outbox: stored, a duplicate, or refused for good.
    Settled {
        id: Uuid,
        outcome: Outcome,
    },
    /// The answer to [`Phone::submit_raw`].
    Receipt(Vec<ReceiptItem>),
    Checked {
        whom: String,
        through: u64,
    },
    Seen(Seen),
    Ask(Ask),
    Plan(Box<mobile_api::plan::Plan>),
    Message(mobile_api::message::Message),
    /// The service does not know this device any more.
    Revoked,
}

#[derive(Debug)]
enum Order {
    Submit(Box<Item>),
    Raw(Vec<Value>),
    Shown(Uuid),
    BringToFront,
    Signal(bool),
}

impl Phone {
    /// `clock` is the phone's own: its care time is what the phone believes the time to be.
    pub fn switch_on(device: Device, clock: Clock) -> Self {
        let (orders, incoming) = mpsc::unbounded_channel();
        let (outgoing, happenings) = mpsc::unbounded_channel();
        let identity = Identity {
            device_id: device.id,
            app_version: env!("CARGO_PKG_VERSION").into(),
            notifications: Some("granted".into()),
        };
        let started = clock.instant();
        let inside = Inside {
            decides: Decides::new(identity),
            device,
            clock,
            started,
            happened: outgoing,
            socket: None,
            signal: true,
            raw: VecDeque::new(),
            raw_batch: RAW_BATCHES,
        };
        tokio::spawn(inside.live(incoming));
        Self { orders, happenings }
    }

    /// Puts it into the outbox: it is sent, and sent again, until it is settled.
    pub fn submit(&self, item: Item) {
        self.order(Order::Submit(Box::new(item)));
    }

    /// Sends a batch as it stands, right or wrong, again after a lost connection, until its receipt is here.
    pub fn submit_raw(&self, items: Vec<Value>) {
        self.order(Order::Raw(items));
    }

    /// An ask is on the screen.
    pub fn shown(&self, ask: Uuid) {
        self.order(Order::Shown(ask));
    }

    /// Somebody looks at the app: it connects at once instead of when its patience says so.
    pub fn bring_to_front(&self) {
        self.order(Order::BringToFront);
    }

    /// Cuts the radio, or gives it back.
    pub fn signal(&self, there: bool) {
        self.order(Order::Signal(there));
    }

    /// What happened next; may be dropped while it waits. None: the phone's task has ended, which only a panic does.
    pub async fn next(&mut self) -> Option<Happening> {
        self.happenings.recv().await
    }

    /// What happened and was not yet asked for.
    pub fn try_next(&mut self) -> Option<Happening> {
        self.happenings.try_recv().ok()
    }

    fn order(&self, order: Order) {
        // The task ends before this handle only by a panic, which `next` reports.
        let _ = self.orders.send(order);
    }
}

struct Inside {
    decides: Decides,
    device: Device,
    clock: Clock,
    started: Instant,
    happened: UnboundedSender<Happening>,
    socket: Option<Socket>,
    signal: bool,
    /// Raw batches without a receipt, and whether each is on its way.
    raw: VecDeque<RawBatch>,
    raw_batch: u64,
}

struct RawBatch {
    number: u64,
    text: String,
    sent: bool,
}

impl Inside {
    /// Inputs: an order from the handle, a text from the socket, the timer that `mobile_api::phone` asked for.
    async fn live(mut self, mut orders: UnboundedReceiver<Order>) {
        self.handle(Input::Tick).await;
        loop {
            let wake = self.decides.next_wake().map(|at| at.saturating_sub(self.elapsed()));
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => break,
                },
                heard = hear(self.socket.as_mut()) => match heard {
                    Ok(text) => self.heard(&text).await,
                    Err(ended) => self.lost(ended.code()).await,
                },
                () = sleep(wake) => self.handle(Input::Tick).await,
            }
        }
        if let Some(socket) = self.socket {
            socket.close().await;
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Submit(item) => self.handle(Input::Submit(item)).await,
            Order::Shown(ask) => self.handle(Input::Shown { ask }).await,
            Order::BringToFront => self.handle(Input::BroughtToFront).await,
            Order::Raw(items) => {
                self.raw_batch += 1;
                let text = json!({ "type": "submit", "batch": self.raw_batch, "items": items }).to_string();
                self.raw.push_back(RawBatch { number: self.raw_batch, text, sent: false });
                self.send_raw().await;
            }
            Order::Signal(there) => {
                self.signal = there;
                if there {
                    self.handle(Input::BroughtToFront).await;
                } else if self.socket.is_some() {
                    self.lost(None).await;
                }
            }
        }
    }

    async fn heard(&mut self, text: &str) {
        if let Ok(ServerMessage::Receipt(receipt)) = serde_json::from_str(text)
            && let Some(at) = self.raw.iter().position(|batch| receipt.batch == Some(batch.number))
        {
            self.raw.remove(at);
            self.happen(Happening::Receipt(receipt.items));
            return;
        }
        self.handle(Input::Text(text)).await;
    }

    async fn lost(&mut self, code: Option<u16>) {
        self.socket = None;
        for batch in &mut self.raw {
            batch.sent = false;
        }
        self.happen(Happening::Disconnected);
        self.handle(Input::Closed { code, jitter: random::fraction() }).await;
    }

    /// Hands an input to the deciding half and does what it commands, and what that leads to.
    async fn handle(&mut self, input: Input<'_>) {
        let now = self.elapsed();
        let mut commands = VecDeque::from(self.decides.handle(input, now));
        while let Some(command) = commands.pop_front() {
            match self.carry_out(command).await {
                Ok(None) => {}
                Ok(Some(answer)) => {
                    let now = self.elapsed();
                    commands.extend(self.decides.handle(answer, now));
                }
                Err(error) => {
                    tracing::debug!(%error, "a phone lost its connection");
                    // What was commanded for the old connection has no meaning any more.
                    commands.clear();
                    self.socket = None;
                    for batch in &mut self.raw {
                        batch.sent = false;
                    }
                    let now = self.elapsed();
                    let closed = Input::Closed { code: None, jitter: random::fraction() };
                    commands.extend(self.decides.handle(closed, now));
                }
            }
        }
    }

    async fn carry_out(&mut self, command: Command) -> anyhow::Result<Option<Input<'static>>> {
        match command {
            Command::Connect => {
                anyhow::ensure!(self.signal, "there is no signal");
                let opened =
                    tokio::time::timeout(OPEN_WITHIN, Socket::open_by(&self.device.origin, self.device.route)).await;
                self.socket = Some(opened.context("the service does not answer")??);
                return Ok(Some(Input::Opened));
            }
            Command::Sign { nonce, server_time } => {
                let claims = SocketProof::new(self.device.id, &self.device.origin, &nonce, server_time);
                let proof = self.device.key.prove(&claims)?;
                return Ok(Some(Input::Signed { proof, phone_time: PhoneTime::utc(self.clock.care_now()) }));
            }
            Command::Send(message) => self.say(&message).await?,
            Command::Disconnect => {
                if let Some(socket) = self.socket.take() {
                    socket.close().await;
                }
                self.happen(Happening::Disconnected);
                return Ok(Some(Input::Closed { code: None, jitter: random::fraction() }));
            }
            Command::Welcomed { people, .. } => {
                self.happen(Happening::Connected { people });
                self.send_raw().await;
            }
            Command::Settled { id, outcome } => self.happen(Happening::Settled { id, outcome }),
            Command::Checked { whom, through } => self.happen(Happening::Checked { whom, through }),
            Command::Seen(seen) => self.happen(Happening::Seen(seen)),
            Command::Plan(plan) => self.happen(Happening::Plan(plan)),
            Command::Show(ask) => self.happen(Happening::Ask(ask)),
            Command::Say(message) => self.happen(Happening::Message(message)),
            Command::Next(_) | Command::Notice(_) => {}
            Command::EnrolAgain => self.happen(Happening::Revoked),
        }
        Ok(None)
    }

    async fn say(&mut self, message: &ClientMessage) -> anyhow::Result<()> {
        let text = serde_json::to_string(message).context("a message of ours cannot be written")?;
        let socket = self.socket.as_mut().context("there is no connection")?;
        Ok(socket.say(text).await?)
    }

    /// Sends the raw batches that are not on their way. A broken socket is noticed by whoever reads it next.
    async fn send_raw(&mut self) {
        if !self.decides.is_connected() {
            return;
        }
        let Some(socket) = self.socket.as_mut() else { return };
        for batch in self.raw.iter_mut().filter(|batch| !batch.sent) {
            if socket.say(batch.text.clone()).await.is_err() {
                return;
            }
            batch.sent = true;
        }
    }

    fn happen(&self, happening: Happening) {
        // Nobody listens any more when the handle was dropped: the loop ends next.
        let _ = self.happened.send(happening);
    }

    fn elapsed(&self) -> Duration {
        self.clock.instant().saturating_duration_since(self.started)
    }
}

/// The next text of a socket; without one, never.
pub async fn hear(socket: Option<&mut Socket>) -> Result<String, Ended> {
    match socket {
        Some(socket) => socket.hear().await,
        None => std::future::pending().await,
    }
}

/// As long as is left; without an end, for ever.
pub async fn sleep(left: Option<Duration>) {
    match left {
        Some(left) => tokio::time::sleep(left).await,
        None => std::future::pending().await,
    }
}
