//! What is said of several readings at once: spreads, slopes, all and any, what has held, and NICE's home average. Each at
//! its boundaries: of number, of time, of how many.

use alert_rules::reading::{Comparator, Measured};
use alert_rules::{Component, Vital};
use jiff::SignedDuration;

use crate::morning::Morning;
use crate::world::at;

fn watched_for(when: &str) -> Morning {
    Morning::watched_by(&format!("[rule.r]\nproblem='found'\npriority='medium'\nwhen='{when}'\n"))
}

fn is_found(morning: &Morning) -> bool {
    morning.problems() == ["found"]
}

/// Weights at 08:00 UTC of one day after another from 26 March 2026; London's clocks go forward on the 29th.
fn weights(when: &str, weights: &[f64]) -> bool {
    let mut morning = watched_for(when);
    for (day, weight) in (26..).zip(weights) {
        morning.measures(&format!("2026-03-{day}T08:00:00Z"), Vital::Weight, &[(Component::Weight, *weight)]);
    }
    is_found(&morning)
}

fn pulses(when: &str, pulses: &[(&str, f64)]) -> bool {
    let mut morning = watched_for(when);
    for (taken, pulse) in pulses {
        morning.measures(&format!("2026-03-26T{taken}Z"), Vital::Pulse, &[(Component::Pulse, *pulse)]);
    }
    is_found(&morning)
}

#[test]
fn a_spread_is_that_of_a_sample() {
    // Of 78, 80 and 82: two, and not the 1.63 that dividing by three would make.
    assert!(weights("stddev(weight, over 3 days, at least 3) = 2 kg", &[78.0, 80.0, 82.0]));
    assert!(!weights("stddev(weight, over 3 days, at least 3) = 2 kg", &[78.0, 82.0]), "two are not three");
    assert!(weights("stddev(weight, over 3 days, at least 2) = 0 kg", &[80.0, 80.0]));
}

#[test]
fn a_slope_is_per_day_of_elapsed_time() {
    let gains = "slope(weight, over 7 days, at least 4) >= 0.3 kg/day";
    assert!(weights(gains, &[80.0, 80.3, 80.6, 80.9]), "in binary, a little less");
    assert!(!weights(gains, &[80.0, 80.3, 80.6, 80.8]));
    assert!(!weights(gains, &[80.0, 81.0, 82.0]), "three are not four");
    // One odd day bends the line less than it would a rise: 0.3 × (1.5 × 0.9 + …) of the least squares.
    assert!(weights("slope(weight, over 7 days, at least 4) = 0.36 kg/day", &[80.0, 80.3, 80.6, 81.1]));
    assert!(weights("slope(weight, over 7 days, at least 3) <= -0.5 kg/day", &[81.0, 80.5, 80.0]));
    let at_once = [("08:00:00", 70.0), ("08:00:00", 80.0)];
    assert!(!pulses("slope(pulse, over 72 h, at least 2) > 0 /min/day", &at_once), "no time has passed");
    let in_an_hour = [("08:00:00", 70.0), ("09:00:00", 80.0)];
    assert!(pulses("slope(pulse, over 72 h, at least 2) = 240 /min/day", &in_an_hour));
}

#[test]
fn spreads_and_slopes_leave_out_what_nothing_confirms_and_what_has_no_number() {
    let mut morning = watched_for("slope(weight, over 7 days, at least 3) >= 1 kg/day");
    for (taken, weight) in [("26", 80.0), ("27", 80.1), ("28", 260.0)] {
        morning.measures(&format!("2026-03-{taken}T08:00:00Z"), Vital::Weight, &[(Component::Weight, weight)]);
    }
    assert!(!is_found(&morning));
    let mut morning = watched_for("stddev(glucose, over 24 h, at least 3) > 2 mmol/L");
    for (taken, measured) in
        [("08", Measured::value(6.0)), ("12", Measured::value(12.0)), ("16", Measured::off_scale(Comparator::High))]
    {
        morning.glucose(&format!("2026-03-26T{taken}:00:00Z"), measured);
    }
    assert!(!is_found(&morning), "two numbers are not three");
}

#[test]
fn all_is_of_every_reading_and_of_enough() {
    let all = "all(pulse > 110 /min, over 24 h, at least 3)";
    assert!(!pulses(all, &[("08:00:00", 111.0), ("09:00:00", 111.0)]));
    assert!(pulses(all, &[("08:00:00", 111.0), ("09:00:00", 111.0), ("10:00:00", 111.0)]));
    assert!(!pulses(all, &[("08:00:00", 111.0), ("09:00:00", 110.0), ("10:00:00", 111.0)]));
    // Too few are unknown, and what is unknown is not true when it is denied.
    let not_all = "not all(pulse > 110 /min, over 24 h, at least 3)";
    assert!(!pulses(not_all, &[("08:00:00", 80.0), ("09:00:00", 80.0)]));
    assert!(pulses(not_all, &[("08:00:00", 80.0), ("09:00:00", 111.0), ("10:00:00", 111.0)]));
}

