//! The ways out, each against something that nobody here wrote or in its published shape, and what happens when one is dead.

use std::collections::BTreeSet;
use std::time::Duration;

use derwent::mail::{Letter, Mailer};
use derwent::notify::channel::Channels;
use derwent::notify::retry::Failure;
use derwent::random;
use derwent::store::alert::Act;
use derwent::store::page::{self, Channel, NewPage, Taken};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::alerts::{close, does, open_alert};
use crate::harness::hook::Hook;
use crate::harness::mail::MailServer;
use crate::harness::notify::{self, Notify};
use crate::harness::pager::{Answer, Pager};
use crate::harness::python;
use crate::harness::replica::{Wires, config};
use crate::harness::service::{Options, Service, serve};
use crate::harness::ward::{WEBHOOK_SECRET, Ward};
use alert_rules::Priority;

/// The switch of R16.
const MINUTE: Duration = Duration::from_secs(60);

fn page_to(channel: Channel, address: &str) -> Taken {
    Taken {
        page: random::new_id(),
        lease: random::new_id(),
        alerts: vec![random::new_id()],
        answers: None,
        address: address.to_owned().into(),
        secret: (channel == Channel::Webhook).then(|| WEBHOOK_SECRET.to_owned().into()),
        priority: "high".into(),
        subject: "HIGH A1: acknowledge by 09:15".into(),
        body: "HIGH alert A1, Belper team. Ring 01773 000000.".into(),
        test: false,
        to_operator: false,
        to_nobody: false,
        attempts: 1,
    }
}

fn to_folder() -> String {
    format!("file:{}", tempfile::tempdir().expect("a folder").keep().display())
}

