//! What a phone meets on the wire: the real binary, a real database, and phones that behave, misbehave, or were written by others.

mod autobahn;
mod bad_input;
mod circumstances;
mod conversation;
mod enrolment;
pub mod gauges;
mod hostile;
mod http;
mod matrix;
pub mod next;
mod orders;
mod proofs;
mod python;
mod raw;
mod revoked;
mod schemathesis;
mod seen;
mod storm;
mod versions;

use std::time::Duration;

use alert_rules::Facts;
use derwent::phone::{Device, Ended, Line};
use derwent::random;
use derwent::store::Store;
use derwent::store::enrolment_code::{self, NewCode, Whose};
use derwent::store::facts::{self, NewVersion};
use derwent::store::organisation::{self, Organisation};
use derwent::store::patient::{self, Patient};
use derwent::store::team::{self, Team};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use mobile_api::message::ServerMessage;
use mobile_api::time::PhoneTime;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::database::Database;
use crate::harness::service::{Options, Service};

const PATIENCE: Duration = Duration::from_secs(20);
const BORN: Date = date(1947, 3, 9);

/// A service with one team, and what is needed to put people into its care.
struct Town {
    /// Goes before its database.
    service: Service,
    store: Store,
    database: Database,
    mails: tempfile::TempDir,
    organisation: Uuid,
    team: Uuid,
}

impl Town {
    async fn start() -> Self {
        let database = Database::fresh().await;
        let store = database.store().await;
        let (organisation, team) = (random::new_id(), random::new_id());
        let mut db = store.owner.acquire().await.unwrap();
        let new = Organisation { organisation, name: "Belper".into(), time_zone: "Europe/London".into() };
        organisation::insert(&mut db, &new).await.unwrap();
        let new = Team { team, organisation, name: "Belper team".into(), phone: "01773 555 010".into() };
        team::insert(&mut db, &new, &["08:00-20:00".parse().unwrap()]).await.unwrap();
        drop(db);
        let mails = tempfile::tempdir().unwrap();
        let service = Self::serve(&database, &mails);
        Self { database, store, service, mails, organisation, team }
    }

    fn serve(database: &Database, mails: &tempfile::TempDir) -> Service {
        Self::serve_with(database, format!("file:{}", mails.path().display()))
    }

    fn serve_with(database: &Database, smtp_url: String) -> Service {
        Service::start(&Options { database_url: database.url.clone(), care_time: None, smtp_url, pager_url: None })
    }

    /// A patient on the hypertension pack, with a slot every morning.
    async fn patient(&self, given_name: &str) -> Uuid {
        let patient = random::new_id();
        let mut db = self.store.owner.acquire().await.unwrap();
        let new = Patient {
            patient,
            organisation: self.organisation,
            team: self.team,
            given_name: given_name.into(),
            family_name: "Marsh".into(),
            date_of_birth: BORN,
            phone: None,
            lives_alone: true,
            time_zone: "Europe/London".into(),
            live_since: None,
        };
        let now = now();
        patient::insert(&mut db, &new, now).await.unwrap();
        let facts: Facts = serde_json::from_value(json!({
            "date_of_birth": BORN,
            "time_zone": "Europe/London",
            "tags": { "pregnant": false },
            "plan": {
                "since": now - SignedDuration::from_hours(500 * 24),
                "packs": ["hypertension"],
                "slots": [{ "vital": "blood_pressure", "at": "08:00" }, { "questionnaire": "bp-warning-signs", "at": "08:00" }],
            },
        }))
        .unwrap();
        let new = NewVersion {
            patient,
            organisation: self.organisation,
            facts: &facts,
            valid_from: now,
            made_by: "test",
            why: "test",
        };
        facts::insert(&mut db, new).await.unwrap();
        patient
    }

    /// A patient of another organisation, with a team of its own.
    async fn elsewhere(&self) -> Uuid {
        let (organisation, team) = (random::new_id(), random::new_id());
        let mut db = self.store.owner.acquire().await.unwrap();
        let new = Organisation { organisation, name: "Derby".into(), time_zone: "Europe/London".into() };
        organisation::insert(&mut db, &new).await.unwrap();
        let new = Team { team, organisation, name: "Derby team".into(), phone: "01332".into() };
        team::insert(&mut db, &new, &["08:00-20:00".parse().unwrap()]).await.unwrap();
        let patient = random::new_id();
        let new = Patient {
            patient,
            organisation,
            team,
            given_name: "Joan".into(),
            family_name: "Bell".into(),
            date_of_birth: BORN,
            phone: None,
            lives_alone: true,
            time_zone: "Europe/London".into(),
            live_since: None,
        };
        patient::insert(&mut db, &new, now()).await.unwrap();
        patient
    }

