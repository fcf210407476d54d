//! A replica of the service, as far as phones see it: the crate's own `Handshake` and `Session` on each connection, and what
//! `ingest/socket.rs` and `ingest/talk.rs` do around them. The proof is taken for good.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::SignedDuration;
use mobile_api::close::Close;
use mobile_api::message::Person;
use mobile_api::session::{self, Command, Handshake, Push, Session, clock_skew_ms};
use uuid::Uuid;

use super::event::{Event, Work};
use super::judging::Sweep;
use super::network::{Frame, Side};
use super::world::World;
use super::writing::Writer;
use crate::ingest::accept::{self, Asked, Sender};
use crate::ingest::receipt;
use crate::monitor::memory::Memory;

/// What a socket looks up without having been told to.
const SWEEP: Duration = Duration::from_secs(60);
const RESTART_RETRY_S: u32 = 4;

#[derive(Debug)]
pub struct Replica {
    pub name: String,
    pub up: bool,
    /// Counts its starts: what an earlier life left behind reaches nobody.
    pub boot: u32,
    /// Its care time minus the true time.
    pub fast_by: SignedDuration,
    pub writer: Writer,
    pub sweep: Option<Sweep>,
    pub memory: Memory,
    /// Pages being sent, by lane.
    pub sending: BTreeMap<usize, usize>,
    pub planned: BTreeMap<Work, Duration>,
}

impl Replica {
    pub fn new(name: &str, fast_by: SignedDuration) -> Self {
        Self {
            name: name.to_owned(),
            up: true,
            boot: 0,
            fast_by,
            writer: Writer { queue: VecDeque::new(), committing: None, failures: 0 },
            sweep: None,
            memory: Memory::default(),
            sending: BTreeMap::new(),
            planned: BTreeMap::new(),
        }
    }
}

#[derive(Debug)]
pub enum Conversation {
    Greeting(Handshake),
    Talking(Talk),
}

#[derive(Debug)]
pub struct Talk {
    session: Session,
    phone: usize,
    connection: i64,
    skew: SignedDuration,
}

impl World {
    pub fn replica_opens(&mut self, line: u64) {
        let Some(on) = self.lines.get(&line).filter(|on| !on.cut) else { return };
        let (replica, phone) = (on.replica, on.phone);
        if !self.is_alive(replica, on.boot) {
            return self.cut(line, false);
        }
        let (handshake, challenge) = Handshake::open(format!("nonce {line}"), self.care(), self.now);
        let deadline = handshake.deadline();
        self.conversations.insert(line, Conversation::Greeting(handshake));
        self.at(deadline, Event::GreetingEnds { line });
        self.phone(phone, mobile_api::phone::Input::Opened);
        self.send(line, &challenge);
    }

    pub fn greeting_ends(&mut self, line: u64) {
        if let Some(Conversation::Greeting(_)) = self.conversations.get(&line) {
            self.close(line, Close::ProtocolError);
        }
    }

    pub fn replica_hears(&mut self, line: u64, frame: Frame) {
        match (frame, self.conversations.get(&line)) {
            (Frame::Text(text), Some(Conversation::Greeting(_))) => self.greet(line, &text),
            (Frame::Text(text), Some(_)) => self.session(line, session::Input::Text(&text)),
            (Frame::Ping | Frame::Pong, Some(_)) => self.session(line, session::Input::Heard),
            _ => {}
        }
    }

    fn greet(&mut self, line: u64, text: &str) {
        let Some(Conversation::Greeting(handshake)) = self.conversations.remove(&line) else { return };
        let Some((phone, replica)) = self.lines.get(&line).map(|on| (on.phone, on.replica)) else { return };
        let Ok(hello) = handshake.hello(text) else { return self.close(line, Close::ProtocolError) };
        if self.database_is_down() {
            return self.close(line, Close::ShuttingDown { retry_after_s: RESTART_RETRY_S });
        }
        let device = self.database.devices.entry(hello.device_id).or_default();
        device.connection += 1;
        let connection = device.connection;
        self.database.acknowledge_pushes(hello.device_id, hello.resume.push);
        let now_at = self.care_of(replica);
        let skew = SignedDuration::from_millis(clock_skew_ms(now_at, hello.phone_time.at));
        let people = self.phones[phone].people.iter().map(|(handle, patient)| Person {
            whom: handle.clone(),
            given_name: String::new(),
            plan_version: 1,
            judged_through: self.database.patients[patient].checked_through(),
            live: self.database.patients[patient].person.live,
        });
        let session_id = Uuid::from_u128(u128::from(line));
        let (session, welcome) = handshake.welcome(session_id, &hello, people.collect(), now_at, self.now);
        let wake = session.next_wake();
        self.conversations.insert(line, Conversation::Talking(Talk { session, phone, connection, skew }));
        self.send(line, &welcome);
        self.at(wake, Event::SessionWakes { line });
        self.at(self.now, Event::SessionLooks { line, again: true });
        let older: Vec<u64> = self.conversations_of(phone).filter(|other| *other != line).collect();
        for older in older {
            self.hint(Event::SessionLooks { line: older, again: false });
        }
    }

    fn conversations_of(&self, phone: usize) -> impl Iterator<Item = u64> {
        let of_phone = move |(line, conversation): (&u64, &Conversation)| match conversation {
            Conversation::Talking(talk) if talk.phone == phone => Some(*line),
            _ => None,
        };
        self.conversations.iter().filter_map(of_phone)
    }

    /// News about a patient reaches the sockets of whoever speaks for them, or the next sweep finds it.
    pub fn tell_sockets(&mut self, patient: Uuid) {
        let concerned: Vec<u64> = (0..self.phones.len())
            .filter(|phone| self.phones[*phone].people.iter().any(|(_, whose)| *whose == patient))
            .flat_map(|phone| self.conversations_of(phone))
            .collect();
        for line in concerned {
            self.hint(Event::SessionLooks { line, again: false });
        }
    }