async fn send(wires: &Wires, channel: Channel, page: &Taken) -> Result<(), (Failure, bool, String)> {
    let channels = Channels::open(&config(wires), None).expect("channels");
    let now = derwent::clock::Clock::ordinary().machine_now();
    let sent = channels.send(channel, true, page, now).await;
    sent.result.map(drop).map_err(|not_sent| (not_sent.failure, not_sent.of_channel, not_sent.error))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_rings_again_for_each_page_and_stops_when_somebody_acts() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let (mail, pager) = (MailServer::start(), Pager::start().await);
    let wires = Wires { smtp_url: mail.url(), pager_url: Some(pager.url()), ..Wires::default() };
    let replica = ward.replica(&wires).await;
    let alert = open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    let told = |events: &[Value]| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events.iter().map(|event| (text(&event["event_action"]), text(&event["dedup_key"]))).collect()
    };
    let first = told(&pager.wait_for(1).await)[0].1.clone();

    // Nobody answers: it rings again, under another key, and the incident before it is over.
    replica.step("2026-03-02T09:15:00Z").await;
    assert_eq!(mail.wait_for(2).await.len(), 2);
    let events = told(&pager.wait_for(3).await);
    let second = events[1].1.clone();
    assert_eq!(events[1..], [("trigger".to_owned(), second.clone()), ("resolve".to_owned(), first.clone())]);
    assert_ne!(first, second);

    does(&ward, alert, ida, Act::Acknowledge).await;
    replica.settle().await;
    assert_eq!(told(&pager.wait_for(4).await)[3], ("acknowledge".to_owned(), second.clone()));
    // The service is busy, and is told all the same.
    pager.refuse([Answer::Status(429)]);
    does(&ward, alert, ida, close()).await;
    for _ in 0..1000 {
        replica.settle().await;
        if pager.events().len() == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let events = told(&pager.events());
    assert_eq!(events[4..], [("resolve".to_owned(), second)]);
    replica.settle().await;
    assert_eq!(pager.events().len(), 5, "and no more");
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_a_pager_keeps_the_published_limits_and_each_answer_says_again_or_never() {
    let pager = Pager::start().await;
    let wires = Wires { smtp_url: to_folder(), pager_url: Some(pager.url()), ..Wires::default() };
    let mut page = page_to(Channel::Pager, "e93facc04764012d7bfb002500d5d1a6");
    page.subject = "\u{1F6A8}".repeat(2000);
    page.body = "\u{1F6A8}\"\n".repeat(400_000);
    send(&wires, Channel::Pager, &page).await.expect("taken");
    let event = pager.events().remove(0);
    assert_eq!(event["payload"]["summary"].as_str().expect("text").chars().count(), 1024);
    assert_eq!(event["dedup_key"], json!(page.page));

    for (status, failure, of_channel) in [
        (400, Failure::Permanent, false),
        (429, Failure::Passing, true),
        (500, Failure::Passing, true),
        (503, Failure::Passing, true),
    ] {
        pager.refuse([Answer::Status(status)]);
        let (said, down, error) = send(&wires, Channel::Pager, &page).await.expect_err("refused");
        assert_eq!((said, down), (failure, of_channel), "{status}: {error}");
        assert!(!error.contains("e93facc"), "{error}");
    }
    assert_eq!(pager.events().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_message_is_asked_for_as_govuk_notifys_own_client_asks() {
    let notify = Notify::start().await;
    let wires = Wires { smtp_url: to_folder(), sms_url: Some(notify.url()), ..Wires::default() };
    let page = page_to(Channel::Sms, "+447700900001");
    send(&wires, Channel::Sms, &page).await.expect("taken");
    let url = notify.url();
    let (reference, text) = (page.page.to_string(), page.body.clone());
    let answer = tokio::task::spawn_blocking(move || {
        let arguments = ["notify", &url, notify::API_KEY, notify::TEMPLATE, "+447700900001", &reference, &text];
        python::run("clients.py", &arguments, "")
    });
    let answer: Value = serde_json::from_str(&answer.await.expect("asked")).expect("JSON");
    assert_eq!(answer["content"]["body"], json!(page.body));
    let taken = notify.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0], taken[1], "ours, and theirs");

    for (number, failure, of_channel, says) in [
        ("+447700900400", Failure::Permanent, false, "ValidationError"),
        ("+447700900403", Failure::Passing, true, "AuthError"),
        ("+447700900429", Failure::Passing, true, "RateLimitError"),
        ("+447700900500", Failure::Passing, true, "Exception"),
    ] {
        let (said, down, error) = send(&wires, Channel::Sms, &page_to(Channel::Sms, number)).await.expect_err(number);
        assert_eq!((said, down), (failure, of_channel), "{number}: {error}");
        assert!(error.contains(says) && !error.contains(number), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_verified_by_the_specifications_own_library_and_follows_no_redirect() {
    let hook = Hook::start().await;
    let wires = Wires { smtp_url: to_folder(), webhooks: true, ..Wires::default() };
    let page = page_to(Channel::Webhook, &hook.url("accepts"));
    send(&wires, Channel::Webhook, &page).await.expect("taken");
    send(&wires, Channel::Webhook, &page).await.expect("taken again");
    let deliveries = hook.deliveries();
    let id = |n: usize| deliveries[n].header("webhook-id").to_owned();
    assert_eq!((id(0), id(1)), (page.page.to_string(), page.page.to_string()), "a repeat is recognised");
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!(deliveries[0].header(name)))).collect();
    let delivery = json!({ "headers": headers, "body": deliveries[0].text() }).to_string();
    let verified =
        tokio::task::spawn_blocking(move || python::run("clients.py", &["webhook", WEBHOOK_SECRET], &delivery));
    let verified: Value = serde_json::from_str(&verified.await.expect("verified")).expect("JSON");
    assert_eq!((&verified["type"], &verified["data"]["text"]), (&json!("page"), &json!(page.body)));

    for (path, failure) in [("gone", Failure::Gone), ("broken", Failure::Passing), ("elsewhere", Failure::Permanent)] {
        let page = page_to(Channel::Webhook, &hook.url(path));
        let (said, down, error) = send(&wires, Channel::Webhook, &page).await.expect_err(path);
        assert_eq!((said, down), (failure, false), "{path}: {error}");
    }
    let paths: Vec<String> = hook.deliveries().into_iter().map(|delivery| delivery.path).collect();
    assert_eq!(paths, ["accepts", "accepts", "gone", "broken", "elsewhere"], "nothing was sent where a redirect led");
}

/// `localhost` is a name: it is looked up, found to be this machine, and nothing is connected to.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_name_leads_inside_reaches_nothing() {
    let hook = Hook::start().await;
    let mut config = config(&Wires { smtp_url: to_folder(), webhooks: true, ..Wires::default() });
    config.webhook_networks = vec!["public".parse().expect("a network"), "10.0.0.0/8".parse().expect("a network")];
    let channels = Channels::open(&config, None).expect("channels");
    let now = derwent::clock::Clock::ordinary().machine_now();
    let sent = channels.send(Channel::Webhook, true, &page_to(Channel::Webhook, &hook.url("accepts")), now).await;
    let error = sent.result.expect_err("not sent").error;
    assert!(error.contains("private or local"), "{error}");
    assert!(hook.deliveries().is_empty());
}

/// Pages that are there, each to somebody of their own with this address and a telephone.
pub(super) async fn pages_to(ward: &Ward, patient: Uuid, addresses: &[&str]) {
    ward.on_roster("ida", "08:00-20:00").await;
    let now = ward.clock.machine_now();
    let mut pages = Vec::new();
    for (n, address) in addresses.iter().enumerate() {
        let staff = ward.staff(&format!("nurse {n}")).await;
        let contact_point = Some(ward.contact(staff, Channel::Email, address).await);
        ward.contact(staff, Channel::Sms, &format!("+4477009000{n:02}")).await;
        let alert = open_alert(ward, patient, &format!("nothing to page {n}"), Priority::Low).await;
        pages.push(NewPage {
            page: random::new_id(),
            alerts: vec![alert],
            requests: Vec::new(),
            saw: vec![1],
            answers: None,
            organisation: Some(ward.organisation),
            team: Some(ward.team),
            staff: Some(staff),
            channel: Channel::Email,
            contact_point,
            address: (*address).to_owned().into(),
            priority: "high".into(),
            subject: "HIGH A1".into(),
            body: "High.".into(),
        });
    }
    let mut tx = ward.pool.begin().await.expect("a transaction");
    page::insert(&mut tx, &pages, ward.clock.care_now(), now).await.expect("written");
    tx.commit().await.expect("committed");
}

/// Until so many text messages were taken: R16.
async fn within_a_minute(notify: &Notify, count: usize) {
    let switched = async {
        while notify.taken().len() < count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(MINUTE, switched).await.unwrap_or_else(|_| panic!("only {} of {count}", notify.taken().len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_swallows_refuses_stalls_or_drips_has_the_page_go_another_way_within_a_minute() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let patient = ward.patient(&[]).await;
    let (mail, notify) = (MailServer::start(), Notify::start().await);
    let dead = ["black-hole", "refused", "later-99", "stalls", "broken", "drips"];
    let addresses: Vec<String> = dead.iter().map(|name| format!("{name}@example.org")).collect();
    pages_to(&ward, patient, &addresses.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let wires = Wires { smtp_url: mail.url(), sms_url: Some(notify.url()), ..Wires::default() };
    let replica = ward.replica(&wires).await;
    within_a_minute(&notify, dead.len()).await;
    // One that stalls has taken it, and did not say so: the person may hear of it twice, never not at all.
    // Perhaps the operator has heard of it by then.
    let told = |to: &str| ["stalls@example.org", "operator@example.org"].contains(&to);
    assert!(mail.mails().iter().all(|mail| told(&mail.to)), "{:?}", mail.mails());
    replica.stop().await;
    let _of_the_operator = mail.mails();
    // Refused for good, and still tried.
    for left in ["page given up; escalating", "a page over email is"] {
        ward.expects(left);
    }
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_fails_tls_or_has_no_name_has_the_page_go_another_way_within_a_minute() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = certificate(&folder).await;
    let mail = MailServer::start_with(&["--starttls", &cert, &key]);
    let wrapped = MailServer::start_with(&["--tls", &cert, &key]);
    for url in [
        format!("smtp://localhost:{}?tls=required", mail.port()),
        format!("smtps://localhost:{}", mail.port()),
        format!("smtps://localhost:{}", wrapped.port()),
        "smtp://no-such-host.invalid:25".to_owned(),
    ] {
        let ward = Ward::open("2026-03-02T09:00:00Z").await;
        let patient = ward.patient(&[]).await;
        let notify = Notify::start().await;
        pages_to(&ward, patient, &["ida@example.org"]).await;
        let wires = Wires { smtp_url: url, sms_url: Some(notify.url()), ..Wires::default() };
        let replica = ward.replica(&wires).await;
        within_a_minute(&notify, 1).await;
        replica.stop().await;
        ward.expects("a page over email is");
        ward.close().await;
    }
    let came = [mail.mails(), wrapped.mails()].concat();
    assert!(came.is_empty(), "nothing went out in the clear, or to whom nobody vouches for: {came:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_fails_again_and_again_is_told_to_the_operator_and_bundles_take_another() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let patient = ward.patient(&[]).await;
    let (mail, pager) = (MailServer::start(), Pager::start().await);
    pager.refuse([Answer::Status(500); 5]);
    let wires = Wires { smtp_url: mail.url(), pager_url: Some(pager.url()), ..Wires::default() };
    let channels = Channels::open(&config(&wires), None).expect("channels");
    let now = ward.clock.machine_now();
    for n in 1..=5 {
        assert_eq!(channels.down().contains(&Channel::Pager), n > 5);
        let sent = channels.send(Channel::Pager, true, &page_to(Channel::Pager, "key"), now).await;
        assert_eq!(sent.news.is_some(), n == 5, "failure {n}");
    }
    assert_eq!(channels.down(), [Channel::Pager]);
    // What is not high waits, but for a probe; what is high is a probe.
    let held = channels.send(Channel::Pager, false, &page_to(Channel::Pager, "key"), now).await;
    assert!(held.result.is_err() && pager.events().is_empty());
    let sent = channels.send(Channel::Pager, true, &page_to(Channel::Pager, "key"), now).await;
    assert!(sent.result.is_ok() && sent.news.is_some() && channels.down().is_empty());

    // And in the service: the operator hears of it, and that it is over.
    ward.on_roster("ida", "08:00-20:00").await;
    pager.refuse([Answer::Status(500); 5]);
    let replica = ward.replica(&wires).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    let problem = "SELECT coalesce(outcome, 'open') FROM alert WHERE problem = 'the pager service does not work'";
    for _ in 0..6000 {
        replica.settle().await;
        if ward.lines(problem).await == ["it works again"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ward.lines(problem).await, ["it works again"]);
    let told: Vec<String> = mail.wait_for(2).await.into_iter().map(|mail| mail.to).collect();
    assert!(
        told.contains(&"operator@example.org".to_owned()) && told.contains(&"ida@example.org".to_owned()),
        "{told:?}"
    );
    assert_eq!(pager.events().len(), 2, "once by hand, and once by the service when it worked again");
    replica.stop().await;
    ward.expects("a channel does not work");
    ward.close().await;
}

fn letter_to(to: &'static str) -> Letter<'static> {
    Letter {
        id: random::new_id(),
        to,
        subject: "HIGH A1 & <A2>",
        body: "It waits.\nStill & <waits>.\n\nhttps://derwent.example/staff/alerts/A1\n",
        important: true,
        of_page: true,
        answers: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_mail_server_are_used_again_unless_a_conversation_was_left_in_the_middle() {
    let mail = MailServer::start();
    let config = config(&Wires::to(&mail));
    let mailer = Mailer::open(&config, &config.origin()).expect("a mailer");
    let send = async |to: &'static str, limit: Duration| mailer.send(&letter_to(to), limit).await;
    let patience = Duration::from_secs(20);
    // A connection is put back a moment after its letter has gone.
    let mut count = 0;
    loop {
        send("ida@example.org", patience).await.expect("sent");
        count += 1;
        let mails = mail.wait_for(count).await;
        let connections: BTreeSet<u16> = mails.iter().map(|mail| mail.connection).collect();
        if connections.len() < mails.len() {
            break;
        }
        assert!(count < 50, "none was used again: {connections:?}");
    }
    let mails = mail.mails();
    assert!(mails[0].body.contains("Still & <waits>."), "{}", mails[0].body);
    let link = r#"<a href="https://derwent.example/staff/alerts/A1">https://derwent.example/staff/alerts/A1</a>"#;
    assert!(mails[0].html.contains(link) && !mails[0].html.contains("<waits>"), "{}", mails[0].html);
    for header in ["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", "Importance: high"] {
        assert!(mails[0].raw.contains(header), "{header} is not in {}", mails[0].raw);
    }

    send("stalls@example.org", Duration::from_secs(1)).await.expect_err("no answer");
    let left = mail.wait_for(count + 1).await[count].connection;
    for n in 1..=5 {
        send("ida@example.org", patience).await.expect("sent");
        assert_ne!(mail.wait_for(count + 1 + n).await[count + n].connection, left, "that one was left in the middle");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_connections_that_all_fell_silent_cost_a_page_two_seconds_and_not_its_minute() {
    let mail = MailServer::start();
    let config = config(&Wires::to(&mail));
    let mailer = Mailer::open(&config, &config.origin()).expect("a mailer");
    let send = async |to: &'static str| mailer.send(&letter_to(to), Duration::from_secs(20)).await.expect("sent");
    futures_util::future::join_all((0..12).map(|_| send("lonely@example.org"))).await;
    let mails = mail.wait_for(12).await;
    assert_eq!(mails.iter().map(|mail| mail.connection).collect::<BTreeSet<u16>>().len(), 12);
    send("ida@example.org").await;
    assert_eq!(mail.wait_for(13).await[12].to, "ida@example.org");
}

pub(super) async fn certificate(folder: &tempfile::TempDir) -> (String, String) {
    let path = folder.path().display().to_string();
    let made = path.clone();
    tokio::task::spawn_blocking(move || python::run("certificate.py", &[&made], "")).await.expect("made");
    (format!("{path}/cert.pem"), format!("{path}/key.pem"))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_over_starttls_and_over_tls_with_a_password_to_whom_the_system_trusts() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = certificate(&folder).await;
    for (option, scheme, query) in [("--starttls", "smtp", "?tls=required"), ("--tls", "smtps", "")] {
        let ward = Ward::open("2026-03-02T09:00:00Z").await;
        let patient = ward.patient(&[]).await;
        let mail = MailServer::start_with(&[option, &cert, &key, "--login", "derwent", "river"]);
        pages_to(&ward, patient, &["ida@example.org"]).await;
        let mut command = serve(&Options {
            database_url: ward.database.url.clone(),
            care_time: Some("2026-03-02T09:00:00Z".to_owned()),
            smtp_url: format!("{scheme}://derwent:river@localhost:{}{query}", mail.port()),
            pager_url: None,
        });
        command.env("SSL_CERT_FILE", &cert);
        let service = tokio::task::spawn_blocking(move || Service::try_start(command)).await.expect("started");
        let mut service = service.unwrap_or_else(|problem| panic!("{problem}"));
        service.step("2026-03-02T09:00:00Z");
        let mails = mail.wait_for(1).await;
        assert!(mails[0].tls && mails[0].login.as_deref() == Some("derwent"), "{:?}", mails[0]);
        assert!(service.end());
        ward.close().await;
    }
}
