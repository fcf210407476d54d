//! Nothing leaks sideways (R38): names, numbers and words that occur nowhere else go through the whole service, in all its fields
//! and in those it refuses, and are then looked for wherever they have no business to be.

use derwent::phone::{Device, Line, Socket};
use derwent::random;
use jiff::{SignedDuration, Timestamp};
use mobile_api::message::ServerMessage;
use mobile_api::time::PhoneTime;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::postgres::PgListener;

use super::world::{BORN, Browser, World, id};
use crate::harness::mail::MailServer;
use crate::harness::pager::Pager;
use crate::harness::service::{Options, Service, serve};

const GIVEN: &str = "Zephyrine";
const FAMILY: &str = "Quillfeather";
const PHONE: &str = "07700 900417";
const CARER: &str = "Brackenwhistle";
const NOTE: &str = "marzipan";
const ANSWER: &str = "tangerine";
const WHY: &str = "persimmon";
const OUTCOME: &str = "quincejelly";
const INSTRUMENT: &str = "medlarcuff";
const DEVICE: &str = "damsonphone";
const REFUSED: &str = "rhubarbcrumble";
const PASSWORD: &str = "blackthorn password";
const PAGER_KEY: &str = "greengagekey";
/// Of blood pressures and a weight, as they are sent.
const VALUES: [&str; 5] = ["227.319", "133.871", "229.417", "135.926", "83.4217"];

const CANARIES: [&str; 12] =
    [GIVEN, FAMILY, PHONE, CARER, NOTE, ANSWER, WHY, OUTCOME, INSTRUMENT, DEVICE, REFUSED, PASSWORD];

/// Where they may not be, and what was found there.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn look(&mut self, place: &str, text: &str) {
        let small = text.to_lowercase();
        for canary in CANARIES.iter().chain(&VALUES) {
            if let Some(at) = small.find(&canary.to_lowercase()) {
                let line = small[..at].rfind('\n').map_or(0, |at| at + 1);
                let line = small[line..].lines().next().unwrap_or_default();
                self.0.push(format!("{canary} in {place}: {line}"));
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test on the machine's own time")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The service with everything it tells anybody within reach.
struct House {
    world: World,
    service: Service,
    mail: MailServer,
    pager: Pager,
    patient: String,
    code: String,
}

impl House {
    async fn new() -> Self {
        let world = World::live().await;
        let (mail, pager) = (MailServer::start(), Pager::start().await);
        let organisation = world.organisation.clone();
        world.admin(&[
            "staff",
            "add",
            "--organisation",
            &organisation,
            "--name",
            "Pia Holt",
            "--email",
            "pia@example.org",
            "--team",
            &world.team,
            "--pager-key",
            PAGER_KEY,
            "--password-stdin",
        ]);
        world.admin(&["roster", "set", "--team", &world.team, "--shift", "pia@example.org=all-day"]);
        let made = world.admin(&[
            "patient",
            "add",
            "--team",
            &world.team,
            "--given-name",
            GIVEN,
            "--family-name",
            FAMILY,
            "--born",
            BORN,
            "--phone",
            PHONE,
            "--pack",
            "hypertension",
            "--tag",
            "pregnant=no",
            "--slot",
            "blood_pressure@08:00",
            "--code",
        ]);
        let (patient, code) = (id(&made, "patient"), id(&made, "code"));
        let limit = "hypertension/severe_systolic=175 mmHg";
        world.admin(&["limit", "set", "--patient", &patient, "--limit", limit, "--why", WHY]);
        world.admin(&["carer", "add", "--organisation", &organisation, "--name", CARER, "--born", BORN]);
        let mut command = serve(&Options {
            database_url: world.database.url.clone(),
            care_time: None,
            smtp_url: mail.url(),
            pager_url: Some(pager.url()),
        });
        command.env("DERWENT_LOG", "trace").env("DERWENT_METRICS_LISTEN", "127.0.0.1:0");
        let service = Service::try_start(command).expect("a service");
        Self { world, service, mail, pager, patient, code }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.service.log).unwrap()
    }

    /// What PostgreSQL writes down for itself.
    async fn log_of_database(&self) -> String {
        let store = self.world.database.store().await;
        // A row that is refused: by its settings, the server quotes it.
        let refused = sqlx::query("UPDATE patient SET family_name = NULL WHERE family_name = $1").bind(FAMILY);
        refused.execute(&store.owner).await.expect_err("a name is needed");
        let data: String = sqlx::query_scalar("SHOW data_directory").fetch_one(&store.owner).await.unwrap();
        let log = std::path::Path::new(&data).parent().unwrap().join("server.log");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains("violates not-null constraint"), "it writes down that there was an error");
        log
    }
}

