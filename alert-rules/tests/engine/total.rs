//! `evaluate` is total: whatever is stored, it answers. And no text that claims to be a rule can bring the reader down.

use alert_rules::facts::{Gap, Pause, PlanLimit};
use alert_rules::reading::{Circumstances, Comparator, Flags, Measured};
use alert_rules::{Component, Correction, Facts, History, Reading, Rulebook, Shown, Vital, evaluate};
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn instant() -> impl Strategy<Value = Timestamp> {
    let extremes = prop_oneof![Just(Timestamp::MIN), Just(Timestamp::MAX), Just(Timestamp::UNIX_EPOCH)];
    let usual = (1_774_000_000_i64..1_779_000_000).prop_map(|second| Timestamp::from_second(second).expect("in range"));
    prop_oneof![1 => extremes, 12 => usual]
}

fn measured() -> impl Strategy<Value = Measured> {
    let value = proptest::option::of(prop_oneof![any::<f64>(), 0.0..400.0]);
    let comparator = proptest::option::of(prop_oneof![Just(Comparator::High), Just(Comparator::Low)]);
    (value, comparator).prop_map(|(value, comparator)| Measured { value, comparator })
}

fn reading() -> impl Strategy<Value = Reading> {
    let components = proptest::collection::vec((0..Component::COUNT, measured()), 0..4);
    (any::<i64>(), 0_usize..14, instant(), instant(), components, any::<[bool; 3]>()).prop_map(
        |(seq, vital, effective_at, received_at, components, [unconfirmed, impossible, dated_by_arrival])| Reading {
            seq,
            vital: Vital::ALL[vital],
            effective_at,
            received_at,
            components: components.into_iter().map(|(component, value)| (Component::ALL[component], value)).collect(),
            absent: None,
            circumstances: Circumstances { irregular_pulse: Some(unconfirmed), standing: Some(impossible) },
            flags: Flags { unconfirmed, impossible, dated_by_arrival },
        },
    )
}

fn facts() -> impl Strategy<Value = Facts> {
    (instant(), proptest::collection::vec((instant(), instant()), 0..3), any::<f64>()).prop_map(
        |(since, spans, value)| {
            let mut facts = crate::world::dorothy();
            facts.plan.since = since;
            let pause =
                |(from, until)| Pause { from, until, by: "Ida".to_owned(), why: "away".to_owned(), asked: false };
            facts.pauses = spans.iter().copied().map(pause).collect();
            facts.service_gaps = spans.iter().map(|(from, until)| Gap { from: *from, until: *until }).collect();
            let limit =
                PlanLimit { value, unit: "mmHg".to_owned(), by: "Ida".to_owned(), why: "…".to_owned(), until: None };
            facts.plan.limits = BTreeMap::from([("hypertension/severe_systolic".to_owned(), limit)]);
            facts
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_stored_there_is_an_answer(
        facts in facts(),
        readings in proptest::collection::vec(reading(), 0..20),
        corrections in proptest::collection::vec((any::<i64>(), 0_usize..20), 0..4),
        from in instant(),
        at in instant(),
    ) {
        let corrections = corrections.into_iter().filter_map(|(seq, index)| {
            let corrects_seq = readings.get(index)?.seq;
            Some(Correction { seq, corrects_seq, reason: String::new(), values: None })
        });
        let mut history = History { corrections: corrections.collect(), readings, ..History::default() };
        let rulebook = Rulebook::built_in();
        let first = evaluate(&rulebook, &facts, from, &[], &history, at);
        history.shown = first.asks.iter().map(|ask| Shown { ask: ask.id, at }).collect();
        let again = evaluate(&rulebook, &facts, first.folded_through, &first.watches, &history, at);
        prop_assert_eq!(&again, &evaluate(&rulebook, &facts, first.folded_through, &first.watches, &history, at));
        let late = again.timers.iter().find(|timer| timer.at <= at || timer.at == Timestamp::MAX);
        prop_assert!(late.is_none(), "a timer must be still to come: {:?}", late);
        let mut whys: Vec<&str> = again.timers.iter().map(|timer| timer.why.as_str()).collect();
        whys.sort_unstable();
        prop_assert!(whys.windows(2).all(|pair| pair[0] != pair[1]), "each timer has a name of its own: {:?}", whys);
    }

    #[test]
    fn no_text_brings_the_reader_down(
        text in prop_oneof![
            ".{0,200}",
            "[a-z_]{0,10}(\\(| |\\)|,|>=|<|and|or|not|over|in|[0-9]{1,3}|mmHg|kg|days|\\.\\.|\"){0,40}",
            proptest::collection::vec(prop_oneof![
                Just("systolic"), Just("("), Just(")"), Just(">="), Just("140"), Just("mmHg"), Just("and"), Just("not"),
                Just("mean"), Just(","), Just("over"), Just("7"), Just("days"), Just("at least"), Just("-"), Just("\"x\""),
            ], 0..60).prop_map(|words| words.join(" ")),
        ],
    ) {
        let pack = format!(
            "[pack]\ntitle = 'x'\ncover = 'x'\nsource = 'x'\nversion = '1'\n[rule.x]\nproblem = 'x'\npriority = 'low'\nwhen = '''{text}'''\n"
        );
        for text in [pack, text] {
            if let Err(problems) = Rulebook::from_files(BTreeMap::from([("x/rules.toml".to_owned(), text)])) {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    let _ = problem.to_string();
                }
            }
        }
    }
}
