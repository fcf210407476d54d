//! What is out again on another day is told again, though one finding has lasted all the while and its alert was closed.

use alert_rules::escalation::{Happened, close};
use alert_rules::{Component, Vital};

use crate::ward::{Ward, happened};
use crate::world::{at, dorothy, reading};

fn closed(ward: &mut Ward, now: &str) {
    for alert in ward.alerts.iter_mut().filter(|alert| alert.closed_at.is_none()) {
        *alert = close(alert, "treatment changed", at(now)).expect("open").alert;
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
fn a_severe_pressure_that_lasts_is_told_each_day_from_the_third() {
    let mut ward = Ward::new();
    let mut severe = |taken: &str, systolic| {
        let told = ward.measures(taken, taken, systolic, 101.0);
        closed(&mut ward, taken);
        happened(&told)
    };
    assert_eq!(severe("2026-03-26T09:00:00Z", 224.0), [Happened::Opened]);
    assert_eq!(severe("2026-03-27T09:00:00Z", 190.0), []);
    assert_eq!(severe("2026-03-28T09:00:00Z", 191.0), [Happened::Opened]);
    assert_eq!(severe("2026-03-28T19:00:00Z", 190.0), [], "at most once a day");
    assert_eq!(severe("2026-03-29T09:00:00Z", 188.0), [Happened::Opened]);
}
