//! The same conversation over HTTP: each request proven, each nonce once.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use derwent::phone::Device;
use derwent::random;
use derwent::store::audit::{self, Act, Actor, Entry};
use derwent::store::carer::{self, Carer};
use derwent::store::enrolment_code::Whose;
use derwent::store::team;
use jiff::Timestamp;
use mobile_api::proof::HttpProof;
use serde_json::{Value, json};

use super::{BORN, Town, now, pressure};

async fn challenge(device: &Device) -> (String, Timestamp) {
    let answer = reqwest::Client::new().post(format!("{}/mobile/v1/challenge", device.origin)).send().await.unwrap();
    let challenge: Value = answer.json().await.unwrap();
    (challenge["nonce"].as_str().unwrap().to_owned(), challenge["server_time"].as_str().unwrap().parse().unwrap())
}

fn proof(device: &Device, challenge: &(String, Timestamp), method: &str, path: &str, body: &str) -> HttpProof {
    HttpProof {
        iss: device.id,
        aud: device.origin.clone(),
        nonce: challenge.0.clone(),
        iat: challenge.1.as_second(),
        htm: method.to_owned(),
        htu: path.to_owned(),
        body_sha256: BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, body.as_bytes())),
    }
}

async fn send(device: &Device, proof: &HttpProof, method: &str, path: &str, body: &str) -> (u16, Value) {
    let answer = reqwest::Client::new()
        .request(method.parse().unwrap(), format!("{}{path}", device.origin))
        .header("derwent-proof", device.key.prove(proof).unwrap())
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

pub(super) async fn ask(device: &Device, method: &str, path: &str, body: &str) -> (u16, Value) {
    let proof = proof(device, &challenge(device).await, method, path, body);
    send(device, &proof, method, path, body).await
}

#[tokio::test]
async fn submissions_are_stored_and_the_persons_own_screens_served() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let item = pressure(128, 82, json!({}));
    let body = json!({ "phone_time": now(), "items": [item] }).to_string();
    let (status, receipt) = ask(&device, "POST", "/mobile/v1/submissions", &body).await;
    assert_eq!((status, &receipt["items"][0]["state"]), (200, &json!("stored")), "{receipt}");
    let (_, again) = ask(&device, "POST", "/mobile/v1/submissions", &body).await;
    assert_eq!(again["items"][0]["state"], "duplicate");

    let path = format!("/mobile/v1/plan?for={}", device.people[0].whom);
    let (status, plan) = ask(&device, "GET", &path, "").await;
    assert_eq!((status, &plan["team"]["name"]), (200, &json!("Belper team")), "{plan}");
    let (status, readings) = ask(&device, "GET", "/mobile/v1/readings?since=0", "").await;
    assert_eq!(status, 200, "{readings}");
    assert_eq!(readings["readings"][0]["id"], item["id"]);
    assert_eq!(readings["readings"][0]["values"]["systolic"], json!({ "value": 128.0, "unit": "mm[Hg]" }));
    assert_eq!(ask(&device, "GET", "/mobile/v1/readings?since=1", "").await.1["readings"], json!([]));

    let correct = |values: Value| json!({ "id": random::new_id(), "kind": "correction", "corrects": item["id"], "reason": "mistyped", "values": values });
    let quantity = |value: i32| json!({ "value": value, "unit": "mm[Hg]" });
    let mistyped = correct(json!({ "systolic": quantity(138), "diastolic": quantity(88) }));
    let body = json!({ "phone_time": now(), "items": [mistyped] }).to_string();
    assert_eq!(ask(&device, "POST", "/mobile/v1/submissions", &body).await.1["items"][0]["state"], "stored");
    let (_, readings) = ask(&device, "GET", "/mobile/v1/readings?since=0", "").await;
    assert_eq!(readings["readings"][0]["values"]["systolic"], json!({ "value": 138.0, "unit": "mm[Hg]" }));
    let body = json!({ "phone_time": now(), "items": [correct(json!({}))] }).to_string();
    assert_eq!(ask(&device, "POST", "/mobile/v1/submissions", &body).await.1["items"][0]["state"], "stored");
    assert_eq!(ask(&device, "GET", "/mobile/v1/readings?since=0", "").await.1["readings"], json!([]), "withdrawn");
}

#[tokio::test]
async fn whoever_is_no_longer_monitored_is_told_so_with_every_reading_and_nothing_is_lost() {
    let town = Town::start().await;
    let (patient, device) = town.person("Dorothy").await;
    sqlx::query("UPDATE patient SET ended_at = made_at WHERE patient = $1")
        .bind(patient)
        .execute(&town.store.owner)
        .await
        .unwrap();
    for _ in 0..2 {
        let body = json!({ "phone_time": now(), "items": [pressure(128, 82, json!({}))] }).to_string();
        let (_, receipt) = ask(&device, "POST", "/mobile/v1/submissions", &body).await;
        let item = &receipt["items"][0];
        assert_eq!((&item["state"], &item["flags"]), (&json!("stored"), &json!(["not_monitored"])), "{receipt}");
        assert!(receipt["notice"].as_str().unwrap().contains("nobody watches these readings any more"), "{receipt}");
    }
}

