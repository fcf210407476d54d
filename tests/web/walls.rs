//! What is another organisation's or another team's looks exactly like what does not exist; without a session there is nothing
//! at all; and who may look may not always act.

use derwent::web;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::world::{Browser, World, id};

const NOBODY: &str = "019ab000-0000-7000-8000-000000000000";

/// What the addresses name.
struct Named<'a> {
    patient: &'a str,
    alert: &'a str,
    reference: &'a str,
}

const OF_NOBODY: Named<'_> = Named { patient: NOBODY, alert: NOBODY, reference: "A999999" };

/// Every question of the staff API but signing in and out. A new route is asked as it stands, and what it names is put in;
/// what else it needs is said here.
fn questions(browser: &Browser, named: &Named<'_>) -> Vec<(String, RequestBuilder)> {
    let of_staff = web::addresses().filter(|(_, address)| !["/api/sign-in", "/api/sign-out"].contains(address));
    of_staff
        .map(|(method, address)| {
            let query = match address {
                "/api/patients/{patient}/series" => "?vital=blood_pressure".to_owned(),
                "/api/events" => format!("?patient={}", named.patient),
                _ => String::new(),
            };
            let body = match address {
                "/api/patients/search" => json!({ "name": "" }),
                "/api/alerts/{alert}/close" => json!({ "outcome": "no_action", "note": "" }),
                _ => json!({}),
            };
            let path = address
                .replace("{patient}", named.patient)
                .replace("{alert}", named.alert)
                .replace("{reference}", named.reference);
            assert!(!path.contains('{'), "{address}: say here what it names");
            let method: Method = method.parse().unwrap();
            let request = browser.request(method.clone(), &format!("{path}{query}"));
            let request = if method == Method::GET { request } else { request.json(&body) };
            (format!("{method} {address}{query}"), request)
        })
        .collect()
}

/// Those about somebody.
fn about_somebody(browser: &Browser, named: &Named<'_>) -> Vec<(String, RequestBuilder)> {
    let mut asked = questions(browser, named);
    asked.retain(|(what, _)| what.contains('{') || what.contains("?patient="));
    asked
}

