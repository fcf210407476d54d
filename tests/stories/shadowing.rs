//! Rules beside those in force: compared, never heard of, whatever they find.

use std::collections::BTreeMap;

use alert_rules::built_in;
use derwent::monitor::shadow::Shadowing;
use derwent::publishing::Desk;
use derwent::shadowing::{OfPatient, Report, report};
use derwent::store::audit::Actor;
use derwent::store::erasure::{self, Tombstone};
use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use crate::harness::replica::{Replica, Wires};
use crate::harness::ward::{Ward, at};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A replica that does only what it is told, so that nobody is looked at meanwhile.
async fn open(now: &str) -> (Ward, Replica, Desk) {
    let ward = Ward::open(now).await;
    ward.on_roster("ida", "08:00-20:00").await;
    let replica = replica_of(&ward).await;
    let owner = ward.staff("ann").await;
    sqlx::query("UPDATE staff SET rule_owner = true WHERE staff = $1").bind(owner).execute(&ward.pool).await.unwrap();
    let desk = desk_of(&ward, owner);
    (ward, replica, desk)
}

async fn replica_of(ward: &Ward) -> Replica {
    let folder = tempfile::tempdir().expect("a folder").keep();
    let replica = ward.replica(&Wires { smtp_url: format!("file:{}", folder.display()), ..Wires::default() }).await;
    replica.parts.lifecycle.rest();
    replica
}

fn desk_of(ward: &Ward, staff: Uuid) -> Desk {
    let actor = Actor::Operator("the test".to_owned());
    Desk {
        staff,
        actor,
        address: None,
        machine_now: ward.clock.machine_now(),
        care_now: ward.clock.care_now(),
        demo: false,
    }
}

async fn start(ward: &Ward, desk: &Desk, files: &BTreeMap<String, String>) {
    let store = ward.database.store().await;
    let mut db = store.monitor.begin().await.unwrap();
    let desk = desk_of(ward, desk.staff);
    desk.start_shadow(&mut db, files, None, "to see what it does").await.unwrap();
    db.commit().await.unwrap();
}

async fn told(ward: &Ward) -> (Report, Vec<OfPatient>) {
    report(&mut ward.pool.acquire().await.unwrap(), ward.clock.care_now()).await.unwrap().expect("a shadow")
}

async fn look(replica: &Replica) {
    replica.monitor.look_beside(&Shadowing::default()).await.expect("looked");
}

/// Severe from 160 instead of 180.
fn stricter() -> BTreeMap<String, String> {
    let (path, mut files) = ("hypertension/rules.toml", built_in::files());
    let text = files[path]
        .replace("severe_systolic  = { default = \"180 mmHg\"", "severe_systolic  = { default = \"160 mmHg\"");
    assert_ne!(text, files[path]);
    files.insert(path.to_owned(), text);
    files
}

