//! Backtests: figures of two people as computed by hand, and what the packs are held against.

use std::collections::BTreeMap;

use alert_rules::backtest::{
    Arrival, Figures, HEADING, Label, LabelKind, Outcome, Person, Phone, Report, Watched, compare, replay,
};
use alert_rules::facts::Plan;
use alert_rules::reading::{Circumstances, Flags, Measured};
use alert_rules::scenario::Submitted;
use alert_rules::{Component, Facts, Priority, Reading, Rulebook, Vital};
use jiff::{SignedDuration, Timestamp};

/// Ten days from here.
const SINCE: &str = "2026-06-01T00:00:00Z";

const ASKS_FIRST: &str = "
[rule.severe]
problem  = 'blood pressure high'
priority = 'high'
when     = 'systolic >= 180 mmHg'
at_once  = 'systolic >= 220 mmHg'
repeat   = { within = '15 min', first = 'Rest.', ask = 'Measure again.' }
clear    = 'systolic < 170 mmHg'
";

const PLAIN: &str = "
[rule.severe]
problem  = 'blood pressure high'
priority = 'high'
when     = 'systolic >= 165 mmHg'
";

fn rulebook(rules: &str) -> Rulebook {
    let text = format!("[pack]\ntitle='x'\ncover='x'\nsource='x'\nversion='1'\n{rules}");
    Rulebook::from_files(BTreeMap::from([("x/rules.toml".to_owned(), text)])).expect("the rules read")
}

/// `"2 08:10"`: the day counted from 1, and the time (UTC).
fn at(text: &str) -> Timestamp {
    let (day, time) = text.split_once(' ').expect("a day and a time");
    format!("2026-06-{:02}T{time}:00Z", day.parse::<u8>().expect("a day")).parse().expect("an instant")
}

fn person(name: &str, pressures: &[(&str, f64)], episode: (&str, &str)) -> Person {
    let since: Timestamp = SINCE.parse().expect("an instant");
    let reading = |(taken, systolic): &(&str, f64)| {
        let components =
            vec![(Component::Systolic, Measured::value(*systolic)), (Component::Diastolic, Measured::value(80.0))];
        let reading = Reading {
            seq: 0,
            vital: Vital::BloodPressure,
            effective_at: at(taken),
            received_at: at(taken),
            flags: Flags::of_values(&components),
            components,
            absent: None,
            circumstances: Circumstances::default(),
        };
        Arrival { came: at(taken), what: Submitted::Reading(reading) }
    };
    Person {
        name: name.to_owned(),
        facts: Facts {
            version: 1,
            valid_from: None,
            date_of_birth: jiff::civil::date(1956, 2, 14),
            time_zone: jiff::tz::TimeZone::UTC,
            tags: BTreeMap::new(),
            plan: Plan {
                since,
                packs: Vec::new(),
                slots: Vec::new(),
                limits: BTreeMap::new(),
                absence_priority: Priority::Medium,
            },
            spo2_scale_2: None,
            pauses: Vec::new(),
            service_gaps: Vec::new(),
        },
        watched: Watched::ByWhatFits,
        from: since,
        measures: vec![Vital::BloodPressure],
        arrivals: pressures.iter().map(reading).collect(),
        until: since + SignedDuration::from_hours(240),
        phone: Phone::Recorded,
        labels: vec![Label {
            kind: LabelKind::RisingPressure,
            vital: Vital::BloodPressure,
            at_least: Priority::Medium,
            began: at(episode.0),
            until: at(episode.1),
        }],
    }
}

/// Anna has one high value that was nothing, and one that was something. Ben is a little high once, after his episode.
fn anna_and_ben() -> Vec<Person> {
    vec![
        person(
            "Anna",
            &[("2 08:00", 185.0), ("2 08:10", 150.0), ("5 08:00", 190.0), ("5 08:10", 188.0), ("6 08:00", 140.0)],
            ("4 08:00", "6 08:00"),
        ),
        person("Ben", &[("2 08:00", 140.0), ("7 08:00", 166.0), ("8 08:00", 140.0)], ("3 08:00", "6 08:00")),
    ]
}

