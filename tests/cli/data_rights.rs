//! What a person may ask of us about their data, as an administrator does it: an archive, a restriction, erasure.

use std::io::Read;
use std::process::Output;

use reqwest::StatusCode;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::harness::service::derwent;
use crate::web::world::{Browser, World};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Refused, in a sentence that holds this.
fn refused(world: &World, arguments: &[&str], sentence: &str) {
    let output = world.try_admin(arguments);
    assert!(!output.status.success() && said(&output).contains(sentence), "{arguments:?}: {}", said(&output));
}

#[tokio::test]
async fn a_person_takes_everything_with_them_and_is_erased_when_nobody_is_needed_any_more() {
    let world = World::new().await;
    world.told("230", "120");
    let mut service = world.serve();
    service.step("2026-03-01T08:00:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let patient = ["--patient", world.dorothy.as_str()];
    let erase = |name| [&["patient", "erase"], &patient[..], &["--why", "she asked", "--family-name", name]].concat();

    refused(&world, &erase("Bell"), "is not the family name");
    refused(&world, &erase("Marsh"), "still monitored");
    world.admin(&[&["patient", "end"], &patient[..], &["--why", "moved away"]].concat());
    refused(&world, &erase("marsh"), "alerts of");
    loop {
        let work = ida.read("/api/worklist").await;
        let Some(alert) = work["rows"][0]["alert"]["alert"].as_str() else { break };
        let saw = &work["rows"][0]["alert"]["told"];
        ida.post(&format!("/api/alerts/{alert}/acknowledge"), json!({ "saw": saw })).await;
        let outcome = json!({ "saw": saw, "outcome": "no_action", "note": "moved away" });
        let (status, body) = ida.post(&format!("/api/alerts/{alert}/close"), outcome).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dorothy.zip");
    let to = file.display().to_string();
    let archive = [&["patient", "archive"], &patient[..], &["--to", &to]].concat();
    world.admin(&archive);
    refused(&world, &archive, "choose a name that is not taken");
    let mut zip = ZipArchive::new(std::fs::File::open(&file).expect("the archive")).expect("a zip");
    let mut read = |name: &str| {
        let mut text = String::new();
        zip.by_name(name).unwrap_or_else(|error| panic!("{name}: {error}")).read_to_string(&mut text).expect("text");
        text
    };
    assert!(read("READ-ME.txt").contains("Dorothy Marsh, born 1944-11-02"));
    let rows = |text: String| serde_json::from_str::<Vec<Value>>(&text).expect("JSON");
    let readings = rows(read("json/readings.json"));
    assert_eq!(readings.iter().filter(|row| row["component"] == "systolic" && row["value_given"] == 230).count(), 1);
    assert!(read("csv/readings.csv").contains("\"systolic\""));
    for part in
        ["person", "plans", "submissions", "evaluations", "findings", "alerts", "alert_history", "page_requests"]
    {
        assert!(!rows(read(&format!("json/{part}.json"))).is_empty(), "{part}");
    }
    let acts = rows(read("json/who_did_what.json"));
    assert!(acts.iter().any(|row| row["name"] == "Ida Shaw" && row["what"] == "alert.closed"), "{acts:?}");
    assert!(acts.iter().any(|row| row["what"] == "record.archive_exported"), "{acts:?}");

    world.admin(&erase("Marsh"));
    let (status, _) = ida.get(&format!("/api/patients/{}", world.dorothy)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    refused(&world, &erase("Marsh"), "there is no patient");
    let doctor = derwent()
        .args(["doctor", "--reconcile", "--json"])
        .env("DERWENT_DATABASE_URL", &world.database.url)
        .output()
        .expect("the binary");
    let report: Value = serde_json::from_slice(&doctor.stdout).expect("a report");
    let wrong: Vec<&Value> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| {
            finding["state"] == "wrong" && !["mail", "configuration"].contains(&finding["what"].as_str().unwrap())
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(service.end());
}

#[tokio::test]
async fn a_restricted_record_is_kept_and_seen_by_those_who_are_named_alone() {
    let world = World::new().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let tom = Browser::signed_in(&service, "tom@example.org").await;
    let page = format!("/api/patients/{}", world.dorothy);
    let patient = ["--patient", world.dorothy.as_str()];
    let restrict =
        [&["patient", "restrict"], &patient[..], &["--why", "she says it is wrong", "--reader", "tom@example.org"]]
            .concat();
    refused(&world, &restrict, "must not silence an alarm");
    world.admin(&[&["patient", "end"], &patient[..], &["--why", "moved away"]].concat());
    world.admin(&restrict);
    refused(&world, &restrict, "restricted before");

    assert_eq!(ida.get(&page).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ida.read("/api/patients").await["patients"], json!([]));
    let series = format!("{page}/series?vital=blood_pressure");
    assert_eq!(ida.get(&series).await.0, StatusCode::NOT_FOUND);
    let reason = json!({ "reason": "Found at home by a neighbour" });
    assert_eq!(ida.post(&format!("{page}/break-glass"), reason).await.0, StatusCode::NOT_FOUND);
    let (_, found) =
        ida.post("/api/break-glass/find", json!({ "family_name": "Marsh", "date_of_birth": "1944-11-02" })).await;
    assert_eq!(found["people"], json!([]));
    let restriction = tom.read(&page).await["restriction"].clone();
    assert_eq!(
        (restriction["why"].as_str(), restriction["by"].as_str()),
        (Some("she says it is wrong"), Some("the test"))
    );
    assert!(restriction["since"].is_string(), "{restriction}");
    assert_eq!(tom.get(&series).await.0, StatusCode::OK);

    world.admin(&[&["patient", "lift-restriction"], &patient[..], &["--why", "put right"]].concat());
    assert_eq!(ida.read(&page).await["restriction"], Value::Null);
}

#[tokio::test]
async fn what_is_old_of_somebody_is_erased_and_the_pages_and_the_archive_say_so() {
    let world = World::new().await;
    world.told("230", "120");
    let mut service = world.serve();
    service.step("2026-03-01T08:00:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let page = format!("/api/patients/{}", world.dorothy);
    assert_eq!(ida.read(&page).await["erased"], Value::Null);

    // As it will be done in the summer of next year.
    let later = |arguments: &[&str]| {
        derwent()
            .args(["admin", "--json", "--care-time", "2027-06-01T08:00:00Z", "patient"])
            .args(arguments)
            .args(["--patient", &world.dorothy])
            .env("DERWENT_DATABASE_URL", &world.database.url)
            .output()
            .expect("the binary")
    };
    let before = |day| ["erase-older", "--before", day, "--why", "kept for so long"];
    let too_young = later(&before("2026-08-01"));
    assert!(said(&too_young).contains("the latest day that can be given is 2026-04-27"), "{}", said(&too_young));
    let done = later(&before("2026-03-02"));
    assert!(done.status.success(), "{}", said(&done));
    let done: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!((&done["submissions"], &done["rows"]["values of readings"]), (&json!(1), &json!(2)), "{done}");

    let shown = ida.read(&page).await;
    assert_eq!(shown["erased"]["before"], "2026-03-02T00:00:00Z");
    assert_eq!(shown["vitals"], json!([]));
    let open = shown["alerts"].as_array().expect("alerts").iter().filter(|alert| alert["closed_at"].is_null()).count();
    assert!(open > 0, "an open alert is never old");
    let series = ida.read(&format!("{page}/series?vital=blood_pressure")).await;
    assert_eq!((&series["points"], &series["gaps"][0]["text"]), (&json!([]), &json!("erased")));

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dorothy.zip");
    let archived = later(&["archive", "--to", &file.display().to_string()]);
    assert!(archived.status.success(), "{}", said(&archived));
    let mut zip = ZipArchive::new(std::fs::File::open(&file).expect("the archive")).expect("a zip");
    let mut rows = |name: &str| -> Vec<Value> {
        let mut text = String::new();
        zip.by_name(name).expect("a part").read_to_string(&mut text).expect("text");
        serde_json::from_str(&text).expect("JSON")
    };
    assert_eq!(rows("json/readings.json"), Vec::<Value>::new());
    assert_eq!(rows("json/submissions.json")[0]["kind"], "erased");
    assert_eq!(rows("json/erased_before.json")[0]["why"], "kept for so long");
    assert!(rows("json/who_did_what.json").iter().any(|row| row["what"] == "record.old_erased"));

    // Nobody erases a part of what is to be kept as it is.
    world.admin(&["patient", "end", "--patient", &world.dorothy, "--why", "moved away"]);
    world.admin(&["patient", "restrict", "--patient", &world.dorothy, "--why", "she says it is wrong"]);
    let restricted = later(&before("2026-03-03"));
    assert!(!restricted.status.success() && said(&restricted).contains("lift-restriction"), "{}", said(&restricted));
    assert!(service.end());
}
