//! Is the service ready: it is not ending, and its database answers.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Web;
use crate::store;

const ANSWER_WITHIN: Duration = Duration::from_secs(2);

pub async fn health(State(web): State<Arc<Web>>) -> (StatusCode, Json<Value>) {
    if web.parts.lifecycle.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "state": "ending" })));
    }
    let pool = web.parts.store.web.clone();
    // In a task of its own: a probe that is dropped must not drop a statement.
    let asked = tokio::spawn(async move { store::health::answers(&pool).await });
    match tokio::time::timeout(ANSWER_WITHIN, asked).await {
        Ok(Ok(Ok(()))) => (StatusCode::OK, Json(json!({ "state": "ready" }))),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "state": "the database does not answer" }))),
    }
}
