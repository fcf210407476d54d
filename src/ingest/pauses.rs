//! Somebody asks on the phone to be away.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use mobile_api::http::PauseAsked;
use mobile_api::refusal::{Reason, Refusal};

use super::Ingest;
use super::http::{Proven, Refused, Whose, person};
use crate::signal::Signal;
use crate::store::pause_request;

/// Longest words with a request for a pause, in characters.
const LONGEST_WHY: usize = 500;
const LONGEST_PAUSE_DAYS: i32 = 90;

/// A person will be away: a task for their team, and nothing else until somebody takes it on.
pub async fn ask(
    State(ingest): State<Arc<Ingest>>,
    whose: Whose,
    Proven { device, body }: Proven,
) -> Result<StatusCode, Refused> {
    let person = person(&ingest, &device, whose.whom.as_deref()).await?;
    let bad = |detail: &str| Refused::With(StatusCode::BAD_REQUEST, Refusal::new(Reason::FieldInvalid, detail));
    let asked: PauseAsked =
        serde_json::from_slice(&body).map_err(|_| bad("the body is an id, two days (2026-12-24) and words"))?;
    let days = asked.from.until(asked.until).map_or(0, |span| span.get_days());
    if !(1..=LONGEST_PAUSE_DAYS).contains(&days) {
        return Err(bad("a pause ends after it begins, and lasts 90 days at most"));
    }
    let why = asked.why.trim();
    if !(1..=LONGEST_WHY).contains(&why.chars().count()) || why.contains('\0') {
        return Err(bad("say why in up to 500 characters"));
    }
    let now = ingest.parts.clock.care_now();
    let (PauseAsked { id, from, until, .. }, why) = (asked.clone(), why.to_owned());
    let request = pause_request::Request { request: id, from, until, why, asked_at: now };
    let (patient, organisation) = (person.patient, person.organisation);
    let new = pause_request::New { patient, organisation, device: device.device, asked: &request };
    if pause_request::insert(&ingest.parts.store.ingest, &new).await? {
        ingest.parts.signals.send(Signal::Arrived);
    }
    Ok(StatusCode::NO_CONTENT)
}
