//! When the patient is asked to measure again, what counts as having done so, and when the engine looks again by itself.

use alert_rules::{Component, Priority, Vital};
use jiff::SignedDuration;

use crate::morning::{HIGH, Morning};
use crate::world::{Thing, answers, at, pressure, reading};

#[test]
fn two_rules_about_one_problem_ask_once() {
    let rules = "[rule.upper]\nproblem='pressure high'\npriority='high'\nwhen='systolic >= 180 mmHg'\n\
                 repeat={ within='15 min', first='Rest.', ask='Measure again.' }\n\
                 [rule.lower]\nproblem='pressure high'\npriority='high'\nwhen='diastolic >= 110 mmHg'\n\
                 repeat={ within='15 min', first='Rest.', ask='Measure again.' }\n";
    let mut at_once = Morning::watched_by(rules);
    at_once.pressure("2026-03-26T08:00:00Z", 186.0, 114.0);
    let mut one_then_the_other = Morning::watched_by(rules);
    one_then_the_other.pressure("2026-03-26T08:00:00Z", 186.0, 100.0);
    one_then_the_other.pressure("2026-03-26T08:00:40Z", 170.0, 114.0);
    for morning in [at_once, one_then_the_other] {
        assert_eq!(morning.finding("pressure high").firings.len(), 2);
        assert_eq!(morning.monitor.asks.len(), 1);
    }
}

#[test]
fn a_breach_after_one_that_was_clear_is_asked_about_although_both_came_together() {
    let mut morning = Morning::of("hypertension");
    let readings = [("2026-03-26T08:00:00Z", 186.0), ("2026-03-26T08:00:20Z", 140.0), ("2026-03-26T08:00:40Z", 186.0)];
    let came = at("2026-03-26T08:00:50Z");
    let late = |taken| came.duration_since(at(taken)).as_secs();
    let things = (1..)
        .zip(readings)
        .map(|(seq, (taken, systolic))| Thing::Reading(pressure(seq, at(taken), late(taken), systolic, 84.0)));
    morning.monitor.take(&morning.rulebook, things.collect(), came);
    assert_eq!(morning.monitor.asks.len(), 1);
}

#[test]
fn a_rule_asks_although_another_that_asks_nothing_found_the_problem_first() {
    let mut morning = Morning::watched_by(
        "[rule.raised]\nproblem='pressure high'\npriority='medium'\nwhen='systolic >= 160 mmHg'\n\
         [rule.severe]\nproblem='pressure high'\npriority='high'\nwhen='systolic >= 180 mmHg'\n\
         repeat={ within='15 min', first='Rest.', ask='Measure again.' }\n",
    );
    morning.pressure("2026-03-26T08:00:00Z", 165.0, 90.0);
    assert_eq!(morning.monitor.asks, []);
    morning.pressure("2026-03-26T12:00:00Z", 186.0, 90.0);
    assert_eq!(morning.monitor.asks.len(), 1);
}

#[test]
fn a_repeat_in_the_very_last_second_is_one() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 186.0, 101.0);
    morning.pressure("2026-03-26T08:16:00Z", 140.0, 84.0);
    assert_eq!(morning.finding(HIGH).priority, Priority::Low, "a minute to show it, fifteen to measure");
}

#[test]
fn nobody_is_asked_about_what_was_measured_again_before_it_reached_us() {
    let came = at("2026-03-26T08:01:00Z");
    let mut morning = Morning::of("hypertension");
    let severe = pressure(1, at("2026-03-26T08:00:00Z"), 60, 186.0, 101.0);
    let again = pressure(2, at("2026-03-26T08:00:50Z"), 10, 188.0, 101.0);
    morning.monitor.take(&morning.rulebook, vec![Thing::Reading(severe), Thing::Reading(again)], came);
    assert!(!morning.finding(HIGH).pending);
    assert_eq!(morning.monitor.asks, []);

    let mut morning = Morning::of("diabetes");
    let glucose = |seq, taken, value| {
        let taken = at(taken);
        let late = came.duration_since(taken).as_secs();
        Thing::Reading(reading(seq, taken, late, Vital::Glucose, &[(Component::Glucose, value)]))
    };
    let things = vec![glucose(1, "2026-03-26T08:00:00Z", 3.6), glucose(2, "2026-03-26T08:00:50Z", 5.2)];
    morning.monitor.take(&morning.rulebook, things, came);
    assert!(morning.finding("glucose low").end.is_some());
    assert_eq!(morning.monitor.asks, []);
}

