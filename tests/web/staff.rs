//! Administrators and who works in their organisation: invitations, resets, and who was deactivated.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{Browser, PASSWORD, World, id};

/// The newest letter to this address.
fn letter_to(world: &World, email: &str) -> Option<String> {
    let files = std::fs::read_dir(world.mails.path()).unwrap().map(|file| file.unwrap().path());
    let mut letters: Vec<_> = files.map(|path| (path.metadata().unwrap().modified().unwrap(), path)).collect();
    letters.sort();
    let texts = letters.into_iter().rev().map(|(_, path)| std::fs::read_to_string(path).unwrap());
    // Long lines are folded for the journey (quoted-printable).
    texts.into_iter().find(|text| text.contains(&format!("To: {email}"))).map(|text| text.replace("=\r\n", ""))
}

fn token_in(letter: &str, origin: &str) -> String {
    let start = format!("{origin}/staff/invitation#");
    let (_, rest) = letter.split_once(&start).unwrap_or_else(|| panic!("no link in {letter}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

fn code((status, body): (StatusCode, Value)) -> (StatusCode, String) {
    (status, id(&body["error"], "code"))
}

const LINK_ENDED: (StatusCode, &str) = (StatusCode::UNAUTHORIZED, "invitation_ended");

#[tokio::test]
async fn whoever_is_invited_chooses_a_password_and_sets_up_a_second_factor() {
    let world = World::new().await;
    world.staff_as("Ada Hall", "ada@example.org", "administrator", None);
    let service = world.serve();
    let mut ada = Browser::signed_in(&service, "ada@example.org").await;
    let invite = json!({ "email": "Nell@Example.org", "name": "Nell Wood", "role": "clinician", "profession": "nurse",
                         "teams": [world.team] });
    let nell = ada.give("/api/staff/invitations", invite.clone()).await;
    assert_eq!((nell["state"].as_str(), nell["teams"][0].as_str()), (Some("invited"), Some(world.team.as_str())));
    assert_eq!(code(ada.post("/api/staff/invitations", invite).await), (StatusCode::CONFLICT, "address_taken".into()));

    let letter = letter_to(&world, "nell@example.org").expect("a letter");
    assert!(!letter.contains("Dorothy") && !letter.contains("Marsh"), "{letter}");
    let first = token_in(&letter, &service.origin);
    // Sent again, the first link is void.
    ada.give(&format!("/api/staff/{}/invitation", id(&nell, "staff")), json!({})).await;
    let letter = letter_to(&world, "nell@example.org").expect("a letter");
    let token = token_in(&letter, &service.origin);
    assert_ne!(first, token);

    let mut browser = Browser::new(&service);
    for wrong in [first.as_str(), "", "guessed"] {
        let (status, code) = code(browser.post("/api/invitation", json!({ "token": wrong })).await);
        assert_eq!((status, code.as_str()), LINK_ENDED);
    }
    let invited = browser.give("/api/invitation", json!({ "token": token })).await;
    assert_eq!(invited, json!({ "name": "Nell Wood", "email": "nell@example.org", "organisation": "Belper" }));
    let short = json!({ "token": token, "password": "elevenchars" });
    assert_eq!(code(browser.post("/api/invitation/accept", short).await).1, "unfit_password");
    let accept = json!({ "token": token, "password": PASSWORD });
    let next = browser.give("/api/invitation/accept", accept.clone()).await;
    assert_eq!(next["next"], "set_up");
    assert_eq!(browser.get("/api/me").await.0, StatusCode::UNAUTHORIZED, "no session before the second factor");
    browser.set_up().await;
    let me = browser.read("/api/me").await;
    assert_eq!((me["role"].as_str(), me["teams"][0]["name"].as_str()), (Some("clinician"), Some("Belper team")));

    let (status, again) = code(browser.post("/api/invitation/accept", accept).await);
    assert_eq!((status, again.as_str()), LINK_ENDED);
    let list = ada.read("/api/staff").await;
    let row = list["staff"].as_array().unwrap().iter().find(|row| row["name"] == "Nell Wood").unwrap();
    assert_eq!((row["state"].as_str(), row["sessions"].as_u64()), (Some("active"), Some(1)));
}

#[tokio::test]
async fn a_link_works_for_72_hours() {
    let world = World::new().await;
    let made = world.admin(&[
        "staff",
        "add",
        "--organisation",
        &world.organisation,
        "--name",
        "Kay Orme",
        "--email",
        "kay@example.org",
    ]);
    let token = id(&made, "invitation").split_once('#').unwrap().1.to_owned();
    let service = world.serve();
    let store = world.database.store().await;
    let back = async |hours: i32| {
        sqlx::query("UPDATE staff_invitation SET ends_at = ends_at - make_interval(hours => $1)")
            .bind(hours)
            .execute(&store.owner)
            .await
            .unwrap();
    };
    back(71).await;
    let mut kay = Browser::new(&service);
    kay.give("/api/invitation", json!({ "token": token })).await;
    back(1).await;
    for (path, body) in [
        ("/api/invitation", json!({ "token": token })),
        ("/api/invitation/accept", json!({ "token": token, "password": PASSWORD })),
    ] {
        let (status, code) = code(kay.post(path, body).await);
        assert_eq!((status, code.as_str()), LINK_ENDED, "{path}");
    }
}

#[tokio::test]
async fn who_was_deactivated_gets_nothing_at_once() {
    let world = World::new().await;
    world.staff_as("Ada Hall", "ada@example.org", "administrator", None);
    let service = world.serve();
    let mut ada = Browser::signed_in(&service, "ada@example.org").await;
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let mut halfway = Browser::new(&service);
    halfway.give("/api/sign-in", json!({ "email": "ida@example.org", "password": PASSWORD })).await;
    let whom = id(&ida.read("/api/me").await, "staff");

    let gone = ada.give(&format!("/api/staff/{whom}/deactivate"), json!({})).await;
    assert_eq!((gone["state"].as_str(), gone["on_rosters_of"][0].as_str()), (Some("deactivated"), Some("Belper team")));
    assert_eq!(ida.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
    let (status, ended) = code(halfway.post("/api/sign-in/code", json!({ "code": "000000" })).await);
    assert_eq!((status, ended.as_str()), (StatusCode::UNAUTHORIZED, "sign_in_ended"));
    let (_, _, unknown) = ida.sign_in("nobody@example.org", PASSWORD).await;
    let (status, _, body) = ida.sign_in("ida@example.org", PASSWORD).await;
    assert_eq!((status, body), (StatusCode::UNAUTHORIZED, unknown));

    // Back again, she is invited like a newcomer.
    ada.give(&format!("/api/staff/{whom}/activate"), json!({})).await;
    assert_eq!(ida.sign_in("ida@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    let token = token_in(&letter_to(&world, "ida@example.org").expect("a letter"), &service.origin);
    let mut back = Browser::new(&service);
    back.give("/api/invitation/accept", json!({ "token": token, "password": PASSWORD })).await;
    back.set_up().await;
    back.read("/api/me").await;
}

#[tokio::test]
async fn a_reset_takes_password_and_second_factor_and_sends_a_link_to_the_persons_own_mailbox() {
    let world = World::new().await;
    world.staff_as("Ada Hall", "ada@example.org", "administrator", None);
    let service = world.serve();
    let mut ada = Browser::signed_in(&service, "ada@example.org").await;
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let whom = id(&ida.read("/api/me").await, "staff");
    let answer = ada.give(&format!("/api/staff/{whom}/reset"), json!({})).await;
    assert!(!answer.to_string().contains('#'), "the administrator sees no link: {answer}");
    assert_eq!(ida.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ida.sign_in("ida@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    let token = token_in(&letter_to(&world, "ida@example.org").expect("a letter"), &service.origin);
    let mut back = Browser::new(&service);
    let next = back.give("/api/invitation/accept", json!({ "token": token, "password": PASSWORD })).await;
    assert_eq!(next["next"], "set_up");
    back.set_up().await;
    assert_eq!(ada.give(&format!("/api/staff/{whom}/end-sessions"), json!({})).await["sessions"], 0);
    assert_eq!(back.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
}

/// Every question about staff, about `whom`.
fn questions(whom: &str) -> Vec<(Method, String, Value)> {
    let questions = derwent::web::questions().into_iter();
    questions
        .filter(|question| question.path.starts_with("/api/staff"))
        .map(|question| {
            let body = match question.path {
                "/api/staff/invitations" => {
                    json!({ "email": "new@example.org", "name": "New", "role": "clinician", "profession": "nurse" })
                }
                "/api/staff/{staff}/teams" => json!({ "teams": [] }),
                _ => json!({}),
            };
            (question.method, question.path.replace("{staff}", whom), body)
        })
        .collect()
}

#[tokio::test]
async fn only_administrators_and_only_of_the_own_organisation() {
    let world = World::new().await;
    world.staff_as("Max Webb", "max@example.org", "auditor", None);
    world.staff_as("Cleo Rees", "cleo@example.org", "clinician", None);
    let other =
        id(&world.admin(&["organisation", "add", "--name", "Derby", "--time-zone", "Europe/London"]), "organisation");
    let add = ["staff", "add", "--organisation", &other, "--name", "Eve Stone", "--email", "eve@example.org"];
    world.admin(&[&add[..], &["--role", "administrator", "--password-stdin"]].concat());
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let whom = id(&ida.read("/api/me").await, "staff");
    let max = Browser::signed_in(&service, "max@example.org").await;
    let cleo = Browser::signed_in(&service, "cleo@example.org").await;
    for browser in [&ida, &max, &cleo] {
        for (method, path, body) in questions(&whom) {
            let (status, _, body) = browser.send(browser.request(method, &path).json(&body)).await;
            assert_eq!((status, id(&body["error"], "code")), (StatusCode::FORBIDDEN, "not_allowed".into()), "{path}");
        }
    }
    let eve = Browser::signed_in(&service, "eve@example.org").await;
    let nobody = "019ab000-0000-7000-8000-000000000000";
    for ((method, path, body), (_, missing, _)) in questions(&whom).into_iter().zip(questions(nobody)) {
        if !path.contains(&whom) {
            continue;
        }
        let hidden = eve.send(eve.request(method.clone(), &path).json(&body)).await;
        let missing = eve.send(eve.request(method, &missing).json(&body)).await;
        assert_eq!(hidden.0, StatusCode::NOT_FOUND, "{path}: {}", hidden.2);
        assert_eq!((hidden.0, hidden.2), (missing.0, missing.2), "{path}");
    }
    assert!(!eve.read("/api/staff").await.to_string().contains("ida@example.org"));
    let into_ours = json!({ "email": "spy@example.org", "name": "Spy", "role": "clinician", "profession": "nurse",
                            "teams": [world.team] });
    assert_eq!(eve.post("/api/staff/invitations", into_ours).await.0, StatusCode::NOT_FOUND);
    ida.read("/api/me").await;
}

#[tokio::test]
async fn the_first_administrator_is_made_where_the_database_is() {
    let database = crate::harness::database::Database::fresh().await;
    let mails = tempfile::tempdir().unwrap();
    let service = crate::harness::service::Service::start(&crate::harness::service::Options {
        database_url: database.url.clone(),
        care_time: None,
        smtp_url: format!("file:{}", mails.path().display()),
        pager_url: None,
    });
    // Said right after that it listens.
    let said = async || {
        while !std::fs::read_to_string(&service.log).unwrap().contains("derwent admin first-run") {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), said()).await.expect("it says what to run");
    let output = crate::harness::service::derwent()
        .args(["admin", "--json", "first-run", "--organisation", "Belper", "--time-zone", "Europe/London"])
        .args(["--name", "Ada Hall", "--email", "ada@example.org", "--origin", &service.origin])
        .env("DERWENT_DATABASE_URL", &database.url)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    let token = token_in(&id(&made, "invitation"), &service.origin);
    let mut ada = Browser::new(&service);
    ada.give("/api/invitation/accept", json!({ "token": token, "password": PASSWORD })).await;
    ada.set_up().await;
    assert_eq!(ada.read("/api/me").await["role"], "administrator");
    ada.read("/api/staff").await;
}
