//! A series tells the truth: what was measured, what was taken back, which limits were in force then.

use derwent::ingest::writer::Writer;
use derwent::lifecycle::Lifecycle;
use derwent::random;
use derwent::signal::Signals;
use derwent::store::submission::{Body, Component, Correction, Decision, Entry, Reading, Submission};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::world::{Browser, START, World};

fn reading(world: &World, at: &str, systolic: f64, diastolic: f64) -> Submission {
    let component = |component: &str, value: f64| Component {
        component: component.to_owned(),
        value_given: Some(value.to_string()),
        unit_given: Some("mm[Hg]".to_owned()),
        value: Some(value),
        comparator: None,
    };
    let at: Timestamp = at.parse().unwrap();
    Submission {
        organisation: world.organisation.parse().unwrap(),
        patient: world.dorothy.parse().unwrap(),
        client_id: random::new_id(),
        content_hash: vec![1; 33],
        effective_at: at,
        received_at: at,
        device: None,
        entered_by: None,
        flags: Vec::new(),
        note: None,
        as_sent: "{}".to_owned(),
        body: Body::Reading(Reading {
            vital: "blood_pressure".to_owned(),
            components: vec![component("systolic", systolic), component("diastolic", diastolic)],
            absent: None,
            offset_minutes: 0,
            method: Some("instrument".to_owned()),
            context: Some(json!({
                "arm": "left",
                "instrument": { "make": "Omron" },
                "irregular_pulse": systolic > 170.0,
                "posture": "sitting",
            })),
        }),
    }
}