#[test]
fn a_reading_judged_up_to_a_minute_after_it_came_is_still_asked_about() {
    let asks = |seconds| {
        let mut morning = Morning::of("hypertension");
        let severe = pressure(1, at("2026-03-26T08:00:00Z"), 1, 186.0, 101.0);
        let judged = severe.received_at + SignedDuration::from_secs(seconds);
        morning.monitor.take(&morning.rulebook, vec![Thing::Reading(severe)], judged);
        morning.monitor.asks.len()
    };
    assert_eq!([60, 61].map(asks), [1, 0]);
}

#[test]
fn an_answer_is_not_a_second_measurement() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 186.0, 101.0);
    let no = answers(morning.next(), at("2026-03-26T08:00:30Z"), 1, "bp-warning-signs|1", "warning_signs", false);
    morning.then("2026-03-26T08:00:30Z", Thing::Answers(no));
    let finding = morning.finding(HIGH);
    assert_eq!((finding.pending, finding.unconfirmed), (true, true));
}

#[test]
fn a_yes_in_another_questionnaire_is_no_symptom_of_this_problem() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 186.0, 101.0);
    let yes = answers(morning.next(), at("2026-03-26T08:00:30Z"), 1, "diabetes-today|1", "ate_breakfast", true);
    morning.then("2026-03-26T08:00:30Z", Thing::Answers(yes));
    assert!(morning.finding(HIGH).pending);
}

#[test]
fn a_reading_of_a_phone_that_is_ahead_is_looked_at_when_its_time_comes() {
    let mut morning = Morning::of("hypertension");
    let now = at("2026-03-26T08:00:00Z");
    let usual = Thing::Reading(pressure(1, now, 0, 128.0, 80.0));
    let ahead = Thing::Reading(pressure(2, at("2026-03-26T09:00:00Z"), -3_600, 224.0, 118.0));
    morning.monitor.take(&morning.rulebook, vec![usual, ahead], now);
    assert_eq!(morning.problems(), Vec::<&str>::new());
    assert!(morning.monitor.timers.contains(&at("2026-03-26T09:00:00Z")), "{:?}", morning.monitor.timers);
}

#[test]
fn of_two_silences_the_second_is_looked_for_when_the_first_has_come() {
    let mut morning = Morning::watched_by(
        "[rule.silent]\nproblem='nothing at all'\npriority='medium'\n\
         when.all=['overdue(blood_pressure, 36 h)', 'overdue(weight, 48 h)']\n",
    );
    morning.monitor.look(&morning.rulebook, at("2026-03-26T00:00:00Z"), at("2026-03-26T00:00:00Z"));
    morning.pass("2026-03-27T20:00:00Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
    assert!(morning.monitor.timers.contains(&at("2026-03-28T08:00:00Z")), "{:?}", morning.monitor.timers);
}

#[test]
fn what_a_rule_does_not_look_at_moves_none_of_its_ends() {
    let mut morning = Morning::watched_by(
        "[rule.high]\nproblem='glucose high'\npriority='medium'\nwhen='max(glucose, over 1 days, at least 1) >= 15 mmol/L'\n",
    );
    morning.measures("2026-03-26T08:00:00Z", Vital::Glucose, &[(Component::Glucose, 16.0)]);
    morning.measures("2026-03-27T08:00:00Z", Vital::Glucose, &[(Component::Glucose, 6.0)]);
    morning.measures("2026-03-28T00:30:00Z", Vital::Weight, &[(Component::Weight, 80.0)]);
    morning.pass("2026-03-28T12:00:00Z");
    assert_eq!(morning.finding("glucose high").end, Some(at("2026-03-28T04:00:00Z")), "at the daily look");
}
