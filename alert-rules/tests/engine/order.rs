//! The order property: findings depend on what was measured and when, never on the order or the batches in which it
//! arrived, nor on how often somebody looked in between.

use std::collections::BTreeMap;

use crate::world::{Monitor, Thing, answers, at, dorothy, pressure, reading};
use alert_rules::finding::Finding;
use alert_rules::reading::{Absent, Comparator, Measured};
use alert_rules::{Acceptance, Component, Correction, Event, History, Reading, Rulebook, Shown, Vital, evaluate};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// Nine days with a change of clocks in them.
const DAYS: i64 = 9;

fn end() -> Timestamp {
    at(crate::world::SINCE) + SignedDuration::from_hours(24 * DAYS)
}

/// Minutes of the world, often near each other and near the usual hours.
fn minute() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => (0..DAYS, 7_i64..9, 0_i64..60).prop_map(|(day, hour, minute)| (day * 24 + hour) * 60 + minute),
        // At the very same minute as others.
        2 => (0..DAYS, 0_i64..3).prop_map(|(day, quarter)| (day * 24 + 8) * 60 + quarter * 15),
        1 => -600..DAYS * 24 * 60 - 1,
    ]
}

/// Seconds from taken to received: mostly soon.
fn delay() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0_i64..60, 1 => 0_i64..1_200, 1 => 0_i64..200_000]
}

fn values() -> impl Strategy<Value = (Vital, Vec<(Component, Measured)>)> {
    let whole = |from: i32, to: i32| (from..to).prop_map(|value| Measured::value(f64::from(value)));
    let tenths = |from: i32, to: i32| (from..to).prop_map(|value| Measured::value(f64::from(value) / 10.0));
    let systolic = prop_oneof![whole(118, 150), whole(170, 192), whole(80, 96), whole(60, 240)];
    let glucose = prop_oneof![
        tenths(30, 120),
        tenths(10, 300),
        Just(Measured::off_scale(Comparator::High)),
        Just(Measured::off_scale(Comparator::Low)),
    ];
    prop_oneof![
        4 => (systolic, whole(60, 125), proptest::option::weighted(0.2, whole(10, 60))).prop_map(
            |(systolic, diastolic, pulse)| {
                let values = [(Component::Systolic, systolic), (Component::Diastolic, diastolic)].into_iter();
                (Vital::BloodPressure, values.chain(pulse.map(|pulse| (Component::Pulse, pulse))).collect())
            },
        ),
        2 => glucose.prop_map(|glucose| (Vital::Glucose, vec![(Component::Glucose, glucose)])),
        // Kilograms, pounds and kilograms taken for pounds.
        2 => prop_oneof![6 => tenths(780, 830), 1 => tenths(1_760, 1_830), 1 => tenths(350, 380)]
            .prop_map(|weight| (Vital::Weight, vec![(Component::Weight, weight)])),
    ]
}

fn thing(seq: i64) -> impl Strategy<Value = Thing> {
    let measured = (minute(), delay(), values(), 0_u8..20).prop_map(move |(minute, delay, (vital, values), odd)| {
        let taken = at(crate::world::SINCE) + SignedDuration::from_mins(minute);
        let mut reading = Reading { components: values, ..reading(seq, taken, delay, vital, &[]) };
        reading.flags = alert_rules::reading::Flags::of_values(&reading.components);
        if odd == 0 {
            reading.components.clear();
            reading.absent = Some(Absent::CouldNotMeasure);
        }
        reading.flags.dated_by_arrival = odd == 1;
        Thing::Reading(reading)
    });
    let answered = (minute(), delay(), 0_usize..4, any::<bool>()).prop_map(move |(minute, delay, which, yes)| {
        let taken = at(crate::world::SINCE) + SignedDuration::from_mins(minute);
        let link = ["warning_signs", "dizzy_or_fell", "hypo_symptoms", "breathless_at_rest"][which];
        Thing::Answers(answers(seq, taken, delay, "bp-warning-signs|1", link, yes))
    });
    let event = (minute(), delay()).prop_map(move |(minute, delay)| {
        let effective_at = at(crate::world::SINCE) + SignedDuration::from_mins(minute);
        let received_at = effective_at + SignedDuration::from_secs(delay);
        Thing::Event(Event { seq, effective_at, received_at, event: "hypo_symptoms".to_owned(), quantity: None })
    });
    let correction = (1_i64..40, proptest::option::of(values())).prop_map(move |(corrects_seq, values)| {
        let values = values.map(|(_, values)| values);
        let seq = 1_000 + seq;
        Thing::Correction(Correction { seq, corrects_seq, reason: "wrong_entry".to_owned(), values })
    });
    prop_oneof![16 => measured, 2 => answered, 1 => event, 1 => correction]
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    (4_usize..40).prop_flat_map(|count| (1..=count as i64).map(thing).collect::<Vec<_>>())
}

fn history_of(things: &[Thing]) -> History {
    let mut history = History::default();
    for thing in things.iter().cloned() {
        thing.put(&mut history);
    }
    history
}

