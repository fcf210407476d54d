//! NEWS2: every boundary of every row of the Royal College's table, what is missing, and who it is for.

use alert_rules::facts::SetBy;
use alert_rules::finding::Finding;
use alert_rules::news2::{Input, Inputs, Score};
use alert_rules::reading::{Comparator, Measured};
use alert_rules::{Component, Vital};

use crate::morning::Morning;
use crate::world::{Thing, at, reading};

/// Nothing wrong, on air, scale 1.
const WELL: Inputs = Inputs {
    respiratory_rate: Some(16.0),
    spo2: Some(97.0),
    spo2_scale_2: false,
    on_oxygen: Some(false),
    systolic: Some(120.0),
    pulse: Some(70.0),
    consciousness: Some(0.0),
    temperature: Some(37.0),
};

fn total(inputs: Inputs) -> u8 {
    inputs.score().total.expect("nothing is missing")
}

/// What each value of one row scores, everything else being well.
fn row(set: impl Fn(&mut Inputs, f64), expected: &[(f64, u8)]) {
    for (value, points) in expected {
        let mut inputs = WELL;
        set(&mut inputs, *value);
        assert_eq!(total(inputs), *points, "{value}");
        assert_eq!(inputs.score().any_three, Some(*points == 3), "{value}");
    }
}

#[test]
fn somebody_well_scores_nothing() {
    assert_eq!(total(WELL), 0);
    assert_eq!(WELL.score().any_three, Some(false));
}

#[test]
fn respiratory_rate() {
    row(
        |inputs, value| inputs.respiratory_rate = Some(value),
        &[(1.0, 3), (8.0, 3), (9.0, 1), (11.0, 1), (12.0, 0), (20.0, 0), (21.0, 2), (24.0, 2), (25.0, 3), (80.0, 3)],
    );
}

#[test]
fn oxygen_level_on_scale_1() {
    let expected = [(40.0, 3), (91.0, 3), (92.0, 2), (93.0, 2), (94.0, 1), (95.0, 1), (96.0, 0), (100.0, 0)];
    row(|inputs, value| inputs.spo2 = Some(value), &expected);
    // On oxygen the same, and two more for the oxygen.
    for (value, points) in expected {
        assert_eq!(total(Inputs { spo2: Some(value), on_oxygen: Some(true), ..WELL }), points + 2, "{value}");
    }
}

#[test]
fn oxygen_level_on_scale_2() {
    let low = [(40.0, 3), (83.0, 3), (84.0, 2), (85.0, 2), (86.0, 1), (87.0, 1), (88.0, 0), (92.0, 0)];
    let on_air = [(93.0, 0), (94.0, 0), (95.0, 0), (96.0, 0), (97.0, 0), (100.0, 0)];
    let on_oxygen = [(93.0, 1), (94.0, 1), (95.0, 2), (96.0, 2), (97.0, 3), (100.0, 3)];
    let scored =
        |spo2, on_oxygen| total(Inputs { spo2: Some(spo2), spo2_scale_2: true, on_oxygen: Some(on_oxygen), ..WELL });
    for (value, points) in low.into_iter().chain(on_air) {
        assert_eq!(scored(value, false), points, "{value} on air");
    }
    for (value, points) in low.into_iter().chain(on_oxygen) {
        assert_eq!(scored(value, true), points + 2, "{value} on oxygen");
    }
}

#[test]
fn oxygen_scores_two() {
    assert_eq!(total(Inputs { on_oxygen: Some(true), ..WELL }), 2);
}

#[test]
fn systolic() {
    row(
        |inputs, value| inputs.systolic = Some(value),
        &[(40.0, 3), (90.0, 3), (91.0, 2), (100.0, 2), (101.0, 1), (110.0, 1), (111.0, 0), (219.0, 0), (220.0, 3)],
    );
}

