//! `GET /mobile/v1/socket`: what is checked before anybody is known, and how the socket is set up.

use axum::Extension;
use axum::extract::State;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mobile_api::SUBPROTOCOL;
use mobile_api::limits::FRAME_CLOSE_BYTES;

use super::{Ingest, socket};
use crate::listen::Guest;

/// Held for each connection, however silent; axum's own defaults hold 134 KiB. For what is longer, room is made when its length
/// is known.
const READ_BUFFER_BYTES: usize = 512;
/// What a phone that does not read may let pile up before its connection is closed.
const WRITE_BUFFER_BYTES: usize = 256 * 1024;

pub async fn upgrade(
    State(ingest): State<Arc<Ingest>>,
    Extension(guest): Extension<Guest>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if let Some(origin) = headers.get(header::ORIGIN)
        && origin.as_bytes() != ingest.origin.as_bytes()
    {
        // A page of another site, in the browser of somebody who has our app open.
        return (StatusCode::FORBIDDEN, "this page may not open Derwent's socket; open the app at its own address\n")
            .into_response();
    }
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == SUBPROTOCOL) {
        return (StatusCode::BAD_REQUEST, format!("offer the subprotocol {SUBPROTOCOL}\n")).into_response();
    }
    guest.inflow.of_stranger();
    configured(upgrade).protocols([SUBPROTOCOL]).on_upgrade(move |socket| {
        let tasks = ingest.parts.lifecycle.clone();
        // The life cycle waits for the socket's goodbye; the upgrade's own task need not.
        tasks.spawn(socket::converse(ingest, socket, guest));
        std::future::ready(())
    })
}

/// How every socket of ours is set up; `tests/wire/autobahn.rs` holds it against the standard.
pub fn configured(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(FRAME_CLOSE_BYTES)
        .max_frame_size(FRAME_CLOSE_BYTES)
}
