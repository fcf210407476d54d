//! The operator's gauges: of the real binary, on a port of their own, and with nobody's data in them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::{Town, connect, pressure, submit};
use crate::harness::service::{Options, Service};

/// Where the service says that its gauges are.
pub fn address(service: &Service) -> String {
    let log = std::fs::read_to_string(&service.log).unwrap();
    let line = log.lines().find(|line| line.contains("gauges are at")).expect("it says where");
    let from = line.find("127.0.0.1:").expect("an address");
    line[from..].chars().take_while(|letter| letter.is_ascii_digit() || matches!(letter, '.' | ':')).collect()
}

/// The whole text, and each line's name with its labels, and its value.
pub async fn scrape(address: &str) -> (String, BTreeMap<String, f64>) {
    let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
    let values = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        (name.to_owned(), value.parse().expect("a number"))
    });
    let values = values.collect();
    (text, values)
}

/// A town whose service tells its gauges.
pub(super) async fn town_with_gauges() -> Town {
    let mut town = Town::start().await;
    town.service = Service::start_with(
        &Options {
            database_url: town.database.url.clone(),
            care_time: None,
            smtp_url: format!("file:{}", town.mails.path().display()),
            pager_url: None,
        },
        &["--metrics-listen", "127.0.0.1:0"],
    );
    town
}

#[tokio::test]
async fn gauges_move_with_what_happens_and_name_nobody() {
    let town = town_with_gauges().await;
    let address = address(&town.service);
    let public = reqwest::get(format!("{}/metrics", town.service.origin)).await.unwrap().text().await.unwrap();
    assert!(!public.contains("derwent_"), "browsers and phones see no gauges");
    let (_, mut before) = scrape(&address).await;
    // Whoever asked just now takes a moment to be gone.
    while before.get("derwent_doorstep_connections") != Some(&0.0) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        before = scrape(&address).await.1;
    }
    for name in [
        "derwent_submissions_total{outcome=\"stored\"}",
        "derwent_submissions_total{outcome=\"duplicate\"}",
        "derwent_refusals_total{reason=\"too_fast\"}",
        "derwent_commits_total",
        "derwent_commit_failures_total",
        "derwent_judged_total",
        "derwent_pages_settled_total{channel=\"email\",state=\"given_up\"}",
        "derwent_connections",
        "derwent_doorstep_connections",
        "derwent_undecided_bytes",
        "derwent_writer_queue_batches",
        "derwent_unjudged_arrivals",
        "derwent_unjudged_oldest_seconds",
        "derwent_pages_waiting{state=\"ready\"}",
        "derwent_alerts_waiting{priority=\"high\"}",
    ] {
        assert_eq!(before.get(name), Some(&0.0), "{name}");
    }

    let (patient, device) = town.person("Canarybird").await;
    let mut line = connect(&device).await;
    let item = pressure(227, 133, json!({ "note": "canary note" }));
    let unit = pressure(120, 80, json!({ "values": { "systolic": { "value": 120 }, "diastolic": { "value": 80 } } }));
    let receipt = submit(&mut line, json!([item, unit])).await;
    assert_eq!((&receipt[0]["state"], &receipt[1]["reason"]), (&json!("stored"), &json!("unit_missing")));
    submit(&mut line, json!([item])).await;
    let expected = [
        ("derwent_submissions_total{outcome=\"stored\"}", 1.0),
        ("derwent_submissions_total{outcome=\"duplicate\"}", 1.0),
        ("derwent_refusals_total{reason=\"unit_missing\"}", 1.0),
        ("derwent_commits_total", 2.0),
        ("derwent_commit_seconds_count", 2.0),
        ("derwent_judged_total", 1.0),
        ("derwent_alerts_opened_total{kind=\"clinical\",priority=\"high\"}", 1.0),
        ("derwent_connections", 1.0),
        ("derwent_alerts_waiting{priority=\"high\"}", 1.0),
        ("derwent_unjudged_arrivals", 0.0),
        ("derwent_database_answers", 1.0),
    ];
    let mut last = (String::new(), BTreeMap::new());
    for _ in 0..200 {
        last = scrape(&address).await;
        if expected.iter().all(|(name, value)| last.1.get(*name) == Some(value)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (text, values) = last;
    for (name, value) in expected {
        assert_eq!(values.get(name), Some(&value), "{name} in\n{text}");
    }
    // What a gauge measures may hold any digits: names, labels and comments are what says something of somebody.
    let said = |line: &str| if line.starts_with('#') { line.len() } else { line.rfind(' ').unwrap_or(0) };
    let text: Vec<&str> = text.lines().map(|line| &line[..said(line)]).collect();
    let text = text.join("\n");
    for canary in ["anary", "Marsh", "227", "133", &patient.to_string(), &device.id.to_string(), "blood", "p1"] {
        assert!(!text.contains(canary), "{canary} in\n{text}");
    }
}
