//! A small team with its people, in a database of its own, and as many replicas of the service's insides as a test wants.
//! Care time stands still and is stepped.

use std::sync::Mutex;

use alert_rules::reading::{Flags, Measured};
use derwent::clock::Clock;
use derwent::ingest::writer::Writer;
use derwent::lifecycle::Lifecycle;
use derwent::random;
use derwent::signal::Signals;
use derwent::store::page::Channel;
use derwent::store::roster_change;
use derwent::store::submission::{Body, Component, Decision, Entry, Reading, Submission};
use derwent::store::{Store, contact_point};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::database::Database;
use super::leftover;
use super::replica::{Replica, Wires};

pub struct Ward {
    pub database: Database,
    pub clock: Clock,
    pub organisation: Uuid,
    pub team: Uuid,
    /// The owner's pool: may see and do everything.
    pub pool: PgPool,
    expected: Mutex<Vec<&'static str>>,
    /// None: closed.
    inside: Option<Inside>,
}

struct Inside {
    writer: Writer,
    store: Store,
    lifecycle: Lifecycle,
}

pub const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

impl Ward {
    /// The Belper team, with cover from 08:00 to 20:00 London time. Care time stands at `now`.
    pub async fn open(now: &str) -> Self {
        leftover::keep_errors();
        let database = Database::fresh().await;
        let store = database.store().await;
        let pool = store.owner.clone();
        let (organisation, team) = (random::new_id(), random::new_id());
        sqlx::query(
            "INSERT INTO organisation (organisation, name, time_zone) VALUES ($1, 'Derbyshire', 'Europe/London')",
        )
        .bind(organisation)
        .execute(&pool)
        .await
        .expect("an organisation");
        sqlx::query(
            "INSERT INTO team (team, organisation, name, phone, keeps_bank_holidays)
             VALUES ($1, $2, 'Belper team', '01773 000000', false)",
        )
        .bind(team)
        .bind(organisation)
        .execute(&pool)
        .await
        .expect("a team");
        let lifecycle = Lifecycle::new();
        let signals = Signals::start(store.ingest.clone(), &lifecycle);
        let writer = Writer::start(&store, signals, &lifecycle);
        let (clock, expected) = (Clock::standing(at(now)), Mutex::new(Vec::new()));
        let inside = Some(Inside { writer, store, lifecycle });
        let ward = Self { database, clock, organisation, team, pool, expected, inside };
        ward.cover("08:00-20:00").await;
        ward
    }

    /// The story leaves something like this behind, or an error with these words in the log. Anything else fails it, and so does
    /// its absence.
    pub fn expects(&self, left: &'static str) {
        self.expected.lock().expect("not poisoned").push(left);
    }

    /// Other hours of cover, daily, as in `08:00-20:00`.
    pub async fn cover(&self, hours: &str) {
        let mut db = self.pool.acquire().await.expect("a connection");
        let hours = [hours.parse().expect("hours")];
        roster_change::set_cover(&mut db, self.team, false, &hours).await.expect("cover");
    }

    /// Another replica of monitor and notify on the same database and clock.
    pub async fn replica(&self, wires: &Wires) -> Replica {
        Replica::start(self.database.store().await, self.clock.clone(), wires).await
    }

    /// On the roster at the next position, with a daily shift, as in `08:00-20:00`.
    pub async fn on_roster(&self, name: &str, shift: &str) -> Uuid {
        let staff = self.staff(name).await;
        let (from, until) = shift.split_once('-').expect("a shift");
        sqlx::query(
            "INSERT INTO roster (team, position, staff, days, shift_from, shift_until)
             SELECT $1, coalesce(max(position), 0) + 1, $2, 255, $3::time, $4::time FROM roster WHERE team = $1",
        )
        .bind(self.team)
        .bind(staff)
        .bind(from)
        .bind(until)
        .execute(&self.pool)
        .await
        .expect("a shift");
        staff
    }

    /// In the team, but on no roster. The pager's key is the name.
    pub async fn staff(&self, name: &str) -> Uuid {
        let staff = random::new_id();
        sqlx::query(
            "INSERT INTO staff (staff, organisation, name, email, role, profession)
             VALUES ($1, $2, $3, $3 || '@example.org', 'co-ordinator', 'nurse')",
        )
        .bind(staff)
        .bind(self.organisation)
        .bind(name)
        .execute(&self.pool)
        .await
        .expect("staff");
        self.contact(staff, Channel::Email, &format!("{name}@example.org")).await;
        self.contact(staff, Channel::Pager, name).await;
        sqlx::query("INSERT INTO team_member (team, staff) VALUES ($1, $2)")
            .bind(self.team)
            .bind(staff)
            .execute(&self.pool)
            .await
            .expect("a member");
        staff
    }