#[test]
fn any_is_of_one_reading_among_enough() {
    let any = "any(pulse > 110 /min, last 3)";
    assert!(pulses(any, &[("08:00:00", 111.0)]));
    assert!(!pulses(any, &[("08:00:00", 110.0)]));
    let any_of_three = "any(pulse > 110 /min, over 24 h, at least 3)";
    assert!(!pulses(any_of_three, &[("08:00:00", 111.0), ("09:00:00", 80.0)]), "always enough, else unknown");
    assert!(pulses(any_of_three, &[("08:00:00", 111.0), ("09:00:00", 80.0), ("10:00:00", 80.0)]));
    let last_two = "any(pulse > 110 /min, last 2)";
    let mut morning = watched_for(last_two);
    for (taken, pulse) in [("08", 111.0), ("09", 80.0), ("10", 80.0)] {
        morning.measures(&format!("2026-03-26T{taken}:00:00Z"), Vital::Pulse, &[(Component::Pulse, pulse)]);
    }
    assert_eq!(morning.finding("found").end, Some(at("2026-03-26T10:00:00Z")), "it is no longer among the last two");
}

#[test]
fn a_reading_in_doubt_neither_ends_all_nor_any() {
    for when in ["all(glucose < 4.0 mmol/L, over 12 h, at least 1)", "any(glucose < 4.0 mmol/L, over 12 h, at least 1)"]
    {
        let mut morning = watched_for(when);
        morning.glucose("2026-03-26T08:00:00Z", Measured::value(3.6));
        morning.glucose("2026-03-26T21:00:00Z", Measured::value(29.0));
        assert_eq!(morning.finding("found").end, None, "{when}: it may have been any value");
        morning.glucose("2026-03-26T21:10:00Z", Measured::value(6.0));
        let ended = when.starts_with("all");
        assert_eq!(morning.finding("found").end.is_some(), ended, "{when}: one that is not low is enough for all");
        morning.glucose("2026-03-27T10:00:00Z", Measured::value(6.0));
        assert!(morning.finding("found").end.is_some(), "{when}");
    }
}

#[test]
fn what_is_sustained_has_held_at_every_reading_for_so_long() {
    let held = "sustained(pulse > 110 /min, 2 h)";
    assert!(!pulses(held, &[("08:00:00", 120.0)]), "one reading has held for no time");
    assert!(!pulses(held, &[("08:00:00", 120.0), ("09:59:59", 120.0)]));
    assert!(pulses(held, &[("08:00:00", 120.0), ("10:00:00", 120.0)]));
    assert!(pulses(held, &[("08:00:00", 120.0), ("09:00:00", 111.0), ("10:00:00", 120.0)]));
    assert!(!pulses(held, &[("08:00:00", 120.0), ("09:00:00", 110.0), ("10:00:00", 120.0)]), "it had gone in between");
    assert!(!pulses(held, &[("08:00:00", 120.0), ("10:00:00", 110.0)]), "it is no more");
    assert!(!pulses(held, &[("07:00:00", 110.0), ("08:30:00", 120.0), ("10:00:00", 120.0)]), "an hour and a half");
}

#[test]
fn what_is_sustained_is_false_or_unknown_and_never_confuses_them() {
    let not_held = "not sustained(pulse > 110 /min, 2 h)";
    assert!(pulses(not_held, &[("08:00:00", 80.0)]), "the newest says no");
    assert!(pulses(not_held, &[("08:00:00", 80.0), ("09:00:00", 120.0)]), "it began an hour ago at the most");
    assert!(!pulses(not_held, &[("08:00:00", 120.0), ("09:00:00", 120.0)]), "nobody knows how it was before");
    // Two days apart nobody knows what was in between.
    let mut apart = watched_for("sustained(pulse > 110 /min, 12 h)");
    apart.measures("2026-03-26T08:00:00Z", Vital::Pulse, &[(Component::Pulse, 120.0)]);
    apart.measures("2026-03-27T08:00:01Z", Vital::Pulse, &[(Component::Pulse, 120.0)]);
    assert!(!is_found(&apart));
    apart.measures("2026-03-27T20:00:01Z", Vital::Pulse, &[(Component::Pulse, 120.0)]);
    assert!(is_found(&apart));
}

