//! One delivery of a world into a database of its own, and what is there at the end.

use std::collections::{BTreeMap, BTreeSet};

use derwent::phone::{Device, Line};
use derwent::store::Store;
use derwent::store::enrolment_code::{self, NewCode, Whose};
use derwent::store::facts::{self, NewVersion};
use derwent::store::organisation::{self, Organisation};
use derwent::store::patient::{self, Patient};
use derwent::store::team::{self, Team};
use jiff::{SignedDuration, Timestamp};
use mobile_api::time::PhoneTime;
use serde_json::{Value, json};
use uuid::Uuid;

use super::items::{Chance, DAYS, PEOPLE, SINCE, Sent, at};
use crate::harness::database::Database;
use crate::harness::service::{Options, Service, derwent};
use crate::wire::{BORN, http, install_crypto, now, submit};

/// Phones of each person.
const PHONES: usize = 2;
/// Times at which the service is there, between the beginning and the end of an order made by chance.
const STOPS: u64 = 3;

pub struct Delivery {
    database: Database,
    store: Store,
    mails: tempfile::TempDir,
    services: Vec<Service>,
    chance: Chance,
    /// By person.
    phones: Vec<Vec<Device>>,
    stored: BTreeSet<Uuid>,
    care_now: Timestamp,
}

impl Delivery {
    /// Delivers all of it, and returns what there is: a line for each row and each finding.
    pub async fn of(items: Vec<Sent>, seed: u64, order: u64) -> Vec<String> {
        let mut delivery = Self::begin(seed, order).await;
        if order == 0 {
            delivery.as_measured(&items).await;
        } else {
            delivery.by_chance(&items).await;
        }
        delivery.end(&items).await
    }

    async fn begin(seed: u64, order: u64) -> Self {
        let database = Database::fresh().await;
        let store = database.store().await;
        let care_now = at(SINCE);
        let mut delivery = Self {
            database,
            store,
            mails: tempfile::tempdir().unwrap(),
            services: Vec::new(),
            chance: Chance::new(seed.wrapping_mul(1_000).wrapping_add(order)),
            phones: Vec::new(),
            stored: BTreeSet::new(),
            care_now,
        };
        delivery.serve(care_now, 1);
        // The same people in every order, whatever else chance decides.
        let mut who = Chance::new(seed);
        let (organisation, team) = (who.id(), who.id());
        let mut db = delivery.store.owner.acquire().await.unwrap();
        let new = Organisation { organisation, name: "Belper".into(), time_zone: "Europe/London".into() };
        organisation::insert(&mut db, &new).await.unwrap();
        let new = Team { team, organisation, name: "Belper team".into(), phone: "01773 555 010".into() };
        team::insert(&mut db, &new, &["08:00-20:00".parse().unwrap()]).await.unwrap();
        for _ in 0..PEOPLE {
            let patient = who.id();
            let new = Patient {
                patient,
                organisation,
                team,
                given_name: "Dorothy".into(),
                family_name: "Marsh".into(),
                date_of_birth: BORN,
                phone: None,
                lives_alone: true,
                time_zone: "Europe/London".into(),
                live_since: None,
            };
            patient::insert(&mut db, &new, care_now).await.unwrap();
            let facts = serde_json::from_value(plan()).unwrap();
            let new =
                NewVersion { patient, organisation, facts: &facts, valid_from: care_now, made_by: "test", why: "test" };
            facts::insert(&mut db, new).await.unwrap();
            let mut phones = Vec::new();
            for _ in 0..PHONES {
                let new = NewCode {
                    organisation,
                    whose: Whose::Patient(patient),
                    people: &[patient],
                    replaces: None,
                    made_by: "test",
                };
                let code = enrolment_code::make(&mut db, &new, now()).await.unwrap().code;
                install_crypto();
                let origin = delivery.services[0].origin.clone();
                phones.push(Device::enrol(&reqwest::Client::new(), &origin, &code, BORN, "a phone").await.unwrap());
            }
            delivery.phones.push(phones);
        }
        delivery
    }

    /// Whatever runs is killed, and so many replicas started at this instant.
    fn serve(&mut self, care_now: Timestamp, replicas: usize) {
        self.care_now = care_now;
        self.services.clear();
        for _ in 0..replicas {
            self.services.push(Service::start(&Options {
                database_url: self.database.url.clone(),
                care_time: Some(care_now.to_string()),
                smtp_url: format!("file:{}", self.mails.path().display()),
                pager_url: None,
            }));
        }
    }

