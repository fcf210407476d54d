//! What is another organisation's looks exactly like what does not exist; without a session there is nothing at all.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{Browser, World, id};

const NOBODY: &str = "019ab000-0000-7000-8000-000000000000";

fn requests(browser: &Browser, patient: &str, alert: &str, reference: &str) -> Vec<(String, reqwest::RequestBuilder)> {
    let get = |path: String| (format!("GET {path}"), browser.request(Method::GET, &path));
    let post = |path: String, body: Value| (format!("POST {path}"), browser.request(Method::POST, &path).json(&body));
    vec![
        get(format!("/api/patients/{patient}")),
        get(format!("/api/patients/{patient}/series?vital=blood_pressure")),
        get(format!("/api/events?patient={patient}")),
        get(format!("/api/alerts/{reference}")),
        post(format!("/api/alerts/{alert}/acknowledge"), json!({})),
        post(format!("/api/alerts/{alert}/close"), json!({ "outcome": "no_action", "note": "" })),
    ]
}

#[tokio::test]
async fn another_organisations_people_look_like_nobody() {
    let world = World::new().await;
    world.told("230", "120");
    let other =
        id(&world.admin(&["organisation", "add", "--name", "Derby", "--time-zone", "Europe/London"]), "organisation");
    let team = id(
        &world.admin(&[
            "team",
            "add",
            "--organisation",
            &other,
            "--name",
            "Derby team",
            "--phone",
            "01332",
            "--cover",
            "all-day",
        ]),
        "team",
    );
    world.staff("Eve Stone", "eve@example.org", &other, Some(&team));
    let mut service = world.serve();
    service.step("2026-03-01T08:00:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let eve = Browser::signed_in(&service, "eve@example.org").await;
    let work = ida.read("/api/worklist").await;
    let alert = id(&work["rows"][0]["alert"], "alert");
    let reference = id(&work["rows"][0]["alert"], "reference");

    let foreign = requests(&eve, &world.dorothy, &alert, &reference);
    let missing = requests(&eve, NOBODY, NOBODY, "A999999");
    for ((what, foreign), (_, missing)) in foreign.into_iter().zip(missing) {
        let (status, _, body) = eve.send(foreign).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{what}: {body}");
        let (missing_status, _, missing_body) = eve.send(missing).await;
        assert_eq!((status, body), (missing_status, missing_body), "{what}");
    }
    assert_eq!(eve.read("/api/patients").await["patients"], json!([]));
    assert_eq!(eve.read("/api/worklist").await["rows"], json!([]));
    let (status, _) = eve.get(&format!("/api/worklist?team={}", world.team)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(ida.read(&format!("/api/alerts/{reference}")).await["alert"], json!(alert));
    // Nothing of what Eve tried has changed anything.
    let row = &ida.read("/api/worklist").await["rows"][0];
    assert_eq!(row["alert"]["acknowledged_at"], Value::Null);
}

#[tokio::test]
async fn without_a_session_there_is_nothing() {
    let world = World::new().await;
    let service = world.serve();
    let mut stranger = Browser::new(&service);
    for cookie in [None, Some("derwent_session=guessed".to_owned()), Some("derwent_session=".to_owned())] {
        stranger.cookie = cookie;
        let mut asked = requests(&stranger, &world.dorothy, NOBODY, "A1");
        for path in ["/api/me", "/api/worklist", "/api/patients", "/api/events"] {
            asked.push((path.to_owned(), stranger.request(Method::GET, path)));
        }
        for (what, request) in asked {
            let (status, _, body) = stranger.send(request).await;
            assert_eq!(
                (status, body["error"]["code"].as_str()),
                (StatusCode::UNAUTHORIZED, Some("not_signed_in")),
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn whoever_reads_a_record_is_on_record() {
    let world = World::new().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    ida.read(&format!("/api/patients/{}", world.dorothy)).await;
    ida.read(&format!("/api/patients/{}/series?vital=weight", world.dorothy)).await;
    let store = world.database.store().await;
    let acts: Vec<String> = sqlx::query_scalar(
        "SELECT audit.what FROM audit JOIN staff USING (staff) WHERE staff.name = 'Ida Shaw' AND audit.patient IS NOT NULL
         ORDER BY audit.audit",
    )
    .fetch_all(&store.owner)
    .await
    .unwrap();
    assert_eq!(acts, ["read a record", "read a series"]);
}