#[test]
fn pulse() {
    let low = [(20.0, 3), (40.0, 3), (41.0, 1), (50.0, 1), (51.0, 0), (90.0, 0)];
    let high = [(91.0, 1), (110.0, 1), (111.0, 2), (130.0, 2), (131.0, 3), (300.0, 3)];
    row(|inputs, value| inputs.pulse = Some(value), &[low, high].concat());
}

#[test]
fn consciousness() {
    row(|inputs, value| inputs.consciousness = Some(value), &[(0.0, 0), (1.0, 3), (2.0, 3), (3.0, 3), (4.0, 3)]);
}

#[test]
fn temperature() {
    row(
        |inputs, value| inputs.temperature = Some(value),
        &[(25.0, 3), (35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.0, 1), (39.1, 2), (45.0, 2)],
    );
}

/// The table knows whole numbers, and tenths of a degree. 100.5 °F are 38.06 °C: 38.1.
#[test]
fn values_are_rounded_to_what_the_table_knows() {
    assert_eq!(total(Inputs { temperature: Some(38.04), ..WELL }), 0);
    assert_eq!(total(Inputs { temperature: Some(38.055_555_555_555_56), ..WELL }), 1);
    assert_eq!(total(Inputs { respiratory_rate: Some(20.4), ..WELL }), 0);
    assert_eq!(total(Inputs { respiratory_rate: Some(20.5), ..WELL }), 2);
}

#[test]
fn the_most_there_is() {
    let worst = Inputs {
        respiratory_rate: Some(30.0),
        spo2: Some(85.0),
        spo2_scale_2: false,
        on_oxygen: Some(true),
        systolic: Some(80.0),
        pulse: Some(140.0),
        consciousness: Some(4.0),
        temperature: Some(34.0),
    };
    assert_eq!(total(worst), 20);
}

#[test]
fn what_is_missing_counts_nothing_and_is_named() {
    type Forget = fn(&mut Inputs);
    let missing: [(Forget, Input); 7] = [
        (|inputs| inputs.respiratory_rate = None, Input::RespiratoryRate),
        (|inputs| inputs.spo2 = None, Input::Spo2),
        (|inputs| inputs.on_oxygen = None, Input::Oxygen),
        (|inputs| inputs.systolic = None, Input::Systolic),
        (|inputs| inputs.pulse = None, Input::Pulse),
        (|inputs| inputs.consciousness = None, Input::Consciousness),
        (|inputs| inputs.temperature = None, Input::Temperature),
    ];
    for (forget, input) in missing {
        let mut inputs = WELL;
        forget(&mut inputs);
        let Score { total, lower_bound, any_three, missing, .. } = inputs.score();
        assert_eq!((total, lower_bound, missing), (None, 0, vec![input]));
        // Oxygen itself never scores three.
        assert_eq!(any_three, if input == Input::Oxygen { Some(false) } else { None }, "{input:?}");
    }
}

#[test]
fn unknown_oxygen_is_scored_both_ways() {
    let unknown = |spo2, spo2_scale_2| Inputs { spo2: Some(spo2), spo2_scale_2, on_oxygen: None, ..WELL }.score();
    // 97 % on scale 2: nothing on air, three and two on oxygen.
    let high = unknown(97.0, true);
    assert_eq!((high.lower_bound, high.total, high.any_three), (0, None, None));
    // 83 %: three either way.
    let low = unknown(83.0, true);
    assert_eq!((low.lower_bound, low.total, low.any_three), (3, None, Some(true)));
    let usual = unknown(97.0, false);
    assert_eq!((usual.lower_bound, usual.any_three), (0, Some(false)));
}

#[test]
fn it_says_what_it_is_made_of() {
    let ill = Inputs { respiratory_rate: Some(25.0), pulse: Some(115.0), ..WELL };
    assert_eq!(ill.score().in_words(), "NEWS2 5: breathing rate 3, pulse 2");
    let partly = Inputs { temperature: None, on_oxygen: None, ..ill };
    assert_eq!(
        partly.score().in_words(),
        "NEWS2 at least 5: breathing rate 3, pulse 2; not known: air or oxygen, temperature"
    );
    assert_eq!(WELL.score().in_words(), "NEWS2 0");
}

