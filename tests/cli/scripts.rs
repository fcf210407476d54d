//! The scripts behind `make`: what they say when the machine does not fit.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A folder with one program that says one line.
fn program(name: &str, says: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Whether it went well, what it printed, and what it said.
fn run(script: &str, arguments: &[&str], name: &str, value: &str) -> (bool, String, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(script);
    let output = Command::new(script).args(arguments).env(name, value).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_compiler_or_node_that_is_too_old_is_named_in_one_line() {
    for (name, says, told) in [
        ("rustc", "rustc 1.93.1 (abc 2026-01-01)", "rustc is 1.93.1; 1.94 or later"),
        ("node", "v20.18.3", "node is 20.18.3; 20.19 or later of 20, or 22.12 or later"),
        ("node", "v21.7.0", "node is 21.7.0"),
        ("node", "v22.11.0", "node is 22.11.0"),
    ] {
        let folder = program(name, says);
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let (well, _, said) = run("need", &["demo"], "PATH", &path);
        assert!(!well && said.contains(told) && said.lines().count() == 1, "{says}: {said}");
    }
}

#[test]
fn the_postgresql_that_is_named_is_the_one_that_is_used() {
    let folder = program("postgres", "postgres (PostgreSQL) 17.0");
    let path = folder.path().to_str().unwrap();
    let (well, _, said) = run("timescaledb", &[], "DERWENT_POSTGRES_DIR", path);
    assert!(!well && said.contains("correct DERWENT_POSTGRES_DIR"), "without initdb it is none: {said}");
    fs::copy(folder.path().join("postgres"), folder.path().join("initdb")).unwrap();
    let (well, printed, said) = run("timescaledb", &[], "DERWENT_POSTGRES_DIR", path);
    assert!(well, "{said}");
    assert_eq!(printed.trim_end(), path);
}