    pub fn session_wakes(&mut self, line: u64) {
        self.session(line, session::Input::Tick);
        if let Some(Conversation::Talking(talk)) = self.conversations.get(&line) {
            let wake = talk.session.next_wake().max(self.now + Duration::from_millis(1));
            self.at(wake, Event::SessionWakes { line });
        }
    }

    /// Everything that signals only hint at, and first of all whether this is still the device's newest connection.
    pub fn session_looks(&mut self, line: u64, again: bool) {
        if again && self.conversations.contains_key(&line) {
            self.after(SWEEP, Event::SessionLooks { line, again });
        }
        if self.database_is_down() {
            return;
        }
        let Some(Conversation::Talking(talk)) = self.conversations.get(&line) else { return };
        let handset = &self.phones[talk.phone];
        let device = &self.database.devices[&handset.device];
        if device.connection != talk.connection {
            return self.close(line, Close::Replaced);
        }
        let pushes = device.pushes.iter().cloned().map(Push::Ask).collect();
        let checked = handset.people.iter().map(|(handle, patient)| session::Input::Checked {
            whom: handle.clone(),
            through: self.database.patients[patient].checked_through(),
        });
        let inputs: Vec<session::Input<'static>> = checked.chain([session::Input::Pushes(pushes)]).collect();
        for input in inputs {
            self.session(line, input);
        }
    }

    pub fn session(&mut self, line: u64, input: session::Input<'_>) {
        let Some(Conversation::Talking(talk)) = self.conversations.get_mut(&line) else { return };
        for command in talk.session.handle(input, self.now) {
            self.session_does(line, command);
        }
    }

    fn session_does(&mut self, line: u64, command: Command) {
        let Some(on) = self.lines.get(&line) else { return };
        let (phone, replica) = (on.phone, on.replica);
        let device = self.phones[phone].device;
        match command {
            Command::Send(message) => self.send(line, &message),
            Command::Ping => self.carry(line, Side::Phone, Frame::Ping),
            Command::Take { batch, items } => {
                let Some(Conversation::Talking(talk)) = self.conversations.get(&line) else { return };
                let sender = self.sender(phone, talk.skew, replica);
                let questionnaires = || self.rulebook.packs().iter().flat_map(|pack| &pack.questionnaires);
                let asked = |reference: &str| Asked::among(questionnaires(), reference);
                let (entries, waiting) = receipt::hand_over(&sender, items, asked);
                self.hand_to_writer(replica, line, batch, entries, waiting);
            }
            Command::Shown { id } => {
                let at = self.care_of(replica);
                if self.transaction(replica, "notes an ask").is_some() && self.database.show(device, id, at) {
                    self.poke(Work::Judge);
                }
            }
            Command::Acknowledged { through } => {
                if self.transaction(replica, "notes an ack").is_some() {
                    self.database.acknowledge_pushes(device, through);
                }
            }
            Command::Close(close) => self.hang_up(line, Side::Replica, Some(close.code())),
        }
    }

    fn sender(&self, phone: usize, skew: SignedDuration, replica: usize) -> Sender {
        let handset = &self.phones[phone];
        let people = handset.people.iter().map(|(handle, patient)| accept::Person {
            handle: handle.clone(),
            patient: *patient,
            organisation: handset.organisation,
            ended: self.database.patients[patient].person.ended,
        });
        Sender {
            organisation: handset.organisation,
            device: Some(handset.device),
            entered_by: None,
            own: handset.own,
            people: people.collect(),
            skew,
            received_at: self.care_of(replica),
            numbers: Vec::new(),
        }
    }

    pub fn close(&mut self, line: u64, close: Close) {
        self.send(line, &mobile_api::message::ServerMessage::Bye(close.bye()));
        self.hang_up(line, Side::Replica, Some(close.code()));
    }

    fn send(&mut self, line: u64, message: &mobile_api::message::ServerMessage) {
        let text = serde_json::to_string(message).expect("a message has text keys and finite numbers");
        self.carry(line, Side::Phone, Frame::Text(text));
    }

    pub fn is_alive(&self, replica: usize, boot: u32) -> bool {
        self.replicas[replica].up && self.replicas[replica].boot == boot
    }

    /// SIGKILL: whatever was only in memory is gone.
    pub fn replica_crashes(&mut self, replica: usize) {
        if self.healed || !self.replicas[replica].up {
            return;
        }
        self.count.crashes += 1;
        let name = self.replicas[replica].name.clone();
        self.say(&name, "crashes", "");
        let old = &self.replicas[replica];
        let boot = old.boot + 1;
        self.replicas[replica] = Replica { up: false, boot, ..Replica::new(&name, old.fast_by) };
        self.abandon_transactions(replica);
        let lines: Vec<u64> =
            self.lines.iter().filter(|(_, on)| on.replica == replica).map(|(line, _)| *line).collect();
        for line in lines {
            self.conversations.remove(&line);
            self.cut(line, false);
            if let Some(on) = self.lines.get_mut(&line) {
                on.over_at_replica = true;
            }
        }
        let down = self.dice.up_to(self.faults.replica_down);
        self.after(down, Event::ReplicaStarts { replica });
        let next = self.dice.up_to(self.faults.replica_crashes * 2);
        self.after(down + next, Event::ReplicaCrashes { replica });
    }

    pub fn replica_starts(&mut self, replica: usize) {
        if self.replicas[replica].up {
            return;
        }
        self.replicas[replica].up = true;
        let name = self.replicas[replica].name.clone();
        self.say(&name, "starts", "");
        for work in Work::ALL {
            self.plan_work(replica, work);
        }
    }
}
