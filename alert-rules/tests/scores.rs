//! PHQ-9 and GAD-7 as rules see them: each total where a band begins and the one before it, and what is not a total.

use std::collections::BTreeMap;

use alert_rules::questionnaire::{Score, band};
use alert_rules::reading::{Answer, Flags, Measured};
use alert_rules::{Answers, Component, Correction, Facts, History, Reading, Rulebook, Vital, check, evaluate, totals};
use jiff::Timestamp;

const CODES: [&str; 4] = ["not-at-all", "several-days", "more-than-half-the-days", "nearly-every-day"];
const AT: &str = "2026-03-02T12:00:00Z";

fn files(rules: &str) -> BTreeMap<String, String> {
    let head = "[pack]\ntitle = \"Mood\"\nfor = \"age_of_patient >= 18 years\"\ncover = \"24 h daily\"\nsource = \"local\"\nversion = \"1\"\n\
                review = { by = \"2027-01-01\", owner = \"clinical safety officer\" }\n\n";
    let file = |name: &str, text: &str| (format!("mood/{name}"), text.to_owned());
    BTreeMap::from([
        file("rules.toml", &format!("{head}{rules}")),
        file("questionnaires/phq9.json", include_str!("../packs/mood/questionnaires/phq9.json")),
        file("questionnaires/gad7.json", include_str!("../packs/mood/questionnaires/gad7.json")),
    ])
}

/// One rule for each condition; the problem is the condition.
fn rules(conditions: &[&str]) -> String {
    let rule = |(number, condition): (usize, &&str)| {
        format!(
            "[rule.r{number}]\nproblem = '{condition}'\npriority = \"low\"\nwhen = '{condition}'\nmay_skip = \"test\"\nteam = \"Look.\"\nwhy = \"test\"\n\n"
        )
    };
    conditions.iter().enumerate().map(rule).collect()
}

/// Answers to so many questions that add up to a total.
fn answers(seq: i64, at: &str, scale: &str, questions: usize, total: usize) -> Answers {
    let points = |n: usize| (total / questions) + usize::from(n < total % questions);
    let at: Timestamp = at.parse().expect("a timestamp");
    Answers {
        seq,
        effective_at: at,
        received_at: at,
        questionnaire: format!("{scale}|1"),
        partial: false,
        answers: (0..questions)
            .map(|n| (format!("{scale}_{}", n + 1), Answer::Text(CODES[points(n)].to_owned())))
            .collect(),
    }
}

fn facts(slots: &serde_json::Value) -> Facts {
    serde_json::from_value(serde_json::json!({
        "date_of_birth": "1950-01-01", "time_zone": "Europe/London",
        "plan": { "since": "2026-01-01T00:00:00Z", "packs": ["mood"], "slots": slots },
    }))
    .expect("facts")
}

/// Which of the conditions hold.
fn holding(conditions: &[&str], history: &History) -> Vec<String> {
    let rulebook = Rulebook::from_files(files(&rules(conditions))).unwrap_or_else(|problems| panic!("{problems:?}"));
    let slots = serde_json::json!([{ "questionnaire": "phq9", "at": "09:00", "days": ["mon"] }]);
    let facts = facts(&slots);
    let evaluation = evaluate(&rulebook, &facts, facts.plan.since, &[], history, AT.parse().expect("a timestamp"));
    evaluation.findings.into_iter().filter(|finding| finding.end.is_none()).map(|finding| finding.problem).collect()
}

fn of(all: Vec<Answers>) -> History {
    History { answers: all, ..History::default() }
}

#[test]
fn each_band_begins_where_it_was_published_to() {
    let phq9 = [
        (5, "minimal", "mild"),
        (10, "mild", "moderate"),
        (15, "moderate", "moderately severe"),
        (20, "moderately severe", "severe"),
    ];
    let gad7 = [(5, "minimal", "mild"), (10, "mild", "moderate"), (15, "moderate", "severe")];
    let scales = [("phq9", 9, Component::Phq9, &phq9[..], 27), ("gad7", 7, Component::Gad7, &gad7[..], 21)];
    for (scale, questions, component, bands, most) in scales {
        for (from, below, at) in bands {
            let condition = format!("score({scale}) >= {from}");
            let held = |total| {
                !holding(&[&condition], &of(vec![answers(1, "2026-03-02T09:00:00Z", scale, questions, total)]))
                    .is_empty()
            };
            assert!(held(*from), "{condition} of {from}");
            assert!(!held(from - 1), "{condition} of {}", from - 1);
            let named = |total: usize| band(component, f64::from(u8::try_from(total).unwrap())).unwrap();
            assert_eq!((named(from - 1), named(*from)), (*below, *at), "{scale}");
        }
        let ends = format!("score({scale}) = 0 or score({scale}) = {most}");
        for total in [0, most] {
            assert!(
                !holding(&[&ends], &of(vec![answers(1, "2026-03-02T09:00:00Z", scale, questions, total)])).is_empty()
            );
        }
    }
}

