//! From a reading to a row on the worklist, and what a co-ordinator does with it.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{Browser, World, id};

#[tokio::test]
async fn an_alert_is_seen_taken_and_closed_once() {
    let world = World::new().await;
    let told = world.told("230", "120");
    assert_eq!((told["state"].as_str(), told["seq"].as_i64()), (Some("stored"), Some(1)), "{told}");
    let mut service = world.serve();
    service.step("2026-03-01T08:02:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let tom = Browser::signed_in(&service, "tom@example.org").await;

    let work = ida.read("/api/worklist").await;
    assert_eq!(work["now"], "2026-03-01T08:02:00Z");
    assert_eq!(work["teams"][0]["on_duty"]["name"], "Ida Shaw");
    assert_eq!(work["teams"][0]["on_duty"]["until"], "2026-03-01T16:00:00Z");
    assert_eq!(work["teams"][0]["next"]["name"], "Tom Reid");
    assert_eq!(work["counts"]["high"], 1, "{work}");
    let row = &work["rows"][0];
    assert_eq!((row["patient"]["family_name"].as_str(), row["patient"]["age"].as_i64()), (Some("Marsh"), Some(81)));
    assert_eq!(row["last_reading"]["text"], "230/120 mmHg");
    assert_eq!((row["alert"]["kind"].as_str(), row["alert"]["priority"].as_str()), (Some("clinical"), Some("high")));
    let alert = id(&row["alert"], "alert");

    let page = ida.read(&format!("/api/patients/{}", world.dorothy)).await;
    assert_eq!((page["stored"].as_i64(), page["judged"].as_i64()), (Some(1), Some(1)));
    let shown = &page["alerts"][0];
    assert!(
        !shown["reasons"].as_array().unwrap().is_empty() && !shown["advice"].as_str().unwrap().is_empty(),
        "{shown}"
    );
    let limits = page["limits"].as_array().unwrap();
    let severe = limits.iter().find(|limit| limit["name"] == "severe_systolic").unwrap();
    assert_eq!((severe["value"].as_f64(), severe["whose"].as_str()), (Some(180.0), Some("pack")));
    // She is 81: the target of those over 80.
    let target = limits.iter().find(|limit| limit["name"] == "target_systolic").unwrap();
    assert_eq!(target["value"].as_f64(), Some(145.0));

    let take = format!("/api/alerts/{alert}/acknowledge");
    let (status, taken) = ida.post(&take, json!({ "saw": 1 })).await;
    assert_eq!(status, StatusCode::OK, "{taken}");
    assert_eq!((taken["owner"]["name"].as_str(), taken["closed_at"].is_null()), (Some("Ida Shaw"), true));
    // Again, by the same and by another.
    assert_eq!(ida.post(&take, json!({ "saw": 1 })).await.0, StatusCode::OK);
    let (status, refused) = tom.post(&take, json!({ "saw": 1 })).await;
    assert_eq!((status, refused["error"]["code"].as_str()), (StatusCode::CONFLICT, Some("already_acknowledged")));
    assert!(refused["error"]["message"].as_str().unwrap().contains("Ida Shaw"), "{refused}");

    let close = format!("/api/alerts/{alert}/close");
    for wrong in [
        json!({}),
        json!({ "saw": 1, "outcome": "forgotten" }),
        json!({ "saw": 1, "outcome": "no_action", "note": "x".repeat(2_001) }),
    ] {
        let (status, body) = ida.post(&close, wrong).await;
        assert!(status.is_client_error(), "{body}");
        assert_eq!(body["error"]["code"], "bad_request", "{body}");
    }
    assert_eq!(ida.read("/api/worklist").await["rows"].as_array().unwrap().len(), 1, "a failed close closes nothing");

    let (status, closed) =
        ida.post(&close, json!({ "saw": 1, "outcome": "treatment_changed", "note": "dose raised" })).await;
    assert_eq!(status, StatusCode::OK, "{closed}");
    assert_eq!((closed["outcome"].as_str(), closed["closed_at"].is_null()), (Some("treatment_changed"), false));
    let history: Vec<&str> =
        closed["history"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!((history.first(), history.last()), (Some(&"opened"), Some(&"closed")), "{history:?}");
    assert!(history.contains(&"acknowledged"), "{history:?}");
    let last = closed["history"].as_array().unwrap().last().unwrap();
    assert_eq!((last["by"].as_str(), last["text"].as_str()), (Some("Ida Shaw"), Some("dose raised")));

    assert_eq!(ida.read("/api/worklist").await["rows"], json!([]));
    for path in [&take, &close] {
        let (status, body) = tom.post(path, json!({ "saw": 1, "outcome": "no_action" })).await;
        assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::CONFLICT, Some("already_closed")), "{path}");
    }
}

