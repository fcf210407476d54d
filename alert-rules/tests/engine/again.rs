//! What is out again on another day is told again, though one finding has lasted all the while and its alert was closed.

use alert_rules::escalation::Happened;
use alert_rules::{Component, Priority, Vital};

use crate::ward::{self, Ward, happened};
use crate::world::{at, dorothy, reading, rules};

fn closed(ward: &mut Ward, now: &str) {
    for alert in ward.alerts.iter_mut().filter(|alert| alert.is_open()) {
        *alert = ward::closed(alert, "treatment changed", now);
    }
}

/// How many alerts of a low glucose there have been after each of these, each closed as soon as it was opened.
fn alerts_of_lows(lows: &[(&str, f64)]) -> Vec<usize> {
    let mut ward = Ward::new();
    ward.monitor.facts = dorothy();
    ward.monitor.facts.plan.packs.retain(|pack| pack == "diabetes");
    let mut low = |seq, taken: &str, value| {
        ward.reads(reading(seq, at(taken), 1, Vital::Glucose, &[(Component::Glucose, value)]));
        closed(&mut ward, taken);
        ward.alerts.iter().filter(|alert| alert.problem == "glucose low").count()
    };
    (1..).zip(lows).map(|(seq, (taken, value))| low(seq, taken, *value)).collect()
}

#[test]
fn a_hypo_days_after_one_that_nobody_measured_again() {
    let alerts = alerts_of_lows(&[("2026-03-27T09:00:00Z", 3.6), ("2026-03-29T09:00:00Z", 3.7)]);
    assert_eq!(alerts, [1, 2], "no better and no worse, and another day's");
}

#[test]
fn a_low_value_hours_after_one_that_nobody_measured_again() {
    let alerts = alerts_of_lows(&[("2026-03-27T09:00:00Z", 3.6), ("2026-03-27T13:00:00Z", 3.7)]);
    assert_eq!(alerts, [1, 2], "the second within a day");
}

#[test]
fn what_is_high_and_lasts_is_told_each_day() {
    let mut ward = Ward::new();
    let mut severe = |taken: &str, systolic| {
        let told = ward.measures(taken, taken, systolic, 101.0);
        closed(&mut ward, taken);
        happened(&told)
    };
    assert_eq!(severe("2026-03-26T09:00:00Z", 190.0), [], "asked first");
    assert_eq!(severe("2026-03-26T09:05:00Z", 190.0), [Happened::Opened]);
    assert_eq!(severe("2026-03-27T03:04:59Z", 190.0), [], "18 hours are another day");
    assert_eq!(severe("2026-03-27T03:05:00Z", 190.0), [Happened::Opened]);
    assert_eq!(severe("2026-03-27T19:00:00Z", 178.0), [], "not severe, and not over");
    assert_eq!(severe("2026-03-28T09:00:00Z", 178.0), []);
    assert_eq!(severe("2026-03-28T19:00:00Z", 181.0), [Happened::Opened]);
}

#[test]
fn what_is_medium_and_lasts_is_told_each_third_day() {
    let mut ward = Ward::new();
    let mut low = |taken: &str| {
        let told = ward.measures(taken, taken, 86.0, 55.0);
        closed(&mut ward, taken);
        happened(&told)
    };
    assert_eq!(low("2026-03-26T09:00:00Z"), [], "asked first");
    assert_eq!(low("2026-03-26T09:05:00Z"), [Happened::Opened]);
    assert_eq!([low("2026-03-27T09:00:00Z"), low("2026-03-29T03:04:59Z")], [[], []]);
    assert_eq!(low("2026-03-29T03:05:00Z"), [Happened::Opened]);
}

#[test]
fn a_low_one_and_an_average_are_told_once() {
    let rule = |name: &str, priority: &str, when: &str| {
        format!("[rule.{name}]\nproblem='{name}'\npriority='{priority}'\nwhen='{when}'\n")
    };
    let mut ward = Ward::new();
    ward.rulebook = rules(
        &[
            rule("task", "low", "systolic >= 140 mmHg"),
            rule("average", "high", "mean(systolic, over 7 days, at least 1) >= 140 mmHg"),
        ]
        .concat(),
    );
    ward.monitor.facts.plan.packs = vec!["x".to_owned()];
    let mut opened = 0;
    for day in 26..=31 {
        let taken = format!("2026-03-{day}T09:00:00Z");
        opened += happened(&ward.measures(&taken, &taken, 150.0, 80.0)).len();
        closed(&mut ward, &taken);
    }
    assert_eq!(opened, 2);
}

