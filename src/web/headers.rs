//! What every answer tells the browser not to do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Web;

/// No script, style, font or connection but our own; nobody frames us but the demo's stage.
pub async fn secure(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let stage = web.parts.config.stage_origin.as_deref();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {}",
        stage.map_or_else(|| "'none'".to_owned(), |origin| format!("'self' {origin}")),
    );
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        // Only a stage origin with odd characters could fail, and then the page must not be shown in any frame.
        let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("frame-ancestors 'none'"));
        headers.insert(name, value);
    };
    set(header::CONTENT_SECURITY_POLICY, &policy);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    if stage.is_none() {
        set(header::X_FRAME_OPTIONS, "DENY");
    }
    if web.secure {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// Patients' data is nowhere kept on the way: not by the browser, not by a proxy.
pub async fn keep_private(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