#[tokio::test]
async fn an_open_page_hears_that_somebody_took_an_alert() {
    let world = World::new().await;
    world.told("230", "120");
    let mut service = world.serve();
    service.step("2026-03-01T08:02:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let tom = Browser::signed_in(&service, "tom@example.org").await;
    let alert = id(&ida.read("/api/worklist").await["rows"][0]["alert"], "alert");

    let mut response = ida.request(Method::GET, "/api/events").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(tom.post(&format!("/api/alerts/{alert}/acknowledge"), json!({ "saw": 1 })).await.0, StatusCode::OK);
    let heard = tokio::time::timeout(Duration::from_secs(10), async {
        let mut text = String::new();
        while !text.contains("\n\n") || !text.contains("changed") {
            text.push_str(&String::from_utf8_lossy(
                &response.chunk().await.expect("bytes").expect("the stream goes on"),
            ));
        }
        text
    });
    let heard = heard.await.expect("news within ten seconds");
    let data = heard.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let changed: Value = serde_json::from_str(data).unwrap();
    assert_eq!(changed, json!({ "what": "alerts", "patient": null }), "{heard}");
}

#[tokio::test]
async fn one_row_a_person_worst_first() {
    let world = World::new().await;
    // Peter has a medium alert (low systolic, confirmed), Dorothy a high one; both are silent later.
    let peter = id(
        &world.admin(&[
            "patient",
            "add",
            "--team",
            &world.team,
            "--given-name",
            "Peter",
            "--family-name",
            "Ward",
            "--born",
            "1955-06-30",
            "--pack",
            "hypertension",
            "--tag",
            "pregnant=no",
            "--slot",
            "blood_pressure@08:00",
        ]),
        "patient",
    );
    world.admin(&[
        "reading",
        "--patient",
        &peter,
        "--staff",
        "ida@example.org",
        "--vital",
        "blood_pressure",
        "--systolic",
        "72",
        "--diastolic",
        "50",
    ]);
    world.told("230", "120");
    let mut service = world.serve();
    service.step("2026-03-04T12:00:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let work = ida.read("/api/worklist").await;
    let rows = work["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["patient"]["given_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Dorothy", "Peter"], "{work}");
    assert_eq!(rows[0]["alert"]["priority"], "high");
    // Days without a reading have made another alert for each, on the same row.
    assert!(rows.iter().all(|row| row["more"].as_u64().unwrap() >= 1), "{work}");
}

/// What the service answers to an act: its code, or whose the alert is then.
async fn does(browser: &Browser, alert: &str, act: &str, saw: i64, more: Value) -> String {
    let mut body = more;
    body["saw"] = json!(saw);
    let (status, answer) = browser.post(&format!("/api/alerts/{alert}/{act}"), body).await;
    match status {
        StatusCode::OK => answer["owner"]["name"].as_str().unwrap_or("nobody's").to_owned(),
        _ => answer["error"]["code"].as_str().unwrap_or_default().to_owned(),
    }
}

#[tokio::test]
async fn an_alert_is_handed_over_put_off_and_let_go_of_and_nobody_acts_on_what_they_have_not_seen() {
    let world = World::new().await;
    world.told("230", "120");
    let mut service = world.serve();
    service.step("2026-03-01T08:02:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let tom = Browser::signed_in(&service, "tom@example.org").await;
    let head = ida.read("/api/worklist").await["rows"][0]["alert"].clone();
    let (alert, saw) = (id(&head, "alert"), head["told"].as_i64().unwrap());

    let colleagues = ida.read(&format!("/api/alerts/{alert}/colleagues")).await["colleagues"].clone();
    assert_eq!(colleagues.as_array().unwrap().len(), 1, "{colleagues}");
    let to_tom = json!({ "to": colleagues[0]["staff"] });
    assert_eq!(does(&ida, &alert, "acknowledge", saw - 1, json!({})).await, "changed");
    assert_eq!(does(&ida, &alert, "release", saw, json!({})).await, "nobody_has_it");
    assert_eq!(does(&ida, &alert, "offer", saw, json!({ "to": Uuid::nil() })).await, "not_in_team");
    assert_eq!(does(&ida, &alert, "offer", saw, to_tom.clone()).await, "Ida Shaw", "until he accepts");
    assert_eq!(does(&tom, &alert, "rang-no-answer", saw, json!({})).await, "already_acknowledged");
    assert_eq!(does(&tom, &alert, "decline", saw, json!({})).await, "Ida Shaw");
    assert_eq!(does(&tom, &alert, "accept", saw, json!({})).await, "not_offered");
    assert_eq!(does(&ida, &alert, "offer", saw, to_tom).await, "Ida Shaw");
    assert_eq!(does(&tom, &alert, "accept", saw, json!({})).await, "Tom Reid");
    assert_eq!(does(&ida, &alert, "accept", saw, json!({})).await, "not_offered");
    assert_eq!(does(&tom, &alert, "rang-no-answer", saw, json!({})).await, "Tom Reid");

    let off = |until: &str, reason: &str| json!({ "until": until, "reason": reason });
    for (until, reason) in [
        ("2026-03-01T10:30:00Z", "at the surgery"),
        ("2026-03-01T08:00:00Z", "at the surgery"),
        ("2026-03-01T09:00:00Z", " "),
    ] {
        assert_eq!(does(&tom, &alert, "snooze", saw, off(until, reason)).await, "bad_request", "{until} {reason}");
    }
    let hour = off("2026-03-01T09:00:00Z", "at the surgery");
    assert_eq!(does(&tom, &alert, "snooze", saw, hour.clone()).await, "Tom Reid");
    assert_eq!(does(&tom, &alert, "acknowledge", saw, json!({})).await, "Tom Reid", "he takes it up before");
    assert_eq!(does(&tom, &alert, "snooze", saw, hour).await, "snoozed_before");
    assert_eq!(does(&tom, &alert, "release", saw, json!({})).await, "nobody's");

    let page = ida.read(&format!("/api/patients/{}", world.dorothy)).await;
    let history: Vec<&str> =
        page["alerts"][0]["history"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
    let acts: Vec<&str> = history.iter().copied().filter(|what| !["opened", "paged", "sent"].contains(what)).collect();
    assert_eq!(
        acts,
        ["offered", "declined", "offered", "accepted", "rang_no_answer", "snoozed", "acknowledged", "released"],
        "{history:?}"
    );

    // Tom's acts were on what he saw; a reading that is worse is more than that.
    world.told("245", "121");
    service.step("2026-03-01T08:05:00Z");
    assert_eq!(does(&tom, &alert, "acknowledge", saw, json!({})).await, "changed");
    assert_eq!(does(&tom, &alert, "acknowledge", saw + 1, json!({})).await, "Tom Reid");
}

#[tokio::test]
async fn whoever_stands_on_the_roster_alone_is_handed_alerts_as_members_are() {
    let world = World::new().await;
    world.staff("Una Bell", "una@example.org", &world.organisation, None);
    world.staff_as("Max Webb", "max@example.org", "auditor", Some(&world.team));
    world.staff("Nell Wood", "nell@example.org", &world.organisation, None);
    let shifts = ["--shift", "ida@example.org=08:00-16:00", "--shift", "una@example.org=16:00-08:00"];
    world.admin(&[["roster", "set", "--team", &world.team].as_slice(), &shifts].concat());
    world.told("230", "120");
    let mut service = world.serve();
    service.step("2026-03-01T08:02:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let head = ida.read("/api/worklist").await["rows"][0]["alert"].clone();
    let (alert, saw) = (id(&head, "alert"), head["told"].as_i64().unwrap());
    let colleagues = ida.read(&format!("/api/alerts/{alert}/colleagues")).await["colleagues"].clone();
    let names: Vec<&str> =
        colleagues.as_array().unwrap().iter().map(|person| person["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Tom Reid", "Una Bell"], "neither an auditor, who acts on nothing, nor who is not paged here");
    let to_una = json!({ "to": colleagues[1]["staff"] });
    assert_eq!(does(&ida, &alert, "acknowledge", saw, json!({})).await, "Ida Shaw");
    assert_eq!(does(&ida, &alert, "offer", saw, to_una).await, "Ida Shaw");
    let una = Browser::signed_in(&service, "una@example.org").await;
    assert_eq!(does(&una, &alert, "accept", saw, json!({})).await, "Una Bell");
}
