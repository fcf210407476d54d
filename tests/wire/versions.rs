//! Answers are held against the version that was shown, whatever was put in force meanwhile; and a plan is of the rules in force.

use std::collections::BTreeMap;

use alert_rules::{Rulebook, built_in};
use derwent::random;
use derwent::store::carer::{self, Carer};
use derwent::store::enrolment_code::Whose;
use derwent::store::rulebook;
use mobile_api::message::ServerMessage;
use mobile_api::plan::Plan;
use serde_json::{Value, json};

use super::{BORN, Town, connect, hear, now, submit};

const FILE: &str = "hypertension/questionnaires/bp-warning-signs.json";

/// The built-in rules, and this of their questions: one more in the second version.
fn second_version() -> BTreeMap<String, String> {
    let mut files = built_in::files();
    let mut content: Value = serde_json::from_str(&files[FILE]).expect("JSON");
    content["version"] = json!("2");
    let breath = json!({ "code": "worse", "display": "Worse" });
    content["item"].as_array_mut().expect("items").push(json!({
        "linkId": "breath", "type": "choice", "required": true, "text": "Is your breath worse than usual?",
        "answerOption": [{ "valueCoding": breath }, { "valueCoding": { "code": "usual", "display": "As usual" } }],
    }));
    files.insert(FILE.to_owned(), content.to_string());
    files
}

async fn publish(town: &Town, files: &BTreeMap<String, String>) {
    let hash = Rulebook::from_files(files.clone()).expect("rules").hash();
    let mut db = town.store.owner.acquire().await.expect("a connection");
    rulebook::publish(&mut db, hash, files, now(), "a test").await.expect("it is published");
}

fn answers(version: &str, given: Value) -> Value {
    json!({ "id": random::new_id(), "kind": "answers", "taken_at": now(), "questionnaire": format!("bp-warning-signs|{version}"),
            "answers": given })
}

fn plan(message: ServerMessage) -> Option<Box<Plan>> {
    if let ServerMessage::Plan(plan) = message { Some(plan) } else { None }
}

fn asked(plan: &Plan) -> Vec<&str> {
    plan.questionnaires.iter().map(|known| known.questionnaire.as_str()).collect()
}

#[tokio::test]
async fn what_was_shown_is_what_answers_are_held_against() {
    let town = Town::start().await;
    let (_, device) = town.person("Dorothy").await;
    let mut line = connect(&device).await;
    assert_eq!(asked(&*hear(&mut line, plan).await), ["bp-warning-signs|1"]);
    publish(&town, &second_version()).await;

    let old = json!([{ "link_id": "warning_signs", "value": false }, { "link_id": "dizzy_or_fell", "value": false }]);
    let new = json!([{ "link_id": "warning_signs", "value": false }, { "link_id": "dizzy_or_fell", "value": false },
                     { "link_id": "breath", "value": "worse" }]);
    let sent = json!([
        answers("1", old.clone()),
        answers("2", new.clone()),
        answers("1", new),
        answers("2", old.clone()),
        answers("3", old),
    ]);
    let receipt = submit(&mut line, sent).await;
    let flags: Vec<Value> = receipt.iter().map(|item| json!([item["state"], item["flags"]])).collect();
    assert_eq!(
        flags,
        [
            json!(["stored", []]),
            json!(["stored", []]),
            json!(["stored", ["unexpected"]]),
            json!(["stored", ["incomplete"]]),
            json!(["stored", ["unexpected"]]),
        ]
    );

    // Who comes now is shown the second version; and so it is after a restart that has never seen the first in force.
    let mut line = connect(&device).await;
    assert_eq!(asked(&*hear(&mut line, plan).await), ["bp-warning-signs|2"]);
    let Town { service, database, mails, .. } = town;
    assert!(service.end(), "the service did not end well");
    let service = Town::serve(&database, &mails);
    let device = derwent::phone::Device { origin: service.origin.clone(), ..device };
    let mut line = connect(&device).await;
    let old = json!([{ "link_id": "warning_signs", "value": true }]);
    assert_eq!(submit(&mut line, json!([answers("1", old)])).await[0]["flags"], json!(["incomplete"]));
    assert!(service.end(), "the service did not end well");
}

#[tokio::test]
async fn what_is_sensitive_is_asked_on_ones_own_phone_alone() {
    let town = Town::start().await;
    let (patient, own) = town.person("Dorothy").await;
    let owner = &town.store.owner;
    sqlx::query("UPDATE patient_facts SET facts = jsonb_set(facts, '{plan,packs}', '[\"hypertension\", \"mood\"]')")
        .execute(owner)
        .await
        .expect("her plan");
    let (carer, organisation) = (random::new_id(), town.organisation);
    let daughter = Carer { carer, organisation, name: "Jo".to_owned(), date_of_birth: BORN };
    carer::insert(&mut owner.acquire().await.expect("a connection"), &daughter).await.expect("a carer");
    let code = town.code(Whose::Carer(carer), &[patient], None).await;
    let hers = town.enrol(&code).await.expect("it enrols");
    let own = hear(&mut connect(&own).await, plan).await;
    assert_eq!(asked(&own), ["bp-warning-signs|1", "gad7|1", "phq9|1"]);
    let crisis = own.answer_advice.iter().find(|advice| advice.link_id == "phq9_9").expect("crisis words");
    assert_eq!((crisis.questionnaire.as_str(), crisis.any_of.len()), ("phq9|1", 3));
    assert!(crisis.say.contains("116 123"), "{}", crisis.say);
    let hers = hear(&mut connect(&hers).await, plan).await;
    assert_eq!(asked(&hers), ["bp-warning-signs|1"]);
    assert!(hers.answer_advice.iter().all(|advice| advice.questionnaire == "bp-warning-signs|1"));
}
