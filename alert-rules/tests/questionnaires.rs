//! What is taken of a FHIR R4 Questionnaire, what is refused and in which words, and that nothing in one can do harm.

use std::collections::BTreeMap;

use alert_rules::questionnaire::{Kind, Questionnaire};
use alert_rules::reading::Answer;
use alert_rules::{Problem, Rulebook, built_in};
use proptest::prelude::*;

/// One of everything.
const WHOLE: &str = r#"{
  "resourceType": "Questionnaire",
  "id": "everything",
  "version": "3",
  "title": "How you are",
  "_title": { "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/translation",
    "extension": [{ "url": "lang", "valueCode": "cy" }, { "url": "content", "valueString": "Sut ydych chi" }] }] },
  "status": "active",
  "purpose": "For this test.",
  "item": [
    { "linkId": "well", "type": "boolean", "required": true, "text": "Are you well?", "initial": [{ "valueBoolean": true }],
      "_text": { "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/translation",
        "extension": [{ "url": "lang", "valueCode": "cy" }, { "url": "content", "valueString": "Ydych chi'n iawn?" }] }] } }
  ]
}"#;

const CHOICES: &str = r#"{
  "resourceType": "Questionnaire",
  "id": "everything",
  "version": "3",
  "title": "How you are",
  "status": "draft",
  "item": [
    { "linkId": "read", "type": "display", "text": "Sit down first." },
    { "linkId": "breath", "type": "group", "text": "Your breath", "item": [
      { "linkId": "breathless", "type": "choice", "text": "Are you breathless?", "answerOption": [
        { "valueCoding": { "code": "same", "display": "As always" }, "initialSelected": true },
        { "valueCoding": { "code": "more", "display": "More" } } ] },
      { "linkId": "pillows", "type": "integer", "text": "How many pillows?", "enableBehavior": "any",
        "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueInteger": 0 },
                      { "url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 9 }],
        "enableWhen": [{ "question": "breathless", "operator": "=", "answerCoding": { "code": "more" } },
                       { "question": "breathless", "operator": "exists", "answerBoolean": false }] } ] },
    { "linkId": "litres", "type": "decimal", "text": "How much did you drink?" },
    { "linkId": "words", "type": "text", "text": "Anything else?", "maxLength": 100,
      "enableWhen": [{ "question": "litres", "operator": ">=", "answerDecimal": 2.5 }] }
  ]
}"#;

fn read(file: &str, text: &str) -> Result<Questionnaire, Vec<Problem>> {
    let mut files: BTreeMap<String, String> =
        built_in::files().into_iter().filter(|(path, _)| path == "hypertension/rules.toml").collect();
    files.insert(format!("hypertension/questionnaires/{file}.json"), text.to_owned());
    Rulebook::from_files(files).map(|rulebook| rulebook.packs()[0].questionnaires[0].clone())
}

fn refused(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "there is no “{from}” to break");
    let problems = read("everything", &text.replacen(from, to, 1)).expect_err("it is taken");
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn one_of_everything_is_taken() {
    let whole = read("everything", WHOLE).expect("it is taken");
    assert_eq!(whole.reference(), "everything|3");
    assert_eq!(whole.title.translations["cy"], "Sut ydych chi");
    let choices = read("everything", CHOICES).expect("it is taken");
    let links: Vec<&str> = choices.questions().iter().map(|item| item.link.as_str()).collect();
    assert_eq!(links, ["breathless", "pillows", "litres", "words"]);
    insta::assert_debug_snapshot!(choices.question("pillows"));
}

#[test]
fn the_two_scales_are_read_whole() {
    for (id, text, questions) in [
        ("phq9", include_str!("../packs/mood/questionnaires/phq9.json"), 9),
        ("gad7", include_str!("../packs/mood/questionnaires/gad7.json"), 7),
    ] {
        let scale = read(id, text).expect("it is taken");
        assert!(scale.is_sensitive);
        let asked = scale.questions();
        assert_eq!(asked.len(), questions);
        for (number, item) in asked.iter().enumerate() {
            assert_eq!((item.link.clone(), item.is_required), (format!("{id}_{}", number + 1), true));
            let Kind::Choice(choices) = &item.kind else { panic!("{} is no choice", item.link) };
            let ordinals: Vec<Option<f64>> = choices.iter().map(|choice| choice.ordinal).collect();
            assert_eq!(ordinals, [Some(0.0), Some(1.0), Some(2.0), Some(3.0)]);
        }
    }
}

macro_rules! refusals {
    ($($name:ident: $text:ident, $from:literal => $to:literal;)*) => {
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!(refused($text, $from, $to));
            }
        )*
    };
}

