//! The store on a real TimescaleDB: the writer's promises, the roles' walls, the pools' manners, the private server's life.

mod audit;
mod embedded;
mod erasure;
mod given;
mod pools;
mod retention;
mod roles;
mod writer;

use derwent::random;
use derwent::store::submission::{Body, Component, Entry, Reading, Submission};
use jiff::Timestamp;
use sqlx::PgPool;
use uuid::Uuid;

/// An organisation, its team and one patient of it.
#[derive(Clone, Copy, Debug)]
struct Someone {
    organisation: Uuid,
    team: Uuid,
    patient: Uuid,
}

impl Someone {
    async fn new(owner: &PgPool) -> Self {
        let someone = Self { organisation: random::new_id(), team: random::new_id(), patient: random::new_id() };
        sqlx::query("INSERT INTO organisation (organisation, name, time_zone) VALUES ($1, 'Belper', 'Europe/London')")
            .bind(someone.organisation)
            .execute(owner)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO team (team, organisation, name, phone, keeps_bank_holidays) VALUES ($1, $2, 'Belper team', '01773', false)",
        )
        .bind(someone.team)
        .bind(someone.organisation)
        .execute(owner)
        .await
        .unwrap();
        someone.enter(owner).await;
        someone
    }

    /// Another patient of the same team.
    async fn beside(self, owner: &PgPool) -> Self {
        let someone = Self { patient: random::new_id(), ..self };
        someone.enter(owner).await;
        someone
    }

    async fn enter(self, owner: &PgPool) {
        sqlx::query(
            "INSERT INTO patient (patient, organisation, team, given_name, family_name, date_of_birth, lives_alone, time_zone, made_at)
             VALUES ($1, $2, $3, 'Dorothy', 'Marsh', '1945-02-03', true, 'Europe/London', '2026-01-01T00:00:00Z')",
        )
        .bind(self.patient)
        .bind(self.organisation)
        .bind(self.team)
        .execute(owner)
        .await
        .unwrap();
        sqlx::query("INSERT INTO patient_head (patient, last_seq) VALUES ($1, 0)")
            .bind(self.patient)
            .execute(owner)
            .await
            .unwrap();
    }

    /// A reading of 148/92 under a new id.
    fn reading(self) -> Submission {
        let at: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
        let component = |component: &str, value: f64| Component {
            component: component.to_owned(),
            value_given: Some(value.to_string()),
            unit_given: Some("mm[Hg]".to_owned()),
            value: Some(value),
            comparator: None,
        };
        Submission {
            organisation: self.organisation,
            patient: self.patient,
            client_id: random::new_id(),
            content_hash: vec![1; 33],
            effective_at: at,
            received_at: at,
            device: None,
            entered_by: None,
            flags: Vec::new(),
            note: None,
            as_sent: "{}".to_owned(),
            body: Body::Reading(Reading {
                vital: "blood_pressure".to_owned(),
                components: vec![component("systolic", 148.0), component("diastolic", 92.0)],
                absent: None,
                offset_minutes: 0,
                method: Some("instrument".to_owned()),
                context: Some(serde_json::json!({ "arm": "left" })),
            }),
        }
    }

    fn entry(self) -> Entry {
        Entry::Submission(self.reading())
    }
}

async fn count(pool: &PgPool, of: &'static str) -> i64 {
    sqlx::query_scalar(of).fetch_one(pool).await.unwrap()
}
