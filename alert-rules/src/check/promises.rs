//! Words to the patient promise nothing: neither the phone nor the rule knows whether anybody was told, or saw, or comes.

use crate::problem::{Place, Problem};

use super::Whole;

const PROMISES: [&str; 14] = [
    "told",
    "seen",
    "safe",
    "informed",
    "notified",
    "alerted",
    "on the way",
    "on their way",
    "will ring",
    "will call",
    "will contact",
    "will come",
    "nothing to worry",
    "don't worry",
];

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let rules = whole.pack.rules.iter().flat_map(|rule| {
        let repeat = rule.repeat.iter().flat_map(|repeat| [&repeat.first, &repeat.ask]);
        rule.advice.iter().chain(repeat).map(|text| (text.as_str(), rule.place.clone()))
    });
    let start = Place { file: format!("{}/advice.toml", whole.pack.name), line: 1, column: 1 };
    let bands = whole.advice.bands.iter().map(|band| (band.say.as_str(), band.place.clone()));
    let education = whole.advice.education.iter().map(|education| (education.say.as_str(), start.clone()));
    let answers = whole.advice.answers.iter().map(|answer| (answer.say.as_str(), answer.place.clone()));
    for (text, place) in rules.chain(bands).chain(answers).chain(education) {
        for word in promises(text) {
            let problem = whole.problem(&place, word, format!("advice promises: “{word}”"));
            problems.push(
                problem.hint("say what to do and when to call whom; whether anybody knows is written from facts"),
            );
        }
    }
}

/// The promises as they stand in the text, as whole words.
fn promises(text: &str) -> Vec<&str> {
    let lower = text.to_ascii_lowercase();
    let letter_at =
        |at: Option<usize>| at.and_then(|at| lower.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let found = PROMISES.iter().flat_map(|promise| lower.match_indices(promise));
    let whole = found.filter(|(at, promise)| !letter_at(at.checked_sub(1)) && !letter_at(Some(at + promise.len())));
    whole.map(|(at, promise)| &text[at..at + promise.len()]).collect()
}
