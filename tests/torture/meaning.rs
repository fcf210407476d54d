//! R18, R19, R21: exactly once in meaning, whoever sends it, how often, from where, and by whichever clock.

use std::time::Duration;

use derwent::clock::Clock;
use derwent::phone::{Device, Line};
use derwent::store::enrolment_code::{self, NewCode, Whose};
use jiff::SignedDuration;
use mobile_api::item::{Body, Item};
use mobile_api::message::{ClientMessage, Outcome, ServerMessage, Submit};
use mobile_api::time::PhoneTime;
use uuid::Uuid;

use super::history::{Saw, Shared, What};
use super::items;
use super::nemesis::Fault;
use super::phone::Phone;
use super::trial::{BORN, Trial};
use crate::harness::link::{Cut, Way};

/// A day of 24 hours, ten years of them.
const TEN_YEARS: SignedDuration = SignedDuration::from_hours(24 * 3_652);

/// Another phone of the patient's; with `replaces`, instead of that one.
async fn enrol(trial: &Trial, patient: Uuid, replaces: Option<Uuid>) -> Device {
    let code = {
        let mut db = trial.pool.acquire().await.unwrap();
        let new = NewCode {
            organisation: trial.organisation,
            whose: Whose::Patient(patient),
            people: &[patient],
            replaces,
            made_by: "a trial",
        };
        enrolment_code::make(&mut db, &new, Clock::ordinary().machine_now()).await.unwrap().code
    };
    Device::enrol(&reqwest::Client::new(), &trial.link.origin, &code, BORN, "another phone").await.unwrap()
}

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
    let second = enrol(&trial, patient, None).await;
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
        let device = enrol(&trial, phone.patient, Some(phone.device.id)).await;
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
