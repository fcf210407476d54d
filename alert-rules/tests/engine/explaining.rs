//! What a rule saw, part by part.

use alert_rules::explain::explain;

use crate::morning::Morning;
use crate::world::at;

#[test]
fn each_part_of_a_rule_has_its_value_beside_it() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 174.0, 96.0);
    let rulebook = alert_rules::Rulebook::built_in();
    let explained = |rule: &str, time: &str| {
        explain(&rulebook, &morning.monitor.facts, &morning.monitor.history, rule, at(time)).expect("a rule")
    };
    insta::assert_snapshot!(explained("hypertension/severe", "2026-03-26T09:00:00Z"));
    insta::assert_snapshot!(explained("hypertension/above-target", "2026-03-26T09:00:00Z"));
    let later = explained("hypertension/severe", "2026-03-28T09:00:00Z");
    assert!(later.contains("systolic >= severe_systolic: unknown\n"), "{later}");
    assert_eq!(
        explain(&rulebook, &morning.monitor.facts, &morning.monitor.history, "x/y", at("2026-03-28T09:00:00Z")),
        None
    );
}
