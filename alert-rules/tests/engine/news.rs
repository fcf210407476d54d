//! What is news to people: what began since they last heard, what became louder, what came in one batch.

use alert_rules::escalation::{Happened, PageWhy};
use alert_rules::reading::{Comparator, Measured};
use alert_rules::{Component, Priority, Vital};

use crate::ward::{IDA, Ward, closed, happened, pages, taken};
use crate::world::{Thing, at, pressure, reading};

const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

#[test]
fn the_same_breach_a_week_after_an_alert_was_closed_is_a_new_alert() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T08:00:00Z", "2026-03-27T08:00:05Z", 224.0, 118.0);
    ward.alerts[0] = closed(&ward.alerts[0], "treatment changed", "2026-03-27T08:10:00Z");
    assert_eq!(ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0), [], "the same still");
    assert_eq!(ward.measures("2026-03-27T12:00:00Z", "2026-03-27T12:00:05Z", 140.0, 80.0), []);
    let mut again = ward.measures("2026-04-03T08:00:00Z", "2026-04-03T08:00:05Z", 224.0, 118.0);
    again.retain(|decision| decision.alert.problem == "blood pressure high");
    assert_eq!((happened(&again), pages(&again)), (vec![Happened::Opened], vec![(PageWhy::Opened, 0)]));
}

#[test]
fn a_clear_reading_and_a_new_breach_in_one_batch_are_news() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T08:00:00Z", "2026-03-27T08:00:05Z", 224.0, 118.0);
    ward.alerts[0] = taken(&ward.alerts[0], "2026-03-27T08:05:00Z");
    let batch = ward.takes(
        "2026-03-27T15:00:05Z",
        &[("2026-03-27T12:00:00Z", 140.0, 80.0), ("2026-03-27T15:00:00Z", 224.0, 118.0)],
    );
    assert_eq!(pages(&batch).len(), 1, "{batch:?}");
    assert_eq!(ward.alerts[0].owner(), None);
}

#[test]
fn a_late_reading_that_makes_a_cleared_finding_high_raises_its_alert() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:02Z", 184.0, 100.0);
    ward.measures("2026-03-27T09:01:00Z", "2026-03-27T09:01:02Z", 148.0, 88.0);
    assert_eq!(ward.alerts[0].priority, Priority::Low);
    let late = ward.measures("2026-03-27T09:00:30Z", "2026-03-27T09:02:00Z", 190.0, 100.0);
    assert_eq!((happened(&late), pages(&late)), (vec![Happened::Raised], vec![(PageWhy::Raised, 0)]));
    assert_eq!(ward.alerts[0].priority, Priority::High);
}

#[test]
fn the_same_hours_later_is_medium_and_says_how_late() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:02Z", 184.0, 100.0);
    ward.measures("2026-03-27T09:01:00Z", "2026-03-27T09:01:02Z", 148.0, 88.0);
    let late = ward.measures("2026-03-27T09:00:30Z", "2026-03-27T22:00:00Z", 190.0, 100.0);
    assert_eq!(happened(&late), [Happened::Raised]);
    assert_eq!((ward.alerts[0].priority, ward.alerts[0].late_minutes), (Priority::Medium, 780));
    assert!(late[0].entries[0].text.contains("late by 13 h"), "{}", late[0].entries[0].text);
}

#[test]
fn a_withdrawn_clearing_reading_raises_its_alert() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:02Z", 184.0, 100.0);
    ward.measures("2026-03-27T09:01:00Z", "2026-03-27T09:01:02Z", 148.0, 88.0);
    let withdrawn = ward.withdraws(2, "2026-03-27T11:00:00Z");
    assert_eq!((happened(&withdrawn), pages(&withdrawn)), (vec![Happened::Raised], vec![(PageWhy::Raised, 0)]));
    assert_eq!(ward.alerts[0].priority, Priority::High);
}

#[test]
fn a_second_could_not_measure_raises_the_task() {
    let mut ward = Ward::new();
    let absent = |ward: &mut Ward, seq, taken: &str| {
        let mut reading = pressure(seq, at(taken), 1, 0.0, 0.0);
        reading.components.clear();
        reading.flags = Default::default();
        reading.absent = Some(alert_rules::reading::Absent::CouldNotMeasure);
        Thing::Reading(reading).put(&mut ward.monitor.history);
        ward.look(at(taken), at(taken) + jiff::SignedDuration::from_secs(1))
    };
    assert_eq!(happened(&absent(&mut ward, 1, "2026-03-27T08:00:00Z")), [Happened::Opened]);
    assert_eq!(ward.alerts[0].priority, Priority::Low);
    assert_eq!(happened(&absent(&mut ward, 2, "2026-03-27T09:00:00Z")), [Happened::Raised]);
    assert_eq!(ward.alerts[0].priority, Priority::Medium);
}

