//! Rules with questions of every kind, and a plan that asks them.

use std::collections::BTreeMap;

use alert_rules::{Rulebook, built_in};
use derwent::store::rulebook;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::world::World;

const SIGNS: &str = "hypertension/questionnaires/bp-warning-signs.json";
const MOOD: &str = "mood/questionnaires/phq9.json";
const EVERYTHING: &str = "hypertension/questionnaires/everything.json";

/// The built-in rules with two more questions beside a repeated pressure, and a questionnaire that has all kinds.
fn files() -> BTreeMap<String, String> {
    let mut files = built_in::files();
    let mut signs: Value = serde_json::from_str(&files[SIGNS]).expect("JSON");
    signs["version"] = json!("2");
    let more = [
        json!({ "linkId": "headache", "type": "integer", "text": "How bad is your headache, from 0 to 10?", "required": true,
                "extension": bounds(0, 10) }),
        choice("breath_now", "How is your breath?"),
    ];
    signs["item"].as_array_mut().expect("items").extend(more);
    files.insert(SIGNS.to_owned(), signs.to_string());
    files.insert(EVERYTHING.to_owned(), everything().to_string());
    files
}

fn everything() -> Value {
    let worse = json!([{ "question": "worse", "operator": "=", "answerBoolean": true }]);
    let mut how = choice("how", "How is it?");
    how["enableWhen"] = worse.clone();
    let pillows = json!({ "linkId": "pillows", "type": "integer", "text": "How many pillows do you sleep on?", "required": true,
                          "extension": bounds(0, 9), "enableWhen": worse });
    json!({
        "resourceType": "Questionnaire", "id": "everything", "version": "1", "title": "A little of everything", "status": "draft",
        "item": [
            { "linkId": "sit", "type": "display", "text": "Sit down first." },
            { "linkId": "breath", "type": "group", "text": "Your breath", "item": [
                { "linkId": "worse", "type": "boolean", "text": "Is it worse than usual?", "required": true }, how, pillows,
            ] },
            { "linkId": "litres", "type": "decimal", "text": "How many litres did you drink?", "required": true },
            { "linkId": "who", "type": "string", "text": "Who is with you?" },
            { "linkId": "else", "type": "text", "text": "Anything else?", "maxLength": 100 },
        ],
    })
}

fn choice(link: &str, text: &str) -> Value {
    let option = |code: &str, display: &str| json!({ "valueCoding": { "code": code, "display": display } });
    json!({ "linkId": link, "type": "choice", "text": text, "required": true,
            "answerOption": [option("usual", "As usual"), option("worse", "Much worse")] })
}

fn bounds(least: i32, most: i32) -> Value {
    let of = |name: &str, value: i32| json!({ "url": format!("http://hl7.org/fhir/StructureDefinition/{name}"), "valueInteger": value });
    json!([of("minValue", least), of("maxValue", most)])
}

/// Before the service starts. Dorothy is asked about her mood too.
pub async fn put_in_force(world: &World) {
    publish(world, &files(), Timestamp::UNIX_EPOCH).await;
}

/// First the built-in rules, and then a version that asks about her mood in other words.
pub async fn put_other_words_in_force(world: &World) {
    let mut files = built_in::files();
    publish(world, &files, Timestamp::UNIX_EPOCH).await;
    let text = files.get_mut(MOOD).expect("the file");
    let other = text.replace("\"version\": \"1\"", "\"version\": \"2\"").replace("Several days", "On some days");
    *text = other.replace("Thoughts that you would be better off dead", "Being better off dead");
    publish(world, &files, "1970-01-02T00:00:00Z".parse().expect("a time")).await;
}

async fn publish(world: &World, files: &BTreeMap<String, String>, at: Timestamp) {
    let rules = Rulebook::from_files(files.clone()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let owner = world.database.store().await.owner.clone();
    let mut db = owner.acquire().await.expect("a connection");
    rulebook::publish(&mut db, rules.hash(), files, at, "a test").await.expect("it is published");
    sqlx::query(
        "INSERT INTO pack_signature (pack, hash, staff, name, registration, at)
         SELECT 'hypertension', $1, staff, 'somebody', 'none', '2026-01-01T00:00:00Z' FROM staff LIMIT 1
         ON CONFLICT DO NOTHING",
    )
    .bind(rules.pack_hash("hypertension").to_vec())
    .execute(&mut *db)
    .await
    .expect("a signature");
    sqlx::query("UPDATE patient_facts SET facts = jsonb_set(facts, '{plan,packs}', '[\"hypertension\", \"mood\"]')")
        .execute(&mut *db)
        .await
        .expect("her plan");
}
