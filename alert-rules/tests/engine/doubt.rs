//! Which values are doubted, what takes the doubt away, and what is made of readings that contradict each other.

use alert_rules::reading::{Comparator, Flags, Measured};
use alert_rules::{Component, Correction, Reading, Vital};

use crate::morning::{HIGH, Morning};
use crate::world::{Thing, at, pressure, reading};

fn glucose(seq: i64, taken: &str, value: f64) -> Reading {
    reading(seq, at(taken), 1, Vital::Glucose, &[(Component::Glucose, value)])
}

#[test]
fn a_doubtful_value_clears_when_it_is_confirmed_also_when_both_arrive_together() {
    let mut morning = Morning::of("diabetes");
    let low = glucose(1, "2026-03-26T08:00:00Z", 2.5);
    let odd = glucose(2, "2026-03-26T08:30:00Z", 29.0);
    let agrees = glucose(3, "2026-03-26T08:40:00Z", 29.5);
    let things = [low, odd, agrees].map(Thing::Reading).to_vec();
    morning.monitor.take(&morning.rulebook, things, at("2026-03-26T09:00:00Z"));
    assert_eq!(morning.finding("glucose low").end, Some(at("2026-03-26T08:40:00Z")), "not before it was confirmed");
}

#[test]
fn odd_values_agree_within_a_day_and_no_later() {
    let unconfirmed = |problem: &str, first, taken: &str, second| {
        let mut morning = Morning::of("diabetes");
        morning.glucose("2026-03-26T08:00:00Z", Measured::value(first));
        morning.glucose(taken, Measured::value(second));
        morning.finding(problem).unconfirmed
    };
    let (a_day, longer) = ("2026-03-27T08:00:00Z", "2026-03-27T08:00:01Z");
    assert!(!unconfirmed("glucose very high", 29.0, a_day, 29.5));
    assert!(unconfirmed("glucose very high", 29.0, longer, 29.5));
    assert!(!unconfirmed("glucose low", 1.9, a_day, 1.8));
    assert!(unconfirmed("glucose low", 1.9, longer, 1.8));
    assert!(unconfirmed("glucose very high", 29.0, a_day, 1.9), "one high and one low");
}

#[test]
fn a_value_at_the_edge_of_what_is_usual_confirms_nothing() {
    let cleared = |edge, breach, problem, odd| {
        let mut morning = Morning::of("diabetes");
        morning.glucose("2026-03-26T07:00:00Z", Measured::value(edge));
        morning.glucose("2026-03-26T08:00:00Z", Measured::value(breach));
        morning.glucose("2026-03-26T08:30:00Z", Measured::value(odd));
        let firings = &morning.finding(problem).firings;
        firings.iter().any(|firing| firing.since == at("2026-03-26T08:00:00Z") && firing.until.is_some())
    };
    assert!(!cleared(28.0, 3.5, "glucose low", 29.0));
    assert!(!cleared(2.0, 26.0, "glucose very high", 1.9));
}

#[test]
fn what_was_held_back_when_it_came_stays_in_doubt_although_it_looks_usual_today() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T07:00:00Z", 138.0, 84.0);
    morning.pressure("2026-03-26T08:00:00Z", 224.0, 118.0);
    let mut held = pressure(morning.next(), at("2026-03-26T09:00:00Z"), 1, 140.0, 84.0);
    held.flags = Flags { unconfirmed: true, ..Flags::default() };
    morning.then("2026-03-26T09:00:00Z", Thing::Reading(held));
    assert_eq!(morning.finding(HIGH).end, None);
    morning.pressure("2026-03-26T10:00:00Z", 140.0, 84.0);
    assert_eq!(morning.finding(HIGH).end, Some(at("2026-03-26T10:00:00Z")));
}

#[test]
fn an_odd_pulse_puts_no_doubt_on_the_pressure_it_came_with() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 224.0, 118.0);
    let values = [(Component::Systolic, 140.0), (Component::Diastolic, 84.0), (Component::Pulse, 190.0)];
    morning.measures("2026-03-26T09:00:00Z", Vital::BloodPressure, &values);
    assert_eq!(morning.finding(HIGH).end, Some(at("2026-03-26T09:00:00Z")));
}

