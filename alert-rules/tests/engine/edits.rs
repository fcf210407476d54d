//! Corrections never erase: whatever is edited, and how often, the history holds all of it and what is found is what a
//! fresh look at it finds.

use alert_rules::finding::Finding;
use alert_rules::reading::Measured;
use alert_rules::{Component, Correction, Rulebook, evaluate};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::world::{Monitor, Thing, at, dorothy, pressure};

const READINGS: i64 = 14;

/// Which reading is edited, and to what; none withdraws it.
fn edit() -> impl Strategy<Value = (i64, Option<f64>)> {
    let systolic = prop_oneof![118.0..150.0_f64, 176.0..192.0_f64, 60.0..96.0_f64, 215.0..240.0_f64];
    (1..=READINGS, proptest::option::weighted(0.8, systolic.prop_map(f64::round)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_thousand_edits_leave_what_a_fresh_look_finds(edits in proptest::collection::vec(edit(), 50)) {
        let rulebook = Rulebook::built_in();
        let mut monitor = Monitor::new(dorothy());
        for seq in 1..=READINGS {
            let taken = at("2026-03-26T08:00:00Z") + SignedDuration::from_hours(7 * seq);
            monitor.take(&rulebook, vec![Thing::Reading(pressure(seq, taken, 1, 120.0 + 6.0 * seq as f64, 80.0))], taken);
        }
        let sent = monitor.history.readings.clone();
        for (minute, (corrects_seq, systolic)) in (0..).zip(&edits) {
            let values = systolic.map(|systolic| {
                vec![(Component::Systolic, Measured::value(systolic)), (Component::Diastolic, Measured::value(45.0))]
            });
            let (seq, reason) = (100 + minute, "wrong_entry".to_owned());
            let correction = Correction { seq, corrects_seq: *corrects_seq, reason, values };
            let now = at("2026-03-31T12:00:00Z") + SignedDuration::from_mins(minute);
            monitor.take(&rulebook, vec![Thing::Correction(correction)], now);

            let facts = dorothy();
            let mut fresh = evaluate(&rulebook, &facts, facts.plan.since, &[], &monitor.history, now).findings;
            fresh.sort_by(|one, other| (&one.problem, one.start).cmp(&(&other.problem, other.start)));
            let found: Vec<Finding> = monitor.findings.values().cloned().collect();
            prop_assert_eq!(found, fresh);
        }
        prop_assert_eq!(&monitor.history.readings, &sent);
        prop_assert_eq!(monitor.history.corrections.len(), edits.len());
    }
}
