//! Somebody's web server that takes webhooks, or a browser's push service, and remembers what it was sent. The path says how it behaves: `/accepts`, `/gone`,
//! `/broken`, `/elsewhere` (a redirect to `/accepts`).

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;

use super::leftover::{Inlet, Received};

#[derive(Clone, Debug)]
pub struct Delivery {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Delivery {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("text")
    }
}

pub struct Hook {
    deliveries: Received<Delivery>,
    address: SocketAddr,
}

impl Hook {
    pub async fn start() -> Self {
        let (deliveries, inlet) = Received::new("a delivery");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/{path}", post(take)).with_state(inlet);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { deliveries, address }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}/{path}", self.address.port())
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.all()
    }
}

async fn take(
    State(deliveries): State<Inlet<Delivery>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    deliveries.push(Delivery { path: path.clone(), headers, body });
    match path.as_str() {
        "gone" => StatusCode::GONE.into_response(),
        "broken" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "elsewhere" => Redirect::temporary("/accepts").into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}
