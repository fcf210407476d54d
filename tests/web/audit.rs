//! The audit as auditors search and export it: of their own organisation, without a look into any record.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::region::Region;
use super::world::Browser;

fn entries(page: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = page["entries"].as_array().expect("entries");
    rows.iter().map(|entry| (text(&entry["who"]), text(&entry["what"]), text(&entry["patient"]["name"]))).collect()
}

fn row(who: &str, what: &str, patient: &str) -> (String, String, String) {
    (who.to_owned(), what.to_owned(), patient.to_owned())
}

/// In every region Tom has looked at Dorothy, Nell at Amir and Eve at Joan. Ida looks at Dorothy, asks in vain for Joan, who is of another organisation, and breaks the glass for Amir; Eve, of that other
/// organisation, joins Dorothy's team and looks at her.
async fn looked() -> (Region, Browser) {
    let region = Region::new().await;
    let ida = region.browser("ida@example.org").await;
    ida.read(&format!("/api/patients/{}", region.own.patient)).await;
    ida.get(&format!("/api/patients/{}", region.other_organisation.patient)).await;
    let reason = json!({ "reason": "Found at home by a neighbour" });
    ida.post(&format!("/api/patients/{}/break-glass", region.other_team.patient), reason).await;
    let eve = region.browser("eve@example.org").await;
    let me = eve.read("/api/me").await;
    region.world.admin(&["team", "join", "--team", &region.own.team, "--staff", me["staff"].as_str().expect("an id")]);
    eve.read(&format!("/api/patients/{}", region.own.patient)).await;
    let max = region.browser("max@example.org").await;
    (region, max)
}

#[tokio::test]
async fn auditors_see_who_opened_which_record_of_their_own_organisation() {
    let (region, max) = looked().await;
    let opened = max.read("/api/audit?what=record.read").await;
    let (by_eve, by_ida) =
        (row("Eve Stone", "record.read", "Dorothy Marsh"), row("Ida Shaw", "record.read", "Dorothy Marsh"));
    let (by_nell, by_tom) =
        (row("Nell Wood", "record.read", "Amir Khan"), row("Tom Reid", "record.read", "Dorothy Marsh"));
    assert_eq!(entries(&opened), [&by_eve, &by_ida, &by_nell, &by_tom].map(Clone::clone));
    assert_eq!(opened["entries"][1]["as_what"], json!("co-ordinator"));
    assert_eq!(opened["entries"][1]["address"], json!("127.0.0.1"));
    let glass = max.read("/api/audit?what=record.glass_broken").await;
    assert_eq!(entries(&glass), [row("Ida Shaw", "record.glass_broken", "Amir Khan")]);
    assert_eq!(glass["entries"][0]["why"], json!("Found at home by a neighbour"));
    // Whose record was asked for in vain is not told: it is another organisation's.
    let refused = max.read("/api/audit?what=record.refused").await;
    assert_eq!(entries(&refused), [row("Ida Shaw", "record.refused", "")]);

    let of_dorothy = max.read(&format!("/api/audit?patient={}&what=record.read", region.own.patient)).await;
    assert_eq!(entries(&of_dorothy), [&by_eve, &by_ida, &by_tom].map(Clone::clone));
    let ida = opened["entries"][1]["staff"].as_str().expect("an id");
    let of_ida = max.read(&format!("/api/audit?staff={ida}&what=record.read")).await;
    assert_eq!(entries(&of_ida), std::slice::from_ref(&by_ida));
    let at = opened["entries"][0]["at"].as_str().expect("a time");
    let before = max.read(&format!("/api/audit?what=record.read&until={at}")).await;
    assert_eq!(entries(&before), [by_ida, by_nell, by_tom]);
    let since = max.read(&format!("/api/audit?what=record.read&from={at}")).await;
    assert_eq!(entries(&since), [by_eve]);
    let (status, _) = max.get("/api/audit?what=record.sold").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // Searching is on record.
    let searched = max.read("/api/audit?what=audit.searched").await;
    assert!(entries(&searched).len() >= 7, "{searched}");
    assert_eq!(searched["entries"][0]["detail"], json!({ "from": at, "what": "record.read" }));
}

