//! Passkeys where there is no authenticator: what is asked and answered out of turn. A browser's own are in the pages' story.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::world::{Browser, PASSWORD, World, id};

fn junk() -> Value {
    let response =
        json!({ "authenticatorData": "AAAA", "clientDataJSON": "AAAA", "signature": "AAAA", "userHandle": "AAAA" });
    json!({ "id": "AAAA", "rawId": "AAAA", "type": "public-key", "extensions": {}, "response": response })
}

fn code((status, body): (StatusCode, Value)) -> (StatusCode, String) {
    (status, id(&body["error"], "code"))
}

#[tokio::test]
async fn nothing_is_answered_that_was_not_asked_and_nothing_twice() {
    let world = World::new().await;
    let service = world.serve();
    let wrong = (StatusCode::UNAUTHORIZED, "wrong_passkey".to_owned());
    let over = (StatusCode::UNAUTHORIZED, "sign_in_ended".to_owned());
    let mut stranger = Browser::new(&service);
    let answer = json!({ "credential": junk() });
    assert_eq!(code(stranger.post("/api/sign-in/passkey-alone", answer.clone()).await), wrong);
    assert_eq!(code(stranger.post("/api/sign-in/passkey/options", json!({})).await), over);
    assert_eq!(code(stranger.post("/api/sign-in/passkey", answer.clone()).await), over);

    let asked = stranger.give("/api/sign-in/passkey-alone/options", json!({})).await;
    assert_eq!(asked["options"]["publicKey"]["userVerification"], "required");
    for _ in 0..2 {
        assert_eq!(code(stranger.post("/api/sign-in/passkey-alone", answer.clone()).await), wrong);
    }
    let store = world.database.store().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM passkey_ceremony").fetch_one(&store.owner).await.unwrap();
    assert_eq!(left, 0, "a refused answer uses its question up");

    // What was asked of anybody does not serve as somebody's second factor.
    let mut ida = Browser::new(&service);
    ida.give("/api/sign-in", json!({ "email": "ida@example.org", "password": PASSWORD })).await;
    assert_eq!(
        code(ida.post("/api/sign-in/passkey/options", json!({})).await),
        (StatusCode::CONFLICT, "no_passkey".into())
    );
    ida.give("/api/sign-in/passkey-alone/options", json!({})).await;
    assert_eq!(code(ida.post("/api/sign-in/passkey", answer).await), wrong);
    assert_eq!(ida.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_passkey_is_added_only_soon_after_signing_in_and_only_when_it_was_made_for_this() {
    let world = World::new().await;
    let service = world.serve();
    let mut ida = Browser::signed_in(&service, "ida@example.org").await;
    let wrong = (StatusCode::CONFLICT, "wrong_passkey".to_owned());
    let new = json!({ "name": "my phone", "credential": junk() });
    assert_eq!(code(ida.post("/api/me/passkeys", new.clone()).await), wrong);
    let asked = ida.give("/api/me/passkeys/options", json!({})).await;
    assert_eq!(asked["options"]["publicKey"]["rp"]["id"], "localhost");
    assert_eq!(code(ida.post("/api/me/passkeys", new.clone()).await), wrong);
    let unnamed = json!({ "name": "\n", "credential": junk() });
    assert_eq!(code(ida.post("/api/me/passkeys", unnamed).await).0, StatusCode::BAD_REQUEST);

    let store = world.database.store().await;
    sqlx::query("UPDATE staff_session SET made_at = made_at - interval '10 minutes'")
        .execute(&store.owner)
        .await
        .unwrap();
    let again = (StatusCode::FORBIDDEN, "sign_in_again".to_owned());
    assert_eq!(code(ida.post("/api/me/passkeys/options", json!({})).await), again);
    assert_eq!(code(ida.post("/api/me/passkeys", new).await), again);
}
