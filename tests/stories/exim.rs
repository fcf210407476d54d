//! The mail server of most Debian machines: what it takes, refuses and puts off, and what becomes of the page.

use std::time::Duration;

use super::channels::pages_to;
use crate::harness::exim::Exim;
use crate::harness::notify::{self, Notify};
use crate::harness::service::{Options, Service, serve};
use crate::harness::ward::Ward;

async fn until(ward: &Ward, what: &'static str, says: &str) -> String {
    for _ in 0..6000 {
        let said = ward.lines(what).await.join("; ");
        if said.contains(says) {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} never said {says}: {:?}", ward.lines(what).await);
}

/// The mail that is this person's page, among others that they were sent.
async fn arrived(ward: &Ward, exim: &Exim, name: &str) -> String {
    let page = "SELECT page::text FROM page WHERE address = $1 || '@example.org' AND priority = 'high'";
    let page: String = sqlx::query_scalar(page).bind(name).fetch_one(&ward.pool).await.expect("a page");
    let id = format!("Message-ID: <{page}@localhost>");
    for _ in 0..6000 {
        if let Some(mail) = exim.mails(name).into_iter().find(|mail| mail.contains(&id)) {
            return mail;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} is not among {:?}; {}", exim.mails(name), exim.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn exim_takes_pages_over_starttls_from_who_signs_in_and_refuses_and_puts_off_for_good_reasons() {
    let exim = tokio::task::spawn_blocking(|| Exim::start("/bin/false")).await.expect("started");
    let (ward, notify) = (Ward::open("2026-03-02T09:00:00Z").await, Notify::start().await);
    let patient = ward.patient(&[]).await;
    pages_to(&ward, patient, &["ida@example.org", "ghost@example.org", "later@example.org"]).await;
    let mut command = serve(&Options {
        database_url: ward.database.url.clone(),
        care_time: None,
        smtp_url: exim.url(),
        pager_url: None,
    });
    command
        .env("SSL_CERT_FILE", exim.certificate())
        .env("DERWENT_SMS_URL", notify.url())
        .env("DERWENT_SMS_API_KEY", notify::API_KEY)
        .env("DERWENT_SMS_TEMPLATE", notify::TEMPLATE);
    let service = tokio::task::spawn_blocking(move || Service::try_start(command)).await.expect("started");
    let mut service = service.unwrap_or_else(|problem| panic!("{problem}"));
    service.expects("page given up; escalating");

    // Exim's own word for it: over TLS, from who signed in.
    let mail = arrived(&ward, &exim, "ida").await;
    assert!(mail.contains("with esmtpsa") && mail.contains("Envelope-to: ida@example.org"), "{mail}");

    let ghost = "SELECT state || ' ' || coalesce(last_error, '') FROM page WHERE address = 'ghost@example.org' AND priority = 'high'";
    let said = until(&ward, ghost, "given_up").await;
    assert!(said.contains("Unrouteable address"), "{said}");
    let log = exim.log();
    assert!(log.contains("rejected RCPT <ghost@example.org>"), "{log}");

    let later = "SELECT state || ' ' || attempts || ' ' || coalesce(last_error, '') FROM page WHERE address = 'later@example.org' AND priority = 'high'";
    until(&ward, later, "mailbox is full").await;
    assert!(exim.mails("later").is_empty());
    exim.opens();
    // The same page.
    arrived(&ward, &exim, "later").await;
    let said = until(&ward, later, "sent").await;
    assert!(!said.starts_with("sent 1 "), "{said}");

    // Who could not be reached by mail was told by telephone; who could, was not.
    let told = "SELECT address FROM page WHERE channel = 'sms' AND state = 'sent' AND priority = 'high' ORDER BY 1";
    assert_eq!(until(&ward, told, "02").await, "+447700900001; +447700900002");
    assert_eq!(notify.taken().len(), 2);
    until(&ward, "SELECT 'left: ' || count(*) FROM page WHERE state NOT IN ('sent', 'given_up')", "left: 0").await;
    assert!(service.end());
    ward.close().await;
}