    /// A contact point that counts from now on. A webhook's secret is that of the specification's test vector.
    pub async fn contact(&self, staff: Uuid, channel: Channel, address: &str) -> Uuid {
        self.contact_with(staff, channel, address, (channel == Channel::Webhook).then_some(WEBHOOK_SECRET)).await
    }

    pub async fn contact_with(&self, staff: Uuid, channel: Channel, address: &str, secret: Option<&str>) -> Uuid {
        let secret = secret.map(|secret| secret.to_owned().into());
        let now = self.clock.machine_now();
        let address = address.to_owned().into();
        let new = contact_point::New {
            staff,
            channel,
            address: &address,
            secret: secret.as_ref(),
            made_at: now,
            verified_at: Some(now),
        };
        let mut db = self.pool.acquire().await.expect("a connection");
        contact_point::insert(&mut db, &new).await.expect("written").expect("new")
    }

    /// Dorothy, watched by these packs since the first of March 2026.
    pub async fn patient(&self, packs: &[&str]) -> Uuid {
        let patient = random::new_id();
        let now = self.clock.care_now().to_sqlx();
        sqlx::query(
            "INSERT INTO patient (patient, organisation, team, given_name, family_name, date_of_birth, lives_alone, time_zone, made_at)
             VALUES ($1, $2, $3, 'Dorothy', 'Canary', '1948-05-02', true, 'Europe/London', $4)",
        )
        .bind(patient)
        .bind(self.organisation)
        .bind(self.team)
        .bind(now)
        .execute(&self.pool)
        .await
        .expect("a patient");
        for statement in [
            "INSERT INTO patient_head (patient, last_seq) VALUES ($1, 0)",
            "INSERT INTO patient_judged (patient, judged_through, attempts) VALUES ($1, 0, 0)",
        ] {
            sqlx::query(statement).bind(patient).execute(&self.pool).await.expect("a head");
        }
        self.set_facts(patient, &facts(packs)).await;
        patient
    }

    /// A new version of a patient's facts, announced to the monitor.
    pub async fn set_facts(&self, patient: Uuid, facts: &Value) {
        let now = self.clock.care_now().to_sqlx();
        sqlx::query(
            "INSERT INTO patient_facts (patient, version, organisation, valid_from, facts, made_by, why)
             SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, 'a test', 'a test' FROM patient_facts WHERE patient = $1",
        )
        .bind(patient)
        .bind(self.organisation)
        .bind(now)
        .bind(facts)
        .execute(&self.pool)
        .await
        .expect("facts");
        sqlx::query(
            "INSERT INTO arrival (patient, cause, earliest, rank, received_at) VALUES ($1, 'facts', $2, 1, $2)",
        )
        .bind(patient)
        .bind(now)
        .execute(&self.pool)
        .await
        .expect("an arrival");
    }

    /// A phone of the patient's own; returns its id.
    pub async fn device(&self, patient: Uuid) -> Uuid {
        let device = random::new_id();
        sqlx::query(
            "INSERT INTO device (device, organisation, patient, public_key, name, platform, app_version, enrolled_at, connection, last_push)
             VALUES ($1, $2, $3, '{}', 'phone', 'test', '1', $4, 0, 0)",
        )
        .bind(device)
        .bind(self.organisation)
        .bind(patient)
        .bind(self.clock.machine_now().to_sqlx())
        .execute(&self.pool)
        .await
        .expect("a device");
        sqlx::query("INSERT INTO device_person (device, handle, patient) VALUES ($1, 'p1', $2)")
            .bind(device)
            .bind(patient)
            .execute(&self.pool)
            .await
            .expect("a person");
        device
    }

    /// A blood pressure, taken and received now; returns its number.
    pub async fn pressure(&self, patient: Uuid, systolic: f64, diastolic: f64) -> i64 {
        self.pressure_taken(patient, self.clock.care_now(), systolic, diastolic, None).await
    }

