//! What the stage's page is told: the Rust side of `web/stage/api.ts`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::demo::inbox::Message;

/// Messages the page shows.
pub const INBOX_SHOWN: usize = 50;

/// All of it, each time: the page draws what it is given.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct State {
    pub care_now: Timestamp,
    pub time_zone: String,
    pub service: ServiceState,
    /// Null: ready to play.
    pub progress: Option<Progress>,
    pub phone_url: Option<String>,
    pub worklist_url: Option<String>,
    pub chart_url: Option<String>,
    pub stored: i64,
    pub judged: i64,
    pub lost: i64,
    pub inbox: Vec<Message>,
    pub said: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    Starting,
    Up,
    Killed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub what: String,
    pub done: usize,
    pub total: usize,
}

/// What can be done from the page; Dorothy's own acts are played in her phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    NobodyAnswers,
    Kill,
}

/// Ids that the phone on the stage saw *stored*.
#[derive(Debug, Deserialize)]
pub struct Receipts {
    pub ids: Vec<Uuid>,
}

/// The newest state, and whoever waits for the next.
#[derive(Debug, Clone)]
pub struct Board(Arc<watch::Sender<State>>);

impl Board {
    pub fn new(state: State) -> Self {
        Self(Arc::new(watch::Sender::new(state)))
    }

    pub fn change(&self, change: impl FnOnce(&mut State)) {
        self.0.send_if_modified(|state| {
            let before = state.clone();
            change(state);
            *state != before
        });
    }

    pub fn watch(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }
}
