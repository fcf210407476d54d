//! Any text as a file of a rule pack; libFuzzer looks for one that makes reading or checking it panic, hang or eat memory.

#![no_main]

use alert_rules::{built_in, check};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let file = match text.trim_start() {
        start if start.starts_with('{') => "questionnaires/bp-warning-signs.json",
        _ if text.contains("[[scenario]]") => "scenarios.toml",
        _ if text.contains("[[band]]") || text.contains("[[education]]") => "advice.toml",
        _ => "rules.toml",
    };
    let mut files = built_in::files();
    files.retain(|path, _| path.starts_with("hypertension/"));
    files.insert(format!("hypertension/{file}"), text.into_owned());
    let said: usize = check::check(&files).iter().map(|problem| problem.to_string().len()).sum();
    assert!(said < 1_000_000, "{said} characters were said");
});
