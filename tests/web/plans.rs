//! What members of a team change about a person on their page: limits of their own, pauses, the end of the monitoring.

use derwent::random;
use jiff::ToSpan;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::phones;
use super::world::{BORN, Browser, World};

/// What was refused, with the sentence that says why.
async fn refused(browser: &Browser, path: &str, body: Value) -> (u16, String) {
    let (status, body) = browser.post(path, body).await;
    (status.as_u16(), body["error"]["message"].as_str().unwrap_or_default().to_owned())
}

fn limit<'a>(page: &'a Value, name: &str) -> &'a Value {
    page["limits"].as_array().unwrap().iter().find(|limit| limit["name"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_of_ones_own_is_set_changed_and_ended_within_what_the_pack_allows() {
    let world = World::new().await;
    let mut service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let tom = Browser::signed_in(&service, "tom@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let limits = format!("{of_dorothy}/limits");
    let end = format!("{limits}/end");
    let set = |value: f64, more: Value| {
        let mut body =
            json!({ "pack": "hypertension", "name": "severe_systolic", "value": value, "why": "known high" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let wrong = [
        (set(250.0, json!({})), "may be from 160 to 200 mmHg"),
        (set(159.9, json!({})), "may be from 160 to 200 mmHg"),
        (set(175.0, json!({ "until": "2026-03-01" })), "would have ended already"),
        (set(175.0, json!({ "name": "severe" })), "has no limit \"severe\"; it has target_systolic,"),
        (set(4.0, json!({ "pack": "diabetes", "name": "hypo_glucose" })), "a pack that this plan does not have"),
        (set(175.0, json!({ "why": "x" })), "Say why"),
    ];
    for (body, why) in wrong {
        let (status, said) = refused(&ida, &limits, body).await;
        assert!(status == 400 && said.contains(why), "{status} {said}");
    }
    let (status, said) = refused(&ida, &end, set(0.0, json!({}))).await;
    assert!(status == 409 && said.contains("nothing was changed"), "{status} {said}");
    assert_eq!(ida.read(&of_dorothy).await["plan"]["version"], 1, "nothing of this made a version");

    let (status, made) = ida.post(&limits, set(175.0, json!({ "until": "2026-03-10" }))).await;
    assert_eq!((status, &made["version"]), (StatusCode::OK, &json!(2)), "{made}");
    let page = ida.read(&of_dorothy).await;
    let own = limit(&page, "severe_systolic");
    assert_eq!((&own["value"], &own["whose"], &own["by"]), (&json!(175.0), &json!("plan"), &json!("Ida Shaw")));
    assert_eq!((&own["from"], &own["to"], &own["pack_value"]), (&json!(160.0), &json!(200.0), &json!(180.0)));
    assert_eq!(own["until"], "2026-03-10T00:00:00Z");

    // Of two people at once the one changes what the other set, and neither is lost.
    let (one, other) = tokio::join!(
        ida.post(&limits, set(170.0, json!({ "why": "agreed with her" }))),
        tom.post(&limits, set(165.0, json!({ "why": "as the hospital says" })))
    );
    assert_eq!((one.0, other.0), (StatusCode::OK, StatusCode::OK), "{} {}", one.1, other.1);
    let mut versions = [one.1["version"].as_i64().unwrap(), other.1["version"].as_i64().unwrap()];
    versions.sort_unstable();
    assert_eq!(versions, [3, 4]);
    let (status, made) = tom.post(&end, set(0.0, json!({ "why": "as for everybody" }))).await;
    assert_eq!((status, &made["version"]), (StatusCode::OK, &json!(5)), "{made}");
    let page = ida.read(&of_dorothy).await;
    assert_eq!(limit(&page, "severe_systolic")["whose"], "pack");
    let changes = page["limit_changes"].as_array().unwrap();
    let said: Vec<(&str, &str)> =
        changes.iter().map(|change| (change["by"].as_str().unwrap(), change["why"].as_str().unwrap())).collect();
    assert_eq!((said.len(), said[0], said[3]), (4, ("Tom Reid", "as for everybody"), ("Ida Shaw", "known high")));
    assert_eq!((&changes[0]["value"], &changes[3]["value"]), (&json!(null), &json!(175.0)));

    // The monitor judges by it.
    service.step("2026-03-01T08:01:00Z");
    let store = world.database.store().await;
    let by: i64 = sqlx::query_scalar("SELECT max(facts) FROM evaluation").fetch_one(&store.owner).await.unwrap();
    assert_eq!(by, 5);
    let acts: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit WHERE what = 'patient.plan_changed' AND actor = 'staff' AND why IS NOT NULL",
    )
    .fetch_one(&store.owner)
    .await
    .unwrap();
    assert_eq!(acts, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_and_the_end_of_the_monitoring() {
    let world = World::new().await;
    let alfreton = super::region::team(&world, &world.organisation, "Alfreton team");
    world.staff("Nell Wood", "nell@example.org", &world.organisation, Some(&alfreton));
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let (pauses, back, end) =
        (format!("{of_dorothy}/pauses"), format!("{of_dorothy}/pauses/end"), format!("{of_dorothy}/end"));
    let away = |from: Option<&str>, until: &str| json!({ "from": from, "until": until, "why": "visiting her sister" });
    let wrong = [
        (away(Some("2026-02-28"), "2026-03-03"), "cannot begin in the past"),
        (away(None, "2026-03-01"), "ends after it begins"),
        (away(Some("2026-03-05"), "2026-03-05"), "ends after it begins"),
        (away(None, "2026-05-31"), "90 days at most"),
    ];
    for (body, why) in wrong {
        let (status, said) = refused(&ida, &pauses, body).await;
        assert!(status == 400 && said.contains(why), "{status} {said}");
    }
    let (status, said) = refused(&ida, &back, json!({ "why": "back early" })).await;
    assert!(status == 409 && said.contains("nothing was changed"), "{status} {said}");

    // Whoever broke the glass looks, and changes nothing.
    let nell = Browser::signed_in(&service, "nell@example.org").await;
    assert_eq!(refused(&nell, &pauses, away(None, "2026-03-05")).await.0, 404);
    let reason = json!({ "reason": "she is on our ward tonight" });
    assert_eq!(nell.post(&format!("{of_dorothy}/break-glass"), reason).await.0, StatusCode::OK);
    let limit = json!({ "pack": "hypertension", "name": "severe_systolic", "value": 175.0, "why": "known high" });
    let asked = [
        (&pauses, away(None, "2026-03-05")),
        (&back, json!({ "why": "back early" })),
        (&end, json!({ "why": "moved away" })),
        (&format!("{of_dorothy}/limits"), limit.clone()),
        (&format!("{of_dorothy}/limits/end"), limit),
    ];
    for (path, body) in asked {
        assert_eq!(refused(&nell, path, body).await.0, 403, "{path}");
    }

    assert_eq!(ida.post(&pauses, away(Some("2026-03-01"), "2026-03-05")).await.0, StatusCode::OK);
    let page = ida.read(&of_dorothy).await;
    let pause = &page["plan"]["pauses"][0];
    assert_eq!((&pause["by"], &pause["why"]), (&json!("Ida Shaw"), &json!("visiting her sister")));
    assert_eq!(pause["until"], "2026-03-05T00:00:00Z");
    assert_eq!(ida.post(&back, json!({ "why": "back early" })).await.0, StatusCode::OK);
    assert_eq!(ida.read(&of_dorothy).await["plan"]["pauses"], json!([]));

    assert_eq!(page["ended_at"], json!(null));
    let (status, ended) = ida.post(&end, json!({ "why": "moved away" })).await;
    assert_eq!(status, StatusCode::OK, "{ended}");
    assert_eq!(ida.read(&of_dorothy).await["ended_at"], ended["at"]);
    for (path, body) in [(&end, json!({ "why": "moved away" })), (&pauses, away(None, "2026-03-05"))] {
        let (status, said) = refused(&ida, path, body).await;
        assert!(status == 409 && said.contains("not monitored any more"), "{status} {said}");
    }
    let store = world.database.store().await;
    let why: Vec<String> = sqlx::query_scalar("SELECT why FROM audit WHERE what = 'patient.monitoring_ended'")
        .fetch_all(&store.owner)
        .await
        .unwrap();
    assert_eq!(why, ["moved away"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_asked_for_on_the_phone_is_a_task_until_somebody_answers() {
    let world = World::live().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let tom = Browser::signed_in(&service, "tom@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let phone = phones::enrol(&service, &world.code, BORN).await.unwrap();
    let today = derwent::clock::Clock::ordinary().care_now().in_tz("Europe/London").unwrap().date();
    let day = |days: i64| today.checked_add(days.days()).unwrap().to_string();
    let ask = async |id: &uuid::Uuid, from: i64, until: i64, why: &str| {
        let asked = json!({ "id": id, "from": day(from), "until": day(until), "why": why }).to_string();
        phones::send(&phone, Method::POST, "/mobile/v1/pauses", &asked).await.0
    };
    let id = random::new_id();
    for (from, until, why) in [(1, 1, "away"), (3, 2, "away"), (1, 92, "away"), (1, 4, " ")] {
        assert_eq!(ask(&id, from, until, why).await, 400, "{from} {until} {why:?}");
    }
    assert_eq!(ask(&id, 1, 4, "at my sister's").await, 204);
    assert_eq!(ask(&id, 1, 4, "at my sister's").await, 204, "asked once, however often it is sent");
    let words = |days: i64| today.checked_add(days.days()).unwrap().strftime("%-d %B").to_string();
    let asks = |from: i64, until: i64| {
        let sentence = format!("Asks to pause measuring from {} until {}: say yes or no", words(from), words(until));
        move |page: &Value| page["alerts"].as_array().unwrap().iter().any(|alert| alert["sentence"] == *sentence)
    };
    let page = ida.until_read(&of_dorothy, asks(1, 4)).await;
    assert_eq!((&page["alerts"][0]["priority"], &page["plan"]["pauses"]), (&json!("low"), &json!([])), "{page}");
    assert_eq!((&page["plan"]["asked_pause"]["request"], &page["plan"]["version"]), (&json!(id), &json!(1)));

    let answer = format!("{of_dorothy}/pauses/asked");
    let yes = json!({ "request": id });
    let (one, other) = tokio::join!(ida.post(&answer, yes.clone()), tom.post(&answer, yes));
    let by = match (one.0, other.0) {
        (StatusCode::OK, StatusCode::CONFLICT) => "Ida Shaw",
        (StatusCode::CONFLICT, StatusCode::OK) => "Tom Reid",
        statuses => panic!("{statuses:?}: {} {}", one.1, other.1),
    };
    let page = ida.read(&of_dorothy).await;
    let pauses = page["plan"]["pauses"].as_array().unwrap();
    assert_eq!((pauses.len(), &pauses[0]["by"], &pauses[0]["why"]), (1, &json!(by), &json!("at my sister's")));
    assert_eq!(page["plan"]["asked_pause"], json!(null));
    // The answer is what comes of the task: nobody has to close it, and it says who answered.
    let closed = |page: &Value| {
        let last = |alert: &Value| {
            let last = alert["history"].as_array().unwrap().last().unwrap();
            (last["what"].clone(), last["by"].clone(), last["text"].clone())
        };
        page["alerts"].as_array().unwrap().iter().map(last).collect::<Vec<_>>()
    };
    assert_eq!(closed(&page), [(json!("closed"), json!(by), json!("yes"))], "{page}");

    let again = random::new_id();
    assert_eq!(ask(&again, 20, 30, "longer").await, 204);
    let (status, said) = refused(&tom, &answer, json!({ "request": id, "declined": "please ring us" })).await;
    assert!(status == 409 && said.contains("asked for something else since"), "{status} {said}");
    ida.until_read(&of_dorothy, asks(20, 30)).await;
    let (status, done) = tom.post(&answer, json!({ "request": again, "declined": "please ring us" })).await;
    assert_eq!((status, &done["version"]), (StatusCode::OK, &json!(2)), "{done}");
    let page = ida.read(&of_dorothy).await;
    assert_eq!((page["plan"]["pauses"].as_array().unwrap().len(), &page["plan"]["asked_pause"]), (1, &json!(null)));
    let told = closed(&page);
    assert!(told.contains(&(json!("closed"), json!("Tom Reid"), json!("no: please ring us"))), "{told:?}");
    let store = world.database.store().await;
    let declined: Vec<String> = sqlx::query_scalar("SELECT why FROM audit WHERE what = 'patient.pause_declined'")
        .fetch_all(&store.owner)
        .await
        .unwrap();
    assert_eq!(declined, ["please ring us"]);
}
