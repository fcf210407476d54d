//! The same conversation over HTTP, for background sync and a patient's own screens: `challenge`, then one request with a proof
//! over exactly that request. There is no token to steal, and a nonce serves once.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use mobile_api::decode;
use mobile_api::http::{Access, AccessLog, HttpChallenge, HttpRefused, Readings, StoredReading};
use mobile_api::item::{Comparator, Quantity};
use mobile_api::limits::{HTTP_CHALLENGE_S, Limits};
use mobile_api::message::Receipt;
use mobile_api::proof::{HttpProof, PROOF_HEADER, whole_seconds};
use mobile_api::refusal::{Reason, Refusal};
use mobile_api::session::clock_skew_ms;
use schemars::JsonSchema;
use serde::Deserialize;

use super::accept::Sender;
use super::together::NoAnswer;
use super::{HEARD_EVERY, Ingest, counters, proof, receipt};
use crate::listen::Visitor;
use crate::random;
use crate::store::audit::{self, Act, Actor, Entry};
use crate::store::audit_seen;
use crate::store::device::{self, Device, Person};
use crate::store::{carer, http_challenge, own_reading};
use crate::telemetry;

/// Said of everything that is no proof, so that trying teaches nothing.
const PROOF_NEEDED: &str = "the request needs a proof in the header Derwent-Proof: by this device's key, about this very request, with all its claims";
/// Readings in one answer.
const PAGE_READINGS: i64 = 200;
/// Entries of the access log in one answer.
const PAGE_ACCESSES: i32 = 200;

/// Why a request is not served.
pub enum Refused {
    With(StatusCode, Refusal),
    Store(NoAnswer),
}

impl From<NoAnswer> for Refused {
    fn from(error: NoAnswer) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, refusal) = match self {
            Self::With(status, refusal) => (status, refusal),
            Self::Store(error) => {
                tracing::error!(%error, "a phone's request was not served because the database did not answer");
                (StatusCode::SERVICE_UNAVAILABLE, Refusal::new(Reason::NotStored, "nothing was changed; try again"))
            }
        };
        counters::count(refusal.reason);
        (status, Json(HttpRefused { refusal })).into_response()
    }
}

pub async fn challenge(State(ingest): State<Arc<Ingest>>) -> Result<Json<HttpChallenge>, Refused> {
    let server_time = whole_seconds(ingest.parts.clock.machine_now());
    let nonce = random::token();
    let ends_at = server_time + SignedDuration::from_secs(HTTP_CHALLENGE_S.into());
    http_challenge::make(&ingest.parts.store.ingest, &nonce, server_time, ends_at).await?;
    Ok(Json(HttpChallenge { nonce, server_time, expires_in_s: HTTP_CHALLENGE_S }))
}

pub async fn submissions(
    State(ingest): State<Arc<Ingest>>,
    Proven { device, body }: Proven,
) -> Result<Json<Receipt>, Refused> {
    let bad = |refusal| Refused::With(StatusCode::BAD_REQUEST, refusal);
    let text = std::str::from_utf8(&body).map_err(|_| bad(Refusal::new(Reason::NotJson, "the body is not UTF-8")))?;
    // The same budget as the sockets'; nobody closes the semaphore.
    let bytes = u32::try_from(decode::weight_bytes(text)).unwrap_or(u32::MAX);
    let room = ingest.undecided.clone().acquire_many_owned(bytes).await;
    let (phone_time, items) = decode::submissions(text).map_err(bad)?;
    let people = device::people(&ingest.parts.store.ingest, device.device).await?;
    let now = ingest.parts.clock.care_now();
    let skew = SignedDuration::from_millis(clock_skew_ms(now, phone_time.at));
    let sender = Sender::of_device(&device, &people, skew, now);
    // A task of its own: the phone may go away, the batch is decided all the same.
    let deciding = tokio::spawn({
        let ingest = ingest.clone();
        async move {
            let _room = room;
            receipt::decide(&ingest, &sender, items).await
        }
    });
    let decided = deciding.await.map_err(|error| {
        tracing::error!(how = telemetry::end_of(&error), "a batch over HTTP ended unexpectedly");
        Refused::With(
            StatusCode::SERVICE_UNAVAILABLE,
            Refusal::new(Reason::NotStored, "it is not known what was stored; send it again"),
        )
    })?;
    let notice = receipt::notice(&people, &decided.unwatched);
    Ok(Json(Receipt { batch: None, items: decided.items, notice }))
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct Whose {
    #[serde(rename = "for")]
    pub whom: Option<String>,
    #[serde(default)]
    since: i64,
    before: Option<i64>,
}

impl<S: Sync> FromRequestParts<S> for Whose {
    type Rejection = Refused;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Refused> {
        let asked = Query::try_from_uri(&head.uri).map_err(|error: QueryRejection| {
            Refused::With(StatusCode::BAD_REQUEST, Refusal::new(Reason::FieldInvalid, error.body_text()))
        });
        asked.map(|Query(whose)| whose)
    }
}

pub async fn plan(
    State(ingest): State<Arc<Ingest>>,
    whose: Whose,
    Proven { device, .. }: Proven,
) -> Result<Response, Refused> {
    let person = person(&ingest, &device, whose.whom.as_deref()).await?;
    let now = ingest.parts.clock.care_now();
    let is_own = device.own == Some(person.patient);
    let plan = ingest
        .rules
        .in_force(&ingest.lookups)
        .await?
        .plans
        .of_patient(&ingest.lookups, person.patient, &person.handle, is_own, now)
        .await?;
    Ok(plan.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |plan| Json(plan).into_response()))
}

