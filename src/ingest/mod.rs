//! What comes from phones: enrolment, sockets, and the way of a submission from the wire to the disk.
//!
//! `upgrade`, `greeting` and `socket` hold the conversation over a `line`, `talk` and `lookups` find what there is to say, `accept` turns the wire into the domain, `writer` stores, `receipt` answers.
//! `http` is the same conversation where no socket can be held, `plan` what a phone shows.

pub mod accept;
pub mod counters;
pub mod enrol;
mod greeting;
mod http;
mod line;
mod lookups;
mod mailbox;
mod plan;
mod proof;
pub mod receipt;
mod registry;
mod socket;
mod talk;
mod together;
pub mod upgrade;
pub mod writer;

use std::sync::Arc;

use alert_rules::rule::Rulebook;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use mobile_api::SOCKET_PATH;
use mobile_api::limits::Limits;
use tokio::sync::Semaphore;

use crate::parts::Parts;
use lookups::Lookups;
use plan::Plans;
use registry::Registry;
use writer::Writer;

/// What phones may have handed over and not yet got receipts for, as it lies in memory; over it their sockets are not read.
pub const UNDECIDED_BYTES: usize = 64 * 1024 * 1024;
/// What phones may be in the middle of saying, beyond the little that each may say for nothing.
const UNFINISHED_BYTES: usize = 64 * 1024 * 1024;

/// What the handlers share.
#[derive(Debug)]
pub struct Ingest {
    parts: Parts,
    writer: Writer,
    registry: Registry,
    lookups: Lookups,
    /// Audience of every proof, and the only page that may open a socket.
    origin: String,
    undecided: Arc<Semaphore>,
    unfinished: Arc<Semaphore>,
    plans: Plans,
}

pub fn router(parts: &Parts, writer: &Writer, rulebook: &Rulebook) -> Router {
    let ingest = Arc::new(Ingest {
        parts: parts.clone(),
        writer: writer.clone(),
        registry: Registry::start(parts),
        lookups: Lookups::start(parts),
        origin: parts.config.origin(),
        undecided: Arc::new(Semaphore::new(UNDECIDED_BYTES)),
        unfinished: Arc::new(Semaphore::new(UNFINISHED_BYTES)),
        plans: Plans::of_rulebook(rulebook),
    });
    counters::start(Arc::clone(&ingest));
    let enrolment = Router::new().route("/mobile/v1/enrol", post(enrol::enrol)).with_state(parts.clone());
    Router::new()
        .route("/mobile/v1/challenge", post(http::challenge))
        .route("/mobile/v1/submissions", post(http::submissions))
        .route("/mobile/v1/plan", get(http::plan))
        .route("/mobile/v1/readings", get(http::readings))
        .merge(enrolment)
        .layer(DefaultBodyLimit::max(Limits::V1.frame_bytes))
        .route(SOCKET_PATH, get(upgrade::upgrade))
        .with_state(ingest)
}
