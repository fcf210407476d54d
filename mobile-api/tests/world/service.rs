//! The service's half of the world: its session, and what its disk makes of a batch.

use mobile_api::content::ContentHash;
use mobile_api::decode::ReceivedItem;
use mobile_api::item::Item;
use mobile_api::message::{Outcome, ReceiptItem};
use mobile_api::refusal::{Reason, Refusal};
use mobile_api::session::{self, Handshake, Session};
use uuid::Uuid;

use super::{Event, PATIENT, World, care_time};

pub(super) enum Service {
    Nobody,
    Waiting(Handshake),
    Talking(Session),
}

impl World {
    pub(super) fn service_hears(&mut self, text: &str) {
        match std::mem::replace(&mut self.service, Service::Nobody) {
            Service::Waiting(handshake) => match handshake.hello(text) {
                Ok(hello) => {
                    self.acknowledged(hello.resume.push);
                    let (session, welcome) =
                        handshake.welcome(Uuid::from_u128(9), &hello, vec![], care_time(self.now), self.now);
                    self.service = Service::Talking(session);
                    self.send_to_phone(&welcome);
                    self.session(session::Input::Pushes(self.pushes.clone()));
                }
                Err(_) => self.cut(),
            },
            service => {
                self.service = service;
                self.session(session::Input::Text(text));
            }
        }
    }

    pub(super) fn session(&mut self, input: session::Input<'_>) {
        let Service::Talking(session) = &mut self.service else { return };
        let commands = session.handle(input, self.now);
        let wake = session.next_wake();
        self.at(wake, Event::Wake);
        for command in commands {
            match command {
                session::Command::Send(message) => self.send_to_phone(&message),
                session::Command::Ping => {
                    if !self.lost() {
                        let delay = self.delay_ms();
                        self.after_ms(delay, Event::Pong(self.connection));
                    }
                }
                session::Command::Take { batch, items } => {
                    let items = items.into_iter().map(|ReceivedItem { id, as_sent, .. }| (id, as_sent)).collect();
                    let delay = self.roll(self.faults.decide_up_to_ms + 1);
                    self.after_ms(delay, Event::Decide(self.connection, batch, items));
                }
                session::Command::Shown { .. } => {}
                session::Command::Acknowledged { through } => self.acknowledged(through),
                session::Command::Close(close) => {
                    self.service = Service::Nobody;
                    self.after_ms(1, Event::PhoneLearnsOfClose(self.connection, Some(close.code())));
                }
            }
        }
    }

    pub(super) fn decide(&mut self, id: String, as_sent: &str) -> ReceiptItem {
        let item: Item = serde_json::from_str(as_sent).unwrap();
        if self.is_poison(item.id) {
            return ReceiptItem { id, outcome: Outcome::Refused(Refusal::new(Reason::UnitUnknown, "no such unit")) };
        }
        if item.id.as_u128() % 16 == 4 {
            let excuses = self.excuses.entry(item.id).or_default();
            *excuses += 1;
            if *excuses <= 2 {
                return ReceiptItem { id, outcome: Outcome::Refused(Refusal::new(Reason::NotStored, "just now")) };
            }
        }
        let hash = ContentHash::of(&item, PATIENT);
        let next = self.disk.len() as u64 + 1;
        let outcome = match self.disk.get(&item.id) {
            Some((first, seq)) => {
                assert_eq!(*first, hash, "a resend is the same content");
                self.duplicates += 1;
                Outcome::Duplicate { seq: *seq, flags: vec![] }
            }
            None => {
                self.disk.insert(item.id, (hash, next));
                *self.rows.entry(item.id).or_default() += 1;
                Outcome::Stored { seq: next, flags: vec![] }
            }
        };
        ReceiptItem { id, outcome }
    }

    pub(super) fn acknowledged(&mut self, through: u64) {
        self.acknowledged_through = self.acknowledged_through.max(through);
        self.pushes.retain(|push| push.n() > through);
    }
}