fn replayed(rulebook: &Rulebook, people: &[Person]) -> Vec<Outcome> {
    people.iter().map(|person| replay(rulebook, person)).collect()
}

#[test]
fn two_people_come_to_what_was_computed_by_hand() {
    let people = anna_and_ben();
    let outcomes = replayed(&rulebook(ASKS_FIRST), &people);
    let figures = Figures::of(people.iter().zip(&outcomes));
    assert_eq!((figures.people, figures.patient_days), (2, 20.0));
    // Anna's first is a low one, clear when measured again; her second was confirmed.
    assert_eq!((figures.asks, figures.hand_dealt, figures.closed_themselves), (2, 2, 0));
    assert_eq!(figures.hand_dealt_per_patient_day, 0.1);
    let by_rule: Vec<_> =
        figures.by_rule.iter().map(|of| (of.priority, of.alerts, of.per_100_patients_a_day)).collect();
    assert_eq!(by_rule, [(Priority::High, 1, 5.0), (Priority::Low, 1, 5.0)]);
    assert_eq!(figures.weekly, [2, 0]);
    // Told at 08:10 on the fifth, of what began on the fourth; of Ben's nobody was told.
    let pressure = &figures.episodes[0];
    assert_eq!((pressure.episodes, pressure.alerted), (2, 1));
    assert!((pressure.hours[0] - (24.0 + 10.0 / 60.0)).abs() < 1e-9, "{:?}", pressure.hours);
    assert_eq!(pressure.median_hours(), Some(pressure.hours[0]));
}

#[test]
fn who_would_be_newly_alerted_and_who_no_longer() {
    let people = anna_and_ben();
    let (asks_first, plain) = (replayed(&rulebook(ASKS_FIRST), &people), replayed(&rulebook(PLAIN), &people));
    let figures = Figures::of(people.iter().zip(&plain));
    // 08:00 on the second, 08:00 on the fifth; Ben's on the seventh.
    assert_eq!((figures.asks, figures.hand_dealt), (0, 3));
    assert_eq!(figures.by_rule.iter().map(|of| (of.priority, of.alerts)).collect::<Vec<_>>(), [(Priority::High, 3)]);
    let newer = compare(&people, &plain, &asks_first);
    assert_eq!((newer.newly_alerted.as_slice(), newer.no_longer_alerted.len()), (["Ben".to_owned()].as_slice(), 0));
    assert_eq!((newer.more, newer.fewer), (1, 0));
    // Anna's, ten minutes sooner.
    assert_eq!(newer.later_by_hours, [-10.0 / 60.0]);
    let older = compare(&people, &asks_first, &plain);
    assert_eq!(older.no_longer_alerted, ["Ben"]);
    assert_eq!(older.later_by_hours, [10.0 / 60.0]);
    let elsewhere = "[rule.heavy]\nproblem='heavy'\npriority='low'\nwhen='weight >= 399 kg'\n";
    let nothing = replayed(&rulebook(elsewhere), &people);
    assert_eq!(compare(&people, &plain, &nothing).told_by_these_only, ["Anna: rising pressure"]);
    assert_eq!(compare(&people, &nothing, &plain).told_by_against_only, ["Anna: rising pressure"]);
}

#[test]
fn a_report_has_both_columns_side_by_side() {
    let people = anna_and_ben();
    let (asks_first, plain) = (replayed(&rulebook(ASKS_FIRST), &people), replayed(&rulebook(PLAIN), &people));
    let report = Report::new("Anna and Ben", &people, &asks_first, Some(&plain));
    insta::assert_snapshot!(format!("{}\n{HEADING}{}", report.text(true), report.rows()));
}

