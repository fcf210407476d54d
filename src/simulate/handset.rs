//! A phone: the crate's own `Phone`, an app that is mostly asleep, a disk that may be a little behind, and a clock that may
//! be wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use mobile_api::item::Item;
use mobile_api::message::{ClientMessage, Outcome};
use mobile_api::phone::{Command, Identity, Input, Phone};
use mobile_api::time::PhoneTime;
use uuid::Uuid;

use super::event::Event;
use super::network::{Frame, Side};
use super::world::World;

#[derive(Debug)]
pub struct Handset {
    pub name: String,
    pub device: Uuid,
    pub organisation: Uuid,
    pub own: Option<Uuid>,
    /// Handle and patient.
    pub people: Vec<(String, Uuid)>,
    pub identity: Identity,
    pub phone: Phone,
    /// The phone's clock minus the true time.
    pub fast_by: SignedDuration,
    pub tells_age: bool,
    /// None: asleep, and nothing of it runs.
    pub awake_until: Option<Duration>,
    pub on: bool,
    pub line: Option<u64>,
    pub wake: Option<Duration>,
    /// What is on its disk: the outbox, and the last push it had.
    pub saved: Vec<Item>,
    pub saved_push: u64,
    /// Everything it was ever given, with the patient.
    pub sent: Vec<(Item, Uuid)>,
    /// How many of these have left the outbox.
    pub settled: usize,
    /// How many more came back into it, because its disk was behind.
    pub restored: i64,
    pub heard_checked: BTreeMap<Uuid, u64>,
}

impl World {
    pub fn phone(&mut self, phone: usize, input: Input<'_>) {
        let commands = self.phones[phone].phone.handle(input, self.now);
        for command in commands {
            self.phone_does(phone, command);
        }
        self.plan_wake(phone);
    }

    pub fn plan_wake(&mut self, phone: usize) {
        let handset = &mut self.phones[phone];
        if handset.awake_until.is_none() || !handset.on {
            return;
        }
        let Some(wake) = handset.phone.next_wake().map(|wake| wake.max(self.now)) else { return };
        if handset.wake.is_none_or(|planned| planned > wake) {
            handset.wake = Some(wake);
            self.at(wake, Event::PhoneWakes { phone });
        }
    }

    pub fn phone_wakes(&mut self, phone: usize) {
        let handset = &mut self.phones[phone];
        if handset.wake == Some(self.now) {
            handset.wake = None;
            if handset.on && handset.awake_until.is_some() {
                self.phone(phone, Input::Tick);
            }
        }
    }

    /// Somebody opens the app, and leaves it open for this long.
    pub fn opens_app(&mut self, phone: usize, stays: Duration) {
        let until = self.now + stays;
        let handset = &mut self.phones[phone];
        let asleep = handset.awake_until.is_none() || !handset.on;
        handset.on = true;
        handset.awake_until = Some(handset.awake_until.unwrap_or_default().max(until));
        self.at(until, Event::PhoneSleeps { phone });
        if asleep {
            self.say_phone(
                phone,
                "is opened",
                format_args!("{} in its outbox", self.phones[phone].phone.outbox().count()),
            );
            self.phone(phone, Input::BroughtToFront);
        }
    }

    /// The system suspends the app and takes its socket away.
    pub fn phone_sleeps(&mut self, phone: usize) {
        if self.phones[phone].awake_until.is_none_or(|until| until > self.now) {
            return;
        }
        self.phones[phone].awake_until = None;
        self.save(phone);
        if let Some(line) = self.phones[phone].line {
            self.cut(line, false);
            self.learns(line, Side::Phone, None);
        }
    }

    /// Switched off in the middle of whatever it was doing, and started again from its disk.
    pub fn phone_dies(&mut self, phone: usize) {
        if self.phones[phone].awake_until.is_none() || !self.phones[phone].on {
            return;
        }
        let behind = self.dice.chance(self.faults.phone_forgets);
        if !behind {
            self.save(phone);
        }
        if let Some(line) = self.phones[phone].line.take() {
            let silent = self.dice.chance(self.faults.silent);
            self.cut(line, silent);
            if let Some(on) = self.lines.get_mut(&line) {
                on.over_at_phone = true;
            }
        }
        let handset = &mut self.phones[phone];
        let before = handset.phone.outbox().count();
        handset.phone = Phone::restore(handset.identity.clone(), handset.saved.clone(), handset.saved_push);
        let after = handset.phone.outbox().count();
        handset.restored += i64::try_from(after).unwrap_or(0) - i64::try_from(before).unwrap_or(0);
        handset.on = false;
        handset.awake_until = None;
        handset.wake = None;
        self.count.phone_deaths += 1;
        let left = self.phones[phone].saved.len();
        self.say_phone(
            phone,
            "is off",
            format_args!("{left} on its disk{}", if behind { ", not all of it still to send" } else { "" }),
        );
    }

