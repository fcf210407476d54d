//! What the operator of the service is told about the service itself.

use derwent::ingest::counters::{self, Told};
use mobile_api::refusal::Reason;
use serde_json::Value;

use super::channels;
use crate::harness::mail::MailServer;
use crate::harness::pager::Pager;
use crate::harness::replica::Wires;
use crate::harness::ward::Ward;

const NOTICES: &str =
    "SELECT problem || ', ' || coalesce(outcome, 'open') FROM alert WHERE patient IS NULL ORDER BY reference";

#[tokio::test(flavor = "multi_thread")]
async fn readings_that_wait_too_long_for_judgement_are_told_to_the_operator_once_while_it_lasts() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    replica.settle().await;
    // Judging is stuck: somebody has the patient in hand and never comes back.
    let stuck = |until: &'static str| {
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE patient_judged SET lease_until = {until}"))).execute(&ward.pool)
    };
    stuck("now() + interval '1 hour'").await.unwrap();
    ward.pressure(patient, 128.0, 78.0).await;
    ward.clock.step("2026-03-02T09:00:59Z".parse().unwrap());
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert!(mail.mails().is_empty(), "a minute is not over");

    ward.clock.step("2026-03-02T09:01:01Z".parse().unwrap());
    let mails = mail.wait_for(1).await;
    assert_eq!(mails[0].to, "operator@example.org");
    assert!(mails[0].body.contains("waited more than 60 seconds to be judged"), "{}", mails[0].body);
    ward.clock.step("2026-03-02T09:30:00Z".parse().unwrap());

    stuck("NULL").await.unwrap();
    let closed = "readings wait for judgement, everything is judged again";
    for _ in 0..1000 {
        if ward.lines(NOTICES).await == [closed] {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(ward.lines(NOTICES).await, [closed], "told once, and over");

    // The next time is news.
    stuck("now() + interval '1 hour'").await.unwrap();
    ward.pressure(patient, 127.0, 77.0).await;
    ward.clock.step("2026-03-02T09:40:00Z".parse().unwrap());
    mail.wait_for(2).await;
    stuck("NULL").await.unwrap();
    replica.settle().await;
    ward.assert_tiled().await;
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_refuses_phones_is_told_to_the_operator() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    let mut told = Told::default();
    counters::tell(&replica.parts, &mut told).await.unwrap();
    for reason in [Reason::NoteTooLong, Reason::UnitMissing, Reason::NoteTooLong] {
        counters::count(reason);
    }
    counters::tell(&replica.parts, &mut told).await.unwrap();
    counters::count(Reason::NoteTooLong);
    counters::tell(&replica.parts, &mut told).await.unwrap();
    let mails = mail.wait_for(1).await;
    assert!(mails[0].body.contains("refused 2 times within a minute as note_too_long"), "{}", mails[0].body);
    // A missing unit is about one item: staff see it beside the readings. And once while it lasts.
    assert_eq!(ward.lines(NOTICES).await, ["phones refused: note_too_long, open"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_mail_is_dead_whoever_runs_the_service_is_rung() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let patient = ward.patient(&[]).await;
    let pager = Pager::start().await;
    let dead = ["one", "two", "three", "four", "five"].map(|name| format!("{name}@example.org"));
    channels::pages_to(&ward, patient, &dead.each_ref().map(String::as_str)).await;
    let wires = Wires {
        smtp_url: "smtp://127.0.0.1:1".to_owned(),
        pager_url: Some(pager.url()),
        operator_pager: true,
        ..Wires::default()
    };
    let replica = ward.replica(&wires).await;
    let rung = |events: &[Value]| events.iter().find(|event| event["routing_key"] == "operator").cloned();
    let event = rung(&pager.wait_until(|events| rung(events).is_some()).await).expect("rung");
    let text = event["payload"]["custom_details"]["text"].as_str().expect("a text");
    assert!(text.contains("do not go out over the e-mail service"), "{text}");
    // The others were told over their pagers meanwhile.
    assert_eq!(pager.wait_for(dead.len() + 1).await.len(), dead.len() + 1);
    replica.stop().await;
    ward.expects("a channel does not work");
    ward.expects("a page over email is");
    ward.close().await;
}
