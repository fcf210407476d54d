//! Every address a phone may ask, in one table: the router, the OpenAPI document and the access matrix of the tests are made of it.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, get, on};
use axum::{Json, Router};
use mobile_api::SOCKET_PATH;
use mobile_api::http::{
    AccessLog, EnrolRequest, Enrolled, HttpChallenge, HttpRefused, PauseAsked, Readings, Submissions,
};
use mobile_api::limits::Limits;
use mobile_api::message::Receipt;
use mobile_api::plan::Plan;
use mobile_api::proof::PROOF_HEADER;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::{Ingest, enrol, http, pauses, upgrade};
use crate::openapi::{self, Answer, Describe, Operation};

/// How the document names the proof.
const PROOF: &str = "proof";

/// One question over HTTP.
#[derive(Debug)]
pub struct Route {
    /// What it takes and answers.
    pub operation: Operation,
    router: Router<Arc<Ingest>>,
}

impl Route {
    fn new<H, T>(method: &Method, path: &'static str, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, Arc<Ingest>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        let operation = Operation {
            method: method.clone(),
            path,
            summary,
            takes: None,
            query: None,
            security: None,
            answers: Vec::new(),
        };
        Self { operation, router: Router::new().route(path, on(filter, handler)) }
    }

    /// Only with a proof by an enrolled device, over exactly this request.
    fn proven(mut self) -> Self {
        self.operation.security = Some(PROOF);
        self.refuses(401, "No proof, or one that does not hold, or of a device that is enrolled no more")
    }

    fn takes<T: JsonSchema>(mut self) -> Self {
        self.operation.takes = Some(openapi::of::<T>());
        self.refuses(400, "It cannot be read; the detail says where").refuses(413, "Too long")
    }

    fn about_somebody(mut self) -> Self {
        self.operation.query = Some(http::Whose::json_schema);
        self.refuses(400, "The address cannot be read").refuses(403, "Not somebody this device may ask about")
    }

    fn answers<T: JsonSchema>(self, status: u16, meaning: &'static str) -> Self {
        self.answer(status, meaning, Some(openapi::of::<T>()))
    }

    fn refuses(self, status: u16, meaning: &'static str) -> Self {
        self.answer(status, meaning, Some(openapi::of::<HttpRefused>()))
    }

    fn answer(mut self, status: u16, meaning: &'static str, body: Option<Describe>) -> Self {
        let body = body.map(|describe| ("application/json", describe));
        self.operation.answers.push(Answer { status, meaning, body });
        self
    }
}

pub fn routes() -> Vec<Route> {
    const GET: &Method = &Method::GET;
    const POST: &Method = &Method::POST;
    let busy = "Nothing was changed; try again";
    vec![
        Route::new(GET, "/mobile/v1/openapi.json", document, "This document")
            .answers::<Map<String, Value>>(200, "This document"),
        Route::new(POST, "/mobile/v1/enrol", enrol::enrol, "A code, a date of birth and a key become a device")
            .takes::<EnrolRequest>()
            .answers::<Enrolled>(201, "Enrolled, now or before with the same key")
            .refuses(403, "The code and the date of birth do not fit, or the code is used or too old")
            .refuses(422, "The key is none")
            .refuses(503, busy),
        Route::new(POST, "/mobile/v1/challenge", http::challenge, "A nonce for one proof")
            .answers::<HttpChallenge>(200, "The nonce")
            .refuses(503, busy),
        Route::new(POST, "/mobile/v1/submissions", http::submissions, "What a phone measured and was told")
            .proven()
            .takes::<Submissions>()
            .answers::<Receipt>(200, "What came of each item")
            .refuses(503, "It is not known what was stored; send it again"),
        Route::new(GET, "/mobile/v1/plan", http::plan, "What a person is asked to do")
            .proven()
            .about_somebody()
            .answers::<Plan>(200, "The plan")
            .answer(204, "Nobody has made one yet", None)
            .refuses(503, busy),
        Route::new(POST, "/mobile/v1/pauses", pauses::ask, "A person will be away, and somebody decides about it")
            .proven()
            .about_somebody()
            .takes::<PauseAsked>()
            .answer(204, "A person of the team reads it", None)
            .refuses(503, busy),
        Route::new(GET, "/mobile/v1/readings", http::readings, "A person's own readings")
            .proven()
            .about_somebody()
            .answers::<Readings>(200, "Oldest first")
            .refuses(503, busy),
        Route::new(GET, "/mobile/v1/access-log", http::access_log, "Who opened a person's own record")
            .proven()
            .about_somebody()
            .answers::<AccessLog>(200, "Newest first")
            .refuses(503, busy),
    ]
}

pub fn router() -> Router<Arc<Ingest>> {
    routes()
        .into_iter()
        .fold(Router::new(), |all, route| all.merge(route.router))
        .layer(DefaultBodyLimit::max(Limits::V1.frame_bytes))
        .route(SOCKET_PATH, get(upgrade::upgrade))
}

/// `GET /mobile/v1/openapi.json`
async fn document() -> Json<Value> {
    let about = json!({
        "title": "Derwent, what phones ask over HTTP",
        "description": "For where no socket can be held. The conversation itself is described in mobile-api/README.md.",
    });
    let security = json!({ PROOF: { "type": "apiKey", "in": "header", "name": PROOF_HEADER } });
    let operations: Vec<Operation> = routes().into_iter().map(|route| route.operation).collect();
    Json(openapi::document(about, security, &operations))
}
