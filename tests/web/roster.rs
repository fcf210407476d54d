//! The roster page and the calendar: who sees them, who changes them, and what of them leaves the service.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::region::Region;
use super::world::{Browser, World};

async fn done(browser: &Browser, path: &str, body: Value) -> Value {
    let (status, body) = browser.post(path, body).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

fn people(stretch: &Value) -> Vec<&str> {
    let people = stretch["people"].as_array().expect("people");
    people.iter().map(|person| person["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn a_colleague_stands_in_with_one_request_and_takes_it_back_with_another() {
    let world = World::new().await;
    let mut service = world.serve();
    service.step("2026-03-02T09:00:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let roster = format!("/api/teams/{}/roster", world.team);
    let page = ida.read(&roster).await;
    assert_eq!(page["may_change"], true);
    let (first, tom) = (&page["on_duty"][0], page["people"][1]["staff"].clone());
    assert_eq!((first["name"].as_str(), first["until"].as_str()), (Some("Ida Shaw"), Some("2026-03-02T16:00:00Z")));
    assert_eq!(people(&page["days"][0]["stretches"][0]), ["Tom Reid"]);
    assert_eq!(page["holes"], json!([]));

    let asked = json!({ "staff": tom, "instead_of": first["staff"], "from": page["now"], "until": first["until"] });
    let page = done(&ida, &format!("{roster}/stand-ins"), asked).await;
    assert_eq!(page["on_duty"][0]["name"], "Tom Reid");
    assert_eq!(page["stand_ins"][0]["instead_of"]["name"], "Ida Shaw");
    let list = ida.read("/api/worklist").await;
    assert_eq!(list["teams"][0]["on_duty"]["name"], "Tom Reid");
    let again = json!({ "stand_in": page["stand_ins"][0]["stand_in"] });
    let page = done(&ida, &format!("{roster}/stand-ins/end"), again.clone()).await;
    assert_eq!(page["on_duty"][0]["name"], "Ida Shaw");
    assert_eq!(ida.post(&format!("{roster}/stand-ins/end"), again).await.0, StatusCode::CONFLICT);

    // Everybody away for a day is a hole, and it is shown.
    for person in page["people"].as_array().expect("people") {
        let asked = json!({ "staff": person["staff"], "from": "2026-03-05", "until": "2026-03-06" });
        done(&ida, &format!("{roster}/leave"), asked).await;
    }
    let page = ida.read(&roster).await;
    let hole = &page["holes"][0];
    assert_eq!(
        (hole["from"].as_str(), hole["until"].as_str()),
        (Some("2026-03-05T00:00:00Z"), Some("2026-03-06T00:00:00Z"))
    );

    let store = world.database.store().await;
    let acts: Vec<String> =
        sqlx::query_scalar("SELECT what FROM audit WHERE what LIKE 'team.%' AND actor = 'staff' OR what LIKE 'staff.leave%' ORDER BY audit")
            .fetch_all(&store.owner)
            .await
            .unwrap();
    let changes: Vec<&str> = acts.iter().map(String::as_str).filter(|what| *what != "team.roster_read").collect();
    let expected = ["team.stand_in_arranged", "team.stand_in_ended", "staff.leave_entered", "staff.leave_entered"];
    assert_eq!(changes, expected);
}

#[tokio::test]
async fn cover_and_shifts_are_declared_on_the_page_as_in_a_shell() {
    let world = World::new().await;
    let mut service = world.serve();
    service.step("2026-03-02T09:00:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let roster = format!("/api/teams/{}/roster", world.team);
    let put = async |path: &str, body: Value| {
        ida.send(ida.request(Method::PUT, &format!("{roster}/{path}")).json(&body)).await
    };
    let cover = json!({ "hours": ["mon-fri 08:00-18:00", "bank 09:00-12:00"], "keeps_bank_holidays": true });
    assert_eq!(put("cover", cover).await.0, StatusCode::OK);
    let staff = ida.read(&roster).await["people"][0]["staff"].clone();
    let shifts = json!({ "shifts": [{ "staff": staff, "hours": "mon-fri 08:00-18:00" }] });
    assert_eq!(put("shifts", shifts).await.0, StatusCode::OK);
    let shown = world.admin(&["roster", "show", "--team", &world.team]);
    assert_eq!(shown["cover"], json!(["mon-fri 08:00-18:00", "bank 09:00-12:00"]));
    assert_eq!(shown["roster"][0]["hours"], "mon-fri 08:00-18:00");
    for (path, body) in [
        ("cover", json!({ "hours": ["bank 09:00-12:00"], "keeps_bank_holidays": true })),
        ("cover", json!({ "hours": ["all-day"], "keeps_bank_holidays": false, "outside": { "high": world.team } })),
        ("shifts", json!({ "shifts": [] })),
    ] {
        assert_eq!(put(path, body).await.0, StatusCode::CONFLICT, "{path}");
    }
    let (status, _, body) = put("cover", json!({ "hours": ["8-18"], "keeps_bank_holidays": false })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["error"]["message"].as_str().is_some_and(|message| message.contains("08:00-20:00")), "{body}");
    let lines = json!({ "hours": ["all-day", "moonday 08:00-18:00"], "keeps_bank_holidays": false });
    let (_, _, body) = put("cover", lines).await;
    assert!(body["error"]["message"].as_str().is_some_and(|message| message.starts_with("Line 2: ")), "{body}");
}

#[tokio::test]
async fn a_policy_is_set_on_the_page_as_in_a_shell_and_refused_at_its_line() {
    let world = World::new().await;
    let mut service = world.serve();
    service.step("2026-03-02T09:00:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let path = format!("/api/teams/{}/policy", world.team);
    let put =
        async |content: &str| ida.send(ida.request(Method::PUT, &path).json(&json!({ "content": content }))).await;
    let page = ida.read(&path).await;
    assert_eq!(page["own"], false);
    let words = |page: &Value| page["words"][0]["title"].as_str().expect("a title").to_owned();
    assert_eq!(words(&page), "high alerts: acknowledged within 15 minutes, then dealt with within 2 hours");
    let preset = page["presets"]
        .as_array()
        .expect("presets")
        .iter()
        .find(|preset| preset["name"] == "urgent-community-response");
    let content = preset.expect("the preset")["content"].as_str().expect("text").to_owned();

    let wrong = content.replacen("10 min", "10 mins of nothing", 1);
    let (status, _, refused) = put(&wrong).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let message = refused["error"]["message"].as_str().expect("a message").to_owned();
    let line = wrong.lines().position(|line| line.contains("10 mins of nothing")).expect("there") + 1;
    assert!(message.starts_with(&format!("Line {line}: ")), "{message}");
    let (status, _, refused) = put(&content.replacen("\"on duty\"", "\"role: wizard\"", 1)).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    assert!(refused.to_string().contains("nobody of the team has the role wizard"), "{refused}");
    assert_eq!(ida.read(&path).await["own"], false, "nothing was changed");

    let (status, _, page) = put(&content).await;
    assert_eq!((status, page["own"].as_bool()), (StatusCode::OK, Some(true)), "{page}");
    assert_eq!(words(&page), "high alerts: acknowledged within 10 minutes, then dealt with within 2 hours");
    let shown = world.admin(&["policy", "show", "--team", &world.team]);
    assert!(shown.to_string().contains("acknowledged within 10 minutes"), "{shown}");
    let store = world.database.store().await;
    let set: i64 = sqlx::query_scalar("SELECT count(*) FROM audit WHERE what = 'team.policy_set' AND actor = 'staff'")
        .fetch_one(&store.owner)
        .await
        .unwrap();
    assert_eq!(set, 1);
}

#[tokio::test]
async fn whoever_takes_another_teams_hours_sees_its_people_and_leaves_its_roster_alone() {
    let region = Region::new().await;
    let nell = region.browser("nell@example.org").await;
    let dorothy = format!("/api/patients/{}", region.own.patient);
    let roster = format!("/api/teams/{}/roster", region.own.team);
    assert_eq!(nell.get(&dorothy).await.0, StatusCode::NOT_FOUND);
    assert_eq!(nell.get(&roster).await.0, StatusCode::NOT_FOUND);
    let outside = format!("high={}", region.other_team.team);
    let cover = ["team", "cover", "--team", &region.own.team, "--hours", "08:00-20:00", "--outside", &outside];
    region.world.admin(&cover);
    assert_eq!(nell.get(&dorothy).await.0, StatusCode::OK);
    assert_eq!(nell.read(&roster).await["may_change"], false);
    let leave = json!({ "staff": region.own.staff, "from": "2026-03-05", "until": "2026-03-06" });
    assert_eq!(nell.post(&format!("{roster}/leave"), leave).await.0, StatusCode::FORBIDDEN);
    region.world.admin(&["team", "cover", "--team", &region.own.team, "--hours", "08:00-20:00"]);
    assert_eq!(nell.get(&dorothy).await.0, StatusCode::NOT_FOUND, "sight goes with the work");
}

/// The shifts of a calendar, by a parser that we did not write.
fn read(text: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".cache/python/bin/python");
    assert!(python.exists(), "the Python tools are missing: run `make python`");
    let mut child = Command::new(python)
        .arg(root.join("tests/web/shifts.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("read");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_calendar_fetches_ones_shifts_by_a_secret_address_that_can_be_made_anew() {
    let world = World::new().await;
    let mut service = world.serve();
    service.step("2026-03-28T09:00:00Z");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    assert_eq!(ida.read("/api/me/calendar").await["made_at"], Value::Null);
    let address = async || {
        let made = done(&ida, "/api/me/calendar", json!({})).await;
        let address = made["address"].as_str().expect("an address").to_owned();
        address.strip_prefix(&service.origin).expect("ours").to_owned()
    };
    let first = address().await;
    // Without a session, as a calendar asks.
    let calendar = Browser::new(&service);
    let fetch = async |path: &str| {
        let response = calendar.request(Method::GET, path).send().await.expect("an answer");
        (response.status(), response.text().await.expect("a body"))
    };
    let (status, text) = fetch(&first).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.lines().all(|line| line.len() <= 76) && text.contains("\r\n ") && !text.contains("Dorothy"), "{text}");
    let shifts = read(&text);
    // London's clocks change between these two.
    assert!(
        shifts.contains(&"2026-03-28T08:00:00+00:00|2026-03-28T16:00:00+00:00|On duty: Belper team".to_owned()),
        "{shifts:?}"
    );
    assert!(
        shifts.contains(&"2026-03-29T07:00:00+00:00|2026-03-29T15:00:00+00:00|On duty: Belper team".to_owned()),
        "{shifts:?}"
    );

    let second = address().await;
    assert_eq!(fetch(&first).await.0, StatusCode::NOT_FOUND);
    assert_eq!(fetch(&second).await.0, StatusCode::OK);
    let log = std::fs::read_to_string(&service.log).unwrap();
    let token = second.strip_prefix("/calendar/").expect("a token").trim_end_matches(".ics");
    assert!(!log.contains(token), "the log opens no calendar");
    let store = world.database.store().await;
    let rows: String =
        sqlx::query_scalar("SELECT roster_feed::text FROM roster_feed").fetch_one(&store.owner).await.unwrap();
    assert!(!rows.contains(token));
    assert_eq!(ida.send(ida.request(Method::DELETE, "/api/me/calendar")).await.0, StatusCode::NO_CONTENT);
    assert_eq!(fetch(&second).await.0, StatusCode::NOT_FOUND);
}
