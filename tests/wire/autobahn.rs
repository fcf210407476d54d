//! Our WebSocket endpoint against Autobahn's cases, run by kosoku: the service's own listener and the set-up of its sockets,
//! with an echo in place of the conversation, which is what the cases ask for.
//!
//! Of its 517 cases 216 (12.* and 13.*) are about compression, which we do not offer. 40 of the others send messages over our
//! limit of 128 KiB, which we refuse with 1009: these meet the same endpoint with a higher limit.
//!
//! 296 of the 301 are what the standard says. 6.4.3 and 6.4.4 are allowed, and not strict: bad UTF-8 is noticed at the end of its
//! frame instead of its first bad byte. 7.1.6, 7.13.1 and 7.13.2 only tell what is done where the standard says nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use derwent::config::Config;
use derwent::ingest::upgrade::configured;
use derwent::listen::{Doors, Guest, Inflow};
use mobile_api::limits::FRAME_CLOSE_BYTES;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::harness::replica;
use crate::harness::replica::Wires;

const MIB: usize = 1024 * 1024;
/// The biggest of the cases, with what a frame needs around it.
const BIGGEST: usize = 17 * MIB;

/// Cases whose messages are bigger than we take.
const TOO_BIG: [&str; 12] =
    ["9.1.2", "9.1.3", "9.1.4", "9.1.5", "9.1.6", "9.2.2", "9.2.3", "9.2.4", "9.2.5", "9.2.6", "9.3.*", "9.4.*"];
const TOO_BIG_IN_PARTS: [&str; 2] = ["9.5.*", "9.6.*"];

async fn ours(Extension(guest): Extension<Guest>, upgrade: WebSocketUpgrade) -> Response {
    guest.inflow.of_phone(Arc::new(Semaphore::new(BIGGEST)), FRAME_CLOSE_BYTES);
    configured(upgrade).on_upgrade(move |socket| echo(socket, guest.inflow))
}

async fn with_a_higher_limit(Extension(guest): Extension<Guest>, upgrade: WebSocketUpgrade) -> Response {
    guest.inflow.of_phone(Arc::new(Semaphore::new(BIGGEST)), BIGGEST);
    let upgrade = configured(upgrade).max_message_size(BIGGEST).max_frame_size(BIGGEST).max_write_buffer_size(BIGGEST);
    upgrade.on_upgrade(move |socket| echo(socket, guest.inflow))
}

async fn echo(mut socket: WebSocket, inflow: Inflow) {
    while let Some(Ok(frame)) = socket.recv().await {
        match frame {
            Frame::Ping(payload) | Frame::Pong(payload) => inflow.control(payload.len()),
            Frame::Close(_) => {}
            whole => {
                inflow.understood();
                if socket.send(whole).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// What each case came to.
async fn run(url: &str, cases: &[&str]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".cache/python/bin/python");
    assert!(python.exists(), "the Python tools are missing: run `make python`");
    let output = tokio::process::Command::new(python)
        .arg(root.join("tests/wire/autobahn.py"))
        .arg(url)
        .args(cases)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_301_of_autobahns_cases_without_compression_pass() {
    let config = Config { listen: "127.0.0.1:0".parse().unwrap(), ..replica::config(&Wires::default()) };
    let doors = Doors::open(&config).await.unwrap();
    let url = format!("ws://{}", doors.address().unwrap());
    let router = Router::new().route("/ours", get(ours)).route("/bigger", get(with_a_higher_limit));
    let stopping = CancellationToken::new();
    let serving = tokio::spawn(doors.serve(router, stopping.clone()));

    let too_big: Vec<&str> = TOO_BIG.into_iter().chain(TOO_BIG_IN_PARTS).collect();
    let left_out: Vec<String> = too_big.iter().chain(&["12.*", "13.*"]).map(|case| format!("-{case}")).collect();
    let cases: Vec<&str> = ["*"].into_iter().chain(left_out.iter().map(String::as_str)).collect();
    let within = run(&format!("{url}/ours"), &cases).await;
    let beyond = run(&format!("{url}/bigger"), &too_big).await;

    let all: Vec<&Value> = within.iter().chain(&beyond).collect();
    let failed: Vec<String> = all.iter().filter(|case| case["failed"] == true).map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    assert_eq!((within.len(), beyond.len()), (261, 40));
    let mut came_to: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in &all {
        came_to.entry(case["behavior"].as_str().unwrap()).or_default().push(case["case"].as_str().unwrap());
    }
    assert_eq!(came_to.remove("OK").map(|cases| cases.len()), Some(296));
    let others =
        BTreeMap::from([("INFORMATIONAL", vec!["7.1.6", "7.13.1", "7.13.2"]), ("NON-STRICT", vec!["6.4.3", "6.4.4"])]);
    assert_eq!(came_to, others);
    stopping.cancel();
    serving.await.unwrap();
}
