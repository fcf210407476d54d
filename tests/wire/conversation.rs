//! The conversation as it should go, and how it ends.

use std::time::Duration;

use derwent::phone::{Device, Key, Line};
use derwent::random;
use derwent::store::carer::{self, Carer};
use derwent::store::enrolment_code::Whose;
use futures_util::future;
use futures_util::stream::{FuturesUnordered, StreamExt};
use mobile_api::message::ServerMessage;
use mobile_api::proof::SocketProof;
use mobile_api::time::PhoneTime;
use serde_json::{Value, json};

use super::{BORN, Town, closed, connect, hear, now, pressure, submit};

#[tokio::test]
async fn stored_then_checked_and_a_resend_is_a_duplicate() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    assert_eq!(line.welcome.people[0].given_name, "Dorothy");

    let item = pressure(128, 82, json!({ "note": "After breakfast." }));
    let stored = submit(&mut line, json!([item])).await;
    assert_eq!(stored, [json!({ "id": item["id"], "state": "stored", "seq": 1, "flags": [] })]);
    let through = hear(&mut line, |message| match message {
        ServerMessage::Checked { whom, through } if whom == device.people[0].whom && through >= 1 => Some(through),
        _ => None,
    })
    .await;
    assert_eq!(through, 1);

    let mut again = item.clone();
    again["age_ms"] = json!(7_000);
    assert_eq!(submit(&mut line, json!([again])).await[0]["state"], "duplicate");
    let mut other = item.clone();
    other["values"]["systolic"]["value"] = json!(129);
    let refused = &submit(&mut line, json!([other])).await[0];
    assert_eq!((&refused["reason"], &refused["retry"]), (&json!("conflict"), &json!(false)));

    let correction =
        json!({ "id": random::new_id(), "kind": "correction", "corrects": item["id"], "reason": "not_mine" });
    let early =
        json!({ "id": random::new_id(), "kind": "correction", "corrects": random::new_id(), "reason": "not_mine" });
    let of_correction =
        json!({ "id": random::new_id(), "kind": "correction", "corrects": correction["id"], "reason": "other" });
    let receipt = submit(&mut line, json!([correction, early])).await;
    assert_eq!(receipt[0]["state"], "stored");
    assert_eq!((&receipt[1]["reason"], &receipt[1]["retry"]), (&json!("corrects_unknown"), &json!(true)));
    let receipt = submit(&mut line, json!([of_correction])).await;
    assert_eq!(receipt[0]["reason"], "corrects_a_correction");
}

#[tokio::test]
async fn the_plan_says_what_is_due_how_to_enter_it_and_whom_to_ring() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    let plan = hear(&mut line, |message| match message {
        ServerMessage::Plan(plan) => Some(plan),
        _ => None,
    })
    .await;
    assert_eq!(
        (plan.whom.as_str(), plan.team.phone.as_str(), plan.team.cover_from.as_str(), plan.team.time_zone.as_str()),
        (device.people[0].whom.as_str(), "01773 555 010", "08:00", "Europe/London")
    );
    assert_eq!(plan.due.len(), 4, "two slots, today and tomorrow: {:?}", plan.due);
    let vital = plan.vitals.iter().find(|vital| vital.vital == "blood_pressure").unwrap();
    assert_eq!(vital.components[0].units[0].title, "mmHg");
    assert!(
        plan.advice.iter().any(|band| band.component == "systolic" && band.at_or_above == Some(180.0)),
        "{:?}",
        plan.advice
    );
    assert!(plan.questionnaires.iter().any(|known| known.questionnaire.starts_with("bp-warning-signs|")));
    assert!(plan.emergency.contains("999"));
}

#[tokio::test]
async fn a_newer_connection_replaces_the_older() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut first = connect(&device).await;
    let mut second = connect(&device).await;
    assert_eq!(closed(&mut first).await, Some(4003));
    assert_eq!(submit(&mut second, json!([pressure(128, 82, json!({}))])).await[0]["state"], "stored");
}

