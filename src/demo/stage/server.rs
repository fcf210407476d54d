//! The stage's own small web server. It listens beside the service, on the same host name and another port, so the
//! session cookie it hands over serves the framed pages of the service too (cookies do not know ports).
//!
//! There is one way in: the link that was printed, which holds a token. Whoever opens it first gets a cookie of the stage's
//! own and the co-ordinator's session; after that the token opens nothing for anybody else.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, stream};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::state::{Act, Board, Receipts, State};
use crate::random;
use crate::web::pages;

const COOKIE: &str = "derwent_stage";

/// What the page wants, and where the answer goes: a sentence if it cannot be done now.
#[derive(Debug)]
pub enum Wish {
    Act(Act, oneshot::Sender<Result<(), String>>),
    Receipts(Vec<Uuid>),
}

#[derive(Debug)]
pub struct Door {
    board: Board,
    wishes: mpsc::Sender<Wish>,
    /// In the printed link; gone once used.
    token: Mutex<Option<String>>,
    /// What the browser that came in carries.
    pass: String,
    /// The co-ordinator's session, once she has signed in.
    session: watch::Receiver<Vec<String>>,
    /// Whom the page may show in frames.
    service_origin: watch::Receiver<String>,
}

impl Door {
    pub fn new(
        board: Board,
        wishes: mpsc::Sender<Wish>,
        session: watch::Receiver<Vec<String>>,
        service_origin: watch::Receiver<String>,
    ) -> Self {
        Self { board, wishes, token: Mutex::new(Some(random::token())), pass: random::token(), session, service_origin }
    }

    /// The path to print.
    pub fn way_in(&self) -> String {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        format!("/enter/{}", token.as_deref().unwrap_or_default())
    }

    fn let_in(&self, token: &str) -> bool {
        let mut expected = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let right = expected.as_deref() == Some(token);
        if right {
            *expected = None;
        }
        right
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let carried = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pass = format!("{COOKIE}={}", self.pass);
        carried.flat_map(|cookies| cookies.split("; ")).any(|cookie| cookie == pass)
    }
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, door: Arc<Door>) -> std::io::Result<()> {
    let inside = Router::new()
        .route("/stage/state", get(state))
        .route("/stage/events", get(events))
        .route("/stage/act", post(act))
        .route("/stage/receipts", post(receipts))
        .fallback(page)
        .layer(from_fn_with_state(Arc::clone(&door), known_only));
    let router = Router::new().route("/enter/{token}", get(enter)).merge(inside);
    let router = router.layer(from_fn_with_state(Arc::clone(&door), secure)).with_state(door);
    axum::serve(listener, router).await
}

/// The printed link: hands over the two cookies and goes on to the page.
async fn enter(Shared(door): Shared<Arc<Door>>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    if !door.knows(&headers) && !door.let_in(&token) {
        let sentence = "This link was used by another browser. Stop the demo and start it again for a new one.";
        return (StatusCode::FORBIDDEN, sentence).into_response();
    }
    let mut session = door.session.clone();
    let cookies = match session.wait_for(|cookies| !cookies.is_empty()).await {
        Ok(cookies) => cookies.clone(),
        Err(_) => return (StatusCode::SERVICE_UNAVAILABLE, "The demo has ended.").into_response(),
    };
    let mut response = Redirect::to("/stage/").into_response();
    let own = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", door.pass);
    for cookie in cookies.iter().chain([&own]) {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

async fn known_only(Shared(door): Shared<Arc<Door>>, request: Request, next: Next) -> Response {
    // Another page on this machine must not play the demo's owner: the cookie is strict, and the origin is checked too.
    let headers = request.headers();
    let foreign = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    if !door.knows(headers) || (foreign && request.method() != axum::http::Method::GET) {
        return (StatusCode::FORBIDDEN, "Open the link that the demo printed.").into_response();
    }
    next.run(request).await
}

/// The page loads from here alone and frames the service alone.
async fn secure(Shared(door): Shared<Arc<Door>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let service = door.service_origin.borrow().clone();
    let policy = format!(
        "default-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self' {service}; frame-ancestors 'none'; base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

async fn page(uri: Uri, headers: HeaderMap) -> Response {
    match uri.path() {
        "/" | "/stage" => Redirect::to("/stage/").into_response(),
        "/stage/" => pages::file("stage/index.html", &headers),
        path => pages::file(path.trim_start_matches('/'), &headers),
    }
}

async fn state(Shared(door): Shared<Arc<Door>>) -> Json<State> {
    Json(door.board.watch().borrow().clone())
}

async fn events(Shared(door): Shared<Arc<Door>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut watch = door.board.watch();
    watch.mark_changed();
    let states = stream::unfold(watch, |mut watch| async move {
        watch.changed().await.ok()?;
        let state = watch.borrow_and_update().clone();
        // Plain data: it can always be written.
        let event = Event::default().event("state").json_data(state).ok()?;
        Some((Ok(event), watch))
    });
    Sse::new(states).keep_alive(KeepAlive::default())
}

#[derive(Debug, serde::Deserialize)]
struct Wanted {
    what: Act,
}

async fn act(Shared(door): Shared<Arc<Door>>, Json(wanted): Json<Wanted>) -> Response {
    let (answer, answered) = oneshot::channel();
    if door.wishes.send(Wish::Act(wanted.what, answer)).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "The demo has ended.").into_response();
    }
    match answered.await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(sentence)) => (StatusCode::CONFLICT, sentence).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "The demo has ended.").into_response(),
    }
}

async fn receipts(Shared(door): Shared<Arc<Door>>, Json(receipts): Json<Receipts>) -> StatusCode {
    match door.wishes.send(Wish::Receipts(receipts.ids)).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