    fn judge(&mut self) {
        let (which, now) = (self.chance.below(self.services.len() as u64), self.care_now.to_string());
        self.services[usize::try_from(which).unwrap()].step(&now);
    }

    /// One phone, one socket, one thing after another; judged every few days.
    async fn as_measured(&mut self, items: &[Sent]) {
        for days in [4, 8, 12, 15] {
            self.serve(at(SINCE) + SignedDuration::from_hours(24 * days), 1);
            let ready: Vec<&Sent> = items.iter().filter(|item| self.can_be_sent(item)).collect();
            for item in ready {
                self.send(&[item], 0, Way::Socket).await;
            }
            self.judge();
        }
    }

    async fn by_chance(&mut self, items: &[Sent]) {
        // At some of these somebody has just measured: then people are asked to measure again, in others they are not.
        let mut stops: Vec<Timestamp> = (0..STOPS)
            .map(|_| {
                let item = usize::try_from(self.chance.below(items.len() as u64)).unwrap();
                items[item].taken_at + SignedDuration::from_secs(i64::try_from(self.chance.below(90)).unwrap())
            })
            .collect();
        stops.sort_unstable();
        for stop in stops {
            let replicas = usize::try_from(1 + self.chance.below(2)).unwrap();
            self.serve(stop, replicas);
            let mut ready: Vec<&Sent> = items.iter().filter(|item| self.can_be_sent(item)).collect();
            self.chance.shuffle(&mut ready);
            let some = usize::try_from(self.chance.below(ready.len() as u64 + 1)).unwrap();
            self.deliver(&ready[..some]).await;
            if self.chance.one_in(2) {
                self.judge();
            }
        }
    }

    fn can_be_sent(&self, item: &Sent) -> bool {
        item.taken_at <= self.care_now && !self.stored.contains(&item.id)
    }

    /// In batches of any size, each over some way; with duplicates, and now and then a kill before the receipt.
    async fn deliver(&mut self, items: &[&Sent]) {
        let mut rest = items;
        while !rest.is_empty() {
            let size = usize::try_from(1 + self.chance.below(7)).unwrap().min(rest.len());
            let (batch, later) = rest.split_at(size);
            rest = later;
            let mut by_person: BTreeMap<usize, Vec<&Sent>> = BTreeMap::new();
            for item in batch {
                by_person.entry(item.person).or_default().push(item);
            }
            for batch in by_person.into_values() {
                let phone = usize::try_from(self.chance.below(PHONES as u64)).unwrap();
                let way = match self.chance.below(8) {
                    0 => Way::SocketAndKill,
                    1..3 => Way::Http,
                    _ => Way::Socket,
                };
                self.send(&batch, phone, way).await;
                if self.chance.one_in(6) {
                    // All of it again, by the other phone.
                    self.send(&batch, 1 - phone, Way::Socket).await;
                }
            }
            if self.chance.one_in(8) {
                self.judge();
            }
        }
    }

    async fn send(&mut self, batch: &[&Sent], phone: usize, way: Way) {
        let Some(first) = batch.first() else { return };
        // What must come after something else is kept until that is stored.
        let batch: Vec<&Sent> = batch
            .iter()
            .copied()
            .filter(|item| item.after.is_none_or(|before| self.stored.contains(&before)))
            .collect();
        let which = usize::try_from(self.chance.below(self.services.len() as u64)).unwrap();
        let origin = self.services[which].origin.clone();
        let device = Device { origin, ..self.phones[first.person][phone].clone() };
        let items: Vec<Value> = batch.iter().map(|item| item.json.clone()).collect();
        let phone_time = PhoneTime::utc(self.care_now);
        let receipt = match way {
            Way::Socket => {
                let mut line = Line::open(&device, phone_time, 0).await.unwrap();
                let receipt = submit(&mut line, json!(items)).await;
                line.close().await;
                receipt
            }
            Way::Http => {
                let body = json!({ "phone_time": self.care_now, "items": items }).to_string();
                let (status, receipt) = http::ask(&device, "POST", "/mobile/v1/submissions", &body).await;
                assert_eq!(status, 200, "{receipt}");
                receipt["items"].as_array().cloned().unwrap()
            }
            Way::SocketAndKill => {
                let mut line = Line::open(&device, phone_time, 0).await.unwrap();
                line.say_text(json!({ "type": "submit", "batch": 1, "items": items }).to_string()).await.unwrap();
                let (now, replicas) = (self.care_now, self.services.len());
                self.serve(now, replicas);
                // Nobody knows what became of it: it stays in the outbox.
                return;
            }
        };
        for (item, said) in batch.iter().zip(&receipt) {
            assert_eq!(said["id"], json!(item.id));
            match (said["state"].as_str().unwrap(), said["reason"].as_str()) {
                ("stored" | "duplicate", _) => drop(self.stored.insert(item.id)),
                // It came before what it corrects, and is sent again.
                ("refused", Some("corrects_unknown")) => assert_eq!(said["retry"], json!(true)),
                _ => panic!("{} was answered {said}", item.json),
            }
        }
    }

