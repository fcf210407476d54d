//! What must hold of every pack: a value that is held back hides nothing, and a worse one is never taken more lightly.

use std::collections::BTreeMap;

use alert_rules::finding::Side;
use alert_rules::rule::{Pack, Rule};
use alert_rules::{Component, Finding, Priority, Reading, Rulebook, Vital};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::world::{Monitor, Thing, at, dorothy, reading};

const NOW: &str = "2026-04-03T08:00:00Z";

/// What nobody worries about.
fn usual(component: Component) -> f64 {
    match component {
        Component::Systolic => 125.0,
        Component::Diastolic | Component::Weight => 80.0,
        Component::Pulse => 70.0,
        Component::Spo2 => 97.0,
        Component::RespiratoryRate => 16.0,
        Component::Temperature => 36.8,
        Component::Height => 170.0,
        Component::Glucose => 6.5,
        Component::Ketones => 0.3,
        Component::PeakFlow => 450.0,
        _ => 2.0,
    }
}

/// A reading of one vital in which one component is odd. The other end of a pressure makes room.
fn of(seq: i64, time: &str, vital: Vital, odd: Component, value: f64) -> Reading {
    let mut components = vital.facts().required.to_vec();
    if !components.contains(&odd) {
        components.push(odd);
    }
    let values = components.into_iter().map(|component| match component {
        component if component == odd => (component, value),
        Component::Systolic if odd == Component::Diastolic && value > 100.0 => (component, 175.0_f64.max(value + 20.0)),
        Component::Diastolic if odd == Component::Systolic && value < 90.0 => (component, 45.0_f64.min(value - 5.0)),
        component => (component, usual(component)),
    });
    reading(seq, at(time), 1, vital, &values.collect::<Vec<_>>())
}

/// Monitored by one pack, after some readings, each a second after it was taken.
fn after(rulebook: &Rulebook, pack: &str, readings: Vec<Reading>) -> Monitor {
    let mut facts = dorothy();
    facts.plan.packs = vec![pack.to_owned()];
    facts.tags.insert("known_low_saturations".to_owned(), false);
    let mut monitor = Monitor::new(facts);
    for reading in readings {
        let (taken, came) = (reading.effective_at, reading.received_at);
        monitor.pass(rulebook, taken);
        monitor.take(rulebook, vec![Thing::Reading(reading)], came);
    }
    monitor
}

/// How loud each problem is that anybody is told of, and that began with the last reading or before. What a second reading
/// begins is that one's own.
fn told(monitor: &Monitor) -> BTreeMap<String, Priority> {
    let mut told = BTreeMap::new();
    let lasts = |finding: &&Finding| finding.start <= at(NOW) && finding.end.is_none_or(|end| end >= at(NOW));
    for finding in monitor.findings.values().filter(|finding| !finding.pending).filter(lasts) {
        let known = told.entry(finding.problem.clone()).or_insert(finding.priority);
        *known = finding.priority.max(*known);
    }
    told
}

fn at_least(pack: &Pack, more: &BTreeMap<String, Priority>, less: &BTreeMap<String, Priority>) -> bool {
    less.iter().all(|(problem, priority)| {
        let as_loud = |other: &Priority| other >= priority;
        more.get(problem).is_some_and(as_loud) || is_of_averages(pack, problem) && more.values().any(as_loud)
    })
}

/// An average takes nothing that is doubted, so a problem of averages alone may wait for a second reading when something as
/// loud is told meanwhile.
fn is_of_averages(pack: &Pack, problem: &str) -> bool {
    let averages = ["mean(", "median(", "slope(", "stddev(", "home_average("];
    let averaged =
        |rule: &Rule| rule.when.texts.iter().all(|when| averages.iter().any(|name| when.text.contains(name)));
    pack.rules.iter().filter(|rule| rule.problem == problem).all(averaged)
}

/// Beyond each end of the hold range, and of the person's own week, for each way to go on.
fn edges(component: Component) -> Vec<(f64, f64)> {
    let step = 10.0_f64.powi(-(component.facts().decimals as i32));
    let mut edges = Vec::new();
    if let Some(hold) = component.facts().hold {
        edges.extend([(hold.to, hold.to + step), (hold.from, hold.from - step)]);
    }
    if component == Component::Weight {
        let usual = usual(component);
        edges.extend([(usual + 4.0, usual + 4.1), (usual - 4.0, usual - 4.1)]);
    }
    edges.retain(|(_, outside)| component.is_possible(*outside));
    edges
}

