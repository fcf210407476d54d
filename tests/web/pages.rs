//! The pages of phone and staff in a real Chromium: the story itself is `web/tests/journey.spec.ts`.

use std::process::Command;

use super::region;
use super::world::{BORN, PASSWORD, World, id};

#[tokio::test(flavor = "multi_thread")]
async fn one_story_from_the_code_to_the_closed_alert_in_a_browser() {
    let world = World::live().await;
    let alfreton = region::team(&world, &world.organisation, "Alfreton team");
    region::patient(&world, &alfreton, "Amir", "Khan");
    let service = world.serve();
    let add =
        ["staff", "add", "--organisation", &world.organisation, "--name", "Ada Hall", "--email", "ada@example.org"];
    let invited = world.admin(&[&add[..], &["--role", "administrator", "--origin", &service.origin]].concat());
    let add =
        ["staff", "add", "--organisation", &world.organisation, "--name", "Max Webb", "--email", "max@example.org"];
    let auditor = world.admin(&[&add[..], &["--role", "auditor", "--origin", &service.origin]].concat());
    let output = Command::new("npm")
        .args(["run", "--silent", "test:pages"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/web"))
        .env("DERWENT_URL", &service.origin)
        .env("DERWENT_STAFF_EMAIL", "ida@example.org")
        .env("DERWENT_STAFF_PASSWORD", PASSWORD)
        .env("DERWENT_ADMINISTRATOR_INVITATION", id(&invited, "invitation"))
        .env("DERWENT_AUDITOR_INVITATION", id(&auditor, "invitation"))
        .env("DERWENT_PATIENT_CODE", &world.code)
        .env("DERWENT_PATIENT_BORN", BORN)
        .env("DERWENT_PATIENT_NAME", "Dorothy Marsh")
        .env("DERWENT_ELSEWHERE_NAME", "Amir Khan")
        .env("DERWENT_ELSEWHERE_BORN", region::BORN)
        .output()
        .expect("npm is there: `make test` looks for it");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(service.end(), "the service did not end well");
}
