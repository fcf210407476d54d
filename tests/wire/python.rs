//! A client of which we wrote neither the WebSocket nor the cryptography, from the README alone.

use std::path::Path;
use std::time::{Duration, Instant};

use derwent::store::enrolment_code::Whose;
use serde_json::Value;

use super::{BORN, Town};
use crate::harness::database::Database;
use crate::harness::mail::MailServer;
use crate::harness::pager::Pager;
use crate::harness::service::{Options, Service, derwent};

/// From the phone's first word to the mail and the page. Generous: the machine may be busy with other tests.
const SECONDS_TO_A_PERSON: Duration = Duration::from_secs(15);

/// Enrols and submits one blood pressure; what it heard.
async fn client(origin: &str, code: &str, born: &str, systolic: &str, diastolic: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".cache/python/bin/python");
    assert!(python.exists(), "the Python tools are missing: run `make python`");
    let output = tokio::process::Command::new(python)
        .arg(root.join("tests/wire/client.py"))
        .args([origin, code, born, systolic, diastolic])
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_python_client_written_from_the_readme_gets_stored_and_checked() {
    let town = Town::start().await;
    let patient = town.patient("Dorothy").await;
    let code = town.code(Whose::Patient(patient), &[patient], None).await;
    let heard = client(&town.service.origin, &code, &BORN.to_string(), "128", "82").await;
    assert_eq!(heard["given_name"], "Dorothy");
    assert_eq!(
        (&heard["state"], &heard["seq"], &heard["checked"]),
        (&Value::from("stored"), &Value::from(1), &Value::from(1))
    );
}

#[expect(clippy::disallowed_methods, reason = "a test on the machine's own time")]
fn begun() -> Instant {
    Instant::now()
}

/// `derwent admin … --json`, as a program that nobody here wrote would call it.
fn admin(database: &Database, arguments: &[&str]) -> Value {
    let output = derwent()
        .args(["admin", "--json"])
        .args(arguments)
        .env("DERWENT_DATABASE_URL", &database.url)
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_outside_phone_to_a_mail_and_a_page_within_seconds() {
    let database = Database::fresh().await;
    let (mail, pager) = (MailServer::start(), Pager::start().await);
    let made = admin(&database, &["organisation", "add", "--name", "Belper", "--time-zone", "Europe/London"]);
    let organisation = made["organisation"].as_str().unwrap();
    #[rustfmt::skip]
    let made = admin(&database, &[
        "team", "add", "--organisation", organisation, "--name", "Belper team", "--phone", "01773 555 010", "--cover", "all-day",
    ]);
    let team = made["team"].as_str().unwrap();
    #[rustfmt::skip]
    let ida = admin(&database, &[
        "staff", "add", "--organisation", organisation, "--team", team, "--name", "Ida Shaw", "--email", "ida@example.org",
        "--pager-key", "ida-routing-key",
    ]);
    database.packs_signed_by(ida["staff"].as_str().unwrap()).await;
    admin(&database, &["roster", "set", "--team", team, "--shift", "ida@example.org=all-day"]);
    #[rustfmt::skip]
    let made = admin(&database, &[
        "patient", "add", "--team", team, "--given-name", "Dorothy", "--family-name", "Marsh", "--born", "1947-03-09",
        "--pack", "hypertension", "--tag", "pregnant=no", "--code",
    ]);
    let code = made["code"].as_str().unwrap_or_else(|| panic!("no code in {made}"));
    let service = Service::start(&Options {
        database_url: database.url.clone(),
        care_time: None,
        smtp_url: mail.url(),
        pager_url: Some(pager.url()),
    });

    let started = begun();
    let heard = client(&service.origin, code, "1947-03-09", "220", "100").await;
    assert_eq!((&heard["state"], &heard["seq"]), (&Value::from("stored"), &Value::from(1)));
    let (mails, pages) = (mail.wait_for(1).await, pager.wait_for(1).await);
    assert!(started.elapsed() < SECONDS_TO_A_PERSON, "it took {:?}", started.elapsed());
    assert_eq!(mails[0].to, "ida@example.org");
    assert_eq!(pages[0]["routing_key"], "ida-routing-key");
    for text in [&mails[0].subject, &mails[0].body, &pages[0].to_string()] {
        for private in ["Dorothy", "Marsh", "220"] {
            assert!(!text.contains(private), "{private} in {text}");
        }
    }
}
