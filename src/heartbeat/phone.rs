//! The phone of the person who does not exist. It asks what any phone asks over HTTP, with a key of its own and a proof over each
//! request, but in this process: TLS, proxies and the network are for a probe from outside.

use anyhow::{Context, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use mobile_api::http::{HttpChallenge, Jwk};
use mobile_api::message::{Outcome, Receipt};
use mobile_api::proof::{HttpProof, PROOF_HEADER};
use mobile_api::time::PhoneTime;
use serde::de::DeserializeOwned;
use serde_json::json;
use tower::ServiceExt;
use uuid::Uuid;

use crate::phone::Key;
use crate::random;

const CHALLENGE: &str = "/mobile/v1/challenge";
const SUBMISSIONS: &str = "/mobile/v1/submissions";
const ANSWER_LIMIT_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub struct Phone {
    pub device: Uuid,
    key: Key,
    origin: String,
}

impl Phone {
    pub fn new(origin: &str) -> anyhow::Result<Self> {
        Ok(Self { device: random::new_id(), key: Key::generate()?, origin: origin.to_owned() })
    }

    pub fn public_key(&self) -> &Jwk {
        self.key.public()
    }

    /// A pulse, taken now. Returns when the service says that it is stored.
    pub async fn measure(&self, phones: &Router, now: Timestamp) -> anyhow::Result<()> {
        let at = PhoneTime::utc(now);
        let item = json!({
            "id": random::new_id(),
            "kind": "reading",
            "taken_at": at,
            "vital": "pulse",
            "values": { "pulse": { "value": 66, "unit": "/min" } },
        });
        let body = json!({ "phone_time": at, "items": [item] }).to_string();
        let HttpChallenge { nonce, server_time, .. } = ask(phones, Request::post(CHALLENGE), String::new()).await?;
        let proof = HttpProof {
            iss: self.device,
            aud: self.origin.clone(),
            nonce,
            iat: server_time.as_second(),
            htm: "POST".to_owned(),
            htu: SUBMISSIONS.to_owned(),
            body_sha256: BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, body.as_bytes())),
        };
        let request = Request::post(SUBMISSIONS).header(PROOF_HEADER, self.key.prove(&proof)?);
        let receipt: Receipt = ask(phones, request, body).await?;
        let [item] = receipt.items.as_slice() else { bail!("its reading got a receipt that is none") };
        match &item.outcome {
            Outcome::Stored { .. } => Ok(()),
            Outcome::Refused(refusal) => bail!("its reading was refused as {}", refusal.reason),
            other => bail!("its reading came to something else than stored: {other:?}"),
        }
    }
}

async fn ask<Answer: DeserializeOwned>(
    phones: &Router,
    request: axum::http::request::Builder,
    body: String,
) -> anyhow::Result<Answer> {
    let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body))?;
    let answer = phones.clone().oneshot(request).await?;
    let status = answer.status();
    ensure!(status.is_success(), "its phone was answered {status}");
    let text = to_bytes(answer.into_body(), ANSWER_LIMIT_BYTES).await.context("the answer to its phone broke off")?;
    serde_json::from_slice(&text).context("the answer to its phone cannot be read")
}
