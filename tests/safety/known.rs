//! What a control may name as its evidence: the tests that are there, written as the safety case writes them.
//!
//! Rust tests are read from the sources, because one test binary cannot ask the others; for this one it is compared with what
//! cargo itself lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder, and what `cargo test` is told before the path of a test in it.
const CRATES: [(&str, &str); 3] =
    [("src", "--lib"), ("alert-rules/src", "-p alert-rules --lib"), ("mobile-api/src", "-p mobile-api --lib")];
/// Folders of which each file, or each folder with a `main.rs`, is a test binary.
const BINARIES: [(&str, &str); 2] =
    [("alert-rules/tests", "-p alert-rules --test"), ("mobile-api/tests", "-p mobile-api --test")];

/// Of this binary alone.
pub fn of_this_binary() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    of_folder("tests", "--test derwent", &mut found);
    found
}

/// `--lib clock::tests::…`, `-p alert-rules --test engine asks::…`, `web/patient/words.test.ts: title`, `make deny`.
pub fn evidence() -> BTreeSet<String> {
    let mut found = of_this_binary();
    for (folder, before) in CRATES {
        of_folder(folder, before, &mut found);
    }
    for (folder, before) in BINARIES {
        for file in files(&root().join(folder), "rs") {
            let mut path = module(&file, folder);
            let binary = if path.is_empty() { continue } else { path.remove(0) };
            add(&file, &format!("{before} {binary}"), &path, &mut found);
        }
    }
    for file in files(&root().join("web"), "ts") {
        let name = file.strip_prefix(root()).expect("under the root").display().to_string();
        for line in text(&file).lines() {
            if let Some((title, _)) = line.trim_start().strip_prefix("test('").and_then(|rest| rest.split_once("', ")) {
                found.insert(format!("{name}: {title}"));
            }
        }
    }
    for line in text(&root().join("Makefile")).lines() {
        if let Some((target, _)) = line.split_once(':').filter(|(target, _)| !target.contains([' ', '\t', '.', '='])) {
            found.insert(format!("make {target}"));
        }
    }
    found
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn of_folder(folder: &str, before: &str, found: &mut BTreeSet<String>) {
    for file in files(&root().join(folder), "rs") {
        add(&file, before, &module(&file, folder), found);
    }
}

/// Sources below a folder, without what was installed or built there.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("dist") {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

/// `tests/wire/orders/mod.rs` in `tests` is `wire`, `orders`.
fn module(file: &Path, folder: &str) -> Vec<String> {
    let inside = file.strip_prefix(root().join(folder)).expect("inside").with_extension("");
    let names = inside.iter().map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| !["mod", "lib", "main"].contains(&name.as_str())).collect()
}

/// The tests of one file, as rustfmt lays it out: a module written in the file ends where a line begins with its brace. Left out is
/// what cargo leaves out unless it is asked (`#[ignore]`). `faults!` of `alert-rules/tests/broken.rs` makes a test of each entry.
fn add(file: &Path, before: &str, module: &[String], found: &mut BTreeSet<String>) {
    let mut inside: Vec<(usize, String)> = Vec::new();
    let (mut is_test, mut is_ignored, mut in_faults) = (false, false, false);
    for line in text(file).lines() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let path = |name: &str| {
            let inner = inside.iter().map(|(_, name)| name.as_str());
            module.iter().map(String::as_str).chain(inner).chain([name]).collect::<Vec<_>>().join("::")
        };
        if let Some(name) = code.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            inside.push((indent, name.to_owned()));
        } else if code.starts_with('}') && inside.last().is_some_and(|(of, _)| *of == indent) {
            inside.pop();
        } else if code.starts_with("#[test]") || code.starts_with("#[tokio::test") {
            is_test = true;
        } else if code.starts_with("#[ignore") {
            is_ignored = true;
        } else if let Some((_, rest)) = code.split_once("fn ").filter(|_| is_test) {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            if !is_ignored && !name.starts_with('$') {
                found.insert(format!("{before} {}", path(name)));
            }
            (is_test, is_ignored) = (false, false);
        } else if code.starts_with("faults! {") || in_faults && code == "}" {
            in_faults = !in_faults;
        } else if let Some((name, _)) = code.split_once(": \"").filter(|_| in_faults) {
            found.insert(format!("{before} {}", path(name)));
        }
    }
}