/// Somebody with a plan of their own, counted from the fifth day on.
fn planned(pressures: &[(&str, f64)], later: Vec<Facts>) -> Person {
    let mut person = person("Cora", pressures, ("1 00:00", "1 00:01"));
    person.labels.clear();
    person.measures.clear();
    person.facts.plan.packs = vec!["x".to_owned(), "y".to_owned()];
    Person { from: at("5 00:00"), watched: Watched::AsPlanned { later }, ..person }
}

fn opened(rules: &str, person: &Person) -> Vec<Timestamp> {
    replay(&rulebook(rules), person).alerts.iter().map(|alert| alert.opened_at).collect()
}

#[test]
fn what_came_before_is_known_and_what_it_was_alerted_for_does_not_count() {
    let mean =
        "[rule.r]\nproblem='high'\npriority='medium'\nwhen='mean(systolic, over 7 days, at least 4) >= 160 mmHg'\n";
    let pressures =
        [("2 08:00", 170.0), ("3 08:00", 170.0), ("4 08:00", 170.0), ("6 08:00", 170.0), ("6 20:00", 120.0)];
    let cora = planned(&pressures, Vec::new());
    let outcome = replay(&rulebook(mean), &cora);
    assert_eq!((outcome.days, outcome.packs.clone()), (6.0, vec!["x".to_owned()]), "no rulebook here has y");
    assert_eq!(opened(mean, &cora), [at("6 08:00")]);
    let figures = Figures::of([(&cora, &outcome)]);
    assert_eq!((figures.patient_days, figures.weekly), (6.0, vec![1]));
    // Told on the second, and again when it was over and came back.
    assert_eq!(opened(PLAIN, &planned(&pressures[..2], Vec::new())), []);
}

#[test]
fn facts_are_those_of_the_time() {
    let pressures = [("6 08:00", 170.0), ("6 20:00", 120.0), ("8 08:00", 170.0)];
    let unwatched = |mut facts: Facts| {
        facts.plan.packs.clear();
        Facts { valid_from: Some(at("7 00:00")), ..facts }
    };
    let cora = planned(&pressures, Vec::new());
    assert_eq!(opened(PLAIN, &cora), [at("6 08:00"), at("8 08:00")]);
    let later = vec![unwatched(cora.facts.clone())];
    assert_eq!(opened(PLAIN, &planned(&pressures, later)), [at("6 08:00")]);
}

#[test]
fn a_correction_comes_when_it_came() {
    let mut cora = planned(&[("6 08:00", 185.0)], Vec::new());
    assert_eq!(opened(ASKS_FIRST, &cora), [at("6 08:15")], "nobody measured again");
    for (came, told) in [("6 08:05", vec![]), ("6 09:00", vec![at("6 08:15")])] {
        let what = alert_rules::Correction { seq: 0, corrects_seq: 1, reason: "not_mine".to_owned(), values: None };
        cora.arrivals.truncate(1);
        cora.arrivals.push(Arrival { came: at(came), what: Submitted::Correction { at: at(came), what } });
        assert_eq!(opened(ASKS_FIRST, &cora), told, "{came}");
    }
}

#[test]
fn an_acceptance_is_known_from_when_it_was_given() {
    // Nobody has 268 mmHg: doubted, so no average has it, until somebody says that it is so.
    let mean =
        "[rule.r]\nproblem='high'\npriority='medium'\nwhen='mean(systolic, over 7 days, at least 3) >= 180 mmHg'\n";
    let mut cora = planned(&[("6 08:00", 150.0), ("6 20:00", 152.0), ("7 08:00", 268.0)], Vec::new());
    assert_eq!(opened(mean, &cora), []);
    let values = vec![(Component::Systolic, Measured::value(268.0)), (Component::Diastolic, Measured::value(80.0))];
    let what = alert_rules::Acceptance { seq: 3, effective_at: at("7 08:00"), values };
    cora.arrivals.push(Arrival { came: at("7 10:00"), what: Submitted::Acceptance { at: at("7 10:00"), what } });
    assert_eq!(opened(mean, &cora), [at("7 10:00")]);
}

