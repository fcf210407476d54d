//! `POST /mobile/v1/enrol`: a code, a date of birth and a key become a device.
//!
//! The same code with the same key answers the same, as long as the code lives: a lost reply strands nobody. Everything that
//! does not open says the same sentence, so that guessing learns nothing.

use std::net::IpAddr;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mobile_api::decode;
use mobile_api::http::{EnrolRequest, Enrolled, EnrolledPerson, HttpRefused, Jwk};
use mobile_api::limits::ENROLMENT_WRONG_ANSWERS;
use mobile_api::refusal::{Reason, Refusal};
use serde_json::json;
use uuid::Uuid;

use super::{Ingest, counters};
use crate::listen::Visitor;
use crate::parts::Parts;
use crate::random;
use crate::signal::Signal;
use crate::store::audit::{self, Act, Actor, Entry};
use crate::store::device;
use crate::store::enrolment::{self, NewDevice};
use crate::telemetry;

pub async fn enrol(
    State(ingest): State<Arc<Ingest>>,
    Extension(Visitor(from)): Extension<Visitor>,
    body: Bytes,
) -> Response {
    let request = match decode::enrolment(&String::from_utf8_lossy(&body)) {
        Ok(request) => request,
        Err(refusal) => return refused(StatusCode::BAD_REQUEST, refusal),
    };
    let Some(thumbprint) = thumbprint(&request.public_key) else {
        let detail = "the public key must be a P-256 key as JWK: kty EC, crv P-256, x and y in base64url";
        return refused(StatusCode::UNPROCESSABLE_ENTITY, Refusal::new(Reason::KeyInvalid, detail));
    };
    let code_hash = enrolment::hash_of(&request.code);
    let parts = ingest.parts.clone();
    // A task of its own: a phone that goes away in the middle must not leave half a transaction behind.
    let working = tokio::spawn(async move {
        match open(&parts, &code_hash, &request, &thumbprint, from).await? {
            Some(device) => Ok(Some((device, device::people(&parts.store.ingest, device).await?))),
            None => Ok::<_, sqlx::Error>(None),
        }
    });
    match working.await {
        Ok(Ok(Some((device_id, people)))) => {
            let people =
                people.into_iter().map(|person| EnrolledPerson { whom: person.handle, given_name: person.given_name });
            (StatusCode::CREATED, Json(Enrolled { device_id, people: people.collect() })).into_response()
        }
        Ok(Ok(None)) => {
            let detail = "this code and date of birth do not fit, or the code is used or too old; ask the care team for a new code";
            refused(StatusCode::FORBIDDEN, Refusal::new(Reason::CodeRefused, detail))
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "an enrolment could not be stored");
            refused(StatusCode::SERVICE_UNAVAILABLE, Refusal::new(Reason::NotStored, "nothing was changed; try again"))
        }
        Err(error) => {
            tracing::error!(how = telemetry::end_of(&error), "an enrolment ended unexpectedly");
            refused(
                StatusCode::SERVICE_UNAVAILABLE,
                Refusal::new(Reason::NotStored, "it is not known whether it was stored; try again"),
            )
        }
    }
}

/// The device that the code made, now or before; none if it does not open.
async fn open(
    parts: &Parts,
    code_hash: &[u8],
    request: &EnrolRequest,
    thumbprint: &str,
    from: IpAddr,
) -> sqlx::Result<Option<Uuid>> {
    let now = parts.clock.machine_now();
    let mut transaction = parts.store.ingest.begin().await?;
    let Some(code) = enrolment::lock(&mut transaction, code_hash).await? else { return Ok(None) };
    if code.ends_at <= now || code.wrong_answers >= ENROLMENT_WRONG_ANSWERS {
        return Ok(None);
    }
    let entry = |actor, act| {
        let entry = Entry::new(actor, act, now).from_address(from).at_organisation(code.organisation);
        code.patient.map_or(entry.clone(), |patient| entry.about(patient, code.organisation))
    };
    if code.date_of_birth != request.date_of_birth {
        enrolment::count_wrong_answer(&mut transaction, code_hash).await?;
        audit::write(&mut transaction, &entry(Actor::Stranger, Act::EnrolmentRefused)).await?;
        transaction.commit().await?;
        return Ok(None);
    }
    if let Some((device, used_key)) = &code.used {
        return Ok((used_key == thumbprint).then_some(*device));
    }
    let new = NewDevice {
        device: random::new_id(),
        public_key: serde_json::json!(request.public_key),
        thumbprint,
        name: &request.device.name,
        platform: &request.device.platform,
        app_version: &request.device.app_version,
        enrolled_at: now,
    };
    enrolment::complete(&mut transaction, code_hash, &code, &new).await?;
    let enrolled = entry(Actor::Device(new.device), Act::DeviceEnrolled);
    audit::write(&mut transaction, &enrolled.detail(json!({ "carer": code.carer, "replaces": code.replaces }))).await?;
    transaction.commit().await?;
    if let Some(replaced) = code.replaces {
        parts.signals.send(Signal::Revoked { device: replaced });
    }
    tracing::info!(device = %new.device, "a device enrolled");
    Ok(Some(new.device))
}

/// How SEC 1 begins a point given by both coordinates.
const UNCOMPRESSED: u8 = 4;

/// RFC 7638; none if it is not a usable P-256 key.
fn thumbprint(key: &Jwk) -> Option<String> {
    let coordinate = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32);
    if key.kty != "EC" || key.crv != "P-256" {
        return None;
    }
    let point = [vec![UNCOMPRESSED], coordinate(&key.x)?, coordinate(&key.y)?].concat();
    // A key that is no point of the curve would use up the code, and no proof of it would ever hold.
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?;
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, key.x, key.y);
    Some(BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes())))
}

fn refused(status: StatusCode, refusal: Refusal) -> Response {
    counters::count(refusal.reason);
    (status, Json(HttpRefused { refusal })).into_response()
}
