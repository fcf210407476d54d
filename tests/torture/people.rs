//! Who a trial is about: one team, its patients, and their phones.

use alert_rules::Facts;
use derwent::clock::Clock;
use derwent::phone::Device;
use derwent::random;
use derwent::store::enrolment_code::{self, NewCode, Whose};
use derwent::store::facts::{self, NewVersion};
use derwent::store::organisation::{self, Organisation};
use derwent::store::patient::{self, Patient};
use derwent::store::team::{self, Team};
use jiff::SignedDuration;
use jiff::civil::{Date, date};
use jiff_sqlx::ToSqlx;
use uuid::Uuid;

use super::phone::Phone;
use super::trial::Trial;
use crate::harness::ward;

const BORN: Date = date(1950, 1, 1);

impl Trial {
    pub(super) async fn make_team(&self) {
        let mut db = self.pool.acquire().await.unwrap();
        let organisation = self.organisation;
        let new = Organisation { organisation, name: "Belper".into(), time_zone: "Europe/London".into() };
        organisation::insert(&mut db, &new).await.unwrap();
        let new = Team { team: self.team, organisation, name: "Belper team".into(), phone: "01773 555 010".into() };
        team::insert(&mut db, &new, &["08:00-20:00".parse().unwrap()]).await.unwrap();
    }

    /// So many patients, each with an enrolled phone; switched on, all connecting at once.
    pub async fn add_phones(&mut self, count: usize) {
        self.add_phones_whose_clocks_are_off(&vec![SignedDuration::ZERO; count]).await;
    }

    pub async fn add_phones_whose_clocks_are_off(&mut self, off: &[SignedDuration]) {
        let people: Vec<(Uuid, Device)> = self.enrolled(off.len()).await;
        for ((patient, device), off) in people.into_iter().zip(off) {
            self.phones.push(Phone::switch_on(device, patient, *off, &self.history, self.rng.u64(..)));
        }
    }

    /// Patients and their devices, switched off.
    pub async fn enrolled(&self, count: usize) -> Vec<(Uuid, Device)> {
        let mut people = Vec::new();
        let now = Clock::ordinary().machine_now();
        let watched: Facts = serde_json::from_value(ward::facts(&["hypertension"])).unwrap();
        let mut tx = self.pool.begin().await.unwrap();
        for _ in 0..count {
            let (patient, device) = (random::new_id(), random::new_id());
            let new = Patient {
                patient,
                organisation: self.organisation,
                team: self.team,
                given_name: "Dorothy".into(),
                family_name: "Marsh".into(),
                date_of_birth: BORN,
                phone: None,
                lives_alone: true,
                time_zone: "Europe/London".into(),
                live_since: None,
            };
            patient::insert(&mut tx, &new, now).await.unwrap();
            let new = NewVersion {
                patient,
                organisation: self.organisation,
                facts: &watched,
                valid_from: now,
                made_by: "a trial",
                why: "a trial",
            };
            facts::insert(&mut tx, new).await.unwrap();
            sqlx::query(
                "WITH new AS (
                     INSERT INTO device (device, organisation, patient, public_key, name, platform, app_version, enrolled_at, connection, last_push)
                     VALUES ($1, $2, $3, $4, 'a phone', 'test', '1', $5, 0, 0))
                 INSERT INTO device_person (device, handle, patient) VALUES ($1, 'p1', $3)",
            )
            .bind(device)
            .bind(self.organisation)
            .bind(patient)
            .bind(serde_json::to_value(self.key.public()).unwrap())
            .bind(now.to_sqlx())
            .execute(&mut *tx)
            .await
            .unwrap();
            let key = self.key.clone();
            let device = Device { origin: self.link.origin.clone(), id: device, people: Vec::new(), key, route: None };
            people.push((patient, device));
        }
        tx.commit().await.unwrap();
        people
    }

    /// Another phone of the patient's; with `replaces`, instead of that one.
    pub async fn enrol(&self, patient: Uuid, replaces: Option<Uuid>) -> Device {
        let code = {
            let mut db = self.pool.acquire().await.unwrap();
            let new = NewCode {
                organisation: self.organisation,
                whose: Whose::Patient(patient),
                people: &[patient],
                replaces,
                made_by: "a trial",
            };
            enrolment_code::make(&mut db, &new, Clock::ordinary().machine_now()).await.unwrap().code
        };
        Device::enrol(&reqwest::Client::new(), &self.link.origin, &code, BORN, "another phone").await.unwrap()
    }
}