#[tokio::test]
async fn a_proof_is_for_one_request_once() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let (_, other) = town.person("Arthur").await;
    let (path, body) = ("/mobile/v1/submissions", json!({ "phone_time": now(), "items": [] }).to_string());
    let reason = |answer: (u16, Value)| (answer.0, answer.1["reason"].as_str().unwrap_or_default().to_owned());

    let good = proof(&device, &challenge(&device).await, "POST", path, &body);
    assert_eq!(send(&device, &good, "POST", path, &body).await.0, 200);
    assert_eq!(reason(send(&device, &good, "POST", path, &body).await), (401, "nonce_unknown".into()), "replayed");
    let made_up = HttpProof { nonce: "made up".into(), ..good.clone() };
    assert_eq!(reason(send(&device, &made_up, "POST", path, &body).await), (401, "nonce_unknown".into()));

    let fresh = proof(&device, &challenge(&device).await, "POST", path, &body);
    let wrong: Vec<HttpProof> = vec![
        HttpProof { htm: "GET".into(), ..fresh.clone() },
        HttpProof { htu: "/mobile/v1/plan".into(), ..fresh.clone() },
        HttpProof { aud: "https://elsewhere.example".into(), ..fresh.clone() },
        HttpProof { iss: other.id, ..fresh.clone() },
    ];
    for proof in &wrong {
        assert_eq!(reason(send(&device, proof, "POST", path, &body).await), (401, "proof_invalid".into()), "{proof:?}");
    }
    let changed = json!({ "phone_time": now(), "items": [pressure(128, 82, json!({}))] }).to_string();
    assert_eq!(
        reason(send(&device, &fresh, "POST", path, &changed).await),
        (401, "proof_invalid".into()),
        "another body"
    );
    assert_eq!(send(&device, &fresh, "POST", path, &body).await.0, 200, "none of that used up the nonce");

    assert_eq!(reason(ask(&device, "POST", path, "not json").await), (400, "not_json".into()));
    assert_eq!(reason(ask(&device, "GET", "/mobile/v1/readings?for=p2", "").await), (403, "for_unknown".into()));
    let bare = reqwest::Client::new().post(format!("{}{path}", device.origin)).body(body).send().await.unwrap();
    assert_eq!(bare.status().as_u16(), 401);
    assert_eq!(reason(ask(&device, "POST", path, &"x".repeat(70 * 1024)).await), (413, "batch_too_big".into()));
    assert_eq!(
        reason(ask(&device, "GET", "/mobile/v1/readings?since=long_ago", "").await),
        (400, "field_invalid".into())
    );
}

#[tokio::test]
async fn a_person_sees_who_opened_their_record_and_nobody_else_does() {
    let town = Town::start().await;
    let (patient, device) = town.person("Dorothy").await;
    let (other, others) = town.person("Arthur").await;
    let mut db = town.store.owner.acquire().await.unwrap();
    let staff = random::new_id();
    sqlx::query(
        "INSERT INTO staff (staff, organisation, name, email, role, profession)
         VALUES ($1, $2, 'Ida Shaw', 'ida@example.org', 'co-ordinator', 'nurse')",
    )
    .bind(staff)
    .bind(town.organisation)
    .execute(&mut *db)
    .await
    .unwrap();
    team::add_member(&mut db, town.team, staff).await.unwrap();
    let by = |actor: Actor, act, of| Entry::new(actor, act, now()).about(of, town.organisation);
    let ida = Actor::Staff { staff, employer: town.organisation };
    let entries = [
        by(ida.clone(), Act::RecordRead, patient),
        by(ida.clone(), Act::RecordRead, other),
        by(ida.clone(), Act::RecordRefused, patient),
        by(ida, Act::GlassBroken, patient).because("Found at home by a neighbour"),
        by(Actor::Operator("Olga Grant".into()), Act::JudgedAgain, patient),
        by(Actor::Service, Act::RulebookPublished, patient),
    ];
    for entry in &entries {
        audit::write(&mut db, entry).await.unwrap();
    }
    let (status, log) = ask(&device, "GET", "/mobile/v1/access-log", "").await;
    assert_eq!(status, 200, "{log}");
    let told: Vec<(&str, &str, &Value)> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["who"].as_str().unwrap(), entry["did"].as_str().unwrap(), &entry["why"]))
        .collect();
    assert_eq!(
        told,
        [
            ("Olga Grant", "had the record judged again", &Value::Null),
            ("Ida Shaw", "opened the record in an emergency", &json!("Found at home by a neighbour")),
            ("Ida Shaw", "opened the record", &Value::Null),
        ]
    );
    let last = &log["entries"][2];
    assert_eq!(
        (&last["team"], &last["profession"], &last["emergency"]),
        (&json!("Belper team"), &json!("nurse"), &json!(false))
    );
    let before = format!("/mobile/v1/access-log?before={}", log["entries"][1]["number"]);
    assert_eq!(ask(&device, "GET", &before, "").await.1["entries"].as_array().unwrap().len(), 1);

    // Not another person's, and not a carer's with whom they do not share their record.
    let (_, log) = ask(&others, "GET", "/mobile/v1/access-log", "").await;
    assert_eq!(log["entries"].as_array().unwrap().len(), 1, "{log}");
    let new =
        Carer { carer: random::new_id(), organisation: town.organisation, name: "Joan".into(), date_of_birth: BORN };
    carer::insert(&mut db, &new).await.unwrap();
    let code = town.code(Whose::Carer(new.carer), &[patient], None).await;
    let carer = town.enrol(&code).await.unwrap();
    let handle: String = sqlx::query_scalar("SELECT handle FROM device_person WHERE device = $1")
        .bind(carer.id)
        .fetch_one(&mut *db)
        .await
        .unwrap();
    let (status, refused) = ask(&carer, "GET", &format!("/mobile/v1/access-log?for={handle}"), "").await;
    assert_eq!((status, refused["reason"].as_str()), (403, Some("for_unknown")), "{refused}");
    let looks: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit WHERE what = 'own.access_log_read' AND patient = $1")
            .bind(patient)
            .fetch_one(&mut *db)
            .await
            .unwrap();
    assert_eq!(looks, 1, "once an hour");
}
