//! Requests that change something must come from our own pages (or from no browser, which then says whose it is).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Web;
use super::failure::Failure;

pub async fn check(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_same_origin(request.headers(), &web.parts.config.origin()) {
        return next.run(request).await;
    }
    Failure::new(
        StatusCode::FORBIDDEN,
        "cross_origin",
        "This request did not come from one of this service's own pages. Open the page again and repeat it there.",
    )
    .into_response()
}

/// `Sec-Fetch-Site` is the browser's own word; where it is missing (an old browser, a program), `Origin` must name us.
fn is_same_origin(headers: &HeaderMap, ours: &str) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let to_us = origin.split_once("://").is_some_and(|(_, authority)| text(header::HOST) == Some(authority));
    origin == ours || to_us
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://derwent.example";

    fn from(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), header::HeaderValue::from_static(value)))
            .collect();
        is_same_origin(&headers, OURS)
    }

    #[test]
    fn our_pages_may_and_others_may_not() {
        assert!(from(&[("sec-fetch-site", "same-origin")]));
        assert!(!from(&[("sec-fetch-site", "same-site"), ("origin", OURS)]));
        assert!(!from(&[("sec-fetch-site", "cross-site"), ("origin", OURS)]));
        assert!(!from(&[("sec-fetch-site", "none")]));
    }

    #[test]
    fn without_the_browsers_word_the_origin_decides() {
        assert!(from(&[("origin", OURS), ("host", "10.0.0.1:8080")]));
        assert!(from(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")]));
        assert!(!from(&[("origin", "https://evil.example"), ("host", "derwent.example")]));
        assert!(!from(&[("origin", "null"), ("host", "derwent.example")]));
        assert!(!from(&[("host", "derwent.example")]));
    }
}