/// A person's own readings on their own device. A carer sees what to do, and what was measured if the person agreed to that.
pub async fn readings(
    State(ingest): State<Arc<Ingest>>,
    Extension(Visitor(from)): Extension<Visitor>,
    whose: Whose,
    Proven { device, .. }: Proven,
) -> Result<Json<Readings>, Refused> {
    let person = whose_record(&ingest, &device, &whose, Act::OwnReadingsRead, from).await?;
    let components = own_reading::page(&ingest.parts.store.ingest, person.patient, whose.since, PAGE_READINGS).await?;
    let mut readings: Vec<StoredReading> = Vec::new();
    for component in components {
        let seq = u64::try_from(component.seq).unwrap_or_default();
        if readings.last().is_none_or(|last| last.seq != seq) {
            readings.push(StoredReading {
                seq,
                id: component.client_id,
                at: component.at,
                vital: component.vital,
                values: Default::default(),
                flags: receipt::wire_flags(&component.flags),
            });
        }
        let comparator = match component.comparator.as_deref() {
            Some("high") => Some(Comparator::High),
            Some("low") => Some(Comparator::Low),
            _ => None,
        };
        // *Could not measure* has no values: it is listed with none.
        if (component.value.is_some() || comparator.is_some())
            && let Some(reading) = readings.last_mut()
        {
            reading
                .values
                .insert(component.component, Quantity { value: component.value, unit: component.unit, comparator });
        }
    }
    let more = i64::try_from(readings.len()).is_ok_and(|read| read >= PAGE_READINGS);
    Ok(Json(Readings { whom: person.handle, readings, more }))
}

/// Who opened a person's own record, on their own device, or on a carer's if the person agreed that they see the record.
pub async fn access_log(
    State(ingest): State<Arc<Ingest>>,
    Extension(Visitor(from)): Extension<Visitor>,
    whose: Whose,
    Proven { device, .. }: Proven,
) -> Result<Json<AccessLog>, Refused> {
    let person = whose_record(&ingest, &device, &whose, Act::OwnAccessLogRead, from).await?;
    let opened =
        audit_seen::of_patient(&ingest.parts.store.ingest, person.patient, whose.before, PAGE_ACCESSES).await?;
    let more = i32::try_from(opened.len()).is_ok_and(|read| read >= PAGE_ACCESSES);
    let entries = opened.into_iter().map(|opened| Access {
        number: opened.audit,
        at: opened.at,
        who: opened.name,
        profession: opened.profession,
        organisation: opened.organisation,
        team: opened.team,
        did: Act::named(&opened.what).map_or(opened.what.clone(), |act| act.words().to_owned()),
        why: opened.why,
        emergency: opened.what == Act::GlassBroken.name(),
    });
    Ok(Json(AccessLog { whom: person.handle, entries: entries.collect(), more }))
}

