//! A phone's half of the conversation, without I/O: an outbox that forgets nothing before the service has it on disk.
//!
//! What the app wants and what the socket brings goes in with the time; what to send, show and forget comes out. The
//! caller keeps the outbox (`outbox`, `restore`), opens sockets and signs. Times are elapsed since any fixed instant,
//! by a clock that only runs forward; jitter, a fraction in [0, 1), comes from the caller too.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::close::Close;
use crate::item::Item;
use crate::limits::Limits;
use crate::message::{
    Ask, ByeCode, ClientMessage, Hello, Message, Next, Outcome, Person, Receipt, Refused, Resume, Seen, ServerMessage,
};
use crate::outbox::Outbox;
use crate::plan::Plan;
use crate::time::PhoneTime;

/// Challenge, hello and welcome must not take longer.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(20);
const FIRST_RECONNECT_MS: u64 = 1_000;
const LONGEST_RECONNECT_MS: u64 = 60_000;

/// What a device says about itself in every `hello`.
#[derive(Debug, Clone)]
pub struct Identity {
    pub device_id: Uuid,
    pub app_version: String,
    pub notifications: Option<String>,
}

#[derive(Debug)]
pub enum Input<'a> {
    /// The person measured something. It is kept until the service has it.
    Submit(Box<Item>),
    /// The socket that `Connect` asked for is open.
    Opened,
    Text(&'a str),
    /// The signature that `Sign` asked for, and what the phone's clock says.
    Signed {
        proof: String,
        phone_time: PhoneTime,
    },
    /// The socket is closed, by whomever, or could not be opened.
    Closed {
        code: Option<u16>,
        jitter: f64,
    },
    /// An ask is on the screen.
    Shown {
        ask: Uuid,
    },
    /// The person looks at the app: worth a connection even after another phone took over.
    BroughtToFront,
    /// It is `next_wake` or later.
    Tick,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Connect,
    /// Make the proof for this challenge and answer `Signed`.
    Sign {
        nonce: String,
        server_time: Timestamp,
    },
    Send(ClientMessage),
    /// Close the socket and answer `Closed`.
    Disconnect,
    Welcomed {
        people: Vec<Person>,
        clock_skew_ms: i64,
    },
    /// The item left the outbox: it is stored, or refused for good.
    Settled {
        id: Uuid,
        outcome: Outcome,
    },
    Checked {
        whom: String,
        through: u64,
    },
    Seen(Seen),
    Next(Next),
    Plan(Box<Plan>),
    Show(Ask),
    Say(Message),
    /// Words that came with a receipt.
    Notice(String),
    /// The device is not enrolled any more. Items stay in the outbox.
    EnrolAgain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Not connected; try at this time, or only when brought to the front.
    Down {
        again_at: Option<Duration>,
    },
    Connecting {
        since: Duration,
    },
    Talking,
    /// `Disconnect` was said; `Closed` is awaited.
    Hanging,
}

#[derive(Debug)]
pub struct Phone {
    identity: Identity,
    outbox: Outbox,
    line: Line,
    limits: Limits,
    failures: u32,
    /// From the last `bye`: not before.
    retry_after_s: Option<u32>,
    /// Every push up to here was shown; and those above, out of order.
    push_through: u64,
    pushes_ahead: BTreeSet<u64>,
    /// Shown while there was no connection.
    shown: Vec<Uuid>,
}

impl Phone {
    pub fn new(identity: Identity) -> Self {
        Self::restore(identity, Vec::new(), 0)
    }

    /// A phone that was switched off: its outbox and the number of the last push it had.
    pub fn restore(identity: Identity, items: Vec<Item>, push_through: u64) -> Self {
        Self {
            identity,
            outbox: Outbox::restore(items),
            line: Line::Down { again_at: Some(Duration::ZERO) },
            limits: Limits::V1,
            failures: 0,
            retry_after_s: None,
            push_through,
            pushes_ahead: BTreeSet::new(),
            shown: Vec::new(),
        }
    }

    /// What is not settled yet, oldest first.
    pub fn outbox(&self) -> impl Iterator<Item = &Item> {
        self.outbox.items()
    }

    pub fn push_through(&self) -> u64 {
        self.push_through
    }

    pub fn is_connected(&self) -> bool {
        self.line == Line::Talking
    }

    /// When `Tick` is wanted, if ever.
    pub fn next_wake(&self) -> Option<Duration> {
        match self.line {
            Line::Down { again_at } => again_at,
            Line::Connecting { since } => Some(since + HANDSHAKE_WITHIN),
            Line::Talking => self.outbox.next_wake(&self.limits),
            Line::Hanging => None,
        }
    }

    pub fn handle(&mut self, input: Input<'_>, now: Duration) -> Vec<Command> {
        let mut commands = Vec::new();
        match input {
            Input::Submit(item) => self.outbox.push(*item, now),
            Input::Opened => {}
            Input::Text(text) => {
                // A message this version does not know is none of its business.
                if let Ok(message) = serde_json::from_str(text) {
                    self.hear(message, now, &mut commands);
                }
            }
            Input::Signed { proof, phone_time } => {
                if matches!(self.line, Line::Connecting { .. }) {
                    commands.push(Command::Send(ClientMessage::Hello(Hello {
                        device_id: self.identity.device_id,
                        app_version: self.identity.app_version.clone(),
                        phone_time,
                        resume: Resume { push: self.push_through },
                        notifications: self.identity.notifications.clone(),
                        proof,
                    })));
                }
            }
            Input::Closed { code, jitter } => self.closed(code, jitter, now, &mut commands),
            Input::Shown { ask } => self.shown.push(ask),
            Input::BroughtToFront => {
                if let Line::Down { again_at } = &mut self.line {
                    *again_at = Some(now);
                }
            }
            Input::Tick => {}
        }
        self.go_on(now, &mut commands);
        commands
    }