refusals! {
    another_resource: WHOLE, "\"resourceType\": \"Questionnaire\"" => "\"resourceType\": \"Library\"";
    in_another_file: WHOLE, "\"id\": \"everything\"" => "\"id\": \"all\"";
    version_with_a_bar: WHOLE, "\"version\": \"3\"" => "\"version\": \"3|1\"";
    no_title: WHOLE, "\"title\": \"How you are\"" => "\"title\": \" \"";
    retired: WHOLE, "\"active\"" => "\"retired\"";
    label_that_changes_nothing: WHOLE, "\"status\"" => "\"meta\": { \"security\": [{ \"code\": \"V\" }] }, \"status\"";
    translated_in_part: WHOLE, "]\n}" => ", { \"linkId\": \"more\", \"type\": \"text\", \"text\": \"Say more.\" } ]\n}";
    translation_without_a_language: WHOLE, "\"valueCode\": \"cy\"" => "\"valueCode\": \"Welsh!\"";
    initial_of_another_type: WHOLE, "\"valueBoolean\": true" => "\"valueInteger\": 1";
    field_that_nothing_reads: CHOICES, "\"maxLength\": 100" => "\"repeats\": true";
    no_question: CHOICES, "\"linkId\": \"words\"" => "\"linkId\": \"breathless\"";
    not_a_link_id: CHOICES, "\"linkId\": \"words\"" => "\"linkId\": \"some words\"";
    no_text: CHOICES, "\"text\": \"Anything else?\"" => "\"text\": \"\"";
    option_without_words: CHOICES, "\"display\": \"More\"" => "\"display\": \"\"";
    option_twice: CHOICES, "\"code\": \"more\", \"display\"" => "\"code\": \"same\", \"display\"";
    two_selected: CHOICES, "\"display\": \"More\" }" => "\"display\": \"More\" }, \"initialSelected\": true";
    some_options_count: CHOICES, "\"initialSelected\": true" => "\"extension\": [{ \"url\": \"http://hl7.org/fhir/StructureDefinition/ordinalValue\", \"valueDecimal\": 1 }]";
    extension_that_nothing_reads: CHOICES, "StructureDefinition/minValue" => "StructureDefinition/minimum";
    bounds_upside_down: CHOICES, "\"valueInteger\": 9" => "\"valueInteger\": -9";
    required_words_to_read: CHOICES, "\"type\": \"display\"" => "\"type\": \"display\", \"required\": true";
    options_of_a_number: CHOICES, "\"linkId\": \"litres\"" => "\"answerOption\": [{ \"valueCoding\": { \"code\": \"two\" } }], \"linkId\": \"litres\"";
    empty_group: CHOICES, "\"type\": \"text\", \"text\": \"Anything else?\", \"maxLength\": 100" => "\"type\": \"group\", \"text\": \"Anything else?\"";
    depends_on_what_is_not_asked: CHOICES, "\"question\": \"litres\"" => "\"question\": \"pints\"";
    depends_on_itself: CHOICES, "\"question\": \"litres\"" => "\"question\": \"words\"";
    depends_on_words_to_read: CHOICES, "\"question\": \"litres\"" => "\"question\": \"read\"";
    depends_on_an_option_that_is_not_there: CHOICES, "\"code\": \"more\" } }," => "\"code\": \"worse\" } },";
    order_of_what_has_none: CHOICES, "\"operator\": \"=\"" => "\"operator\": \">\"";
    compared_with_another_type: CHOICES, "\"answerDecimal\": 2.5" => "\"answerInteger\": 2";
    all_or_any: CHOICES, "\"enableBehavior\": \"any\"," => "";
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Pieces that mean something to the reader, in any order, and any text among them.
    #[test]
    fn whatever_is_written_nothing_panics(
        cuts in proptest::collection::vec((0..CHOICES.len(), 0..40_usize, ".{0,12}"), 1..4),
        whole in any::<bool>(),
    ) {
        let mut text = if whole { WHOLE.to_owned() } else { CHOICES.to_owned() };
        for (at, length, with) in cuts {
            let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let (from, to) = (boundary(at), boundary(at + length));
            text.replace_range(from..to, &with);
        }
        let _ = read("everything", &text);
    }

    #[test]
    fn whatever_json_it_is_nothing_panics(json in json()) {
        let _ = read("everything", &json.to_string());
        let whole: serde_json::Value = serde_json::from_str(CHOICES).expect("JSON");
        for field in ["item", "title", "meta", "_title"] {
            let mut whole = whole.clone();
            whole[field] = json.clone();
            let _ = read("everything", &whole.to_string());
        }
        let mut one = whole;
        one["item"] = serde_json::json!([json]);
        let _ = read("everything", &one.to_string());
    }
}

