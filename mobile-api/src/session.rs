//! The service's half of the conversation, without I/O: what came in and when, goes in; what to do comes out.
//!
//! A connection's life is two types. `Handshake` knows a challenge and waits for `hello`; whoever drives it checks the
//! proof. `Session` has a proven device: it keeps order, counts batches in flight, pings, and says nothing twice.
//! Times are elapsed since any fixed instant, by a clock that only runs forward.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::close::Close;
use crate::decode::{self, Incoming, ReceivedItem};
use crate::limits::{HELLO_WITHIN_S, Limits, PINGS_MISSED, SKEW_IGNORED_S};
use crate::message::{
    Ask, Challenge, Hello, Message, Next, Person, Receipt, ReceiptItem, Refused, Seen, ServerMessage, Welcome,
};
use crate::plan::Plan;
use crate::proof::SocketProof;
use crate::refusal::{Reason, Refusal};

const MINUTE: Duration = Duration::from_secs(60);
const TOO_FAST_RETRY_S: u32 = 60;

/// Nobody yet: a challenge was sent.
#[derive(Debug)]
pub struct Handshake {
    nonce: String,
    server_time: Timestamp,
    deadline: Duration,
}

impl Handshake {
    /// `server_time` in whole seconds.
    pub fn open(nonce: String, server_time: Timestamp, now: Duration) -> (Self, ServerMessage) {
        let challenge = ServerMessage::Challenge(Challenge { nonce: nonce.clone(), server_time, protocol: 1 });
        (Self { nonce, server_time, deadline: now + Duration::from_secs(HELLO_WITHIN_S.into()) }, challenge)
    }

    /// Who has not said `hello` by then is closed with `ProtocolError`.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The first frame: `hello`, or a refusal to send before closing with `ProtocolError`.
    pub fn hello(&self, text: &str) -> Result<Hello, Refused> {
        match decode::frame(text) {
            Ok(Incoming::Hello(hello)) => Ok(hello),
            Ok(_) => {
                let refusal =
                    Refusal::new(Reason::OutOfTurn, "the first message is `hello`, with the proof for this challenge");
                Err(Refused { batch: None, refusal })
            }
            Err(refused) => Err(refused),
        }
    }

    /// The claims the proof must hold, each exactly.
    pub fn proof(&self, device: Uuid, origin: &str) -> SocketProof {
        SocketProof::new(device, origin, &self.nonce, self.server_time)
    }

    /// The proof held: the conversation begins. `now_at` is the service's time of day.
    pub fn welcome(
        self,
        session_id: Uuid,
        hello: &Hello,
        people: Vec<Person>,
        now_at: Timestamp,
        now: Duration,
    ) -> (Session, ServerMessage) {
        let welcome = Welcome {
            session_id,
            server_time: now_at,
            clock_skew_ms: clock_skew_ms(now_at, hello.phone_time.at),
            limits: Limits::V1,
            people,
        };
        (Session::new(hello.resume.push, now), ServerMessage::Welcome(welcome))
    }
}

/// The service's clock minus the phone's; nothing when it is less than two minutes.
pub fn clock_skew_ms(service: Timestamp, phone: Timestamp) -> i64 {
    let skew_ms = service.as_millisecond() - phone.as_millisecond();
    if skew_ms.abs() < SKEW_IGNORED_S * 1000 { 0 } else { skew_ms }
}

/// What happens to a session.
#[derive(Debug)]
pub enum Input<'a> {
    Text(&'a str),
    Binary,
    /// A ping, a pong: any byte is a sign of life.
    Heard,
    /// The service itself does not read now: silence means nothing.
    Unread,
    /// It is `next_wake` or later.
    Tick,
    /// The batch was decided; whatever is `stored` in it is on disk.
    Decided {
        batch: u64,
        items: Vec<ReceiptItem>,
        notice: Option<String>,
    },
    Checked {
        whom: String,
        through: u64,
    },
    Seen(Seen),
    Next(Next),
    Plan(Box<Plan>),
    /// Everything that waits for this device, in order; what this session already sent is passed over.
    Pushes(Vec<Push>),
}

