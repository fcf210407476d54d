//! A code, a date of birth and a key become a device: once, and as often as the reply is lost.

use derwent::phone::Key;
use derwent::store::enrolment_code::Whose;
use serde_json::{Value, json};

use super::{BORN, Town, closed, connect, pressure, submit};

async fn post(town: &Town, code: &str, born: &str, key: &Key) -> (u16, Value) {
    let answer = reqwest::Client::new()
        .post(format!("{}/mobile/v1/enrol", town.service.origin))
        .json(&json!({
            "code": code,
            "date_of_birth": born,
            "device": { "name": "a phone", "platform": "test", "app_version": "1" },
            "public_key": key.public(),
        }))
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_same_code_and_key_answer_the_same_and_another_key_nothing() {
    super::install_crypto();
    let town = Town::start().await;
    let patient = town.patient("Dorothy").await;
    let code = town.code(Whose::Patient(patient), &[patient], None).await;
    let key = Key::generate().unwrap();

    let (status, first) = post(&town, &code, &BORN.to_string(), &key).await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(first["people"].as_array().map(Vec::len), Some(1));
    assert_eq!(first["people"][0]["given_name"], "Dorothy");
    let as_read_out = code.to_lowercase().replace('-', " ");
    assert_eq!(post(&town, &as_read_out, &BORN.to_string(), &key).await, (201, first));
    let (status, other) = post(&town, &code, &BORN.to_string(), &Key::generate().unwrap()).await;
    assert_eq!((status, &other["reason"]), (403, &json!("code_refused")));
    assert_eq!(town.count("SELECT count(*) FROM device").await, 1);
}

#[tokio::test]
async fn five_wrong_answers_kill_a_code_and_every_refusal_says_the_same() {
    super::install_crypto();
    let town = Town::start().await;
    let patient = town.patient("Dorothy").await;
    let code = town.code(Whose::Patient(patient), &[patient], None).await;
    let key = Key::generate().unwrap();

    let (_, unknown) = post(&town, "00000-00000", &BORN.to_string(), &key).await;
    for _ in 0..5 {
        assert_eq!(post(&town, &code, "1947-03-10", &key).await, (403, unknown.clone()));
    }
    assert_eq!(post(&town, &code, &BORN.to_string(), &key).await, (403, unknown), "the fifth wrong answer killed it");

    let mut bad = serde_json::to_value(key.public()).unwrap();
    bad["x"] = json!("AAAA");
    let request = json!({ "code": code, "date_of_birth": BORN, "device": { "name": "", "platform": "", "app_version": "" }, "public_key": bad });
    let answer = reqwest::Client::new()
        .post(format!("{}/mobile/v1/enrol", town.service.origin))
        .json(&request)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 422);
}

#[tokio::test]
async fn a_code_made_to_replace_a_phone_ends_the_old_one_as_it_is_used() {
    let town = Town::start().await;
    let (patient, old) = town.person("Dorothy").await;
    let mut line = connect(&old).await;
    let code = town.code(Whose::Patient(patient), &[patient], Some(old.id)).await;
    let new = town.enrol(&code).await.unwrap();

    assert_eq!(closed(&mut line).await, Some(4001));
    let refused = derwent::phone::Line::open(&old, mobile_api::time::PhoneTime::utc(super::now()), 0).await;
    assert!(refused.is_err(), "the old phone is not let in again");
    connect(&new).await;
}

#[tokio::test]
async fn what_a_tablet_kept_for_one_person_is_never_stored_as_anothers() {
    let town = Town::start().await;
    let (dorothy, before) = town.person("Dorothy").await;
    let left_over = pressure(128, 82, json!({ "for": before.people[0].whom }));
    let amir = town.patient("Amir").await;
    let code = town.code(Whose::Patient(amir), &[amir], Some(before.id)).await;
    let tablet = town.enrol(&code).await.unwrap();
    let receipt = submit(&mut connect(&tablet).await, json!([left_over])).await;
    assert_eq!((&receipt[0]["reason"], &receipt[0]["retry"]), (&json!("for_unknown"), &json!(false)));

    let code = town.code(Whose::Patient(dorothy), &[dorothy], None).await;
    let hers = town.enrol(&code).await.unwrap();
    assert_eq!(submit(&mut connect(&hers).await, json!([left_over])).await[0]["state"], "stored");
    assert_eq!(town.count("SELECT count(*) FROM submission").await, 1);
}

#[tokio::test]
async fn an_enrolment_that_is_none_is_refused_by_name() {
    let town = Town::start().await;
    let post = |body: String| async {
        let answer = reqwest::Client::new()
            .post(format!("{}/mobile/v1/enrol", town.service.origin))
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["reason"].clone())
    };
    assert_eq!(post("not json".into()).await, (400, json!("not_json")));
    assert_eq!(post("{}".into()).await, (400, json!("field_missing")));
    let request = |born: &str, name: &str| {
        let key = json!({ "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA" });
        let device = json!({ "name": name, "platform": "test", "app_version": "1" });
        json!({ "code": "0", "date_of_birth": born, "device": device, "public_key": key }).to_string()
    };
    assert_eq!(post(request("9 March", "a phone")).await, (400, json!("field_invalid")));
    assert_eq!(post(request("1947-03-09", "a\u{0}phone")).await, (400, json!("text_has_nul")));
    assert_eq!(post(request("1947-03-09", "a phone")).await, (422, json!("key_invalid")));
    // The right length, and no point of the curve.
    let nowhere = request("1947-03-09", "a phone").replace("AAAA", &"A".repeat(43));
    assert_eq!(post(nowhere).await, (422, json!("key_invalid")));
}
