//! What others wrote in Python, run to its end.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a script of `tests/harness` prints; panics where it fails. Blocks the thread meanwhile.
pub fn run(script: &str, arguments: &[&str], stdin: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".cache/python/bin/python");
    let mut child = Command::new(&python)
        .arg(root.join("tests/harness").join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `make python` sets it up", python.display()));
    child.stdin.take().expect("piped").write_all(stdin.as_bytes()).expect("read");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
