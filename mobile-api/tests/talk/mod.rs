//! A conversation with anything at all: steps go into the service's half, and whatever comes out must hold together. Shared by
//! `hostile.rs` and the coverage-guided run (`make fuzz`).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use mobile_api::content::ContentHash;
use mobile_api::decode;
use mobile_api::limits::{Limits, PINGS_MISSED};
use mobile_api::message::{Ask, Hello, Outcome, Person, Receipt, ReceiptItem, Refused, Resume, ServerMessage};
use mobile_api::refusal::{Reason, Refusal};
use mobile_api::session::{Command, Handshake, Input, Push, Session};
use mobile_api::time::PhoneTime;
use uuid::Uuid;

/// The service closes the connection of a phone that lets more than this pile up, so no message may be longer.
const LONGEST_MESSAGE_BYTES: usize = 256 * 1024;

/// What may happen to a session, in any order.
#[derive(Debug, Clone)]
pub enum Step {
    Text(String),
    Binary,
    Heard,
    /// The service did not read.
    Unread,
    Wait(Duration),
    /// The writer decided the oldest batch, or this one of them.
    Decide(usize),
    Checked(u64),
    /// Asks with these numbers wait.
    Pushes(Vec<u64>),
}

/// Goes through the steps; panics where something does not hold. Whether the service closed.
pub fn converse(steps: impl IntoIterator<Item = Step>) -> bool {
    let mut talk = Talk::begin();
    for step in steps {
        talk.step(step);
    }
    talk.closed
}

struct Talk {
    session: Session,
    now: Duration,
    /// By batch: the ids of its items.
    taken: BTreeMap<u64, Vec<String>>,
    pushed_through: u64,
    checked_through: u64,
    pings_since_life: u32,
    closed: bool,
}

impl Talk {
    fn begin() -> Self {
        let now = Duration::ZERO;
        let at = Timestamp::UNIX_EPOCH;
        let (handshake, challenge) = Handshake::open("nonce".into(), at, now);
        said(&challenge);
        let hello = Hello {
            device_id: Uuid::nil(),
            app_version: "1".into(),
            phone_time: PhoneTime::utc(at),
            resume: Resume { push: 0 },
            notifications: None,
            proof: "proof".into(),
        };
        let people = vec![Person {
            whom: "p1".into(),
            given_name: "Dorothy".into(),
            plan_version: 1,
            judged_through: 0,
            live: true,
        }];
        let (session, welcome) = handshake.welcome(Uuid::nil(), &hello, people, at, now);
        said(&welcome);
        Self {
            session,
            now,
            taken: BTreeMap::new(),
            pushed_through: 0,
            checked_through: 0,
            pings_since_life: 0,
            closed: false,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Text(text) => {
                not_hello(&text);
                self.pings_since_life = 0;
                let open = !self.closed;
                let commands = self.session.handle(Input::Text(&text), self.now);
                assert_eq!(commands.is_empty(), !open, "each frame has its consequence: {text}");
                self.obey(commands, Some(&text));
            }
            Step::Binary => self.hear(Input::Binary),
            Step::Heard => self.hear(Input::Heard),
            Step::Unread => self.hear(Input::Unread),
            Step::Wait(time) => {
                self.now += time;
                let commands = self.session.handle(Input::Tick, self.now);
                self.obey(commands, None);
                assert!(
                    self.closed || self.session.next_wake() > self.now,
                    "it wakes when it wants to, not at once again"
                );
            }
            Step::Decide(which) => {
                let Some(batch) = self.taken.keys().nth(which % self.taken.len().max(1)).copied() else { return };
                let ids = self.taken.remove(&batch).expect("a key of it");
                let outcome = |n: usize| match n % 3 {
                    0 => Outcome::Stored { seq: 7, flags: Vec::new() },
                    1 => Outcome::Duplicate { seq: 7, flags: Vec::new() },
                    _ => Outcome::Refused(Refusal::new(Reason::NotStored, "not now")),
                };
                let items: Vec<_> =
                    ids.into_iter().enumerate().map(|(n, id)| ReceiptItem { id, outcome: outcome(n) }).collect();
                let decided = Input::Decided { batch, items: items.clone(), notice: None };
                let commands = self.session.handle(decided, self.now);
                if self.closed {
                    assert!(commands.is_empty());
                    return;
                }
                let [Command::Send(ServerMessage::Receipt(Receipt { batch: of, items: told, .. }))] = &commands[..]
                else {
                    panic!("a decided batch has one receipt: {commands:?}");
                };
                assert_eq!((*of, told), (Some(batch), &items));
                self.obey(commands, None);
            }
            Step::Checked(through) => {
                let commands = self.session.handle(Input::Checked { whom: "p1".into(), through }, self.now);
                if let [Command::Send(ServerMessage::Checked { through, .. })] = commands[..] {
                    assert!(through > self.checked_through, "never back, never twice");
                    self.checked_through = through;
                }
                self.obey(commands, None);
            }
            Step::Pushes(numbers) => {
                let ask = |n| Push::Ask(Ask { n, ..ask() });
                let commands = self.session.handle(Input::Pushes(numbers.into_iter().map(ask).collect()), self.now);
                for command in &commands {
                    let Command::Send(ServerMessage::Ask(ask)) = command else { panic!("{command:?}") };
                    assert!(ask.n >= self.pushed_through, "in order");
                    self.pushed_through = ask.n;
                }
                self.obey(commands, None);
            }
        }
    }

