//! A question of the staff API as `routes.rs` writes it down: what is said of it there is all that anybody knows of it.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};
use schemars::JsonSchema;

use super::access::Access;
use super::{Web, api};
use crate::openapi::{self, Answer, Describe, Operation};

/// How the document names the session's cookie.
pub const SESSION: &str = "session";

/// One question.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    /// With `{patient}`, `{alert}`, … for the objects it names.
    pub path: &'static str,
    pub access: Access,
    summary: &'static str,
    /// Answers that are no success beyond those its access and its parameters bring.
    refuses: &'static [u16],
    takes: Option<Describe>,
    pub query: Option<Describe>,
    answers: Answers,
    pub router: Router<Arc<Web>>,
}

/// What a success looks like.
#[derive(Clone, Copy, Debug)]
enum Answers {
    /// 200 with this body.
    Json(Describe),
    /// 204.
    Nothing,
    /// 200, server-sent events of this shape until the browser leaves.
    Events(Describe),
}

impl Route {
    pub fn new<H, T>(method: &Method, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, Arc<Web>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        Self {
            method: method.clone(),
            path,
            access,
            summary,
            refuses: &[],
            takes: None,
            query: None,
            answers: Answers::Nothing,
            router: Router::new().route(path, on(filter, handler)),
        }
    }

    pub fn takes<T: JsonSchema>(mut self) -> Self {
        self.takes = Some(openapi::of::<T>());
        self
    }

    pub fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(T::json_schema);
        self
    }

    pub fn answers<T: JsonSchema>(mut self) -> Self {
        self.answers = Answers::Json(openapi::of::<T>());
        self
    }

    pub fn tells<T: JsonSchema>(mut self) -> Self {
        self.answers = Answers::Events(openapi::of::<T>());
        self
    }

    pub fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.refuses = statuses;
        self
    }

    pub fn operation(&self) -> Operation {
        let success = match self.answers {
            Answers::Nothing => Answer { status: 204, meaning: "Done", body: None },
            Answers::Json(describe) => {
                Answer { status: 200, meaning: "As asked", body: Some(("application/json", describe)) }
            }
            Answers::Events(describe) => {
                Answer { status: 200, meaning: "News", body: Some(("text/event-stream", describe)) }
            }
        };
        let failure = ("application/json", openapi::of::<api::Failure>());
        let refusals =
            self.refusals().into_iter().map(|status| Answer { status, meaning: meaning(status), body: Some(failure) });
        Operation {
            method: self.method.clone(),
            path: self.path,
            summary: self.summary,
            takes: self.takes,
            query: self.query,
            security: (self.access != Access::Anyone).then_some(SESSION),
            answers: std::iter::once(success).chain(refusals).collect(),
        }
    }

    /// Every answer that is no success, by what the route is.
    fn refusals(&self) -> Vec<u16> {
        let mut statuses = vec![503];
        if self.access != Access::Anyone {
            statuses.push(401);
        }
        if matches!(self.access, Access::May(_) | Access::RuleOwner) || !self.method.is_safe() {
            statuses.push(403);
        }
        if self.query.is_some() || self.takes.is_some() {
            statuses.push(400);
        }
        if self.takes.is_some() {
            statuses.extend([413, 415, 422]);
        }
        if openapi::named(self.path).next().is_some() {
            statuses.push(404);
        }
        statuses.extend(self.refuses);
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 | 422 => "The request cannot be read; the message says where",
        401 => "Not signed in, or not rightly",
        403 => "One's role does not include this, or the request came from another site",
        404 => "Not there, or not within one's reach",
        409 => "Somebody else was first, or it is over",
        413 => "Too long",
        415 => "Not JSON",
        429 => "Too many tries",
        502 => "Another server, of mails or of sign-ins, does not answer",
        _ => "Busy: try again in a few seconds",
    }
}
