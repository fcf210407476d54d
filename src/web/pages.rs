//! The pages: built by `make web` into `web/dist`, carried inside the binary.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Dist;

/// Single-page applications: an address below that names no file is theirs to understand.
const APPLICATIONS: &[&str] = &["staff", "app"];

pub async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if path.is_empty() {
        return Redirect::to("/staff/").into_response();
    }
    if let Some(file) = Dist::get(path) {
        return send(path, &file, &headers);
    }
    let application = APPLICATIONS.iter().find(|name| path.split('/').next() == Some(name));
    let Some(application) = application.filter(|_| !path.contains('.')) else {
        return (
            StatusCode::NOT_FOUND,
            Html(said("There is no page here.", "Start at <a href=\"/staff/\">the worklist</a>.")),
        )
            .into_response();
    };
    if path == *application {
        // Relative addresses within need the slash.
        return Redirect::to(&format!("/{application}/")).into_response();
    }
    let index = format!("{application}/index.html");
    match Dist::get(&index) {
        Some(file) => send(&index, &file, &headers),
        None => {
            let text = "Run <code>make web</code>, then build and start the service again.";
            (StatusCode::NOT_FOUND, Html(said("The pages are not built into this binary.", text))).into_response()
        }
    }
}

pub fn are_built() -> bool {
    APPLICATIONS.iter().all(|name| Dist::get(&format!("{name}/index.html")).is_some())
}

/// A file of the pages by its path, for whoever serves them elsewhere.
pub fn file(path: &str, headers: &HeaderMap) -> Response {
    match Dist::get(path) {
        Some(file) => send(path, &file, headers),
        None => (
            StatusCode::NOT_FOUND,
            Html(said("There is no page here.", "Was <code>make web</code> run before the build?")),
        )
            .into_response(),
    }
}

fn send(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]));
    // Names in assets/ change with their content; everything else is asked for anew each time.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = HeaderValue::from_str(file.metadata.mimetype())
            .unwrap_or(HeaderValue::from_static("application/octet-stream"));
        ([(header::CONTENT_TYPE, kind)], file.data.clone()).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn said(title: &str, text: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Derwent</title><h1>{title}</h1><p>{text}</p></html>"
    )
}