    /// Everything that is left, then judged at the last instant; the doctor finds no fault; and all that there is.
    async fn end(mut self, items: &[Sent]) -> Vec<String> {
        self.serve(at(SINCE) + SignedDuration::from_hours(24 * DAYS), 1);
        loop {
            let mut rest: Vec<&Sent> = items.iter().filter(|item| !self.stored.contains(&item.id)).collect();
            if rest.is_empty() {
                break;
            }
            self.chance.shuffle(&mut rest);
            self.deliver(&rest).await;
        }
        self.judge();
        self.services.clear();
        let said = derwent()
            .args(["doctor", "--reconcile", "--seed", "1"])
            .env("DERWENT_DATABASE_URL", &self.database.url)
            .env("DERWENT_SMTP_URL", format!("file:{}", self.mails.path().display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let wrong: Vec<&str> = said.lines().filter(|line| line.starts_with('✗') && !line.contains("rosters")).collect();
        assert!(wrong.is_empty() && said.contains("nothing differs"), "{said}");
        let mut lines = Vec::new();
        for sql in [SUBMISSIONS, READINGS, ANSWERS, EVENTS, CORRECTIONS, REFUSALS, FINDINGS] {
            let found: Vec<String> = sqlx::query_scalar(sql).fetch_all(&self.store.owner).await.expect(sql);
            lines.extend(found);
        }
        lines
    }
}

#[derive(Clone, Copy)]
enum Way {
    Socket,
    Http,
    SocketAndKill,
}

fn plan() -> Value {
    json!({
        "date_of_birth": BORN,
        "time_zone": "Europe/London",
        "tags": { "pregnant": false, "on_sglt2_inhibitor": true },
        "plan": {
            "since": SINCE,
            "packs": ["hypertension", "diabetes", "heart-failure"],
            "slots": [{ "vital": "blood_pressure", "at": "08:00" }, { "vital": "weight", "at": "08:00" },
                      { "vital": "glucose", "at": "08:00" }, { "vital": "glucose", "at": "18:00" }],
        },
    })
}

/// Without number and arrival, like those below.
const SUBMISSIONS: &str = "SELECT concat_ws(' ', 'submission', patient, client_id, kind, encode(content_hash, 'hex'), effective_at, flags, note)
    FROM submission";
const READINGS: &str = "SELECT concat_ws(' ', 'reading', reading.patient, client_id, component, reading.effective_at, vital, value_given, unit_given,
           value, comparator, absent, offset_minutes, reading.flags, method, context)
    FROM reading JOIN submission USING (patient, seq) WHERE reading.effective_at > '2026-01-01'";
const ANSWERS: &str = "SELECT concat_ws(' ', 'answers', answers.patient, client_id, answers.effective_at, questionnaire, partial, answers)
    FROM answers JOIN submission USING (patient, seq)";
const EVENTS: &str = "SELECT concat_ws(' ', 'event', event.patient, client_id, event.effective_at, event, quantity, value_given, unit_given, value, context)
    FROM event JOIN submission USING (patient, seq)";
const CORRECTIONS: &str = "SELECT concat_ws(' ', 'correction', correction.patient, client_id, corrects, correction.effective_at, reason, \"values\")
    FROM correction JOIN submission USING (patient, seq)";
const REFUSALS: &str = "SELECT concat_ws(' ', 'refusal', patient, client_id, reason) FROM refusal";
/// All of it, but for whether somebody was asked first or called late.
const FINDINGS: &str = "SELECT concat_ws(' ', 'finding', patient, problem, start_at, end_at, kind, priority, rule,
           finding - 'late_minutes' - 'pending' - 'firings',
           (SELECT jsonb_agg(firing - 'pending') FROM jsonb_array_elements(finding -> 'firings') AS firing))
    FROM finding";
