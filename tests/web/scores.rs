//! Scores are charted like a vital, with what their bands are called; what was answered is read in the words that were shown; and
//! a slot that nothing took is marked.

use derwent::clock::Clock;
use derwent::ingest::writer::Writer;
use derwent::lifecycle::Lifecycle;
use derwent::random;
use derwent::signal::Signals;
use derwent::store::submission::{Answers, Body, Component, Decision, Entry, Reading, Submission};
use mobile_api::message::ServerMessage;
use serde_json::{Value, json};

use super::phones::{connect, enrol, submit};
use super::questions;
use super::world::{BORN, Browser, World};

const CODES: [&str; 4] = ["not-at-all", "several-days", "more-than-half-the-days", "nearly-every-day"];

fn submission(world: &World, at: &str, flags: &[&str], body: Body) -> Entry {
    let at = at.parse().expect("a time");
    Entry::Submission(Submission {
        organisation: world.organisation.parse().expect("an id"),
        patient: world.dorothy.parse().expect("an id"),
        client_id: random::new_id(),
        content_hash: vec![1; 33],
        effective_at: at,
        received_at: at,
        device: None,
        entered_by: None,
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        note: None,
        as_sent: "{}".to_owned(),
        body,
    })
}

fn answers(questionnaire: &str, partial: bool, answers: Value) -> Body {
    Body::Answers(Answers { questionnaire: questionnaire.to_owned(), partial, answers })
}

/// All nine answered alike.
fn phq9(points: usize) -> Value {
    (1..=9).map(|number| json!({ "link_id": format!("phq9_{number}"), "value": CODES[points] })).collect()
}

fn measured(vital: &str, values: &[(&str, f64, &str)]) -> Body {
    let component = |(component, value, unit): &(&str, f64, &str)| Component {
        component: (*component).to_owned(),
        value_given: Some(value.to_string()),
        unit_given: Some((*unit).to_owned()),
        value: Some(*value),
        comparator: None,
    };
    Body::Reading(Reading {
        vital: vital.to_owned(),
        components: values.iter().map(component).collect(),
        absent: None,
        offset_minutes: 0,
        method: None,
        context: None,
    })
}

