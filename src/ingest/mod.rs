//! What comes from phones: enrolment, sockets, and the way of a submission from the wire to the disk.
//!
//! `upgrade`, `greeting` and `socket` hold the conversation over a `line`, `talk` and `lookups` find what there is to say, `accept` turns the wire into the domain, `writer` stores, `receipt` answers.
//! `http` is the same conversation where no socket can be held, `pauses` who asks to be away, `plan` what a phone shows.

pub mod accept;
pub mod counters;
pub mod enrol;
mod greeting;
mod http;
mod line;
mod lookups;
mod mailbox;
mod next;
mod pauses;
mod plan;
mod proof;
pub mod receipt;
pub mod registry;
mod routes;
mod rules;
mod socket;
mod talk;
mod together;
pub mod upgrade;
pub mod writer;

use std::sync::Arc;

use alert_rules::Rulebook;
use axum::Router;
use axum::http::Method;
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use crate::parts::Parts;
use lookups::Lookups;
use registry::Registry;
use rules::Rules;
use writer::Writer;

/// What phones may have handed over and not yet got receipts for, as it lies in memory; over it their sockets are not read.
pub const UNDECIDED_BYTES: usize = 64 * 1024 * 1024;
/// What phones may be in the middle of saying, beyond the little that each may say for nothing.
const UNFINISHED_BYTES: usize = 64 * 1024 * 1024;

/// How often it is noted that a device still speaks, in care time.
const HEARD_EVERY: SignedDuration = SignedDuration::from_hours(6);

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
    rules: Rules,
}

/// Method and address of everything phones ask over HTTP, and whether it needs a device's proof.
pub fn questions() -> impl Iterator<Item = (Method, &'static str, bool)> {
    let each =
        |route: routes::Route| (route.operation.method, route.operation.path, route.operation.security.is_some());
    routes::routes().into_iter().map(each)
}

pub async fn router(parts: &Parts, writer: &Writer, in_force: &Rulebook, registry: Registry) -> sqlx::Result<Router> {
    let rules = Rules::start(&parts.store.ingest, in_force).await?;
    let ingest = Arc::new(Ingest {
        parts: parts.clone(),
        writer: writer.clone(),
        registry,
        lookups: Lookups::start(parts),
        origin: parts.config.origin(),
        undecided: Arc::new(Semaphore::new(UNDECIDED_BYTES)),
        unfinished: Arc::new(Semaphore::new(UNFINISHED_BYTES)),
        rules,
    });
    counters::start(Arc::clone(&ingest));
    Ok(routes::router().with_state(ingest))
}
