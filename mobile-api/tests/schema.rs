//! The JSON Schema and the TypeScript of everything on the wire are committed; this says when they no longer fit.
//!
//! To write them anew: `make schema`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mobile_api::{http, message, proof};
use schemars::generate::SchemaSettings;
use ts_rs::{Config, TS};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn schemas() -> BTreeMap<String, String> {
    fn of<T: schemars::JsonSchema>(name: &str) -> (String, String) {
        let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
        (format!("{name}.json"), serde_json::to_string_pretty(&schema).unwrap() + "\n")
    }
    BTreeMap::from([
        of::<message::ClientMessage>("client-message"),
        of::<message::ServerMessage>("server-message"),
        of::<http::EnrolRequest>("enrol-request"),
        of::<http::Enrolled>("enrolled"),
        of::<http::HttpChallenge>("http-challenge"),
        of::<http::HttpRefused>("http-refused"),
        of::<http::Submissions>("submissions"),
        of::<http::PauseAsked>("pause-asked"),
        of::<http::Readings>("readings"),
        of::<http::AccessLog>("access-log"),
        of::<proof::SocketProof>("socket-proof"),
        of::<proof::HttpProof>("http-proof"),
    ])
}

fn types() -> BTreeMap<String, String> {
    let folder = std::env::temp_dir().join(format!("derwent-mobile-types-{}", std::process::id()));
    let config = Config::new().with_out_dir(&folder).with_large_int("number");
    message::ClientMessage::export_all(&config).unwrap();
    message::ServerMessage::export_all(&config).unwrap();
    http::EnrolRequest::export_all(&config).unwrap();
    http::Enrolled::export_all(&config).unwrap();
    http::HttpChallenge::export_all(&config).unwrap();
    http::HttpRefused::export_all(&config).unwrap();
    http::Submissions::export_all(&config).unwrap();
    http::PauseAsked::export_all(&config).unwrap();
    http::Readings::export_all(&config).unwrap();
    http::AccessLog::export_all(&config).unwrap();
    proof::SocketProof::export_all(&config).unwrap();
    proof::HttpProof::export_all(&config).unwrap();
    let types = read(&folder);
    std::fs::remove_dir_all(&folder).unwrap();
    types
}

fn read(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(read(&path).into_iter().map(|(inner, text)| (format!("{name}/{inner}"), text)));
        } else {
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    files
}

/// Compares, or with `DERWENT_REGENERATE` writes.
fn settle(folder: &Path, wanted: &BTreeMap<String, String>) {
    if std::env::var_os("DERWENT_REGENERATE").is_some() {
        let _ = std::fs::remove_dir_all(folder);
        for (name, text) in wanted {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    let committed = read(folder);
    for name in wanted.keys().chain(committed.keys()) {
        assert!(
            wanted.get(name) == committed.get(name),
            "{}/{name} no longer fits the types in mobile-api/src: run `make schema` and commit what it wrote",
            folder.display()
        );
    }
}

#[test]
fn the_json_schema_is_the_generated_one() {
    settle(&root().join("schema"), &schemas());
}

#[test]
fn the_typescript_is_the_generated_one() {
    settle(&root().join("../web/shared/api/mobile"), &types());
}
