//! Who may import whom, and who alone may do what: `docs/architecture` as a test.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder or file under `src/`, and the parts of `crate::` it must not name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("ingest", &["monitor", "notify", "web", "app", "cli", "demo", "load", "simulate"]),
    ("monitor", &["ingest", "notify", "web", "app", "cli", "demo", "load", "simulate"]),
    ("notify", &["ingest", "monitor", "web", "app", "cli", "demo", "load", "simulate"]),
    ("reply", &["ingest", "monitor", "notify", "web", "app", "cli", "demo", "load", "simulate"]),
    ("web", &["monitor", "notify", "app", "cli", "demo", "load", "simulate"]),
    ("simulate", &["web", "app", "cli", "demo", "load"]),
    ("gauges", &["ingest", "monitor", "notify", "web", "app", "cli", "demo", "load", "simulate"]),
    ("store", &["ingest", "monitor", "notify", "web", "app", "cli", "demo", "load", "simulate"]),
];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source line that is not a comment, with its file relative to `src/`.
fn lines(of: &Path) -> Vec<(String, String)> {
    source_files(of)
        .into_iter()
        .flat_map(|path| {
            let name = path.strip_prefix(src()).expect("under src").display().to_string();
            let text = fs::read_to_string(&path).expect("a text file");
            text.lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(|line| (name.clone(), line.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn nobody_imports_upwards_or_sideways() {
    let mut broken = Vec::new();
    for (part, forbidden) in FORBIDDEN {
        let mut of_part = lines(&src().join(part));
        of_part.extend(lines(&src()).into_iter().filter(|(name, _)| name == &format!("{part}.rs")));
        for (name, line) in of_part {
            for other in *forbidden {
                if line.contains(&format!("crate::{other}::")) || line.contains(&format!("crate::{other};")) {
                    broken.push(format!("{name}: {}", line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "imports that the architecture forbids:\n{}", broken.join("\n"));
}

#[test]
fn only_the_store_holds_sql() {
    let statements = ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE ", "sqlx::query"];
    let broken: Vec<String> = lines(&src())
        .into_iter()
        .filter(|(name, line)| !name.starts_with("store/") && statements.iter().any(|word| line.contains(word)))
        .map(|(name, line)| format!("{name}: {}", line.trim()))
        .collect();
    assert!(broken.is_empty(), "SQL outside src/store:\n{}", broken.join("\n"));
}

#[test]
fn only_ingest_touches_a_phones_socket() {
    let broken: Vec<String> = lines(&src())
        .into_iter()
        .filter(|(name, line)| {
            line.contains("axum::extract::ws")
                && !matches!(name.as_str(), "ingest/line.rs" | "ingest/socket.rs" | "ingest/upgrade.rs")
        })
        .map(|(name, line)| format!("{name}: {}", line.trim()))
        .collect();
    assert!(broken.is_empty(), "sockets outside ingest/line.rs and socket.rs:\n{}", broken.join("\n"));
}

#[test]
fn the_pure_crates_stay_pure() {
    for name in ["alert-rules", "mobile-api"] {
        let manifest =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name).join("Cargo.toml")).expect("manifest");
        let dependencies = manifest.split("[dev-dependencies]").next().expect("a beginning");
        for impure in ["tokio", "axum", "sqlx", "rand", "reqwest", "tz-system"] {
            assert!(!dependencies.contains(impure), "{name} must stay pure, but its Cargo.toml names {impure}");
        }
    }
}

/// What reaches a record writes in the audit that it did.
#[test]
fn only_reach_looks_a_patient_or_an_alert_up() {
    let doors = ["patient::get(", "alert_seen::get(", "alert_seen::by_reference("];
    let broken: Vec<String> = lines(&src().join("web"))
        .into_iter()
        // An alert that was acted on is read again, to be shown: `alerts.rs`.
        .filter(|(name, line)| {
            !(name == "web/reach.rs" || name == "web/alerts.rs" && line.contains("(row, explained)"))
                && doors.iter().any(|door| line.contains(door))
        })
        .map(|(name, line)| format!("{name}: {}", line.trim()))
        .collect();
    assert!(broken.is_empty(), "records reached past web/reach.rs:\n{}", broken.join("\n"));
}
