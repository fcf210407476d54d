//! What a rule concludes from several numbers: averages and windows, values taken together, sums and ratios.

use alert_rules::reading::{Comparator, Measured};
use alert_rules::{Component, Vital};

use crate::morning::Morning;
use crate::world::{Thing, answers, at};

fn watched_for(when: &str) -> Morning {
    Morning::watched_by(&format!("[rule.r]\nproblem='found'\npriority='medium'\nwhen='{when}'\n"))
}

fn is_found(morning: &Morning) -> bool {
    morning.problems() == ["found"]
}

#[test]
fn a_range_holds_both_its_ends_and_nothing_beyond() {
    let found = |spo2: f64| {
        let mut morning = watched_for("spo2 in 88..92 %");
        morning.measures("2026-03-26T08:00:00Z", Vital::Spo2, &[(Component::Spo2, spo2)]);
        is_found(&morning)
    };
    assert_eq!([87.0, 88.0, 92.0, 93.0].map(found), [false, true, true, false]);
}

#[test]
fn values_count_together_only_when_they_were_taken_together() {
    let found = |taken: &str| {
        let mut morning = watched_for("together(systolic < 100 mmHg and pulse > 110 /min, 30 min)");
        morning.measures("2026-03-26T08:00:00Z", Vital::Pulse, &[(Component::Pulse, 124.0)]);
        morning.pressure(taken, 94.0, 60.0);
        is_found(&morning)
    };
    assert!(found("2026-03-26T08:30:00Z"));
    assert!(!found("2026-03-26T08:30:01Z"), "a fast pulse of then and a low pressure of now are two matters");
}

#[test]
fn the_mean_arterial_pressure_can_be_written_down() {
    let found = |systolic, diastolic| {
        let mut morning = watched_for("(systolic + 2 * diastolic) / 3 >= 107 mmHg");
        morning.pressure("2026-03-26T08:00:00Z", systolic, diastolic);
        is_found(&morning)
    };
    assert!(found(151.0, 85.0), "107");
    assert!(!found(150.0, 85.0), "106.7");
}

#[test]
fn what_is_off_the_scale_has_no_ratio() {
    let halved = |before: Measured| {
        let mut morning = watched_for("glucose / max(glucose, over 24 h, at least 2) <= 0.5");
        morning.glucose("2026-03-26T08:00:00Z", before);
        morning.glucose("2026-03-26T12:00:00Z", Measured::value(6.0));
        is_found(&morning)
    };
    assert!(halved(Measured::value(12.0)));
    assert!(!halved(Measured::off_scale(Comparator::High)), "nobody knows how high HI was");
}

#[test]
fn the_last_readings_are_the_last_and_one_odd_one_does_not_move_their_median() {
    let mut morning = watched_for("median(systolic, last 3, at least 3) >= 140 mmHg");
    for (day, systolic) in [(26, 120.0), (27, 118.0), (28, 145.0)] {
        morning.pressure(&format!("2026-03-{day}T08:00:00Z"), systolic, 80.0);
    }
    assert!(!is_found(&morning));
    morning.pressure("2026-03-30T08:00:00Z", 142.0, 80.0);
    assert!(is_found(&morning), "118, 142, 145: their mean is 135");
}

#[test]
fn those_before_are_neither_today_nor_longer_ago() {
    let when = "mean(weight, over 2 days, at least 3) - mean(weight, over 3 days before those, at least 3) >= 2.0 kg";
    let mut morning = watched_for(when);
    // Each at the patient's midnight, which is an hour earlier in UTC once the clocks have gone forward. With the first
    // day's there would have been no gain; with a later one among those before, less than 2 kg.
    for (midnight, weight) in [
        ("2026-03-26T00:00:00Z", 100.0),
        ("2026-03-27T00:00:00Z", 80.0),
        ("2026-03-28T00:00:00Z", 80.0),
        ("2026-03-29T00:00:00Z", 80.0),
        ("2026-03-29T23:00:00Z", 82.0),
        ("2026-03-30T23:00:00Z", 82.0),
    ] {
        morning.measures(midnight, Vital::Weight, &[(Component::Weight, weight)]);
    }
    assert!(!is_found(&morning));
    morning.measures("2026-03-31T23:00:00Z", Vital::Weight, &[(Component::Weight, 82.0)]);
    assert_eq!(morning.finding("found").start, at("2026-03-31T23:00:00Z"));
}

