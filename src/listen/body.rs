//! A request's body must come to its end in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use mobile_api::refusal::Reason;
use tokio::time::Sleep;

use crate::ingest::counters;

/// The biggest body at 2 kB a second.
const BODY_LIMIT: Duration = Duration::from_secs(30);

/// Ends with an error when it does not end in time.
#[derive(Debug)]
pub struct InTime {
    body: Incoming,
    /// None: there is nothing to wait for.
    limit: Option<Pin<Box<Sleep>>>,
}

impl InTime {
    pub fn new(body: Incoming) -> Self {
        let limit = (!body.is_end_stream()).then(|| Box::pin(tokio::time::sleep(BODY_LIMIT)));
        Self { body, limit }
    }
}

impl Body for InTime {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if self.limit.as_mut().is_none_or(|limit| limit.as_mut().poll(cx).is_pending()) {
            return Poll::Pending;
        }
        counters::count(Reason::TooSlow);
        Poll::Ready(Some(Err("it did not come in time".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
