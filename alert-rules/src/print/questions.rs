//! A questionnaire on the page to sign: every word that is asked, every option and what it counts, and what is asked only
//! after another answer.

use std::fmt::Write as _;

use crate::expression::Comparison;
use crate::questionnaire::{Bounds, Enabled, Item, Kind, Questionnaire, Test, When};
use crate::reading::Answer;

pub(super) fn of(questionnaire: &Questionnaire) -> String {
    let Questionnaire { title, purpose, .. } = questionnaire;
    let mut text = format!("## Questions: {} ({})\n\n{purpose}\n\n", title.text, questionnaire.reference());
    if questionnaire.is_sensitive {
        text += "Sensitive: the answers are not shown again on a phone, and never to a carer.\n\n";
    }
    items(&questionnaire.items, 0, &mut text);
    text.push('\n');
    text
}

fn items(all: &[Item], depth: usize, text: &mut String) {
    for item in all {
        let indent = "  ".repeat(depth);
        let only = item.enabled.as_ref().map(|enabled| format!("; only if {}", condition(enabled))).unwrap_or_default();
        let _ = match &item.kind {
            Kind::Group(inner) => {
                let _ = writeln!(text, "{indent}- {}{only}", item.text.text);
                items(inner, depth + 1, text);
                continue;
            }
            Kind::Display => writeln!(text, "{indent}- {} (to read{only})", item.text.text),
            kind => writeln!(text, "{indent}- {} ({}, {}{only})", item.text.text, item.link, answered(kind)),
        };
    }
}

fn answered(kind: &Kind) -> String {
    match kind {
        Kind::YesNo => "yes or no".to_owned(),
        Kind::Integer(within) => format!("a whole number{}", bounds(*within)),
        Kind::Decimal(within) => format!("a number{}", bounds(*within)),
        Kind::Choice(choices) => {
            let shown = choices.iter().map(|choice| {
                let counts = choice.ordinal.map(|ordinal| format!(" = {ordinal}")).unwrap_or_default();
                format!("“{}” {}{counts}", choice.display.text, choice.code)
            });
            shown.collect::<Vec<_>>().join(" / ")
        }
        Kind::Text { .. } | Kind::Group(_) | Kind::Display => "in own words".to_owned(),
    }
}

fn bounds(bounds: Bounds) -> String {
    match (bounds.from, bounds.to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (Some(from), None) => format!(" from {from}"),
        (None, Some(to)) => format!(" up to {to}"),
        (None, None) => String::new(),
    }
}

fn condition(enabled: &Enabled) -> String {
    let join = if enabled.any { " or " } else { " and " };
    enabled.when.iter().map(when).collect::<Vec<_>>().join(join)
}

fn when(when: &When) -> String {
    let (comparison, answer) = match &when.test {
        Test::Answered(true) => return format!("{} was answered", when.link),
        Test::Answered(false) => return format!("{} was not answered", when.link),
        Test::Is(comparison, answer) => (comparison, answer),
    };
    let is = match comparison {
        Comparison::Equal => "is",
        Comparison::NotEqual => "is not",
        Comparison::More => "is above",
        Comparison::Less => "is below",
        Comparison::AtLeast => "is at least",
        Comparison::AtMost => "is at most",
    };
    let answer = in_words(std::slice::from_ref(answer));
    format!("{} {is} {answer}", when.link)
}

/// `yes, several-days`.
pub(super) fn in_words(answers: &[Answer]) -> String {
    let word = |answer: &Answer| match answer {
        Answer::YesNo(true) => "yes".to_owned(),
        Answer::YesNo(false) => "no".to_owned(),
        Answer::Number(number) => number.to_string(),
        Answer::Text(text) => text.clone(),
        Answer::Several(texts) => texts.join(", "),
    };
    answers.iter().map(word).collect::<Vec<_>>().join(", ")
}
