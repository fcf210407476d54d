//! What browsers ask for: the staff API, sign-in, news, and the pages themselves.
//! Phones speak with `ingest`; nothing here knows of it.
//!
//! A request passes, from outside in: request id, trace, security headers, compression, panic guard, time limit, size limit;
//! those that change something then the same-origin check; and handlers of the API run in a task of their own, so that a
//! browser that leaves cancels no statement halfway.

mod access;
mod address;
mod alerts;
mod answers;
pub mod api;
mod as_judged;
mod audit;
mod backtest;
mod break_glass;
mod caller;
mod contacts;
mod cookies;
mod doubted;
mod drawn;
mod events;
mod extract;
mod failure;
mod find_person;
mod headers;
mod health;
mod limits;
mod me;
pub mod pages;
mod paging;
mod patient;
mod patients;
mod phones;
mod plan;
mod reach;
mod reason;
mod roster;
mod route;
mod routes;
mod rulebook;
mod rules;
mod same_origin;
mod scores;
mod sentence;
mod series;
mod session;
mod shadow;
mod sign_in;
mod staff;
mod text_messages;
mod thin;
mod words;
mod worklist;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tracing::Level;
use uuid::Uuid;

use crate::mail::Mailer;
use crate::openapi;
use crate::parts::Parts;
use crate::random;
use crate::telemetry;
pub use access::{Access, Right};
use failure::Failure;
pub use sign_in::{invite, password, totp};

const REQUEST_LIMIT: Duration = Duration::from_secs(30);
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// Passwords compared at once.
const COMPARISONS: usize = 2;
/// Who may wait for it.
const SIGNING_IN: usize = 32;
/// Browsers listening for news at once.
const STREAMS: usize = 2_000;

/// What the handlers share.
#[derive(Debug)]
struct Web {
    parts: Parts,
    /// The origin is https: cookies may travel over nothing else.
    secure: bool,
    mailer: Mailer,
    passkeys: Option<webauthn_rs::Webauthn>,
    openid: sign_in::openid::OpenId,
    /// By client id.
    provider_secrets: Vec<(String, crate::secret::Secret)>,
    waiting: Semaphore,
    comparing: Semaphore,
    streams: Arc<Semaphore>,
    /// One at a time.
    backtesting: Semaphore,
    rulebook: rulebook::Cache,
}

/// Every question of the staff API, for tests that must try each of them.
pub fn questions() -> Vec<Question> {
    routes::routes()
        .into_iter()
        .map(|route| Question {
            query: route.query.map(openapi::query_names).unwrap_or_default(),
            method: route.method,
            path: route.path,
            access: route.access,
        })
        .collect()
}

/// A route as the access matrix sees it.
#[derive(Debug)]
pub struct Question {
    pub method: Method,
    pub path: &'static str,
    /// What may stand behind the `?`.
    pub query: Vec<String>,
    pub access: Access,
}

/// Everything browsers may ask for.
///
/// # Errors
/// Without a mail server that could be asked.
pub fn router(parts: &Parts) -> anyhow::Result<Router> {
    let mailer = Mailer::open(&parts.config, &parts.config.origin())?;
    let web = Arc::new(Web {
        parts: parts.clone(),
        secure: parts.config.origin().starts_with("https:"),
        mailer,
        passkeys: sign_in::passkey::of_origin(&parts.config.origin()),
        openid: sign_in::openid::OpenId::new()?,
        provider_secrets: sign_in::provider::secrets(parts.config.provider_secrets.as_ref()),
        waiting: Semaphore::new(SIGNING_IN),
        comparing: Semaphore::new(COMPARISONS),
        streams: Arc::new(Semaphore::new(STREAMS)),
        backtesting: Semaphore::new(1),
        rulebook: rulebook::Cache::default(),
    });
    let api = routes::router(&web)
        .route("/api/{*rest}", axum::routing::any(|| async { Failure::not_found() }))
        .method_not_allowed_fallback(|| async {
            Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This address takes another kind of request.",
            )
        })
        .layer(from_fn(uncancelled))
        .layer(from_fn_with_state(Arc::clone(&web), same_origin::check))
        .layer(from_fn(headers::keep_private));
    // Not of our pages, so not held to come from them.
    let told = Router::new()
        .route("/notify/text-messages", axum::routing::post(text_messages::receive))
        .layer(from_fn(uncancelled));
    let request_id = HeaderName::from_static("x-request-id");
    Ok(Router::new()
        .merge(api)
        .merge(told)
        .merge(health::router())
        .route("/calendar/{file}", axum::routing::get(roster::calendar::fetch))
        .fallback(pages::page)
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_LIMIT))
        .layer(CatchPanicLayer::custom(|_| Failure::internal().into_response()))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(Arc::clone(&web), headers::secure))
        .layer(PropagateRequestIdLayer::new(request_id.clone()))
        // What broke says so itself; an answer of 503 is no work for anybody.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(DefaultOnFailure::new().level(Level::WARN)))
        .layer(SetRequestIdLayer::new(request_id, NewRequestId))
        .with_state(web))
}

/// `make web` ran before this binary was built.
pub fn has_pages() -> bool {
    pages::are_built()
}

/// Finishes what was begun even if the browser has gone: a dropped statement would leave its connection unusable,
/// and with sqlx 0.9 a dropped `begin` even inside an open transaction.
async fn uncancelled(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(how = telemetry::end_of(&error), "a request's handler broke");
            Failure::internal().into_response()
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        random::new_id().to_string().parse().ok().map(RequestId::new)
    }
}

/// The path's pattern is not known here and its ids are not wanted in logs: method and request id only.
fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    // One that is none of ours came with the request, and could say anything.
    let id: Option<Uuid> = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()?.parse().ok());
    tracing::info_span!("request", method = %request.method(), id = id.map(tracing::field::display))
}