/// All that people, phones and judging would notice.
async fn noticed(ward: &Ward) -> Vec<String> {
    let tables = [
        "alert",
        "alert_event",
        "page_request",
        "page",
        "push",
        "finding",
        "watch",
        "due",
        "evaluation",
        "arrival",
        "patient_judged",
    ];
    let mut counts = Vec::new();
    for table in tables {
        let sql = format!("SELECT md5(coalesce(string_agg(row::text, '' ORDER BY row::text), '')) FROM {table} AS row");
        let sum: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&ward.pool).await.unwrap();
        counts.push(format!("{table} {sum}"));
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_that_would_alert_pages_nobody_and_asks_nobody() {
    let (ward, replica, desk) = open("2026-03-02T09:00:00Z").await;
    let patient = ward.patient(&["hypertension"]).await;
    ward.device(patient).await;
    replica.settle().await;
    start(&ward, &desk, &stricter()).await;
    replica.step("2026-03-02T10:00:00Z").await;
    ward.pressure(patient, 165.0, 92.0).await;

    // Whoever waits to be judged is not looked at before.
    look(&replica).await;
    assert_eq!(told(&ward).await.0.looked_at, 0);
    replica.step("2026-03-02T11:00:00Z").await;

    let before = noticed(&ward).await;
    look(&replica).await;
    assert_eq!(noticed(&ward).await, before);
    let (report, differences) = told(&ward).await;
    assert_eq!((report.looked_at, report.unreadable, report.newly_alerted.patients), (1, 0, 1), "{}", report.text());
    assert_eq!(differences[0].patient, patient);
    let difference = serde_json::to_value(&differences[0].difference).unwrap();
    assert_eq!((&difference["rule"], &difference["what"]), (&json!("hypertension/severe"), &json!({ "new": "high" })));
    let severe = report.rules.iter().find(|of| of.rule == "hypertension/severe").expect("a row");
    assert_eq!((severe.in_force, severe.in_shadow), (0, 1));
    assert!((report.patient_days - 2.0 / 24.0).abs() < 1e-9, "{}", report.patient_days);
    assert!(severe.in_shadow_per_100_patients_a_day > 1_000.0);

    // Once a day; and with nothing kept between, so that another process goes on where this one ended.
    look(&replica).await;
    assert_eq!(told(&ward).await.0.oldest_look, Some(at("2026-03-02T11:00:00Z")));
    replica.stop().await;
    let replica = replica_of(&ward).await;
    replica.step("2026-03-03T10:59:00Z").await;
    look(&replica).await;
    assert_eq!(told(&ward).await.0.oldest_look, Some(at("2026-03-02T11:00:00Z")));
    ward.pressure(patient, 126.0, 78.0).await;
    replica.step("2026-03-03T11:00:00Z").await;
    look(&replica).await;
    let (again, differences_again) = told(&ward).await;
    assert_eq!(again.oldest_look, Some(at("2026-03-03T11:00:00Z")));
    assert_eq!((again.newly_alerted, differences_again.len()), (report.newly_alerted, differences.len()));

    // Four weeks, and it is over by itself.
    replica.parts.clock.step(at("2026-03-30T09:00:00Z"));
    replica.settle().await;
    look(&replica).await;
    let (over, _) = told(&ward).await;
    assert_eq!((over.runs, over.oldest_look), (false, again.oldest_look));
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_of_the_rules_in_force_differs_from_them_in_nothing() {
    let (ward, replica, desk) = open("2026-03-02T07:00:00Z").await;
    let mut patients = Vec::new();
    for _ in 0..2 {
        let patient = ward.patient(&["hypertension"]).await;
        ward.device(patient).await;
        patients.push(patient);
    }
    let systolic = [128.0, 184.0, 186.0, 152.0, 225.0, 130.0, 85.0, 161.0, 140.0, 181.0, 120.0];
    for turn in 0..16_usize {
        let now = at("2026-03-02T08:00:00Z") + HOUR * 10 * i32::try_from(turn).unwrap();
        replica.step(&now.to_string()).await;
        for (index, patient) in patients.iter().enumerate() {
            let value = systolic[(turn * (index + 1) + index) % systolic.len()];
            ward.pressure(*patient, value, value / 1.7).await;
            if (turn + index) % 3 == 0 {
                replica.settle().await;
                replica.step(&(now + HOUR / 6).to_string()).await;
                ward.pressure(*patient, systolic[(turn + index) % systolic.len()], 80.0).await;
            }
        }
        replica.settle().await;
        if turn == 5 {
            start(&ward, &desk, &built_in::files()).await;
        }
        if turn == 10 {
            // Since the shadow began there was a 161, which was not severe then: judged by this limit it would be.
            ward.set_facts(patients[0], &json!({ "tags": { "pregnant": false }, "date_of_birth": "1948-05-02",
                "time_zone": "Europe/London", "plan": { "since": "2026-03-01T00:00:00Z", "packs": ["hypertension"],
                "limits": { "hypertension/severe_systolic": { "value": 160.0, "unit": "mmHg", "by": "a test", "why": "a test" } } } })).await;
        }
    }
    replica.step("2026-03-09T10:00:00Z").await;
    look(&replica).await;
    let (report, differences) = told(&ward).await;
    assert_eq!(report.looked_at, 2);
    assert!(differences.is_empty(), "{differences:#?}");
    let alerts: usize = report.rules.iter().map(|of| of.in_force).sum();
    assert!(alerts > 2 && report.rules.iter().all(|of| of.in_force == of.in_shadow), "{}", report.text());
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_recorded_goes_with_the_person_and_with_the_next_shadow() {
    let (ward, replica, desk) = open("2026-03-02T09:00:00Z").await;
    let (gone, stays) = (ward.patient(&["hypertension"]).await, ward.patient(&["hypertension"]).await);
    start(&ward, &desk, &stricter()).await;
    for patient in [gone, stays] {
        ward.pressure(patient, 165.0, 92.0).await;
    }
    replica.step("2026-03-02T10:00:00Z").await;
    look(&replica).await;
    assert_eq!(told(&ward).await.0.newly_alerted.patients, 2);

    sqlx::query("UPDATE patient SET ended_at = $2 WHERE patient = $1")
        .bind(gone)
        .bind(jiff_sqlx::ToSqlx::to_sqlx(ward.clock.care_now()))
        .execute(&ward.pool)
        .await
        .unwrap();
    let store = ward.database.store().await;
    let mut db = store.eraser_tx().await.unwrap();
    assert_eq!(erasure::may(&mut db, gone).await.unwrap(), None);
    let tombstone = Tombstone {
        patient: gone,
        organisation: ward.organisation,
        at: ward.clock.machine_now(),
        made_by: "a test",
        why: "asked",
    };
    erasure::erase(&mut db, &tombstone).await.unwrap();
    db.commit().await.unwrap();
    let (report, differences) = told(&ward).await;
    assert_eq!((report.looked_at, report.newly_alerted.patients), (1, 1));
    assert!(differences.iter().all(|of| of.patient == stays));

    // Another one does not start beside it; when it does, what the first recorded is gone.
    let mut db = store.monitor.begin().await.unwrap();
    let desk = desk_of(&ward, desk.staff);
    let refused = desk.start_shadow(&mut db, &built_in::files(), None, "another").await.unwrap_err();
    assert!(refused.to_string().starts_with("Other rules run beside those in force until"), "{refused}");
    desk.stop_shadow(&mut db).await.unwrap();
    db.commit().await.unwrap();
    replica.step("2026-03-02T11:00:00Z").await;
    start(&ward, &desk, &built_in::files()).await;
    assert_eq!(ward.count("SELECT count(*) FROM shadow_difference").await, 0);
    assert_eq!(told(&ward).await.0.looked_at, 0);
    let acts = ward.lines("SELECT what FROM audit WHERE what LIKE 'rules.shadow%' ORDER BY audit").await;
    assert_eq!(acts, ["rules.shadow_started", "rules.shadow_stopped", "rules.shadow_started"]);
    replica.stop().await;
    ward.close().await;
}
