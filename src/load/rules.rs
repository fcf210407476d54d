//! P7: what judging costs. Measured by criterion (`alert-rules/benches/rules.rs`), which `scripts/bench` runs before; here its
//! figures are read and put beside the others.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde_json::json;

use super::Load;
use super::report::{Measured, Row};

/// Comparison rules that one look judges: the last part of the benchmark's name.
const RULES: f64 = 1_000.0;
const PROMISED_PER_S: f64 = 1_000_000.0;
/// Groups of the benchmark with their parameters, and what a row of the page says.
const GROWTH: [(&str, &[&str], &str); 3] = [
    ("history", &["7", "30", "90", "365"], "days of history at 4 a day, the hypertension pack"),
    ("window", &["7", "30", "90"], "days of the window of one mean, 90 days of history"),
    ("rules", &["1", "10", "100", "1000"], "comparison rules, 7 days of history"),
];

/// What criterion keeps of each benchmark, in nanoseconds an iteration.
#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

pub fn measure(options: &Load) -> anyhow::Result<Measured> {
    let estimate = |group: &str, parameter: &str| read(&options.criterion, group, parameter);
    let comparison = estimate("comparison", "1000")?;
    let per_s = RULES * 1e9 / comparison.point_estimate;
    let mut details = vec!["| one look at one person, nothing fires | µs |".to_owned(), "|---|--:|".to_owned()];
    let mut raw = serde_json::Map::new();
    let Interval { lower_bound, upper_bound } = comparison.confidence_interval;
    raw.insert(
        "comparison_rules_per_s".to_owned(),
        json!({ "mean": per_s, "from": RULES * 1e9 / upper_bound, "to": RULES * 1e9 / lower_bound }),
    );
    for (group, parameters, what) in GROWTH {
        for parameter in parameters {
            let took = estimate(group, parameter)?.point_estimate / 1_000.0;
            details.push(format!("| {parameter} {what} | {took:.1} |"));
            raw.insert(format!("{group}_{parameter}_us"), json!(took));
        }
    }
    let window = estimate("window", "90")?.point_estimate / estimate("window", "7")?.point_estimate;
    let row = |what: &str, target: &str, measured: String, met| Row {
        promise: "P7".to_owned(),
        what: what.to_owned(),
        target: target.to_owned(),
        measured,
        met,
    };
    let met = (!cfg!(debug_assertions)).then_some(per_s >= PROMISED_PER_S);
    let rows = vec![
        row("comparison rules judged on one core, on loaded facts", "≥ 1,000,000/s", format!("{per_s:.0}/s"), met),
        row("… a window of 90 days against one of 7", "–", format!("{window:.2} ×"), None),
    ];
    Ok(Measured { rows, details, raw: raw.into() })
}

fn read(folder: &Path, group: &str, parameter: &str) -> anyhow::Result<Estimate> {
    let path = folder.join(group).join(parameter).join("new/estimates.json");
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!("{} cannot be read; run `cargo bench -p alert-rules` first, or scripts/bench", path.display())
    })?;
    let estimates: Estimates =
        serde_json::from_str(&text).with_context(|| format!("{} is not what criterion writes", path.display()))?;
    Ok(estimates.mean)
}
