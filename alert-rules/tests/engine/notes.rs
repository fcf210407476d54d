//! What later data say about an alert that is not rewritten.

use alert_rules::escalation::{Happened, Note};
use alert_rules::{Component, Vital};

use crate::ward::{Ward, happened};
use crate::world::{Thing, answers, at, reading, rules};

#[test]
fn a_late_repeat_that_was_clear_explains_what_people_were_told() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 186.0, 101.0);
    let told = ward.look(ward.monitor.folded_through, at("2026-03-27T09:20:00Z"));
    assert_eq!(happened(&told), [Happened::Opened], "nobody measured again");
    let late = ward.measures("2026-03-27T09:05:00Z", "2026-03-27T09:30:00Z", 140.0, 84.0);
    assert_eq!(late[0].entries[0].text, "a later reading explains this");
    assert_eq!((ward.alerts[0].known.note, ward.alerts[0].closed_at()), (Some(Note::Explained), None));
}

/// A confirmed breach, and an hour after its end another that was clear when measured again.
fn two_breaches() -> Ward {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T08:00:00Z", "2026-03-27T08:00:05Z", 186.0, 101.0);
    ward.measures("2026-03-27T08:00:50Z", "2026-03-27T08:00:55Z", 184.0, 100.0);
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 140.0, 80.0);
    ward.measures("2026-03-27T10:00:00Z", "2026-03-27T10:00:05Z", 186.0, 101.0);
    ward.measures("2026-03-27T10:00:50Z", "2026-03-27T10:00:55Z", 140.0, 84.0);
    ward
}

#[test]
fn a_confirmed_breach_is_not_explained_by_another_that_was_clear_when_measured_again() {
    let mut ward = two_breaches();
    // Something touches the second again, and not the first.
    ward.look(at("2026-03-27T10:00:30Z"), at("2026-03-27T10:05:00Z"));
    assert_eq!(ward.alerts[0].known.note, Some(Note::Ended));
}

#[test]
fn what_is_left_when_the_confirmed_breach_is_withdrawn_is_less_than_people_were_told() {
    let mut ward = two_breaches();
    ward.withdraws(1, "2026-03-27T11:00:00Z");
    ward.withdraws(2, "2026-03-27T11:01:00Z");
    assert_eq!(ward.alerts[0].known.note, Some(Note::Explained));
}

#[test]
fn the_alert_of_a_low_rule_that_says_so_closes_when_it_is_over() {
    let mut ward = Ward::new();
    ward.rulebook =
        rules("[rule.heavy]\nproblem='weight up'\npriority='low'\ncloses_itself=true\nwhen='weight >= 90 kg'\n");
    ward.monitor.facts.plan.packs = vec!["x".to_owned()];
    let weight = |seq, taken, kg| reading(seq, at(taken), 1, Vital::Weight, &[(Component::Weight, kg)]);
    assert_eq!(happened(&ward.reads(weight(1, "2026-03-27T08:00:00Z", 90.5))), [Happened::Opened]);
    assert_eq!(happened(&ward.reads(weight(2, "2026-03-28T08:00:00Z", 89.0))), [Happened::Closed]);
    assert_eq!(ward.alerts[0].outcome(), Some("ended by itself"));
}

#[test]
fn an_alert_of_an_answer_says_that_an_answer_took_it_back() {
    let mut ward = Ward::new();
    let mut answered = |seq, taken, yes| {
        Thing::Answers(answers(seq, at(taken), 0, "bp-warning-signs|1", "warning_signs", yes))
            .put(&mut ward.monitor.history);
        ward.look(at(taken), at(taken))
    };
    assert_eq!(answered(1, "2026-03-27T09:00:00Z", true)[0].alert.problem, "warning signs");
    let taken_back = answered(2, "2026-03-27T10:00:00Z", false);
    assert_eq!(taken_back[0].entries[0].text, "later answers or values no longer say so");
}

#[test]
fn an_alert_whose_finding_is_over_is_not_withdrawn_when_somebody_looks_at_later_days() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.measures("2026-03-27T10:00:00Z", "2026-03-27T10:00:05Z", 140.0, 80.0);
    assert_eq!(ward.measures("2026-03-27T11:00:00Z", "2026-03-27T11:00:05Z", 130.0, 80.0), []);
    assert_eq!(ward.alerts[0].known.note, Some(Note::Ended));
}