/// The clocks of London go back on 25 October: that day has 25 hours, and two days before the 26th begin in summer time.
#[test]
fn a_window_over_the_day_of_25_hours_begins_at_the_patients_midnight() {
    let found = |first: &str| {
        let mut morning = watched_for("count(weight > 50.0 kg, over 2 days) >= 2");
        for time in [first, "2026-10-26T10:00:00Z"] {
            morning.measures(time, Vital::Weight, &[(Component::Weight, 80.0)]);
        }
        morning.problems().contains(&"found")
    };
    assert!(found("2026-10-23T23:00:00Z"), "midnight of the 24th by the clock on the wall");
    assert!(!found("2026-10-23T22:59:59Z"), "the evening of the 23rd");
}

/// Measured at 08:00 in London; then in Kolkata, five and a half hours ahead since London is on winter time.
#[test]
fn who_travels_keeps_what_was_found_and_is_due_by_the_clock_there() {
    let mut morning = watched_for("overdue(weight, 2 h)");
    morning.measures("2026-03-26T08:00:00Z", Vital::Weight, &[(Component::Weight, 80.0)]);
    morning.pass("2026-03-26T20:00:00Z");
    morning.monitor.facts.version += 1;
    morning.monitor.facts.time_zone = jiff::tz::TimeZone::get("Asia/Kolkata").expect("bundled");
    morning.pass("2026-03-27T04:29:00Z");
    assert!(!is_found(&morning), "not because of the flight, and not before ten there");
    morning.pass("2026-03-27T10:00:00Z");
    assert_eq!(morning.finding("found").start, at("2026-03-27T04:30:00Z"), "eight there is 02:30, and two hours");
}

#[test]
fn rises_and_falls_are_from_the_lowest_and_the_highest_to_the_latest() {
    let found = |when: &str, weights: &[f64]| {
        let mut morning = watched_for(when);
        for (day, weight) in (26..).zip(weights) {
            morning.measures(&format!("2026-03-{day}T08:00:00Z"), Vital::Weight, &[(Component::Weight, *weight)]);
        }
        is_found(&morning)
    };
    let rise = "rise(weight, over 3 days, at least 2) = 3.0 kg";
    assert_eq!([&[80.0, 78.0, 81.0][..], &[81.0, 80.0, 78.0]].map(|weights| found(rise, weights)), [true, false]);
    let fall = "fall(weight, over 3 days, at least 2) = 4.0 kg";
    assert_eq!([&[80.0, 82.0, 78.0][..], &[78.0, 80.0, 82.0]].map(|weights| found(fall, weights)), [true, false]);
    let highest = "max(weight, over 3 days, at least 2) >= 90.0 kg";
    assert!(!found(highest, &[91.0]), "one reading is not two");
    assert!(found(highest, &[91.0, 80.0]));
}

#[test]
fn each_comparison_says_what_it_means_at_the_number_itself() {
    for (comparison, below_at_above) in [
        ("<", [true, false, false]),
        ("<=", [true, true, false]),
        (">=", [false, true, true]),
        (">", [false, false, true]),
        ("=", [false, true, false]),
        ("!=", [true, false, true]),
    ] {
        let found = |systolic| {
            let mut morning = watched_for(&format!("systolic {comparison} 140 mmHg"));
            morning.pressure("2026-03-26T08:00:00Z", systolic, 80.0);
            is_found(&morning)
        };
        assert_eq!([139.0, 140.0, 141.0].map(found), below_at_above, "{comparison}");
    }
}

#[test]
fn a_value_older_than_a_day_is_no_longer_what_is_so_now() {
    let found = |answered: &str| {
        let mut morning = watched_for("systolic < 90 mmHg and answer(\"dizzy\") = yes");
        morning.pressure("2026-03-26T08:00:00Z", 86.0, 50.0);
        let dizzy = answers(morning.next(), at(answered), 1, "x|1", "dizzy", true);
        morning.then(answered, Thing::Answers(dizzy));
        is_found(&morning)
    };
    assert!(found("2026-03-27T08:00:00Z"));
    assert!(!found("2026-03-27T08:00:01Z"));
}

#[test]
fn an_average_beside_values_taken_together_is_not_one_of_them() {
    let mut morning =
        watched_for("together(systolic < 100 mmHg and mean(weight, over 7 days, at least 1) > 90 kg, 30 min)");
    morning.measures("2026-03-26T07:00:00Z", Vital::Weight, &[(Component::Weight, 92.0)]);
    morning.pressure("2026-03-26T08:00:00Z", 96.0, 60.0);
    assert!(is_found(&morning), "the weight of an hour ago");
}

