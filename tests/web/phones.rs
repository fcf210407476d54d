//! Phones that are lost and replaced, carers and what was agreed, as staff do it and as phones hear of it.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use derwent::phone::{Device, Ended, Line};
use derwent::random;
use jiff::Timestamp;
use mobile_api::message::ServerMessage;
use mobile_api::proof::HttpProof;
use mobile_api::time::PhoneTime;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{BORN, Browser, START, World, id};
use crate::harness::service::Service;

const CARER_BORN: &str = "1961-04-30";
/// What a signal brings about is there at once; a sweep takes longer.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Asks for nothing in the time of a test.
const NOT_YET: &str = "blood_pressure@08:00@from 2099-01-01";

#[expect(clippy::disallowed_methods, reason = "a test on the machine's own time")]
fn now() -> Timestamp {
    Timestamp::now()
}

pub async fn enrol(service: &Service, code: &str, born: &str) -> anyhow::Result<Device> {
    Device::enrol(&reqwest::Client::new(), &service.origin, code, born.parse().unwrap(), "a phone").await
}

pub async fn connect(device: &Device) -> Line {
    connect_at(device, now()).await
}

async fn connect_at(device: &Device, phone_time: Timestamp) -> Line {
    Line::open(device, PhoneTime::utc(phone_time), 0).await.unwrap()
}

/// The code with which the service ends the conversation.
async fn closed(line: &mut Line) -> Option<u16> {
    let listening = async {
        loop {
            if let Err(error) = line.hear().await {
                return error.downcast_ref::<Ended>().expect("an end of the connection").code();
            }
        }
    };
    tokio::time::timeout(AT_ONCE, listening).await.expect("it is closed at once")
}

fn weight(fields: Value) -> Value {
    let mut item = json!({ "id": random::new_id(), "kind": "reading", "taken_at": now(), "vital": "weight",
                           "values": { "weight": { "value": 71.4, "unit": "kg" } } });
    for (name, value) in fields.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

pub async fn submit(line: &mut Line, item: Value) -> Value {
    line.say_text(json!({ "type": "submit", "batch": 1, "items": [item] }).to_string()).await.unwrap();
    loop {
        if let ServerMessage::Receipt(receipt) = line.hear().await.unwrap() {
            return serde_json::to_value(&receipt.items[0]).unwrap();
        }
    }
}

/// A request of a device over HTTP: status and body.
async fn ask(device: &Device, path: &str) -> (u16, Value) {
    send(device, Method::GET, path, "").await
}

pub async fn send(device: &Device, method: Method, path: &str, body: &str) -> (u16, Value) {
    let client = reqwest::Client::new();
    let challenge: Value =
        client.post(format!("{}/mobile/v1/challenge", device.origin)).send().await.unwrap().json().await.unwrap();
    let proof = HttpProof {
        iss: device.id,
        aud: device.origin.clone(),
        nonce: challenge["nonce"].as_str().unwrap().to_owned(),
        iat: challenge["server_time"].as_str().unwrap().parse::<Timestamp>().unwrap().as_second(),
        htm: method.as_str().to_owned(),
        htu: path.to_owned(),
        body_sha256: BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, body.as_bytes())),
    };
    let asked = client
        .request(method, format!("{}{path}", device.origin))
        .header("derwent-proof", device.key.prove(&proof).unwrap());
    let answer = asked.body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn a_lost_phone_is_let_in_no_more_and_another_takes_its_place() {
    let world = World::live().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let lost = enrol(&service, &world.code, BORN).await.unwrap();
    let mut line = connect(&lost).await;

    let listed = ida.read(&format!("{of_dorothy}/phones")).await;
    assert_eq!(listed["devices"][0]["device"], json!(lost.id));
    assert!(listed["devices"][0]["heard_at"].is_string(), "it has just connected: {listed}");
    let revoke = format!("{of_dorothy}/devices/{}/revoke", lost.id);
    for why in ["", "  no", "lost\0"] {
        assert_eq!(ida.post(&revoke, json!({ "why": why })).await.0, StatusCode::BAD_REQUEST, "{why:?} is no reason");
    }
    let (status, phones) = ida.post(&revoke, json!({ "why": "left on the bus" })).await;
    assert_eq!(status, StatusCode::OK, "{phones}");
    assert_eq!(phones["devices"][0]["revoked_why"], "left on the bus");
    assert_eq!(closed(&mut line).await, Some(4001));

    let (status, made) = ida.post(&format!("{of_dorothy}/codes"), json!({})).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let code = id(&made, "code");
    assert_eq!(made["link"], json!(format!("{}/app/#code={code}", service.origin)));
    assert!(made["qr"]["size"].as_u64() > Some(20) && made["qr"]["path"].as_str().unwrap().starts_with("M4 4h1v1h-1z"));
    let next = enrol(&service, &code, BORN).await.unwrap();
    let mut line = connect(&next).await;
    assert_eq!(submit(&mut line, weight(json!({}))).await["state"], "stored");

    // The key was lost, not the phone: the new code replaces it as it is used.
    let (_, made) = ida.post(&format!("{of_dorothy}/codes"), json!({ "replaces": next.id })).await;
    enrol(&service, &id(&made, "code"), BORN).await.unwrap();
    assert_eq!(closed(&mut line).await, Some(4001));
    for gone in [lost.id.to_string(), next.id.to_string(), random::new_id().to_string()] {
        let (status, body) = ida.post(&format!("{of_dorothy}/codes"), json!({ "replaces": gone })).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
    }
}