/// A thing a phone must see once.
#[derive(Debug, Clone, PartialEq)]
pub enum Push {
    Ask(Ask),
    Message(Message),
}

impl Push {
    pub fn n(&self) -> u64 {
        match self {
            Self::Ask(ask) => ask.n,
            Self::Message(message) => message.n,
        }
    }
}

impl From<Push> for ServerMessage {
    fn from(push: Push) -> Self {
        match push {
            Push::Ask(ask) => Self::Ask(ask),
            Push::Message(message) => Self::Message(message),
        }
    }
}

/// What the driver of a session must do, in this order.
#[derive(Debug)]
pub enum Command {
    Send(ServerMessage),
    Ping,
    /// Decide these items, then say `Decided`.
    Take {
        batch: u64,
        items: Vec<ReceivedItem>,
    },
    Shown {
        id: Uuid,
    },
    Acknowledged {
        through: u64,
    },
    /// Close the socket with the code of this, after what was sent. Nothing follows.
    Close(Close),
}

/// A proven device is connected.
#[derive(Debug)]
pub struct Session {
    /// Batches taken and not yet decided.
    in_flight: Vec<u64>,
    /// The highest push sent here, or had by the phone before.
    pushed_through: u64,
    told: Vec<Told>,
    next_ping: Duration,
    pings_unanswered: u32,
    minute_from: Duration,
    frames_in_minute: u32,
    closed: bool,
}

/// What was said here about one person last. Thousands of sessions wait in memory.
#[derive(Debug, Default)]
struct Told {
    whom: String,
    checked: u64,
    seen: Option<Box<Seen>>,
    /// Hashes of what was said: a plan is long, and what happens next is nothing for nearly everybody.
    plan: Option<u64>,
    next: Option<u64>,
}

impl Session {
    fn new(pushed_through: u64, now: Duration) -> Self {
        Self {
            in_flight: Vec::new(),
            pushed_through,
            told: Vec::new(),
            next_ping: now + ping_every(),
            pings_unanswered: 0,
            minute_from: now,
            frames_in_minute: 0,
            closed: false,
        }
    }

    /// When `Tick` is wanted.
    pub fn next_wake(&self) -> Duration {
        self.next_ping
    }

