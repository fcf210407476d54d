//! A phone, a service with a disk, and the network between them; all of it simulated from one seed.

mod service;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mobile_api::content::ContentHash;
use mobile_api::item::{Body, Item, Quantity, Reading};
use mobile_api::message::{Ask, Message, Outcome, ServerMessage};
use mobile_api::phone::{self, Identity, Phone};
use mobile_api::session::{self, Handshake, Push};
use mobile_api::time::PhoneTime;
use uuid::Uuid;

use self::service::Service;

#[derive(Debug, Clone, Copy)]
pub struct Faults {
    pub lose_percent: u32,
    pub repeat_percent: u32,
    pub delay_up_to_ms: u64,
    /// Of frames after which the connection is gone.
    pub cut_percent: u32,
    pub decide_up_to_ms: u64,
}

impl Faults {
    pub const NONE: Self =
        Self { lose_percent: 0, repeat_percent: 0, delay_up_to_ms: 0, cut_percent: 0, decide_up_to_ms: 0 };
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Submit(u64),
    Push(u64),
    ConnectionOpens(u64),
    ToService(u64, String),
    ToPhone(u64, String),
    Pong(u64),
    Decide(u64, u64, Vec<(String, String)>),
    PhoneLearnsOfClose(u64, Option<u16>),
    Wake,
}

pub struct World {
    now: Duration,
    dice: u64,
    faults: Faults,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    made: u64,
    /// Instants that have their wake, so that two sides that ask for one do not get two.
    wakes: BTreeSet<Duration>,
    phone: Phone,
    /// The connection both sides may be on; frames of older ones reach nobody.
    connection: u64,
    service: Service,
    disk: BTreeMap<Uuid, (ContentHash, u64)>,
    /// Not acknowledged yet.
    pushes: Vec<Push>,
    last_push: u64,
    excuses: BTreeMap<Uuid, u32>,
    pub submitted: Vec<Uuid>,
    pub rows: BTreeMap<Uuid, u32>,
    pub seen_stored: BTreeSet<Uuid>,
    pub settled_times: BTreeMap<Uuid, u32>,
    pub shown: BTreeMap<u64, u32>,
    pub acknowledged_through: u64,
    pub connections: u64,
    pub duplicates: u64,
}

const PATIENT: Uuid = Uuid::from_u128(0xD0_0751);

impl World {
    pub fn new(seed: u64, faults: Faults) -> Self {
        let identity = Identity { device_id: Uuid::from_u128(1), app_version: "1".into(), notifications: None };
        let mut world = Self {
            now: Duration::ZERO,
            dice: seed,
            faults,
            events: BinaryHeap::new(),
            made: 0,
            wakes: BTreeSet::new(),
            phone: Phone::new(identity),
            connection: 0,
            service: Service::Nobody,
            disk: BTreeMap::new(),
            pushes: Vec::new(),
            last_push: 0,
            excuses: BTreeMap::new(),
            submitted: Vec::new(),
            rows: BTreeMap::new(),
            seen_stored: BTreeSet::new(),
            settled_times: BTreeMap::new(),
            shown: BTreeMap::new(),
            acknowledged_through: 0,
            connections: 0,
            duplicates: 0,
        };
        world.after_ms(0, Event::Wake);
        world
    }

    pub fn submit_over_ten_minutes(&mut self, items: usize) {
        for n in 0..items as u64 {
            let at_ms = self.roll(600_000);
            self.after_ms(at_ms, Event::Submit(n));
        }
    }

    pub fn push_over_ten_minutes(&mut self, pushes: u64) {
        for n in 0..pushes {
            let at_ms = self.roll(600_000);
            self.after_ms(at_ms, Event::Push(n));
        }
    }

    /// What was lost without a cut is only found again on a new connection, so there is one last cut.
    pub fn network_behaves(&mut self) {
        self.faults = Faults::NONE;
        self.cut();
    }

    pub fn left_in_the_outbox(&self) -> usize {
        self.phone.outbox().count()
    }

    /// One in sixteen is never taken; the next in sixteen only after some excuses.
    pub fn is_poison(&self, id: Uuid) -> bool {
        id.as_u128() % 16 == 3
    }

