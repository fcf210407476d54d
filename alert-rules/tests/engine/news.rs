//! What is news to people: what began since they last heard, what became louder, what came in one batch.

use alert_rules::Priority;
use alert_rules::escalation::{Happened, PageWhy, acknowledge, close};

use crate::ward::{IDA, Ward, happened, pages};
use crate::world::{Thing, at, pressure};

const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

#[test]
fn the_same_breach_a_week_after_an_alert_was_closed_is_a_new_alert() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T08:00:00Z", "2026-03-27T08:00:05Z", 224.0, 118.0);
    ward.alerts[0] = close(&ward.alerts[0], "treatment changed", at("2026-03-27T08:10:00Z")).expect("open").alert;
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
    ward.alerts[0] = acknowledge(&ward.alerts[0], IDA, &ward.duty, at("2026-03-27T08:05:00Z")).expect("free").alert;
    let batch = ward.takes(
        "2026-03-27T15:00:05Z",
        &[("2026-03-27T12:00:00Z", 140.0, 80.0), ("2026-03-27T15:00:00Z", 224.0, 118.0)],
    );
    assert_eq!(pages(&batch).len(), 1, "{batch:?}");
    assert_eq!(ward.alerts[0].acknowledged_at, None);
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
        ward.alerts[0] = acknowledge(&ward.alerts[0], IDA, &ward.duty, at(when)).expect("free").alert;
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