/// Whose record is asked for: the device's own patient's, or of somebody who agreed that this carer sees it. The look is on record.
async fn whose_record(
    ingest: &Ingest,
    device: &Device,
    whose: &Whose,
    act: Act,
    from: IpAddr,
) -> Result<Person, Refused> {
    let person = person(ingest, device, whose.whom.as_deref()).await?;
    let own = device.own == Some(person.patient);
    if !own && !carer::sees_record(&ingest.parts.store.ingest, device.device, person.patient).await? {
        return Err(not_theirs());
    }
    let look = Entry::new(Actor::Device(device.device), act, ingest.parts.clock.machine_now());
    let look = look.about(person.patient, person.organisation).from_address(from);
    audit::write_look(&mut *ingest.parts.store.ingest.acquire().await?, &look).await?;
    Ok(person)
}

/// What was asked, and the device that signed exactly this request, with a nonce that had not been used.
pub struct Proven {
    pub device: Device,
    pub body: Bytes,
}

impl FromRequest<Arc<Ingest>> for Proven {
    type Rejection = Refused;

    async fn from_request(request: Request, ingest: &Arc<Ingest>) -> Result<Self, Refused> {
        let (head, body) = request.into_parts();
        let body = Bytes::from_request(Request::from_parts(head.clone(), body), ingest).await.map_err(too_big)?;
        Ok(Self { device: signed_by(ingest, &head, &body).await?, body })
    }
}

async fn signed_by(ingest: &Ingest, head: &Parts, body: &[u8]) -> Result<Device, Refused> {
    let unauthorised = |reason, detail: &str| Refused::With(StatusCode::UNAUTHORIZED, Refusal::new(reason, detail));
    let token = head.headers.get(PROOF_HEADER).and_then(|value| value.to_str().ok());
    let claimed: Option<HttpProof> = token.and_then(proof::claimed);
    let (Some(token), Some(claimed)) = (token, claimed) else {
        return Err(unauthorised(Reason::ProofInvalid, PROOF_NEEDED));
    };
    let device = ingest.lookups.device.ask(claimed.iss).await?;
    let Some(device) = device.filter(|device| !device.revoked) else {
        return Err(unauthorised(
            Reason::NotEnrolled,
            "this device is not enrolled, or no longer: enrol with a new code",
        ));
    };
    let expected = HttpProof {
        iss: device.device,
        aud: ingest.origin.to_string(),
        nonce: claimed.nonce,
        iat: claimed.iat,
        htm: head.method.as_str().to_owned(),
        htu: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        body_sha256: BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, body)),
    };
    if !proof::holds(token, &device.public_key, &expected) {
        return Err(unauthorised(Reason::ProofInvalid, PROOF_NEEDED));
    }
    let now = ingest.parts.clock.machine_now();
    let made_at = http_challenge::take(&ingest.parts.store.ingest, &expected.nonce, now).await?;
    if made_at.map(|made_at| made_at.as_second()) != Some(expected.iat) {
        return Err(unauthorised(
            Reason::NonceUnknown,
            "the nonce was used, is too old, or is not of the time in `iat`; ask for another",
        ));
    }
    let care_now = ingest.parts.clock.care_now();
    if device.heard_at.is_none_or(|heard_at| care_now.duration_since(heard_at) > HEARD_EVERY) {
        device::heard(&ingest.parts.store.ingest, device.device, care_now).await?;
    }
    Ok(device)
}

pub async fn person(ingest: &Ingest, device: &Device, handle: Option<&str>) -> Result<Person, Refused> {
    let people = device::people(&ingest.parts.store.ingest, device.device).await?;
    let wanted = |person: &Person| match handle {
        Some(handle) => person.handle == handle,
        None => Some(person.patient) == device.own,
    };
    people.into_iter().find(wanted).ok_or_else(not_theirs)
}

fn too_big(error: BytesRejection) -> Refused {
    let detail = format!("the body could not be taken: {error}; at most {} bytes are", Limits::V1.frame_bytes);
    Refused::With(error.status(), Refusal::new(Reason::BatchTooBig, detail))
}

fn not_theirs() -> Refused {
    Refused::With(StatusCode::FORBIDDEN, Refusal::new(Reason::ForUnknown, "this device may not ask about that person"))
}
