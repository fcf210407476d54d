//! Values that are odd for this person only, and what staff say about a doubtful one.

use alert_rules::reading::{Acceptance, Measured};
use alert_rules::{Component, Correction, Vital};

use crate::morning::{HIGH, Morning};
use crate::world::{Thing, at};

fn weighs(morning: &mut Morning, time: &str, kg: f64) {
    morning.measures(time, Vital::Weight, &[(Component::Weight, kg)]);
}

/// A heavy person's weight, watched on both sides.
fn weighed() -> Morning {
    Morning::watched_by(
        "[rule.up]\nproblem='heavy'\npriority='medium'\nwhen='weight >= 90 kg'\n\
         [rule.down]\nproblem='light'\npriority='medium'\nwhen='weight < 60 kg'\n",
    )
}

#[test]
fn pounds_taken_for_kilograms_raise_and_say_so() {
    let mut morning = weighed();
    weighs(&mut morning, "2026-03-26T08:00:00Z", 80.0);
    weighs(&mut morning, "2026-03-27T08:00:00Z", 176.4);
    let heavy = morning.finding("heavy");
    assert!(heavy.unconfirmed, "{}", heavy.sentence);
    assert_eq!(
        heavy.reasons[1].what,
        "weight 176.4 kg is not confirmed: far from 80.0 kg, the middle of the week before; unit suspected, pounds sent as kg"
    );
}

#[test]
fn a_suspected_weight_ends_nothing_until_a_second_agrees() {
    let ends = |second: f64, taken: &str| {
        let mut morning = weighed();
        weighs(&mut morning, "2026-03-26T08:00:00Z", 91.0);
        weighs(&mut morning, "2026-03-27T08:00:00Z", 41.3);
        assert_eq!(morning.finding("heavy").end, None, "kilograms sent as pounds");
        weighs(&mut morning, taken, second);
        morning.finding("heavy").end.is_some()
    };
    assert!(ends(41.4, "2026-03-29T08:00:00Z"), "within two days");
    assert!(!ends(41.4, "2026-03-29T08:00:01Z"));
    assert!(ends(89.0, "2026-03-28T08:00:00Z"), "near the others");
}

/// Watched for what changes within three days.
fn changing() -> Morning {
    Morning::watched_by(
        "[rule.up]\nproblem='heavier'\npriority='medium'\nwhen='rise(weight, over 3 days, at least 2) > 2 kg'\n\
         [rule.down]\nproblem='lighter'\npriority='medium'\nwhen='fall(weight, over 3 days, at least 2) > 2 kg'\n",
    )
}

#[test]
fn a_doubted_weight_may_have_risen_and_is_nothing_to_have_fallen_from() {
    let mut morning = changing();
    weighs(&mut morning, "2026-03-26T08:00:00Z", 80.0);
    weighs(&mut morning, "2026-03-27T08:00:00Z", 176.4);
    assert_eq!(morning.finding("heavier").end, None);
    weighs(&mut morning, "2026-03-28T08:00:00Z", 80.4);
    assert!(morning.finding("heavier").end.is_some(), "it is over at the next weight, and not when the slip is old");
    assert!(!morning.problems().contains(&"lighter"));
    weighs(&mut morning, "2026-03-29T08:00:00Z", 77.9);
    assert_eq!(morning.finding("lighter").start, at("2026-03-29T08:00:00Z"), "2.5 kg from what is believed");
}

#[test]
fn what_a_second_reading_confirms_is_fallen_from() {
    let mut morning = changing();
    for (taken, kg) in [("2026-03-26T08:00:00Z", 80.0), ("2026-03-27T08:00:00Z", 85.0), ("2026-03-27T09:00:00Z", 85.2)]
    {
        weighs(&mut morning, taken, kg);
    }
    weighs(&mut morning, "2026-03-28T08:00:00Z", 81.0);
    assert_eq!(morning.finding("lighter").start, at("2026-03-28T08:00:00Z"));
}

#[test]
fn four_kilograms_in_a_week_are_believed_and_no_more() {
    let unconfirmed = |kg: f64, taken: &str| {
        let mut morning = weighed();
        weighs(&mut morning, "2026-03-26T08:00:00Z", 87.0);
        weighs(&mut morning, taken, kg);
        morning.finding("heavy").unconfirmed
    };
    assert!(!unconfirmed(91.0, "2026-04-02T08:00:00Z"));
    assert!(unconfirmed(91.1, "2026-04-02T08:00:00Z"));
    assert!(!unconfirmed(91.1, "2026-04-02T08:00:01Z"), "what is older says nothing");
}

#[test]
fn a_gain_of_a_few_days_is_believed_although_it_is_much_in_a_week() {
    let mut morning = weighed();
    for day in 0..8 {
        weighs(&mut morning, &format!("2026-03-{}T08:00:00Z", 20 + 6 + day.min(5)), 85.0 + 0.8 * f64::from(day.min(5)));
    }
    weighs(&mut morning, "2026-04-01T08:00:00Z", 90.3);
    assert!(!morning.finding("heavy").unconfirmed, "the middle of the week moves along");
}

#[test]
fn one_slip_does_not_make_the_next_right_weight_doubtful() {
    let mut morning = weighed();
    for (day, kg) in [(26, 91.0), (27, 91.2), (28, 200.6), (29, 88.5)] {
        weighs(&mut morning, &format!("2026-03-{day}T08:00:00Z"), kg);
    }
    assert_eq!(morning.finding("heavy").end, Some(at("2026-03-29T08:00:00Z")));
}

