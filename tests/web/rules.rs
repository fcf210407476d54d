//! Rules are put in force by two people, signed by a clinician, undone and stopped by one; and nobody is left unwatched.

use alert_rules::built_in;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::world::{Browser, World, id};
use crate::harness::service::Service;

/// Ann and Bob own the rules, Cleo is a clinician who does not; nothing is a demo.
async fn owned() -> (World, Service, Browser, Browser, Browser) {
    let world = World::live().await;
    for (name, email, role) in [
        ("Ann Lee", "ann@example.org", "clinician"),
        ("Bob Hay", "bob@example.org", "administrator"),
        ("Cleo Park", "cleo@example.org", "clinician"),
    ] {
        let made = world.staff_as(name, email, role, Some(&world.team));
        if role != "clinician" || name == "Ann Lee" {
            world.admin(&["staff", "rule-owner", "--staff", &id(&made, "staff")]);
        }
    }
    let service = world.serve();
    let ann = Browser::signed_in(&service, "ann@example.org").await;
    let bob = Browser::signed_in(&service, "bob@example.org").await;
    let cleo = Browser::signed_in(&service, "cleo@example.org").await;
    (world, service, ann, bob, cleo)
}

/// What differs is one number: at once from 230 instead of 220.
fn later(why: &str) -> Value {
    let path = "hypertension/rules.toml";
    let text = built_in::files()[path].replace("\"systolic >= 220 mmHg\"", "\"systolic >= 230 mmHg\"");
    json!({ "from": "in_force", "changes": { path: text }, "why": why })
}

fn files_of(rules: &Value, pack: &str) -> String {
    let packs = rules["packs"].as_array().expect("packs");
    id(packs.iter().find(|row| row["pack"] == pack).expect("the pack"), "files")
}

fn refusal((status, body): (StatusCode, Value)) -> (u16, String) {
    (status.as_u16(), id(&body["error"], "message"))
}