#[tokio::test]
async fn whoever_broke_the_glass_sees_the_phones_and_lets_none_in() {
    let world = World::live().await;
    let alfreton = super::region::team(&world, &world.organisation, "Alfreton team");
    world.staff("Nell Wood", "nell@example.org", &world.organisation, Some(&alfreton));
    let service = world.serve();
    let nell = Browser::signed_in(&service, "nell@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let (missing, _) = nell.post(&format!("{of_dorothy}/codes"), json!({})).await;
    assert_eq!(missing, StatusCode::NOT_FOUND);
    let reason = json!({ "reason": "she is on our ward tonight" });
    assert_eq!(nell.post(&format!("{of_dorothy}/break-glass"), reason).await.0, StatusCode::OK);
    nell.read(&format!("{of_dorothy}/phones")).await;
    let (status, body) = nell.post(&format!("{of_dorothy}/codes"), json!({})).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::FORBIDDEN, Some("not_allowed")), "{body}");
}

#[tokio::test]
async fn a_carer_does_what_was_agreed_and_nothing_after_it_was_taken_back() {
    let world = World::live().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let agree = async |sees_record: bool| {
        let asked = json!({ "name": "Joan Bell", "date_of_birth": CARER_BORN, "how": "said so in the surgery", "sees_record": sees_record });
        let (status, phones) = ida.post(&format!("{of_dorothy}/carers"), asked).await;
        assert_eq!(status, StatusCode::OK, "{phones}");
        phones
    };
    let phones = agree(false).await;
    let consent = &phones["carers"][0];
    assert_eq!(
        (consent["given_to"].as_str(), consent["how"].as_str()),
        (Some("Ida Shaw"), Some("said so in the surgery"))
    );
    let carer = id(&consent["carer"], "carer");
    let (_, made) = ida.post(&format!("{of_dorothy}/codes"), json!({ "carer": carer })).await;
    assert!(enrol(&service, &id(&made, "code"), BORN).await.is_err(), "it asks for the carer's date of birth");
    let joans = enrol(&service, &id(&made, "code"), CARER_BORN).await.unwrap();
    let dorothy = joans.people[0].whom.clone();
    let mut line = connect(&joans).await;
    assert_eq!(submit(&mut line, weight(json!({ "for": dorothy }))).await["state"], "stored");
    let readings = format!("/mobile/v1/readings?for={dorothy}");
    assert_eq!(ask(&joans, &readings).await.0, 403, "readings were not agreed to");
    assert_eq!(ask(&joans, &format!("/mobile/v1/plan?for={dorothy}")).await.0, 200);

    let phones = agree(true).await;
    assert_eq!(id(&phones["carers"][0]["carer"], "carer"), carer, "the same name and date of birth: the same carer");
    let (status, shown) = ask(&joans, &readings).await;
    assert_eq!((status, shown["readings"].as_array().map(Vec::len)), (200, Some(1)), "{shown}");

    let withdraw = format!("{of_dorothy}/carers/{carer}/withdraw");
    let (status, phones) = ida.post(&withdraw, json!({ "why": "they fell out" })).await;
    assert_eq!(status, StatusCode::OK);
    assert!(phones["carers"][0]["withdrawn_at"].is_string() && phones["devices"] == json!([]), "{phones}");
    assert_eq!(closed(&mut line).await, Some(1012), "the phone is to come again for its list");
    let mut line = connect(&joans).await;
    assert_eq!(line.welcome.people.len(), 0);
    let refused = submit(&mut line, weight(json!({ "for": dorothy }))).await;
    assert_eq!((refused["state"].as_str(), refused["reason"].as_str()), (Some("refused"), Some("for_unknown")));
    assert_eq!(ask(&joans, &readings).await.0, 403);
    let (status, _) = ida.post(&format!("{of_dorothy}/codes"), json!({ "carer": carer })).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "nobody agrees to this carer any more");

    agree(false).await;
    assert_eq!(closed(&mut line).await, Some(1012));
    assert_eq!(connect(&joans).await.welcome.people[0].whom, dorothy, "the same handle as before");
}

