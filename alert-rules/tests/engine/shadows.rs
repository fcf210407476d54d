//! What a rulebook would have found, beside what was found.

use alert_rules::shadow::{Difference, What, compare, facts, told_since};
use alert_rules::{Finding, Priority};
use jiff::Timestamp;

use crate::morning::Morning;
use crate::world::{at, dorothy, rules};

/// Pressures of some days, as a rulebook judges them.
fn found(rules: &str) -> Vec<Finding> {
    let mut morning = Morning::watched_by(rules);
    for (time, systolic) in [
        ("2026-03-26T08:00:00Z", 165.0),
        ("2026-03-26T12:00:00Z", 185.0),
        ("2026-03-26T18:00:00Z", 130.0),
        ("2026-03-27T08:00:00Z", 165.0),
        ("2026-03-27T18:00:00Z", 130.0),
    ] {
        morning.pressure(time, systolic, 80.0);
    }
    morning.monitor.findings.into_values().collect()
}

fn differ(in_force: &str, shadow: &str) -> Vec<(String, What)> {
    let differences = compare(&found(in_force), &found(shadow), Timestamp::MIN);
    differences.into_iter().map(|Difference { start, what, .. }| (start.to_string(), what)).collect()
}

const RAISED: &str = "[rule.r]\nproblem='high'\npriority='medium'\nwhen='systolic >= 160 mmHg'\n";
const SEVERE: &str = "[rule.r]\nproblem='high'\npriority='medium'\nwhen='systolic >= 180 mmHg'\n";
const LOUD: &str = "[rule.r]\nproblem='high'\npriority='high'\nwhen='systolic >= 180 mmHg'\n";
const ASKS: &str = "[rule.r]\nproblem='high'\npriority='medium'\nwhen='systolic >= 160 mmHg'\n\
                    repeat={ within='6 h', first='f', ask='a' }\n";

#[test]
fn a_rulebook_differs_from_itself_in_nothing() {
    assert_eq!(differ(RAISED, RAISED), []);
}

#[test]
fn a_higher_threshold_is_later_and_less() {
    let first = "2026-03-26T08:00:00Z".to_owned();
    let second = "2026-03-27T08:00:00Z".to_owned();
    assert_eq!(
        differ(RAISED, SEVERE),
        [(first.clone(), What::Moved(at("2026-03-26T12:00:00Z"))), (second.clone(), What::NoLonger(Priority::Medium))]
    );
    let medium_to_high = What::Louder { now: Priority::Medium, then: Priority::High };
    assert_eq!(differ(RAISED, LOUD)[0], (first, medium_to_high));
    let noon = "2026-03-26T12:00:00Z".to_owned();
    let high_to_medium = What::Quieter { now: Priority::High, then: Priority::Medium };
    assert_eq!(differ(LOUD, RAISED), [(noon, high_to_medium), (second, What::New(Priority::Medium))]);
}

#[test]
fn one_long_finding_is_the_same_as_several_short_ones() {
    let goes_on = format!("{RAISED}clear='systolic < 120 mmHg'\n");
    let second = "2026-03-27T08:00:00Z".to_owned();
    assert_eq!(differ(RAISED, &goes_on), [(second, What::Moved(at("2026-03-26T08:00:00Z")))]);
    assert_eq!(differ(&goes_on, RAISED), []);
}

#[test]
fn what_nobody_is_told_of_yet_does_not_count() {
    let mut asked = Morning::watched_by(ASKS);
    asked.pressure("2026-03-26T08:00:00Z", 165.0, 80.0);
    let pending: Vec<Finding> = asked.monitor.findings.into_values().collect();
    assert!(pending[0].pending);
    assert_eq!(compare(&[], &pending, Timestamp::MIN), []);
    assert_eq!(compare(&pending, &pending, Timestamp::MIN), []);
}

#[test]
fn what_was_over_before_does_not_count_and_what_goes_on_began_then() {
    let since = at("2026-03-26T15:00:00Z");
    let (in_force, shadow) = (found(RAISED), found(SEVERE));
    let differences = compare(&in_force, &shadow, since);
    // The first, of the morning, goes on at 15:00 for both.
    let second = Difference {
        problem: "high".to_owned(),
        rule: "x/r".to_owned(),
        start: at("2026-03-27T08:00:00Z"),
        what: What::NoLonger(Priority::Medium),
    };
    assert_eq!(differences, [second]);
    let told = |findings: &[Finding]| told_since(findings, since).into_iter().collect::<Vec<_>>();
    assert_eq!(told(&in_force), [(("x/r".to_owned(), Priority::Medium), 1)]);
    assert_eq!(told(&shadow), []);
}

#[test]
fn a_pack_that_no_plan_can_name_watches_whom_it_fits() {
    use alert_rules::facts::{Due, Slot};
    use alert_rules::vital::Vital;
    let (draft, live) = (
        rules("draft = \"not signed\"\n[rule.r]\nproblem='high'\npriority='medium'\nwhen='systolic >= 160 mmHg'\n"),
        rules(RAISED),
    );
    let mut plan = dorothy();
    plan.plan.packs.clear();
    plan.plan.slots = vec![Slot::daily(Due::Vital(Vital::BloodPressure), jiff::civil::time(8, 0, 0, 0))];
    let packs = |shadow, in_force, plan: &alert_rules::Facts| facts(shadow, in_force, plan, plan.plan.since).plan.packs;
    assert_eq!(packs(&draft, &live, &plan), ["x"]);
    assert_eq!(packs(&live, &live, &plan), [""; 0], "a plan could name it, and does not");
    let without =
        alert_rules::Facts { plan: alert_rules::facts::Plan { slots: Vec::new(), ..plan.plan.clone() }, ..plan };
    assert_eq!(packs(&draft, &live, &without), [""; 0], "who does not measure it");
}
