//! One's own sessions: seen, ended, and ending by themselves.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::world::{Browser, PASSWORD, World, id};

#[tokio::test]
async fn everybody_sees_and_ends_their_own_sessions_and_nobody_elses() {
    let world = World::new().await;
    let service = world.serve();
    let here = Browser::signed_in(&service, "ida@example.org").await;
    let there = Browser::signed_in(&service, "ida@example.org").await;
    let third = Browser::signed_in(&service, "ida@example.org").await;
    let tom = Browser::signed_in(&service, "tom@example.org").await;

    let list = here.read("/api/me/sessions").await;
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|session| session["this"] == true).count(), 1);
    let this = |browser: &serde_json::Value| {
        let sessions = browser["sessions"].as_array().unwrap().clone();
        id(sessions.iter().find(|session| session["this"] == true).unwrap(), "session")
    };
    let theirs = this(&there.read("/api/me/sessions").await);
    let path = format!("/api/me/sessions/{theirs}");
    assert_eq!(tom.send(tom.request(Method::DELETE, &path)).await.0, StatusCode::NOT_FOUND);
    there.read("/api/me").await;
    assert_eq!(here.send(here.request(Method::DELETE, &path)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(there.get("/api/me").await.0, StatusCode::UNAUTHORIZED);

    assert_eq!(here.post("/api/me/sessions/end-others", json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(third.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
    here.read("/api/me").await;
    tom.read("/api/me").await;
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_sooner_on_a_shared_computer() {
    let world = World::new().await;
    let service = world.serve();
    let own = Browser::signed_in(&service, "ida@example.org").await;
    let mut shared = Browser::new(&service);
    let asked = json!({ "email": "tom@example.org", "password": PASSWORD, "shared_computer": true });
    shared.give("/api/sign-in", asked).await;
    shared.set_up().await;
    let store = world.database.store().await;
    let lasts: Vec<(bool, i64, i32)> = sqlx::query_as(
        "SELECT shared_computer, extract(epoch FROM ends_at - made_at)::bigint, idle_s FROM staff_session ORDER BY 1",
    )
    .fetch_all(&store.owner)
    .await
    .unwrap();
    assert_eq!(lasts, [(false, 12 * 3600, 2 * 3600), (true, 4 * 3600, 15 * 60)]);

    let unused_for = async |minutes: i32| {
        sqlx::query("UPDATE staff_session SET used_at = used_at - make_interval(mins => $1)")
            .bind(minutes)
            .execute(&store.owner)
            .await
            .unwrap();
    };
    unused_for(14).await;
    // A page that fetches by itself keeps nothing open.
    let by_itself = shared.request(Method::GET, "/api/me").header("x-unattended", "1");
    assert_eq!(shared.send(by_itself).await.0, StatusCode::OK);
    unused_for(2).await;
    assert_eq!(shared.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
    own.read("/api/me").await;
    // That was use: it counts from now on.
    unused_for(119).await;
    own.read("/api/me").await;
    unused_for(121).await;
    assert_eq!(own.get("/api/me").await.0, StatusCode::UNAUTHORIZED);

    let whole = Browser::signed_in(&service, "ida@example.org").await;
    sqlx::query("UPDATE staff_session SET ends_at = ends_at - interval '12 hours'")
        .execute(&store.owner)
        .await
        .unwrap();
    assert_eq!(whole.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn how_to_sign_in_is_changed_only_soon_after_signing_in_and_ends_all_other_sessions() {
    let world = World::new().await;
    let service = world.serve();
    let other = Browser::signed_in(&service, "ida@example.org").await;
    let mut ida = Browser::signed_in(&service, "ida@example.org").await;
    let short = ida.post("/api/me/password", json!({ "password": "elevenchars" })).await;
    assert_eq!((short.0, id(&short.1["error"], "code")), (StatusCode::BAD_REQUEST, "unfit_password".into()));
    ida.give("/api/me/password", json!({ "password": "bridges over rivers" })).await;
    assert_eq!(other.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
    ida.read("/api/me").await;
    assert_eq!(ida.sign_in("ida@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);

    let mut other = Browser::new(&service);
    other.give("/api/sign-in", json!({ "email": "ida@example.org", "password": "bridges over rivers" })).await;
    let codes = ida.give("/api/me/recovery-codes", json!({})).await;
    other.give("/api/sign-in/recovery-code", json!({ "code": codes["recovery_codes"][0] })).await;
    let offer = ida.give("/api/me/totp", json!({})).await;
    let secret = totp_rs::Secret::try_from_base32(id(&offer, "secret")).unwrap().as_bytes().to_vec();
    let code = super::world::one_time_code(&secret, 0);
    ida.give("/api/me/totp/confirm", json!({ "code": code })).await;
    assert_eq!(other.get("/api/me").await.0, StatusCode::UNAUTHORIZED);

    let store = world.database.store().await;
    sqlx::query("UPDATE staff_session SET made_at = made_at - interval '10 minutes'")
        .execute(&store.owner)
        .await
        .unwrap();
    assert_eq!(ida.read("/api/me/security").await["may_change"], false);
    for (path, body) in [
        ("/api/me/password", json!({ "password": "bridges over rivers" })),
        ("/api/me/recovery-codes", json!({})),
        ("/api/me/totp", json!({})),
        ("/api/me/totp/confirm", json!({ "code": "000000" })),
    ] {
        let (status, body) = ida.post(path, body).await;
        assert_eq!((status, id(&body["error"], "code")), (StatusCode::FORBIDDEN, "sign_in_again".into()), "{path}");
    }
}

#[tokio::test]
async fn news_stop_when_the_session_ends() {
    let world = World::new().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let address = service.origin.strip_prefix("http://").unwrap();
    let mut line = TcpStream::connect(address).await.unwrap();
    let asked =
        format!("GET /api/events HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\n\r\n", ida.cookie.clone().unwrap());
    line.write_all(asked.as_bytes()).await.unwrap();
    let mut begun = [0; 15];
    line.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200 OK");
    assert_eq!(ida.post("/api/sign-out", json!({})).await.0, StatusCode::NO_CONTENT);
    // The last, empty chunk: the stream is over. It looks every twenty seconds.
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        let mut told = Vec::new();
        while !told.ends_with(b"0\r\n\r\n") {
            assert_ne!(line.read_buf(&mut told).await.unwrap(), 0, "cut off");
        }
    });
    ended.await.expect("the stream ends soon");
}