/// Everything at once, in one evaluation.
fn in_one_go(rulebook: &Rulebook, things: &[Thing]) -> Vec<Finding> {
    let facts = dorothy();
    let mut findings = evaluate(rulebook, &facts, facts.plan.since, &[], &history_of(things), end()).findings;
    findings.sort_by(|one, other| (&one.problem, one.start).cmp(&(&other.problem, other.start)));
    findings
}

/// Some asks that the world gives rise to were shown, and some readings accepted by staff.
fn with_some_done(rulebook: &Rulebook, mut things: Vec<Thing>, choice: u64) -> Vec<Thing> {
    let facts = dorothy();
    let readings =
        things.iter().filter_map(|thing| if let Thing::Reading(reading) = thing { Some(reading) } else { None });
    let taken = readings.filter(|reading| choice >> (reading.seq % 64) & 3 == 3).map(|reading| {
        let Reading { seq, effective_at, ref components, .. } = *reading;
        Thing::Acceptance(Acceptance { seq, effective_at, values: components.clone() })
    });
    let taken: Vec<Thing> = taken.collect();
    things.extend(taken);
    let evaluation = evaluate(rulebook, &facts, facts.plan.since, &[], &history_of(&things), end());
    for (n, watch) in evaluation.watches.iter().enumerate() {
        if let (Some(ask), true) = (watch.ask, choice >> (n % 64) & 1 == 1) {
            // Some long after anybody waited.
            let late = choice >> ((n + 32) % 64) & 1 == 1;
            let later = if late { 1_200 + n as i64 % 7 * 600 } else { n as i64 % 50 };
            let at = watch.received_at + SignedDuration::from_secs(later);
            things.push(Thing::Shown(Shown { ask, at }));
        }
    }
    things
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_batches_give_the_same_findings(
        things in things(),
        choice in any::<u64>(),
        order in any::<u64>(),
        looks in proptest::collection::vec(0_i64..DAYS * 24 * 60, 0..12),
        batch in 1_usize..6,
    ) {
        let rulebook = Rulebook::built_in();
        let things = with_some_done(&rulebook, things, choice);
        let expected = in_one_go(&rulebook, &things);

        let mut shuffled = things;
        shuffle(&mut shuffled, order);
        renumber(&mut shuffled);
        let mut looks: Vec<Timestamp> = looks.into_iter().map(|look| at(crate::world::SINCE) + SignedDuration::from_mins(look)).collect();
        looks.sort_unstable();
        let mut looks = looks.into_iter();
        let mut now = at(crate::world::SINCE);
        let mut monitor = Monitor::new(dorothy());
        for batch in shuffled.chunks(batch) {
            now = looks.next().unwrap_or(now);
            monitor.take(&rulebook, batch.to_vec(), now);
        }
        for look in looks {
            monitor.look(&rulebook, monitor.folded_through, look);
        }
        monitor.look(&rulebook, monitor.folded_through, end());
        let found: Vec<Finding> = monitor.findings.into_values().collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn looking_at_every_timer_changes_nothing(things in things(), choice in any::<u64>()) {
        let rulebook = Rulebook::built_in();
        let things = with_some_done(&rulebook, things, choice);
        let expected = in_one_go(&rulebook, &things);
        let mut monitor = Monitor::new(dorothy());
        monitor.take(&rulebook, things, at(crate::world::SINCE));
        monitor.pass(&rulebook, end());
        let found: Vec<Finding> = monitor.findings.into_values().collect();
        prop_assert_eq!(found, expected);
    }
}

/// A phone that says late that it showed an ask, and showed it when nobody waited any more.
#[test]
fn an_ask_shown_too_late_changes_nothing() {
    let rulebook = Rulebook::built_in();
    let (morning, later) = (at("2026-03-27T08:00:00Z"), at("2026-03-27T08:30:00Z"));
    let severe = Thing::Reading(pressure(1, morning, 1, 184.0, 100.0));
    let clear = Thing::Reading(pressure(2, later, 1, 148.0, 88.0));
    let mut monitor = Monitor::new(dorothy());
    monitor.take(&rulebook, vec![severe.clone()], morning + SignedDuration::from_secs(1));
    let shown = Thing::Shown(Shown { ask: monitor.asks[0].id, at: at("2026-03-27T08:25:00Z") });
    monitor.pass(&rulebook, at("2026-03-27T08:20:00Z"));
    monitor.take(&rulebook, vec![clear.clone()], later + SignedDuration::from_secs(1));
    monitor.take(&rulebook, vec![shown.clone()], at("2026-03-27T11:00:00Z"));
    monitor.pass(&rulebook, end());
    let found: Vec<Finding> = monitor.findings.into_values().collect();
    assert_eq!(found, in_one_go(&rulebook, &[severe, clear, shown]));
}

/// A newer normal reading never hides an older critical one.
#[test]
fn late_breach_behind_a_normal_reading_is_found() {
    let rulebook = Rulebook::built_in();
    let mut monitor = Monitor::new(dorothy());
    let morning = at("2026-03-27T08:00:00Z");
    let noon = at("2026-03-27T12:00:00Z");
    monitor.take(
        &rulebook,
        vec![Thing::Reading(pressure(1, noon, 5, 128.0, 80.0))],
        noon + SignedDuration::from_secs(5),
    );
    let evening = at("2026-03-27T17:00:00Z");
    monitor.take(&rulebook, vec![Thing::Reading(pressure(2, morning, 9 * 3_600, 190.0, 100.0))], evening);
    let finding = monitor.findings.get(&("blood pressure high".to_owned(), morning)).expect("found");
    assert_eq!(finding.end, Some(noon));
    assert_eq!(finding.late_minutes, 540);
    assert!(!finding.pending, "too late to ask");
}

/// Numbers everything as it arrives, as the writer would; corrections keep naming what they named, and their own order.
fn renumber(things: &mut [Thing]) {
    let mut numbers = BTreeMap::new();
    for (seq, thing) in (1..).zip(things.iter_mut()) {
        match thing {
            Thing::Reading(reading) => drop(numbers.insert(std::mem::replace(&mut reading.seq, seq), seq)),
            Thing::Answers(answers) => drop(numbers.insert(std::mem::replace(&mut answers.seq, seq), seq)),
            Thing::Event(event) => drop(numbers.insert(std::mem::replace(&mut event.seq, seq), seq)),
            Thing::Correction(_) | Thing::Acceptance(_) | Thing::Shown(_) => {}
        }
    }
    for thing in things.iter_mut() {
        match thing {
            Thing::Correction(Correction { corrects_seq: seq, .. }) | Thing::Acceptance(Acceptance { seq, .. }) => {
                *seq = numbers.get(seq).copied().unwrap_or(-1);
            }
            _ => {}
        }
    }
}

/// Fisher and Yates, from a number.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for i in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(i, (seed >> 33) as usize % (i + 1));
    }
}