#[test]
fn two_findings_in_one_batch_are_both_written_down_and_the_louder_leads() {
    let mut ward = Ward::new();
    let batch = ward.takes(
        "2026-03-27T15:00:05Z",
        &[
            ("2026-03-27T08:00:00Z", 236.0, 118.0),
            ("2026-03-27T12:00:00Z", 140.0, 80.0),
            ("2026-03-27T15:00:00Z", 224.0, 118.0),
        ],
    );
    assert_eq!(happened(&batch), [Happened::Opened, Happened::Renewed]);
    assert_eq!(pages(&batch), [(PageWhy::Opened, 0)]);
    assert!(batch[0].entries[0].text.contains("224/118"), "{}", batch[0].entries[0].text);
    assert!(
        batch[0].entries[1].text.contains("236/118 mmHg, unconfirmed (late by 7 h)"),
        "{}",
        batch[0].entries[1].text
    );
    assert_eq!(ward.alerts[0].known.firings.len(), 2);
    assert_eq!(ward.look(at("2026-03-27T08:00:00Z"), at("2026-03-27T15:00:05Z") + HOUR), [], "nothing is left unsaid");
}

#[test]
fn a_new_symptom_breaks_an_acknowledgement_and_the_same_again_does_not() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    let held = |ward: &mut Ward, when: &str| {
        ward.alerts[0] = taken(&ward.alerts[0], when);
    };
    held(&mut ward, "2026-03-27T09:05:00Z");
    let chest_pain = ward.answers("2026-03-27T09:10:00Z", "warning_signs");
    assert_eq!((happened(&chest_pain), pages(&chest_pain)), (vec![Happened::Worsened], vec![(PageWhy::Worsened, 0)]));
    held(&mut ward, "2026-03-27T09:15:00Z");
    assert_eq!(ward.answers("2026-03-27T09:20:00Z", "warning_signs"), [], "the same symptom");
    let fell = ward.answers("2026-03-27T09:30:00Z", "dizzy_or_fell");
    assert_eq!(pages(&fell), [(PageWhy::Worsened, 0)], "another");
    held(&mut ward, "2026-03-27T09:35:00Z");
    let next_day = ward.answers("2026-03-28T09:10:00Z", "warning_signs");
    assert_eq!(pages(&next_day), [(PageWhy::Worsened, 0)], "another day's");
}

#[test]
fn of_two_findings_that_are_over_the_alert_speaks_of_the_worse_and_of_equals_the_later() {
    let (first, second) = ("2026-03-27T08:00:00Z", "2026-03-27T10:00:00Z");
    let spoken_of = |systolic_first, systolic_second| {
        let mut ward = Ward::new();
        let readings = [
            (first, systolic_first, 118.0),
            ("2026-03-27T09:00:00Z", 140.0, 80.0),
            (second, systolic_second, 118.0),
            ("2026-03-27T11:00:00Z", 140.0, 80.0),
        ];
        ward.takes("2026-03-27T23:00:00Z", &readings);
        ward.alerts[0].finding_start
    };
    assert_eq!(spoken_of(236.0, 224.0), Some(at(first)));
    assert_eq!(spoken_of(224.0, 236.0), Some(at(second)));
    assert_eq!(spoken_of(224.0, 224.0), Some(at(second)));
}