#[tokio::test]
async fn of_sockets_of_one_device_that_come_together_each_has_its_number_and_one_is_left() {
    const SOCKETS: i64 = 6;
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let lines = future::join_all((0..SOCKETS).map(|_| connect(&device))).await;
    assert_eq!(town.count("SELECT connection FROM device").await, SOCKETS);
    let mut open: FuturesUnordered<_> = lines.into_iter().map(async |mut line| closed(&mut line).await).collect();
    while open.len() > 1 {
        assert_eq!(open.next().await, Some(Some(4003)));
    }
    let last = tokio::time::timeout(Duration::from_millis(500), open.next()).await;
    assert!(last.is_err(), "the newest stays: {last:?}");
}

#[tokio::test]
async fn a_proof_holds_only_for_its_key_its_service_and_its_challenge() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let stolen = Device { key: Key::generate().unwrap(), ..device.clone() };
    assert_eq!(
        code_for(
            &town,
            |nonce, at| stolen.key.prove(&SocketProof::new(device.id, &device.origin, nonce, at)).unwrap(),
            &device
        )
        .await,
        Some(4002)
    );
    assert_eq!(
        code_for(
            &town,
            |nonce, at| device.key.prove(&SocketProof::new(device.id, "https://elsewhere.example", nonce, at)).unwrap(),
            &device
        )
        .await,
        Some(4002)
    );
    assert_eq!(
        code_for(
            &town,
            |_, at| device.key.prove(&SocketProof::new(device.id, &device.origin, "an older nonce", at)).unwrap(),
            &device
        )
        .await,
        Some(4002)
    );
    let later = |nonce: &str, at: jiff::Timestamp| SocketProof {
        iat: at.as_second() + 1,
        ..SocketProof::new(device.id, &device.origin, nonce, at)
    };
    assert_eq!(code_for(&town, |nonce, at| device.key.prove(&later(nonce, at)).unwrap(), &device).await, Some(4002));
    let unsigned = |nonce: &str, at: jiff::Timestamp| {
        use base64::Engine;
        let part = |value: &Value| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!(SocketProof::new(device.id, &device.origin, nonce, at));
        format!("{}.{}.", part(&json!({ "alg": "none", "typ": "derwent-proof+jwt" })), part(&claims))
    };
    assert_eq!(code_for(&town, unsigned, &device).await, Some(4002));
    assert_eq!(code_for(&town, |_, _| "nonsense".into(), &device).await, Some(4002));
    let nobody = Device { id: random::new_id(), ..device.clone() };
    assert_eq!(
        code_for(
            &town,
            |nonce, at| nobody.key.prove(&SocketProof::new(nobody.id, &nobody.origin, nonce, at)).unwrap(),
            &nobody
        )
        .await,
        Some(4001)
    );
    assert_eq!(
        code_for(
            &town,
            |nonce, at| device.key.prove(&SocketProof::new(device.id, &device.origin, nonce, at)).unwrap(),
            &device
        )
        .await,
        None
    );
}

/// Says `hello` with this proof: the close code, or none when it is welcome.
async fn code_for(town: &Town, proof: impl Fn(&str, jiff::Timestamp) -> String, device: &Device) -> Option<u16> {
    let mut socket = derwent::phone::Socket::open(&town.service.origin).await.unwrap();
    let challenge: Value = serde_json::from_str(&socket.hear().await.unwrap()).unwrap();
    let at: jiff::Timestamp = challenge["server_time"].as_str().unwrap().parse().unwrap();
    let hello = json!({
        "type": "hello", "device_id": device.id, "app_version": "1", "phone_time": now(),
        "proof": proof(challenge["nonce"].as_str().unwrap(), at),
    });
    socket.say(hello.to_string()).await.unwrap();
    loop {
        match socket.hear().await {
            Ok(text) if text.contains("\"welcome\"") => return None,
            Ok(_) => {}
            Err(ended) => return ended.code(),
        }
    }
}

