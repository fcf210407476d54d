//! A value that is doubted, and somebody who knows that it is real.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::world::{Browser, World};
use crate::harness::service::derwent;

/// One number that the database knows.
async fn count(world: &World, of: &str) -> i64 {
    let store = world.database.store().await;
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {of}"));
    sqlx::query_scalar(sql).fetch_one(&store.owner).await.unwrap()
}

/// What was found about Dorothy is, or is not, still called unconfirmed.
async fn until_findings(world: &World, unconfirmed: bool) {
    let store = world.database.store().await;
    let asked = async {
        loop {
            let said: Vec<bool> = sqlx::query_scalar(
                "SELECT (finding ->> 'unconfirmed')::boolean FROM finding WHERE problem = 'blood pressure high'",
            )
            .fetch_all(&store.owner)
            .await
            .unwrap();
            if said == [unconfirmed] {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.expect("judged again within a minute");
}

fn texts(page: &Value) -> Vec<&str> {
    let unconfirmed = page["unconfirmed"].as_array().unwrap().iter();
    unconfirmed.map(|value| value["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_accept_a_doubted_value_one_does_and_the_person_is_judged_again() {
    let world = World::live().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let tom = Browser::signed_in(&service, "tom@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let accept = |seq: i64| format!("{of_dorothy}/readings/{seq}/accept");
    world.told("226", "131");
    let page = ida.until_read(&of_dorothy, |page| page["judged"] == 1).await;
    assert_eq!(texts(&page), ["226/131 mmHg"]);
    let why = page["unconfirmed"][0]["why"][0].as_str().unwrap();
    assert!(why.starts_with("Systolic 226 mmHg is not confirmed"), "{why}");
    until_findings(&world, true).await;
    assert_eq!(page["alerts"][0]["sentence"], "Blood pressure high: 226/131 mmHg, unconfirmed");

    let first_reading = accept(1);
    let (one, other) = tokio::join!(ida.post(&first_reading, json!({})), tom.post(&first_reading, json!({})));
    let (first, done, second, told) = match (one.0, other.0) {
        (StatusCode::OK, StatusCode::CONFLICT) => (&ida, one.1, &tom, other.1),
        (StatusCode::CONFLICT, StatusCode::OK) => (&tom, other.1, &ida, one.1),
        statuses => panic!("{statuses:?}: {} {}", one.1, other.1),
    };
    assert_eq!(told["error"]["code"], "already_accepted");
    let name = done["by"]["name"].as_str().unwrap();
    assert!(told["error"]["message"].as_str().unwrap().starts_with(&format!("{name} has accepted")), "{told}");
    assert_eq!(first.post(&first_reading, json!({})).await, (StatusCode::OK, done.clone()), "sent twice, done once");
    assert_eq!(second.post(&first_reading, json!({})).await.0, StatusCode::CONFLICT);
    assert_eq!(count(&world, "acceptance").await, 1);
    assert_eq!(
        count(&world, "audit WHERE what = 'patient.reading_accepted' AND detail = '{\"seq\": 1, \"values\": 1}'").await,
        1
    );

    until_findings(&world, false).await;
    let page = ida.read(&of_dorothy).await;
    assert_eq!(texts(&page), Vec::<&str>::new());
    // The alert says what is known, and its history what people were told.
    let known = "Blood pressure high: 226/131 mmHg, accepted by staff";
    assert_eq!(page["alerts"][0]["sentence"], known);
    assert_eq!(ida.read("/api/worklist").await["rows"][0]["alert"]["sentence"], known);
    let history = page["alerts"][0]["history"].as_array().unwrap().iter();
    let said: Vec<&str> = history.map(|event| event["text"].as_str().unwrap()).collect();
    assert!(said[0].ends_with("226/131 mmHg, unconfirmed") && said.contains(&known), "{said:?}");
    let series = ida.read(&format!("{of_dorothy}/series?vital=blood_pressure")).await;
    assert_eq!(
        (&series["points"][0]["unconfirmed"], &series["points"][0]["accepted_by"]),
        (&json!(false), &json!(name))
    );

    // What is like it is hers from now on, and what is beyond it is doubted again.
    world.told("225", "119");
    let page = ida.until_read(&of_dorothy, |page| page["judged"] == 2).await;
    assert_eq!(texts(&page), Vec::<&str>::new());
    world.told("241", "119");
    let page = ida.until_read(&of_dorothy, |page| page["judged"] == 3).await;
    assert_eq!(texts(&page), ["241/119 mmHg"]);
    let (status, body) = ida.post(&accept(2), json!({})).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::CONFLICT, Some("not_unconfirmed")), "{body}");
    assert_eq!(ida.post(&accept(4), json!({})).await.0, StatusCode::NOT_FOUND, "nothing bears this number");

    // From the record alone it comes to the same.
    assert!(service.end(), "the service did not end well");
    let output = derwent()
        .args(["doctor", "--reconcile", "--json"])
        .env("DERWENT_DATABASE_URL", &world.database.url)
        .output()
        .expect("the binary runs");
    let said: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let sample = &said["reconciled"]["sample"];
    assert!(sample["findings"].as_i64() > Some(0), "{said}");
    assert_eq!(sample["differences"], 0, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_broke_the_glass_accepts_nothing_and_what_is_not_judged_is_left_alone() {
    let world = World::new().await;
    world.told("226", "131");
    let told = ["reading", "--patient", &world.dorothy, "--staff", "ida@example.org", "--vital", "blood_pressure"];
    let before = ["--systolic", "227", "--diastolic", "131", "--taken-at", "2026-02-27T08:00:00Z"];
    world.admin(&[&told[..], &before[..]].concat());
    let alfreton = super::region::team(&world, &world.organisation, "Alfreton team");
    world.staff("Nell Wood", "nell@example.org", &world.organisation, Some(&alfreton));
    let mut service = world.serve();
    service.step("2026-03-01T08:00:00Z");
    let nell = Browser::signed_in(&service, "nell@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let accept = format!("{of_dorothy}/readings/1/accept");
    let before_the_plan = format!("{of_dorothy}/readings/2/accept");
    assert_eq!(nell.post(&accept, json!({})).await.0, StatusCode::NOT_FOUND);
    let reason = json!({ "reason": "she is on our ward tonight" });
    assert_eq!(nell.post(&format!("{of_dorothy}/break-glass"), reason).await.0, StatusCode::OK);
    assert_eq!(texts(&nell.read(&of_dorothy).await), ["226/131 mmHg"]);
    let (status, body) = nell.post(&accept, json!({})).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::FORBIDDEN, Some("not_allowed")), "{body}");

    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let (status, body) = ida.post(&before_the_plan, json!({})).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::CONFLICT, Some("not_unconfirmed")), "{body}");
    assert_eq!(count(&world, "acceptance").await, 0);
}
