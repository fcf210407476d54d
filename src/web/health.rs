//! Does the process answer (`/health/live`), could it take a reading now (`/health/ready`), and do its loops turn
//! (`/health/loops`). Nobody has to sign in: what is said is about the service alone.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::Web;
use crate::progress::Standing;
use crate::store::health::{self, NotReady};

const ANSWER_WITHIN: Duration = Duration::from_secs(2);

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/health/live", get(live)).route("/health/ready", get(ready)).route("/health/loops", get(loops))
}

type Answer = (StatusCode, Json<Value>);

fn well(state: &str) -> Answer {
    (StatusCode::OK, Json(json!({ "state": state })))
}

fn unwell(state: &str) -> Answer {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "state": state })))
}

async fn live() -> Answer {
    well("live")
}

async fn ready(State(web): State<Arc<Web>>) -> Answer {
    if web.parts.lifecycle.stopping.is_cancelled() {
        return unwell("ending");
    }
    let pool = web.parts.store.ingest.clone();
    // In a task of its own: a probe that is dropped must not drop a statement.
    let asked = tokio::spawn(async move { health::look(&pool).await });
    match tokio::time::timeout(ANSWER_WITHIN, asked).await {
        Ok(Ok(Ok(None))) => well("ready"),
        Ok(Ok(Ok(Some(NotReady::Migrations)))) => unwell("the database's tables are of another version"),
        Ok(Ok(Ok(Some(NotReady::Durability)))) => unwell("the database's settings are not durable"),
        _ => unwell("the database does not answer"),
    }
}

#[derive(Serialize)]
struct Loop {
    name: &'static str,
    state: &'static str,
    /// Since its last turn ended well.
    age_seconds: f64,
    limit_seconds: f64,
}

async fn loops(State(web): State<Arc<Web>>) -> Answer {
    let lifecycle = &web.parts.lifecycle;
    let loops = lifecycle.progress.look();
    let shown = |state| Json(json!({ "state": state, "loops": loops.iter().map(as_shown).collect::<Vec<_>>() }));
    if lifecycle.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, shown("ending"))
    } else if lifecycle.is_resting() {
        // Whoever steps care time does their work.
        (StatusCode::OK, shown("resting"))
    } else if loops.iter().any(Standing::stands_still) {
        (StatusCode::SERVICE_UNAVAILABLE, shown("standing still"))
    } else {
        (StatusCode::OK, shown("turning"))
    }
}

fn as_shown(standing: &Standing) -> Loop {
    Loop {
        name: standing.name,
        state: if standing.stands_still() { "standing still" } else { "turning" },
        age_seconds: standing.age.as_secs_f64(),
        limit_seconds: standing.limit.as_secs_f64(),
    }
}