/// A reading and an answer of one instant, which a phone without a clock sends as a matter of course.
#[test]
fn an_answer_and_a_reading_of_one_instant_mean_the_same_whichever_came_first() {
    let rulebook = Rulebook::built_in();
    let morning = at("2026-03-27T08:00:00Z");
    let findings_of = |reading_late, answers_late| {
        let severe = Thing::Reading(pressure(1, morning, reading_late, 186.0, 101.0));
        let dizzy = Thing::Answers(answers(2, morning, answers_late, "bp-warning-signs|1", "dizzy_or_fell", true));
        in_one_go(&rulebook, &[severe, dizzy])
    };
    assert_eq!(findings_of(1, 2), findings_of(2, 1));
}

/// Rules are judged anew as far back as `REACH`, and no further.
#[test]
fn a_breach_of_a_month_ago_is_found_and_an_older_one_only_charted() {
    let rulebook = Rulebook::built_in();
    let taken = at("2026-03-27T08:00:00Z");
    let found = |days: i64| {
        let now = taken + SignedDuration::from_hours(24 * days);
        let mut monitor = Monitor::new(dorothy());
        monitor.take(&rulebook, Vec::new(), now);
        let late = SignedDuration::from_hours(24 * days).as_secs();
        monitor.take(&rulebook, vec![Thing::Reading(pressure(1, taken, late, 224.0, 118.0))], now);
        monitor.findings.contains_key(&("blood pressure high".to_owned(), taken))
    };
    assert!(found(30));
    assert!(!found(31));
}

/// What a finding began with is kept for as long as anything of it can be judged anew.
#[test]
fn a_finding_of_many_weeks_keeps_its_beginning() {
    let mut morning = crate::morning::Morning::watched_by(
        "[rule.pain]\nproblem='worn out'\npriority='medium'\nwhen='pain >= 7'\n\
         [rule.heavy]\nproblem='worn out'\npriority='medium'\nwhen='weight >= 90 kg'\n",
    );
    morning.measures("2026-03-26T08:00:00Z", Vital::Pain, &[(Component::Pain, 8.0)]);
    morning.measures("2026-03-27T08:00:00Z", Vital::Weight, &[(Component::Weight, 91.0)]);
    morning.measures("2026-03-28T08:00:00Z", Vital::Pain, &[(Component::Pain, 1.0)]);
    morning.measures("2026-05-05T08:00:00Z", Vital::Weight, &[(Component::Weight, 85.0)]);
    morning.pass("2026-05-10T08:00:00Z");
    let late = reading(
        morning.next(),
        at("2026-05-04T08:00:00Z"),
        6 * 24 * 3_600,
        Vital::Weight,
        &[(Component::Weight, 92.0)],
    );
    morning.monitor.take(&morning.rulebook, vec![Thing::Reading(late)], at("2026-05-10T08:00:01Z"));
    assert_eq!(morning.finding("worn out").start, at("2026-03-26T08:00:00Z"));
}