#[test]
fn a_sum_of_fewer_answers_is_unknown() {
    let conditions = ["score(phq9) >= 1", "score(phq9) < 27", "answer(\"phq9_9\") != \"not-at-all\""];
    let mut some = answers(1, "2026-03-02T09:00:00Z", "phq9", 9, 26);
    some.partial = true;
    some.answers.remove(0);
    assert_eq!(holding(&conditions, &of(vec![some.clone()])), [conditions[2]], "the answer is heard, the sum unknown");
    some.answers.push(("phq9_1".to_owned(), Answer::Text("every-day".to_owned())));
    assert_eq!(holding(&conditions, &of(vec![some])), [conditions[2]], "no option has that code");
}

#[test]
fn a_score_has_windows_and_grows_stale_like_a_vital() {
    let history =
        of(vec![answers(1, "2026-02-10T09:00:00Z", "phq9", 9, 6), answers(2, "2026-02-24T09:00:00Z", "phq9", 9, 12)]);
    let conditions = [
        "mean(score(phq9), over 28 days, at least 2) = 9",
        "rise(score(phq9), over 28 days, at least 2) >= 6",
        "score(phq9) = 12",
        "score(gad7) >= 0",
    ];
    assert_eq!(holding(&conditions, &history), conditions[..3]);
    // What was so stays so while nothing is known, so the second condition is met only at the end.
    let late = "score(phq9) = 12 and answer(\"gad7_1\") = \"not-at-all\"";
    for (taken, holds) in [("2026-02-16T09:00:00Z", true), ("2026-02-14T09:00:00Z", false)] {
        let both = vec![answers(1, taken, "phq9", 9, 12), answers(2, "2026-03-02T09:00:00Z", "gad7", 7, 0)];
        assert_eq!(!holding(&[late], &of(both)).is_empty(), holds, "{taken}");
    }
}

#[test]
fn a_scale_that_is_not_answered_is_overdue() {
    // Due on Monday 2 March at 09:00.
    let conditions = ["overdue(\"phq9\", 2 h)"];
    assert_eq!(holding(&conditions, &of(vec![answers(1, "2026-02-23T09:00:00Z", "phq9", 9, 0)])), conditions);
    assert!(holding(&conditions, &of(vec![answers(1, "2026-03-02T08:30:00Z", "phq9", 9, 0)])).is_empty());
}

#[test]
fn what_was_answered_to_a_sensitive_question_is_not_unsaid() {
    let condition = "answer(\"phq9_9\") != \"not-at-all\"";
    let mut history = of(vec![answers(1, "2026-03-02T09:00:00Z", "phq9", 9, 27)]);
    history.corrections.push(Correction { seq: 2, corrects_seq: 1, reason: "mistyped".to_owned(), values: None });
    assert_eq!(holding(&[condition], &history), [condition]);
}

