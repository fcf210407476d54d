//! The pages of phone and staff in a real Chromium, each story with a service of its own: the stories are `web/tests/*.spec.ts`.

use std::process::Command;

use serde_json::Value;

use super::provider::{self, Providers};
use super::questions;
use super::region;
use super::scores;
use super::world::{BORN, PASSWORD, World, id};
use crate::harness::service::Service;
use crate::wire::next::later;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_from_its_code_to_the_advice() {
    told("phone.spec.ts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dangerous_reading_is_taken_closed_and_found_in_the_audit() {
    told("care.spec.ts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_about_a_person_on_their_page() {
    told("plan.spec.ts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybodys_way_in() {
    told("sign-in.spec.ts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_invited_invites_and_deactivates() {
    told("people.spec.ts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_stands_in_a_hole_is_filled_and_the_shift_is_handed_over() {
    told("roster.spec.ts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_proven_and_shows_a_test_page() {
    let world = World::live().await;
    let service = world.serve_with(&["--push-networks", "127.0.0.0/8"]);
    tell("notifications.spec.ts", &world, service, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_at_an_organisations_own_provider() {
    let world = World::live().await;
    let service = world.serve_with(&["--provider-secrets", provider::SECRETS]);
    let providers = Providers::start(&service);
    provider::set_up(&world, &providers.honest);
    tell("provider.spec.ts", &world, service, &[("DERWENT_PROVIDER", &providers.honest)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_every_kind_and_crisis_words_at_the_tap() {
    let world = World::live().await;
    questions::put_in_force(&world).await;
    let service = world.serve();
    tell("questions.spec.ts", &world, service, &[]);
    // All nine were sent at the end; the ninth was told before.
    let owner = world.database.store().await.owner.clone();
    let told: Vec<(String, bool, i32)> = sqlx::query_as(
        "SELECT answers.questionnaire, answers.partial, jsonb_array_length(answers.answers) FROM answers
         WHERE answers.questionnaire = 'phq9|1' ORDER BY answers.seq",
    )
    .fetch_all(&owner)
    .await
    .expect("answers");
    assert_eq!(told, [("phq9|1".to_owned(), true, 9), ("phq9|1".to_owned(), false, 9)]);
    let flags: Vec<(String, Vec<String>)> = sqlx::query_as(
        "SELECT answers.questionnaire, submission.flags FROM answers JOIN submission USING (patient, seq)
         WHERE submission.flags <> '{}'",
    )
    .fetch_all(&owner)
    .await
    .expect("flags");
    assert_eq!(flags, [], "what our phone sends fits what it was asked");
    let high: i64 =
        sqlx::query_scalar("SELECT count(*) FROM alert WHERE rule = 'mood/self-harm' AND priority = 'high'")
            .fetch_one(&owner)
            .await
            .expect("alerts");
    assert_eq!(high, 1);
    // In the words that she was shown.
    let sentence: String = sqlx::query_scalar("SELECT sentence FROM alert WHERE rule = 'mood/self-harm'")
        .fetch_one(&owner)
        .await
        .expect("its sentence");
    assert!(sentence.contains("” to “Thoughts that you would be better off dead"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_awake_somebody_is_from_the_words_on_the_phone_to_the_chart() {
    let world = World::live().await;
    scores::in_a_virtual_ward(&world).await;
    let service = world.serve();
    tell("awake.spec.ts", &world, service, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_looks_until_cover_opens_and_the_phone_says_so() {
    let world = World::live().await;
    let (hours, _) = later();
    world.admin(&["team", "cover", "--team", &world.team, "--hours", &hours]);
    world.admin(&["roster", "set", "--team", &world.team, "--shift", &format!("ida@example.org={hours}")]);
    let service = world.serve();
    tell("waits.spec.ts", &world, service, &[]);
}

async fn told(story: &str) {
    let world = World::live().await;
    let service = world.serve();
    tell(story, &world, service, &[]);
}

/// Runs a story to its end. Beside Dorothy there is somebody of another team, and an administrator and an auditor are invited.
fn tell(story: &str, world: &World, service: Service, besides: &[(&str, &str)]) {
    let alfreton = region::team(world, &world.organisation, "Alfreton team");
    region::patient(world, &alfreton, "Amir", "Khan");
    let invited = |name: &str, email: &str, role: &str| -> Value {
        let add = ["staff", "add", "--organisation", &world.organisation, "--name", name, "--email", email];
        world.admin(&[&add[..], &["--role", role, "--origin", &service.origin]].concat())
    };
    let administrator = invited("Ada Hall", "ada@example.org", "administrator");
    let auditor = invited("Max Webb", "max@example.org", "auditor");
    let output = Command::new("npm")
        .args(["run", "--silent", "test:pages", "--", story])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/web"))
        .env("DERWENT_URL", &service.origin)
        .env("DERWENT_STAFF_EMAIL", "ida@example.org")
        .env("DERWENT_STAFF_PASSWORD", PASSWORD)
        .env("DERWENT_ADMINISTRATOR_INVITATION", id(&administrator, "invitation"))
        .env("DERWENT_AUDITOR_INVITATION", id(&auditor, "invitation"))
        .env("DERWENT_PATIENT_CODE", &world.code)
        .env("DERWENT_PATIENT_BORN", BORN)
        .env("DERWENT_PATIENT_NAME", "Dorothy Marsh")
        .env("DERWENT_ELSEWHERE_NAME", "Amir Khan")
        .env("DERWENT_ELSEWHERE_BORN", region::BORN)
        .envs(besides.iter().copied())
        .output()
        .expect("npm is there: `make test` looks for it");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(service.end(), "the service did not end well");
}