fn item(fields: Value) -> Value {
    let mut item = json!({ "id": random::new_id(), "taken_at": now(), "kind": "reading" });
    for (name, value) in fields.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn pressure(systolic: &str, diastolic: &str, at: Timestamp) -> Value {
    let quantity = |text: &str| json!({ "value": text.parse::<f64>().unwrap(), "unit": "mm[Hg]" });
    item(json!({
        "taken_at": at,
        "vital": "blood_pressure",
        "values": { "systolic": quantity(systolic), "diastolic": quantity(diastolic) },
        "method": "instrument",
        "instrument": { "make": INSTRUMENT, "model": INSTRUMENT, "serial": INSTRUMENT, "user": 1 },
        "context": { "arm": "left", "posture": NOTE },
        "note": NOTE,
    }))
}

/// Whatever is there to be stored.
fn good_items() -> Vec<Value> {
    let answers = json!([{ "link_id": "warning_signs", "value": ANSWER }, { "link_id": ANSWER, "value": ANSWER }]);
    vec![
        pressure(VALUES[0], VALUES[1], now() - SignedDuration::from_mins(10)),
        pressure(VALUES[2], VALUES[3], now()),
        item(json!({ "vital": "weight", "values": { "weight": { "value": 83.4217, "unit": "kg" } } })),
        item(json!({ "kind": "answers", "questionnaire": "bp-warning-signs|1", "answers": answers })),
        item(json!({ "kind": "event", "event": "meal", "values": {}, "context": { "what": NOTE } })),
    ]
}

/// Each is refused, with the canary in another field.
fn bad_items() -> Vec<Value> {
    let bad = REFUSED;
    let weight = |value: Value| json!({ "vital": "weight", "values": { "weight": value } });
    vec![
        item(json!({ "id": bad })),
        item(json!({ "kind": bad })),
        item(json!({ "taken_at": bad, "vital": "weight" })),
        item(json!({ "for": bad, "vital": "weight" })),
        item(json!({ "vital": bad, "values": { bad: { "value": 1, "unit": bad } } })),
        item(weight(json!({ "value": bad, "unit": "kg" }))),
        item(weight(json!({ "value": 80, "unit": bad }))),
        item(weight(json!({ "value": 80 }))),
        item(json!({ "vital": "weight", "absent": bad })),
        item(json!({ "vital": "weight", "method": bad, "instrument": bad, "context": bad, "note": [bad] })),
        item(json!({ "vital": "weight", "note": format!("{bad}\0"), "values": {} })),
        item(json!({ "kind": "event", "event": bad, "values": { bad: bad } })),
        item(json!({ "kind": "answers", "questionnaire": bad, "answers": [{ "link_id": bad, "value": bad }] })),
        item(json!({ "kind": "correction", "corrects": bad, "reason": bad })),
        json!(bad),
        json!({ bad: bad }),
    ]
}

async fn hear(line: &mut Line, wanted: impl Fn(&ServerMessage) -> bool) -> ServerMessage {
    loop {
        let message = line.hear().await.unwrap();
        if wanted(&message) {
            return message;
        }
    }
}

async fn talk(device: &Device) {
    let mut line = Line::open(device, PhoneTime::utc(now()), 0).await.unwrap();
    for items in [good_items(), bad_items()] {
        line.say_text(json!({ "type": "submit", "batch": 1, "items": items }).to_string()).await.unwrap();
        let receipt = hear(&mut line, |message| matches!(message, ServerMessage::Receipt(_))).await;
        let ServerMessage::Receipt(receipt) = receipt else { unreachable!() };
        assert_eq!(receipt.items.len(), items.len(), "{receipt:?}");
    }
    let many = vec![json!(REFUSED); 201];
    for text in [
        REFUSED.to_owned(),
        format!("{{\"type\":\"submit\",\"batch\":1,\"items\":[{{\"note\":\"{REFUSED}\""),
        json!({ "type": REFUSED }).to_string(),
        json!({ "type": "submit", "batch": REFUSED, "items": [] }).to_string(),
        json!({ "type": "submit", "batch": 1, "items": many }).to_string(),
        json!({ "type": "shown", "id": REFUSED }).to_string(),
        json!({ "type": "ack", "through": REFUSED }).to_string(),
    ] {
        line.say_text(text).await.unwrap();
        hear(&mut line, |message| matches!(message, ServerMessage::Refused(_))).await;
    }
    line.close().await;
    for hello in [
        json!({ "type": "hello", "device_id": REFUSED, "proof": REFUSED }),
        json!({ "type": "hello", "device_id": device.id, "app_version": REFUSED, "phone_time": now(), "proof": REFUSED }),
    ] {
        let mut socket = Socket::open(&device.origin).await.unwrap();
        socket.hear().await.unwrap();
        socket.say(hello.to_string()).await.unwrap();
        while socket.hear().await.is_ok() {}
    }
}

/// What strangers and broken apps send over HTTP.
async fn knock(origin: &str) {
    let client = reqwest::Client::new();
    let enrol = json!({
        "code": REFUSED, "date_of_birth": BORN, "public_key": { "kty": REFUSED, "crv": REFUSED, "x": REFUSED, "y": REFUSED },
        "device": { "name": REFUSED, "platform": REFUSED, "app_version": REFUSED },
    });
    for (method, path, body) in [
        (Method::POST, "/mobile/v1/enrol", enrol.to_string()),
        (Method::POST, "/mobile/v1/enrol", format!("{{\"code\":\"{REFUSED}\"")),
        (Method::POST, "/mobile/v1/submissions", REFUSED.to_owned()),
        (Method::GET, "/mobile/v1/readings?for=rhubarbcrumble&since=rhubarbcrumble", String::new()),
        (Method::GET, "/mobile/v1/socket?token=rhubarbcrumble", String::new()),
        (Method::GET, "/rhubarbcrumble", String::new()),
        (Method::GET, "/api/rhubarbcrumble?name=rhubarbcrumble", String::new()),
        (Method::DELETE, "/api/patients/rhubarbcrumble", String::new()),
    ] {
        let asked = client.request(method, format!("{origin}{path}")).header("derwent-proof", REFUSED);
        let asked = asked.header("x-request-id", REFUSED).header("referer", format!("{origin}/{REFUSED}"));
        let status = asked.body(body).send().await.unwrap().status();
        assert!(!status.is_success() || path == "/rhubarbcrumble", "{path}: {status}");
        assert!(!status.is_server_error(), "{path}: {status}");
    }
}

/// What a co-ordinator does, and what goes wrong with it. Returns what her pages showed.
async fn work(house: &House) -> String {
    let stranger = Browser::new(&house.service);
    assert_eq!(stranger.sign_in("ida@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    let ida = Browser::signed_in(&house.service, "ida@example.org").await;
    let patient = &house.patient;
    // What comes into an alert after it was shown would have it refused.
    ida.until_read(&format!("/api/patients/{patient}"), |page| page["judged"] == page["stored"]).await;
    let worklist = ida.read("/api/worklist").await;
    let row = worklist["rows"].as_array().unwrap().iter().find(|row| row["patient"]["patient"] == **patient).unwrap();
    let alert = row["alert"]["alert"].as_str().unwrap().to_owned();
    let saw = row["alert"]["told"].clone();
    let mut seen = worklist.to_string();
    seen.push_str(&ida.post("/api/patients/search", json!({ "name": FAMILY })).await.1.to_string());
    for path in ["", "/series?vital=blood_pressure", "/series?vital=weight"] {
        seen.push_str(&ida.read(&format!("/api/patients/{patient}{path}")).await.to_string());
    }
    for (path, body) in [
        ("/api/patients/search".to_owned(), json!({ "name": [REFUSED] })),
        (format!("/api/alerts/{alert}/close"), json!({ "saw": saw, "outcome": REFUSED, "note": REFUSED })),
        (format!("/api/alerts/{REFUSED}/acknowledge"), json!({ "saw": 1 })),
    ] {
        let (status, body) = ida.post(&path, body).await;
        assert!(status.is_client_error(), "{path}: {status} {body}");
    }
    let (status, body) = ida.get(&format!("/api/patients/{patient}/series?vital={REFUSED}")).await;
    assert!(status.is_client_error(), "{status} {body}");
    let (status, _) = ida.post(&format!("/api/alerts/{alert}/acknowledge"), json!({ "saw": saw })).await;
    assert_eq!(status, StatusCode::OK);
    let close = json!({ "saw": saw, "outcome": "treatment_changed", "note": OUTCOME });
    let (status, body) = ida.post(&format!("/api/alerts/{alert}/close"), close).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    seen.push_str(&ida.read(&format!("/api/patients/{patient}")).await.to_string());
    seen
}

#[tokio::test]
async fn nothing_of_a_person_is_where_it_has_no_business_to_be() {
    let house = House::new().await;
    let store = house.world.database.store().await;
    let mut listener = PgListener::connect_with(&store.owner).await.unwrap();
    listener.listen("derwent").await.unwrap();
    let origin = house.service.origin.clone();

    let (client, born) = (reqwest::Client::new(), BORN.parse().unwrap());
    let wrong = "1900-01-01".parse().unwrap();
    Device::enrol(&client, &origin, &house.code, wrong, DEVICE).await.expect_err("not that date of birth");
    let device = Device::enrol(&client, &origin, &house.code, born, DEVICE).await.unwrap();
    talk(&device).await;
    knock(&origin).await;
    let mails = house.mail.wait_for(2).await;
    house.pager.wait_for(1).await;
    let seen = work(&house).await;
    // It rang, was acknowledged, and was over.
    let pages = house.pager.wait_for(3).await;
    for canary in [GIVEN, FAMILY, PHONE, NOTE, OUTCOME, DEVICE, "227.319"] {
        assert!(seen.contains(canary), "{canary} did not come through to the co-ordinator: {seen}");
    }

    let mut found = Found::default();
    let log = house.log();
    assert!(log.contains("DEBUG"), "the log is asked for everything: {log}");
    found.look("the log", &log);
    for secret in [house.code.as_str(), PAGER_KEY, "eyJ", "Set-Cookie"] {
        if log.contains(secret) {
            found.0.push(format!("{secret} in the log"));
        }
    }
    for mail in &mails {
        let words = format!("{}\n{}", mail.subject, mail.body);
        found.look("a mail", &format!("{}\n{words}", mail.raw));
        // The address of the service has a number of its own.
        let words = words.replace(&origin, "");
        if ["227", "229", "lood pressure"].iter().any(|said| words.contains(said)) {
            found.0.push(format!("a value or a condition in a mail: {words}"));
        }
    }
    let pages = serde_json::to_string(&pages).unwrap();
    found.look("a page", &pages);
    if pages.contains("lood pressure") {
        found.0.push(format!("a condition in a page: {pages}"));
    }
    found.look("the gauges", &gauges(&log).await);
    found.look("PostgreSQL's log", &house.log_of_database().await);
    let mut notices = String::new();
    while let Ok(Some(notice)) = listener.next_buffered().map_or_else(|| Ok(None), |notice| Ok::<_, ()>(Some(notice))) {
        notices.push_str(notice.payload());
    }
    while let Ok(Ok(notice)) = tokio::time::timeout(std::time::Duration::from_millis(200), listener.recv()).await {
        notices.push_str(notice.payload());
    }
    assert!(notices.contains("Judged"), "{notices}");
    found.look("a notice to the other replicas", &notices);
    assert!(found.0.is_empty(), "somebody's data leaked:\n{}", found.0.join("\n"));
}

async fn gauges(log: &str) -> String {
    let line = log.lines().find(|line| line.contains("gauges are at")).unwrap();
    let address = &line[line.find("127.0.0.1:").unwrap()..];
    let address: String =
        address.chars().take_while(|letter| letter.is_ascii_digit() || ".:".contains(*letter)).collect();
    let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
    assert!(text.contains("derwent_submissions_total"), "{text}");
    text
}
