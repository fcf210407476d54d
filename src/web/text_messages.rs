//! `POST /notify/text-messages`: GOV.UK Notify tells of a text message that came in. Somebody answers a page.
//!
//! It is no question of the staff API: no browser asks it, and whoever has the token that was agreed with Notify is Notify.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Web;
use super::contacts::number;
use super::failure::{Answer, Failure};
use crate::reply;

/// Of what Notify says, what is needed. `source_number` is the sender's, with its country and without a plus.
#[derive(Deserialize)]
struct Received {
    id: String,
    source_number: String,
    message: String,
}

pub async fn receive(State(web): State<Arc<Web>>, headers: HeaderMap, body: Bytes) -> Answer<StatusCode> {
    let token = web.parts.config.sms_reply_token.as_ref().ok_or_else(Failure::not_found)?;
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The lengths of hashes tell nothing of the token's.
    let [given, right] = [given, &format!("Bearer {}", token.expose())].map(Sha256::digest);
    if verify_slices_are_equal(&given, &right).is_err() {
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "wrong_token", "This is not the token that was agreed."));
    }
    let received: Received = serde_json::from_slice(&body)
        .map_err(|_| Failure::bad_request("This is not what GOV.UK Notify says of a received text message."))?;
    let plain = received.source_number.trim();
    let abroad = plain.chars().all(|c| c.is_ascii_digit()) && !plain.starts_with('0');
    let Some(from) = number(&if abroad { format!("+{plain}") } else { plain.to_owned() }) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let key = Sha256::new().chain_update("sms:").chain_update(&received.id).finalize();
    let parts = &web.parts;
    match reply::by_text_message(&parts.store, &parts.clock, &key, &from, &received.message).await? {
        Some(taken) => taken.tell(&parts.signals),
        None => tracing::info!("a text message came from a number that nobody has proven"),
    }
    Ok(StatusCode::NO_CONTENT)
}