#[test]
fn of_two_corrections_of_a_reading_the_later_counts() {
    let corrected = |seq, systolic, diastolic| {
        let values = [(Component::Systolic, systolic), (Component::Diastolic, diastolic)];
        let values = Some(values.map(|(component, value)| (component, Measured::value(value))).to_vec());
        Thing::Correction(Correction { seq, corrects_seq: 1, reason: "wrong_entry".to_owned(), values })
    };
    for things in [
        vec![corrected(5, 224.0, 118.0), corrected(9, 142.0, 82.0)],
        vec![corrected(9, 142.0, 82.0), corrected(5, 224.0, 118.0)],
    ] {
        let mut morning = Morning::of("hypertension");
        morning.pressure("2026-03-26T08:00:00Z", 124.0, 80.0);
        morning.monitor.take(&morning.rulebook, things, at("2026-03-26T09:00:00Z"));
        assert_eq!(morning.problems(), Vec::<&str>::new());
    }
}

#[test]
fn a_normal_value_of_the_same_instant_hides_no_low_one() {
    let mut morning = Morning::of("diabetes");
    let instant = "2026-03-26T08:00:00Z";
    let things = [glucose(1, instant, 6.0), glucose(2, instant, 2.5)].map(Thing::Reading).to_vec();
    morning.monitor.take(&morning.rulebook, things, at("2026-03-26T08:00:05Z"));
    assert_eq!(morning.finding("glucose low").end, None);
}

#[test]
fn hi_and_lo_of_the_same_instant_mean_the_same_whichever_came_first() {
    let taken = at("2026-03-26T08:00:00Z");
    let findings_of = |one, other| {
        let mut morning = Morning::of("diabetes");
        for (seq, off_scale) in [(1, one), (2, other)] {
            let mut reading = reading(seq, taken, seq, Vital::Glucose, &[]);
            reading.components = vec![(Component::Glucose, Measured::off_scale(off_scale))];
            let received = reading.received_at;
            morning.monitor.take(&morning.rulebook, vec![Thing::Reading(reading)], received);
        }
        morning.pass("2026-03-27T08:00:00Z");
        morning.monitor.findings
    };
    let findings = findings_of(Comparator::High, Comparator::Low);
    assert_eq!(findings, findings_of(Comparator::Low, Comparator::High));
}

#[test]
fn a_mean_takes_what_is_dated_by_arrival_to_raise_and_not_to_clear() {
    let mut morning = Morning::watched_by(
        "[rule.high]\nproblem='pressure high'\npriority='medium'\n\
         when='mean(systolic, over 1 days, at least 2) >= 140 mmHg'\n",
    );
    let undated = |morning: &mut Morning, time: &str, systolic| {
        let mut reading = pressure(morning.next(), at(time), 0, systolic, 80.0);
        reading.flags.dated_by_arrival = true;
        morning.then(time, Thing::Reading(reading));
    };
    undated(&mut morning, "2026-03-26T08:00:00Z", 150.0);
    undated(&mut morning, "2026-03-26T09:00:00Z", 150.0);
    assert_eq!(morning.finding("pressure high").start, at("2026-03-26T09:00:00Z"));
    undated(&mut morning, "2026-03-28T08:00:00Z", 130.0);
    undated(&mut morning, "2026-03-28T09:00:00Z", 130.0);
    assert_eq!(morning.finding("pressure high").end, None);
    morning.pressure("2026-03-28T10:00:00Z", 130.0, 80.0);
    morning.pressure("2026-03-28T11:00:00Z", 130.0, 80.0);
    assert_eq!(morning.finding("pressure high").end, Some(at("2026-03-28T11:00:00Z")));
}

#[test]
fn what_is_dated_by_arrival_puts_silence_off_and_does_not_end_it() {
    let undated = |morning: &mut Morning, time: &str| {
        let mut reading = pressure(morning.next(), at(time), 0, 128.0, 80.0);
        reading.flags.dated_by_arrival = true;
        morning.then(time, Thing::Reading(reading));
    };
    let mut morning = Morning::of("hypertension");
    undated(&mut morning, "2026-03-26T07:40:00Z");
    morning.pass("2026-03-28T19:59:59Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
    morning.pass("2026-03-28T20:00:00Z");
    undated(&mut morning, "2026-03-29T07:40:00Z");
    assert_eq!(morning.finding("no blood pressure").end, None);
}

#[test]
fn what_was_never_in_doubt_is_not_called_confirmed() {
    let mut morning = Morning::of("diabetes");
    morning.glucose("2026-03-26T08:00:00Z", Measured::value(26.0));
    morning.glucose("2026-03-26T09:00:00Z", Measured::value(27.0));
    assert_eq!(morning.finding("glucose very high").sentence, "Glucose very high: 27.0 mmol/L");
}
