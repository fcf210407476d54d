//! The staff API's document against the service, as each role and as nobody, about somebody in reach and about nobody.

use derwent::web::questions;

use super::region::{BELPER, Region, Someone, nobody};
use crate::harness::schemathesis::Fuzz;

/// Has no end.
const NEWS: &str = "/api/events";
/// Would end the session that the others are asked with; asked as nobody.
const ENDS_THE_SESSION: &str = "/api/sign-out";

fn fuzz(region: &Region, cookie: Option<&str>, about: &Someone) -> Result<(), String> {
    let origin = &region.service.origin;
    let mut fuzz = Fuzz {
        document: format!("{origin}/api/openapi.json"),
        questions: questions().len() - 1,
        headers: vec![format!("Origin: {origin}")],
        without: vec![NEWS],
        parameters: vec![
            ("path.patient", &about.patient),
            ("path.alert", &about.alert),
            ("path.reference", &about.reference),
            ("path.staff", &about.staff),
            ("path.session", &about.session),
            ("query.team", &about.team),
            ("query.vital", "blood_pressure"),
            ("query.rule", "hypertension/severe"),
        ],
        hooks: None,
    };
    if let Some(cookie) = cookie {
        fuzz.headers.push(format!("Cookie: {cookie}"));
        fuzz.without.push(ENDS_THE_SESSION);
    }
    fuzz.run()
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
