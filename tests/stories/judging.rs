//! Every stored reading gets a verdict: whoever dies, whatever is broken, however many replicas work.

use std::sync::Arc;

use derwent::monitor::case;
use derwent::monitor::evaluate::{self, Finished};
use derwent::monitor::judgement::Judged;
use derwent::monitor::memory::Memory;
use derwent::monitor::rulebook::{InForce, Rulebooks};
use derwent::random;
use derwent::store::{judged, shown};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::mail::MailServer;
use crate::harness::replica::{Replica, Wires};
use crate::harness::ward::{Ward, at, facts};

/// Mails go nowhere: the test is about judging.
fn no_wires() -> Wires {
    let folder = tempfile::tempdir().expect("a folder").keep();
    Wires { smtp_url: format!("file:{}", folder.display()), ..Wires::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_work_for_a_person_and_the_next_note_renews_it() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    ward.pressure_taken(patient, at("2026-03-02T09:00:00Z"), 128.0, 78.0, Some("The cuff feels tight")).await;
    replica.settle().await;
    let alerts = "SELECT priority || ', ' || problem || ': ' || sentence FROM alert ORDER BY reference";
    assert_eq!(ward.lines(alerts).await, ["medium, a note to read: A note to read: “The cuff feels tight”"]);
    let mails = mail.wait_for(1).await;
    assert!(!mails[0].body.contains("cuff"), "{}", mails[0].body);

    replica.step("2026-03-02T10:00:00Z").await;
    ward.pressure_taken(patient, at("2026-03-02T10:00:00Z"), 126.0, 77.0, Some("Better now")).await;
    replica.settle().await;
    assert_eq!(ward.lines(alerts).await, ["medium, a note to read: A note to read: “Better now”"]);
    let history = ward.lines("SELECT what FROM alert_event WHERE what <> 'sent' ORDER BY n").await;
    assert_eq!(history, ["opened", "paged", "renewed"]);
    ward.assert_tiled().await;
    assert_eq!(ward.count("SELECT count(*) FROM patient WHERE live_since IS NOT NULL").await, 1);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_older_than_thirty_days_are_charted_and_make_one_low_task() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    let replica = ward.replica(&no_wires()).await;
    for day in 10..13 {
        ward.pressure_taken(patient, at(&format!("2026-01-{day}T09:00:00Z")), 225.0, 131.0, None).await;
    }
    replica.settle().await;
    assert_eq!(
        ward.lines("SELECT priority || ', ' || problem FROM alert WHERE rule NOT LIKE 'built-in/cannot-judge/%'").await,
        ["low, old readings to review"],
        "old readings are not judged"
    );
    ward.assert_tiled().await;
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_work_and_judge_every_reading_once() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let ward = Arc::new(ward);
    let (one, two) = (ward.replica(&no_wires()).await, ward.replica(&no_wires()).await);
    let mut patients = Vec::new();
    for _ in 0..40 {
        patients.push(ward.patient(&["hypertension"]).await);
    }
    let sending = {
        let ward = Arc::clone(&ward);
        tokio::spawn(async move {
            for round in 0..5 {
                for patient in &patients {
                    ward.pressure(*patient, 120.0 + f64::from(round), 78.0).await;
                }
            }
        })
    };
    while !sending.is_finished() {
        tokio::join!(one.settle(), two.settle());
    }
    sending.await.expect("sent");
    tokio::join!(one.settle(), two.settle());
    assert_eq!(ward.count("SELECT count(*) FROM arrival").await, 0);
    assert_eq!(
        ward.count("SELECT sum(to_seq - from_seq + 1)::bigint FROM evaluation WHERE from_seq IS NOT NULL").await,
        200
    );
    ward.assert_tiled().await;
    one.stop().await;
    two.stop().await;
    Arc::into_inner(ward).expect("nobody else has it").close().await;
}

/// A replica with a reading in hand: taken and judged, and nothing written. It does nothing by itself any more.
struct InHand {
    replica: Replica,
    patient: Uuid,
    lease: Uuid,
    now: Timestamp,
    rulebook: Arc<InForce>,
    judged: Vec<Judged>,
}

impl InHand {
    async fn of(ward: &Ward) -> Self {
        ward.on_roster("ida", "08:00-20:00").await;
        let replica = ward.replica(&no_wires()).await;
        let patient = ward.patient(&["hypertension"]).await;
        replica.settle().await;
        replica.parts.lifecycle.stopping.cancel();

        ward.pressure(patient, 128.0, 78.0).await;
        let (lease, now) = (random::new_id(), ward.clock.care_now());
        let pool = &replica.parts.store.monitor;
        let mut taken = Vec::new();
        while taken.is_empty() {
            taken = judged::take(pool, Some(now), lease, 10).await.expect("taken");
        }
        let batch = case::load(pool, &Rulebooks::default(), &Memory::default(), &taken, now).await.expect("loaded");
        let judged = evaluate::judge(Arc::clone(&batch.rulebook), batch.cases).await.expect("judged");
        Self { replica, patient, lease, now, rulebook: batch.rulebook, judged }
    }

    fn pool(&self) -> &PgPool {
        &self.replica.parts.store.monitor
    }

    async fn finish(&self) -> Finished {
        evaluate::finish(self.pool(), self.lease, &self.rulebook, &self.judged, self.now).await.expect("finished")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_replica_had_in_hand_is_judged_when_its_lease_has_ended() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    // It takes, it judges, and it dies before it writes.
    let hand = InHand::of(&ward).await;

    let other = ward.replica(&no_wires()).await;
    let taken = judged::take(hand.pool(), Some(hand.now), random::new_id(), 10).await.expect("taken");
    assert!(taken.is_empty(), "the lease holds");
    sqlx::query("UPDATE patient_judged SET lease_until = now() - interval '1 s'")
        .execute(&ward.pool)
        .await
        .expect("time passed");
    other.settle().await;
    ward.assert_tiled().await;

    // It was only slow, and writes after all: nothing happens twice.
    hand.finish().await;
    ward.assert_tiled().await;
    assert_eq!(ward.count("SELECT count(*) FROM evaluation WHERE from_seq IS NOT NULL").await, 1);
    other.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_that_change_during_an_evaluation_start_it_over() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let hand = InHand::of(&ward).await;
    ward.set_facts(hand.patient, &facts(&[])).await;
    let finished = hand.finish().await;
    assert_eq!(finished.start_over, [hand.patient]);
    assert_eq!(ward.count("SELECT count(*) FROM evaluation WHERE from_seq IS NOT NULL").await, 0);

    judged::release(hand.pool(), hand.lease, &finished.start_over, SignedDuration::ZERO, false)
        .await
        .expect("released");
    hand.replica.settle().await;
    assert_eq!(ward.lines("SELECT facts::text FROM evaluation WHERE from_seq IS NOT NULL").await, ["2"]);
    ward.assert_tiled().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_that_cannot_be_judged_stops_nobody_else_and_becomes_work_for_a_person() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let broken = ward.patient(&["hypertension"]).await;
    ward.set_facts(broken, &json!({ "plan": "unreadable" })).await;
    let sound = ward.patient(&["hypertension"]).await;
    for patient in [broken, sound] {
        ward.pressure(patient, 128.0, 78.0).await;
    }
    let replica = ward.replica(&no_wires()).await;
    let judged = "SELECT count(*) FROM evaluation WHERE from_seq IS NOT NULL AND outcome = 'judged'";
    for _ in 0..1000 {
        if ward.count(judged).await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(ward.count(judged).await, 1);

    // The pauses between its attempts pass.
    sqlx::query("UPDATE patient_judged SET attempts = 4, lease_until = NULL WHERE patient = $1")
        .bind(broken)
        .execute(&ward.pool)
        .await
        .expect("four attempts");
    replica.settle().await;
    assert_eq!(
        ward.lines("SELECT outcome FROM evaluation WHERE from_seq IS NOT NULL ORDER BY 1").await,
        ["failed", "judged"]
    );
    assert_eq!(ward.lines("SELECT priority || ', ' || problem FROM alert").await, ["medium, readings not judged"]);
    ward.assert_tiled().await;

    // With facts that can be read again, everything is judged.
    ward.set_facts(broken, &facts(&["hypertension"])).await;
    replica.settle().await;
    assert_eq!(ward.count("SELECT count(*) FROM arrival").await, 0);
    assert_eq!(ward.count("SELECT count(*) FROM due WHERE why = 'failed'").await, 0);
    replica.stop().await;
    ward.expects("a patient could not be judged");
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rulebook_is_published_once_however_many_replicas_start() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let wires = no_wires();
    let (one, two) = tokio::join!(ward.replica(&wires), ward.replica(&wires));
    assert_eq!(ward.lines("SELECT number::text FROM rulebook").await, ["1"], "a second publishing would be number 2");
    one.settle().await;
    one.stop().await;
    two.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_severe_reading_asks_first_and_a_second_one_calls_a_person() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    let device = ward.device(patient).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    ward.pressure(patient, 186.0, 101.0).await;
    replica.settle().await;
    assert_eq!(ward.count("SELECT count(*) FROM alert").await, 0);
    let asks = "SELECT n || ' ' || (body->>'for') || ' ' || (body->>'vital') || ' ' || (body->>'text') FROM push";
    assert_eq!(ward.lines(asks).await, ["1 p1 blood_pressure Measure your blood pressure again."]);
    let ask: String = ward.lines("SELECT body->>'id' FROM push").await.remove(0);
    assert!(
        shown::record(&ward.pool, device, ask.parse().expect("an id"), ward.clock.care_now()).await.expect("shown")
    );

    replica.step("2026-03-02T09:10:00Z").await;
    assert_eq!(ward.count("SELECT count(*) FROM alert").await, 0, "there is time until 09:15");
    ward.pressure(patient, 184.0, 99.0).await;
    replica.settle().await;
    assert_eq!(mail.wait_for(1).await[0].subject, "HIGH A1: acknowledge by 09:25");
    assert_eq!(ward.lines("SELECT priority || ' ' || rule FROM alert").await, ["high hypertension/severe"]);
    assert_eq!(ward.count("SELECT count(*) FROM push").await, 1, "one ask a finding");

    // Later readings are within limits: the alert stays until a person closes it, and goes on to the next.
    ward.pressure(patient, 128.0, 78.0).await;
    replica.step("2026-03-02T09:25:00Z").await;
    assert_eq!(ward.count("SELECT count(*) FROM alert WHERE patient IS NOT NULL AND closed_at IS NULL").await, 1);
    mail.wait_for(2).await;
    ward.assert_tiled().await;
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ask_that_no_phone_shows_alerts_after_a_minute_and_one_that_is_not_answered_when_its_time_is_up() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let (without_phone, with_phone) = (ward.patient(&["hypertension"]).await, ward.patient(&["hypertension"]).await);
    let device = ward.device(with_phone).await;
    let replica = ward.replica(&no_wires()).await;
    for patient in [without_phone, with_phone] {
        ward.pressure(patient, 186.0, 101.0).await;
    }
    replica.settle().await;
    let ask: String = ward.lines("SELECT body->>'id' FROM push").await.remove(0);
    assert!(
        shown::record(&ward.pool, device, ask.parse().expect("an id"), ward.clock.care_now()).await.expect("shown")
    );
    let opened = "SELECT to_char(opened_at AT TIME ZONE 'UTC', 'HH24:MI') || ' ' || priority FROM alert
                  WHERE patient IS NOT NULL ORDER BY opened_at";
    replica.step("2026-03-02T09:14:00Z").await;
    assert_eq!(ward.lines(opened).await, ["09:01 high"]);
    replica.step("2026-03-02T09:20:00Z").await;
    assert_eq!(ward.lines(opened).await, ["09:01 high", "09:15 high"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rulebook_that_cannot_be_read_is_said_to_the_operator() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    replica.settle().await;
    sqlx::query(
        "INSERT INTO rulebook (hash, content, published_at, published_by)
         VALUES (decode(repeat('00', 32), 'hex'), '{\"next/rules.toml\": \"[of the year 2040\"}', now(), 'a later version')",
    )
    .execute(&ward.pool)
    .await
    .expect("a rulebook");
    ward.pressure(patient, 128.0, 78.0).await;
    let mails = mail.wait_for(1).await;
    assert_eq!(mails[0].to, "operator@example.org");
    assert!(mails[0].body.contains("rulebook in force cannot be read"), "{}", mails[0].body);
    assert_eq!(ward.count("SELECT count(*) FROM evaluation WHERE from_seq IS NOT NULL").await, 0);

    // Going back: everything that waited is judged.
    sqlx::query("DELETE FROM rulebook WHERE published_by = 'a later version'").execute(&ward.pool).await.expect("gone");
    for _ in 0..1000 {
        replica.settle().await;
        if ward.count("SELECT count(*) FROM arrival").await == 0 {
            break;
        }
    }
    ward.assert_tiled().await;
    replica.stop().await;
    ward.expects("the rulebook in force cannot be read");
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_far_ahead_silences_nobody() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    replica.settle().await;
    // A server that believed itself in the summer has judged everybody.
    sqlx::query("UPDATE patient_judged SET folded_through = '2026-07-01T00:00:00Z'")
        .execute(&ward.pool)
        .await
        .expect("judged in the future");
    ward.pressure(patient, 226.0, 121.0).await;
    replica.settle().await;
    let told: Vec<String> = mail.wait_for(2).await.into_iter().map(|mail| mail.to).collect();
    for person in ["ida@example.org", "operator@example.org"] {
        assert!(told.iter().any(|to| to == person), "{told:?}");
    }
    let opened = "SELECT to_char(opened_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') FROM alert WHERE patient IS NOT NULL";
    assert_eq!(ward.lines(opened).await, ["03-02 09:00"]);
    ward.assert_tiled().await;
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replica_with_a_fast_clock_received_is_judged_now() {
    let mut ward = Ward::open("2026-03-02T09:10:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    ward.pressure(patient, 226.0, 121.0).await;
    ward.clock = derwent::clock::Clock::standing(at("2026-03-02T09:00:00Z"));
    let replica = ward.replica(&no_wires()).await;
    replica.settle().await;
    let opened = "SELECT to_char(opened_at AT TIME ZONE 'UTC', 'HH24:MI') || ' ' || priority FROM alert
                  WHERE patient IS NOT NULL";
    assert_eq!(ward.lines(opened).await, ["09:00 high"]);
    assert_eq!(ward.count("SELECT count(*) FROM page WHERE priority = 'high' AND organisation IS NOT NULL").await, 1);
    ward.assert_tiled().await;
    replica.stop().await;
    ward.close().await;
}
