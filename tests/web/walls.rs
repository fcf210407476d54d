//! What is another organisation's or another team's looks exactly like what does not exist, and what opens it: membership, a
//! shared patient, a broken glass. Every route as every role is in `matrix.rs`.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::region::{Region, nobody, team};
use super::world::{Browser, World};

/// Everybody's record looks like nobody's to this browser.
async fn sees_nobody(browser: &Browser, region: &Region) {
    for someone in [&region.own, &region.other_team, &region.other_organisation, &nobody()] {
        let (status, body) = browser.get(&format!("/api/patients/{}", someone.patient)).await;
        let code = body["error"]["code"].as_str();
        assert!(
            matches!(
                (status, code),
                (StatusCode::NOT_FOUND, Some("not_found")) | (StatusCode::FORBIDDEN, Some("not_allowed"))
            ),
            "{body}"
        );
    }
}

async fn sees(browser: &Browser, patient: &str) -> bool {
    let (status, body) = browser.get(&format!("/api/patients/{patient}")).await;
    assert!(matches!(status, StatusCode::OK | StatusCode::NOT_FOUND), "{body}");
    status == StatusCode::OK
}

#[tokio::test]
async fn what_is_nobodys_in_the_own_team_is_nobodys_on_any_list() {
    let region = Region::new().await;
    let eve = region.browser("eve@example.org").await;
    let names = |list: &Value| -> Vec<String> {
        let rows = list["patients"].as_array().expect("rows");
        rows.iter().map(|row| row["patient"]["family_name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&eve.read("/api/patients").await), ["Bell"]);
    assert_eq!(eve.read("/api/worklist").await["rows"].as_array().expect("rows").len(), 1);
    let (_, found) = eve.post("/api/patients/search", json!({ "name": "Marsh" })).await;
    assert_eq!(names(&found), [""; 0]);
    let max = region.browser("max@example.org").await;
    sees_nobody(&max, &region).await;
}

#[tokio::test]
async fn in_a_joint_team_people_of_two_organisations_look_after_patients_of_a_third() {
    let region = Region::new().await;
    let world = &region.world;
    let eve = region.browser("eve@example.org").await;
    let me = eve.read("/api/me").await;
    assert!(!sees(&eve, &region.own.patient).await);

    world.admin(&["team", "join", "--team", &world.team, "--staff", me["staff"].as_str().expect("an id")]);
    assert!(sees(&eve, &region.own.patient).await);
    assert!(!sees(&eve, &region.other_team.patient).await);
    let rows = eve.read("/api/worklist").await["rows"].as_array().expect("rows").len();
    assert_eq!(rows, 2, "Dorothy's and Joan's");
    let (status, body) = eve.post(&format!("/api/alerts/{}/acknowledge", region.own.alert), json!({ "saw": 1 })).await;
    assert_eq!((status, body["owner"]["name"].as_str()), (StatusCode::OK, Some("Eve Stone")));
    // She may stand on its roster, too; and whoever is on a roster cannot leave unnoticed.
    world.admin(&["roster", "set", "--team", &world.team, "--shift", "eve@example.org=all-day"]);
    let left =
        world.try_admin(&["team", "leave", "--team", &world.team, "--staff", me["staff"].as_str().expect("an id")]);
    assert!(!left.status.success());
    world.admin(&["roster", "set", "--team", &world.team, "--shift", "ida@example.org=all-day"]);
    world.admin(&["team", "leave", "--team", &world.team, "--staff", me["staff"].as_str().expect("an id")]);
    assert!(!sees(&eve, &region.own.patient).await);
}

#[tokio::test]
async fn a_second_team_looks_after_somebody_as_long_as_it_is_told_to() {
    let region = Region::new().await;
    let eve = region.browser("eve@example.org").await;
    let shared = ["--patient", &region.own.patient, "--team", &region.other_organisation.team];
    region.world.admin(&[&["patient", "share"], &shared[..]].concat());
    assert!(sees(&eve, &region.own.patient).await);
    let listed = eve.read("/api/patients").await;
    assert_eq!(listed["patients"].as_array().expect("rows").len(), 2);
    let series = eve.read(&format!("/api/patients/{}/series?vital=blood_pressure", region.own.patient)).await;
    assert_eq!(series["readings"], json!(1), "readings, too, through the view");
    let (status, body) = eve.post(&format!("/api/alerts/{}/acknowledge", region.own.alert), json!({ "saw": 1 })).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    region.world.admin(&[&["patient", "unshare"], &shared[..]].concat());
    assert!(!sees(&eve, &region.own.patient).await);
}

#[tokio::test]
async fn the_glass_is_broken_with_a_reason_by_those_who_care_for_people_of_the_same_organisation() {
    let region = Region::new().await;
    let ida = region.browser("ida@example.org").await;
    let amir = &region.other_team.patient;
    let of = |patient: &str| format!("/api/patients/{patient}/break-glass");
    assert!(!sees(&ida, amir).await);

    let find = |name: &str, born: &str| json!({ "family_name": name, "date_of_birth": born });
    let (_, found) = ida.post("/api/break-glass/find", find("khan", "1950-01-02")).await;
    assert_eq!(
        (found["people"][0]["patient"].as_str(), found["people"][0]["team"].as_str()),
        (Some(amir.as_str()), Some("Alfreton team"))
    );
    for (name, born) in [("Kha", "1950-01-02"), ("Khan", "1950-01-03"), ("Bell", "1950-01-02")] {
        let (status, found) = ida.post("/api/break-glass/find", find(name, born)).await;
        assert_eq!((status, &found["people"]), (StatusCode::OK, &json!([])), "{name} {born}");
    }

    let reason = json!({ "reason": "Found at home by a neighbour, ambulance asks for medicines" });
    let (status, body) = ida.post(&of(amir), json!({ "reason": "because" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    let (status, body) = ida.post(&of(&region.other_organisation.patient), reason.clone()).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
    assert!(!sees(&ida, amir).await);

    let (status, body) = ida.post(&of(amir), reason.clone()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(sees(&ida, amir).await);
    let series = ida.read(&format!("/api/patients/{amir}/series?vital=blood_pressure")).await;
    assert_eq!(series["readings"], json!(1));
    assert!(!sees(&region.browser("cleo@example.org").await, amir).await, "only to whoever broke it");

    let store = region.world.database.store().await;
    let (why, at): (String, String) = sqlx::query_as(
        "SELECT break_glass.reason, (break_glass.until - break_glass.at)::text FROM break_glass JOIN staff USING (staff)
         WHERE staff.email = 'ida@example.org' AND break_glass.patient::text = $1",
    )
    .bind(amir)
    .fetch_one(&store.owner)
    .await
    .expect("one row");
    assert_eq!((json!({ "reason": why }), at.as_str()), (reason, "04:00:00"));
    // When its time is over, it is whole again.
    sqlx::query("UPDATE break_glass SET until = at").execute(&store.owner).await.expect("changed");
    assert!(!sees(&ida, amir).await);
}

#[tokio::test]
async fn who_works_in_two_teams_has_one_worklist_of_both() {
    let world = World::new().await;
    world.told("230", "120");
    let alfreton = team(&world, &world.organisation, "Alfreton team");
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
async fn a_guessed_session_is_none() {
    let world = World::new().await;
    let service = world.serve();
    let mut stranger = Browser::new(&service);
    for cookie in ["derwent_session=guessed", "derwent_session="] {
        stranger.cookie = Some(cookie.to_owned());
        let (status, body) = stranger.get("/api/me").await;
        assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("not_signed_in")));
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
