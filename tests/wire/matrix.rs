//! What a device may say about whom: every kind of message and every route over HTTP, from a patient's own phone, a carer's, a
//! revoked one and one that never enrolled; about oneself, somebody on the carer's list, somebody else of the organisation, somebody
//! of another, and nobody. What the real service does is held against `docs/access-matrix-of-phones.md`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use derwent::ingest::questions;
use derwent::phone::{Device, Key, Line};
use derwent::random;
use derwent::store::carer::{self, Carer};
use derwent::store::enrolment_code::Whose;
use mobile_api::item::{Body, Item};
use mobile_api::message::ClientMessage;
use mobile_api::time::PhoneTime;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{BORN, Town, connect, http, now, pressure, submit};

const FILE: &str = "docs/access-matrix-of-phones.md";

/// A patient as a device might name them: by the handle it was given, or by what it should not know.
struct Named {
    what: &'static str,
    patient: Uuid,
    handle: String,
    /// Something this patient submitted.
    submission: Uuid,
    /// An ask that waits for this patient.
    ask: Uuid,
}

/// Every kind of message; a new one does not compile until its line is written.
fn kind(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Hello(_) => "hello",
        ClientMessage::Submit(_) => "submit",
        ClientMessage::Shown { .. } => "shown",
        ClientMessage::Ack { .. } => "ack",
    }
}

fn item_kind(item: &Item) -> &'static str {
    match &item.body {
        Body::Reading(_) => "submit reading",
        Body::Event(_) => "submit event",
        Body::Answers(_) => "submit answers",
        Body::Correction(_) => "submit correction",
    }
}

/// One of each kind of item about somebody.
fn items(about: &Named) -> Vec<(&'static str, Value)> {
    let base = |kind: &str, fields: Value| {
        let mut item = json!({ "id": random::new_id(), "for": about.handle, "kind": kind, "taken_at": now() });
        for (name, value) in fields.as_object().unwrap() {
            item[name] = value.clone();
        }
        item
    };
    let dose = json!({ "dose": { "value": 9, "unit": "[iU]" } });
    let answered =
        json!([{ "link_id": "warning_signs", "value": false }, { "link_id": "dizzy_or_fell", "value": false }]);
    let all = [
        pressure(128, 82, json!({ "for": about.handle })),
        base("event", json!({ "event": "insulin", "values": dose })),
        base("answers", json!({ "questionnaire": "bp-warning-signs|1", "partial": false, "answers": answered })),
        base("correction", json!({ "corrects": about.submission, "reason": "not_mine" })),
    ];
    all.into_iter().map(|item| (item_kind(&serde_json::from_value(item.clone()).expect("an item")), item)).collect()
}

struct Stage {
    town: Town,
    people: Vec<Named>,
    own: Device,
    carers: Device,
    revoked: Device,
    stranger: Device,
}

impl Stage {
    async fn new() -> Self {
        let town = Town::start().await;
        let (own_patient, own) = town.person("Dorothy").await;
        let (_, revoked) = town.person("Edith").await;
        let (listed, listed_phone) = town.person("Arthur").await;
        let (other, other_phone) = town.person("Amir").await;
        let elsewhere = town.elsewhere().await;
        let carer = random::new_id();
        let new = Carer { carer, organisation: town.organisation, name: "Joan".into(), date_of_birth: BORN };
        carer::insert(&mut town.store.owner.acquire().await.unwrap(), &new).await.unwrap();
        let code = town.code(Whose::Carer(carer), &[listed], None).await;
        let carers = town.enrol(&code).await.unwrap();
        sqlx::query("UPDATE device SET revoked_at = enrolled_at WHERE device = $1")
            .bind(revoked.id)
            .execute(&town.store.owner)
            .await
            .unwrap();
        let stranger = Device { id: random::new_id(), key: Key::generate().unwrap(), ..own.clone() };
        let mut people = Vec::new();
        for (what, patient, device) in [
            ("own", own_patient, Some(&own)),
            ("on the list", listed, Some(&listed_phone)),
            ("same organisation", other, Some(&other_phone)),
            ("other organisation", elsewhere, None),
            ("nobody", random::new_id(), None),
        ] {
            let handle = device.map_or_else(|| patient.to_string(), |device| device.people[0].whom.clone());
            let mut named = Named { what, patient, handle, submission: random::new_id(), ask: random::new_id() };
            if let Some(device) = device {
                let item = pressure(128, 82, json!({}));
                named.submission = item["id"].as_str().unwrap().parse().unwrap();
                submit(&mut connect(device).await, json!([item])).await;
                town.asked(device, patient, named.ask).await;
            }
            people.push(named);
        }
        Self { town, people, own, carers, revoked, stranger }
    }

