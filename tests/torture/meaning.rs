//! R18, R19, R21: exactly once in meaning, whoever sends it, how often, from where, and by whichever clock.

use std::time::Duration;

use derwent::clock::Clock;
use derwent::phone::Line;
use jiff::SignedDuration;
use mobile_api::item::{Body, Item};
use mobile_api::message::{ClientMessage, Outcome, ServerMessage, Submit};
use mobile_api::time::PhoneTime;
use uuid::Uuid;

use super::history::{Saw, Shared, What};
use super::items;
use super::nemesis::Fault;
use super::phone::Phone;
use super::trial::{Ground, Trial};
use crate::harness::database::Database;
use crate::harness::link::{Cut, Way};
use crate::harness::ward;

/// A day of 24 hours, ten years of them.
const TEN_YEARS: SignedDuration = SignedDuration::from_hours(24 * 3_652);

/// Sends these as one batch and waits for their receipt.
async fn send(line: &mut Line, history: &Shared, patient: Uuid, batch: u64, items: Vec<Item>) {
    let sent: Vec<What> = items.iter().map(|item| What::of(item, patient)).collect();
    sent.iter().for_each(|what| history.lock().sent(what));
    line.say(&ClientMessage::Submit(Submit { batch, items })).await.unwrap();
    loop {
        if let ServerMessage::Receipt(receipt) = line.hear().await.unwrap() {
            for (what, item) in sent.iter().zip(receipt.items) {
                let saw = match item.outcome {
                    Outcome::Stored { seq, .. } => Saw::Stored(seq),
                    Outcome::Duplicate { seq, .. } => Saw::Duplicate(seq),
                    Outcome::Refused(refusal) => Saw::Refused(refusal.reason.to_string()),
                };
                history.lock().saw(what, saw);
            }
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_item_a_hundred_times_over_two_sockets_and_restarts_is_one_reading() {
    let mut trial = Trial::shared(40).await;
    let (patient, first) = trial.enrolled(1).await.remove(0);
    let second = trial.enrol(patient, None).await;
    let item = items::pressure(Clock::ordinary().machine_now(), 128.0);
    let mut aged = item.clone();
    if let Body::Reading(reading) = &mut aged.body {
        reading.age_ms = Some(90_000);
    }
    for _ in 0..5 {
        let mut sending = tokio::task::JoinSet::new();
        for device in [&first, &second] {
            let (device, history) = (device.clone(), trial.history.clone());
            let copies = vec![item.clone(), aged.clone(), items::changed(&item), aged.clone(), item.clone()];
            sending.spawn(async move {
                let now = PhoneTime::utc(Clock::ordinary().machine_now());
                let mut line = Line::open(&device, now, 0).await.unwrap();
                for batch in 1..=2 {
                    send(&mut line, &history, patient, batch, copies.clone()).await;
                }
            });
        }
        sending.join_all().await;
        Fault::KillServer.strike(&mut trial).await;
    }
    let tally = trial.history.lock().tally();
    assert_eq!(tally.stored + tally.duplicate + tally.refused, 100, "{tally:?}");
    assert_eq!((tally.stored, tally.refused), (1, 20), "{tally:?}");
    trial.must_be_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rescued_queue_sent_again_from_a_new_phone_doubles_nothing() {
    let mut trial = Trial::shared(41).await;
    trial.add_phones(4).await;
    for _ in 0..6 {
        for phone in &mut trial.phones {
            for _ in 0..20 {
                phone.submit(items::new(&mut trial.rng, phone.now()));
            }
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    trial.until_a_moment_with(20..60).await;
    trial.link.cut_all();
    let old = std::mem::take(&mut trial.phones);
    for phone in old {
        let device = trial.enrol(phone.patient, Some(phone.device.id)).await;
        let mut new = Phone::switch_on(device, phone.patient, SignedDuration::ZERO, &trial.history, trial.rng.u64(..));
        let mut rescued = phone.given.clone();
        drop(phone);
        trial.rng.shuffle(&mut rescued);
        for item in rescued {
            new.submit(item);
        }
        trial.phones.push(new);
    }
    trial.answered().await;
    assert!(trial.history.lock().tally().duplicate > 50, "little had been stored when the phones were lost");
    trial.must_be_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_that_move_between_three_replicas_meet_one_service() {
    let mut trial = Trial::shared(42).await;
    trial.start_service().await;
    trial.start_service().await;
    trial.link.weather(|rng| {
        let way = if rng.bool() { Way::There } else { Way::Back };
        Some(Cut::AfterMessages(way, rng.usize(2..12)))
    });
    trial.add_phones(20).await;
    for round in 0..4 {
        trial.burst(5, 30);
        trial.until_a_moment_with(50..200).await;
        if round == 2 {
            Fault::KillServer.strike(&mut trial).await;
        }
    }
    trial.answered().await;
    println!("connections and cuts: {:?}", trial.link.counts());
    trial.must_be_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_whose_clocks_are_wrong_lose_nothing_and_nothing_lies_in_another_decade() {
    let mut trial = Trial::shared(43).await;
    let hours = SignedDuration::from_hours;
    trial.add_phones_whose_clocks_are_off(&[TEN_YEARS, -TEN_YEARS, hours(13), hours(-13)]).await;
    trial.burst(10, 20);
    trial.answered().await;
    let elsewhere = "SELECT count(*) FROM reading WHERE abs(extract(epoch FROM received_at - effective_at)) > 150";
    let count = async |sql: &'static str, trial: &Trial| -> i64 {
        sqlx::query_scalar(sql).fetch_one(&trial.pool).await.unwrap()
    };
    assert_eq!(count(elsewhere, &trial).await, 0, "each reading lies where it was taken");
    let flagged = "SELECT count(*) FROM submission WHERE 'dated_by_arrival' = ANY(flags)";
    assert_eq!(count(flagged, &trial).await, 0);

    // A clock that jumps while its phone is connected: the session knows nothing of it.
    for phone in &mut trial.phones {
        for off in [TEN_YEARS, -TEN_YEARS] {
            phone.submit(items::pulse(phone.now() + off, 70.0));
        }
    }
    trial.answered().await;
    assert_eq!(count(elsewhere, &trial).await, 0);
    assert_eq!(count(flagged, &trial).await, 8);
    let chunks = "SELECT count(*) FROM show_chunks('reading')";
    assert_eq!(count(chunks, &trial).await, 1, "no chunk of 1970 or 2099");
    trial.must_be_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_whose_clock_jumps_loses_nothing_and_dates_nothing_in_a_time_that_has_not_come() {
    let database = Database::fresh().await;
    let (options, url) = (database.options.clone(), ("DERWENT_DATABASE_URL", database.url.clone()));
    let flags = &["--care-time", "2026-03-02T09:00:00Z"];
    let mut trial = Trial::with(Ground::Shared(Box::new(database)), options, url, flags, 44).await;
    let care = |at: &str| ward::at(at).duration_since(Clock::ordinary().machine_now());
    trial.add_phones_whose_clocks_are_off(&[care("2026-03-02T09:00:00Z"); 6]).await;
    for at in ["2026-03-02T09:00:30Z", "2026-03-02T22:00:00Z", "2026-04-01T09:00:00Z", "2026-04-01T09:00:01Z"] {
        trial.burst(5, 10);
        // What arrives is judged at each step.
        tokio::task::block_in_place(|| trial.services[0].service.step(at));
        trial.answered().await;
    }
    tokio::task::block_in_place(|| trial.services[0].service.step("2026-04-01T09:00:02Z"));
    let elsewhere: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM reading WHERE effective_at < received_at - interval '400 days' OR effective_at > received_at + interval '2 minutes'",
    )
    .fetch_one(&trial.pool)
    .await
    .unwrap();
    assert_eq!(elsewhere, 0);
    trial.must_be_sound().await;
}