    pub fn run_for_s(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(Reverse((at, ..))) = self.events.peek() {
            if *at > end {
                break;
            }
            let Reverse((at, _, event)) = self.events.pop().expect("peeked");
            self.now = at;
            if event == Event::Wake {
                self.wakes.remove(&at);
            }
            self.happen(event);
        }
        self.now = end;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Submit(n) => {
                let item = self.item(n);
                self.submitted.push(item.id);
                self.phone(phone::Input::Submit(Box::new(item)));
            }
            Event::Push(_) => {
                self.last_push += 1;
                self.pushes.push(push(self.last_push));
                self.session(session::Input::Pushes(self.pushes.clone()));
            }
            Event::ConnectionOpens(connection) if connection == self.connection => {
                let nonce = format!("nonce {connection}");
                let (handshake, challenge) = Handshake::open(nonce, care_time(self.now), self.now);
                self.service = Service::Waiting(handshake);
                self.phone(phone::Input::Opened);
                self.send_to_phone(&challenge);
                self.after_ms(10_000, Event::Wake);
            }
            Event::ToService(connection, text) if connection == self.connection => self.service_hears(&text),
            Event::ToPhone(connection, text) if connection == self.connection => self.phone(phone::Input::Text(&text)),
            Event::Pong(connection) if connection == self.connection => self.session(session::Input::Heard),
            Event::Decide(connection, batch, items) => {
                let items = items.into_iter().map(|(id, as_sent)| self.decide(id, &as_sent)).collect();
                if connection == self.connection {
                    self.session(session::Input::Decided { batch, items, notice: None });
                }
            }
            Event::PhoneLearnsOfClose(connection, code) if connection == self.connection => {
                self.connection += 1;
                self.service = Service::Nobody;
                let jitter = self.roll(1000) as f64 / 1000.0;
                self.phone(phone::Input::Closed { code, jitter });
            }
            Event::Wake => {
                if let Service::Waiting(handshake) = &self.service
                    && self.now >= handshake.deadline()
                {
                    self.cut();
                }
                self.session(session::Input::Tick);
                self.phone(phone::Input::Tick);
            }
            _ => {}
        }
    }

    fn phone(&mut self, input: phone::Input<'_>) {
        let commands = self.phone.handle(input, self.now);
        if let Some(wake) = self.phone.next_wake() {
            self.at(wake, Event::Wake);
        }
        for command in commands {
            match command {
                phone::Command::Connect => {
                    self.connection += 1;
                    self.connections += 1;
                    let delay = self.delay_ms();
                    self.after_ms(delay, Event::ConnectionOpens(self.connection));
                }
                phone::Command::Sign { .. } => {
                    let phone_time = PhoneTime::utc(care_time(self.now));
                    self.phone(phone::Input::Signed { proof: "signed".into(), phone_time });
                }
                phone::Command::Send(message) => {
                    let text = serde_json::to_string(&message).unwrap();
                    self.carry(|connection| Event::ToService(connection, text.clone()));
                }
                phone::Command::Disconnect => self.cut(),
                phone::Command::Settled { id, outcome } => {
                    *self.settled_times.entry(id).or_default() += 1;
                    if !matches!(outcome, Outcome::Refused(_)) {
                        assert!(self.disk.contains_key(&id), "the phone saw {id} stored, and it is not on disk");
                        self.seen_stored.insert(id);
                    }
                }
                phone::Command::Show(ask) => *self.shown.entry(ask.n).or_default() += 1,
                phone::Command::Say(message) => *self.shown.entry(message.n).or_default() += 1,
                _ => {}
            }
        }
    }

    fn send_to_phone(&mut self, message: &ServerMessage) {
        let text = serde_json::to_string(message).unwrap();
        self.carry(|connection| Event::ToPhone(connection, text.clone()));
    }

    fn carry(&mut self, frame: impl Fn(u64) -> Event) {
        if !self.lost() {
            let delay = self.delay_ms();
            self.after_ms(delay, frame(self.connection));
        }
        if self.roll(100) < u64::from(self.faults.repeat_percent) {
            let delay = self.delay_ms();
            self.after_ms(delay, frame(self.connection));
        }
        if self.roll(100) < u64::from(self.faults.cut_percent) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.service = Service::Nobody;
        let delay = self.delay_ms();
        self.after_ms(delay, Event::PhoneLearnsOfClose(self.connection, None));
    }

    fn item(&mut self, n: u64) -> Item {
        let note = n.is_multiple_of(5).then(|| "x".repeat(1_900));
        let value = Quantity { value: Some(70.0 + n as f64 / 10.0), unit: Some("kg".into()), comparator: None };
        Item {
            id: Uuid::from_u128(u128::from(n) << 64 | u128::from(self.roll(u64::MAX))),
            whom: None,
            note,
            body: Body::Reading(Reading {
                taken_at: PhoneTime::utc(care_time(self.now)),
                age_ms: n.is_multiple_of(3).then_some(0),
                vital: "weight".into(),
                values: BTreeMap::from([("weight".to_owned(), value)]),
                absent: None,
                method: None,
                instrument: None,
                context: None,
            }),
        }
    }

    fn lost(&mut self) -> bool {
        self.roll(100) < u64::from(self.faults.lose_percent)
    }

    fn delay_ms(&mut self) -> u64 {
        1 + self.roll(self.faults.delay_up_to_ms + 1)
    }

    /// Below `below`, from the seed (splitmix64).
    fn roll(&mut self, below: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    fn after_ms(&mut self, delay_ms: u64, event: Event) {
        self.at(self.now + Duration::from_millis(delay_ms), event);
    }

    fn at(&mut self, at: Duration, event: Event) {
        let at = at.max(self.now);
        if event == Event::Wake && !self.wakes.insert(at) {
            return;
        }
        self.made += 1;
        self.events.push(Reverse((at, self.made, event)));
    }
}

fn push(n: u64) -> Push {
    let id = Uuid::from_u128(u128::from(n));
    let at = care_time(Duration::ZERO);
    if n.is_multiple_of(2) {
        Push::Message(Message { n, id, whom: "p1".into(), from: "Ida".into(), text: "Well done.".into(), at })
    } else {
        Push::Ask(Ask {
            n,
            id,
            whom: "p1".into(),
            first: None,
            text: "Measure again.".into(),
            vital: None,
            symptoms: None,
            until: at,
        })
    }
}

fn care_time(now: Duration) -> Timestamp {
    Timestamp::constant(1_772_352_000, 0) + SignedDuration::try_from(now).unwrap()
}
