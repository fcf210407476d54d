//! Lines that are cut: between phones and the service at every step of the conversation, between the service and its
//! database at any byte, and callers that go away while they are served.

use std::collections::HashMap;
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::Timestamp as SqlTimestamp;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use uuid::Uuid;

use super::items;
use super::trial::{Ground, Trial, instant};
use crate::harness::database::Database;
use crate::harness::link::{Cut, Link, Place, Way};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_at_any_step_of_the_conversation_loses_and_doubles_nothing() {
    let mut trial = Trial::shared(20).await;
    let mut cuts = Vec::new();
    for way in [Way::There, Way::Back] {
        cuts.extend((0..8).map(|messages| Cut::AfterMessages(way, messages)));
        // Through the request, hello and both batches; and through the answers to them.
        cuts.extend((1..60).map(|step| Cut::AfterBytes(way, step * 47)));
    }
    let phones = cuts.len();
    // Each phone's first connection meets a cut of its own; its second goes through.
    let mut cuts = cuts.into_iter();
    trial.link.weather(move |_| cuts.next());
    trial.add_phones(phones).await;
    trial.burst(3, 5);
    trial.answered().await;
    let (_, cut) = trial.link.counts();
    println!("{cut} of {phones} connections were cut");
    assert!(cut > phones * 3 / 4, "most conversations reach their cut: {cut} of {phones}");
    trial.must_be_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_days_offline_come_in_over_a_link_that_is_cut_every_few_frames() {
    const READINGS: i64 = 5_000;
    let mut trial = Trial::shared(21).await;
    // The first connection is cut after one message, the next after two, and so on to fifty.
    let mut cuts = (1..=50).map(|messages| Cut::AfterMessages([Way::There, Way::Back][messages % 2], messages));
    trial.link.lead_to(Vec::new());
    trial.add_phones(1).await;
    let phone = &mut trial.phones[0];
    let now = phone.now();
    let mut taken_at: Vec<Timestamp> =
        (0..READINGS).map(|n| now - SignedDuration::from_secs(n * 30 * 24 * 3600 / READINGS)).collect();
    // In any order: an outbox that was rescued knows none.
    trial.rng.shuffle(&mut taken_at);
    let mut sent: HashMap<String, Timestamp> = HashMap::new();
    for at in taken_at {
        let item = items::pulse(at, f64::from(trial.rng.u8(60..80)));
        sent.insert(item.id.to_string(), at);
        phone.submit(item);
    }
    trial.link.weather(move |_| cuts.next());
    trial.lead_link();
    trial.answered().await;
    println!("connections and cuts: {:?}", trial.link.counts());
    assert!(trial.link.counts().1 >= 5);

    let held: Vec<(String, SqlTimestamp)> =
        sqlx::query_as("SELECT context->>'id', effective_at FROM reading").fetch_all(&trial.pool).await.unwrap();
    assert_eq!(held.len(), sent.len());
    for (id, effective_at) in held {
        // The database keeps microseconds.
        let off = sent[&id].duration_since(effective_at.to_jiff()).abs();
        assert!(off < SignedDuration::from_micros(1), "{id}: {off:?} off");
    }
    trial.must_be_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_the_database_that_is_cut_at_any_byte_loses_nothing() {
    let database = Database::fresh().await;
    let (url, socket) = database.url.split_once("?host=").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let line = Link::open_at(&folder.path().join(".s.PGSQL.5432"), 22);
    line.lead_to(vec![Place::Unix(format!("{socket}/.s.PGSQL.5432").into())]);
    let through_line = format!("{url}?host={}", folder.path().display());
    let options = database.options.clone();
    let mut trial =
        Trial::with(Ground::Shared(Box::new(database)), options, ("DERWENT_DATABASE_URL", through_line), &[], 22).await;
    trial.add_phones(16).await;
    trial.burst(3, 5);
    trial.answered().await;
    line.weather(|rng| {
        let way = if rng.bool() { Way::There } else { Way::Back };
        Some(Cut::AfterBytes(way, rng.usize(500..30_000)))
    });
    line.cut_all();
    let begun = instant();
    while line.counts().1 < 30 && begun.elapsed() < Duration::from_secs(30) {
        trial.burst(5, 20);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    line.clear();
    line.cut_all();
    println!("connections to the database and cuts: {:?}", line.counts());
    assert!(line.counts().1 >= 30);
    trial.must_be_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_who_go_away_while_they_are_served_poison_no_connection() {
    let mut trial = Trial::shared(23).await;
    trial.add_phones(8).await;
    let origin = trial.link.origin.clone();
    let mut callers = tokio::task::JoinSet::new();
    for seed in 0..8 {
        let address = origin.trim_start_matches("http://").replace("localhost", "127.0.0.1");
        callers.spawn(async move {
            let mut rng = Rng::with_seed(seed);
            for _ in 0..300 {
                call_and_go(&address, &mut rng).await;
            }
        });
    }
    while !callers.is_empty() {
        trial.burst(1, 3);
        let _ = tokio::time::timeout(Duration::from_millis(200), callers.join_next()).await;
    }
    trial.must_be_sound().await;
}

/// Makes the service begin something in the database, and is gone at a moment by chance.
async fn call_and_go(address: &str, rng: &mut Rng) {
    let born = if rng.bool() { "1950-01-01" } else { "1951-02-02" };
    let enrol = format!(
        r#"{{"code":"{}","date_of_birth":"{born}","device":{{"name":"a","platform":"b","app_version":"1"}},"public_key":{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}}}"#,
        Uuid::from_u128(rng.u128(..)),
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    );
    let (path, body) = if rng.u8(..3) == 0 { ("challenge", String::new()) } else { ("enrol", enrol) };
    let request = format!(
        "POST /mobile/v1/{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("the link is there");
    stream.write_all(request.as_bytes()).await.expect("it takes a request");
    tokio::time::sleep(Duration::from_micros(rng.u64(..6_000))).await;
}
