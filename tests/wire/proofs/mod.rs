//! The proofs that are none (R32): whatever token libraries have fallen for, and whatever else a thief or a broken app would try, over
//! the real socket and over HTTP. All of them get one answer, and each is counted.

mod corpus;

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use derwent::phone::{Route, Socket};
use derwent::random;
use derwent::store::enrolment_code::Whose;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::gauges::{address, scrape};
use super::{BORN, Town, now};
use crate::harness::database::Database;
use crate::harness::service::{Options, Service, serve};
use corpus::{Case, Forge, Pair, corpus, corpus_of_requests, corpus_of_sockets, with};

const PATH: &str = "/mobile/v1/submissions";

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A town whose service tells its gauges, and two enrolled devices whose keys the test holds.
async fn forge() -> (Town, Forge, String) {
    super::install_crypto();
    let town = super::gauges::town_with_gauges().await;
    let gauges = address(&town.service);
    let (key, other_key) = (Pair::new(&ECDSA_P256_SHA256_FIXED_SIGNING), Pair::new(&ECDSA_P256_SHA256_FIXED_SIGNING));
    let device = enrol(&town, &key, "Dorothy").await;
    let other_device = enrol(&town, &other_key, "Arthur").await;
    (town, Forge { key, device, other_key, other_device, claims: json!({}) }, gauges)
}

async fn enrol(town: &Town, key: &Pair, given_name: &str) -> Uuid {
    let patient = town.patient(given_name).await;
    let code = town.code(Whose::Patient(patient), &[patient], None).await;
    let asked = json!({
        "code": code, "date_of_birth": BORN, "public_key": key.jwk(),
        "device": { "name": "a phone", "platform": "test", "app_version": "1" },
    });
    let answer =
        reqwest::Client::new().post(format!("{}/mobile/v1/enrol", town.service.origin)).json(&asked).send().await;
    answer.unwrap().json::<Value>().await.unwrap()["device_id"].as_str().unwrap().parse().unwrap()
}

fn iat(server_time: &Value) -> i64 {
    server_time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
}

/// A socket that was told a challenge, and the claims that would be right.
async fn challenged(origin: &str, route: Option<Route>, device: Uuid) -> (Socket, Value) {
    let mut socket = Socket::open_by(origin, route).await.unwrap();
    let challenge: Value = serde_json::from_str(&socket.hear().await.unwrap()).unwrap();
    let claims =
        json!({ "iss": device, "aud": origin, "nonce": challenge["nonce"], "iat": iat(&challenge["server_time"]) });
    (socket, claims)
}

/// What the service says to this proof: its words, and the code it closes with; none when it is welcome.
async fn greeted(socket: &mut Socket, device: Uuid, proof: &str) -> Option<(Vec<String>, Option<u16>)> {
    let hello =
        json!({ "type": "hello", "device_id": device, "app_version": "1", "phone_time": now(), "proof": proof });
    socket.say(hello.to_string()).await.unwrap();
    let mut said = Vec::new();
    loop {
        match socket.hear().await {
            Ok(text) if text.contains("\"welcome\"") => return None,
            Ok(text) => said.push(text),
            Err(ended) => return Some((said, ended.code())),
        }
    }
}

/// The claims that would be right for one request with this body.
async fn http_claims(base: &str, origin: &str, device: Uuid, body: &str) -> Value {
    let challenge = reqwest::Client::new().post(format!("{base}/mobile/v1/challenge")).send().await.unwrap();
    let challenge: Value = challenge.json().await.unwrap();
    json!({
        "iss": device, "aud": origin, "nonce": challenge["nonce"], "iat": iat(&challenge["server_time"]), "htm": "POST",
        "htu": PATH, "body_sha256": base64url(digest(&SHA256, body.as_bytes())),
    })
}

