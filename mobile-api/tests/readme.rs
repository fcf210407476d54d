//! README.md is what other people build from: its examples are parsed, and its tables are the crate's own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::path::Path;

use mobile_api::close::Close;
use mobile_api::decode::{self, Incoming};
use mobile_api::limits::Limits;
use mobile_api::message::{ClientMessage, ServerMessage};
use mobile_api::refusal::Reason;
use mobile_api::{http, proof};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const BEGIN: &str = "<!-- reasons: written by the test -->\n";
const END: &str = "<!-- end of reasons -->";

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// The examples: the type their fence names, and their text.
fn examples(readme: &str) -> Vec<(String, String)> {
    let mut examples = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```json ") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            examples.push((kind.to_owned(), text.join("\n")));
        }
    }
    examples
}

/// Reads it, and finds nothing in it that the type does not know.
fn fits<T: DeserializeOwned + Serialize>(text: &str) -> T {
    let read: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    let written = numbers_alike(serde_json::to_value(&read).unwrap());
    assert_eq!(written, numbers_alike(serde_json::from_str(text).unwrap()), "the example has fields of its own");
    read
}

fn numbers_alike(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64()),
        Value::Array(values) => values.into_iter().map(numbers_alike).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, numbers_alike(value))).collect(),
        Value::String(text) => Value::String(match text.parse::<jiff::Timestamp>() {
            // 08:05:06.120+00:00 and 08:05:06.12Z are one time.
            Ok(at) => at.to_string(),
            Err(_) => text,
        }),
        other => other,
    }
}

#[test]
fn every_example_is_what_it_says() {
    let readme = std::fs::read_to_string(path()).unwrap();
    let examples = examples(&readme);
    assert!(examples.len() > 15, "found {}", examples.len());
    for (kind, text) in examples {
        match kind.as_str() {
            "ClientMessage" => {
                let message = fits::<ClientMessage>(&text);
                let Ok(incoming) = decode::frame(&text) else { panic!("the service refuses {text}") };
                if let (ClientMessage::Submit(submit), Incoming::Submit { items, .. }) = (message, incoming) {
                    let taken: Vec<_> = items.into_iter().map(|received| received.item.unwrap()).collect();
                    assert_eq!(taken, submit.items);
                }
            }
            "ServerMessage" => {
                if let ServerMessage::Welcome(welcome) = fits::<ServerMessage>(&text) {
                    assert_eq!(welcome.limits, Limits::V1);
                }
            }
            "EnrolRequest" => drop(fits::<http::EnrolRequest>(&text)),
            "Enrolled" => drop(fits::<http::Enrolled>(&text)),
            "HttpChallenge" => drop(fits::<http::HttpChallenge>(&text)),
            "HttpRefused" => drop(fits::<http::HttpRefused>(&text)),
            "Submissions" => drop(fits::<http::Submissions>(&text)),
            "PauseAsked" => drop(fits::<http::PauseAsked>(&text)),
            "AccessLog" => drop(fits::<http::AccessLog>(&text)),
            "Readings" => drop(fits::<http::Readings>(&text)),
            "SocketProof" => {
                let claims = fits::<proof::SocketProof>(&text);
                let at = "2026-11-21T08:05:07Z".parse().unwrap();
                assert_eq!(claims, proof::SocketProof::new(claims.iss, &claims.aud, &claims.nonce, at));
            }
            "HttpProof" => drop(fits::<proof::HttpProof>(&text)),
            other => panic!("no type is called {other}"),
        }
    }
}

#[test]
fn the_table_of_reasons_is_the_generated_one() {
    let readme = std::fs::read_to_string(path()).unwrap();
    let mut table = "| reason | meaning | again? |\n|---|---|---|\n".to_owned();
    for reason in Reason::ALL {
        let again = reason.retry_after_s().map_or_else(|| "never".to_owned(), |seconds| format!("after {seconds} s"));
        table.push_str(&format!("| `{reason}` | {} | {again} |\n", reason.meaning()));
    }
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("DERWENT_REGENERATE").is_some() {
        std::fs::write(path(), format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(written, table, "run `make schema` and commit what it wrote");
}

#[test]
fn every_close_code_is_told() {
    let readme = std::fs::read_to_string(path()).unwrap();
    let all = [
        Close::Revoked,
        Close::BadProof,
        Close::Replaced,
        Close::TooFast { retry_after_s: 1 },
        Close::ProtocolError,
        Close::TooBig,
        Close::ShuttingDown { retry_after_s: 1 },
        Close::NoAnswer,
    ];
    for close in all {
        assert!(readme.contains(&format!("\n| {} | ", close.code())), "{close:?}");
    }
}