/// Rules on the score, and somebody whose tags say whether they breathe oxygen.
fn watched(when: &str, on_oxygen: Option<bool>) -> Morning {
    let mut morning = Morning::watched_by(&format!("[rule.r]\nproblem='found'\npriority='medium'\nwhen='{when}'\n"));
    if let Some(on_oxygen) = on_oxygen {
        morning.monitor.facts.tags.insert("on_oxygen".to_owned(), on_oxygen);
    }
    morning
}

/// One set at 08:00 but for its breathing rate, which is taken at `last`: 25, so that the score is 3.
fn a_set(morning: &mut Morning, last: &str) {
    a_set_on("2026-03-26", morning, last);
}

fn a_set_on(day: &str, morning: &mut Morning, last: &str) {
    let eight = format!("{day}T08:00:00Z");
    morning.measures(&eight, Vital::Spo2, &[(Component::Spo2, 97.0)]);
    let pressure = [(Component::Systolic, 120.0), (Component::Diastolic, 80.0), (Component::Pulse, 70.0)];
    morning.measures(&eight, Vital::BloodPressure, &pressure);
    morning.measures(&eight, Vital::Temperature, &[(Component::Temperature, 37.0)]);
    morning.measures(&eight, Vital::Consciousness, &[(Component::Consciousness, 0.0)]);
    morning.measures(last, Vital::RespiratoryRate, &[(Component::RespiratoryRate, 25.0)]);
}

fn found(morning: &Morning) -> Option<&Finding> {
    morning.monitor.findings.values().find(|finding| finding.problem == "found")
}

#[test]
fn inputs_are_within_half_an_hour_of_each_other() {
    let is_found = |last: &str| {
        let mut morning = watched("news2 >= 3", Some(false));
        a_set(&mut morning, last);
        found(&morning).is_some()
    };
    assert!(is_found("2026-03-26T08:30:00Z"));
    assert!(!is_found("2026-03-26T08:30:01Z"));
}

#[test]
fn nobody_knows_the_total_without_the_oxygen_and_the_lower_bound_fires() {
    let is_found = |when: &str, on_oxygen| {
        let mut morning = watched(when, on_oxygen);
        a_set(&mut morning, "2026-03-26T08:05:00Z");
        found(&morning).is_some()
    };
    assert!(is_found("news2 = 3", Some(false)));
    assert!(is_found("news2 = 5", Some(true)));
    assert!(!is_found("news2 >= 0", None));
    assert!(is_found("news2.lower_bound >= 3", None));
    assert!(!is_found("news2.lower_bound >= 4", None));
    assert!(!is_found("not (news2.lower_bound >= 4)", None), "it may be five");
    assert!(is_found("not (news2.lower_bound >= 4)", Some(false)));
    assert!(is_found("news2.any_three", None));
}

#[test]
fn a_flow_that_was_measured_says_more_than_the_tag() {
    let is_found = |when: &str, flow: f64, on_oxygen| {
        let mut morning = watched(when, on_oxygen);
        morning.measures("2026-03-26T08:00:00Z", Vital::OxygenFlow, &[(Component::OxygenFlow, flow)]);
        a_set(&mut morning, "2026-03-26T08:05:00Z");
        found(&morning).is_some()
    };
    assert!(is_found("news2 = 5", 2.0, None));
    assert!(is_found("news2 = 3", 0.0, None));
    assert!(is_found("news2 = 3", 0.0, Some(true)), "off it just now");
}

#[test]
fn it_is_for_people_of_sixteen_and_more_who_are_not_pregnant() {
    let is_found = |year: i16, pregnant| {
        let mut morning = watched("news2.any_three", Some(false));
        morning.monitor.facts.date_of_birth = jiff::civil::date(year, 3, 26);
        morning.monitor.facts.tags.insert("pregnant".to_owned(), pregnant);
        a_set(&mut morning, "2026-03-26T08:05:00Z");
        found(&morning).is_some()
    };
    assert!(is_found(2010, false), "sixteen today");
    assert!(!is_found(2011, false));
    assert!(!is_found(2010, true));
}

