//! Notifications in browsers: sealed and signed as others read them, and what happens when a browser wants no more.

use alert_rules::Priority;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use derwent::store::page::Channel;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::alerts::open_alert;
use crate::harness::hook::{Delivery, Hook};
use crate::harness::mail::MailServer;
use crate::harness::python;
use crate::harness::replica::Wires;
use crate::harness::ward::Ward;

struct Browser(Value);

impl Browser {
    async fn new() -> Self {
        let made = tokio::task::spawn_blocking(|| python::run("clients.py", &["browser"], "")).await.expect("made");
        Self(serde_json::from_str(&made).expect("JSON"))
    }

    fn keys(&self) -> String {
        format!("{}.{}", self.0["p256dh"].as_str().expect("a key"), self.0["auth"].as_str().expect("a secret"))
    }

    /// Verified and opened by libraries that nobody here wrote.
    async fn reads(&self, delivery: &Delivery) -> Value {
        let given = json!({
            "authorization": delivery.header("authorization"),
            "body": BASE64_STANDARD.encode(&delivery.body),
            "private": self.0["private"],
        })
        .to_string();
        let read = tokio::task::spawn_blocking(move || python::run("clients.py", &["notification"], &given));
        serde_json::from_str(&read.await.expect("read")).expect("JSON")
    }
}

/// Ida is on duty, with an e-mail address and a browser whose push service behaves like `path`.
async fn ward_with(browser: &Browser, hook: &Hook, path: &str) -> (Ward, Uuid) {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    ward.contact_with(ida, Channel::WebPush, &hook.url(path), Some(&browser.keys())).await;
    (ward, ida)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_high_page_comes_up_in_a_browser_which_alone_reads_it() {
    let (mail, hook, browser) = (MailServer::start(), Hook::start().await, Browser::new().await);
    let (ward, _) = ward_with(&browser, &hook, "accepts").await;
    let patient = ward.patient(&[]).await;
    let wires = Wires { smtp_url: mail.url(), browsers: true, ..Wires::default() };
    let replica = ward.replica(&wires).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    assert_eq!(mail.wait_for(1).await.len(), 1, "and an e-mail: two kinds");
    let deliveries = hook.deliveries();
    let [delivery] = deliveries.as_slice() else { panic!("{deliveries:?}") };
    assert_eq!(["ttl", "urgency", "content-encoding"].map(|name| delivery.header(name)), ["900", "high", "aes128gcm"]);
    let sealed = String::from_utf8_lossy(&delivery.body);
    assert!(delivery.body.len() <= 4096 && !sealed.contains("HIGH"), "{sealed}");

    let read = browser.reads(delivery).await;
    let message = &read["message"];
    assert!(message["subject"].as_str().is_some_and(|subject| subject.starts_with("HIGH A")), "{message}");
    assert!(message["link"].as_str().is_some_and(|link| link.contains("derwent.example/staff/alerts/A")), "{message}");
    let text = message["text"].as_str().expect("a text");
    assert!(text.contains("Belper team") && !text.contains("https://") && !text.contains("Canary"), "{text}");
    let claims = &read["claims"];
    let origin = hook.url("").trim_end_matches('/').to_owned();
    assert_eq!((&claims["aud"], &claims["sub"]), (&json!(origin), &json!("mailto:operator@example.org")));
    let lasts = claims["exp"].as_i64().expect("an end") - ward.clock.machine_now().as_second();
    assert!((0..=24 * 3600).contains(&lasts), "{lasts} s");

    // The next step rings again; another replica signs with the same key, or the browser would not listen to it.
    replica.stop().await;
    let replica = ward.replica(&wires).await;
    replica.step("2026-03-02T09:15:00Z").await;
    mail.wait_for(2).await;
    let key = |n: usize| hook.deliveries()[n].header("authorization").split(",k=").nth(1).map(str::to_owned);
    assert_eq!(key(0), key(1));
    assert_ne!(key(0), None);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_wants_no_more_is_taken_away_and_its_owner_is_told() {
    let (mail, hook, browser) = (MailServer::start(), Hook::start().await, Browser::new().await);
    let (ward, ida) = ward_with(&browser, &hook, "gone").await;
    let patient = ward.patient(&[]).await;
    let replica = ward.replica(&Wires { smtp_url: mail.url(), browsers: true, ..Wires::default() }).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    let mut told: Vec<(String, String)> =
        mail.wait_for(2).await.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    told.sort();
    assert!(told.iter().all(|(to, _)| to == "ida@example.org"), "{told:?}");
    assert!(told[0].1.starts_with("HIGH A"), "the alert reached her another way: {told:?}");
    assert_eq!(told[1].1, "You are not paged by browser notification any more");
    assert_eq!(hook.deliveries().len(), 1, "it is not asked again");
    assert_eq!(ward.lines("SELECT kind FROM contact_point ORDER BY kind").await, ["email", "pager"]);
    let audited =
        "SELECT actor || ' ' || what || ' ' || (detail ->> 'kind') FROM audit WHERE what = 'staff.contact_removed'";
    assert_eq!(ward.lines(audited).await, ["service staff.contact_removed web_push"]);
    assert_eq!(
        ward.lines("SELECT problem FROM alert WHERE organisation IS NULL").await,
        [""; 0],
        "nobody else's to mend"
    );

    // The next is sent where she still can be told, and nothing is left of the browser but its past.
    replica.step("2026-03-02T09:15:00Z").await;
    assert_eq!(mail.wait_for(3).await[2].to, "ida@example.org");
    assert_eq!(hook.deliveries().len(), 1);

    // A browser that was all she had: the operator hears of it at once, and she where she signs in.
    sqlx::query("DELETE FROM contact_point").execute(&ward.pool).await.expect("deleted");
    ward.contact_with(ida, Channel::WebPush, &hook.url("gone"), Some(&browser.keys())).await;
    replica.step("2026-03-02T09:30:00Z").await;
    let told: Vec<String> =
        mail.wait_for(6).await.into_iter().skip(3).map(|mail| format!("{}: {}", mail.to, mail.subject)).collect();
    let news = "ida@example.org: You are not paged by browser notification any more".to_owned();
    assert!(told.contains(&news), "{told:?}");
    let operator = "SELECT problem FROM alert WHERE organisation IS NULL AND problem LIKE 'no contact point%'";
    assert_eq!(ward.lines(operator).await, ["no contact point: ida"]);
    assert_eq!(hook.deliveries().len(), 2);
    replica.stop().await;
    ward.close().await;
}
