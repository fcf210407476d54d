//! A phone that writes down what it sends and sees. What it does is `mobile_api::phone`'s decision, as on any phone; only
//! that it loses no time before it tries again is this trial's.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use derwent::clock::Clock;
use derwent::phone::{Device, Ended, Socket, hear, sleep};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use mobile_api::item::Item;
use mobile_api::message::{ClientMessage, Outcome, Receipt, ServerMessage, Submit};
use mobile_api::phone::{Command, Identity, Input, Phone as Decides};
use mobile_api::proof::SocketProof;
use mobile_api::time::PhoneTime;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::history::{Saw, Shared, What};

/// A service that has not answered by then is tried again.
const OPEN_WITHIN: Duration = Duration::from_secs(5);
/// Between two tries to connect, at most.
const AGAIN_WITHIN_MS: u64 = 200;

/// Dropping it switches it off: what it had not settled is forgotten.
pub struct Phone {
    pub patient: Uuid,
    pub device: Device,
    /// Everything it was ever given, oldest first.
    pub given: Vec<Item>,
    orders: mpsc::UnboundedSender<Item>,
    progress: watch::Receiver<Progress>,
    clock_off: SignedDuration,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Orders it has heard.
    heard: usize,
    /// Items in its outbox.
    waiting: usize,
}

impl Phone {
    /// `clock_off`: its clock minus the real time.
    pub fn switch_on(device: Device, patient: Uuid, clock_off: SignedDuration, history: &Shared, seed: u64) -> Self {
        let (orders, incoming) = mpsc::unbounded_channel();
        let (telling, progress) = watch::channel(Progress::default());
        let clock = Clock::ordinary();
        let inside = Inside {
            decides: Decides::new(Identity { device_id: device.id, app_version: "1".into(), notifications: None }),
            device: device.clone(),
            patient,
            started: clock.instant(),
            clock,
            clock_off,
            history: history.clone(),
            socket: None,
            in_flight: HashMap::new(),
            progress: telling,
            rng: Rng::with_seed(seed),
        };
        tokio::spawn(inside.live(incoming));
        Self { patient, device, given: Vec::new(), orders, progress, clock_off }
    }

    /// What its clock shows.
    pub fn now(&self) -> Timestamp {
        Clock::ordinary().machine_now() + self.clock_off
    }

    /// Puts it into the outbox: it is sent, and sent again, until it is settled. An item that was settled before is sent
    /// once more.
    pub fn submit(&mut self, item: Item) {
        self.given.push(item.clone());
        // The task ends before this handle only by a panic, and then `answered` never returns.
        let _ = self.orders.send(item);
    }

    pub fn waiting(&self) -> usize {
        let progress = *self.progress.borrow();
        self.given.len() - progress.heard + progress.waiting
    }

    /// Returns when everything it was given is settled.
    pub async fn answered(&mut self) {
        let given = self.given.len();
        let done = self.progress.wait_for(|progress| progress.heard == given && progress.waiting == 0);
        done.await.expect("the phone's task lives");
    }
}

struct Inside {
    decides: Decides,
    device: Device,
    patient: Uuid,
    started: Instant,
    clock: Clock,
    clock_off: SignedDuration,
    history: Shared,
    socket: Option<Socket>,
    /// Batches sent on this connection and not answered.
    in_flight: HashMap<u64, Vec<What>>,
    progress: watch::Sender<Progress>,
    rng: Rng,
}

impl Inside {
    /// Inputs: an item to submit, a text from the socket, the timer that `mobile_api::phone` asked for.
    async fn live(mut self, mut orders: mpsc::UnboundedReceiver<Item>) {
        self.handle(Input::Tick).await;
        loop {
            let wake = match (&self.socket, self.decides.next_wake()) {
                (None, _) => Some(Duration::from_millis(self.rng.u64(..AGAIN_WITHIN_MS))),
                (Some(_), wake) => wake.map(|at| at.saturating_sub(self.elapsed())),
            };
            tokio::select! {
                item = orders.recv() => match item {
                    Some(item) => {
                        self.handle(Input::Submit(Box::new(item))).await;
                        self.progress.send_modify(|progress| progress.heard += 1);
                    }
                    None => break,
                },
                heard = hear(self.socket.as_mut()) => match heard {
                    Ok(text) => self.heard(&text).await,
                    Err(ended) => self.lost(ended.code()).await,
                },
                () = sleep(wake) => {
                    let input = if self.socket.is_none() { Input::BroughtToFront } else { Input::Tick };
                    self.handle(input).await;
                }
            }
            let waiting = self.decides.outbox().count();
            self.progress.send_modify(|progress| progress.waiting = waiting);
        }
        self.forget_in_flight();
    }

