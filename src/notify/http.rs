//! What the channels over HTTP have in common: no redirects, and no more read of an answer than an error needs.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, RequestBuilder, StatusCode, redirect};

use crate::notify::channel::NotSent;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const LONGEST_ANSWER_BYTES: usize = 4096;

pub fn client() -> ClientBuilder {
    Client::builder().connect_timeout(CONNECT_LIMIT).redirect(redirect::Policy::none())
}

/// The status, and the beginning of what was said.
pub async fn ask(request: RequestBuilder) -> Result<(StatusCode, String), NotSent> {
    // An address may hold a secret path: it is left out.
    let down = |error: reqwest::Error| NotSent::down(with_causes(&error.without_url()));
    let mut answer = request.send().await.map_err(down)?;
    let status = answer.status();
    let mut said = Vec::new();
    while said.len() < LONGEST_ANSWER_BYTES
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        said.extend_from_slice(&chunk);
    }
    said.truncate(LONGEST_ANSWER_BYTES);
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

/// reqwest says what it was doing, its cause why it could not.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
