//! The document of what phones ask over HTTP against the service: by nobody, and by a phone that signs each request.

use derwent::ingest::questions;
use derwent::store::enrolment_code::Whose;

use super::{BORN, Town};
use crate::harness::schemathesis::Fuzz;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_phone_sends_the_answer_is_a_documented_one() {
    let town = Town::start().await;
    let patient = town.patient("Dorothy").await;
    let code = town.code(Whose::Patient(patient), &[patient], None).await;
    let origin = town.service.origin.as_str();
    let document = format!("{origin}/mobile/v1/openapi.json");
    let born = BORN.to_string();
    let proof = ("tests/wire/schemathesis_proof.py", vec![("ORIGIN", origin), ("CODE", &code), ("BORN", &born)]);
    for hooks in [None, Some(proof)] {
        let fuzz = Fuzz { document: document.clone(), questions: questions().count() - 1, hooks, ..Fuzz::default() };
        tokio::task::block_in_place(|| fuzz.run()).unwrap_or_else(|said| panic!("{said}"));
    }
    let read = town.count("SELECT count(*) FROM audit WHERE what = 'own.readings_read'").await;
    assert!(read > 0, "no proof of the phone's held");
}
