//! Ten thousand alerts that can wait, and one that cannot.

use alert_rules::Priority;

use crate::harness::alerts::{open_alert, open_alerts};
use crate::harness::mail::{Mail, MailServer};
use crate::harness::pager::Pager;
use crate::harness::service::{Options, Service, serve};
use crate::harness::ward::{Ward, at};

/// R15: ten seconds, which is what `wait_for` waits.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_low_alerts_keep_no_high_one_back_and_are_one_message() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    // Asleep: what is sent to them nobody answers.
    ward.on_roster("ida", "08:00-20:00").await;
    ward.on_roster("tom", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let problems: Vec<String> = (1..=10_000).map(|n| format!("problem {n}")).collect();
    open_alerts(&ward, patient, &problems, Priority::Low).await;
    let (mail, pager) = (MailServer::start(), Pager::start().await);
    let mut command = serve(&Options {
        database_url: ward.database.url.clone(),
        care_time: Some("2026-03-02T09:00:00Z".to_owned()),
        smtp_url: mail.url(),
        pager_url: Some(pager.url()),
    });
    command.env("DERWENT_OPERATOR_EMAIL", "operator@example.org");
    let mut service = tokio::task::block_in_place(|| Service::try_start(command)).unwrap_or_else(|why| panic!("{why}"));
    tokio::task::block_in_place(|| service.step("2026-03-03T07:59:58Z"));

    // The next working day begins: all of them are due, and one high comes in the same moment. The service works by itself.
    ward.clock.step(at("2026-03-03T08:00:00Z"));
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    service.run();
    let is_high = |mail: &Mail| mail.subject.starts_with("HIGH");
    let (mails, events) = tokio::join!(mail.wait_until(|mails| mails.iter().any(is_high)), pager.wait_for(1));
    let high = mails.iter().find(|mail| is_high(mail)).expect("a high one");
    assert_eq!((high.to.as_str(), events[0]["routing_key"].as_str()), ("ida@example.org", Some("ida")));

    // She sleeps: the next is told, whatever else there is to send.
    let told = |mails: &[Mail]| -> Vec<String> {
        mails
            .iter()
            .map(|mail| format!("{}: {}", mail.to.split('@').next().unwrap_or_default(), mail.subject))
            .collect()
    };
    let mut so_far = told(&mail.wait_for(2).await);
    so_far.sort();
    assert_eq!(so_far, ["ida: 10000 low alerts wait", "ida: HIGH A10001: acknowledge by 08:15"]);
    service.stand();
    tokio::task::block_in_place(|| service.step("2026-03-03T08:15:01Z"));
    ward.clock.step(at("2026-03-03T08:15:01Z"));
    assert_eq!(told(&mail.wait_for(3).await)[2], "tom: HIGH A10001: acknowledge by 08:30");
    assert_eq!(pager.wait_for(2).await.len(), 2);
    let body = mail.mails().into_iter().find(|mail| mail.subject.starts_with("10000")).expect("the bundle").body;
    assert!(body.contains("And 9950 more"), "{body}");
    assert_eq!(
        ward.count("SELECT count(*) FROM page_request WHERE came_to = 'page' AND priority = 'low'").await,
        10_000
    );
    assert!(service.end());
    ward.close().await;
}