    pub async fn pressure_taken(
        &self,
        patient: Uuid,
        taken_at: Timestamp,
        systolic: f64,
        diastolic: f64,
        note: Option<&str>,
    ) -> i64 {
        let measured = [(alert_rules::Component::Systolic, systolic), (alert_rules::Component::Diastolic, diastolic)];
        self.reading(patient, taken_at, alert_rules::Vital::BloodPressure, &measured, note).await
    }

    /// A weight in kilograms, taken and received now.
    pub async fn weight(&self, patient: Uuid, kg: f64) -> i64 {
        let measured = [(alert_rules::Component::Weight, kg)];
        self.reading(patient, self.clock.care_now(), alert_rules::Vital::Weight, &measured, None).await
    }

    /// Values in canonical units.
    async fn reading(
        &self,
        patient: Uuid,
        taken_at: Timestamp,
        vital: alert_rules::Vital,
        values: &[(alert_rules::Component, f64)],
        note: Option<&str>,
    ) -> i64 {
        let component = |(of, value): &(alert_rules::Component, f64)| Component {
            component: of.name().into(),
            value_given: Some(value.to_string()),
            unit_given: Some(of.dimension().unit().into()),
            value: Some(*value),
            comparator: None,
        };
        let measured: Vec<_> = values.iter().map(|(of, value)| (*of, Measured::value(*value))).collect();
        let id = random::new_id();
        let submission = Submission {
            organisation: self.organisation,
            patient,
            client_id: id,
            content_hash: id.as_bytes().to_vec(),
            effective_at: taken_at,
            received_at: self.clock.care_now(),
            device: Some(random::new_id()),
            entered_by: None,
            flags: Flags::of_values(&measured).names().into_iter().map(str::to_owned).collect(),
            note: note.map(str::to_owned),
            as_sent: String::new(),
            body: Body::Reading(Reading {
                vital: vital.name().into(),
                components: values.iter().map(component).collect(),
                absent: None,
                offset_minutes: 0,
                method: None,
                context: None,
            }),
        };
        match self
            .inside
            .as_ref()
            .expect("open")
            .writer
            .submit(vec![Entry::Submission(submission)])
            .await
            .expect("a writer")
            .remove(0)
        {
            Decision::Stored { seq, .. } => seq,
            other => panic!("expected it to be stored, got {other:?}"),
        }
    }

    /// One number from the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.expect(sql)
    }

    /// Lines of text from the database.
    pub async fn lines(&self, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(&self.pool).await.expect(sql)
    }

    /// Fails unless every patient's evaluation ranges tile 1 … last.
    pub async fn assert_tiled(&self) {
        let broken = self
            .lines(
                "SELECT head.patient::text || ': ' || coalesce(string_agg(from_seq || '-' || to_seq, ' ' ORDER BY from_seq), 'nothing')
                        || ' of ' || head.last_seq
                 FROM patient_head AS head LEFT JOIN (
                     SELECT patient, from_seq, to_seq, lag(to_seq, 1, 0::bigint) OVER (PARTITION BY patient ORDER BY from_seq) AS before
                     FROM evaluation WHERE from_seq IS NOT NULL) AS range USING (patient)
                 GROUP BY head.patient, head.last_seq
                 HAVING coalesce(max(to_seq), 0) <> head.last_seq OR NOT coalesce(bool_and(from_seq = before + 1), true)",
            )
            .await;
        assert!(broken.is_empty(), "ranges that do not tile:\n{}", broken.join("\n"));
    }

    /// Ends the ward's own tasks; nothing may be left undone. Every story ends so.
    pub async fn close(mut self) {
        let mut left = leftover::unsettled(&self.pool, self.clock.care_now()).await;
        left.extend(leftover::errors());
        let left = leftover::unexpected(left, &self.expected.lock().expect("not poisoned"));
        let Inside { writer, store, lifecycle } = self.inside.take().expect("open");
        drop(writer);
        assert!(lifecycle.stop().await, "tasks hang");
        store.close().await;
        assert!(left.is_empty(), "left behind:\n{}", left.join("\n"));
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        assert!(self.inside.is_none() || std::thread::panicking(), "a story ends with `ward.close()`");
    }
}

pub fn facts(packs: &[&str]) -> Value {
    json!({
        "date_of_birth": "1948-05-02",
        "time_zone": "Europe/London",
        "tags": { "pregnant": false },
        "plan": { "since": "2026-03-01T00:00:00Z", "packs": packs },
    })
}
