//! Crowds and noise at the real binary: whoever behaves is served meanwhile, and what is held in memory has an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use derwent::ingest::UNDECIDED_BYTES;
use derwent::random;
use mobile_api::decode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::raw::{BINARY, FIN, Heard, PING, Raw, TEXT, allow_descriptors, masked};
use super::{Town, connect, gauges, pressure, submit};

/// Sockets of each kind: together more than there are places on the doorstep.
const CROWD: usize = 2_100;
/// A connection that nobody knows, with all its buffers; measured at some 13 kB for a socket in this build.
const STRANGER_KB: usize = 40;
/// With two batches of the heaviest each they hand over more than there is room for.
const PHONES: usize = 14;

#[expect(clippy::disallowed_methods, reason = "a test on the machine's own time")]
fn begun() -> Instant {
    Instant::now()
}

fn resident_kb(town: &Town) -> usize {
    let pid = town.service.pid().as_raw_nonzero();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn assert_no_panic(town: &Town) {
    let log = std::fs::read_to_string(&town.service.log).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn thousands_who_never_come_to_the_point_keep_nobody_out() {
    allow_descriptors(2 * CROWD as u64);
    let town = Town::start().await;
    let (_, known) = town.person("Dorothy").await;
    let (_, newcomer) = town.person("Arthur").await;
    let mut line = connect(&known).await;
    let before_kb = resident_kb(&town);

    let coming = begun();
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        // A head without an end, and a socket without a word.
        let mut slow = Raw::connect(&town.service.origin).await;
        slow.stream.write_all(b"GET /mobile/v1/socket HTTP/1.1\r\nhost: ").await.unwrap();
        crowd.push(slow);
        let mut silent = Raw::connect(&town.service.origin).await;
        let request = "GET /mobile/v1/socket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: derwent.mobile.v1\r\n\r\n";
        silent.stream.write_all(request.as_bytes()).await.unwrap();
        crowd.push(silent);
    }
    println!("the crowd came in {:?}", coming.elapsed());
    let began = begun();
    assert_eq!(submit(&mut line, json!([pressure(128, 82, json!({}))])).await[0]["state"], "stored");
    let served_in = began.elapsed();
    let mut line = connect(&newcomer).await;
    assert_eq!(submit(&mut line, json!([pressure(128, 82, json!({}))])).await[0]["state"], "stored");
    let let_in = began.elapsed();
    println!("served in {served_in:?}, a newcomer let in and served in {let_in:?}");
    assert!(served_in < Duration::from_secs(5), "who is known waits for nobody: {served_in:?}");
    assert!(let_in < Duration::from_secs(9), "who says who they are gets in: {let_in:?}");
    let grown_kb = resident_kb(&town).saturating_sub(before_kb);
    println!("{} kB for each of {} strangers", grown_kb / crowd.len(), crowd.len());
    assert!(grown_kb < crowd.len() * STRANGER_KB, "{grown_kb} kB for {} strangers", crowd.len());

    let everybody_sent_away = async {
        for stranger in &mut crowd {
            let mut rest = Vec::new();
            // An end is an end, whether said or cut.
            let _ = stranger.stream.read_to_end(&mut rest).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), everybody_sent_away).await.expect("ten seconds are all they have");
    assert_no_panic(&town);
}

#[tokio::test]
async fn noise_ends_its_own_connection_and_nothing_else() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let (_, other) = town.person("Arthur").await;
    let mut neighbour = connect(&other).await;
    let huge = [vec![FIN | TEXT, 0x80 | 127], u64::MAX.to_be_bytes().to_vec(), vec![0; 4]].concat();
    let noises: [(&str, Vec<u8>); 7] = [
        ("another protocol", b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
        ("no UTF-8", masked(FIN | TEXT, b"\xff\xfe{}")),
        ("a frame without a mask", vec![FIN | TEXT, 2, b'{', b'}']),
        ("a reserved bit", masked(FIN | 0x40 | TEXT, b"{}")),
        ("an unknown kind of frame", masked(FIN | 5, b"{}")),
        ("a length beyond all measure", huge),
        ("over 128 KiB", masked(FIN | TEXT, &vec![b'x'; 129 * 1024])),
    ];
    for (what, bytes) in noises {
        for proven in [false, true] {
            let mut raw = if proven { Raw::prove(&device).await } else { Raw::upgrade(&town.service.origin).await.0 };
            // The service may hang up before it is all said.
            let _ = raw.stream.write_all(&bytes).await;
            let ended = tokio::time::timeout(Duration::from_secs(5), raw.ended()).await;
            let code = ended.unwrap_or_else(|_| panic!("{what} does not end the connection"));
            assert!(matches!(code, None | Some(1009 | 4009)), "{what}: {code:?}");
        }
    }
    // Whole frames that mean nothing are refused by name, and the connection goes on.
    let mut raw = Raw::prove(&device).await;
    let deep = format!(r#"{{"type":"submit","batch":1,"items":{}"#, "[".repeat(60_000));
    for (first, payload, reason) in [
        (BINARY, b"{}".to_vec(), "not_text"),
        (TEXT, deep.into_bytes(), "not_json"),
        (TEXT, vec![b'['; 64 * 1024], "not_json"),
        (TEXT, vec![b' '; 64 * 1024 + 1], "frame_too_big"),
        (TEXT, vec![b'x'; 128 * 1024], "frame_too_big"),
    ] {
        raw.frame(FIN | first, &payload).await.unwrap();
        assert_eq!(raw.until("refused").await["reason"], reason);
    }
    // A message in pieces, with pings between them.
    let message = json!({ "type": "submit", "batch": 7, "items": [pressure(128, 82, json!({}))] }).to_string();
    let last = message.len() - 1;
    for (at, piece) in message.as_bytes().chunks(1).enumerate() {
        let fin = if at == last { FIN } else { 0 };
        raw.frame(if at == 0 { TEXT } else { 0 } | fin, piece).await.unwrap();
        raw.frame(FIN | PING, b"still here").await.unwrap();
    }
    let stored = raw.until("receipt").await;
    assert_eq!(stored["items"][0]["state"], "stored");
    assert_eq!(submit(&mut neighbour, json!([pressure(128, 82, json!({}))])).await[0]["state"], "stored");
    assert_no_panic(&town);
}

/// As many values as a batch of the greatest size can hold: what it weighs in memory is a multiple of what it is.
fn heavy(batch: u64) -> Value {
    let mut item = pressure(128, 82, json!({}));
    item["of_a_later_version"] = json!(vec![1; 23_000]);
    json!({ "type": "submit", "batch": batch, "items": [item] })
}

#[tokio::test]
async fn over_the_budget_a_phone_waits_and_is_not_taken_for_dead_and_who_never_reads_is() {
    let town = gauges::town_with_gauges().await;
    let address = gauges::address(&town.service);
    let mut phones = Vec::new();
    for _ in 0..PHONES {
        let (_, device) = town.person("Dorothy").await;
        phones.push(Raw::prove(&device).await);
    }
    let fit = UNDECIDED_BYTES / decode::weight_bytes(&heavy(1).to_string());
    // Whoever waits with the first batch has not said the second.
    let waiting = (2 * PHONES + 1 - fit).div_ceil(2);
    assert!(waiting >= 3, "{fit} batches fit");
    let (_, late) = town.person("Arthur").await;
    let mut late = Raw::prove(&late).await;
    let (_, deaf) = town.person("Edith").await;
    let mut deaf = Raw::prove(&deaf).await;
    let (_, third) = town.person("Ida").await;
    let mut third = Raw::prove(&third).await;
    let before_kb = resident_kb(&town);

    // Whole batches of what is not known yet have long answers, and need no writer. They fill what the system keeps for somebody
    // who does not read; then it is the service that waits.
    let said = Arc::new(AtomicU64::new(0));
    let began = begun();
    let shouting = tokio::spawn({
        let said = said.clone();
        async move {
            let items: Vec<Value> =
                (0..200).map(|_| json!({ "id": random::new_id(), "kind": "k".repeat(60) })).collect();
            loop {
                let batch = said.fetch_add(1, Ordering::Relaxed);
                let text = json!({ "type": "submit", "batch": batch, "items": items }).to_string();
                if deaf.stream.write_all(&masked(FIN | TEXT, text.as_bytes())).await.is_err() {
                    return begun();
                }
            }
        }
    });
    let mut before = u64::MAX;
    while before != said.load(Ordering::Relaxed) {
        before = said.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    // Nothing can be decided while somebody holds the heads.
    let mut holding = town.store.owner.begin().await.unwrap();
    let lock = "SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE patient_head IN ACCESS EXCLUSIVE MODE";
    sqlx::raw_sql(lock).execute(&mut *holding).await.unwrap();
    let items = json!([pressure(128, 82, json!({}))]);
    for batch in 1..=3 {
        third.text(&json!({ "type": "submit", "batch": batch, "items": items })).await;
    }
    let refused = third.until("refused").await;
    assert_eq!((&refused["reason"], &refused["batch"]), (&json!("too_many_in_flight"), &json!(3)));
    for phone in &mut phones {
        phone.text(&heavy(1)).await;
        phone.text(&heavy(2)).await;
    }
    late.text(&heavy(1)).await;
    let is_full = async {
        loop {
            let (_, gauges) = gauges::scrape(&address).await;
            println!("{} {}", gauges["derwent_undecided_bytes"], gauges["derwent_refusals_total{reason=\"busy\"}"]);
            if gauges["derwent_refusals_total{reason=\"busy\"}"] >= waiting as f64 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), is_full)
        .await
        .expect("the budget is full, and each who waits is counted");

    loop {
        let heard =
            tokio::time::timeout(Duration::from_secs(45), late.hear()).await.expect("it is pinged all the same");
        match heard {
            Heard::Ping => break,
            Heard::Pong => {}
            Heard::Text(message) => assert_ne!(message["type"], "receipt", "nothing can be stored"),
            other => panic!("it was taken for dead: {other:?}"),
        }
    }
    println!("pinged after {:?}", began.elapsed());
    let grown_kb = resident_kb(&town).saturating_sub(before_kb);
    println!("{grown_kb} kB grown with the budget full");
    assert!(grown_kb < 128 * 1024, "twice 64 MiB bound what is undecided and unfinished: {grown_kb} kB");
    let sent_away =
        tokio::time::timeout(Duration::from_secs(30), shouting).await.expect("who never reads is sent away");
    println!("who never reads left after {:?}", sent_away.unwrap() - began);

    holding.rollback().await.unwrap();
    for phone in phones.iter_mut().chain([&mut late]) {
        assert_eq!(phone.until("receipt").await["items"][0]["state"], "stored");
    }
    assert_eq!(town.count("SELECT count(DISTINCT patient) FROM submission").await, PHONES as i64 + 2);
    assert_no_panic(&town);
}
