//! Rules are put in force by two people, signed by a clinician, undone and stopped by one; and nobody is left unwatched.

use std::time::Duration;

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

#[tokio::test]
async fn what_a_rule_saw_is_part_of_the_record() {
    let (world, service, ann, bob, _) = owned().await;
    world.told("184", "101");
    let path = format!("/api/patients/{}/rule?rule=hypertension/severe", world.dorothy);
    let explained = ann.read(&path).await;
    let text = id(&explained, "text");
    assert!(text.contains("  systolic >= severe_systolic: true\n    systolic = 184 mmHg ("), "{text}");
    // As it was before.
    let before = format!("{path}&at={}", "2025-12-01T08:00:00Z");
    let text = id(&ann.read(&before).await, "text");
    assert!(text.contains("  systolic >= severe_systolic: unknown\n"), "{text}");

    assert_eq!(ann.get(&format!("/api/patients/{}/rule?rule=nothing", world.dorothy)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(ann.get(&format!("{path}&at=9999-01-01T00:00:00Z")).await.0, StatusCode::BAD_REQUEST);
    world.staff_as("Una Wren", "una@example.org", "clinician", None);
    let una = Browser::signed_in(&service, "una@example.org").await;
    assert_eq!(una.get(&path).await.0, StatusCode::NOT_FOUND, "nobody looks after anybody in no team");
    assert_eq!(bob.get(&path).await.0, StatusCode::OK);
    let looks: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit WHERE what = 'rules.explained' AND patient::text = $1")
            .bind(&world.dorothy)
            .fetch_one(&world.database.store().await.owner)
            .await
            .unwrap();
    assert_eq!(looks, 3);
}

/// Severe from 160 instead of 180, and from 165 without asking first.
fn stricter() -> Value {
    let path = "hypertension/rules.toml";
    let text = built_in::files()[path]
        .replace("\"systolic >= 220 mmHg\"", "\"systolic >= 165 mmHg\"")
        .replace("severe_systolic  = { default = \"180 mmHg\"", "severe_systolic  = { default = \"160 mmHg\"");
    json!({ "from": "in_force", "changes": { path: text }, "why": "sooner" })
}

#[tokio::test]
async fn a_proposal_runs_beside_the_rules_in_force_and_the_running_service_compares() {
    let (world, _service, mut ann, bob, cleo) = owned().await;
    assert_eq!(ann.get("/api/rules/shadow").await.0, StatusCode::NOT_FOUND);
    let proposed = ann.give("/api/rules/proposals", stricter()).await;
    let hash = id(&proposed["proposals"][0], "hash");
    let start = json!({ "hash": hash, "why": "to see" });
    assert_eq!(cleo.post("/api/rules/shadow", start.clone()).await.0, StatusCode::FORBIDDEN);
    let unknown = json!({ "hash": "00".repeat(32), "why": "to see" });
    assert_eq!(ann.post("/api/rules/shadow", unknown).await.0, StatusCode::NOT_FOUND);
    world.told("165", "92");
    ann.until_read(&format!("/api/patients/{}", world.dorothy), |page| page["judged"] == 1).await;
    let started = ann.give("/api/rules/shadow", start.clone()).await;
    assert_eq!((&started["runs"], &started["hash"]), (&json!(true), &json!(hash)));
    assert_eq!(refusal(bob.post("/api/rules/shadow", start).await).0, 409);

    // Its own loop looks. What began before goes on, and only the shadow would tell of it.
    let looked = ann.until_read("/api/rules/shadow", |report| report["looked_at"] == 1).await;
    assert_eq!((&looked["monitored"], &looked["newly_alerted"]["patients"]), (&json!(1), &json!(1)), "{looked}");
    let stopped = bob.send(bob.request(reqwest::Method::POST, "/api/rules/shadow/stop").json(&json!({}))).await;
    assert_eq!((stopped.0, &stopped.2["runs"]), (StatusCode::OK, &json!(false)));
    assert_eq!(refusal(bob.post("/api/rules/shadow/stop", json!({})).await).0, 409);

    // By command the same, with ids where they are asked for.
    let (well, said) = world.rules(&["shadow", "report"]);
    assert!(well && said.contains("newly alerted: 1 patients, 1 times") && !said.contains(&world.dorothy), "{said}");
    let (well, said) = world.rules(&["shadow", "report", "--json"]);
    assert!(well && said.contains(&world.dorothy) && said.contains("hypertension/severe"), "{said}");
}

#[tokio::test]
async fn a_proposal_is_replayed_over_ones_own_patients() {
    let (world, _service, mut ann, _, cleo) = owned().await;
    world.told("225", "100");
    let proposed = ann.give("/api/rules/proposals", later("nobody is ill at 220")).await;
    let hash = id(&proposed["proposals"][0], "hash");
    let ask = |days: u8| json!({ "hash": hash, "days": days });
    assert_eq!(cleo.post("/api/rules/backtest", ask(7)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ann.post("/api/rules/backtest", ask(91)).await.0, StatusCode::BAD_REQUEST);
    let (status, report) = ann.post("/api/rules/backtest", ask(7)).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    assert_eq!((&report["monitored"], &report["replayed"]), (&json!(1), &json!(1)));
    // In force it alerts at once; proposed it asks first, and nobody has measured again yet.
    assert_eq!((&report["newly_alerted"], &report["no_longer_alerted"]), (&json!(0), &json!(1)), "{report}");
    assert_eq!(report["no_longer_alerted_patients"], json!([world.dorothy]));

    // By command the same; nobody is named unless it is asked for.
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in built_in::files() {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text.replace("\"systolic >= 220 mmHg\"", "\"systolic >= 230 mmHg\"")).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let (well, said) = world.rules(&["backtest", path, "--since", "7d", "--against", "current"]);
    assert!(well && said.contains("no longer alerted: 1 people") && !said.contains(&world.dorothy), "{said}");
    let (well, said) = world.rules(&["backtest", path, "--since", "7d", "--against", "current", "--json"]);
    assert!(well && said.contains(&world.dorothy), "{said}");
}

#[tokio::test]
async fn of_two_backtests_at_once_one_runs_and_the_other_is_told() {
    let (world, _service, mut ann, bob, _) = owned().await;
    let proposed = ann.give("/api/rules/proposals", later("nobody is ill at 220")).await;
    let ask = json!({ "hash": id(&proposed["proposals"][0], "hash"), "days": 7 });
    // Whichever begins cannot get on while nobody may read what is proposed.
    let store = world.database.store().await;
    let mut held = store.owner.begin().await.unwrap();
    sqlx::query("LOCK TABLE rules_proposal IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let (one, other) = (ann.post("/api/rules/backtest", ask.clone()), bob.post("/api/rules/backtest", ask.clone()));
    tokio::pin!(one, other);
    let both = async {
        tokio::select! {
            refused = &mut one => { held.rollback().await.unwrap(); (refused, other.await) }
            refused = &mut other => { held.rollback().await.unwrap(); (refused, one.await) }
        }
    };
    let (refused, finished) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("one is told at once");
    assert_eq!((refused.0, &refused.1["error"]["code"]), (StatusCode::CONFLICT, &json!("backtest_running")));
    assert!(id(&refused.1["error"], "message").starts_with("Another backtest runs just now"), "{}", refused.1);
    assert_eq!((finished.0, &finished.1["replayed"]), (StatusCode::OK, &json!(1)), "{}", finished.1);
    assert_eq!(bob.post("/api/rules/backtest", ask).await.0, StatusCode::OK, "it is over");
}

#[tokio::test]
async fn other_questions_are_another_version() {
    let (_world, _service, mut ann, _, _) = owned().await;
    let path = "hypertension/questionnaires/bp-warning-signs.json";
    let changed = |version: &str| {
        let text = built_in::files()[path].replace("Have you been dizzy", "Were you dizzy");
        let text = text.replace("\"version\": \"1\"", &format!("\"version\": \"{version}\""));
        json!({ "from": "in_force", "changes": { path: text }, "why": "plainer words" })
    };
    let (status, said) = refusal(ann.post("/api/rules/proposals", changed("1")).await);
    assert_eq!((status, said.contains("bp-warning-signs|1 was published with other content")), (409, true), "{said}");
    let proposed = ann.give("/api/rules/proposals", changed("2")).await;
    assert_eq!(proposed["proposals"][0]["changed"], json!([path]));
}
