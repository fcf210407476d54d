//! The stage's own small web server. It listens beside the service, on the same host name and another port, so the
//! session cookie it hands over serves the framed pages of the service too (cookies do not know ports).
//!
//! There is one way in: the link that was printed, which holds a token. Whoever opens it first gets a cookie of the stage's
//! own at once; after that the token opens nothing for anybody else. The co-ordinator's session is handed over with the
//! stage's state as soon as there is one, together with the addresses of the pages that need it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
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
}

impl Door {
    pub fn new(board: Board, wishes: mpsc::Sender<Wish>, session: watch::Receiver<Vec<String>>) -> Self {
        Self { board, wishes, token: Mutex::new(Some(random::token())), pass: random::token(), session }
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
    axum::serve(listener, router(door)).await
}

fn router(door: Arc<Door>) -> Router {
    let inside = Router::new()
        .route("/stage/state", get(state))
        .route("/stage/events", get(events))
        .route("/stage/act", post(act))
        .route("/stage/receipts", post(receipts))
        .fallback(page)
        .layer(from_fn_with_state(Arc::clone(&door), known_only));
    Router::new().route("/enter/{token}", get(enter)).merge(inside).layer(from_fn(secure)).with_state(door)
}

/// The printed link: hands over the stage's cookie and goes on to the page.
async fn enter(Shared(door): Shared<Arc<Door>>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    if !door.knows(&headers) && !door.let_in(&token) {
        let sentence = "This link was used by another browser. Stop the demo and start it again for a new one.";
        return (StatusCode::FORBIDDEN, sentence).into_response();
    }
    let own = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", door.pass);
    with_cookies(Redirect::to("/stage/").into_response(), &[own])
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
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

/// The page loads from here alone and frames this machine alone: the service's port is not known when the page is opened.
async fn secure(request: Request, next: Next) -> Response {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self' http://localhost:*; \
         frame-ancestors 'none'; base-uri 'none'",
    );
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
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

async fn state(Shared(door): Shared<Arc<Door>>) -> Response {
    let state = door.board.watch().borrow().clone();
    let session = door.session.borrow().clone();
    // A frame that opened before its session is here would ask to sign in.
    let state = if session.is_empty() { without_frames(state) } else { state };
    with_cookies(Json(state).into_response(), &session)
}

fn without_frames(state: State) -> State {
    State { worklist_url: None, chart_url: None, ..state }
}

async fn events(Shared(door): Shared<Arc<Door>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut watch = door.board.watch();
    watch.mark_changed();
    let states = stream::unfold(watch, |mut watch| async move {
        watch.changed().await.ok()?;
        // A stream that runs can hand over no cookie: the page asks for the state once more.
        let state = without_frames(watch.borrow_and_update().clone());
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;
    use crate::demo::stage::state::ServiceState;

    fn board() -> Board {
        Board::new(State {
            care_now: jiff::Timestamp::UNIX_EPOCH,
            time_zone: "Europe/London".into(),
            service: ServiceState::Up,
            progress: None,
            phone_url: None,
            worklist_url: Some("http://localhost:1/staff/".into()),
            chart_url: None,
            stored: 0,
            judged: 0,
            lost: 0,
            inbox: Vec::new(),
            said: None,
        })
    }

    async fn ask(router: &Router, path: &str, cookie: &str) -> (StatusCode, Vec<String>, String) {
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let cookies = cookies.map(|cookie| cookie.to_str().expect("text").to_owned()).collect();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 100_000).await.expect("a body");
        (status, cookies, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn the_link_opens_at_once_and_again_for_the_same_browser_and_the_session_follows() {
        let (wishes, _kept) = mpsc::channel(1);
        let (session, session_seen) = watch::channel(Vec::new());
        let door = Arc::new(Door::new(board(), wishes, session_seen));
        let link = door.way_in();
        let router = router(door);
        assert_eq!(ask(&router, "/stage/state", "").await.0, StatusCode::FORBIDDEN);

        let (status, cookies, _) = ask(&router, &link, "").await;
        assert_eq!((status, cookies.len()), (StatusCode::SEE_OTHER, 1));
        let pass = cookies[0].split(';').next().expect("a cookie").to_owned();
        assert_eq!(ask(&router, &link, &pass).await.0, StatusCode::SEE_OTHER);
        assert_eq!(ask(&router, &link, "derwent_stage=guessed").await.0, StatusCode::FORBIDDEN);

        let (_, cookies, state) = ask(&router, "/stage/state", &pass).await;
        assert!(cookies.is_empty() && state.contains(r#""worklist_url":null"#), "{state}");
        session.send_replace(vec!["derwent_session=ida; Path=/".to_owned()]);
        let (_, cookies, state) = ask(&router, "/stage/state", &pass).await;
        assert_eq!(cookies, ["derwent_session=ida; Path=/"]);
        assert!(state.contains("http://localhost:1/staff/"), "{state}");
    }
}