/// To `browser` these people and alerts look as if they did not exist.
async fn sees_nothing_of(browser: &Browser, named: &Named<'_>) {
    let hidden = about_somebody(browser, named);
    let missing = about_somebody(browser, &OF_NOBODY);
    assert!(hidden.len() >= 6);
    for ((what, hidden), (_, missing)) in hidden.into_iter().zip(missing) {
        let (status, _, body) = browser.send(hidden).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{what}: {body}");
        let (missing_status, _, missing_body) = browser.send(missing).await;
        assert_eq!((status, body), (missing_status, missing_body), "{what}");
    }
    assert_eq!(browser.read("/api/patients").await["patients"], json!([]));
    assert_eq!(browser.read("/api/worklist").await["rows"], json!([]));
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

    let dorothys = Named { patient: &world.dorothy, alert: &alert, reference: &reference };
    sees_nothing_of(&eve, &dorothys).await;
    let (status, _) = eve.get(&format!("/api/worklist?team={}", world.team)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(ida.read(&format!("/api/alerts/{reference}")).await["alert"], json!(alert));
    // Nothing of what Eve tried has changed anything.
    let row = &ida.read("/api/worklist").await["rows"][0];
    assert_eq!(row["alert"]["acknowledged_at"], Value::Null);
}

/// A second team, with Tom on it too.
fn second_team(world: &World) -> String {
    let add = ["team", "add", "--organisation", &world.organisation, "--name", "Alfreton team", "--phone", "01773 1"];
    id(&world.admin(&[&add[..], &["--cover", "all-day"]].concat()), "team")
}

#[tokio::test]
async fn another_teams_people_look_like_nobody_but_to_an_administrator_and_to_who_is_paged_for_them() {
    let world = World::new().await;
    world.told("230", "120");
    let alfreton = second_team(&world);
    world.staff("Nell Wood", "nell@example.org", &world.organisation, Some(&alfreton));
    world.staff_as("Ada Hall", "ada@example.org", "administrator", None);
    let mut service = world.serve();
    service.step("2026-03-01T08:00:00Z");
    let nell = Browser::signed_in(&service, "nell@example.org").await;
    let ada = Browser::signed_in(&service, "ada@example.org").await;
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let head = ida.read("/api/worklist").await["rows"][0]["alert"].clone();
    let (alert, reference) = (id(&head, "alert"), id(&head, "reference"));
    let dorothys = Named { patient: &world.dorothy, alert: &alert, reference: &reference };

    sees_nothing_of(&nell, &dorothys).await;
    let (status, _) = nell.get(&format!("/api/worklist?team={}", world.team)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    assert_eq!(ada.read("/api/worklist").await["rows"][0]["alert"]["alert"], json!(alert));
    looks_but_does_not_act(&ada, &dorothys).await;

    // Nell takes a shift of Dorothy's team.
    world.admin(&["roster", "set", "--team", &world.team, "--shift", "nell@example.org=all-day"]);
    let (status, body) = nell.post(&format!("/api/alerts/{alert}/acknowledge"), json!({})).await;
    assert_eq!((status, body["owner"]["name"].as_str()), (StatusCode::OK, Some("Nell Wood")));
}

/// Every question is answered, and everything that would change something is refused by name.
async fn looks_but_does_not_act(browser: &Browser, named: &Named<'_>) {
    for (what, request) in questions(browser, named) {
        if what.starts_with("GET /api/events") {
            continue; // It has no end.
        }
        let (status, _, body) = browser.send(request).await;
        if what.starts_with("GET ") || what.ends_with("/search") {
            assert_eq!(status, StatusCode::OK, "{what}: {body}");
        } else {
            let code = body["error"]["code"].as_str();
            assert_eq!((status, code), (StatusCode::FORBIDDEN, Some("not_allowed")), "{what}: {body}");
        }
    }
}

#[tokio::test]
async fn an_auditor_of_the_team_looks_but_does_not_act() {
    let world = World::new().await;
    world.told("230", "120");
    world.staff_as("Max Webb", "max@example.org", "auditor", Some(&world.team));
    let mut service = world.serve();
    service.step("2026-03-01T08:00:00Z");
    let max = Browser::signed_in(&service, "max@example.org").await;
    let head = max.read("/api/worklist").await["rows"][0]["alert"].clone();
    let (alert, reference) = (id(&head, "alert"), id(&head, "reference"));
    looks_but_does_not_act(&max, &Named { patient: &world.dorothy, alert: &alert, reference: &reference }).await;
    let row = &max.read("/api/worklist").await["rows"][0];
    assert_eq!(row["alert"]["acknowledged_at"], Value::Null);
}

#[tokio::test]
async fn who_works_in_two_teams_has_one_worklist_of_both() {
    let world = World::new().await;
    world.told("230", "120");
    let alfreton = second_team(&world);
    world.admin(&["roster", "set", "--team", &alfreton, "--shift", "tom@example.org=all-day"]);
    let mut service = world.serve();
    service.step("2026-03-01T08:00:00Z");
    let tom = Browser::signed_in(&service, "tom@example.org").await;
    let both = tom.read("/api/worklist").await;
    let names: Vec<_> = both["teams"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Alfreton team", "Belper team"]);
    assert_eq!((both["rows"][0]["team"].as_str(), both["counts"]["high"].as_u64()), (Some("Belper team"), Some(1)));
    let one = tom.read(&format!("/api/worklist?team={alfreton}")).await;
    assert_eq!((&one["rows"], one["teams"].as_array().unwrap().len()), (&json!([]), 1));
}

#[tokio::test]
async fn without_a_session_there_is_nothing() {
    let world = World::new().await;
    let service = world.serve();
    let mut stranger = Browser::new(&service);
    for cookie in [None, Some("derwent_session=guessed".to_owned()), Some("derwent_session=".to_owned())] {
        stranger.cookie = cookie;
        let dorothys = Named { patient: &world.dorothy, alert: NOBODY, reference: "A1" };
        for (what, request) in questions(&stranger, &dorothys) {
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
    // A page that fetches again is the same look.
    for _ in 0..2 {
        ida.read(&format!("/api/patients/{}", world.dorothy)).await;
        ida.read(&format!("/api/patients/{}/series?vital=weight", world.dorothy)).await;
    }
    let store = world.database.store().await;
    let acts: Vec<String> = sqlx::query_scalar(
        "SELECT audit.what FROM audit JOIN staff USING (staff)
         WHERE staff.name = 'Ida Shaw' AND audit.patient IS NOT NULL AND audit.address IS NOT NULL AND employer = staff.organisation
         ORDER BY audit.audit",
    )
    .fetch_all(&store.owner)
    .await
    .unwrap();
    assert_eq!(acts, ["record.read", "record.series_read"]);
}