#[tokio::test]
async fn another_organisations_auditor_sees_what_its_own_staff_did_and_nothing_else() {
    let (region, _) = looked().await;
    let world = &region.world;
    let staff = world.admin(&["staff", "list"]);
    let eve =
        staff["staff"].as_array().expect("staff").iter().find(|one| one["name"] == "Eve Stone").expect("Eve").clone();
    let derby = eve["organisation"].as_str().expect("an id");
    world.admin(&[
        "staff",
        "add",
        "--organisation",
        derby,
        "--name",
        "Otto Hill",
        "--email",
        "otto@example.org",
        "--role",
        "auditor",
        "--password-stdin",
    ]);
    let otto = region.browser("otto@example.org").await;
    let opened = otto.read("/api/audit?what=record.read").await;
    assert_eq!(
        entries(&opened),
        [row("Eve Stone", "record.read", "Dorothy Marsh"), row("Eve Stone", "record.read", "Joan Bell")]
    );
    // Of Dorothy's record he sees what Eve did alone; Amir's nobody of Derby's ever opened.
    let of_dorothy = otto.read(&format!("/api/audit?patient={}", region.own.patient)).await;
    assert!(entries(&of_dorothy).iter().all(|(who, ..)| who == "Eve Stone"), "{of_dorothy}");
    let (status, body) = otto.get(&format!("/api/audit?patient={}", region.other_team.patient)).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));
    let find = json!({ "family_name": "marsh", "date_of_birth": "1944-11-02" });
    assert_eq!(otto.post("/api/audit/find", find.clone()).await.1["people"], json!([]));
    let max = region.browser("max@example.org").await;
    assert_eq!(max.post("/api/audit/find", find).await.1["people"][0]["patient"], json!(region.own.patient));
}

#[tokio::test]
async fn pages_lead_to_every_entry_once() {
    let (region, max) = looked().await;
    let store = region.world.database.store().await;
    sqlx::query(
        "INSERT INTO audit (organisation, at, actor, what, detail)
         SELECT organisation, '2026-01-01', 'service', 'rules.published', '{}' FROM patient, generate_series(1, 250)
         WHERE patient::text = $1",
    )
    .bind(&region.own.patient)
    .execute(&store.owner)
    .await
    .unwrap();
    let mut numbers = Vec::new();
    let mut page = max.read("/api/audit?what=rules.published").await;
    loop {
        let rows = page["entries"].as_array().expect("entries");
        numbers.extend(rows.iter().map(|entry| entry["audit"].as_i64().expect("a number")));
        let Some(next) = page["next"].as_i64() else { break };
        page = max.read(&format!("/api/audit?what=rules.published&before={next}")).await;
    }
    assert_eq!(numbers.len(), 250);
    assert!(numbers.windows(2).all(|pair| pair[0] > pair[1]));
}

/// How many AuditEvents there are, by models of the standard that we did not write.
fn fhir_reads(what: &str, text: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".cache/python/bin/python");
    assert!(python.exists(), "the Python tools are missing: run `make python`");
    let mut child = Command::new(python)
        .arg(root.join("tests/web/audit_event.py"))
        .arg(what)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("read");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

#[tokio::test]
async fn what_is_exported_is_fhir_and_exporting_is_on_record() {
    let (region, max) = looked().await;
    let bundle = max.read("/api/audit/export").await;
    let count = bundle["entry"].as_array().expect("entries").len();
    assert!(count > 20, "{count}");
    assert_eq!(fhir_reads("bundle", &bundle.to_string()), count);
    let none = max.read("/api/audit/export?until=2020-01-01T00:00:00Z").await;
    assert_eq!(fhir_reads("bundle", &none.to_string()), 0);
    let glass = max.read("/api/audit/export?what=record.glass_broken").await["entry"][0]["resource"].clone();
    assert_eq!(glass["purposeOfEvent"][0]["coding"][0]["code"], json!("BTG"));
    assert_eq!(glass["entity"][0]["what"]["reference"], json!(format!("Patient/{}", region.other_team.patient)));
    assert!(!bundle.to_string().contains("Dorothy"), "a patient's name is exported");
    assert_eq!(entries(&max.read("/api/audit?what=audit.exported").await).len(), 3);

    let output = crate::harness::service::derwent()
        .args(["audit", "export", "--made-by", "the test"])
        .env("DERWENT_DATABASE_URL", &region.world.database.url)
        .output()
        .expect("the binary");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("text");
    assert!(fhir_reads("lines", &lines) > count);
    let store = region.world.database.store().await;
    let exported: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit WHERE what = 'audit.exported' AND operator = 'the test'")
            .fetch_one(&store.owner)
            .await
            .unwrap();
    assert_eq!(exported, 1);
}