    /// A rule asks this patient to measure again.
    async fn asked(&self, device: &Device, patient: Uuid, ask: Uuid) {
        sqlx::query(
            "INSERT INTO push (device, n, patient, organisation, kind, body, made_at, acknowledged)
             VALUES ($1, 1, $2, $3, 'ask', $4, '2026-01-01T00:00:00Z', false)",
        )
        .bind(device.id)
        .bind(patient)
        .bind(self.organisation)
        .bind(json!({ "id": ask, "text": "Measure again.", "until": now() }))
        .execute(&self.store.owner)
        .await
        .unwrap();
    }

    async fn code(&self, whose: Whose, people: &[Uuid], replaces: Option<Uuid>) -> String {
        let mut db = self.store.owner.acquire().await.unwrap();
        let new = NewCode { organisation: self.organisation, whose, people, replaces, made_by: "test" };
        enrolment_code::make(&mut db, &new, now()).await.unwrap().code
    }

    /// A patient with a phone.
    async fn person(&self, given_name: &str) -> (Uuid, Device) {
        let patient = self.patient(given_name).await;
        let code = self.code(Whose::Patient(patient), &[patient], None).await;
        (patient, self.enrol(&code).await.unwrap())
    }

    async fn enrol(&self, code: &str) -> anyhow::Result<Device> {
        install_crypto();
        Device::enrol(&reqwest::Client::new(), &self.service.origin, code, BORN, "a phone").await
    }

    /// Waits until the phone hears that this number, and all before it, was judged.
    async fn checked_through(&self, device: &Device, line: &mut Line, seq: u64) {
        hear(line, |message| match message {
            ServerMessage::Checked { whom, through } => (whom == device.people[0].whom && through >= seq).then_some(()),
            _ => None,
        })
        .await;
    }

    async fn count(&self, of: &'static str) -> i64 {
        sqlx::query_scalar(of).fetch_one(&self.store.owner).await.unwrap()
    }
}

fn install_crypto() {
    // Another test of this process may have been first.
    let _ = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[expect(clippy::disallowed_methods, reason = "a test on the machine's own time")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn connect(device: &Device) -> Line {
    Line::open(device, PhoneTime::utc(now()), 0).await.unwrap()
}

/// A reading of this vital taken now; `fields` are put over it.
fn reading(vital: &str, values: Value, fields: Value) -> Value {
    let mut item =
        json!({ "id": random::new_id(), "kind": "reading", "taken_at": now(), "vital": vital, "values": values });
    for (name, value) in fields.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn pressure(systolic: i32, diastolic: i32, fields: Value) -> Value {
    let values = json!({
        "systolic": { "value": systolic, "unit": "mm[Hg]" },
        "diastolic": { "value": diastolic, "unit": "mm[Hg]" },
    });
    reading("blood_pressure", values, fields)
}

/// The first message that `wanted` makes something of; others are passed over.
async fn hear<T>(line: &mut Line, mut wanted: impl FnMut(ServerMessage) -> Option<T>) -> T {
    let listening = async {
        loop {
            if let Some(found) = wanted(line.hear().await.unwrap()) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, listening).await.expect("the service says it in time")
}

/// Sends the items as one batch; the receipt's items as JSON.
async fn submit(line: &mut Line, items: Value) -> Vec<Value> {
    line.say_text(json!({ "type": "submit", "batch": 1, "items": items }).to_string()).await.unwrap();
    let receipt = hear(line, |message| match message {
        ServerMessage::Receipt(receipt) => Some(receipt),
        _ => None,
    })
    .await;
    receipt.items.iter().map(|item| serde_json::to_value(item).unwrap()).collect()
}

/// Listens until the service closes; the close code.
async fn closed(line: &mut Line) -> Option<u16> {
    let listening = async {
        loop {
            if let Err(error) = line.hear().await {
                return error.downcast_ref::<Ended>().expect("an end of the connection").code();
            }
        }
    };
    tokio::time::timeout(PATIENCE, listening).await.expect("the service closes in time")
}
