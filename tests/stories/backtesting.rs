//! The service's own patients, replayed from their real history: it comes to what happened.

use alert_rules::backtest::{Outcome, replay};
use derwent::backtesting;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::harness::replica::{Replica, Wires};
use crate::harness::ward::{Ward, at};

async fn replayed(ward: &Ward, from: Timestamp) -> Vec<Outcome> {
    let store = ward.database.store().await;
    let in_force = backtesting::in_force(&mut store.owner.acquire().await.unwrap()).await.unwrap();
    let patients = backtesting::monitored(&store.owner).await.unwrap();
    let now = ward.clock.care_now();
    let subjects = backtesting::read(&store.owner, &patients, &[&in_force], from, now).await.unwrap();
    subjects.iter().map(|of| replay(&in_force, &of.under(&in_force, &in_force).expect("a plan"))).collect()
}

async fn pressure_at(ward: &Ward, replica: &Replica, patient: uuid::Uuid, when: &str, systolic: f64) {
    replica.step(when).await;
    ward.pressure(patient, systolic, 80.0).await;
    replica.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_to_what_happened_by_the_facts_as_they_were() {
    let ward = Ward::open("2026-03-02T07:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let folder = tempfile::tempdir().expect("a folder").keep();
    let replica = ward.replica(&Wires { smtp_url: format!("file:{}", folder.display()), ..Wires::default() }).await;
    replica.parts.lifecycle.rest();
    let patient = ward.patient(&["hypertension"]).await;
    replica.settle().await;
    for day in 2..8 {
        for hour in ["08", "20"] {
            pressure_at(&ward, &replica, patient, &format!("2026-03-{day:02}T{hour}:00:00Z"), 152.0).await;
        }
    }
    // Watched by nothing for a day, in which something happens.
    let mut unwatched = crate::harness::ward::facts(&[]);
    unwatched["plan"]["packs"] = json!([]);
    replica.step("2026-03-08T07:00:00Z").await;
    ward.set_facts(patient, &unwatched).await;
    pressure_at(&ward, &replica, patient, "2026-03-08T08:00:00Z", 225.0).await;
    pressure_at(&ward, &replica, patient, "2026-03-08T20:00:00Z", 128.0).await;
    replica.step("2026-03-09T07:00:00Z").await;
    ward.set_facts(patient, &crate::harness::ward::facts(&["hypertension"])).await;
    pressure_at(&ward, &replica, patient, "2026-03-10T08:00:00Z", 222.0).await;
    replica.step("2026-03-10T09:00:00Z").await;

    let first: jiff_sqlx::Timestamp = sqlx::query_scalar("SELECT min(opened_at) FROM alert WHERE kind = 'clinical'")
        .fetch_one(&ward.pool)
        .await
        .unwrap();
    let first = first.to_jiff();
    let told = |outcomes: &[Outcome]| -> Vec<Timestamp> {
        let clinical = outcomes[0].alerts.iter().filter(|alert| alert.kind == alert_rules::Kind::Clinical);
        clinical.map(|alert| alert.opened_at).collect()
    };
    // What came before it begins is known, or the average could not be.
    let outcomes = replayed(&ward, first - SignedDuration::from_hours(6)).await;
    let replayed_all = told(&outcomes);
    assert_eq!(replayed_all.first(), Some(&first), "{replayed_all:?}");
    assert_eq!(replayed_all.last(), Some(&at("2026-03-10T08:00:00Z")));
    let unwatched = at("2026-03-08T07:00:00Z")..at("2026-03-09T07:00:00Z");
    assert!(!replayed_all.iter().any(|at| unwatched.contains(at)), "{replayed_all:?}");
    // What was open when it begins is not counted.
    let later = told(&replayed(&ward, first + SignedDuration::from_hours(6)).await);
    assert!(!later.iter().any(|at| *at <= first), "{later:?}");
    replica.stop().await;
    ward.close().await;
}