async fn store(world: &World, entries: Vec<Entry>) {
    let store = world.database.store().await;
    let lifecycle = Lifecycle::new();
    let writer = Writer::start(&store, Signals::start(store.ingest.clone(), &lifecycle), &lifecycle);
    for decision in writer.submit(entries).await.expect("decisions") {
        assert!(matches!(decision, Decision::Stored { .. }), "{decision:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_score_is_a_series_with_its_bands_and_its_answers_are_read() {
    let world = World::new().await;
    let mut odd = phq9(1);
    odd[8]["value"] = json!("sometimes");
    odd.as_array_mut().expect("answers").remove(0);
    store(
        &world,
        vec![
            submission(&world, "2026-02-14T09:00:00Z", &[], answers("phq9|1", false, phq9(1))),
            submission(&world, "2026-02-21T09:00:00Z", &["incomplete", "unexpected"], answers("phq9|1", false, odd)),
            submission(
                &world,
                "2026-02-28T08:58:00Z",
                &[],
                answers("phq9|1", true, json!([{ "link_id": "phq9_1", "value": CODES[3] }])),
            ),
            submission(&world, "2026-02-28T09:00:00Z", &[], answers("phq9|1", false, phq9(2))),
            submission(
                &world,
                "2026-02-28T10:00:00Z",
                &["unexpected"],
                answers("tea|7", false, json!([{ "link_id": "sugar", "value": 2 }])),
            ),
        ],
    )
    .await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let series = ida.read(&format!("/api/patients/{}/series?vital=phq9", world.dorothy)).await;
    let seen: Vec<(f64, &str)> = series["points"]
        .as_array()
        .expect("points")
        .iter()
        .map(|point| (point["values"]["phq9"].as_f64().expect("a total"), point["context"].as_str().expect("a band")))
        .collect();
    assert_eq!(seen, [(9.0, "mild"), (18.0, "moderately severe")], "{series}");
    assert_eq!(series["bands"].as_array().expect("bands").len(), 5);
    assert_eq!(series["bands"][4], json!({ "from": 20.0, "until": 27.0, "words": "severe" }));
    assert_eq!(
        series["sentence"],
        "Last 18 (moderately severe) yesterday 09:00; 9 (mild) 14 February 09:00 before that."
    );

    let page = ida.read(&format!("/api/patients/{}", world.dorothy)).await;
    let listed: Vec<&str> = page["vitals"]
        .as_array()
        .expect("vitals")
        .iter()
        .map(|vital| vital["vital"].as_str().expect("a name"))
        .collect();
    assert_eq!(listed, ["phq9"]);
    assert_eq!(page["vitals"][0]["last"]["text"], "18 (moderately severe)");
    let sheets = page["answers"].as_array().expect("answers");
    let titles: Vec<(&str, &Value)> =
        sheets.iter().map(|sheet| (sheet["title"].as_str().expect("a title"), &sheet["remarks"])).collect();
    let phq = "How you have felt for two weeks";
    assert_eq!(
        titles,
        [
            ("tea", &json!(["to questions that were never published here"])),
            (phq, &json!(["18 (moderately severe)"])),
            (phq, &json!(["so far"])),
            (phq, &json!([])),
            (phq, &json!(["9 (mild)"])),
        ]
    );
    assert_eq!(sheets[1]["lines"][0]["answer"], "More than half the days");
    assert_eq!(sheets[3]["lines"][0]["odd"], "is not answered");
    assert_eq!(
        sheets[3]["lines"][8],
        json!({ "question": "Thoughts that you would be better off dead or of hurting yourself in some way",
                "answer": "sometimes", "odd": "has an answer that is no option" })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news2_is_charted_where_a_set_is_whole() {
    let world = World::new().await;
    let parts = [
        measured("spo2", &[("spo2", 95.0, "%")]),
        measured("temperature", &[("temperature", 38.5, "Cel")]),
        measured("oxygen_flow", &[("oxygen_flow", 0.0, "L/min")]),
        measured(
            "blood_pressure",
            &[("systolic", 120.0, "mm[Hg]"), ("diastolic", 80.0, "mm[Hg]"), ("pulse", 95.0, "/min")],
        ),
        measured("consciousness", &[("consciousness", 0.0, "{score}")]),
        measured("respiratory_rate", &[("respiratory_rate", 22.0, "/min")]),
    ];
    let entries = parts.into_iter().map(|part| submission(&world, "2026-03-01T07:30:00Z", &[], part)).collect();
    // The plan's facts begin with the plan; so does the score.
    let owner = world.database.store().await.owner.clone();
    sqlx::query("UPDATE patient_facts SET valid_from = valid_from - interval '7 days'")
        .execute(&owner)
        .await
        .expect("moved");
    store(&world, entries).await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let series = ida.read(&format!("/api/patients/{}/series?vital=news2", world.dorothy)).await;
    assert_eq!(series["points"].as_array().expect("points").len(), 1, "{series}");
    assert_eq!(series["points"][0]["values"], json!({ "news2": 5.0 }));
    assert_eq!(
        series["points"][0]["context"],
        "urgent (NEWS2 5: breathing rate 2, oxygen level 1, pulse 1, temperature 1)"
    );
    let page = ida.read(&format!("/api/patients/{}", world.dorothy)).await;
    let listed = page["vitals"].as_array().expect("vitals").iter().find(|vital| vital["vital"] == "news2");
    assert_eq!(listed.expect("it is listed")["last"]["text"], "5 (urgent)");
}

/// Before the service starts: Dorothy is watched by NEWS2, which is a draft that no plan made by hand may name yet.
pub async fn in_a_virtual_ward(world: &World) {
    let owner = world.database.store().await.owner.clone();
    sqlx::query(r#"UPDATE patient_facts SET facts = jsonb_set(facts, '{plan,packs}', '["deterioration"]')"#)
        .execute(&owner)
        .await
        .expect("her plan");
}

#[tokio::test]
async fn what_is_chosen_on_the_phone_of_how_awake_somebody_is_makes_a_news2_whole() {
    let world = World::live().await;
    in_a_virtual_ward(&world).await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let device = enrol(&service, &world.code, BORN).await.expect("a phone");
    let mut line = connect(&device).await;
    let plan = loop {
        if let ServerMessage::Plan(plan) = line.hear().await.expect("the plan") {
            break plan;
        }
    };
    let awake = plan.vitals.iter().find(|vital| vital.vital == "consciousness").expect("it is asked for");
    let [component] = &awake.components[..] else { panic!("{awake:?}") };
    let unit = &component.units[0].unit;
    let chosen = |words: &str| {
        let choice = component.choices.iter().find(|choice| choice.title == words).expect(words);
        json!({ "consciousness": { "value": choice.value, "unit": unit } })
    };
    let band = plan.advice.iter().find(|band| band.vital == "consciousness").expect("words for it");
    assert_eq!((band.at_or_above, &band.unit), (Some(1.0), unit), "anything but alert: {band:?}");

    let mut send = async |vital: &str, values: Value| {
        let now = Clock::ordinary().machine_now();
        let item =
            json!({ "id": random::new_id(), "kind": "reading", "taken_at": now, "vital": vital, "values": values });
        let sent = submit(&mut line, item).await;
        assert_eq!(sent["state"], "stored", "{sent}");
    };
    let value = |value: f64, unit: &str| json!({ "value": value, "unit": unit });
    send("respiratory_rate", json!({ "respiratory_rate": value(22.0, "/min") })).await;
    send("spo2", json!({ "spo2": value(97.0, "%") })).await;
    send("oxygen_flow", json!({ "oxygen_flow": value(0.0, "L/min") })).await;
    send("temperature", json!({ "temperature": value(36.8, "Cel") })).await;
    let pressure =
        json!({ "systolic": value(124.0, "mm[Hg]"), "diastolic": value(70.0, "mm[Hg]"), "pulse": value(95.0, "/min") });
    send("blood_pressure", pressure).await;
    let news2 = format!("/api/patients/{}/series?vital=news2", world.dorothy);
    assert_eq!(ida.read(&news2).await["points"], json!([]), "a part is missing, so there is no total");

    send("consciousness", chosen("Awake, and as clear as usual")).await;
    send("consciousness", chosen("Awake, but more confused than usual")).await;
    let series = ida.read(&news2).await;
    let totals: Vec<&Value> =
        series["points"].as_array().expect("points").iter().map(|point| &point["values"]["news2"]).collect();
    assert_eq!(totals, [&json!(3.0), &json!(6.0)], "{series}");
    assert_eq!(series["points"][1]["context"], "urgent (NEWS2 6: breathing rate 2, pulse 1, consciousness 3)");
    let page = format!("/api/patients/{}", world.dorothy);
    let is_told = |page: &Value| page.to_string().contains("consciousness new confusion");
    ida.until_read(&page, is_told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_due_and_did_not_come_is_marked() {
    let world = World::new().await;
    let owner = world.database.store().await.owner.clone();
    sqlx::query(
        "UPDATE patient_facts SET valid_from = valid_from - interval '7 days',
                                  facts = jsonb_set(facts, '{plan,since}', '\"2026-02-22T08:00:00Z\"')",
    )
    .execute(&owner)
    .await
    .expect("moved");
    let pressure = || measured("blood_pressure", &[("systolic", 131.0, "mm[Hg]"), ("diastolic", 80.0, "mm[Hg]")]);
    let entries = ["2026-02-24T08:05:00Z", "2026-02-25T19:00:00Z", "2026-02-28T07:30:00Z"]
        .map(|at| submission(&world, at, &[], pressure()));
    store(&world, entries.to_vec()).await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let path = format!("/api/patients/{}/series?vital=blood_pressure", world.dorothy);
    let series = ida.read(&path).await;
    let missed = ["22", "23", "25", "26", "27"].map(|day| format!("2026-02-{day}T08:00:00Z"));
    assert_eq!(series["missed"], json!(missed), "an evening's reading is for no morning");
    assert!(series["sentence"].as_str().expect("words").ends_with(" Missed 5 of 7 times that it was due."), "{series}");
    let later = ida.read(&format!("{path}&from=2026-02-26T12:00:00Z")).await;
    assert_eq!(later["missed"], json!(missed[4..]));
    assert_eq!(ida.read(&format!("/api/patients/{}/series?vital=weight", world.dorothy)).await["missed"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_tells_an_answer_in_the_words_that_were_shown_although_newer_ones_are_in_force() {
    let world = World::live().await;
    questions::put_other_words_in_force(&world).await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let of_dorothy = format!("/api/patients/{}", world.dorothy);
    let now = derwent::clock::Clock::ordinary().care_now().to_string();
    let ninth = |questionnaire: &str| {
        let given = json!([{ "link_id": "phq9_9", "value": CODES[1] }]);
        submission(&world, &now, &[], answers(questionnaire, true, given))
    };
    store(&world, vec![ninth("phq9|1")]).await;
    let is_told = |page: &Value| page["alerts"].as_array().is_some_and(|alerts| !alerts.is_empty());
    let page = ida.until_read(&of_dorothy, is_told).await;
    let shown =
        "answered “Several days” to “Thoughts that you would be better off dead or of hurting yourself in some way”";
    assert_eq!(page["alerts"][0]["sentence"], format!("Thoughts of self-harm: {shown}"));
    assert_eq!(page["alerts"][0]["reasons"][0], shown);
}
