//! A pager service on loopback that takes Events v2 as published and remembers what it was sent.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

#[derive(Clone)]
pub struct Pager {
    inner: Arc<Mutex<Inner>>,
    address: SocketAddr,
}

#[derive(Default)]
struct Inner {
    events: Vec<Value>,
    /// Statuses it answers first, instead of taking what comes.
    refuses: VecDeque<u16>,
}

impl Pager {
    pub async fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/v2/enqueue", post(enqueue)).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v2/enqueue", self.address)
    }

    /// The next answers.
    pub fn refuse(&self, statuses: impl IntoIterator<Item = u16>) {
        self.inner.lock().expect("not poisoned").refuses.extend(statuses);
    }

    /// What it took.
    pub fn events(&self) -> Vec<Value> {
        self.inner.lock().expect("not poisoned").events.clone()
    }

    /// Waits until `count` events have come; panics after ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        for _ in 0..1000 {
            let events = self.events();
            if events.len() >= count {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("expected {count} pager events, got {:?}", self.events());
    }
}

/// What the published reference demands.
fn problems(event: &Value, bytes: usize) -> Vec<&'static str> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let action = text(&event["event_action"]);
    let payload = &event["payload"];
    let summary = text(&payload["summary"]).chars().count();
    let demands = [
        (bytes <= 512 * 1024, "Event is larger than 512 KB"),
        (!text(&event["routing_key"]).is_empty(), "'routing_key' is missing or blank"),
        (["trigger", "acknowledge", "resolve"].contains(&action.as_str()), "'event_action' is invalid"),
        (text(&event["dedup_key"]).len() <= 255, "Length of 'dedup_key' is too long"),
        (action == "trigger" || !text(&event["dedup_key"]).is_empty(), "'dedup_key' is missing or blank"),
        (action != "trigger" || (1..=1024).contains(&summary), "'payload.summary' is missing or too long"),
        (action != "trigger" || !text(&payload["source"]).is_empty(), "'payload.source' is missing or blank"),
        (
            action != "trigger"
                || ["critical", "error", "warning", "info"].contains(&text(&payload["severity"]).as_str()),
            "'payload.severity' is invalid",
        ),
    ];
    demands.into_iter().filter(|(met, _)| !met).map(|(_, problem)| problem).collect()
}

async fn enqueue(State(inner): State<Arc<Mutex<Inner>>>, body: Bytes) -> (StatusCode, Json<Value>) {
    let mut inner = inner.lock().expect("not poisoned");
    if let Some(status) = inner.refuses.pop_front() {
        let status = StatusCode::from_u16(status).expect("a status");
        let errors = ["Length of 'routing_key' is incorrect (should be 32 characters)"];
        return (
            status,
            Json(json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors })),
        );
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else {
        let said = json!({ "status": "Unrecognized object", "message": "Event object format is unrecognized", "errors": ["JSON parse error"] });
        return (StatusCode::BAD_REQUEST, Json(said));
    };
    let problems = problems(&event, body.len());
    if !problems.is_empty() {
        let said = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": problems });
        return (StatusCode::BAD_REQUEST, Json(said));
    }
    let dedup_key = event["dedup_key"].clone();
    inner.events.push(event);
    (StatusCode::ACCEPTED, Json(json!({ "status": "success", "message": "Event processed", "dedup_key": dedup_key })))
}
