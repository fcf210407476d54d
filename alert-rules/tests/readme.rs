//! Every example of the language and of the files in README.md is one that the program reads.

use std::collections::BTreeMap;

use alert_rules::{Rulebook, advice, built_in, check, scenario};

const README: &str = include_str!("../README.md");

/// What stands in backquotes in the chapter on the language and is no example of it: words about it.
const WORDS: &[&str] = &[
    "all",
    "any",
    "at least",
    "at least n",
    "at_once",
    "before",
    "check",
    "clear",
    "count",
    "derwent admin plan set --spo2-scale-2 \"Dr Ahmed\"",
    "fall",
    "home_average",
    "last",
    "max",
    "mean",
    "median",
    "min",
    "no",
    "not",
    "of",
    "on_oxygen",
    "oxygen_flow",
    "patient.spo2_scale_2",
    "pregnant",
    "rise",
    "slope",
    "stddev",
    "sustained",
    "when",
    "x",
    "-",
    ">=",
    "<=",
    ">",
    "sustained(x, 2 h)",
    "yes",
    "alert new_confusion responds_to_voice responds_to_pain unresponsive",
    "min max rise fall last count all any sustained",
    "mean median stddev slope home_average",
    "postural_fall(systolic)",
    "all mean median stddev slope",
    "news2.lower_bound",
];

fn chapter(title: &str) -> &'static str {
    let start = README.find(&format!("\n## {title}")).unwrap_or_else(|| panic!("README.md has no chapter {title}"));
    let rest = &README[start + 1..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// What stands between single backquotes, line breaks turned into spaces.
fn spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn block(title: &str) -> &'static str {
    let chapter = chapter(title);
    let start = chapter.find("```toml\n").unwrap_or_else(|| panic!("{title} has no example")) + "```toml\n".len();
    &chapter[start..start + chapter[start..].find("```").expect("it is closed")]
}

/// The problems of a rule with this condition.
fn problems(when: &str) -> Option<String> {
    let text = format!(
        "[pack]\ntitle = 'x'\ncover = 'x'\nsource = 'x'\nversion = '1'\n\n\
         [rule.x]\nproblem = 'x'\npriority = 'low'\nwhen = '''{when}'''\n"
    );
    let read = Rulebook::from_files(BTreeMap::from([("x/rules.toml".to_owned(), text)]));
    read.err().map(|problems| problems.iter().map(|problem| format!("{problem}\n")).collect())
}

/// Ways in which a piece of the language may stand in a condition.
fn is_language(piece: &str) -> bool {
    let several = |each: &dyn Fn(&str) -> String| {
        piece.split(' ').all(|word| problems(&each(word)).is_none()) && piece.contains(' ')
    };
    problems(piece).is_none()
        || problems(&format!("{piece} = {piece}")).is_none()
        || problems(&format!("mean(systolic, {piece}, at least 2) > 5 mmHg")).is_none()
        || problems(&format!("mean(systolic, over 7 days, at least 2) > mean(systolic, {piece}, at least 2)")).is_none()
        || several(&|name| format!("{name}(systolic, over 7 days, at least 2) > 5 mmHg"))
        || several(&|comparison| format!("systolic {comparison} 5 mmHg"))
        || several(&|operator| format!("6 {operator} 3 > 1"))
        || several(&|word| match word {
            "not" => "not pregnant".to_owned(),
            word => format!("pregnant {word} pregnant"),
        })
}

#[test]
fn every_piece_of_the_language_can_be_written() {
    let spans = spans(chapter("The expression language"));
    let foreign: Vec<_> =
        spans.iter().filter(|span| !WORDS.contains(&span.as_str()) && !is_language(span)).cloned().collect();
    assert!(foreign.is_empty(), "no examples, and not among the words about them: {foreign:#?}");
    assert!(spans.len() > 40, "only {} were found", spans.len());
}

#[test]
fn what_is_no_example_is_found_out() {
    for wrong in ["systolic", "systolic >= 18", "slope(weight, over 7 days)", "over 7 kg"] {
        assert!(!is_language(wrong) || wrong == "systolic", "{wrong}");
    }
    assert!(!is_language("mean(systolic) > 5 mmHg"));
}

/// The hypertension pack, with the README's example in place of one file.
fn with(file: &str, text: &str) -> BTreeMap<String, String> {
    let mut files = built_in::files();
    files.retain(|path, _| path.starts_with("hypertension/"));
    files.insert(format!("hypertension/{file}"), text.to_owned());
    files
}

#[test]
fn the_examples_of_files_can_be_read() {
    let files = with("rules.toml", block("rules.toml"));
    Rulebook::from_files(files).unwrap_or_else(|problems| panic!("{problems:#?}"));

    let files = with("advice.toml", block("advice.toml"));
    let rulebook = Rulebook::from_files(files.clone()).expect("reads");
    let pack = rulebook.pack("hypertension").expect("there");
    advice::of_pack(&files, pack).unwrap_or_else(|problems| panic!("{problems:#?}"));

    let files = with("scenarios.toml", block("scenarios.toml"));
    let read = scenario::of_pack(&files, pack).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(read.len(), 1);
    assert!(read[0].facts.spo2_scale_2.is_some() && read[0].inputs.len() > 5);
    // Its names are real ones too.
    let said: Vec<_> = check::check(&files).iter().map(ToString::to_string).collect();
    assert!(!said.iter().any(|said| said.contains("this pack has no")), "{said:#?}");
}