#[test]
fn recovery_from_a_second_hypo_is_no_news() {
    let lows = [("2026-03-27T09:00:00Z", 3.6), ("2026-03-27T13:00:00Z", 3.7), ("2026-03-27T18:00:00Z", 11.0)];
    assert_eq!(alerts_of_lows(&lows), [1, 2, 2], "higher than what lows are counted against is not worse");
}

/// Three rules about one pressure: 180 is high, 140 goes on for long, and a diastolic value begins by itself.
fn mild_after_severe() -> Ward {
    let rule = |name: &str, priority: &str, when: &str| {
        format!("[rule.{name}]\nproblem='blood pressure high'\npriority='{priority}'\nwhen='{when}'\n")
    };
    let mut ward = Ward::new();
    ward.rulebook = rules(
        &[
            rule("severe", "high", "systolic >= 180 mmHg"),
            rule("raised", "low", "systolic >= 140 mmHg"),
            rule("lower", "medium", "diastolic >= 90 mmHg"),
        ]
        .concat(),
    );
    ward.monitor.facts.plan.packs = vec!["x".to_owned()];
    ward
}

#[test]
fn what_is_over_and_was_told_lends_its_priority_to_nothing_milder() {
    let mut ward = mild_after_severe();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:01Z", 184.0, 80.0);
    closed(&mut ward, "2026-03-27T09:30:00Z");
    assert_eq!(ward.measures("2026-03-27T12:00:00Z", "2026-03-27T12:00:01Z", 150.0, 80.0), []);
    ward.measures("2026-03-27T15:00:00Z", "2026-03-27T15:00:01Z", 150.0, 94.0);
    let told: Vec<_> = ward.alerts.iter().map(|alert| (alert.priority, alert.rule.as_str())).collect();
    assert_eq!(told, [(Priority::High, "x/severe"), (Priority::Medium, "x/lower")]);
    assert_eq!(ward.alerts[1].sentence, "Blood pressure high: diastolic 94 mmHg");
}

#[test]
fn what_is_over_and_nobody_heard_of_is_told_as_loudly_as_it_was() {
    let mut ward = mild_after_severe();
    let batch = [("2026-03-27T09:00:00Z", 232.0, 80.0), ("2026-03-27T09:03:00Z", 150.0, 94.0)];
    ward.takes("2026-03-27T09:03:01Z", &batch);
    let told: Vec<_> = ward.alerts.iter().map(|alert| (alert.priority, alert.rule.as_str())).collect();
    assert_eq!(told, [(Priority::High, "x/severe")], "a newer normal reading never hides an older critical one");
}

/// How many alerts there were, and of how many somebody still has to close one, after a weight that is asked about and what
/// the scale says next.
fn alerts_of_weights(asked: f64, again: f64) -> (usize, usize) {
    let mut ward = Ward::new();
    ward.monitor.facts = dorothy();
    ward.monitor.facts.plan.packs.retain(|pack| pack == "heart-failure");
    let weights = [("2026-03-27T07:30:00Z", 80.0), ("2026-03-28T07:30:00Z", asked), ("2026-03-28T07:36:00Z", again)];
    for (seq, (taken, kg)) in (1..).zip(weights) {
        ward.reads(reading(seq, at(taken), 1, Vital::Weight, &[(Component::Weight, kg)]));
    }
    ward.alerts.retain(|alert| alert.problem == "weight up");
    (ward.alerts.len(), ward.alerts.iter().filter(|alert| alert.is_open()).count())
}

#[test]
fn a_slip_that_the_patient_set_right_is_nobodys_work() {
    assert_eq!(alerts_of_weights(176.4, 80.2), (0, 0), "pounds, and then kilograms");
    assert_eq!(alerts_of_weights(82.6, 80.2), (1, 1), "nothing was odd about it: a person looks");
    assert_eq!(alerts_of_weights(86.0, 85.8), (1, 1), "more than is believed, and so");
}
