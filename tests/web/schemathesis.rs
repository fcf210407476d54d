//! The served OpenAPI document against the service, by schemathesis (PyPI), which we did not write: whatever it sends, as each role
//! and as nobody, no answer is a server error and none is undocumented.

use std::path::Path;
use std::process::Command;

use derwent::web::questions;

use super::region::{BELPER, Region, Someone, nobody};

/// Requests for each question, besides those that visit its edges.
const EXAMPLES: &str = "20";
/// The same requests each time.
const SEED: &str = "20261126";
/// Has no end.
const NEWS: &str = "/api/events";
/// Would end the session that the others are asked with; asked as nobody.
const ENDS_THE_SESSION: &str = "/api/sign-out";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method";

/// What it said, if it is not content.
fn fuzz(region: &Region, cookie: Option<&str>, about: &Someone) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let names = [("patient", &about.patient), ("alert", &about.alert), ("reference", &about.reference)];
    let mut settings = String::from("[parameters]\n");
    for (name, value) in names {
        settings += &format!("\"path.{name}\" = \"{value}\"\n");
    }
    settings += &format!("\"query.team\" = \"{}\"\n\"query.vital\" = \"blood_pressure\"\n", about.team);
    let file = folder.path().join("schemathesis.toml");
    std::fs::write(&file, settings).expect("the settings written");

    let origin = &region.service.origin;
    let mut command = Command::new(root.join(".cache/python/bin/st"));
    command
        .current_dir(folder.path())
        .arg("--no-color")
        .arg("--config-file")
        .arg(&file)
        .args(["run", &format!("{origin}/api/openapi.json"), "--seed", SEED, "--max-examples", EXAMPLES])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS, "--generation-database", "none"])
        .args(["--continue-on-failure", "--warnings", "off", "--exclude-path", NEWS])
        .args(["--header", &format!("Origin: {origin}")]);
    if let Some(cookie) = cookie {
        command.args(["--header", &format!("Cookie: {cookie}"), "--exclude-path", ENDS_THE_SESSION]);
    }
    let output = command.output().unwrap_or_else(|error| panic!("schemathesis: {error}; `make python` sets it up"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // What it did not read would be found good. The address of the document itself it does not count.
    let all = format!("/ {} total", questions().len() - 1);
    if output.status.success() && said.contains(&all) {
        return Ok(());
    }
    Err(said + &String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_as_whichever_role_the_answer_is_a_documented_one() {
    let region = Region::new().await;
    let mut roles = vec![("nobody", None)];
    for (role, email) in BELPER {
        roles.push((role, region.browser(email).await.cookie));
    }
    for (role, cookie) in &roles {
        for about in [&region.own, &nobody()] {
            let fuzzed = tokio::task::block_in_place(|| fuzz(&region, cookie.as_deref(), about));
            fuzzed.unwrap_or_else(|said| panic!("as {role}:\n{said}"));
        }
    }
}
