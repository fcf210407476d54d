//! Whatever a phone sends: named, on record, and never anybody else's trouble.

use derwent::phone::Line;
use derwent::random;
use jiff::{SignedDuration, Timestamp};
use mobile_api::message::ServerMessage;
use mobile_api::time::PhoneTime;
use serde_json::{Value, json};

use super::{Town, closed, connect, hear, now, pressure, reading, submit};

fn glucose(value: Value, fields: Value) -> Value {
    reading("glucose", json!({ "glucose": value }), fields)
}

async fn refused_frame(line: &mut Line, text: String) -> String {
    line.say_text(text).await.unwrap();
    hear(line, |message| match message {
        ServerMessage::Refused(refused) => Some(refused.refusal.reason.wire().to_owned()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn bad_frames_are_refused_by_name_and_the_connection_goes_on() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    for (text, reason) in [
        ("this is not JSON".to_owned(), "not_json"),
        ("[1,2]".to_owned(), "not_json"),
        (json!({ "items": [] }).to_string(), "type_missing"),
        (json!({ "type": "dance" }).to_string(), "type_unknown"),
        (json!({ "type": "submit", "items": [] }).to_string(), "field_missing"),
        (json!({ "type": "submit", "batch": 1, "items": vec![json!({}); 201] }).to_string(), "batch_too_long"),
        (
            json!({ "type": "submit", "batch": 1, "items": [], "fill": "x".repeat(50 * 1024) }).to_string(),
            "batch_too_big",
        ),
        (
            json!({ "type": "submit", "batch": 1, "items": [], "fill": "x".repeat(70 * 1024) }).to_string(),
            "frame_too_big",
        ),
        (json!({ "type": "shown", "id": 7 }).to_string(), "field_invalid"),
    ] {
        assert_eq!(refused_frame(&mut line, text).await, reason);
    }
    assert_eq!(submit(&mut line, json!([pressure(128, 82, json!({}))])).await[0]["state"], "stored", "it goes on");
}

#[tokio::test]
async fn a_frame_beyond_all_measure_closes_that_connection_alone() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let (_, other) = town.person("Arthur").await;
    let mut neighbour = connect(&other).await;
    let mut line = connect(&device).await;
    line.say_text("x".repeat(200 * 1024)).await.ok();
    let code = closed(&mut line).await;
    assert!(matches!(code, Some(1009) | None), "1009, or cut off before it could be read: {code:?}");
    assert_eq!(submit(&mut neighbour, json!([pressure(128, 82, json!({}))])).await[0]["state"], "stored");
}

#[tokio::test]
async fn whoever_does_not_say_hello_first_is_closed() {
    let town = Town::start().await;
    super::install_crypto();
    let mut socket = derwent::phone::Socket::open(&town.service.origin).await.unwrap();
    socket.hear().await.unwrap();
    socket.say(json!({ "type": "submit", "batch": 1, "items": [] }).to_string()).await.unwrap();
    assert!(socket.hear().await.unwrap().contains("out_of_turn"));
    assert!(socket.hear().await.unwrap().contains("protocol_error"));
    assert_eq!(socket.hear().await.unwrap_err().code(), Some(4009));
}

#[tokio::test]
async fn each_bad_item_is_refused_alone_with_its_reason_and_kept_on_record_once() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    let number = |value: Value, unit: &str| json!({ "value": value, "unit": unit });
    let mut no_id = pressure(128, 82, json!({}));
    no_id["id"] = json!("not a uuid");
    let items = [
        (glucose(number(json!(5.5), "mmHG"), json!({})), "unit_unknown", false),
        (glucose(json!({ "value": 5.5 }), json!({})), "unit_missing", false),
        (glucose(number(json!("0Hi"), "mg/dL"), json!({})), "value_not_a_number", false),
        (glucose(json!({}), json!({})), "value_missing", false),
        (reading("aura", json!({ "aura": number(json!(1), "%") }), json!({})), "vital_unknown", true),
        (reading("glucose", json!({ "systolic": number(json!(1), "mm[Hg]") }), json!({})), "component_unknown", false),
        (
            reading("blood_pressure", json!({ "systolic": number(json!(120), "mm[Hg]") }), json!({})),
            "component_missing",
            false,
        ),
        (reading("glucose", json!({}), json!({})), "value_missing", false),
        (pressure(128, 82, json!({ "for": "p9" })), "for_unknown", false),
        (pressure(128, 82, json!({ "note": "a\u{0}b" })), "text_has_nul", false),
        (pressure(128, 82, json!({ "taken_at": "yesterday, at tea" })), "time_invalid", false),
        (pressure(128, 82, json!({ "kind": "dream" })), "kind_unknown", true),
        (no_id, "id_invalid", false),
        (
            json!({ "id": random::new_id(), "kind": "event", "taken_at": now(), "event": "flight" }),
            "event_unknown",
            true,
        ),
        (
            json!({ "id": random::new_id(), "kind": "answers", "taken_at": now(), "questionnaire": "tarot|1", "answers": [] }),
            "questionnaire_unknown",
            true,
        ),
        (
            json!({ "id": random::new_id(), "kind": "event", "taken_at": now(), "event": "insulin", "values": { "dose": number(json!(4), "mL") } }),
            "unit_unknown",
            false,
        ),
    ];
    let batch: Vec<&Value> = items.iter().map(|(item, ..)| item).collect();
    for round in 0..2 {
        let receipt = submit(&mut line, json!(batch)).await;
        for ((item, reason, retry), answer) in items.iter().zip(&receipt) {
            assert_eq!((&answer["reason"], &answer["retry"]), (&json!(reason), &json!(retry)), "{round}: {item}");
            assert_eq!(answer["retry_after_s"].is_number(), *retry);
            assert!(answer["detail"].as_str().unwrap().len() > 10, "{answer}");
        }
    }
    let lasting = items.iter().filter(|(_, _, retry)| !retry).count();
    assert_eq!(
        town.count("SELECT count(*) FROM refusal").await,
        i64::try_from(lasting).unwrap(),
        "each on record once"
    );
    assert_eq!(town.count("SELECT count(*) FROM submission").await, 0);
    assert_eq!(submit(&mut line, json!([pressure(128, 82, json!({}))])).await[0]["state"], "stored");
}

#[tokio::test]
async fn odd_values_are_kept_and_flagged() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    for (item, flags) in [
        (pressure(1850, 92, json!({})), json!(["impossible"])),
        (pressure(82, 128, json!({})), json!(["impossible"])),
        (pressure(228, 92, json!({})), json!(["unconfirmed"])),
        (glucose(json!({ "comparator": "high" }), json!({})), json!([])),
        (glucose(json!({ "comparator": "low", "value": 20, "unit": "mg/dL" }), json!({})), json!([])),
        (
            json!({ "id": random::new_id(), "kind": "reading", "taken_at": now(), "vital": "weight", "absent": "could_not_measure" }),
            json!([]),
        ),
    ] {
        let answer = &submit(&mut line, json!([item])).await[0];
        assert_eq!((&answer["state"], &answer["flags"]), (&json!("stored"), &flags), "{item}");
    }
    let ranks =
        town.count("SELECT count(*) FROM reading WHERE effective_at > '2020-01-01' AND comparator IS NOT NULL").await;
    assert_eq!(ranks, 2);
}

