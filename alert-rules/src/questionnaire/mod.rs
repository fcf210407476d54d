//! A pack's questions: the part of a FHIR R4 Questionnaire that phones show and rules name.
//!
//! What is written is in `fhir.rs`; whether it holds together is `read.rs`'s to say, when a rulebook is read. A
//! questionnaire that exists can be shown, answered and judged.

pub mod answers;
mod conditions;
mod fhir;
mod read;
mod score;

pub(crate) use score::Asked;
pub use score::{Score, band, bands};

use std::collections::BTreeMap;

use serde_json::Value;

use crate::expression::Comparison;
use crate::problem::Problem;
use crate::reading::Answer;

/// One questionnaire. `id` is what a rule's `symptoms` and a plan's slot name.
#[derive(Debug, Clone, PartialEq)]
pub struct Questionnaire {
    pub id: String,
    pub version: String,
    pub title: Words,
    pub purpose: String,
    /// Labelled *restricted*: not shown again on a phone, and never to a carer.
    pub is_sensitive: bool,
    pub items: Vec<Item>,
    /// As it was published, for phones.
    pub content: Value,
    /// Where it stands in the rulebook.
    pub file: String,
}

/// What a person reads, and the same in other languages, by their code: `cy`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    pub text: String,
    pub translations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What `answer("…")` names.
    pub link: String,
    /// Empty for a group without words.
    pub text: Words,
    pub is_required: bool,
    pub kind: Kind,
    /// It is shown only while this holds.
    pub enabled: Option<Enabled>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Group(Vec<Item>),
    /// Words to read.
    Display,
    YesNo,
    Integer(Bounds),
    Decimal(Bounds),
    Choice(Vec<Choice>),
    Text {
        characters_at_most: Option<usize>,
    },
}

/// Both ends are inside.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    pub from: Option<f64>,
    pub to: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What is sent, and what `answer("…") = "…"` names.
    pub code: String,
    pub display: Words,
    /// What it counts towards the questionnaire's score.
    pub ordinal: Option<f64>,
}

/// `enableWhen`, with its `enableBehavior`.
#[derive(Debug, Clone, PartialEq)]
pub struct Enabled {
    /// Any of them is enough; else all must hold.
    pub any: bool,
    pub when: Vec<When>,
}

/// About an earlier question. A comparison with a question that was not answered does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    pub link: String,
    pub test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Answered(bool),
    Is(Comparison, Answer),
}

/// The questionnaires in a pack's folder `questionnaires`, by file name. Rules that an older version put in force are still in
/// force, and a pack of theirs has one questionnaire beside its rules: without it what a phone answers would wait for ever.
pub(crate) fn of_pack(files: &BTreeMap<String, String>, pack: &str) -> Result<Vec<Questionnaire>, Vec<Problem>> {
    let folder = format!("{pack}/questionnaires/");
    let older = format!("{pack}/questionnaire.json");
    let (mut read, mut problems) = (Vec::new(), Vec::new());
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with(&folder) || **path == older) {
        match Questionnaire::read(path, text) {
            Ok(questionnaire) => read.push(questionnaire),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

/// Questionnaires among `files` that say something else than one of `published` (path and text) of the same id and version.
pub fn changed(published: &[(String, String)], files: &BTreeMap<String, String>) -> Vec<Problem> {
    let read = |(path, text): (&String, &String)| Questionnaire::read(path, text).ok();
    let published: Vec<Questionnaire> = published.iter().filter_map(|(path, text)| read((path, text))).collect();
    let new = files.iter().filter(|(path, _)| path.ends_with(".json")).filter_map(read);
    new.filter_map(|new| {
        let old = published.iter().find(|old| old.reference() == new.reference())?;
        (old.content != new.content).then(|| {
            let message = format!("{} was published with other content", new.reference());
            let hint = "give it the next version: what people answer is held against what they were shown";
            Problem::of_file(&new.file, message).hint(hint)
        })
    })
    .collect()
}

impl Questionnaire {
    /// What one file of a pack says; `path` has its name: `mood/questionnaires/phq9.json`.
    pub fn read(path: &str, text: &str) -> Result<Self, Vec<Problem>> {
        read::read(path, text)
    }

    /// As submissions name it: `bp-warning-signs|1`.
    pub fn reference(&self) -> String {
        format!("{}|{}", self.id, self.version)
    }

    /// Everything that can be answered, in the order in which it is asked.
    pub fn questions(&self) -> Vec<&Item> {
        fn of<'a>(items: &'a [Item], found: &mut Vec<&'a Item>) {
            for item in items {
                match &item.kind {
                    Kind::Group(inner) => of(inner, found),
                    Kind::Display => {}
                    _ => found.push(item),
                }
            }
        }
        let mut found = Vec::new();
        of(&self.items, &mut found);
        found
    }

    pub fn question(&self, link: &str) -> Option<&Item> {
        self.questions().into_iter().find(|item| item.link == link)
    }
}

impl Kind {
    /// FHIR's name of it.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Group(_) => "group",
            Kind::Display => "display",
            Kind::YesNo => "boolean",
            Kind::Integer(_) => "integer",
            Kind::Decimal(_) => "decimal",
            Kind::Choice(_) => "choice",
            Kind::Text { .. } => "text",
        }
    }
}

impl Bounds {
    pub fn hold(self, value: f64) -> bool {
        self.from.is_none_or(|from| value >= from) && self.to.is_none_or(|to| value <= to)
    }
}