#[test]
fn a_window_of_hours_holds_the_reading_of_exactly_that_long_ago() {
    let found = |second: &str| {
        let mut morning = watched_for("count(glucose < 4.0 mmol/L, over 24 h, at least 2) >= 2");
        morning.glucose("2026-03-26T08:00:00Z", Measured::value(3.6));
        morning.glucose(second, Measured::value(3.6));
        is_found(&morning)
    };
    assert!(found("2026-03-27T08:00:00Z"));
    assert!(!found("2026-03-27T08:00:01Z"));
}

#[test]
fn a_pulse_that_comes_with_a_pressure_is_a_pulse() {
    let mut morning = watched_for("pulse > 120 /min");
    let values = [(Component::Systolic, 128.0), (Component::Diastolic, 80.0), (Component::Pulse, 130.0)];
    morning.measures("2026-03-26T08:00:00Z", Vital::BloodPressure, &values);
    assert_eq!(morning.finding("found").sentence, "Found: pulse 130/min");
}

#[test]
fn a_mean_leaves_out_what_nothing_has_confirmed() {
    let mut morning = watched_for("mean(systolic, over 7 days, at least 2) >= 140 mmHg");
    morning.pressure("2026-03-26T08:00:00Z", 130.0, 80.0);
    morning.pressure("2026-03-26T08:05:00Z", 130.0, 80.0);
    morning.pressure("2026-03-26T20:00:00Z", 228.0, 80.0);
    assert!(!is_found(&morning));
    morning.pressure("2026-03-26T20:05:00Z", 226.0, 80.0);
    assert!(is_found(&morning), "two odd readings that agree are no mistake of one");
}

#[test]
fn a_count_looks_at_each_reading_by_itself() {
    let found = |values: [f64; 3]| {
        let mut morning = watched_for("count(glucose < 4.0 mmol/L, over 24 h, at least 1) >= 2");
        for (hour, value) in ["08", "12", "16"].into_iter().zip(values) {
            morning.glucose(&format!("2026-03-26T{hour}:00:00Z"), Measured::value(value));
        }
        is_found(&morning)
    };
    assert!(!found([6.0, 6.0, 3.6]), "one is low, though it is the last");
    assert!(found([3.6, 3.6, 6.0]));
}

#[test]
fn a_count_with_a_reading_in_doubt_never_clears() {
    let mut morning = Morning::watched_by(
        "[rule.low]\nproblem='glucose low'\npriority='medium'\n\
         when='count(glucose < 4.0 mmol/L, over 24 h, at least 1) >= 1'\n",
    );
    morning.glucose("2026-03-26T08:00:00Z", Measured::value(3.6));
    morning.glucose("2026-03-27T08:30:00Z", Measured::value(29.0));
    morning.glucose("2026-03-27T09:00:00Z", Measured::value(6.0));
    assert_eq!(morning.finding("glucose low").end, None, "it may have been any value");
    morning.glucose("2026-03-28T09:00:00Z", Measured::value(6.0));
    assert_eq!(morning.finding("glucose low").end, Some(at("2026-03-28T09:00:00Z")));
}

#[test]
fn less_than_nothing_can_be_written_down() {
    let found = |weight| {
        let mut morning = watched_for("weight - 85 kg < -4 kg");
        morning.measures("2026-03-26T08:00:00Z", Vital::Weight, &[(Component::Weight, weight)]);
        is_found(&morning)
    };
    assert_eq!([80.0, 82.0].map(found), [true, false]);
}

#[test]
fn no_is_an_answer_and_none_is_neither_yes_nor_no() {
    let found = |when: &str, answered: &str, yes| {
        let mut morning = watched_for(when);
        let given = answers(morning.next(), at("2026-03-26T08:00:00Z"), 1, "x|1", answered, yes);
        morning.then("2026-03-26T08:00:00Z", Thing::Answers(given));
        is_found(&morning)
    };
    let (no, not_yes) = ("answer(\"tablets_taken\") = no", "answer(\"tablets_taken\") != yes");
    for when in [no, not_yes] {
        assert!(found(when, "tablets_taken", false));
        assert!(!found(when, "tablets_taken", true));
        assert!(!found(when, "slept_well", false));
    }
}