#[test]
fn everybody_gets_the_packs_that_fit() {
    let rulebook = Rulebook::built_in();
    let mut people = anna_and_ben();
    assert_eq!(people[0].fitting(&rulebook), Vec::<String>::new(), "nobody knows whether she is pregnant");
    people[0].facts.tags.insert("pregnant".to_owned(), false);
    assert_eq!(people[0].fitting(&rulebook), ["hypertension"]);
    people[0].measures.push(Vital::Weight);
    assert_eq!(people[0].fitting(&rulebook), ["heart-failure", "hypertension"]);
    people[0].facts.date_of_birth = jiff::civil::date(2015, 1, 1);
    assert_eq!(replay(&rulebook, &people[0]).packs, Vec::<String>::new(), "a child");
}

/// The files of a folder of packs.
fn folder(name: &str) -> BTreeMap<String, String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let mut files = BTreeMap::new();
    for pack in std::fs::read_dir(root).expect("the folder").map(|pack| pack.expect("a pack")) {
        let rules = std::fs::read_to_string(pack.path().join("rules.toml")).expect("its rules");
        files.insert(format!("{}/rules.toml", pack.file_name().to_string_lossy()), rules);
    }
    files
}

#[test]
fn the_baselines_have_the_packs_own_thresholds() {
    let (packs, baselines) =
        (Rulebook::built_in(), Rulebook::from_files(folder("baselines")).expect("the baselines read"));
    assert_eq!(baselines.packs().len(), 4);
    for baseline in baselines.packs() {
        let pack = packs.pack(&baseline.name).expect("a pack of that name");
        for limit in &baseline.limits {
            let of_pack = pack.limits.iter().find(|known| known.name == limit.name).expect("the pack's own limit");
            assert_eq!((limit.default, &limit.by_age), (of_pack.default, &of_pack.by_age), "{}", limit.name);
        }
        for rule in &baseline.rules {
            assert!(rule.repeat.is_none(), "{} asks first", rule.id);
            let of_pack = pack.rules.iter().find(|known| known.name == rule.name).expect("the pack's own rule");
            assert_eq!(rule.problem, of_pack.problem, "{}", rule.id);
        }
    }
}

/// Seed 1. What else comes of it stands in `docs/backtests.md`.
#[test]
fn asking_first_and_averages_make_less_work_and_miss_nothing_that_plain_thresholds_find() {
    let people = alert_rules::backtest::cohort::cohort(1);
    let baselines = Rulebook::from_files(folder("baselines")).expect("the baselines read");
    let of = |rulebook: &Rulebook, name: &str| {
        let watched = people.iter().filter(|person| person.fitting(&baselines) == [name]);
        let outcomes: Vec<_> = watched.map(|person| (person, replay(rulebook, person))).collect();
        Figures::of(outcomes.iter().map(|(person, outcome)| (*person, outcome)))
    };
    for (name, expected) in [("hypertension", 70), ("heart-failure", 50), ("diabetes", 50), ("oximetry", 30)] {
        let (plain, pack) = (of(&baselines, name), of(&Rulebook::built_in(), name));
        assert_eq!((plain.people, pack.people), (expected, expected), "{name}");
        for (plain, pack) in plain.episodes.iter().zip(&pack.episodes) {
            assert!(
                0 < plain.alerted && plain.alerted <= pack.alerted,
                "{name}: of {} {plain:?}, {pack:?}",
                plain.kind
            );
        }
        assert!(pack.hand_dealt < plain.hand_dealt, "{name}: {} {}", pack.hand_dealt, plain.hand_dealt);
        let alarmed = |figures: &Figures| figures.artefacts.iter().map(|of| of.alarmed).sum::<usize>();
        assert!(alarmed(&pack) <= alarmed(&plain), "{name}: {:?}", pack.artefacts);
        if name == "hypertension" {
            assert!(3 * pack.hand_dealt < plain.hand_dealt, "{name}: {} {}", pack.hand_dealt, plain.hand_dealt);
        }
    }
}
