//! The life of a page, as `derwent pages` shows it to whoever runs the service.

use std::time::Duration;

use alert_rules::Priority;
use derwent::store::alert::Act;
use derwent::store::page::Channel;
use serde_json::Value;

use crate::harness::alerts::{does, open_alert};
use crate::harness::mail::MailServer;
use crate::harness::notify::Notify;
use crate::harness::pager::{Answer, Pager};
use crate::harness::replica::Wires;
use crate::harness::service::derwent;
use crate::harness::ward::Ward;

/// Whether it went well, and what was said.
fn pages(ward: &Ward, arguments: &[&str]) -> (bool, String) {
    let output = derwent()
        .args(["pages", "--care-time", "2026-03-02T09:00:00Z"])
        .args(arguments)
        .env("DERWENT_DATABASE_URL", &ward.database.url)
        .output()
        .expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("UTF-8"))
}

fn listed(ward: &Ward, arguments: &[&str]) -> Vec<Value> {
    let (well, said) = pages(ward, &[arguments, &["--json"]].concat());
    assert!(well, "{said}");
    let mut answer: Value = serde_json::from_str(&said).expect("one JSON object");
    serde_json::from_value(answer["pages"].take()).expect("pages")
}

/// Until the tries that come by themselves are over.
async fn settled(ward: &Ward) {
    for _ in 0..100 {
        if pages(ward, &["--unsettled"]).0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{}", pages(ward, &["--unsettled"]).1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_try_is_kept_with_what_the_other_side_said_and_where_the_page_went_on() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    ward.contact(ida, Channel::Sms, "+447700900123").await;
    let patient = ward.patient(&[]).await;
    let (mail, pager, notify) = (MailServer::start(), Pager::start().await, Notify::start().await);
    let wires =
        Wires { smtp_url: mail.url(), pager_url: Some(pager.url()), sms_url: Some(notify.url()), ..Wires::default() };
    let replica = ward.replica(&wires).await;
    pager.refuse([Answer::Status(503)]);
    let alert = open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    pager.wait_for(1).await;
    settled(&ward).await;

    let all = listed(&ward, &["--alert", "A1"]);
    assert_eq!(all.len(), 3, "{all:#?}");
    let over = |channel: &str| all.iter().find(|page| page["channel"] == channel).expect(channel);
    for page in &all {
        assert_eq!((page["to"].as_str(), page["proven"].as_bool()), (Some("ida"), Some(true)), "{page:#}");
        assert_eq!(page["state"], "sent", "{page:#}");
        let about = &page["about"][0];
        assert_eq!((about["alert"].as_str(), about["kind"].as_str()), (Some("A1"), Some("clinical")), "{page:#}");
        assert_eq!(about["team"], "Belper team");
        assert_eq!(about["why"][0], "step 1 of 3, because it is new");
        assert!(about["owner"].is_null() && about["acknowledged_at"].is_null(), "{page:#}");
    }
    let tries = |page: &Value| -> Vec<(i64, String, String)> {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let tries = page["tries"].as_array().expect("tries").iter();
        tries.map(|one| (one["n"].as_i64().expect("a number"), text(&one["outcome"]), text(&one["said"]))).collect()
    };
    let of_pager = tries(over("pager"));
    assert_eq!(of_pager[0], (1, "again".into(), "the pager service answered 503 Service Unavailable".into()));
    assert_eq!(of_pager[1].0, 2);
    assert_eq!((of_pager[1].1.as_str(), of_pager.len()), ("sent", 2));
    assert_eq!(over("pager")["switched_to"], over("sms")["page"]);
    assert_eq!(over("sms")["instead_of"], over("pager")["page"]);
    assert!(over("email")["instead_of"].is_null());
    assert_eq!(tries(over("email")), [(1, "sent".into(), "250 OK".into())]);
    assert!(tries(over("sms"))[0].2.starts_with("GOV.UK Notify answered 201 Created"), "{:?}", tries(over("sms")));

    does(&ward, alert, ida, Act::Acknowledge).await;
    let page = over("pager")["page"].as_str().expect("an id");
    let (_, life) = pages(&ward, &["--page", page]);
    for line in [
        "about   A1, high clinical, Belper team; ida has it since 2026-03-02T09:00:00Z",
        "why     step 1 of 3, because it is new",
        "to      ida by pager",
        "not taken, to be tried again: the pager service answered 503 Service Unavailable",
        "now     handed over",
        "went on over text message as page",
    ] {
        assert!(life.contains(line), "{line:?} is missing in\n{life}");
    }
    for secret in ["Dorothy", "Canary", "186/101", "+447700900123", "ida@example.org"] {
        assert!(
            !life.contains(secret) && !all.iter().any(|page| page.to_string().contains(secret)),
            "{secret}: {life}"
        );
    }
    assert_eq!((mail.mails().len(), notify.taken().len()), (1, 1));
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unsettled_is_said_by_the_exit_code_until_somebody_has_the_alert() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    sqlx::query("UPDATE contact_point SET address = 'refused@example.org' WHERE kind = 'email'")
        .execute(&ward.pool)
        .await
        .expect("changed");
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    assert_eq!(pages(&ward, &["--unsettled"]), (true, "There is no such page.\n".to_owned()));
    let alert = open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    let given_up = "SELECT state FROM page WHERE staff IS NOT NULL AND state = 'given_up'";
    for _ in 0..1000 {
        if !ward.lines(given_up).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (well, said) = pages(&ward, &["--unsettled", "--team", "Belper team"]);
    assert!(!well && said.contains("unsettled"), "{said}");
    assert!(said.contains("now     given up, and nobody has its alert"), "{said}");
    assert!(said.contains("given up: permanent error (550): 5.1.1 no such person here"), "{said}");

    does(&ward, alert, ida, Act::Acknowledge).await;
    let (well, said) = pages(&ward, &["--unsettled", "--team", "Belper team"]);
    assert!(well, "{said}");
    // It is there all the same.
    assert!(pages(&ward, &["--since", "1h"]).1.contains("now     given up"));
    let (well, said) = pages(&ward, &["--alert", "A4711"]);
    assert!(!well && said.contains("there is no alert A4711"), "{said}");
    let told: Vec<String> = mail.mails().into_iter().map(|mail| mail.to).collect();
    assert!(told.iter().all(|to| to == "operator@example.org"), "{told:?}");
    replica.stop().await;
    ward.expects("page given up; escalating");
    ward.close().await;
}