#[test]
fn milligrams_taken_for_millimoles_are_doubted_within_the_hold_range_too() {
    let mut morning = Morning::of("diabetes");
    morning.glucose("2026-03-26T08:00:00Z", Measured::value(2.1));
    morning.glucose("2026-03-26T08:20:00Z", Measured::value(27.0));
    assert!(morning.finding("glucose very high").unconfirmed);
    assert_eq!(morning.finding("glucose low").end, None);
    let reasons = &morning.finding("glucose very high").reasons;
    assert!(reasons.iter().any(|reason| reason.what.ends_with("unit suspected, mg/dL sent as mmol/L")), "{reasons:?}");
}

fn acceptance(seq: i64, time: &str, values: &[(Component, f64)]) -> Acceptance {
    let values = values.iter().map(|(component, value)| (*component, Measured::value(*value))).collect();
    Acceptance { seq, effective_at: at(time), values }
}

const PRESSURE: [(Component, f64); 2] = [(Component::Systolic, 228.0), (Component::Diastolic, 118.0)];

#[test]
fn what_staff_accept_is_confirmed_and_widens_the_band() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 228.0, 118.0);
    assert!(morning.finding(HIGH).unconfirmed);
    assert!(morning.finding(HIGH).reasons.iter().any(|reason| reason.what.contains("above 220 mmHg")));
    let accepted = acceptance(1, "2026-03-26T08:00:00Z", &PRESSURE);
    morning.monitor.take(&morning.rulebook, vec![Thing::Acceptance(accepted)], at("2026-03-26T09:00:00Z"));
    let accepted = morning.finding(HIGH);
    assert_eq!((accepted.unconfirmed, accepted.end), (false, None));
    assert!(!accepted.reasons.iter().any(|reason| reason.what.contains("not confirmed")));

    let unconfirmed = |morning: &mut Morning, time: &str, systolic| {
        morning.pressure(time, systolic, 118.0);
        let last = morning.monitor.findings.values().rfind(|finding| finding.problem == HIGH).expect("high");
        assert_eq!(last.start, at(time));
        last.unconfirmed
    };
    morning.pressure("2026-03-28T08:00:00Z", 140.0, 80.0);
    assert!(!unconfirmed(&mut morning, "2026-04-04T08:00:00Z", 228.0), "no higher than what was accepted");
    morning.pressure("2026-04-06T08:00:00Z", 140.0, 80.0);
    assert!(unconfirmed(&mut morning, "2026-04-10T08:00:00Z", 229.0));
}

#[test]
fn an_acceptance_is_of_the_values_as_they_were() {
    let unconfirmed = |corrected: Option<f64>| {
        let mut morning = Morning::of("hypertension");
        morning.pressure("2026-03-26T08:00:00Z", 228.0, 118.0);
        let things = vec![
            Thing::Acceptance(acceptance(1, "2026-03-26T08:00:00Z", &PRESSURE)),
            Thing::Correction(Correction {
                seq: 2,
                corrects_seq: 1,
                reason: "wrong_entry".to_owned(),
                values: corrected.map(|systolic| {
                    vec![
                        (Component::Systolic, Measured::value(systolic)),
                        (Component::Diastolic, Measured::value(118.0)),
                    ]
                }),
            }),
        ];
        morning.monitor.take(&morning.rulebook, things, at("2026-03-26T09:00:00Z"));
        morning.pressure("2026-03-28T08:00:00Z", 225.0, 118.0);
        let of = |start| morning.monitor.findings.get(&(HIGH.to_owned(), at(start))).map(|finding| finding.unconfirmed);
        (of("2026-03-26T08:00:00Z"), of("2026-03-28T08:00:00Z"))
    };
    assert_eq!(unconfirmed(Some(228.0)), (Some(false), None), "the systolic stands");
    assert_eq!(unconfirmed(Some(226.0)), (Some(true), None));
    assert_eq!(unconfirmed(None), (None, Some(true)), "it was not theirs");
}

#[test]
fn an_accepted_weight_is_near_for_a_week() {
    let unconfirmed = |taken: &str| {
        let mut morning = weighed();
        weighs(&mut morning, "2026-03-26T08:00:00Z", 84.0);
        weighs(&mut morning, "2026-03-27T08:00:00Z", 89.5);
        let accepted = acceptance(2, "2026-03-27T08:00:00Z", &[(Component::Weight, 89.5)]);
        morning.monitor.take(&morning.rulebook, vec![Thing::Acceptance(accepted)], at("2026-03-27T09:00:00Z"));
        weighs(&mut morning, "2026-04-02T08:00:00Z", 84.0);
        weighs(&mut morning, taken, 92.0);
        morning.finding("heavy").unconfirmed
    };
    assert!(!unconfirmed("2026-04-03T08:00:00Z"));
    assert!(unconfirmed("2026-04-03T08:00:01Z"));
}

#[test]
fn an_acceptance_says_nothing_of_what_was_measured_before() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 224.0, 118.0);
    morning.pressure("2026-03-26T12:00:00Z", 140.0, 80.0);
    morning.pressure("2026-03-30T08:00:00Z", 228.0, 118.0);
    let accepted = acceptance(3, "2026-03-30T08:00:00Z", &PRESSURE);
    morning.monitor.take(&morning.rulebook, vec![Thing::Acceptance(accepted)], at("2026-03-30T09:00:00Z"));
    morning.monitor.look(&morning.rulebook, at("2026-03-26T00:00:00Z"), at("2026-03-30T09:01:00Z"));
    let of = |start| morning.monitor.findings[&(HIGH.to_owned(), at(start))].unconfirmed;
    assert_eq!((of("2026-03-26T08:00:00Z"), of("2026-03-30T08:00:00Z")), (true, false));
}