    async fn heard(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(ServerMessage::Receipt(receipt)) => self.receipt(receipt),
            // A whole batch that was not taken says nothing about its items.
            Ok(ServerMessage::Refused(refused)) => {
                let whole = refused.batch.and_then(|batch| self.in_flight.remove(&batch)).unwrap_or_default();
                let mut history = self.history.lock();
                whole.iter().for_each(|what| history.saw(what, Saw::NotNow));
            }
            Ok(_) => {}
            Err(error) => self.history.lock().surprises.push(format!("cannot be read ({error}): {text}")),
        }
        self.handle(Input::Text(text)).await;
    }

    fn receipt(&mut self, receipt: Receipt) {
        let Some(sent) = receipt.batch.and_then(|batch| self.in_flight.remove(&batch)) else {
            self.history
                .lock()
                .surprises
                .push(format!("a receipt for batch {:?}, which is not waited for", receipt.batch));
            return;
        };
        let mut history = self.history.lock();
        let ids = receipt.items.iter().map(|item| item.id.clone());
        if !ids.eq(sent.iter().map(|what| what.id.to_string())) {
            history.surprises.push("a receipt's items are not those of its batch, in their order".to_owned());
            sent.iter().for_each(|what| history.saw(what, Saw::Unknown));
            return;
        }
        let mut stored = false;
        for (what, item) in sent.iter().zip(receipt.items) {
            let saw = match item.outcome {
                Outcome::Stored { seq, .. } => Saw::Stored(seq),
                Outcome::Duplicate { seq, .. } => Saw::Duplicate(seq),
                Outcome::Refused(refusal) if refusal.retry => Saw::NotNow,
                Outcome::Refused(refusal) => Saw::Refused(refusal.reason.to_string()),
            };
            stored |= matches!(saw, Saw::Stored(_));
            history.saw(what, saw);
        }
        if stored {
            self.history.tell_stored();
        }
    }

    async fn lost(&mut self, code: Option<u16>) {
        let mut closed = Some(code);
        // What is commanded for the old connection has no meaning any more.
        while let Some(code) = closed.take() {
            self.socket = None;
            self.forget_in_flight();
            self.decides.handle(Input::Closed { code, jitter: 0.0 }, self.elapsed());
        }
    }

    fn forget_in_flight(&mut self) {
        let mut history = self.history.lock();
        for what in self.in_flight.drain().flat_map(|(_, sent)| sent) {
            history.saw(&what, Saw::Unknown);
        }
    }

    /// Hands an input to the deciding half and does what it commands, and what that leads to.
    async fn handle(&mut self, input: Input<'_>) {
        let mut commands = self.decides.handle(input, self.elapsed());
        while !commands.is_empty() {
            let mut next = Vec::new();
            for command in commands {
                match self.carry_out(command).await {
                    Ok(None) => {}
                    Ok(Some(answer)) => next.extend(self.decides.handle(answer, self.elapsed())),
                    Err(_) => return self.lost(None).await,
                }
            }
            commands = next;
        }
    }

    async fn carry_out(&mut self, command: Command) -> anyhow::Result<Option<Input<'static>>> {
        match command {
            Command::Connect => {
                self.socket = Some(tokio::time::timeout(OPEN_WITHIN, Socket::open(&self.device.origin)).await??);
                return Ok(Some(Input::Opened));
            }
            Command::Sign { nonce, server_time } => {
                let claims = SocketProof::new(self.device.id, &self.device.origin, &nonce, server_time);
                let phone_time = PhoneTime::utc(self.clock.machine_now() + self.clock_off);
                return Ok(Some(Input::Signed { proof: self.device.key.prove(&claims)?, phone_time }));
            }
            Command::Send(message) => {
                if let ClientMessage::Submit(submit) = &message {
                    self.sends(submit);
                }
                let socket = self.socket.as_mut().ok_or(Ended::Broken)?;
                socket.say(serde_json::to_string(&message)?).await?;
            }
            Command::Disconnect => return Err(Ended::Broken.into()),
            _ => {}
        }
        Ok(None)
    }

    fn sends(&mut self, submit: &Submit) {
        let sent: Vec<What> = submit.items.iter().map(|item| What::of(item, self.patient)).collect();
        let mut history = self.history.lock();
        sent.iter().for_each(|what| history.sent(what));
        self.in_flight.insert(submit.batch, sent);
    }

    fn elapsed(&self) -> Duration {
        self.clock.instant().saturating_duration_since(self.started)
    }
}
