//! A pager service on loopback that takes Events v2 as published and remembers what it was sent.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::leftover::{Inlet, Received};

pub struct Pager {
    events: Received<Value>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    address: SocketAddr,
}

/// What it does instead of taking what comes.
#[derive(Clone, Copy)]
pub enum Answer {
    Status(u16),
    /// Nothing at all.
    Silence,
}

#[derive(Clone)]
struct Inside {
    events: Inlet<Value>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Pager {
    pub async fn start() -> Self {
        let (events, inlet) = Received::new("a pager event");
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let inside = Inside { events: inlet, answers: Arc::clone(&answers) };
        let router = Router::new().route("/v2/enqueue", post(enqueue)).with_state(inside);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { events, answers, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v2/enqueue", self.address)
    }

    /// The next answers.
    pub fn refuse(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().expect("not poisoned").extend(answers);
    }

    /// What it took.
    pub fn events(&self) -> Vec<Value> {
        self.events.all()
    }

    /// Waits until what has come is as wanted; panics after ten seconds.
    pub async fn wait_until(&self, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        self.events.wait_until(wanted).await
    }

    /// Waits until `count` events have come; panics after ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        self.events.wait_until(|events| events.len() >= count).await
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

async fn enqueue(State(inside): State<Inside>, body: Bytes) -> (StatusCode, Json<Value>) {
    let answer = inside.answers.lock().expect("not poisoned").pop_front();
    if let Some(Answer::Silence) = answer {
        std::future::pending::<()>().await;
    }
    if let Some(Answer::Status(status)) = answer {
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
    inside.events.push(event);
    (StatusCode::ACCEPTED, Json(json!({ "status": "success", "message": "Event processed", "dedup_key": dedup_key })))
}