#[test]
fn only_a_clinician_sets_scale_2_and_the_reason_says_who_and_when() {
    let mut morning = watched("news2 >= 3", Some(false));
    let set = SetBy { by: "Dr Ahmed".to_owned(), at: at("2026-03-03T10:00:00Z"), why: "COPD".to_owned() };
    morning.monitor.facts.spo2_scale_2 = Some(set);
    a_set(&mut morning, "2026-03-26T08:05:00Z");
    let reasons: Vec<_> = found(&morning).expect("found").reasons.iter().map(|reason| reason.what.as_str()).collect();
    assert_eq!(reasons, ["NEWS2 3: breathing rate 3; oxygen level on scale 2, set by Dr Ahmed on 3 March 2026"]);
}

#[test]
fn an_incomplete_set_never_clears() {
    let mut morning = watched("news2.lower_bound >= 3", Some(false));
    a_set(&mut morning, "2026-03-26T08:05:00Z");
    assert!(found(&morning).is_some());
    morning.measures("2026-03-26T12:00:00Z", Vital::RespiratoryRate, &[(Component::RespiratoryRate, 16.0)]);
    assert_eq!(found(&morning).and_then(|finding| finding.end), None, "the breathing alone is not the score");
    // The whole set again, and everything well.
    let taken = "2026-03-26T12:10:00Z";
    morning.measures(taken, Vital::Spo2, &[(Component::Spo2, 97.0)]);
    let pressure = [(Component::Systolic, 120.0), (Component::Diastolic, 80.0), (Component::Pulse, 70.0)];
    morning.measures(taken, Vital::BloodPressure, &pressure);
    morning.measures(taken, Vital::Temperature, &[(Component::Temperature, 37.0)]);
    assert_eq!(found(&morning).and_then(|finding| finding.end), None);
    morning.measures(taken, Vital::Consciousness, &[(Component::Consciousness, 0.0)]);
    assert_eq!(found(&morning).and_then(|finding| finding.end), Some(at(taken)));
}

/// Each part is in time by itself, so no silence tells of it.
#[test]
fn a_set_that_is_never_whole_is_a_task() {
    let judged = |last: &str| {
        let mut morning = Morning::of("deterioration");
        morning.monitor.facts.tags.insert("on_oxygen".to_owned(), false);
        a_set_on("2026-04-08", &mut morning, last);
        morning.pass("2026-04-10T00:00:00Z");
        !morning.problems().contains(&"rule deterioration/emergency cannot be judged")
    };
    assert!(judged("2026-04-08T08:30:00Z"));
    assert!(!judged("2026-04-08T08:30:01Z"));
}

#[test]
fn an_oximeter_that_shows_lo_scores_three() {
    let mut morning = watched("news2.any_three", None);
    let mut low = reading(morning.next(), at("2026-03-26T08:00:00Z"), 1, Vital::Spo2, &[]);
    low.components = vec![(Component::Spo2, Measured::off_scale(Comparator::Low))];
    morning.then("2026-03-26T08:00:00Z", Thing::Reading(low));
    assert!(found(&morning).is_some());
}

#[test]
fn consciousness_is_named_in_rules_and_reasons() {
    let mut morning = watched("consciousness != alert", None);
    morning.measures("2026-03-26T08:00:00Z", Vital::Consciousness, &[(Component::Consciousness, 0.0)]);
    assert!(found(&morning).is_none());
    morning.measures("2026-03-26T09:00:00Z", Vital::Consciousness, &[(Component::Consciousness, 1.0)]);
    let reason = &found(&morning).expect("found").reasons[0];
    assert_eq!(reason.what, "consciousness new confusion");
    assert_eq!(reason.limit.as_deref(), Some("other than alert"));
}