    /// Batches whose receipts are owed.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    pub fn handle(&mut self, input: Input<'_>, now: Duration) -> Vec<Command> {
        if self.closed {
            return Vec::new();
        }
        match input {
            Input::Text(_) | Input::Binary | Input::Heard if self.is_too_fast(now) => {
                self.close(Close::TooFast { retry_after_s: TOO_FAST_RETRY_S })
            }
            Input::Text(text) => self.text(text),
            Input::Binary => vec![refuse(
                Refusal::new(Reason::NotText, "the frame is binary; send text frames, one JSON object each"),
                None,
            )],
            Input::Heard => Vec::new(),
            Input::Unread => {
                self.pings_unanswered = 0;
                Vec::new()
            }
            Input::Tick => self.tick(now),
            Input::Decided { batch, items, notice } => {
                self.in_flight.retain(|waiting| *waiting != batch);
                vec![Command::Send(ServerMessage::Receipt(Receipt { batch: Some(batch), items, notice }))]
            }
            Input::Checked { whom, through } => {
                let told = self.told(&whom);
                if told.checked >= through {
                    return Vec::new();
                }
                told.checked = through;
                vec![Command::Send(ServerMessage::Checked { whom, through })]
            }
            Input::Seen(seen) => {
                let told = self.told(&seen.whom);
                if told.seen.as_deref() == Some(&seen) {
                    return Vec::new();
                }
                told.seen = Some(Box::new(seen.clone()));
                vec![Command::Send(ServerMessage::Seen(seen))]
            }
            Input::Next(next) => {
                let hash = hash_of(&next);
                if self.told(&next.whom).next.replace(hash) == Some(hash) {
                    return Vec::new();
                }
                vec![Command::Send(ServerMessage::Next(next))]
            }
            Input::Plan(plan) => {
                let hash = hash_of(&plan);
                if self.told(&plan.whom).plan.replace(hash) == Some(hash) {
                    return Vec::new();
                }
                vec![Command::Send(ServerMessage::Plan(plan))]
            }
            Input::Pushes(mut pushes) => {
                pushes.retain(|push| push.n() > self.pushed_through);
                pushes.sort_by_key(Push::n);
                if let Some(last) = pushes.last() {
                    self.pushed_through = last.n();
                }
                pushes.into_iter().map(|push| Command::Send(push.into())).collect()
            }
        }
    }

    /// One of the few people of this device.
    fn told(&mut self, whom: &str) -> &mut Told {
        let place = self.told.iter().position(|told| told.whom == whom).unwrap_or_else(|| {
            self.told.reserve_exact(1);
            self.told.push(Told { whom: whom.to_owned(), ..Told::default() });
            self.told.len() - 1
        });
        &mut self.told[place]
    }

    fn text(&mut self, text: &str) -> Vec<Command> {
        match decode::frame(text) {
            Ok(Incoming::Submit { batch, items }) => self.submit(batch, items),
            Ok(Incoming::Shown { id }) => vec![Command::Shown { id }],
            Ok(Incoming::Ack { through }) => vec![Command::Acknowledged { through }],
            Ok(Incoming::Hello(_)) => {
                vec![refuse(Refusal::new(Reason::OutOfTurn, "`hello` was said on this connection before"), None)]
            }
            Err(Refused { batch, refusal }) => vec![refuse(refusal, batch)],
        }
    }

    fn submit(&mut self, batch: u64, items: Vec<ReceivedItem>) -> Vec<Command> {
        if self.in_flight.contains(&batch) {
            return vec![refuse(Refusal::new(Reason::OutOfTurn, format!("batch {batch} is in flight already")), None)];
        }
        if self.in_flight.len() >= Limits::V1.batches_in_flight {
            let detail = format!("{} batches wait for their receipts already", self.in_flight.len());
            return vec![refuse(Refusal::new(Reason::TooManyInFlight, detail), Some(batch))];
        }
        self.in_flight.push(batch);
        vec![Command::Take { batch, items }]
    }

    /// Counts a frame of any kind.
    fn is_too_fast(&mut self, now: Duration) -> bool {
        self.pings_unanswered = 0;
        if now >= self.minute_from + MINUTE {
            self.minute_from = now;
            self.frames_in_minute = 0;
        }
        self.frames_in_minute += 1;
        self.frames_in_minute > Limits::V1.frames_per_minute
    }

    fn tick(&mut self, now: Duration) -> Vec<Command> {
        if now < self.next_ping {
            return Vec::new();
        }
        if self.pings_unanswered >= PINGS_MISSED {
            return self.close(Close::NoAnswer);
        }
        self.pings_unanswered += 1;
        self.next_ping = now + ping_every();
        vec![Command::Ping]
    }

    fn close(&mut self, close: Close) -> Vec<Command> {
        self.closed = true;
        vec![Command::Send(ServerMessage::Bye(close.bye())), Command::Close(close)]
    }
}

fn hash_of(said: &impl Serialize) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(said).expect("what is said has text keys and finite numbers").hash(&mut hasher);
    hasher.finish()
}

fn ping_every() -> Duration {
    Duration::from_secs(Limits::V1.ping_every_s.into())
}

fn refuse(refusal: Refusal, batch: Option<u64>) -> Command {
    Command::Send(ServerMessage::Refused(Refused { batch, refusal }))
}

#[cfg(test)]
mod tests;
