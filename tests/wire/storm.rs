//! Everybody comes back at once, each with an outbox: after a kill, all are let in, nothing is lost and nothing stored twice.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use derwent::clock::Clock;
use derwent::phone::{Device, Happening, Key, Line, Phone};
use derwent::random;
use mobile_api::item::Item;
use mobile_api::message::{Outcome, ServerMessage};
use mobile_api::time::PhoneTime;
use serde_json::json;
use uuid::Uuid;

use super::raw::allow_descriptors;
use super::{Town, connect, hear, now, pressure, submit};

const PATIENTS: usize = 50;
/// Of each patient: one device of their own would make the test longer and not harder.
const DEVICES: usize = 10;
const ITEMS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "a test on the machine's own time")]
fn begun() -> Instant {
    Instant::now()
}

/// Enrolled without the ceremony, which is tested elsewhere.
async fn devices(town: &Town) -> Vec<Device> {
    let mut devices = Vec::new();
    for _ in 0..PATIENTS {
        let patient = town.patient("Dorothy").await;
        for _ in 0..DEVICES {
            let (id, key) = (random::new_id(), Key::generate().unwrap());
            sqlx::query(
                "WITH made AS (
                     INSERT INTO device (device, organisation, patient, public_key, name, platform, app_version, enrolled_at, connection, last_push)
                     VALUES ($1, $2, $3, $4, 'phone', 'test', '1', '2026-01-01T00:00:00Z', 0, 0))
                 INSERT INTO device_person (device, handle, patient) VALUES ($1, 'p1', $3)",
            )
            .bind(id)
            .bind(town.organisation)
            .bind(patient)
            .bind(json!(key.public()))
            .execute(&town.store.owner)
            .await
            .unwrap();
            devices.push(Device { origin: town.service.origin.clone(), id, people: Vec::new(), key, route: None });
        }
    }
    devices
}

/// The first connection, cut short: some of what it sends is stored, and it hears of less.
async fn interrupted(device: Device, items: Vec<Item>) {
    let Ok(mut line) = Line::open(&device, PhoneTime::utc(now()), 0).await else { return };
    let batch = json!({ "type": "submit", "batch": 1, "items": items });
    let _ = line.say_text(batch.to_string()).await;
    while line.hear().await.is_ok() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_all_phones_come_back_at_once_and_nothing_is_lost_or_doubled() {
    allow_descriptors((PATIENTS * DEVICES) as u64);
    let mut town = Town::start().await;
    let outboxes: Vec<(Device, Vec<Item>)> = devices(&town)
        .await
        .into_iter()
        .map(|device| {
            let item = || serde_json::from_value(pressure(128, 82, json!({}))).unwrap();
            (device, (0..ITEMS).map(|_| item()).collect())
        })
        .collect();

    // The kill comes in the middle of the first storm.
    let first: Vec<_> =
        outboxes.iter().cloned().map(|(device, items)| tokio::spawn(interrupted(device, items))).collect();
    while town.count("SELECT count(*) FROM submission").await < 1_000 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut service = Town::serve(&town.database, &town.mails);
    std::mem::swap(&mut service, &mut town.service);
    // Dropping it kills it.
    drop(service);
    for phone in first {
        phone.await.unwrap();
    }
    // Whoever was being judged when the service died waits for its lease to end, twenty seconds at most. The test does not.
    sqlx::raw_sql("UPDATE patient_judged SET lease = NULL, lease_until = NULL")
        .execute(&town.store.owner)
        .await
        .unwrap();
    let before = town.count("SELECT count(*) FROM submission").await;

    let (_, known) = town.person("Ida").await;
    let mut behaves = connect(&known).await;
    let began = begun();
    let coming = outboxes.iter().cloned().map(|(device, items)| {
        let device = Device { origin: town.service.origin.clone(), ..device };
        tokio::spawn(come_back(device, items))
    });
    let coming: Vec<_> = coming.collect();
    let mut slowest = Duration::ZERO;
    while !coming.iter().all(tokio::task::JoinHandle::is_finished) {
        let asked = begun();
        assert_eq!(submit(&mut behaves, json!([pressure(128, 82, json!({}))])).await[0]["state"], "stored");
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut connected = Duration::ZERO;
    for phone in coming {
        connected = connected.max(phone.await.unwrap() - began);
    }
    let phones = outboxes.len();
    println!(
        "{phones} phones came back in {connected:?} and were settled in {:?}; {before} of {} items were stored before; \
         meanwhile the slowest receipt of another phone took {slowest:?}",
        began.elapsed(),
        phones * ITEMS
    );
    assert!(slowest < Duration::from_secs(10), "a phone that behaves is served meanwhile: {slowest:?}");

    let stored: Vec<Uuid> = sqlx::query_scalar("SELECT client_id FROM submission WHERE device <> $1")
        .bind(known.id)
        .fetch_all(&town.store.owner)
        .await
        .unwrap();
    let sent: BTreeSet<Uuid> = outboxes.iter().flat_map(|(_, items)| items.iter().map(|item| item.id)).collect();
    assert_eq!(stored.len(), sent.len(), "once each");
    assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), sent);
    let unjudged =
        "SELECT count(*) FROM patient_head JOIN patient_judged USING (patient) WHERE judged_through < last_seq";
    let judged = async {
        while town.count(unjudged).await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, judged).await.expect("all are judged");
    println!("judged in {:?}", began.elapsed());
    let mut line = connect(&known).await;
    hear(&mut line, |message| matches!(message, ServerMessage::Plan(_)).then_some(())).await;
}

/// When it was connected; returns when its outbox is empty.
async fn come_back(device: Device, items: Vec<Item>) -> Instant {
    let mut left: BTreeSet<Uuid> = items.iter().map(|item| item.id).collect();
    let mut phone = Phone::switch_on(device, Clock::ordinary());
    for item in items {
        phone.submit(item);
    }
    let mut connected = None;
    let settling = async {
        while !left.is_empty() {
            match phone.next().await.expect("a phone goes on") {
                Happening::Connected { .. } => connected = connected.or(Some(begun())),
                Happening::Settled { id, outcome } => {
                    assert!(matches!(outcome, Outcome::Stored { .. } | Outcome::Duplicate { .. }), "{outcome:?}");
                    left.remove(&id);
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, settling).await.expect("its outbox is settled");
    connected.expect("it was connected")
}