async fn asked(base: &str, proof: Option<&str>, body: &str) -> (StatusCode, Value) {
    let request = reqwest::Client::new().post(format!("{base}{PATH}")).body(body.to_owned());
    let request = proof.into_iter().fold(request, |request, proof| request.header("derwent-proof", proof));
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

fn body() -> String {
    json!({ "phone_time": now(), "items": [] }).to_string()
}

async fn refused_so_far(gauges: &str, reason: &str) -> f64 {
    scrape(gauges).await.1[&format!("derwent_refusals_total{{reason=\"{reason}\"}}")]
}

#[tokio::test]
async fn no_false_proof_opens_a_socket_and_all_hear_the_same() {
    let (town, mut forge, gauges) = forge().await;
    let (origin, device) = (town.service.origin.clone(), forge.device);
    let cases: Vec<Case> = corpus().into_iter().chain(corpus_of_sockets()).collect();
    for (name, make) in &cases {
        let (mut socket, claims) = challenged(&origin, None, device).await;
        forge.claims = claims;
        let said = greeted(&mut socket, device, &make(&forge)).await;
        let refused = vec![json!({ "type": "bye", "code": "bad_proof" }).to_string()];
        assert_eq!(said, Some((refused, Some(4002))), "{name}");
    }
    assert_eq!(refused_so_far(&gauges, "proof_invalid").await, cases.len() as f64, "each is counted");

    // Of another socket, though both are open; and once more on a third.
    let (mut first, claims) = challenged(&origin, None, device).await;
    let (mut second, _) = challenged(&origin, None, device).await;
    forge.claims = claims;
    let right = forge.right();
    assert_eq!(greeted(&mut second, device, &right).await.map(|(_, code)| code), Some(Some(4002)));
    assert_eq!(greeted(&mut first, device, &right).await, None, "it is right where it belongs");
    let (mut third, _) = challenged(&origin, None, device).await;
    assert_eq!(greeted(&mut third, device, &right).await.map(|(_, code)| code), Some(Some(4002)));

    // No proof at all, and one that is too big to be one, end before anything is checked.
    let (mut socket, _) = challenged(&origin, None, device).await;
    socket
        .say(json!({ "type": "hello", "device_id": device, "app_version": "1", "phone_time": now() }).to_string())
        .await
        .unwrap();
    while socket.hear().await.is_ok() {}
    let (mut socket, _) = challenged(&origin, None, device).await;
    let huge = forge.token(&Forge::header(), &with(forge.claims.clone(), json!({ "fill": "x".repeat(100_000) })));
    let hello = json!({ "type": "hello", "device_id": device, "app_version": "1", "phone_time": now(), "proof": huge });
    let _ = socket.say(hello.to_string()).await;
    while let Ok(said) = socket.hear().await {
        assert!(!said.contains("welcome"), "{said}");
    }
    assert_eq!(town.count("SELECT connection FROM device ORDER BY connection DESC LIMIT 1").await, 1, "one was let in");
}

#[tokio::test]
async fn no_false_proof_is_served_over_http_and_all_are_answered_the_same() {
    let (town, mut forge, gauges) = forge().await;
    let (origin, device) = (town.service.origin.clone(), forge.device);
    let body = body();
    let (status, none) = asked(&origin, None, &body).await;
    assert_eq!((status, &none["reason"]), (StatusCode::UNAUTHORIZED, &json!("proof_invalid")), "{none}");
    let cases: Vec<Case> = corpus().into_iter().chain(corpus_of_requests()).collect();
    for (name, make) in &cases {
        forge.claims = http_claims(&origin, &origin, device, &body).await;
        let answer = asked(&origin, Some(&make(&forge)), &body).await;
        assert_eq!(answer, (StatusCode::UNAUTHORIZED, none.clone()), "{name}");
    }
    assert_eq!(refused_so_far(&gauges, "proof_invalid").await, cases.len() as f64 + 1.0, "each is counted");

    // Right in all but the nonce. The last two use it up.
    let (_, unknown) = {
        forge.claims = http_claims(&origin, &origin, device, &body).await;
        asked(&origin, Some(&forge.saying(json!({ "nonce": random::token() }))), &body).await
    };
    assert_eq!(unknown["reason"], "nonce_unknown", "{unknown}");
    let right = forge.right();
    assert_eq!(asked(&origin, Some(&right), &body).await.0, StatusCode::OK);
    assert_eq!(asked(&origin, Some(&right), &body).await, (StatusCode::UNAUTHORIZED, unknown.clone()));
    for late in [1, -1] {
        forge.claims = http_claims(&origin, &origin, device, &body).await;
        let wrong = forge.saying(json!({ "iat": forge.claims["iat"].as_i64().unwrap() + late }));
        assert_eq!(asked(&origin, Some(&wrong), &body).await, (StatusCode::UNAUTHORIZED, unknown.clone()));
    }
    forge.claims = http_claims(&origin, &origin, device, &body).await;
    sqlx::query("UPDATE http_challenge SET ends_at = made_at").execute(&town.store.owner).await.unwrap();
    assert_eq!(
        asked(&origin, Some(&forge.right()), &body).await,
        (StatusCode::UNAUTHORIZED, unknown.clone()),
        "expired"
    );
    // A socket's nonce is none of HTTP's.
    let (_socket, of_socket) = challenged(&origin, None, device).await;
    forge.claims = with(http_claims(&origin, &origin, device, &body).await, json!({ "nonce": of_socket["nonce"] }));
    assert_eq!(asked(&origin, Some(&forge.right()), &body).await, (StatusCode::UNAUTHORIZED, unknown));

    forge.claims = http_claims(&origin, &origin, device, &body).await;
    let huge = forge.saying(json!({ "fill": "x".repeat(20_000) }));
    assert!(asked(&origin, Some(&huge), &body).await.0.is_client_error());
    assert_eq!(
        asked(&origin, Some(&forge.right()), &body).await.0,
        StatusCode::OK,
        "nothing of that used up the nonce"
    );
}

/// A replica of the town's service, under the same origin.
fn replica(database: &Database, mails: &Path, origin: &str, to: std::net::SocketAddr) -> Service {
    let mut command = serve(&Options {
        database_url: database.url.clone(),
        care_time: None,
        smtp_url: format!("file:{}", mails.display()),
        pager_url: None,
    });
    command.env("DERWENT_LISTEN", to.to_string()).env("DERWENT_ORIGIN", origin);
    Service::try_start(command).unwrap()
}

#[tokio::test]
async fn a_proof_serves_once_at_any_replica_and_not_after_a_restart() {
    let (town, mut forge, _) = forge().await;
    let (origin, device, body) = (town.service.origin.clone(), forge.device, body());
    let first: std::net::SocketAddr = format!("127.0.0.1:{}", origin.rsplit(':').next().unwrap()).parse().unwrap();
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let second = free();
    let _beside = replica(&town.database, town.mails.path(), &origin, second);
    let (here, there) = (format!("http://{first}"), format!("http://{second}"));

    // A challenge from one replica serves at the other; then at neither.
    forge.claims = http_claims(&here, &origin, device, &body).await;
    let proof = forge.right();
    assert_eq!(asked(&there, Some(&proof), &body).await.0, StatusCode::OK);
    for base in [&here, &there] {
        assert_eq!(asked(base, Some(&proof), &body).await.1["reason"], "nonce_unknown");
    }
    // A socket's challenge is that socket's alone.
    let (_socket, claims) = challenged(&origin, None, device).await;
    forge.claims = claims;
    let of_socket = forge.right();
    let route = Route { from: "127.0.0.1".parse().unwrap(), to: second };
    let (mut elsewhere, _) = challenged(&origin, Some(route), device).await;
    assert_eq!(greeted(&mut elsewhere, device, &of_socket).await.map(|(_, code)| code), Some(Some(4002)));

    forge.claims = http_claims(&here, &origin, device, &body).await;
    let used = forge.right();
    assert_eq!(asked(&here, Some(&used), &body).await.0, StatusCode::OK);
    assert!(town.service.end(), "it did not end well");
    let _again = replica(&town.database, town.mails.path(), &origin, first);
    assert_eq!(asked(&here, Some(&used), &body).await.1["reason"], "nonce_unknown");
    let (mut socket, _) = challenged(&origin, None, device).await;
    assert_eq!(greeted(&mut socket, device, &of_socket).await.map(|(_, code)| code), Some(Some(4002)));
}

#[tokio::test]
async fn a_revoked_device_looks_like_one_that_never_was() {
    let (town, mut forge, _) = forge().await;
    let (origin, device, body) = (town.service.origin.clone(), forge.device, body());
    sqlx::query("UPDATE device SET revoked_at = enrolled_at WHERE device = $1")
        .bind(device)
        .execute(&town.store.owner)
        .await
        .unwrap();
    let nobody = random::new_id();
    let mut said = Vec::new();
    for id in [device, nobody] {
        let (mut socket, claims) = challenged(&origin, None, id).await;
        forge.claims = claims;
        said.push(greeted(&mut socket, id, &forge.right()).await);
        forge.claims = http_claims(&origin, &origin, id, &body).await;
        let (status, answer) = asked(&origin, Some(&forge.right()), &body).await;
        assert_eq!((status, &answer["reason"]), (StatusCode::UNAUTHORIZED, &json!("not_enrolled")));
    }
    assert_eq!(said[0].as_ref().map(|(_, code)| *code), Some(Some(4001)));
    assert_eq!(said[0], said[1]);
}