    /// As this device names them: by its own handle where it has one.
    fn as_named_by(&self, device: &Device) -> Vec<Named> {
        let handle = |named: &Named| match named.what {
            "on the list" if device.id == self.carers.id => device.people[0].whom.clone(),
            "own" if device.id == self.own.id => device.people[0].whom.clone(),
            // Handles are a device's own: another's would mean somebody else, so an id stands for one that is not known here.
            _ => named.patient.to_string(),
        };
        self.people
            .iter()
            .map(|named| Named {
                what: named.what,
                patient: named.patient,
                handle: handle(named),
                submission: named.submission,
                ask: named.ask,
            })
            .collect()
    }

    async fn count(&self, sql: &'static str, id: Uuid) -> i64 {
        sqlx::query_scalar(sql).bind(id).fetch_one(&self.town.store.owner).await.unwrap()
    }
}

/// About whom something was taken; what is refused must look like it is refused about nobody.
fn cell(answers: &[(&str, String)]) -> String {
    let (_, missing) = answers.last().expect("asked");
    let mut taken = Vec::new();
    for (about, answer) in answers {
        match answer.as_str() {
            "taken" => taken.push(*about),
            answer => assert_eq!(answer, missing, "{about}: refused otherwise than about nobody"),
        }
    }
    match taken.as_slice() {
        [] if missing == "no socket" || missing == "401" => "no".to_owned(),
        [] => "nobody".to_owned(),
        taken => taken.join(", "),
    }
}

/// Receipts name the item; what else they say must not differ.
fn said(receipt: &Value, handle: &str) -> String {
    match receipt["state"].as_str() {
        Some("stored") => "taken".to_owned(),
        _ => format!("{} {}", receipt["reason"], receipt["detail"]).replace(handle, "…"),
    }
}

async fn over_the_socket(stage: &Stage, device: &Device) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let about = stage.as_named_by(device);
    let mut line = Line::open(device, PhoneTime::utc(now()), 0).await.ok();
    rows.push(("hello".to_owned(), if line.is_some() { "yes" } else { "no" }.to_owned()));
    for index in 0..items(&about[0]).len() {
        let (mut kind, mut answers) = ("", Vec::new());
        for named in &about {
            let (this, item) = items(named).swap_remove(index);
            // Of somebody else's submission, under a name that is one's own.
            let mut item = item;
            if this == "submit correction" && line.is_some() {
                item["for"] = json!(device.people[0].whom);
            }
            kind = this;
            let answer = match &mut line {
                Some(line) => said(&submit(line, json!([item])).await[0], &named.submission.to_string()),
                None => "no socket".to_owned(),
            };
            answers.push((named.what, answer.replace(&named.patient.to_string(), "…")));
        }
        rows.push((kind.to_owned(), cell(&answers)));
    }
    let mut shown = Vec::new();
    for named in &about {
        if let Some(line) = &mut line {
            let message = ClientMessage::Shown { id: named.ask };
            line.say_text(serde_json::to_string(&message).unwrap()).await.unwrap();
            // Answered in order: when the receipt is there, so is what came before it.
            submit(line, json!([])).await;
        }
        let rows = stage.count("SELECT count(*) FROM shown WHERE ask = $1", named.ask).await;
        sqlx::query("DELETE FROM shown").execute(&stage.town.store.owner).await.unwrap();
        shown.push((named.what, if rows > 0 { "taken".to_owned() } else { "nothing".to_owned() }));
    }
    rows.push((kind(&ClientMessage::Shown { id: about[0].ask }).to_owned(), cell(&shown)));
    if let Some(line) = &mut line {
        let message = ClientMessage::Ack { through: u64::MAX >> 1 };
        line.say_text(serde_json::to_string(&message).unwrap()).await.unwrap();
        submit(line, json!([])).await;
    }
    let mut acknowledged = Vec::new();
    for named in &about {
        let rows = stage.count("SELECT count(*) FROM push WHERE patient = $1 AND acknowledged", named.patient).await;
        acknowledged.push((named.what, if rows > 0 { "taken".to_owned() } else { "nothing".to_owned() }));
    }
    sqlx::query("UPDATE push SET acknowledged = false").execute(&stage.town.store.owner).await.unwrap();
    rows.push((kind(&ClientMessage::Ack { through: 0 }).to_owned(), cell(&acknowledged)));
    rows
}

