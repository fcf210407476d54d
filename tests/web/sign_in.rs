//! A second factor on every path, limits on guessing, and nothing told to whoever does not know (R36).

use derwent::web;
use reqwest::header::SET_COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{Browser, PASSWORD, World, id, one_time_code};

const CODE: &str = "/api/sign-in/code";
const RECOVERY: &str = "/api/sign-in/recovery-code";

async fn knows_the_password(service: &crate::harness::service::Service, email: &str) -> Browser {
    let mut browser = Browser::new(service);
    browser.give("/api/sign-in", json!({ "email": email, "password": PASSWORD })).await;
    browser
}

fn refusal((status, body): (StatusCode, Value)) -> (StatusCode, String) {
    (status, id(&body["error"], "code"))
}

#[tokio::test]
async fn a_password_alone_opens_nothing() {
    let world = World::new().await;
    let service = world.serve();
    let ida = knows_the_password(&service, "ida@example.org").await;
    let mut asked = 0;
    for question in web::questions().into_iter().filter(|question| question.access != web::Access::Anyone) {
        let path = question.path.replace(['{', '}'], "");
        let (status, _, body) = ida.send(ida.request(question.method, &path).json(&json!({}))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}: {body}");
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
    // The token of the attempt is no session's either.
    let attempt = ida.cookie.clone().unwrap();
    let mut forger = Browser::new(&service);
    forger.cookie = Some(attempt.replace("derwent_attempt", "derwent_session"));
    assert_eq!(forger.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_one_time_code_opens_once() {
    let world = World::new().await;
    let service = world.serve();
    let mut first = knows_the_password(&service, "ida@example.org").await;
    let known = first.set_up().await;
    assert_eq!(known.recovery_codes.len(), 10);
    first.read("/api/me").await;

    let mut second = knows_the_password(&service, "ida@example.org").await;
    let used = one_time_code(&known.secret, 0);
    let wrong = (StatusCode::UNAUTHORIZED, "wrong_code".to_owned());
    assert_eq!(refusal(second.post(CODE, json!({ "code": used })).await), wrong, "it has set up the factor");
    let next = one_time_code(&known.secret, 1);
    second.give(CODE, json!({ "code": next })).await;
    second.read("/api/me").await;

    let third = knows_the_password(&service, "ida@example.org").await;
    assert_eq!(refusal(third.post(CODE, json!({ "code": next })).await), wrong);
    assert_eq!(refusal(third.post(CODE, json!({ "code": one_time_code(&known.secret, 3) })).await), wrong);
    let toms = knows_the_password(&service, "tom@example.org").await.set_up().await;
    assert_eq!(refusal(third.post(CODE, json!({ "code": one_time_code(&toms.secret, 1) })).await), wrong);
    assert_eq!(refusal(third.post(RECOVERY, json!({ "code": toms.recovery_codes[0] })).await), wrong);
}

#[tokio::test]
async fn a_recovery_code_opens_once_and_not_after_new_ones_were_made() {
    let world = World::new().await;
    let service = world.serve();
    let mut ida = knows_the_password(&service, "ida@example.org").await;
    let codes = ida.set_up().await.recovery_codes;
    let mut again = knows_the_password(&service, "ida@example.org").await;
    let left = again.give(RECOVERY, json!({ "code": codes[0].to_lowercase().replace('-', "") })).await;
    assert_eq!(left["left"], 9);
    assert_eq!(again.read("/api/me/security").await["recovery_codes_left"], 9);

    let third = knows_the_password(&service, "ida@example.org").await;
    let wrong = (StatusCode::UNAUTHORIZED, "wrong_code".to_owned());
    assert_eq!(refusal(third.post(RECOVERY, json!({ "code": codes[0] })).await), wrong);
    let new = again.give("/api/me/recovery-codes", json!({})).await;
    assert_eq!(refusal(third.post(RECOVERY, json!({ "code": codes[1] })).await), wrong);
    let mut third = third;
    third.give(RECOVERY, json!({ "code": new["recovery_codes"][0] })).await;
    third.read("/api/me").await;
}

#[tokio::test]
async fn a_stolen_password_cannot_bring_its_own_second_factor() {
    let world = World::new().await;
    let service = world.serve();
    // The thief is there first, but does not finish.
    let mut thief = knows_the_password(&service, "ida@example.org").await;
    let offer = thief.give("/api/sign-in/set-up", json!({})).await;
    let secret = totp_rs::Secret::try_from_base32(id(&offer, "secret")).unwrap().as_bytes().to_vec();
    let mut ida = knows_the_password(&service, "ida@example.org").await;
    ida.set_up().await;

    let exists = (StatusCode::FORBIDDEN, "second_factor_exists".to_owned());
    assert_eq!(refusal(thief.post("/api/sign-in/set-up", json!({})).await), exists);
    let confirm = thief.post("/api/sign-in/set-up/confirm", json!({ "code": one_time_code(&secret, 0) })).await;
    assert_eq!(refusal(confirm), (StatusCode::CONFLICT, "no_offer".to_owned()));
    assert_eq!(thief.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_attempt_goes_on_at_another_replica_serves_once_and_ends() {
    let world = World::new().await;
    let (here, there) = (world.serve(), world.serve());
    let mut ida = knows_the_password(&here, "ida@example.org").await;
    ida.origin.clone_from(&there.origin);
    let secret = ida.set_up().await.secret;
    ida.read("/api/me").await;

    let ended = (StatusCode::UNAUTHORIZED, "sign_in_ended".to_owned());
    let mut again = knows_the_password(&here, "ida@example.org").await;
    let mut copy = Browser::new(&there);
    copy.cookie.clone_from(&again.cookie);
    let code = one_time_code(&secret, 1);
    again.give(CODE, json!({ "code": code })).await;
    assert_eq!(refusal(copy.post(CODE, json!({ "code": code })).await), ended);

    let late = knows_the_password(&here, "ida@example.org").await;
    let store = world.database.store().await;
    sqlx::query("UPDATE sign_in_attempt SET ends_at = ends_at - interval '10 minutes'")
        .execute(&store.owner)
        .await
        .unwrap();
    assert_eq!(refusal(late.post(CODE, json!({ "code": code })).await), ended);
    assert_eq!(refusal(Browser::new(&here).post(CODE, json!({ "code": code })).await), ended);
}

#[tokio::test]
async fn guesses_at_codes_are_counted_for_all_replicas_and_over_restarts() {
    let world = World::new().await;
    let here = world.serve();
    let known = knows_the_password(&here, "ida@example.org").await.set_up().await;
    let mut guesser = knows_the_password(&here, "ida@example.org").await;
    for number in 0..4 {
        // One in a million.
        assert_eq!(guesser.post(CODE, json!({ "code": "000000" })).await.0, StatusCode::UNAUTHORIZED, "{number}");
        let code = json!({ "code": "0000-0000-0000-0000" });
        assert_eq!(guesser.post(RECOVERY, code).await.0, StatusCode::UNAUTHORIZED, "{number}");
    }
    assert!(here.end());
    let there = world.serve();
    guesser.origin.clone_from(&there.origin);
    let limited = (StatusCode::TOO_MANY_REQUESTS, "too_many_guesses".to_owned());
    let right = json!({ "code": one_time_code(&known.secret, 1) });
    assert_eq!(refusal(guesser.post(CODE, right.clone()).await), limited);
    assert_eq!(refusal(guesser.post(RECOVERY, json!({ "code": known.recovery_codes[0] })).await), limited);
    let another = knows_the_password(&there, "ida@example.org").await;
    assert_eq!(refusal(another.post(CODE, right).await), limited, "a new attempt wipes no slate");
}

#[tokio::test]
async fn an_account_under_attack_from_everywhere_opens_at_its_usual_place() {
    let world = World::new().await;
    let service = world.serve_with(&["--trusted-proxies", "127.0.0.1,::1"]);
    let mut ida = knows_the_password(&service, "ida@example.org").await;
    ida.set_up().await;
    ida.post("/api/sign-out", json!({})).await;
    let stranger = Browser::new(&service);
    let from = async |who: &Browser, address: &str, password: &str| {
        let asked = who.request(Method::POST, "/api/sign-in").header("x-forwarded-for", address);
        who.send(asked.json(&json!({ "email": "ida@example.org", "password": password }))).await.0
    };
    for number in 0..100 {
        let answer = from(&stranger, &format!("203.0.113.{number}"), "not idas password").await;
        assert_eq!(answer, StatusCode::UNAUTHORIZED, "{number}");
    }
    assert_eq!(from(&stranger, "198.51.100.1", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    // Even from an address of the attackers.
    assert_eq!(from(&ida, "203.0.113.5", PASSWORD).await, StatusCode::OK);
    // Somebody else's usual place is no better than any other.
    let mut tom = knows_the_password(&service, "tom@example.org").await;
    tom.set_up().await;
    assert_eq!(from(&tom, "198.51.100.2", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    // And nobody may guess on there for ever.
    for number in 0..8 {
        assert_eq!(from(&ida, "198.51.100.3", "not idas password").await, StatusCode::UNAUTHORIZED, "{number}");
    }
    assert_eq!(from(&ida, "198.51.100.3", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn when_all_together_guess_too_much_only_known_places_get_in() {
    let world = World::new().await;
    let service = world.serve_with(&["--trusted-proxies", "127.0.0.1,::1"]);
    let mut ida = knows_the_password(&service, "ida@example.org").await;
    ida.set_up().await;
    let stranger = Browser::new(&service);
    let from = async |who: &Browser, address: &str, email: &str| {
        let asked = who.request(Method::POST, "/api/sign-in").header("x-forwarded-for", address);
        who.send(asked.json(&json!({ "email": email, "password": PASSWORD }))).await.0
    };
    assert_eq!(from(&stranger, "203.0.113.1", "one@example.org").await, StatusCode::UNAUTHORIZED);
    let store = world.database.store().await;
    sqlx::query("UPDATE sign_in_guess SET times = 5000").execute(&store.owner).await.unwrap();
    let slates = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM sign_in_guess").fetch_one(&store.owner).await.unwrap()
    };
    let before = slates().await;
    for number in 2..40 {
        let answer = from(&stranger, &format!("203.0.113.{number}"), &format!("{number}@example.org")).await;
        assert_eq!(answer, StatusCode::TOO_MANY_REQUESTS, "{number}");
    }
    assert_eq!(slates().await, before, "a flood of names leaves nothing behind");
    assert_eq!(from(&ida, "203.0.113.1", "ida@example.org").await, StatusCode::OK);
}

#[tokio::test]
async fn a_page_of_another_origin_can_ask_for_no_change() {
    let world = World::new().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let cookie = ida.cookie.clone().unwrap();
    let mut asked = 0;
    for question in web::questions().into_iter().filter(|question| question.method != Method::GET) {
        let path = question.path.replace(['{', '}'], "");
        let request = reqwest::Client::new().request(question.method, format!("{}{path}", service.origin));
        let request = request.header("cookie", &cookie).header("origin", "https://evil.example").json(&json!({}));
        let (status, _, body) = ida.send(request).await;
        assert_eq!(refusal((status, body)), (StatusCode::FORBIDDEN, "cross_origin".into()), "{path}");
        asked += 1;
    }
    assert!(asked > 15, "{asked}");
}

#[tokio::test]
async fn over_tls_every_cookie_is_bound_to_this_host() {
    let world = World::new().await;
    // As if a proxy had ended the TLS.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = world.serve_with(&["--origin", "https://derwent.example", "--listen", &free.to_string()]);
    let mut ida = Browser::new(&service);
    ida.origin = format!("http://{free}");
    let (_, headers, _) = ida.sign_in("ida@example.org", PASSWORD).await;
    let mut given = vec![headers[SET_COOKIE].to_str().unwrap().to_owned()];
    ida.keep(&headers);
    let offer = ida.give("/api/sign-in/set-up", json!({})).await;
    let secret = totp_rs::Secret::try_from_base32(id(&offer, "secret")).unwrap().as_bytes().to_vec();
    let code = json!({ "code": one_time_code(&secret, 0) });
    let (_, headers, _) = ida.send(ida.request(Method::POST, "/api/sign-in/set-up/confirm").json(&code)).await;
    given.extend(headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap().to_owned()));
    assert_eq!(given.len(), 4, "{given:?}");
    for cookie in given {
        assert!(cookie.starts_with("__Host-derwent_"), "{cookie}");
        for wanted in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(cookie.contains(wanted), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test]
async fn signing_in_is_on_record_and_so_is_failing_to() {
    let world = World::new().await;
    let service = world.serve();
    let stranger = Browser::new(&service);
    stranger.sign_in("ida@example.org", "not idas password").await;
    stranger.sign_in("not an address but a password", "x").await;
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    ida.post("/api/sign-out", json!({})).await;
    let store = world.database.store().await;
    let acts: Vec<(String, String)> =
        sqlx::query_as("SELECT what, actor FROM audit WHERE what LIKE 'sign_in.%' ORDER BY audit")
            .fetch_all(&store.owner)
            .await
            .unwrap();
    let acts: Vec<(&str, &str)> = acts.iter().map(|(what, actor)| (what.as_str(), actor.as_str())).collect();
    let expected = [
        ("sign_in.failed", "staff"),
        ("sign_in.failed", "stranger"),
        ("sign_in.factor_added", "staff"),
        ("sign_in.done", "staff"),
        ("sign_in.ended", "staff"),
    ];
    assert_eq!(acts, expected);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM audit WHERE audit::text LIKE '%a password%'")
        .fetch_one(&store.owner)
        .await
        .unwrap();
    assert_eq!(kept, 0, "what was typed into the wrong field is kept");
}