#[tokio::test]
async fn a_carer_says_for_whom_and_reaches_only_their_own_list() {
    let town = Town::start().await;
    let (first, second) = (town.patient("Dorothy").await, town.patient("Arthur").await);
    town.person("Somebody else").await;
    let carer = random::new_id();
    let mut db = town.store.owner.acquire().await.unwrap();
    let new = Carer { carer, organisation: town.organisation, name: "Joan".into(), date_of_birth: BORN };
    carer::insert(&mut db, &new).await.unwrap();
    let code = town.code(Whose::Carer(carer), &[first, second], None).await;
    let device = town.enrol(&code).await.unwrap();
    assert_eq!(device.people.len(), 2);

    let mut line = connect(&device).await;
    let items = [
        pressure(128, 82, json!({})),
        pressure(128, 82, json!({ "for": "p1" })),
        pressure(128, 82, json!({ "for": device.people[0].whom })),
        pressure(128, 82, json!({ "for": device.people[1].whom })),
    ];
    let receipt = submit(&mut line, json!(items)).await;
    let said: Vec<&Value> = receipt.iter().map(|item| item.get("reason").unwrap_or(&item["state"])).collect();
    assert_eq!(said, ["for_missing", "for_unknown", "stored", "stored"]);
    assert_eq!(town.count("SELECT count(DISTINCT patient) FROM submission").await, 2);
}

#[tokio::test]
async fn pushes_are_kept_until_acknowledged_and_shown_is_stored_once() {
    let town = Town::start().await;
    let (patient, device) = town.person("Dorothy").await;
    let ask = random::new_id();
    town.asked(&device, patient, ask).await;

    let is_ask = |message| match message {
        ServerMessage::Ask(ask) => Some(ask),
        _ => None,
    };
    let mut line = connect(&device).await;
    let heard = hear(&mut line, is_ask).await;
    assert_eq!((heard.n, heard.id, heard.whom.as_str()), (1, ask, device.people[0].whom.as_str()));
    line.close().await;
    let mut line = connect(&device).await;
    assert_eq!(hear(&mut line, is_ask).await.n, 1, "not acknowledged: said again");
    for _ in 0..2 {
        line.say_text(json!({ "type": "shown", "id": ask }).to_string()).await.unwrap();
    }
    line.say_text(json!({ "type": "shown", "id": random::new_id() }).to_string()).await.unwrap();
    line.say_text(json!({ "type": "ack", "through": 1 }).to_string()).await.unwrap();
    let done = async {
        while town.count("SELECT count(*) FROM push WHERE NOT acknowledged").await > 0
            || town.count("SELECT count(*) FROM shown").await == 0
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, done).await.expect("acknowledged and shown");
    assert_eq!(town.count("SELECT count(*) FROM shown").await, 1);
}

#[tokio::test]
async fn at_its_end_the_service_says_when_to_come_back_and_answers_what_it_took() {
    let mut town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    let items: Vec<Value> = (0..100).map(|_| pressure(128, 82, json!({}))).collect();
    line.say_text(json!({ "type": "submit", "batch": 1, "items": items }).to_string()).await.unwrap();
    // The receipt proves that the batch was taken before the end was asked for, or else it must be sent again.
    let service = std::mem::replace(&mut town.service, Town::serve(&town.database, &town.mails));
    let ending = tokio::task::spawn_blocking(move || service.end());
    let (mut receipt, mut bye) = (None, None);
    let code = loop {
        match line.hear().await {
            Ok(ServerMessage::Receipt(heard)) => receipt = Some(heard),
            Ok(ServerMessage::Bye(heard)) => bye = Some(heard),
            Ok(_) => {}
            Err(error) => break error.downcast_ref::<derwent::phone::Ended>().and_then(derwent::phone::Ended::code),
        }
    };
    assert_eq!(code, Some(1012));
    assert!(bye.unwrap().retry_after_s.is_some());
    assert!(ending.await.unwrap(), "the service ended well");

    let device = Device { origin: town.service.origin.clone(), ..device };
    let mut line = Line::open(&device, PhoneTime::utc(now()), 0).await.unwrap();
    let wanted = if receipt.is_some() { "duplicate" } else { "stored" };
    let again = submit(&mut line, json!(items)).await;
    assert!(again.iter().all(|item| item["state"] == wanted), "{wanted}: {:?}", again[0]);
}
