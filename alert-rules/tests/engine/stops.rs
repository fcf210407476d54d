//! A rule that somebody stopped: it sees nothing for as long, each patient is a task, and afterwards it looks again.

use alert_rules::finding::Priority;
use alert_rules::stop::{Stop, resumed, stopped};
use alert_rules::{Rulebook, built_in};

use crate::morning::{HIGH, Morning};
use crate::world::at;

const TASK: &str = "hypertension/severe cannot be applied";

fn stop(from: &str, until: &str) -> Stop {
    let (by, why) = ("Dr Ahmed".to_owned(), "it rings for nothing".to_owned());
    Stop { rule: "hypertension/severe".to_owned(), from: at(from), until: at(until), by, why }
}

/// With `severe` stopped from eight in the morning to eight in the evening.
fn stopped_by_day() -> Rulebook {
    let stop = stop("2026-03-26T08:00:00Z", "2026-03-26T20:00:00Z");
    let files = stopped(&built_in::files(), stop, at("2026-03-26T08:00:00Z")).expect("the built-in files are TOML");
    Rulebook::from_files(files).expect("a stop of a rule that is there")
}

fn morning() -> Morning {
    let mut morning = Morning::of("hypertension");
    morning.rulebook = stopped_by_day();
    morning
}

#[test]
fn it_sees_nothing_and_somebody_is_told() {
    let mut morning = morning();
    morning.pressure("2026-03-26T09:00:00Z", 225.0, 118.0);
    assert_eq!(morning.problems(), [TASK]);
    let task = morning.finding(TASK);
    assert_eq!(task.priority, Priority::Medium);
    let said = task.sentence.clone();
    assert!(said.contains("stopped until 26 March 2026 at 20:00 (it rings for nothing, by Dr Ahmed)"), "{said}");
}

#[test]
fn afterwards_it_looks_at_what_is_so_then() {
    let mut morning = morning();
    morning.pressure("2026-03-26T09:00:00Z", 225.0, 118.0);
    morning.pass("2026-03-26T20:05:00Z");
    assert_eq!(morning.finding(HIGH).start, at("2026-03-26T20:00:00Z"));
    assert!(morning.finding(TASK).end.is_some());
}

#[test]
fn what_was_open_is_watched_no_more_and_is_not_called_clear() {
    let mut morning = morning();
    morning.pressure("2026-03-26T07:00:00Z", 225.0, 118.0);
    morning.pressure("2026-03-26T09:00:00Z", 128.0, 78.0);
    let finding = morning.finding(HIGH);
    assert_eq!(finding.end, Some(at("2026-03-26T08:00:00Z")));
    assert!(finding.firings[0].unwatched);
    morning.pass("2026-03-26T20:05:00Z");
    assert_eq!(morning.finding(HIGH).start, at("2026-03-26T07:00:00Z"));
}

#[test]
fn another_rule_of_the_pack_is_not_stopped() {
    let mut morning = morning();
    morning.pressure("2026-03-26T09:00:00Z", 72.0, 46.0);
    assert!(morning.problems().contains(&"blood pressure low"));
}

#[test]
fn a_stop_is_a_file_of_the_rulebook_and_ends_within_a_day() {
    let now = at("2026-03-26T08:00:00Z");
    let files = built_in::files();
    let day = stopped(&files, stop("2026-03-26T08:00:00Z", "2026-03-27T08:00:00Z"), now).unwrap();
    assert_ne!(Rulebook::from_files(day.clone()).unwrap().hash(), Rulebook::from_files(files.clone()).unwrap().hash());
    assert_eq!(resumed(&day, "hypertension/severe", now).unwrap(), files);
    // One that is over is left out of the next.
    assert_eq!(resumed(&day, "hypertension/other", at("2026-03-27T08:00:00Z")).unwrap(), files);

    let longer = stopped(&files, stop("2026-03-26T08:00:00Z", "2026-03-27T08:00:01Z"), now).unwrap();
    let refused = Rulebook::from_files(longer).unwrap_err();
    assert!(refused[0].message.contains("stopped for longer than a day"), "{}", refused[0]);
    let unknown =
        Stop { rule: "hypertension/headache".to_owned(), ..stop("2026-03-26T08:00:00Z", "2026-03-26T09:00:00Z") };
    let refused = Rulebook::from_files(stopped(&files, unknown, now).unwrap()).unwrap_err();
    assert!(refused[0].message.contains("no rule hypertension/headache"), "{}", refused[0]);
}