#[test]
fn holding_never_hides_whatever_the_pack_and_the_vital() {
    let rulebook = Rulebook::built_in();
    let (mut compared, mut raised) = (0, 0);
    for pack in rulebook.packs() {
        let mut vitals: Vec<Vital> = pack.rules.iter().flat_map(|rule| rule.vitals().to_vec()).collect();
        vitals.sort_unstable();
        vitals.dedup();
        for (vital, component) in vitals.iter().flat_map(|vital| vital.components().map(|each| (*vital, each))) {
            for (inside, outside) in edges(component) {
                // Out of the blue, or after a week of readings twice a day; and then nothing, the same again, or what is usual.
                for (before, again) in [(false, None), (true, None), (true, Some(true)), (true, Some(false))] {
                    let story = |value: f64| {
                        let mut readings = Vec::new();
                        for (seq, day) in (1..).zip(27..=31).filter(|_| before) {
                            let time = |hour: &str| format!("2026-03-{day}T{hour}:00:00Z");
                            readings.push(of(2 * seq, &time("08"), vital, component, usual(component)));
                            readings.push(of(2 * seq + 1, &time("18"), vital, component, usual(component)));
                        }
                        for (seq, day) in [(50, "01"), (51, "02")].into_iter().filter(|_| before) {
                            let time = format!("2026-04-{day}T08:00:00Z");
                            readings.push(of(seq, &time, vital, component, usual(component)));
                        }
                        readings.push(of(60, NOW, vital, component, value));
                        let at_once = told(&after(&rulebook, &pack.name, readings.clone()));
                        if let Some(same) = again {
                            let value = if same { value } else { usual(component) };
                            readings.push(of(61, "2026-04-03T08:05:00Z", vital, component, value));
                        }
                        let mut monitor = after(&rulebook, &pack.name, readings);
                        monitor.pass(&rulebook, at(NOW) + SignedDuration::from_hours(3));
                        (at_once, told(&monitor))
                    };
                    let (inside_told, outside_told) = (story(inside), story(outside));
                    assert!(
                        at_least(pack, &outside_told.0, &inside_told.0)
                            && at_least(pack, &outside_told.1, &inside_told.1),
                        "{}: {} {inside} raises {inside_told:?}, and {outside} {outside_told:?} (before: {before}, again: {again:?})",
                        pack.name,
                        component.name(),
                    );
                    compared += 1;
                    raised += usize::from(!inside_told.0.is_empty());
                }
            }
        }
    }
    assert!(compared > 50 && raised > compared / 4, "{raised} of {compared} raised anything");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_worse_value_is_never_taken_more_lightly(
        pack in any::<proptest::sample::Index>(),
        which in any::<proptest::sample::Index>(),
        high in any::<bool>(),
        place in 0.0..1.0_f64,
        further in 0.0..1.0_f64,
        before in proptest::collection::vec((27_u8..31, 0_u8..24, 0.3..1.0_f64), 0..6),
    ) {
        let rulebook = Rulebook::built_in();
        let pack = pack.get(rulebook.packs());
        let vitals: Vec<Vital> = pack.rules.iter().flat_map(|rule| rule.vitals().to_vec()).collect();
        prop_assume!(!vitals.is_empty());
        let vital = *which.get(&vitals);
        let component = vital.facts().required[0];
        let possible = component.facts().possible;
        let end = if high { possible.to } else { possible.from };
        let rounded = |value: f64| (value * 10.0).round() / 10.0;
        let towards = |share: f64| rounded(usual(component) + (end - usual(component)) * share);
        let (value, worse) = (towards(place), towards(place + (1.0 - place) * further));
        let story = |value: f64| {
            let mut readings: Vec<Reading> = (1..)
                .zip(&before)
                .map(|(seq, (day, hour, share))| {
                    let time = format!("2026-03-{day}T{hour:02}:00:00Z");
                    of(seq, &time, vital, component, rounded(usual(component) + (end - usual(component)) * share * 0.2))
                })
                .collect();
            readings.sort_by_key(|reading| reading.effective_at);
            readings.push(of(60, NOW, vital, component, value));
            after(&rulebook, &pack.name, readings)
        };
        let (mild, severe) = (story(value), story(worse));
        let side = if high { Side::High } else { Side::Low };
        for finding in mild.findings.values().filter(|finding| finding.end.is_none()) {
            if !finding.worst.iter().any(|worst| (worst.component, worst.side) == (component, side)) {
                continue;
            }
            let same = |other: &&Finding| other.problem == finding.problem && other.end.is_none();
            let other = severe.findings.values().find(same);
            let louder = other.is_some_and(|other| other.priority >= finding.priority && (finding.pending || !other.pending));
            prop_assert!(louder, "{} {value}: {:?} {}, and at {worse}: {:?}", component.name(), finding.priority, finding.sentence, other);
        }
    }
}
