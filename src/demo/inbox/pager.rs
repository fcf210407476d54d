//! A pager service in the shape of PagerDuty's Events API v2.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Channel, Inbox, Message, letter};

pub async fn serve(listener: TcpListener, inbox: Inbox) {
    let router = Router::new().route("/v2/enqueue", post(enqueue)).with_state(inbox);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the demo's pager endpoint ended; pages go by mail only");
    }
}

async fn enqueue(State(inbox): State<Inbox>, Json(event): Json<Value>) -> (StatusCode, Json<Value>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let subject = text(&event["payload"]["summary"]);
    let answer = json!({ "status": "success", "message": "Event processed", "dedup_key": event["dedup_key"] });
    // That somebody acts, or that it is over, is no message.
    if event["event_action"] != "trigger" {
        return (StatusCode::ACCEPTED, Json(answer));
    }
    inbox.keep(Message {
        id: text(&event["dedup_key"]),
        at: inbox.now(),
        channel: Channel::Pager,
        to: text(&event["routing_key"]),
        priority: letter::priority(&subject),
        subject,
        body: text(&event["payload"]["custom_details"]["text"]),
    });
    (StatusCode::ACCEPTED, Json(answer))
}