#[tokio::test]
async fn two_people_put_rules_in_force_once_a_clinician_has_signed_them() {
    let (_world, _service, mut ann, mut bob, mut cleo) = owned().await;
    let before = ann.read("/api/rules").await;
    assert_eq!(
        before["packs"].as_array().unwrap().len(),
        built_in::files().keys().filter(|path| path.ends_with("/rules.toml")).count()
    );
    assert_eq!((before["owner"].clone(), cleo.read("/api/rules").await["owner"].clone()), (json!(true), json!(false)));

    // Not by who does not own them, not by one alone, not unsigned.
    assert_eq!(cleo.post("/api/rules/proposals", later("it is mine to say")).await.0, StatusCode::FORBIDDEN);
    let proposed = ann.give("/api/rules/proposals", later("nobody is ill at 220")).await;
    let proposal = &proposed["proposals"][0];
    assert_eq!(
        (proposal["changed"].clone(), proposal["own"].clone()),
        (json!(["hypertension/rules.toml"]), json!(true))
    );
    let hash = json!({ "hash": id(proposal, "hash") });
    let (status, said) = refusal(ann.post("/api/rules/proposals/approve", hash.clone()).await);
    assert_eq!((status, said.starts_with("You proposed these rules yourself")), (403, true), "{said}");
    let (status, said) = refusal(bob.post("/api/rules/proposals/approve", hash.clone()).await);
    assert_eq!(status, 409);
    assert!(said.contains("no clinician has signed the pack hypertension (1 patients)"), "{said}");

    // Cleo reads the page of the proposal and signs what it shows; what she read before is another version.
    let page = cleo.read(&format!("/api/rules/page?pack=hypertension&proposal={}", id(proposal, "hash"))).await;
    let text = id(&page, "text");
    assert!(text.contains("systolic is at or above 230 mmHg"), "{text}");
    let shown = text.split("files ").nth(1).unwrap().split('…').next().unwrap().to_owned();
    let sign = |files: &str| json!({ "pack": "hypertension", "files": files, "registration": "GMC 1234567" });
    assert_eq!(bob.post("/api/rules/signatures", sign(&shown)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(refusal(cleo.post("/api/rules/signatures", sign("0123456789abcdef")).await).0, 409);
    cleo.give("/api/rules/signatures", sign(&files_of(&before, "hypertension"))).await;
    assert_eq!(refusal(bob.post("/api/rules/proposals/approve", hash.clone()).await).0, 409);
    cleo.give("/api/rules/signatures", sign(&shown)).await;
    let after = bob.give("/api/rules/proposals/approve", hash.clone()).await;
    assert_eq!(after["hash"], hash["hash"]);
    assert_eq!((after["by"].clone(), after["proposals"].clone()), (json!("Ann Lee, approved by Bob Hay"), json!([])));
    assert!(files_of(&after, "hypertension").starts_with(&shown));

    // Back, alone.
    let undone = bob.give("/api/rules/undo", json!({ "why": "it was 02:00 and they rang" })).await;
    assert_eq!(undone["hash"], before["hash"]);
}

#[tokio::test]
async fn rules_that_do_not_check_or_would_leave_somebody_unwatched_are_refused() {
    let (_world, _service, mut ann, mut bob, _) = owned().await;
    let broken = json!({ "from": "in_force", "why": "a slip",
                         "changes": { "hypertension/rules.toml": "[pack]\ntitle = \"none\"\n" } });
    let (status, said) = refusal(ann.post("/api/rules/proposals", broken).await);
    assert_eq!((status, said.contains("hypertension/rules.toml:")), (409, true), "{said}");

    let own = |path: &&String| path.starts_with("hypertension/");
    let without: serde_json::Map<String, Value> =
        built_in::files().keys().filter(own).map(|path| (path.clone(), Value::Null)).collect();
    let proposed = ann
        .give("/api/rules/proposals", json!({ "from": "in_force", "changes": without, "why": "too many alarms" }))
        .await;
    let hash = json!({ "hash": id(&proposed["proposals"][0], "hash") });
    let (status, said) = refusal(bob.post("/api/rules/proposals/approve", hash.clone()).await);
    assert_eq!(status, 409);
    assert!(said.contains("would leave patients unwatched: there is no pack hypertension (1 patients)"), "{said}");
    assert_eq!(bob.give("/api/rules/proposals/withdraw", hash).await["proposals"], json!([]));
}

#[tokio::test]
async fn one_person_stops_a_rule_for_a_day_and_the_patients_team_has_a_task() {
    let (world, _service, mut ann, _, _) = owned().await;
    let stop = |hours: u8| json!({ "rule": "hypertension/severe", "hours": hours, "why": "it rings for nothing" });
    assert_eq!(refusal(ann.post("/api/rules/stops", stop(25)).await).0, 409);
    let stopped = ann.give("/api/rules/stops", stop(2)).await;
    assert_eq!(stopped["stops"][0]["rule"], "hypertension/severe");
    let is_told = |page: &Value| {
        let said = page["alerts"].as_array().into_iter().flatten().filter_map(|alert| alert["sentence"].as_str());
        said.into_iter().any(|said| said.contains("hypertension/severe is stopped until"))
    };
    ann.until_read(&format!("/api/patients/{}", world.dorothy), is_told).await;
    let resumed = ann.give("/api/rules/stops/end", json!({ "rule": "hypertension/severe" })).await;
    assert_eq!(resumed["stops"], json!([]));
    assert_eq!(refusal(ann.post("/api/rules/stops/end", json!({ "rule": "hypertension/severe" })).await).0, 409);
    let operator: Vec<String> = sqlx::query_scalar("SELECT problem FROM alert WHERE patient IS NULL")
        .fetch_all(&world.database.store().await.owner)
        .await
        .unwrap();
    assert_eq!(operator, ["the rule hypertension/severe is stopped"]);
}
