//! What comes from phones: enrolment, sockets, and the way of a submission from the wire to the disk.
//!
//! `upgrade` and `socket` hold the conversation, `accept` turns the wire into the domain, `writer` stores, `receipt` answers.

pub mod accept;
pub mod enrol;
mod proof;
mod receipt;
mod registry;
mod socket;
mod upgrade;
pub mod writer;

use std::collections::BTreeSet;
use std::sync::Arc;

use alert_rules::rule::Rulebook;
use axum::Router;
use axum::routing::{get, post};
use mobile_api::SOCKET_PATH;
use tokio::sync::Semaphore;

use crate::parts::Parts;
use registry::Registry;
use writer::Writer;

/// Connections that have not proven who they are yet.
const DOORSTEP_CONNECTIONS: usize = 2_000;
/// What phones may have handed over and not yet got receipts for; over it their sockets are not read.
const UNDECIDED_BYTES: usize = 64 * 1024 * 1024;

/// What the handlers share.
#[derive(Clone, Debug)]
pub struct Ingest {
    parts: Parts,
    writer: Writer,
    registry: Registry,
    /// Audience of every proof, and the only page that may open a socket.
    origin: Arc<str>,
    doorstep: Arc<Semaphore>,
    undecided: Arc<Semaphore>,
    questionnaires: Arc<BTreeSet<String>>,
}

impl Ingest {
    fn knows_questionnaire(&self, name: &str) -> bool {
        self.questionnaires.contains(name)
    }
}

pub fn router(parts: &Parts, writer: &Writer, rulebook: &Rulebook) -> Router {
    let ingest = Ingest {
        parts: parts.clone(),
        writer: writer.clone(),
        registry: Registry::start(parts),
        origin: parts.config.origin().into(),
        doorstep: Arc::new(Semaphore::new(DOORSTEP_CONNECTIONS)),
        undecided: Arc::new(Semaphore::new(UNDECIDED_BYTES)),
        questionnaires: Arc::new(questionnaires(rulebook)),
    };
    Router::new()
        .route(SOCKET_PATH, get(upgrade::upgrade))
        .with_state(ingest)
        .route("/mobile/v1/enrol", post(enrol::enrol))
        .with_state(parts.clone())
}

/// The ids of the questionnaires of all packs.
fn questionnaires(rulebook: &Rulebook) -> BTreeSet<String> {
    let files = rulebook.files().iter().filter(|(path, _)| path.ends_with("questionnaire.json"));
    files
        .filter_map(|(_, text)| serde_json::from_str::<serde_json::Value>(text).ok())
        .filter_map(|questionnaire| questionnaire.get("id")?.as_str().map(str::to_owned))
        .collect()
}
