//! A pack's `advice.toml`: what a phone says as soon as a value is entered, with or without signal. It judges nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::finding::Side;
use crate::problem::{Place, Problem, place_of};
use crate::questionnaire::{Kind, Questionnaire};
use crate::reading::Answer;
use crate::rule::{Limit, Pack};
use crate::unit::normalise;
use crate::vital::Component;

/// Bands are looked at in order; the first that fits a value is shown.
#[derive(Debug, Clone, Default)]
pub struct Advice {
    pub bands: Vec<Band>,
    pub answers: Vec<AnswerAdvice>,
    pub education: Vec<Education>,
}

#[derive(Debug, Clone)]
pub struct Band {
    pub component: Component,
    /// High: at or above the threshold. Low: below it.
    pub side: Side,
    pub threshold: Threshold,
    pub say: String,
    pub call: Option<Call>,
    pub why: String,
    pub place: Place,
}

/// Said at the tap of an answer, which sends the answers so far.
#[derive(Debug, Clone)]
pub struct AnswerAdvice {
    /// The id of a questionnaire of the pack.
    pub questionnaire: String,
    pub link: String,
    pub any_of: Vec<Answer>,
    pub say: String,
    pub call: Option<Call>,
    pub why: String,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Threshold {
    /// The patient's own value of this limit of the pack.
    Limit(String),
    /// In the component's canonical unit.
    Value(f64),
}

/// Which call a phone offers beside the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Call {
    #[serde(rename = "999")]
    Emergency,
    #[serde(rename = "111")]
    OutOfHours,
    #[serde(rename = "team")]
    Team,
}

impl Call {
    pub fn words(self) -> &'static str {
        match self {
            Call::Emergency => "999",
            Call::OutOfHours => "111",
            Call::Team => "the team",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Education {
    pub title: String,
    pub say: String,
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    band: Vec<Written>,
    #[serde(default)]
    answer: Vec<WrittenAnswer>,
    #[serde(default)]
    education: Vec<Education>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    component: Spanned<String>,
    at_or_above: Option<Spanned<String>>,
    below: Option<Spanned<String>>,
    say: String,
    call: Option<Call>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAnswer {
    question: Spanned<String>,
    any_of: Vec<Spanned<String>>,
    say: String,
    call: Option<Call>,
    why: String,
}

/// The advice of a pack; empty without the file.
pub fn of_pack(files: &BTreeMap<String, String>, pack: &Pack) -> Result<Advice, Vec<Problem>> {
    let file = format!("{}/advice.toml", pack.name);
    let Some(text) = files.get(&file) else { return Ok(Advice::default()) };
    let written: File = toml::from_str(text).map_err(|error| vec![Problem::of_toml(&file, text, &error)])?;
    let (bands, problems): (Vec<_>, Vec<_>) =
        written.band.into_iter().map(|band| band.read(&file, text, &pack.limits)).partition(Result::is_ok);
    let (answers, misread): (Vec<_>, Vec<_>) = written
        .answer
        .into_iter()
        .map(|answer| answer.read(&file, text, &pack.questionnaires))
        .partition(Result::is_ok);
    let problems: Vec<Problem> =
        problems.into_iter().filter_map(Result::err).chain(misread.into_iter().filter_map(Result::err)).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Advice {
        bands: bands.into_iter().filter_map(Result::ok).collect(),
        answers: answers.into_iter().filter_map(Result::ok).collect(),
        education: written.education,
    })
}

impl WrittenAnswer {
    fn read(self, file: &str, text: &str, questionnaires: &[Questionnaire]) -> Result<AnswerAdvice, Problem> {
        let problem = |of: &Spanned<String>, message: String, hint: &str| {
            Problem::at(file, text, of.span().start, of.span().end, message).hint(hint)
        };
        let link = self.question.get_ref();
        let found = questionnaires.iter().find_map(|all| Some((all.id.clone(), &all.question(link)?.kind)));
        let (questionnaire, kind) = found.ok_or_else(|| {
            let message = format!("no questionnaire of this pack has a question {link}");
            problem(&self.question, message, "the linkId of one in questionnaires/")
        })?;
        let answer = |said: &Spanned<String>| match (kind, said.get_ref().as_str()) {
            (Kind::YesNo, "yes") => Ok(Answer::YesNo(true)),
            (Kind::YesNo, "no") => Ok(Answer::YesNo(false)),
            (Kind::Choice(choices), code) if choices.iter().any(|choice| choice.code == code) => {
                Ok(Answer::Text(code.to_owned()))
            }
            (kind, said_) => {
                let message = format!("{said_} is no answer to {link}, which is a {}", kind.name());
                Err(problem(said, message, "yes or no to a boolean, or the code of an option to a choice"))
            }
        };
        let any_of = self.any_of.iter().map(answer).collect::<Result<Vec<_>, _>>()?;
        if any_of.is_empty() {
            return Err(problem(&self.question, "said at no answer".to_owned(), "any_of = [\"yes\"]"));
        }
        let place = place_of(file, text, self.question.span().start);
        let link = link.clone();
        Ok(AnswerAdvice { questionnaire, link, any_of, say: self.say, call: self.call, why: self.why, place })
    }
}

impl Written {
    fn read(self, file: &str, text: &str, limits: &[Limit]) -> Result<Band, Problem> {
        let problem = |of: &Spanned<String>, message: String, hint: &str| {
            Problem::at(file, text, of.span().start, of.span().end, message).hint(hint)
        };
        let component = Component::named(self.component.get_ref()).ok_or_else(|| {
            problem(
                &self.component,
                format!("nothing that can be measured is called {}", self.component.get_ref()),
                "systolic, glucose, weight, …",
            )
        })?;
        let (side, threshold) = match (&self.at_or_above, &self.below) {
            (Some(threshold), None) => (Side::High, threshold),
            (None, Some(threshold)) => (Side::Low, threshold),
            _ => {
                return Err(problem(
                    &self.component,
                    "a band has one edge".to_owned(),
                    "say either `at_or_above` or `below`",
                ));
            }
        };
        let value = match limits.iter().find(|limit| limit.name == *threshold.get_ref()) {
            Some(limit) if limit.dimension == component.dimension() => Threshold::Limit(limit.name.clone()),
            Some(limit) => {
                let message = format!("{} is no limit of {}", limit.name, component.words());
                return Err(problem(threshold, message, "compare like with like"));
            }
            None => match component.level(threshold.get_ref()) {
                Some(level) => Threshold::Value(level),
                None => Threshold::Value(
                    number(component, threshold).map_err(|(message, hint)| problem(threshold, message, hint))?,
                ),
            },
        };
        let place = place_of(file, text, self.component.span().start);
        Ok(Band { component, side, threshold: value, say: self.say, call: self.call, why: self.why, place })
    }
}

/// `180 mmHg`, in the component's canonical unit; or what is wrong with it, and a hint.
fn number(component: Component, threshold: &Spanned<String>) -> Result<f64, (String, &'static str)> {
    let written = threshold.get_ref();
    let number = written.split_once(' ').and_then(|(number, unit)| Some((number.parse::<f64>().ok()?, unit)));
    let (number, unit) = number.ok_or_else(|| {
        (format!("{written} is neither a limit of this pack nor a number with a unit"), "for example \"180 mmHg\"")
    })?;
    normalise(component, number, unit).map_err(|error| (error.sentence, "units are never guessed"))
}
