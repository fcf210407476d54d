//! Signing in and out, guesses, other people's pages, and what every answer tells the browser not to do.

use reqwest::header::{CONTENT_SECURITY_POLICY, SET_COOKIE, X_FRAME_OPTIONS};
use reqwest::{Client, Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::world::{Browser, PASSWORD, World};

#[tokio::test]
async fn a_session_is_an_opaque_cookie_that_ends_when_it_is_told_to() {
    let world = World::new().await;
    let service = world.serve();
    let stranger = Browser::new(&service);
    assert_eq!(stranger.get("/api/me").await.0, StatusCode::UNAUTHORIZED);

    let (status, headers, _) = stranger.sign_in(" Ida@Example.org ", PASSWORD).await;
    assert_eq!(status, StatusCode::OK);
    let cookie = headers[SET_COOKIE].to_str().unwrap();
    for wanted in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(wanted), "{cookie}");
    }

    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let me = ida.read("/api/me").await;
    assert_eq!((me["name"].as_str(), me["role"].as_str()), (Some("Ida Shaw"), Some("co-ordinator")));
    assert_eq!(me["teams"][0]["name"], "Belper team");
    assert_eq!(me["time_zone"], "Europe/London");

    assert_eq!(ida.post("/api/sign-out", json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ida.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_learns_which_accounts_exist_and_guesses_are_limited() {
    let world = World::new().await;
    let service = world.serve_with(&["--trusted-proxies", "127.0.0.1,::1"]);
    let stranger = Browser::new(&service);
    let (wrong, _, wrong_body) = stranger.sign_in("ida@example.org", "river under bridge").await;
    let (unknown, _, unknown_body) = stranger.sign_in("nobody@example.org", PASSWORD).await;
    assert_eq!(wrong, StatusCode::UNAUTHORIZED);
    assert_eq!((wrong, wrong_body), (unknown, unknown_body));

    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(stranger.sign_in("tom@example.org", "not toms password").await.0);
    }
    assert_eq!(answers, [StatusCode::UNAUTHORIZED; 8]);
    let (limited, _, body) = stranger.sign_in("tom@example.org", PASSWORD).await;
    assert_eq!(limited, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(body["error"]["code"], "too_many_guesses");
    // Others are not kept out by that; nor is Tom, from where he works (behind our own proxy).
    let tom = stranger.request(Method::POST, "/api/sign-in").header("x-forwarded-for", "203.0.113.7");
    let (status, _, body) = stranger.send(tom.json(&json!({ "email": "tom@example.org", "password": PASSWORD }))).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(stranger.sign_in("ida@example.org", PASSWORD).await.0, StatusCode::OK);
}

#[tokio::test]
async fn whoever_was_not_named_as_a_proxy_cannot_choose_whose_guesses_count() {
    let world = World::new().await;
    let service = world.serve();
    let stranger = Browser::new(&service);
    let from = async |address: String| {
        let asked = stranger.request(Method::POST, "/api/sign-in").header("x-forwarded-for", address);
        stranger.send(asked.json(&json!({ "email": "tom@example.org", "password": "not toms password" }))).await.0
    };
    for number in 1..=8 {
        assert_eq!(from(format!("203.0.113.{number}")).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(from("203.0.113.9".to_owned()).await, StatusCode::TOO_MANY_REQUESTS);
    let log = std::fs::read_to_string(&service.log).unwrap();
    assert_eq!(log.matches("DERWENT_TRUSTED_PROXIES").count(), 1, "{log}");
}

#[tokio::test]
async fn a_crowd_at_the_door_is_told_that_the_service_is_busy() {
    let world = World::new().await;
    let service = world.serve_with(&["--trusted-proxies", "127.0.0.1,::1"]);
    let stranger = std::sync::Arc::new(Browser::new(&service));
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..300 {
        let stranger = std::sync::Arc::clone(&stranger);
        crowd.spawn(async move { stranger.sign_in(&format!("{number}@example.org"), "a guess of a password").await.0 });
    }
    let answers = crowd.join_all().await;
    let count = |wanted: StatusCode| answers.iter().filter(|answer| **answer == wanted).count();
    let (compared, busy) = (count(StatusCode::UNAUTHORIZED), count(StatusCode::SERVICE_UNAVAILABLE));
    let limited = count(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(compared + busy + limited, 300);
    assert!(compared >= 32 && busy > 0, "{compared} compared, {busy} busy, {limited} limited");
    let elsewhere = stranger.request(Method::POST, "/api/sign-in").header("x-forwarded-for", "203.0.113.7");
    let asked = elsewhere.json(&json!({ "email": "ida@example.org", "password": PASSWORD }));
    assert_eq!(stranger.send(asked).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_page_of_another_origin_can_do_nothing() {
    let world = World::new().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let cookie = ida.cookie.clone().unwrap();
    let post = |headers: &[(&'static str, &str)]| {
        let mut request = Client::new().post(format!("{}/api/sign-out", service.origin)).header("cookie", &cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    };
    for headers in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", service.origin.as_str()), ("sec-fetch-site", "cross-site")],
        &[("origin", service.origin.as_str()), ("sec-fetch-site", "same-site")],
    ] {
        let (status, _, body) = ida.send(post(headers)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
        assert_eq!(body["error"]["code"], "cross_origin");
    }
    assert_eq!(ida.get("/api/me").await.0, StatusCode::OK, "the session must have survived all that");
    assert_eq!(ida.send(post(&[("sec-fetch-site", "same-origin")])).await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn answers_forbid_what_no_page_of_ours_needs() {
    let world = World::new().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    for path in ["/staff/", "/api/me", "/nothing/here", "/health/loops"] {
        let (_, headers, _) = ida.send(ida.request(Method::GET, path)).await;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert!(headers.contains_key("x-request-id"), "{path}");
    }
    let (_, headers, _) = ida.send(ida.request(Method::GET, "/api/me")).await;
    assert_eq!(headers["cache-control"], "no-store");
    let (status, headers, _) = ida.send(ida.request(Method::GET, "/")).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/staff/"));
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_is_refused_in_a_sentence() {
    let world = World::new().await;
    let service = world.serve();
    let stranger = Browser::new(&service);
    // Announced only: a body that is refused unread may take the answer's connection down with it.
    let address = stranger.origin.strip_prefix("http://").unwrap();
    let mut line = TcpStream::connect(address).await.unwrap();
    let announced = format!(
        "POST /api/sign-in HTTP/1.1\r\nHost: {address}\r\nOrigin: {}\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n\r\n",
        stranger.origin
    );
    line.write_all(announced.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    line.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");

    let odd = stranger.request(Method::POST, "/api/sign-in").header("content-type", "application/json").body("{");
    let (status, _, body) = stranger.send(odd).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["error"]["code"], "bad_request", "{body}");
    let (status, body) = stranger.get("/api/sign-in").await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::METHOD_NOT_ALLOWED, Some("method_not_allowed")));
    let (status, body) = stranger.get("/api/no/such/thing").await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));
}
