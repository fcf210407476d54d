//! A pager service on loopback that takes Events v2 and remembers what it was sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

#[derive(Clone)]
pub struct Pager {
    events: Arc<Mutex<Vec<Value>>>,
    address: SocketAddr,
}

impl Pager {
    pub async fn start() -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/v2/enqueue", post(enqueue)).with_state(Arc::clone(&events));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { events, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v2/enqueue", self.address)
    }

    pub fn events(&self) -> Vec<Value> {
        self.events.lock().expect("not poisoned").clone()
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

async fn enqueue(State(events): State<Arc<Mutex<Vec<Value>>>>, Json(event): Json<Value>) -> (StatusCode, Json<Value>) {
    let dedup_key = event["dedup_key"].clone();
    events.lock().expect("not poisoned").push(event);
    (StatusCode::ACCEPTED, Json(json!({ "status": "success", "message": "Event processed", "dedup_key": dedup_key })))
}