/// A blood pressure that a cuff keeps under this user number.
fn by_cuff(systolic: i32, user: Option<u8>) -> Value {
    let mut item = json!({
        "id": random::new_id(), "kind": "reading", "taken_at": now(), "vital": "blood_pressure",
        "values": { "systolic": { "value": systolic, "unit": "mm[Hg]" }, "diastolic": { "value": 88, "unit": "mm[Hg]" } },
        "method": "bluetooth",
        "instrument": { "make": "Omron", "model": "M4", "serial": "20260301" },
    });
    if let Some(user) = user {
        item["instrument"]["user"] = json!(user);
    }
    item
}

#[tokio::test]
async fn what_a_cuff_keeps_for_somebody_else_is_never_this_persons_value() {
    let world = World::live().await;
    let add =
        ["patient", "add", "--team", &world.team, "--given-name", "Arthur", "--family-name", "Marsh", "--born", BORN];
    let plan = ["--pack", "hypertension", "--tag", "pregnant=no", "--slot", "blood_pressure@08:00", "--code"];
    let made = world.admin(&[&add[..], &plan[..]].concat());
    let (arthur, code) = (id(&made, "patient"), id(&made, "code"));
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let bind = async |patient: &str, user: u8| {
        let number = json!({ "make": "Omron", "model": "M4", "serial": "20260301", "user": user });
        ida.post(&format!("/api/patients/{patient}/instruments"), number).await
    };
    assert_eq!(bind(&world.dorothy, 1).await.0, StatusCode::OK);
    let (taken, body) = bind(&arthur, 1).await;
    assert_eq!((taken, body["error"]["code"].as_str()), (StatusCode::CONFLICT, Some("number_taken")), "{body}");
    let (_, phones) = bind(&arthur, 2).await;
    let of_arthur = id(&phones["instruments"][0], "instrument_user");

    let arthurs = enrol(&service, &code, BORN).await.unwrap();
    let dorothys = enrol(&service, &world.code, BORN).await.unwrap();
    let mut line = connect(&arthurs).await;
    assert_eq!(submit(&mut line, by_cuff(128, Some(2))).await["flags"], json!([]));
    assert_eq!(submit(&mut line, by_cuff(129, Some(3))).await["flags"], json!(["unconfirmed"]), "a number of nobody's");
    assert_eq!(submit(&mut line, by_cuff(131, None)).await["flags"], json!(["unconfirmed"]), "no number at all");
    // Dorothy's severe values, on Arthur's phone: over the socket twice, and over HTTP it would be the same way in.
    for systolic in [231, 233] {
        assert_eq!(submit(&mut line, by_cuff(systolic, Some(1))).await["flags"], json!(["unconfirmed", "not_theirs"]));
    }
    assert_eq!(submit(&mut connect(&dorothys).await, by_cuff(127, Some(1))).await["flags"], json!([]));

    let page = loop {
        let page = ida.read(&format!("/api/patients/{arthur}")).await;
        if page["judged"] == json!(5) && page["alerts"] != json!([]) {
            break page;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let rules: Vec<&str> =
        page["alerts"].as_array().unwrap().iter().map(|alert| alert["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["task/not-theirs"], "nothing of Dorothy's is judged as Arthur's: {page}");
    assert!(page["vitals"][0]["last"]["text"].as_str().unwrap().ends_with("(somebody else's)"), "{page}");
    let series = ida.read(&format!("/api/patients/{arthur}/series?vital=blood_pressure")).await;
    let states: Vec<&str> =
        series["points"].as_array().unwrap().iter().map(|point| point["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["standing", "standing", "standing", "not_theirs", "not_theirs"], "kept and shown");
    assert!(!series["sentence"].as_str().unwrap().contains("23"), "{}", series["sentence"]);

    // Released, the number says nothing any more.
    let release = format!("/api/patients/{arthur}/instruments/{of_arthur}/release");
    assert_eq!(ida.post(&release, json!({})).await.0, StatusCode::OK);
    assert_eq!(submit(&mut line, by_cuff(126, Some(2))).await["flags"], json!([]));
}

#[tokio::test]
async fn a_phone_that_is_silent_for_a_week_is_a_task_unless_somebody_is_missed_already() {
    let world = World::new().await;
    let add =
        ["patient", "add", "--team", &world.team, "--given-name", "Arthur", "--family-name", "Marsh", "--born", BORN];
    // Nothing is asked of him, so no rule misses him.
    let plan = ["--pack", "hypertension", "--tag", "pregnant=no", "--slot", NOT_YET, "--code"];
    let made = world.admin(&[&add[..], &plan].concat());
    let (arthur, code) = (id(&made, "patient"), id(&made, "code"));
    let mut service = world.serve();
    let start: Timestamp = START.parse().unwrap();
    for code in [&code, &world.code] {
        let device = enrol(&service, code, BORN).await.unwrap();
        let mut line = connect_at(&device, start).await;
        assert_eq!(submit(&mut line, weight(json!({ "taken_at": START }))).await["state"], "stored");
        line.close().await;
    }
    service.step("2026-03-08T07:59:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let rules = async |patient: &str| {
        let page = ida.read(&format!("/api/patients/{patient}")).await;
        let alerts = page["alerts"].as_array().unwrap().iter();
        alerts
            .filter(|alert| alert["closed_at"].is_null())
            .map(|alert| (alert["rule"].as_str().unwrap().to_owned(), alert["priority"].as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(rules(&arthur).await, [], "not a week yet");
    service.step("2026-03-08T08:00:00Z");
    assert_eq!(rules(&arthur).await, [("task/phone".to_owned(), "low".to_owned())]);
    let missed = rules(&world.dorothy).await;
    assert!(
        !missed.is_empty() && missed.iter().all(|(rule, _)| rule != "task/phone"),
        "she is missed already: {missed:?}"
    );

    // Her phone is revoked, and none is left.
    let device = ida.read(&format!("/api/patients/{}/phones", world.dorothy)).await["devices"][0]["device"].clone();
    let revoke = format!("/api/patients/{}/devices/{}/revoke", world.dorothy, device.as_str().unwrap());
    assert_eq!(ida.post(&revoke, json!({ "why": "stolen" })).await.0, StatusCode::OK);
    service.step("2026-03-08T08:00:00Z");
    let left = rules(&world.dorothy).await;
    assert!(left.contains(&("task/phone".to_owned(), "medium".to_owned())), "{left:?}");
}

#[tokio::test]
async fn who_was_set_up_a_week_ago_and_never_heard_from_is_a_task() {
    let world = World::new().await;
    let add = async |given_name: &str, code: bool| {
        let of = ["patient", "add", "--team", &world.team, "--given-name", given_name, "--family-name", "Marsh"];
        let plan = ["--born", BORN, "--pack", "hypertension", "--tag", "pregnant=no", "--slot", NOT_YET];
        world.admin(&[&of[..], &plan[..], if code { &["--code"][..] } else { &[] }].concat())
    };
    let (enrolled, invited, by_telephone) =
        (add("Arthur", true).await, add("Amir", true).await, add("Joan", false).await);
    let mut service = world.serve();
    // It never connects, and what it enrolled with is kept for good.
    enrol(&service, &id(&enrolled, "code"), BORN).await.unwrap();
    let store = world.database.store().await;
    // On the machine's time, which is not the care time of this world.
    for statement in ["UPDATE device SET enrolled_at = $1", "UPDATE enrolment_code SET made_at = $1"] {
        let start: Timestamp = START.parse().unwrap();
        sqlx::query(statement).bind(jiff_sqlx::ToSqlx::to_sqlx(start)).execute(&store.owner).await.unwrap();
    }
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let said = async |made: &Value| {
        let page = ida.read(&format!("/api/patients/{}", id(made, "patient"))).await;
        assert_eq!(page["live_since"], Value::Null);
        page["alerts"].as_array().unwrap().iter().map(|alert| id(alert, "sentence")).collect::<Vec<_>>()
    };
    service.step("2026-03-08T07:59:00Z");
    for made in [&enrolled, &invited, &by_telephone] {
        assert_eq!(said(made).await, [""; 0], "not a week yet");
    }
    service.step("2026-03-08T08:00:00Z");
    let sentence = "Set up, and no reading came yet; nothing was heard of the phone for 7 days: see that it works";
    assert_eq!(said(&enrolled).await, [sentence]);
    let sentence = "A code for this person's phone was made 7 days ago and never used: see what keeps them from it";
    assert_eq!(said(&invited).await, [sentence]);
    assert_eq!(said(&by_telephone).await, [""; 0], "nobody waits for a phone");
}