#[tokio::test]
async fn times_that_cannot_be_are_dated_by_arrival_and_a_wrong_clock_is_corrected() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    for taken_at in ["1066-10-14T09:00:00+00:00", "2999-01-01T00:00:00+00:00"] {
        let answer = &submit(&mut line, json!([pressure(128, 82, json!({ "taken_at": taken_at }))])).await[0];
        assert_eq!(answer["flags"], json!(["dated_by_arrival"]), "{taken_at}");
    }
    line.close().await;

    // Thirteen hours ahead, and ten years behind: both get in, and their readings lie where they belong.
    for off in [SignedDuration::from_hours(13), -SignedDuration::from_hours(10 * 365 * 24)] {
        let clock = |at: Timestamp| PhoneTime::utc(at + off);
        let mut line = Line::open(&device, clock(now()), 0).await.unwrap();
        assert_ne!(line.welcome.clock_skew_ms, 0);
        let item = pressure(128, 82, json!({ "taken_at": clock(now() - SignedDuration::from_mins(5)) }));
        let answer = &submit(&mut line, json!([item])).await[0];
        assert_eq!((&answer["state"], &answer["flags"]), (&json!("stored"), &json!([])), "{off:?}");
        line.close().await;
    }
    let placed = town.count(
        "SELECT count(DISTINCT seq) FROM reading WHERE effective_at > '2020-01-01' AND received_at - effective_at BETWEEN '4 minutes' AND '6 minutes'",
    );
    assert_eq!(placed.await, 2);
}

#[tokio::test]
async fn another_sites_page_and_a_client_without_the_subprotocol_get_no_socket() {
    let town = Town::start().await;
    let upgrade = |origin: Option<&'static str>, protocol: Option<&'static str>| {
        let mut request = reqwest::Client::new()
            .get(format!("{}/mobile/v1/socket", town.service.origin))
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(protocol) = protocol {
            request = request.header("sec-websocket-protocol", protocol);
        }
        async { request.send().await.unwrap().status().as_u16() }
    };
    let ours = Some(mobile_api::SUBPROTOCOL);
    assert_eq!(upgrade(Some("https://elsewhere.example"), ours).await, 403);
    assert_eq!(upgrade(None, None).await, 400);
    assert_eq!(upgrade(None, ours).await, 101);
}