#[test]
fn a_new_finding_is_told_to_who_has_the_alert_unless_it_is_less_than_what_they_have() {
    let again = |is_held: bool, repeat: f64| {
        let mut ward = Ward::new();
        ward.measures("2026-03-27T08:00:00Z", "2026-03-27T08:00:05Z", 186.0, 101.0);
        ward.measures("2026-03-27T08:00:50Z", "2026-03-27T08:00:55Z", 184.0, 100.0);
        if is_held {
            ward.alerts[0] = taken(&ward.alerts[0], "2026-03-27T08:05:00Z");
        }
        ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 140.0, 80.0);
        ward.measures("2026-03-27T10:00:00Z", "2026-03-27T10:00:05Z", 186.0, 101.0);
        let told = ward.measures("2026-03-27T10:00:50Z", "2026-03-27T10:00:55Z", repeat, 84.0);
        assert_eq!((happened(&told), ward.alerts[0].priority), (vec![Happened::Renewed], Priority::High));
        (pages(&told), ward.alerts[0].owner().map(|(owner, _)| owner))
    };
    assert_eq!(again(true, 184.0), (vec![(PageWhy::Renewed, 0)], None), "severe again");
    assert_eq!(again(true, 140.0), (vec![], Some(IDA)), "clear when measured again");
    assert_eq!(again(false, 184.0), (vec![], None), "people are being told anyway");
}

#[test]
fn a_new_finding_is_not_an_old_one_that_became_worse() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T08:00:00Z", "2026-03-27T08:00:05Z", 186.0, 101.0);
    ward.measures("2026-03-27T08:00:50Z", "2026-03-27T08:00:55Z", 184.0, 100.0);
    ward.measures("2026-03-27T08:05:00Z", "2026-03-27T08:05:05Z", 140.0, 80.0);
    ward.measures("2026-03-27T08:10:00Z", "2026-03-27T08:10:05Z", 206.0, 101.0);
    let told = ward.measures("2026-03-27T08:10:50Z", "2026-03-27T08:10:55Z", 204.0, 100.0);
    assert_eq!((happened(&told), pages(&told)), (vec![Happened::Renewed], vec![]));
}

#[test]
fn each_problem_has_an_alert_of_its_own() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.answers("2026-03-27T09:10:00Z", "dizzy_or_fell");
    let problems: Vec<_> = ward.alerts.iter().map(|alert| alert.problem.as_str()).collect();
    assert_eq!(problems, ["blood pressure high", "dizzy or fell"]);
}

#[test]
fn people_know_the_worst_they_were_told_of_each_value_once() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.measures("2026-03-27T09:20:00Z", "2026-03-27T09:20:05Z", 236.0, 119.0);
    let known: Vec<_> = ward.alerts[0].known.worst.iter().map(|worst| (worst.component, worst.value)).collect();
    assert_eq!(known, [(Component::Systolic, Some(236.0)), (Component::Diastolic, Some(119.0))]);
}

#[test]
fn hi_again_is_not_worse_than_hi() {
    let mut ward = Ward::new();
    ward.monitor.facts.plan.packs = vec!["diabetes".to_owned()];
    let hi = |seq, taken| {
        let mut reading = reading(seq, at(taken), 1, Vital::Glucose, &[]);
        reading.components = vec![(Component::Glucose, Measured::off_scale(Comparator::High))];
        reading
    };
    assert_eq!(pages(&ward.reads(hi(1, "2026-03-26T09:00:00Z"))), [(PageWhy::Opened, 0)]);
    ward.alerts[0] = taken(&ward.alerts[0], "2026-03-26T09:05:00Z");
    assert_eq!(ward.reads(hi(2, "2026-03-26T10:00:00Z")), []);
}

#[test]
fn what_is_late_by_less_than_two_hours_is_said_in_minutes() {
    let late = |came| Ward::new().measures("2026-03-27T09:00:00Z", came, 224.0, 118.0)[0].entries[0].text.clone();
    assert!(late("2026-03-27T09:30:00Z").ends_with("(late by 30 min)"));
    assert!(late("2026-03-27T10:59:00Z").ends_with("(late by 119 min)"));
    assert!(late("2026-03-27T11:00:00Z").ends_with("(late by 2 h)"));
    assert!(!late("2026-03-27T09:05:00Z").contains("late"));
}

#[test]
fn where_low_is_the_danger_lower_is_worse() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 74.0, 50.0);
    assert_eq!(ward.alerts[0].priority, Priority::High);
    ward.alerts[0] = taken(&ward.alerts[0], "2026-03-27T09:05:00Z");
    assert_eq!(ward.measures("2026-03-27T09:10:00Z", "2026-03-27T09:10:05Z", 84.0, 50.0), []);
    assert_eq!(
        pages(&ward.measures("2026-03-27T09:20:00Z", "2026-03-27T09:20:05Z", 64.0, 50.0)),
        [(PageWhy::Worsened, 0)]
    );
}