    fn hear(&mut self, input: Input<'_>) {
        self.pings_since_life = 0;
        let commands = self.session.handle(input, self.now);
        self.obey(commands, None);
    }

    fn obey(&mut self, commands: Vec<Command>, text: Option<&str>) {
        assert!(!self.closed || commands.is_empty(), "closed stays closed");
        for command in commands {
            assert!(!self.closed, "nothing follows a close");
            match command {
                Command::Send(message) => said(&message),
                Command::Ping => {
                    self.pings_since_life += 1;
                    assert!(self.pings_since_life <= PINGS_MISSED, "a silent phone is given up");
                }
                Command::Take { batch, items } => {
                    let text = text.expect("only a frame hands over");
                    assert!(text.len() <= Limits::V1.batch_bytes && items.len() <= Limits::V1.batch_items);
                    assert!(items.iter().map(|item| item.as_sent.len()).sum::<usize>() <= decode::weight_bytes(text));
                    for item in &items {
                        match &item.item {
                            // What is taken can be written down, read again, and known again.
                            Ok(read) => {
                                drop((ContentHash::of(read, Uuid::nil()), serde_json::to_string(read).expect("JSON")))
                            }
                            Err(refusal) => whole(refusal),
                        }
                    }
                    let ids = items.into_iter().map(|item| item.id).collect();
                    assert!(self.taken.insert(batch, ids).is_none(), "a number is in flight once");
                }
                Command::Shown { .. } | Command::Acknowledged { .. } => {}
                Command::Close(close) => {
                    assert!((1000..5000).contains(&close.code()));
                    self.closed = true;
                }
            }
        }
        assert!(self.taken.len() <= Limits::V1.batches_in_flight);
        assert!(self.closed || self.session.in_flight() == self.taken.len());
    }
}

/// The same text as the first of a connection.
fn not_hello(text: &str) {
    let (handshake, _) = Handshake::open("nonce".into(), Timestamp::UNIX_EPOCH, Duration::ZERO);
    if let Err(Refused { refusal, batch }) = handshake.hello(text) {
        whole(&refusal);
        said(&ServerMessage::Refused(Refused { refusal, batch }));
    }
}

/// A phone can read it, and the service can send it.
fn said(message: &ServerMessage) {
    let text = serde_json::to_string(message).expect("JSON");
    assert!(text.len() < LONGEST_MESSAGE_BYTES, "{} bytes are not sent", text.len());
    let read: ServerMessage = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&read, message);
}

fn whole(refusal: &Refusal) {
    assert_eq!(refusal.retry, refusal.retry_after_s.is_some());
    assert!(!refusal.detail.is_empty());
}

fn ask() -> Ask {
    serde_json::from_str(r#"{"n":0,"id":"019390a0-0000-7000-8000-000000000001","for":"p1","text":"Measure again.","until":"2026-11-21T08:05:00Z"}"#)
        .expect("an ask")
}