    fn hear(&mut self, message: ServerMessage, now: Duration, commands: &mut Vec<Command>) {
        match message {
            ServerMessage::Challenge(challenge) if matches!(self.line, Line::Connecting { .. }) => {
                commands.push(Command::Sign { nonce: challenge.nonce, server_time: challenge.server_time });
            }
            ServerMessage::Welcome(welcome) if matches!(self.line, Line::Connecting { .. }) => {
                self.line = Line::Talking;
                self.failures = 0;
                self.limits = welcome.limits;
                commands.push(Command::Welcomed { people: welcome.people, clock_skew_ms: welcome.clock_skew_ms });
            }
            ServerMessage::Challenge(_) | ServerMessage::Welcome(_) => {}
            ServerMessage::Receipt(receipt) => self.receipt(receipt, now, commands),
            ServerMessage::Refused(Refused { batch: Some(batch), refusal }) => {
                let settled = self.outbox.batch_refused(batch, refusal, now);
                commands
                    .extend(settled.map(|(id, refusal)| Command::Settled { id, outcome: Outcome::Refused(refusal) }));
            }
            ServerMessage::Refused(_) => {}
            ServerMessage::Checked { whom, through } => commands.push(Command::Checked { whom, through }),
            ServerMessage::Seen(seen) => commands.push(Command::Seen(seen)),
            ServerMessage::Next(next) => commands.push(Command::Next(next)),
            ServerMessage::Plan(plan) => commands.push(Command::Plan(plan)),
            ServerMessage::Ask(ask) => {
                if self.is_new_push(ask.n, commands) {
                    commands.push(Command::Show(ask));
                }
            }
            ServerMessage::Message(message) => {
                if self.is_new_push(message.n, commands) {
                    commands.push(Command::Say(message));
                }
            }
            ServerMessage::Bye(bye) => {
                self.retry_after_s = bye.retry_after_s;
                if bye.code == ByeCode::Revoked {
                    commands.push(Command::EnrolAgain);
                }
            }
        }
    }

    fn receipt(&mut self, receipt: Receipt, now: Duration, commands: &mut Vec<Command>) {
        let Some(batch) = receipt.batch else { return };
        commands.extend(receipt.notice.map(Command::Notice));
        for (id, outcome) in self.outbox.decided(batch, receipt.items, now) {
            commands.push(Command::Settled { id, outcome });
        }
    }

    /// Whether this push was not had before; acknowledges either way, because the service may have missed the first time.
    fn is_new_push(&mut self, n: u64, commands: &mut Vec<Command>) -> bool {
        let new = n > self.push_through && self.pushes_ahead.insert(n);
        while self.pushes_ahead.remove(&(self.push_through + 1)) {
            self.push_through += 1;
        }
        if self.line == Line::Talking {
            commands.push(Command::Send(ClientMessage::Ack { through: self.push_through }));
        }
        new
    }

    fn closed(&mut self, code: Option<u16>, jitter: f64, now: Duration, commands: &mut Vec<Command>) {
        if code == Some(Close::TooBig.code()) {
            let settled = self.outbox.too_big();
            commands.extend(settled.map(|(id, refusal)| Command::Settled { id, outcome: Outcome::Refused(refusal) }));
        }
        self.outbox.connection_lost();
        let again_at = match code {
            Some(4001) => {
                commands.push(Command::EnrolAgain);
                None
            }
            Some(4003) => None,
            _ => Some(now + self.reconnect_after(jitter)),
        };
        self.line = Line::Down { again_at };
    }

    /// Twice as long each time, half of it by chance, never before the service said.
    fn reconnect_after(&mut self, jitter: f64) -> Duration {
        let backoff_ms = (FIRST_RECONNECT_MS << self.failures.min(6)).min(LONGEST_RECONNECT_MS);
        self.failures = self.failures.saturating_add(1);
        let told_ms = u64::from(self.retry_after_s.take().unwrap_or(0)) * 1_000;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most a minute, in milliseconds"
        )]
        let by_chance_ms = (backoff_ms as f64 / 2.0 * jitter.clamp(0.0, 1.0)) as u64;
        Duration::from_millis(told_ms + backoff_ms / 2 + by_chance_ms)
    }

    /// Whatever the time and the state of the line ask for.
    fn go_on(&mut self, now: Duration, commands: &mut Vec<Command>) {
        match self.line {
            Line::Down { again_at: Some(at) } if now >= at => {
                self.line = Line::Connecting { since: now };
                commands.push(Command::Connect);
            }
            Line::Connecting { since } if now >= since + HANDSHAKE_WITHIN => self.hang_up(commands),
            Line::Talking if self.outbox.receipt_overdue(now, &self.limits) => self.hang_up(commands),
            Line::Talking => {
                commands.extend(self.shown.drain(..).map(|id| Command::Send(ClientMessage::Shown { id })));
                while let Some(submit) = self.outbox.next_batch(now, &self.limits) {
                    commands.push(Command::Send(ClientMessage::Submit(submit)));
                }
            }
            Line::Down { .. } | Line::Connecting { .. } | Line::Hanging => {}
        }
    }

    fn hang_up(&mut self, commands: &mut Vec<Command>) {
        self.line = Line::Hanging;
        commands.push(Command::Disconnect);
    }
}

#[cfg(test)]
mod tests;
