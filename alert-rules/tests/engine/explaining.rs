//! What a rule saw, part by part.

use alert_rules::explain::explain;
use alert_rules::reading::Answer;
use alert_rules::{Rulebook, built_in};

use crate::morning::Morning;
use crate::world::{Thing, answers, at};

#[test]
fn each_part_of_a_rule_has_its_value_beside_it() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 174.0, 96.0);
    let rulebook = alert_rules::Rulebook::built_in();
    let explained = |rule: &str, time: &str| {
        explain(&rulebook, &morning.monitor.facts, &morning.monitor.history, rule, at(time)).expect("a rule")
    };
    insta::assert_snapshot!(explained("hypertension/severe", "2026-03-26T09:00:00Z"));
    insta::assert_snapshot!(explained("hypertension/above-target", "2026-03-26T09:00:00Z"));
    let later = explained("hypertension/severe", "2026-03-28T09:00:00Z");
    assert!(later.contains("systolic >= severe_systolic: unknown\n"), "{later}");
    assert_eq!(
        explain(&rulebook, &morning.monitor.facts, &morning.monitor.history, "x/y", at("2026-03-28T09:00:00Z")),
        None
    );
}

#[test]
fn an_answer_is_told_in_the_words_that_were_shown() {
    const OLD: &str = "Thoughts that you would be better off dead or of hurting yourself";
    let path = "mood/questionnaires/phq9.json";
    let mut files = built_in::files();
    let published = vec![(path.to_owned(), files[path].clone())];
    let newer = files[path].replace("\"version\": \"1\"", "\"version\": \"2\"");
    let newer =
        newer.replace(OLD, "Being better off dead, or hurting yourself").replace("Several days", "On some days");
    files.insert(path.to_owned(), newer);
    let newest = Rulebook::from_files(files).expect("it can be read");
    let sentence = |rulebook: &Rulebook, questionnaire: &str| {
        let mut morning = Morning::of("mood");
        morning.rulebook = rulebook.clone();
        let mut answers = answers(1, at("2026-03-26T08:00:00Z"), 1, questionnaire, "phq9_9", true);
        answers.answers[0].1 = Answer::Text("several-days".to_owned());
        morning.then("2026-03-26T08:00:00Z", Thing::Answers(answers));
        morning.finding("thoughts of self-harm").sentence.clone()
    };
    let knowing = newest.clone().knowing(&published);
    let told = sentence(&knowing, "phq9|1");
    assert!(
        told.starts_with("Thoughts of self-harm: answered “Several days” to “Thoughts that you would be"),
        "{told}"
    );
    let told = sentence(&knowing, "phq9|2");
    assert!(told.starts_with("Thoughts of self-harm: answered “On some days” to “Being better off"), "{told}");
    // What nobody ever published here has no words.
    assert_eq!(sentence(&newest, "phq9|1"), "Thoughts of self-harm: answered several-days to phq9 9");
}
