//! What is said of a pressure beside its numbers: taken standing, an irregular pulse.

use alert_rules::finding::Finding;
use alert_rules::reading::Circumstances;
use alert_rules::{Correction, History, Priority, Reading, evaluate};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use crate::morning::{HIGH, Morning};
use crate::world::{Thing, at, dorothy, pressure, rules};

const PAIR: &str = "postural_fall(systolic) >= 20 mmHg";

fn said(taken: &str, systolic: f64, irregular_pulse: Option<bool>, standing: Option<bool>) -> Reading {
    let circumstances = Circumstances { irregular_pulse, standing };
    Reading { circumstances, ..pressure(at(taken).as_second(), at(taken), 1, systolic, systolic / 2.0) }
}

fn seated(taken: &str, systolic: f64) -> Reading {
    said(taken, systolic, None, None)
}

fn stood(taken: &str, systolic: f64) -> Reading {
    said(taken, systolic, None, Some(true))
}

/// What a rule finds in them, looked at a moment after the last came.
fn found(when: &str, readings: &[Reading]) -> Vec<Finding> {
    found_in(when, &History { readings: readings.to_vec(), ..History::default() })
}

fn found_in(when: &str, history: &History) -> Vec<Finding> {
    let rulebook = rules(&format!("[rule.r]\nproblem='found'\npriority='medium'\nwhen='{when}'\n"));
    let mut facts = dorothy();
    facts.plan.packs = vec!["x".to_owned()];
    let latest = history.readings.iter().map(|reading| reading.effective_at).max().expect("there are some");
    evaluate(&rulebook, &facts, facts.plan.since, &[], history, latest + SignedDuration::from_secs(1)).findings
}

fn fires(when: &str, readings: &[Reading]) -> bool {
    !found(when, readings).is_empty()
}

#[test]
fn a_fall_is_of_the_newest_if_it_was_taken_standing() {
    let (sat, stand) = (seated("2026-04-01T08:00:00Z", 140.0), stood("2026-04-01T08:03:00Z", 120.0));
    assert!(fires(PAIR, &[sat.clone(), stand.clone()]));
    assert!(!fires(PAIR, &[sat.clone(), stood("2026-04-01T08:03:00Z", 121.0)]), "19 lower");
    assert!(!fires(PAIR, &[sat.clone(), seated("2026-04-01T08:03:00Z", 120.0)]), "nobody stood");
    assert!(!fires(PAIR, std::slice::from_ref(&stand)), "nobody sat");
    assert!(!fires(PAIR, &[stand.clone(), seated("2026-04-01T08:05:00Z", 150.0)]), "stood first");
    assert!(!fires(PAIR, &[sat.clone(), stood("2026-04-01T08:10:01Z", 100.0)]), "too long after");
    // Nobody knows how it was in between, so nothing is false and nothing ends.
    let sat_again = seated("2026-04-01T09:00:00Z", 138.0);
    let lasting = found(PAIR, &[sat.clone(), stand.clone(), sat_again.clone()]);
    assert_eq!(lasting.len(), 1);
    assert_eq!(lasting[0].end, None);
    let less = [sat, stand, sat_again, stood("2026-04-01T09:03:00Z", 130.0)];
    assert_eq!(found(PAIR, &less)[0].end, Some(at("2026-04-01T09:03:00Z")));
}

#[test]
fn a_fall_says_what_it_saw() {
    let readings = [seated("2026-04-01T08:00:00Z", 140.0), stood("2026-04-01T08:03:00Z", 118.0)];
    let reason = &found(PAIR, &readings)[0].reasons[0];
    assert_eq!(reason.what, "systolic, 22 mmHg lower standing");
    assert_eq!(reason.limit.as_deref(), Some("at or above 20 mmHg"));
}

#[test]
fn what_was_said_is_of_the_newest_pressure_or_of_none() {
    let flagged = said("2026-04-01T08:00:00Z", 120.0, Some(true), None);
    assert!(fires("irregular_pulse = yes", std::slice::from_ref(&flagged)));
    assert!(!fires("irregular_pulse != yes", std::slice::from_ref(&flagged)));
    let silent = seated("2026-04-01T08:10:00Z", 99.0);
    for truth in ["irregular_pulse = yes", "irregular_pulse = no", "not (irregular_pulse = yes)"] {
        let both = format!("systolic < 100 mmHg and {truth}");
        assert!(!fires(&both, &[flagged.clone(), silent.clone()]), "{both} is not known of the newest");
    }
    assert!(fires("systolic < 100 mmHg and standing = no", &[said("2026-04-01T08:10:00Z", 99.0, None, Some(false))]));
}

#[test]
fn how_often_is_of_the_readings_that_say_it() {
    let often = "count(irregular_pulse = yes, over 7 days) >= 2";
    let first = said("2026-04-01T08:00:00Z", 120.0, Some(true), None);
    let second = said("2026-04-01T20:00:00Z", 120.0, Some(true), None);
    assert!(!fires(often, std::slice::from_ref(&first)));
    assert!(!fires(often, &[first.clone(), seated("2026-04-02T08:00:00Z", 120.0)]));
    let findings = found(often, &[first.clone(), second.clone()]);
    assert_eq!(findings[0].reasons[0].what, "2 readings over 7 days where irregular pulse is yes");
    // A cuff that says nothing leaves it open; one that says no, after a week, ends it.
    let later = [first.clone(), second.clone(), seated("2026-04-12T08:00:00Z", 120.0)];
    assert_eq!(found(often, &later)[0].end, None);
    let no = [first, second, said("2026-04-12T08:00:00Z", 120.0, Some(false), None)];
    assert!(found(often, &no)[0].end.is_some());
}

