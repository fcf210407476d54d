//! Every answer that is not a success: a status, a code for programs, a sentence for people that says what to do next.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::api;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
}

pub type Answer<T> = Result<T, Failure>;

impl Failure {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Also for what belongs to another organisation: missing and forbidden look alike.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing here. Go back to the worklist and open it from there.",
        )
    }

    pub fn not_signed_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_signed_in",
            "You are not signed in, or your session has ended. Sign in again.",
        )
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The service is busy. Try again in a few seconds.")
    }

    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The service could not do this. Try again; if it happens again, tell whoever runs it.",
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let detail = api::FailureDetail { code: self.code.to_owned(), message: self.message };
        (self.status, Json(api::Failure { error: detail })).into_response()
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                tracing::warn!(%error, "the database did not answer a page in time");
                Self::busy()
            }
            // Never the failing row: PostgreSQL quotes it in the detail, which Display leaves out.
            error => {
                tracing::error!(%error, "a page's statement failed");
                Self::internal()
            }
        }
    }
}