fn said(files: &BTreeMap<String, String>) -> String {
    check::check(files).iter().map(|problem| format!("{problem}\n")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_score_is_whole() {
    let with = |from: &str, to: &str| {
        let mut files = files(&rules(&["score(phq9) >= 10"]));
        let text = files.get_mut("mood/questionnaires/phq9.json").unwrap();
        assert!(text.contains(from));
        *text = text.replacen(from, to, 1);
        said(&files)
    };
    assert!(
        with("\"valueDecimal\": 3", "\"valueDecimal\": 4")
            .contains("its options make 0 to 28; a PHQ-9 score is 0 to 27")
    );
    assert!(with("\"required\": true", "\"required\": false").contains("phq9_1 counts, and may be left out"));
    let mut without = files(&rules(&["score(phq9) >= 10"]));
    without.remove("mood/questionnaires/phq9.json");
    assert!(said(&without).contains("no questionnaire of this pack makes a score phq9"));
    let misnamed = Rulebook::from_files(files(&rules(&["score(phq) >= 10"]))).expect_err("no such score");
    assert!(misnamed[0].to_string().contains("hint: one of phq9, gad7"), "{}", misnamed[0]);
    let bare = Rulebook::from_files(files(&rules(&["phq9 >= 10"]))).expect_err("a score is called");
    assert!(bare[0].to_string().contains("hint: write score(phq9)"), "{}", bare[0]);
}

#[test]
fn the_sum_is_of_what_counts() {
    let rulebook = Rulebook::from_files(files(&rules(&["score(phq9) >= 10"]))).unwrap();
    let phq9 = rulebook.packs()[0].questionnaires.iter().find(|questionnaire| questionnaire.id == "phq9").unwrap();
    let score = Score::of(phq9).expect("it has one");
    for total in 0..=27_u8 {
        let given = answers(1, AT, "phq9", 9, usize::from(total)).answers;
        assert_eq!(score.total(&given), Some(f64::from(total)));
    }
}

#[test]
fn a_finding_knows_its_worst_total() {
    let rulebook = Rulebook::from_files(files(&rules(&["score(phq9) >= 5"]))).expect("the rules read");
    let facts = facts(&serde_json::json!([]));
    let totals = [("2026-02-28T12:00:00Z", 11), ("2026-03-01T12:00:00Z", 21), (AT, 6)];
    let given = (1..).zip(totals).map(|(seq, (at, total))| answers(seq, at, "phq9", 9, total));
    let evaluation = evaluate(&rulebook, &facts, facts.plan.since, &[], &of(given.collect()), AT.parse().unwrap());
    let finding = evaluation.findings.iter().find(|finding| finding.problem.starts_with("score")).expect("found");
    let worst: Vec<_> = finding.worst.iter().map(|worst| (worst.component, worst.value)).collect();
    assert_eq!(worst, [(Component::Phq9, Some(21.0))], "{}", finding.sentence);
}

#[test]
fn the_totals_of_a_chart_are_those_that_rules_saw() {
    let rulebook = Rulebook::from_files(files(&rules(&["score(phq9) >= 20"]))).expect("a rulebook");
    let mut part = answers(3, "2026-03-03T12:00:00Z", "phq9", 9, 27);
    part.answers.pop();
    let so_far = |seq, at| Answers { partial: true, ..answers(seq, at, "phq9", 9, 20) };
    let history = History {
        answers: vec![
            so_far(5, "2026-03-09T11:58:00Z"),
            so_far(6, "2026-03-20T11:58:00Z"),
            answers(4, "2026-03-09T12:00:00Z", "phq9", 9, 20),
            answers(1, AT, "phq9", 9, 14),
            answers(2, AT, "gad7", 7, 5),
            part,
        ],
        ..History::default()
    };
    let seen = |component| {
        let totals = totals::of_answers(&rulebook, &history, component);
        totals.iter().map(|total| (total.seq, total.value)).collect::<Vec<_>>()
    };
    assert_eq!(seen(Component::Phq9), [(1, 14.0), (4, 20.0), (6, 20.0)]);
    assert_eq!(seen(Component::Gad7), [(2, 5.0)]);
}

#[test]
fn news2_is_a_total_where_a_set_became_whole() {
    let reading = |seq, at: &str, vital: Vital, components: &[(Component, f64)]| Reading {
        seq,
        vital,
        effective_at: at.parse().expect("a timestamp"),
        received_at: at.parse().expect("a timestamp"),
        components: components.iter().map(|(component, value)| (*component, Measured::value(*value))).collect(),
        absent: None,
        flags: Flags::default(),
        circumstances: Default::default(),
    };
    let set = |first: i64, hour: &str, breaths: f64| {
        let at = |minute: i64| format!("{hour}:0{minute}:00Z");
        [
            reading(first, &at(0), Vital::Spo2, &[(Component::Spo2, 95.0), (Component::Pulse, 95.0)]),
            reading(first + 1, &at(1), Vital::Temperature, &[(Component::Temperature, 38.5)]),
            reading(first + 2, &at(2), Vital::OxygenFlow, &[(Component::OxygenFlow, 0.0)]),
            reading(
                first + 3,
                &at(3),
                Vital::BloodPressure,
                &[(Component::Systolic, 120.0), (Component::Diastolic, 80.0)],
            ),
            reading(first + 4, &at(4), Vital::Consciousness, &[(Component::Consciousness, 0.0)]),
            reading(first + 5, &at(5), Vital::RespiratoryRate, &[(Component::RespiratoryRate, breaths)]),
        ]
    };
    let mut readings = set(1, "2026-03-02T08", 18.0).to_vec();
    readings.extend(set(11, "2026-03-02T14", 22.0));
    readings.push(reading(21, "2026-03-02T20:00:00Z", Vital::Spo2, &[(Component::Spo2, 90.0)]));
    readings.push(reading(22, "2026-03-02T14:20:00Z", Vital::Weight, &[(Component::Weight, 70.0)]));
    let history = History { readings, ..History::default() };
    let (before, mut after) = (facts(&serde_json::json!([])), facts(&serde_json::json!([])));
    let from = |text: &str| text.parse::<Timestamp>().expect("a timestamp");
    let versions = [(from("2026-01-01T00:00:00Z"), &before)];
    let totals = totals::of_news2(&history, &versions);
    let seen: Vec<_> = totals.iter().map(|total| (total.seq, total.value, total.parts.as_str())).collect();
    assert_eq!(
        seen,
        [
            (6, 3.0, "NEWS2 3: oxygen level 1, pulse 1, temperature 1"),
            (16, 5.0, "NEWS2 5: breathing rate 2, oxygen level 1, pulse 1, temperature 1"),
        ]
    );
    // Whoever became pregnant between them has no score from then on.
    after.tags.insert("pregnant".to_owned(), true);
    let versions = [versions[0], (from("2026-03-02T10:00:00Z"), &after)];
    assert_eq!(totals::of_news2(&history, &versions).len(), 1);
}
