//! The same seed gives the same people, and what the labels say is what the values show.

use jiff::{SignedDuration, Timestamp};

use super::super::body::Size;
use super::super::person::{LabelKind, Person, Phone};
use super::*;
use crate::reading::Reading;
use crate::scenario::Submitted;
use crate::vital::Vital;

const SEED: u64 = 1;

fn readings(person: &Person) -> impl Iterator<Item = &Reading> {
    person.arrivals.iter().filter_map(|arrival| match &arrival.what {
        Submitted::Reading(reading) => Some(reading),
        _ => None,
    })
}

fn values(person: &Person, component: Component) -> impl Iterator<Item = (Timestamp, f64)> {
    readings(person).filter_map(move |reading| {
        let (_, measured) = reading.components.iter().find(|(given, _)| *given == component)?;
        Some((reading.effective_at, measured.value?))
    })
}

fn mean(values: impl Iterator<Item = (Timestamp, f64)>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), (_, value)| (sum + value, count + 1.0));
    sum / count
}

fn all_said(people: &[Person]) -> String {
    format!("{people:?}")
}

#[test]
fn a_seed_is_a_cohort() {
    let people = cohort(SEED);
    assert_eq!(people.len(), PEOPLE);
    assert_eq!(all_said(&people), all_said(&cohort(SEED)));
    assert_ne!(all_said(&people), all_said(&cohort(SEED + 1)));
    let ill = |person: &&Person| person.labels.iter().any(|label| label.kind.is_episode());
    let wrong = |person: &&Person| person.labels.iter().any(|label| !label.kind.is_episode());
    assert_eq!(people.iter().filter(ill).count(), 80);
    assert_eq!(people.iter().filter(wrong).count(), 60);
    for kind in LabelKind::ALL {
        assert!(people.iter().flat_map(|person| &person.labels).any(|label| label.kind == kind), "no {}", kind.words());
    }
}

#[test]
fn what_comes_is_in_order_and_within_the_plan() {
    for person in cohort(SEED) {
        assert!(person.arrivals.is_sorted_by_key(|arrival| arrival.came), "{}", person.name);
        for reading in readings(&person) {
            assert!(person.facts.plan.since <= reading.effective_at && reading.effective_at < person.until);
            assert!(reading.effective_at <= reading.received_at);
        }
        let Phone::Held(_) = person.phone else { panic!("{} has no body", person.name) };
    }
}

#[test]
fn fluid_is_gained_at_the_rate_and_by_the_size_that_was_asked_for() {
    for (person, label) in labelled(LabelKind::FluidGain) {
        let Phone::Held(body) = &person.phone else { panic!("no body") };
        let course = &body.courses[0];
        let change = course.changes[0];
        let Size::By(gain) = change.size else { panic!("a gain") };
        let rate = gain / (change.whole.duration_since(change.began).as_secs_f64() / 86_400.0);
        assert!((0.3..=0.8).contains(&rate) && (2.5..=4.5).contains(&gain), "{rate} {gain}");
        let before = mean(values(&person, Component::Weight).filter(|(at, _)| *at < label.began));
        let held = |at: Timestamp| change.whole <= at && at < change.going;
        let after = values(&person, Component::Weight).filter(|(at, _)| held(*at));
        for (_, weight) in after {
            assert!((weight - before - gain).abs() < 2.0, "{}: {before} {weight} {gain}", person.name);
        }
        assert_eq!(label.until, change.going);
    }
}

/// Nobody falls ill in the first three weeks.
fn while_well(person: &Person) -> impl Fn(&(Timestamp, f64)) -> bool {
    let until = person.facts.plan.since + SignedDuration::from_hours(21 * 24);
    move |(at, _)| *at < until
}

#[test]
fn pressure_is_above_target_once_it_has_risen() {
    for (person, label) in labelled(LabelKind::RisingPressure) {
        let week = SignedDuration::from_hours(7 * 24);
        let before = mean(values(&person, Component::Systolic).filter(while_well(&person)));
        let risen = |at: Timestamp| label.until - week <= at && at < label.until;
        let after = mean(values(&person, Component::Systolic).filter(|(at, _)| risen(*at)));
        assert!((20.0..55.0).contains(&(after - before)) && after > 135.0, "{}: {before} {after}", person.name);
    }
}

#[test]
fn severe_pressure_is_severe_from_when_the_label_says() {
    for (person, label) in labelled(LabelKind::SeverePressure) {
        let Phone::Held(body) = &person.phone else { panic!("no body") };
        let usual = body.courses[0].usual;
        let truth = |at: Timestamp| body.truth(Component::Systolic, at).expect("a course") - usual;
        let risen_from = body.courses[0].changes[0].began;
        assert!(label.began > risen_from && truth(risen_from) < 30.0, "{}", person.name);
        let later = values(&person, Component::Systolic).filter(|(at, _)| label.began <= *at && *at < label.until);
        for (at, systolic) in later {
            assert!(systolic > 150.0, "{}: {systolic} at {at}", person.name);
        }
        assert_eq!(label.at_least, Priority::High);
    }
}

#[test]
fn oxygen_is_below_92_by_when_it_must_be_caught() {
    for (person, label) in labelled(LabelKind::FallingOxygen) {
        let Phone::Held(body) = &person.phone else { panic!("no body") };
        let truth = |at: Timestamp| body.truth(Component::Spo2, at).expect("a course");
        assert!(truth(label.began - SignedDuration::from_hours(1)) > 94.0, "{}", person.name);
        assert!(truth(label.until) < 92.5, "{}: {}", person.name, truth(label.until));
    }
}

#[test]
fn a_low_glucose_is_a_labelled_hypo_and_nothing_else_is() {
    let people = cohort(SEED);
    let mut low = 0;
    for person in people.iter().filter(|person| person.measures == [Vital::Glucose]) {
        for (at, glucose) in values(person, Component::Glucose) {
            let in_hypo = person
                .labels
                .iter()
                .any(|label| label.kind == LabelKind::Hypo && label.began <= at && at < label.until);
            if glucose < 4.0 {
                low += 1;
                assert!(in_hypo, "{}: {glucose} at {at}", person.name);
            }
        }
    }
    assert!(low > 20, "{low}");
}

#[test]
fn an_artefact_is_one_reading_that_is_not_the_truth() {
    for person in cohort(SEED) {
        let Phone::Held(body) = &person.phone else { panic!("no body") };
        for label in person.labels.iter().filter(|label| !label.kind.is_episode()) {
            let component = label.vital.facts().required[0];
            let (_, shown) = values(&person, component).find(|(at, _)| *at == label.began).expect("its reading");
            let truth = body.truth(component, label.began).expect("a course");
            let ratio = shown / truth;
            let is_so = match label.kind {
                LabelKind::TimesEighteen => (16.0..20.0).contains(&ratio),
                LabelKind::Pounds => (2.19..2.22).contains(&ratio),
                LabelKind::Fahrenheit => (96.0..100.0).contains(&shown),
                LabelKind::CuffArtefact => shown - truth > 35.0,
                _ => shown < 90.0 && truth > 94.0,
            };
            assert!(is_so, "{} {}: {truth} shown as {shown}", person.name, label.kind.words());
        }
    }
}

fn labelled(kind: LabelKind) -> Vec<(Person, Label)> {
    let with = |person: Person| {
        let label = person.labels.iter().copied().find(|label| label.kind == kind)?;
        Some((person, label))
    };
    let found: Vec<_> = cohort(SEED).into_iter().filter_map(with).collect();
    assert!(!found.is_empty());
    found
}
