//! What judging costs (P7): comparison rules a second on one core, on facts that are loaded, and how one look grows with
//! the history that was loaded, with the window a rule looks at, and with the number of rules. Each is one `evaluate` of
//! one person after one new reading, as the service does it, with nothing firing.
//!
//! `make bench` runs it and puts the figures into `docs/benchmarks.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use alert_rules::facts::Plan;
use alert_rules::reading::{Circumstances, Flags, Measured};
use alert_rules::{Component, Facts, History, Priority, Reading, Rulebook, Vital, evaluate};
use criterion::{Bencher, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};

const READINGS_A_DAY: i64 = 4;
/// How many comparison rules one person is judged by, for the rate.
const RULES: usize = 1_000;
/// A pack has no more.
const RULES_A_PACK: usize = 100;

/// The instant of the newest reading, and of the look.
fn now() -> Timestamp {
    "2026-06-01T08:00:00Z".parse().expect("an instant")
}

/// Watched by all packs of the rulebook.
fn facts(rulebook: &Rulebook) -> Facts {
    Facts {
        version: 1,
        valid_from: None,
        date_of_birth: jiff::civil::date(1956, 2, 14),
        time_zone: jiff::tz::TimeZone::get("Europe/London").expect("bundled"),
        tags: BTreeMap::from([("pregnant".to_owned(), false)]),
        plan: Plan {
            since: now() - SignedDuration::from_hours(400 * 24),
            packs: rulebook.packs().iter().map(|pack| pack.name.clone()).collect(),
            slots: Vec::new(),
            limits: BTreeMap::new(),
            absence_priority: Priority::Medium,
        },
        pauses: Vec::new(),
        service_gaps: Vec::new(),
        spo2_scale_2: None,
    }
}

/// Quiet blood pressures up to now.
fn history(days: i64) -> History {
    let readings = (0..days * READINGS_A_DAY).map(|n| {
        let at = now() - SignedDuration::from_hours(24 / READINGS_A_DAY) * i32::try_from(n).expect("few");
        #[expect(clippy::cast_precision_loss, reason = "below eight")]
        let systolic = 118.0 + (n % 8) as f64;
        let components = vec![
            (Component::Systolic, Measured::value(systolic)),
            (Component::Diastolic, Measured::value(76.0)),
            (Component::Pulse, Measured::value(70.0)),
        ];
        let flags = Flags::of_values(&components);
        let (seq, vital) = (days * READINGS_A_DAY - n, Vital::BloodPressure);
        Reading {
            seq,
            vital,
            effective_at: at,
            received_at: at,
            components,
            absent: None,
            flags,
            circumstances: Circumstances::default(),
        }
    });
    History { readings: readings.collect(), ..History::default() }
}

/// Rules with these conditions, in as many packs as that takes.
fn rulebook(conditions: &[String]) -> Rulebook {
    let packs = conditions.chunks(RULES_A_PACK).enumerate().map(|(pack, conditions)| {
        let mut text = "[pack]\ntitle='x'\ncover='x'\nsource='x'\nversion='1'\n".to_owned();
        for (number, condition) in conditions.iter().enumerate() {
            // A writer into a String cannot fail.
            let _ = write!(text, "[rule.r{number}]\nproblem='p{pack} {number}'\npriority='low'\nwhen='{condition}'\n");
        }
        (format!("x{pack}/rules.toml"), text)
    });
    Rulebook::from_files(packs.collect()).expect("the rules read")
}

/// Thresholds that differ, none of them met.
fn comparisons(count: usize) -> Rulebook {
    let condition = |number: usize| match number % 3 {
        0 => format!("systolic >= {} mmHg", 140 + number % 60),
        1 => format!("diastolic >= {} mmHg", 90 + number % 30),
        _ => format!("systolic < {} mmHg", 70 + number % 40),
    };
    rulebook(&(0..count).map(condition).collect::<Vec<_>>())
}

/// One look of the service at one person.
fn look(bencher: &mut Bencher<'_>, rulebook: &Rulebook, facts: &Facts, history: &History) {
    bencher.iter(|| {
        let evaluation = evaluate(rulebook, facts, now(), &[], black_box(history), now());
        assert!(black_box(evaluation).findings.is_empty(), "nothing fires");
    });
}

fn rules(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("comparison");
    let (rules, loaded) = (comparisons(RULES), history(2));
    let person = facts(&rules);
    group.throughput(Throughput::Elements(RULES as u64));
    group.bench_function(BenchmarkId::from_parameter(RULES), |bencher| look(bencher, &rules, &person, &loaded));
    group.finish();

    let mut group = criterion.benchmark_group("history");
    let rules = Rulebook::built_in();
    let mut person = facts(&rules);
    person.plan.packs = vec!["hypertension".to_owned()];
    for days in [7, 30, 90, 365] {
        let loaded = history(days);
        group.bench_function(BenchmarkId::from_parameter(days), |bencher| look(bencher, &rules, &person, &loaded));
    }
    group.finish();

    let mut group = criterion.benchmark_group("window");
    let loaded = history(90);
    for days in [7, 30, 90] {
        let rules = rulebook(&[format!("mean(systolic, over {days} days, at least 4) >= 135 mmHg")]);
        let person = facts(&rules);
        group.bench_function(BenchmarkId::from_parameter(days), |bencher| look(bencher, &rules, &person, &loaded));
    }
    group.finish();

    let mut group = criterion.benchmark_group("rules");
    let loaded = history(7);
    for count in [1, 10, 100, 1_000] {
        let rules = comparisons(count);
        let person = facts(&rules);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| look(bencher, &rules, &person, &loaded));
    }
    group.finish();
}

criterion_group! {
    name = all;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = rules
}
criterion_main!(all);