fn correction(of: &Submission, values: Option<Value>) -> Submission {
    let body = Body::Correction(Correction { corrects: of.client_id, reason: "wrong_entry".to_owned(), values });
    Submission { client_id: random::new_id(), body, ..of.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_shows_what_stands_and_what_was_corrected_or_taken_back() {
    let world = World::new().await;
    let plain = reading(&world, "2026-02-28T08:00:00Z", 148.0, 92.0);
    let mistyped = reading(&world, "2026-02-28T20:00:00Z", 185.0, 92.0);
    let not_hers = reading(&world, "2026-03-01T07:00:00Z", 119.0, 70.0);
    let right = json!([
        { "component": "systolic", "value": 158.0, "comparator": null, "value_given": 158.0, "unit_given": "mm[Hg]" },
        { "component": "diastolic", "value": 92.0, "comparator": null, "value_given": 92.0, "unit_given": "mm[Hg]" },
    ]);
    let corrections = [correction(&mistyped, Some(right)), correction(&not_hers, None)];
    let store = world.database.store().await;
    let lifecycle = Lifecycle::new();
    let writer = Writer::start(&store, Signals::start(store.ingest.clone(), &lifecycle), &lifecycle);
    let entries = [plain, mistyped, not_hers].into_iter().chain(corrections).map(Entry::Submission).collect();
    for decision in writer.submit(entries).await.unwrap() {
        assert!(matches!(decision, Decision::Stored { .. }), "{decision:?}");
    }
    drop(writer);

    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let path = format!("/api/patients/{}/series?vital=blood_pressure", world.dorothy);
    let series = ida.read(&path).await;
    let points = series["points"].as_array().unwrap();
    let seen: Vec<(i64, &str, f64)> = points
        .iter()
        .map(|point| {
            let systolic = point["values"]["systolic"].as_f64().unwrap();
            (point["seq"].as_i64().unwrap(), point["state"].as_str().unwrap(), systolic)
        })
        .collect();
    assert_eq!(
        seen,
        [(1, "standing", 148.0), (2, "corrected", 185.0), (4, "standing", 158.0), (3, "withdrawn", 119.0)],
        "{series}"
    );
    assert_eq!(series["components"], json!(["systolic", "diastolic"]));
    assert_eq!((series["unit"].as_str(), series["readings"].as_u64()), (Some("mmHg"), Some(3)));
    assert_eq!(points[0]["context"], "left, sitting");
    assert_eq!(points[1]["context"], "left, sitting, irregular pulse");
    assert_eq!(points[0]["given"][1], json!({ "component": "systolic", "text": "148 mm[Hg]" }));
    let sentence = series["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("Last 158/92 mmHg yesterday 20:00; 30-day mean 153/92"), "{sentence}");

    // The mean is of thirty days, however short the stretch that is shown.
    let short = ida.read(&format!("{path}&from=2026-02-28T12:00:00Z")).await;
    assert_eq!(short["points"].as_array().unwrap().len(), 3);
    assert_eq!(short["sentence"], series["sentence"]);

    // Taken back is not the last reading; corrected values are.
    let page = ida.read(&format!("/api/patients/{}", world.dorothy)).await;
    assert_eq!(page["vitals"][0]["title"], "Blood pressure");
    let search = async |name: &str| ida.post("/api/patients/search", json!({ "name": name })).await.1;
    let listed = search("dorothy ma").await;
    assert_eq!(listed["patients"][0]["last_reading"]["text"], "158/92 mmHg", "{listed}");
    assert_eq!(search("%").await["patients"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_awake_somebody_is_is_said_in_words() {
    let world = World::new().await;
    let level = Component {
        component: "consciousness".to_owned(),
        value_given: Some("1".to_owned()),
        unit_given: Some("{ACVPU}".to_owned()),
        value: Some(1.0),
        comparator: None,
    };
    let mut confused = reading(&world, "2026-02-28T08:00:00Z", 148.0, 92.0);
    confused.body = Body::Reading(Reading {
        vital: "consciousness".to_owned(),
        components: vec![level],
        absent: None,
        offset_minutes: 0,
        method: Some("manual".to_owned()),
        context: None,
    });
    let store = world.database.store().await;
    let lifecycle = Lifecycle::new();
    let writer = Writer::start(&store, Signals::start(store.ingest.clone(), &lifecycle), &lifecycle);
    let again = Submission {
        client_id: random::new_id(),
        effective_at: "2026-02-28T20:00:00Z".parse().unwrap(),
        ..confused.clone()
    };
    writer.submit(vec![Entry::Submission(confused), Entry::Submission(again)]).await.unwrap();
    drop(writer);

    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let series = ida.read(&format!("/api/patients/{}/series?vital=consciousness", world.dorothy)).await;
    assert_eq!(
        series["levels"],
        json!(["alert", "new confusion", "responds to voice", "responds to pain", "unresponsive"])
    );
    assert_eq!(series["points"][0]["given"][0], json!({ "component": "consciousness", "text": "new confusion" }));
    // There is no middle between words.
    assert_eq!(series["sentence"], "Last new confusion yesterday 20:00.");
}

#[tokio::test]
async fn limits_step_where_they_changed() {
    let world = World::new().await;
    let changed = world.admin(&[
        "limit",
        "set",
        "--patient",
        &world.dorothy,
        "--limit",
        "hypertension/severe_systolic=170 mmHg",
        "--why",
        "frail",
    ]);
    assert_eq!(changed["plan_version"], 2);
    let store = world.database.store().await;
    // As if the plan had begun a week before its change.
    sqlx::query("UPDATE patient_facts SET valid_from = valid_from - interval '7 days' WHERE version = 1")
        .execute(&store.owner)
        .await
        .unwrap();
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let series = ida.read(&format!("/api/patients/{}/series?vital=blood_pressure", world.dorothy)).await;
    let steps: Vec<&Value> =
        series["limits"].as_array().unwrap().iter().filter(|step| step["name"] == "severe_systolic").collect();
    assert_eq!(steps.len(), 2, "{series}");
    assert_eq!((steps[0]["value"].as_f64(), steps[0]["until"].as_str()), (Some(180.0), Some(START)));
    assert_eq!((steps[1]["value"].as_f64(), steps[1]["whose"].as_str()), (Some(170.0), Some("plan")));
    assert_eq!((steps[1]["component"].as_str(), steps[1]["side"].as_str()), (Some("systolic"), Some("above")));
    assert!(steps[1]["until"].is_null());
    let page = ida.read(&format!("/api/patients/{}", world.dorothy)).await;
    let own = page["limits"].as_array().unwrap().iter().find(|limit| limit["name"] == "severe_systolic").unwrap();
    assert_eq!(
        (own["value"].as_f64(), own["why"].as_str(), own["by"].as_str()),
        (Some(170.0), Some("frail"), Some("the test"))
    );
}

#[tokio::test]
async fn a_series_that_cannot_be_drawn_is_refused_in_a_sentence() {
    let world = World::new().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let path = format!("/api/patients/{}/series", world.dorothy);
    for wrong in [
        "?vital=mood",
        "",
        "?vital=weight&from=yesterday",
        "?vital=weight&from=2026-03-01T00:00:00Z&until=2026-02-01T00:00:00Z",
        "?vital=weight&from=2026-01-01T00:00:00Z&until=2030-01-01T00:00:00Z",
        "?vital=weight&until=-009999-01-01T00:00:00Z",
    ] {
        let (status, body) = ida.get(&format!("{path}{wrong}")).await;
        assert_eq!(
            (status, body["error"]["code"].as_str()),
            (StatusCode::BAD_REQUEST, Some("bad_request")),
            "{wrong}: {body}"
        );
    }
    let (status, body) = ida.get("/api/patients/dorothy").await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")), "{body}");
    let empty = ida.read(&format!("{path}?vital=weight")).await;
    assert_eq!(empty["sentence"], "No weight in this stretch of time.");
    // All there is: what is too long to look at begins later.
    let all = ida.read(&format!("{path}?vital=weight&from=1926-03-25T00:00:00Z")).await;
    assert_eq!((all["from"].as_str(), all["until"].as_str()), (Some("2015-02-21T08:00:00Z"), Some(START)));
}