    fn save(&mut self, phone: usize) {
        let handset = &mut self.phones[phone];
        handset.saved = handset.phone.outbox().cloned().collect();
        handset.saved_push = handset.phone.push_through();
    }

    /// A person hands it something. It is on the phone's disk before the phone goes on.
    pub fn submits(&mut self, phone: usize, patient: Uuid, item: Item) {
        self.count.submissions += 1;
        self.say_phone(phone, "is given", super::people::in_words(&item));
        let handset = &mut self.phones[phone];
        handset.saved.push(item.clone());
        handset.sent.push((item.clone(), patient));
        self.phone(phone, Input::Submit(Box::new(item)));
    }

    pub fn phone_hears(&mut self, line: u64, frame: Frame) {
        let Some(phone) = self.lines.get(&line).map(|on| on.phone) else { return };
        match frame {
            Frame::Text(text) => self.phone(phone, Input::Text(&text)),
            Frame::Ping => self.carry(line, Side::Replica, Frame::Pong),
            Frame::Pong | Frame::Close(_) => {}
        }
    }

    pub fn phone_loses(&mut self, phone: usize, line: u64, code: Option<u16>) {
        if self.phones[phone].line == Some(line) {
            self.phones[phone].line = None;
            let jitter = self.dice.fraction();
            self.phone(phone, Input::Closed { code, jitter });
        }
    }

    fn phone_does(&mut self, phone: usize, command: Command) {
        match command {
            Command::Connect => self.dial(phone),
            Command::Sign { .. } => {
                let phone_time = PhoneTime::utc(self.care() + self.phones[phone].fast_by);
                self.phone(phone, Input::Signed { proof: "signed".to_owned(), phone_time });
            }
            Command::Send(message) => {
                if let ClientMessage::Submit(submit) = &message {
                    self.say_phone(phone, "sends", format_args!("batch {} of {}", submit.batch, submit.items.len()));
                }
                let text = serde_json::to_string(&message).expect("a message has text keys and finite numbers");
                if let Some(line) = self.phones[phone].line {
                    self.carry(line, Side::Replica, Frame::Text(text));
                }
            }
            Command::Disconnect => match self.phones[phone].line {
                Some(line) => self.hang_up(line, Side::Phone, None),
                None => self.phone(phone, Input::Closed { code: None, jitter: 0.5 }),
            },
            Command::Settled { id, outcome } => self.phone_settles(phone, id, &outcome),
            Command::Checked { whom, through } => self.phone_hears_checked(phone, &whom, through),
            Command::Show(ask) => {
                self.say_phone(phone, "is asked", format_args!("{}: {}", ask.whom, ask.text));
                self.answers_ask(phone, &ask);
            }
            Command::Welcomed { .. }
            | Command::Seen(_)
            | Command::Next(_)
            | Command::Plan(_)
            | Command::Say(_)
            | Command::Notice(_)
            | Command::EnrolAgain => {}
        }
    }

    fn phone_settles(&mut self, phone: usize, id: Uuid, outcome: &Outcome) {
        self.phones[phone].settled += 1;
        let words = match outcome {
            Outcome::Stored { seq, .. } => format!("as {seq}"),
            Outcome::Duplicate { seq, .. } => format!("as {seq}, again"),
            Outcome::Refused(refusal) => format!("refused: {}", refusal.reason),
        };
        self.say_phone(phone, "forgets", format_args!("{} {words}", super::people::short(id)));
        self.check_settled(phone, id, outcome);
    }

    fn phone_hears_checked(&mut self, phone: usize, whom: &str, through: u64) {
        let Some((_, patient)) = self.phones[phone].people.iter().find(|(handle, _)| handle == whom).cloned() else {
            return;
        };
        self.say_phone(phone, "is checked", format_args!("{whom} through {through}"));
        self.phones[phone].heard_checked.insert(patient, through);
        self.check_checked(patient, through);
    }

    fn say_phone(&mut self, phone: usize, what: &str, details: impl std::fmt::Display) {
        let name = self.phones[phone].name.clone();
        self.say(&name, what, details);
    }
}