#[test]
fn what_is_sustained_ends_when_a_reading_says_so_and_not_by_silence() {
    let mut morning = watched_for("sustained(pulse > 110 /min, 2 h)");
    for hour in ["08", "10"] {
        morning.measures(&format!("2026-03-26T{hour}:00:00Z"), Vital::Pulse, &[(Component::Pulse, 120.0)]);
    }
    assert_eq!(morning.finding("found").start, at("2026-03-26T10:00:00Z"));
    morning.pass("2026-03-28T12:00:00Z");
    assert_eq!(morning.finding("found").end, None);
    morning.measures("2026-03-28T13:00:00Z", Vital::Pulse, &[(Component::Pulse, 80.0)]);
    assert_eq!(morning.finding("found").end, Some(at("2026-03-28T13:00:00Z")));
}

#[test]
fn a_drift_is_fast_minus_slow() {
    let macd = "mean(weight, over 1 days, at least 2) - mean(weight, over 4 days before those, at least 4) > 1 kg";
    assert!(weights(macd, &[80.0, 80.0, 80.0, 80.0, 81.0, 81.2]));
    assert!(!weights(macd, &[80.0, 80.0, 80.0, 80.0, 81.0, 81.0]), "a kilogram is not more than one");
    assert!(!weights(macd, &[80.0, 80.0, 80.0, 83.0, 83.0]), "three before are not four");
}

#[test]
fn a_share_of_another_quantity() {
    let found = |flow: f64| {
        let mut morning = watched_for("peak_flow < 50 % of 420 L/min");
        morning.measures("2026-03-26T08:00:00Z", Vital::PeakFlow, &[(Component::PeakFlow, flow)]);
        is_found(&morning)
    };
    assert_eq!([209.0, 210.0].map(found), [true, false]);
}

/// Two readings a minute apart at these hours of this day, UTC; London is on summer time from the 29th.
fn pairs(morning: &mut Morning, day: &str, hours: &[&str], systolic: f64) {
    for hour in hours {
        let first = at(&format!("2026-{day}T{hour}:00Z"));
        for taken in [first, first + SignedDuration::from_secs(60)] {
            morning.pressure(&taken.to_string(), systolic, 80.0);
        }
    }
}

#[test]
fn the_home_average_leaves_out_the_first_of_four_whole_days() {
    let mut morning = watched_for("home_average(systolic) >= 135 mmHg");
    pairs(&mut morning, "03-26", &["08:00", "20:00"], 170.0);
    pairs(&mut morning, "03-27", &["08:00", "20:00"], 135.0);
    pairs(&mut morning, "03-28", &["08:00", "20:00"], 135.0);
    pairs(&mut morning, "03-29", &["07:00"], 135.0);
    assert!(!is_found(&morning), "the fourth day has no evening");
    let before = at("2026-03-29T19:00:00Z");
    morning.pressure("2026-03-29T19:00:00Z", 135.0, 80.0);
    assert!(!is_found(&morning), "one reading is not two");
    morning.pressure("2026-03-29T19:00:59Z", 135.0, 80.0);
    assert!(!is_found(&morning), "less than a minute apart");
    morning.pressure("2026-03-29T19:01:00Z", 135.0, 80.0);
    assert_eq!(morning.finding("found").start, before + SignedDuration::from_secs(60));

    // With the first day it would have been above.
    let mut morning = watched_for("home_average(systolic) >= 135 mmHg");
    for (day, systolic) in [("03-26", 170.0), ("03-27", 134.0), ("03-28", 135.0), ("03-29", 135.0)] {
        pairs(&mut morning, day, &["08:00", "20:00"], systolic);
    }
    assert!(!is_found(&morning));
}

#[test]
fn the_home_averages_days_and_halves_are_the_patients() {
    // 23:30 UTC on the 29th is half past midnight in London: the next day's morning.
    let mut morning = watched_for("home_average(systolic) >= 135 mmHg");
    for day in ["03-26", "03-27", "03-28"] {
        pairs(&mut morning, day, &["08:00", "20:00"], 140.0);
    }
    pairs(&mut morning, "03-29", &["10:58", "23:30"], 140.0);
    assert!(!is_found(&morning), "both of the 29th are mornings, of two days");
    pairs(&mut morning, "03-30", &["11:00"], 140.0);
    assert!(is_found(&morning), "noon begins the evening, and 11:00 UTC is noon");
}

#[test]
fn the_home_average_is_of_the_last_seven_days() {
    let found = |last: &str| {
        let mut morning = watched_for("home_average(systolic) >= 135 mmHg");
        for day in ["03-26", "03-27", "03-28", last] {
            pairs(&mut morning, day, &["08:00", "20:00"], 140.0);
        }
        is_found(&morning)
    };
    assert!(found("04-01"));
    assert!(!found("04-02"), "the 26th is beyond, and three whole days are not four");
}