/// JSON made of names that the reader knows.
fn json() -> impl Strategy<Value = serde_json::Value> {
    const NAMES: &[&str] = &[
        "linkId",
        "type",
        "text",
        "group",
        "choice",
        "boolean",
        "integer",
        "item",
        "answerOption",
        "valueCoding",
        "code",
        "display",
        "enableWhen",
        "question",
        "operator",
        "exists",
        "=",
        "answerBoolean",
        "answerCoding",
        "extension",
        "url",
        "valueDecimal",
        "a",
        "initial",
        "valueInteger",
        "maxLength",
        "required",
        "é",
    ];
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        proptest::sample::select(NAMES).prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            proptest::collection::btree_map(proptest::sample::select(NAMES), inner, 0..8).prop_map(|map| {
                serde_json::Value::Object(map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

fn given(answers: &[(&str, Answer)]) -> Vec<(String, Answer)> {
    answers.iter().map(|(link, answer)| ((*link).to_owned(), answer.clone())).collect()
}

fn misfits(answers: &[(&str, Answer)], partial: bool) -> Vec<String> {
    let found = read("everything", CHOICES).expect("it is taken").misfits(&given(answers), partial);
    found.iter().map(ToString::to_string).collect()
}

fn text(text: &str) -> Answer {
    Answer::Text(text.to_owned())
}

#[test]
fn what_does_not_fit_is_named() {
    let number = Answer::Number;
    let well = [("breathless", text("more")), ("pillows", number(3.0)), ("litres", number(2.5)), ("words", text("no"))];
    assert_eq!(misfits(&well, false), [""; 0]);
    for (link, answer, why) in [
        ("tea", Answer::YesNo(true), "tea is not asked"),
        ("breathless", text("worse"), "breathless has an answer that is no option"),
        ("breathless", Answer::YesNo(true), "breathless has an answer of another type"),
        ("breathless", Answer::Several(vec!["more".to_owned()]), "breathless has an answer of another type"),
        ("pillows", number(2.5), "pillows has an answer of another type"),
        ("pillows", number(10.0), "pillows has an answer out of bounds"),
        ("words", text(&"x".repeat(101)), "words has an answer out of bounds"),
    ] {
        let mut answers = well.to_vec();
        answers.retain(|(known, _)| *known != link);
        answers.push((link, answer));
        let found = misfits(&answers, false);
        assert!(found.contains(&why.to_owned()), "{link}: {found:?}");
    }
    let twice = [("breathless", text("same")), ("breathless", text("more")), ("pillows", number(1.0))];
    assert_eq!(misfits(&twice, false), ["breathless is answered twice"]);
}

#[test]
fn a_question_is_shown_only_after_what_it_depends_on() {
    let same = [("breathless", text("same")), ("pillows", Answer::Number(1.0))];
    assert_eq!(misfits(&same, false), ["pillows is answered, and was not to be shown"]);
    // Not answered at all is the other way in.
    assert_eq!(misfits(&[("pillows", Answer::Number(1.0))], false), [""; 0]);
    let little = [("litres", Answer::Number(2.4)), ("words", text("hm"))];
    assert_eq!(misfits(&little, false), ["words is answered, and was not to be shown"]);
}

#[test]
fn what_is_required_is_missing_unless_more_is_to_come() {
    let phq9 = read("phq9", include_str!("../packs/mood/questionnaires/phq9.json")).expect("it is taken");
    let some = given(&[("phq9_9", text("several-days"))]);
    assert_eq!(phq9.misfits(&some, true), []);
    let missing = phq9.misfits(&some, false);
    assert_eq!(missing.len(), 8);
    assert!(missing.iter().all(|misfit| misfit.why.is_incomplete()));
}

proptest! {
    #[test]
    fn whatever_is_answered_nothing_panics(
        answers in proptest::collection::vec(("(well|breathless|pillows|litres|words|.{0,6})", answer()), 0..12),
        partial in any::<bool>(),
    ) {
        for text in [WHOLE, CHOICES] {
            let _ = read("everything", text).expect("it is taken").misfits(&answers, partial);
        }
    }
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        any::<bool>().prop_map(Answer::YesNo),
        any::<f64>().prop_map(Answer::Number),
        "(same|more|.{0,8})".prop_map(Answer::Text),
        proptest::collection::vec(".{0,4}", 0..4).prop_map(Answer::Several),
    ]
}

#[test]
fn rules_that_an_older_version_put_in_force_keep_their_questions() {
    let mut files = built_in::files();
    let asked = |files: &BTreeMap<String, String>| {
        let rulebook = Rulebook::from_files(files.clone()).expect("rules that can be read");
        let pack = rulebook.pack("hypertension").expect("the pack");
        pack.questionnaires.iter().map(Questionnaire::reference).collect::<Vec<_>>()
    };
    let before = asked(&files);
    assert_eq!(before, ["bp-warning-signs|1"]);
    let text = files.remove("hypertension/questionnaires/bp-warning-signs.json").expect("the file");
    files.insert("hypertension/questionnaire.json".to_owned(), text);
    assert_eq!(asked(&files), before);
    // Nobody proposes that layout any more.
    assert!(!alert_rules::check::check(&files).is_empty());
}