#[test]
fn what_was_taken_standing_is_in_no_average() {
    let mut readings = Vec::new();
    for day in 1..=4 {
        for hour in ["08:00", "08:01", "20:00", "20:01"] {
            readings.push(seated(&format!("2026-04-0{day}T{hour}:00Z"), 140.0));
        }
    }
    assert!(fires("home_average(systolic) >= 140 mmHg", &readings));
    for day in 1..=4 {
        readings.push(stood(&format!("2026-04-0{day}T08:03:00Z"), 100.0));
    }
    for average in ["home_average(systolic)", "mean(systolic, over 7 days, at least 16)"] {
        assert!(fires(&format!("{average} >= 140 mmHg"), &readings), "{average}");
    }
    assert!(fires("stddev(systolic, over 7 days, at least 4) = 0 mmHg", &readings));
    assert!(fires("min(systolic, over 7 days) = 100 mmHg", &readings), "all else sees it");
}

#[test]
fn who_was_asked_to_sit_and_stood_has_not_answered() {
    let mut morning = Morning::of("hypertension");
    morning.then("2026-04-01T08:00:00Z", Thing::Reading(seated("2026-04-01T08:00:00Z", 186.0)));
    morning.then("2026-04-01T08:00:30Z", Thing::Reading(stood("2026-04-01T08:00:30Z", 150.0)));
    assert!(morning.finding(HIGH).pending, "asked, and standing is no relief");
    morning.then("2026-04-01T08:00:50Z", Thing::Reading(seated("2026-04-01T08:00:50Z", 182.0)));
    let finding = morning.finding(HIGH);
    assert_eq!((finding.pending, finding.priority), (false, Priority::High));
}

#[test]
fn a_corrected_number_leaves_what_was_said() {
    let first = seated("2026-04-01T08:00:00Z", 140.0);
    let stand = stood("2026-04-01T08:03:00Z", 140.0);
    let correction = Correction {
        seq: 9_000_000_000,
        corrects_seq: stand.seq,
        reason: "wrong_entry".to_owned(),
        values: Some(pressure(0, at("2026-04-01T08:03:00Z"), 1, 110.0, 60.0).components),
    };
    let mut history = History { readings: vec![first, stand], ..History::default() };
    assert!(found_in(PAIR, &history).is_empty());
    history.corrections.push(correction);
    assert_eq!(found_in(PAIR, &history).len(), 1, "corrected, and still taken standing");
    history.corrections[0].values = None;
    assert!(found_in(PAIR, &history).is_empty(), "withdrawn");
}

#[test]
fn a_context_says_it_in_the_words_of_the_wire() {
    let of = |context| Circumstances::of_context(&context);
    let nothing = Circumstances::default();
    assert_eq!(
        of(json!({ "posture": "standing", "irregular_pulse": true, "arm": "left" })),
        Circumstances { irregular_pulse: Some(true), standing: Some(true) }
    );
    for posture in ["sitting", "lying"] {
        assert_eq!(of(json!({ "posture": posture })).standing, Some(false), "{posture}");
    }
    assert_eq!(of(json!({ "posture": "kneeling", "irregular_pulse": "yes" })), nothing);
    assert_eq!(of(json!({ "posture": true, "irregular_pulse": 1 })), nothing);
    assert_eq!(of(json!([])), nothing);
    assert_eq!(of(json!(null)), nothing);
}

proptest! {
    /// Whatever else is measured, the fall is what was subtracted, and seated readings alone never make one.
    #[test]
    fn a_fall_needs_somebody_who_stood(
        values in proptest::collection::vec((60_u32..200, 0_i64..10, any::<Option<bool>>()), 1..12),
    ) {
        let mut readings: Vec<Reading> = values
            .iter()
            .enumerate()
            .map(|(seq, (systolic, minute, standing))| {
                let taken = at("2026-04-01T08:00:00Z") + SignedDuration::from_mins(*minute);
                let circumstances = Circumstances { standing: *standing, ..Circumstances::default() };
                Reading { circumstances, ..pressure(seq as i64 + 1, taken, 1, f64::from(*systolic), 50.0) }
            })
            .collect();
        let any = "postural_fall(systolic) >= -300 mmHg";
        let expected = readings.iter().any(|one| {
            one.circumstances.standing == Some(true)
                && readings.iter().any(|other| {
                    other.circumstances.standing != Some(true) && other.effective_at < one.effective_at
                })
        });
        if expected {
            prop_assert!(fires(any, &readings));
        }
        readings.retain(|reading| reading.circumstances.standing != Some(true));
        prop_assert!(readings.is_empty() || !fires(any, &readings));
    }
}
