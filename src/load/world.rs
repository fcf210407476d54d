//! The patients, their history and their phones; the service that watches them; and the readings they send.

use std::path::PathBuf;

use alert_rules::facts::{Facts, Plan};
use alert_rules::finding::Priority;
use anyhow::Context;
use jiff::civil::{date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mobile_api::item::{Body, Item, Method, Quantity, Reading};
use mobile_api::time::PhoneTime;
use uuid::Uuid;

use super::Load;
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::demo::inbox::Inbox;
use crate::demo::service::{Options, Service};
use crate::phone::{Device, Key, Line};
use crate::random;
use crate::store::organisation::Organisation;
use crate::store::seed::{self, Crowd};
use crate::store::staff::Staff;
use crate::store::team::{Cover, Place, Team};
use crate::store::{Store, organisation, staff, team};

/// 90 days at four a day.
const HISTORY_READINGS: i32 = 360;
const HOURS_APART: f64 = 6.0;

#[derive(Debug)]
pub struct World {
    pub store: Store,
    pub service: Service,
    pub inbox: Inbox,
    pub clock: Clock,
    pub organisation: Uuid,
    pub patients: Vec<Uuid>,
    pub devices: Vec<Device>,
    pub history_rows: i64,
}

impl World {
    pub async fn make(options: &Load, folder: PathBuf) -> anyhow::Result<Self> {
        let clock = Clock::ordinary();
        let now = clock.machine_now();
        let database =
            DatabaseConfig { database_url: None, data_dir: folder.clone(), postgres_dir: options.postgres_dir.clone() };
        let store = Store::open(&database).await?;
        store.migrate().await?;
        store.claim(false, now).await?;
        let (organisation, team) = people_who_work(&store).await?;
        let inbox = Inbox::open(clock.clone()).await?;
        let how = Options {
            data_dir: folder,
            smtp_url: inbox.smtp_url.clone(),
            pager_url: inbox.pager_url.clone(),
            listen: "127.0.0.1:0".parse().expect("an address"),
            stage_origin: None,
        };
        let service = Service::start(&how, None).await?;
        let key = Key::generate()?;
        let patients: Vec<Uuid> = (0..options.patients).map(|_| random::new_id()).collect();
        let ids: Vec<Uuid> = (0..options.patients).map(|_| random::new_id()).collect();
        let since = now - SignedDuration::from_hours(24 * 91);
        let crowd = Crowd {
            organisation,
            team,
            patients: &patients,
            devices: &ids,
            key: serde_json::to_value(key.public())?,
            facts: serde_json::to_value(facts(since))?,
            now: since,
        };
        seed::crowd(&store.owner, &crowd).await?;
        let until = now - SignedDuration::from_hours(1);
        let history_rows =
            seed::history(&store.owner, organisation, &patients, HISTORY_READINGS, HOURS_APART, until).await?;
        let device = |id| Device { origin: service.origin.clone(), id, people: Vec::new(), key: key.clone() };
        let devices = ids.into_iter().map(device).collect();
        Ok(Self { store, service, inbox, clock, organisation, patients, devices, history_rows })
    }

    /// A connected, proven phone.
    pub async fn phone(&self, index: usize) -> anyhow::Result<Line> {
        let device = self.devices.get(index).context("there are fewer phones")?;
        Line::open(device, PhoneTime::utc(self.clock.care_now()), 0).await
    }

    pub async fn phones(&self, count: usize) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::with_capacity(count);
        for index in 0..count.min(self.devices.len()) {
            lines.push(self.phone(index).await?);
        }
        Ok(lines)
    }

    pub async fn end(self) -> anyhow::Result<()> {
        self.service.end().await?;
        self.store.close().await;
        Ok(())
    }
}

/// One nurse, always on duty, with mail and no pager.
async fn people_who_work(store: &Store) -> anyhow::Result<(Uuid, Uuid)> {
    let mut tx = store.owner.begin().await?;
    let organisation =
        Organisation { organisation: random::new_id(), name: "Load".into(), time_zone: "Europe/London".into() };
    organisation::insert(&mut tx, &organisation).await?;
    let team = Team {
        team: random::new_id(),
        organisation: organisation.organisation,
        name: "Load".into(),
        phone: "01773 496 0100".into(),
    };
    let always = (time(0, 0, 0, 0), time(0, 0, 0, 0));
    team::insert(&mut tx, &team, Cover { from: always.0, until: always.1 }).await?;
    let nurse = Staff {
        staff: random::new_id(),
        organisation: organisation.organisation,
        name: "Nurse".into(),
        email: "nurse@load.example".into(),
        role: "co-ordinator".into(),
        profession: "nurse".into(),
    };
    staff::insert(&mut tx, &nurse, None, None).await?;
    team::add_member(&mut tx, team.team, nurse.staff).await?;
    team::set_roster(&mut tx, team.team, &[Place { staff: nurse.staff, from: always.0, until: always.1 }]).await?;
    tx.commit().await?;
    Ok((organisation.organisation, team.team))
}

fn facts(since: Timestamp) -> Facts {
    Facts {
        version: 1,
        valid_from: Some(since),
        date_of_birth: date(1950, 1, 1),
        time_zone: TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC),
        tags: [("pregnant".to_owned(), false)].into(),
        plan: Plan {
            since,
            packs: vec!["hypertension".into()],
            slots: Vec::new(),
            limits: [].into(),
            absence_priority: Priority::Low,
        },
        pauses: Vec::new(),
        service_gaps: Vec::new(),
    }
}

/// Three in ten are blood pressures within the limits, the others a pulse.
pub fn ordinary(number: u64, now: Timestamp) -> Item {
    if number % 10 < 3 { pressure(128.0, 78.0, now) } else { reading("pulse", &[("pulse", 70.0, "/min")], now) }
}

pub fn pressure(systolic: f64, diastolic: f64, now: Timestamp) -> Item {
    let values = [("systolic", systolic, "mm[Hg]"), ("diastolic", diastolic, "mm[Hg]"), ("pulse", 70.0, "/min")];
    reading("blood_pressure", &values, now)
}

fn reading(vital: &str, values: &[(&str, f64, &str)], now: Timestamp) -> Item {
    let values = values.iter().map(|(component, value, unit)| {
        let quantity = Quantity { value: Some(*value), unit: Some((*unit).to_owned()), comparator: None };
        ((*component).to_owned(), quantity)
    });
    let body = Body::Reading(Reading {
        taken_at: PhoneTime::utc(now),
        age_ms: None,
        vital: vital.to_owned(),
        values: values.collect(),
        absent: None,
        method: Some(Method::Instrument),
        instrument: None,
        context: None,
    });
    Item { id: random::new_id(), whom: None, note: None, body }
}