async fn over_http(stage: &Stage, device: &Device) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for (method, path, proven) in questions() {
        if !proven {
            continue;
        }
        let mut answers = Vec::new();
        for named in stage.as_named_by(device) {
            let (address, body) = match path {
                "/mobile/v1/submissions" => {
                    let item = pressure(128, 82, json!({ "for": named.handle }));
                    (path.to_owned(), json!({ "phone_time": now(), "items": [item] }).to_string())
                }
                "/mobile/v1/pauses" => {
                    let asked =
                        json!({ "id": random::new_id(), "from": "2026-12-24", "until": "2026-12-29", "why": "away" });
                    (format!("{path}?for={}", named.handle), asked.to_string())
                }
                _ => (format!("{path}?for={}", named.handle), String::new()),
            };
            let (status, answer) = http::ask(device, method.as_str(), &address, &body).await;
            let answer = match (status, answer.get("items")) {
                (200, Some(items)) => said(&items[0], &named.handle),
                (200 | 204, None) => "taken".to_owned(),
                (401, _) => "401".to_owned(),
                (status, _) => format!("{status} {answer}"),
            };
            answers.push((named.what, answer.replace(&named.patient.to_string(), "…")));
        }
        rows.push((format!("{method} {path}"), cell(&answers)));
    }
    rows
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)
}

#[tokio::test]
async fn every_message_and_route_takes_from_every_device_what_was_decided() {
    let stage = Stage::new().await;
    let mut columns = Vec::new();
    for device in [&stage.own, &stage.carers, &stage.revoked, &stage.stranger] {
        let mut rows = over_the_socket(&stage, device).await;
        rows.extend(over_http(&stage, device).await);
        columns.push(rows);
    }
    let mut table = String::from(
        "# What a device may say about whom\n\n\
         Every kind of message and every route that needs a proof, sent to the real service: about the phone's own patient, somebody\n\
         on the carer's list, somebody else of the organisation, somebody of another, and nobody. A cell names those about whom it\n\
         is taken; everything else is refused like what is about nobody, or does nothing at all. *No*: the device is not let in. A\n\
         correction is sent under the device's own name, of a submission of each. A test (`tests/wire/matrix.rs`) makes this table\n\
         and fails when it differs; `make schema` writes it anew, for a person to read.\n\n\
         | | a patient's own phone | a carer's phone | a revoked one | one that never enrolled |\n|---|---|---|---|---|\n",
    );
    for (index, (what, _)) in columns[0].iter().enumerate() {
        write!(table, "| `{what}` |").unwrap();
        for column in &columns {
            write!(table, " {} |", column[index].1).unwrap();
        }
        table.push('\n');
    }
    if std::env::var_os("DERWENT_REGENERATE").is_some() {
        std::fs::write(path(), &table).unwrap();
        return;
    }
    let decided = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(decided == table, "{FILE} is not what the service does:\n{table}");
}
