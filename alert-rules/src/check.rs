//! `derwent rules check`: what can be said about a rulebook without a patient, in problems with a place and a hint.
//!
//! Syntax, units, names and dimensions are checked as the files are read (`Rulebook::from_files`); here stand the
//! questions that need a whole pack. Each part answers one kind of question.

mod evidence;
mod logic;
mod promises;
mod repeat;
mod sides;
mod solve;
mod stories;

use std::collections::BTreeMap;

use crate::advice::{self, Advice};
use crate::problem::{Place, Problem};
use crate::questionnaire::{self, KINDS, Questionnaire};
use crate::rule::{Pack, Rulebook};
use crate::scenario::{self, Scenario};

const FILES: [&str; 4] = ["rules.toml", "questionnaire.json", "advice.toml", "scenarios.toml"];

/// Everything that is wrong with these files (by path: `hypertension/rules.toml`), in reading order. Empty: nothing.
pub fn check(files: &BTreeMap<String, String>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = files.keys().filter_map(|path| stray(path)).collect();
    match Rulebook::from_files(files.clone()) {
        Err(unreadable) => problems.extend(unreadable),
        Ok(rulebook) if rulebook.packs().is_empty() => {
            problems.push(
                Problem::of_file("rules.toml", "there is no pack here").hint("a pack is a folder with a rules.toml"),
            );
        }
        Ok(rulebook) => problems.extend(rulebook.packs().iter().flat_map(|pack| of_pack(files, pack))),
    }
    problems.sort_by(|one, other| one.place.cmp(&other.place));
    problems
}

/// A file that nothing reads: a misspelt name must not pass silently.
fn stray(path: &str) -> Option<Problem> {
    let known = path.split_once('/').is_some_and(|(_, file)| FILES.contains(&file));
    (!known).then(|| {
        Problem::of_file(path, "nothing reads this file").hint(format!("a pack is a folder with {}", FILES.join(", ")))
    })
}

fn of_pack(files: &BTreeMap<String, String>, pack: &Pack) -> Vec<Problem> {
    let mut problems = Vec::new();
    let advice = advice::of_pack(files, pack).map_err(|found| problems.extend(found));
    let questionnaire = questionnaire::of_pack(files, &pack.name).map_err(|found| problems.push(found));
    // Scenarios name questions: of an unreadable questionnaire nothing more is said.
    let scenarios = match &questionnaire {
        Ok(_) => scenario::of_pack(files, &pack.name).map_err(|found| problems.extend(found)).ok(),
        Err(()) => None,
    };
    let pack = Whole { files, pack, advice: advice.unwrap_or_default(), questionnaire: questionnaire.ok(), scenarios };
    evidence::check(&pack, &mut problems);
    logic::check(&pack, &mut problems);
    promises::check(&pack, &mut problems);
    repeat::check(&pack, &mut problems);
    sides::check(&pack, &mut problems);
    stories::check(&pack, &mut problems);
    pack.questions(&mut problems);
    problems
}

/// A pack with everything in its folder.
struct Whole<'a> {
    files: &'a BTreeMap<String, String>,
    pack: &'a Pack,
    advice: Advice,
    /// None: it cannot be read, which is said already. Some(None): there is none.
    questionnaire: Option<Option<Questionnaire>>,
    /// None: they cannot be read, which is said already.
    scenarios: Option<Vec<Scenario>>,
}

impl Whole<'_> {
    /// A problem with `needle`, the first time it stands at or below `place`; else with the line of `place`.
    fn problem(&self, place: &Place, needle: &str, message: impl Into<String>) -> Problem {
        let Some(text) = self.files.get(&place.file) else { return Problem::of_file(&place.file, message) };
        let start: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
        let first_line = text[start..].lines().next().unwrap_or("").len();
        match text[start..].find(needle).filter(|_| !needle.is_empty()) {
            Some(at) => Problem::at(&place.file, text, start + at, start + at + needle.len(), message),
            None => Problem::at(&place.file, text, start, start + first_line, message),
        }
    }

    fn problem_in_file(&self, name: &str, message: impl Into<String>) -> Problem {
        Problem::of_file(&format!("{}/{name}", self.pack.name), message)
    }

    /// Questions that no rule reads, rules that read a question nobody asks, and types that phones cannot show.
    fn questions(&self, problems: &mut Vec<Problem>) {
        let Some(questionnaire) = &self.questionnaire else { return };
        let read: Vec<(&str, &Place)> = self.pack.rules.iter().flat_map(sides::links).collect();
        let asked = |link: &str| questionnaire.as_ref().is_some_and(|questionnaire| questionnaire.asks(link));
        for (link, place) in read.iter().filter(|(link, _)| !asked(link)) {
            let problem = self.problem(place, link, format!("questionnaire.json has no question {link}"));
            problems.push(problem.hint("its linkId is what answer(\"…\") names"));
        }
        let symptoms = self.pack.rules.iter().filter_map(|rule| rule.repeat.as_ref()?.symptoms.as_deref());
        let symptoms: Vec<&str> = symptoms.collect();
        let alone: Vec<&str> = self.pack.rules.iter().flat_map(sides::links_alone).collect();
        let said_with_a_repeat = questionnaire.iter().filter(|questionnaire| symptoms.contains(&&*questionnaire.id));
        for item in said_with_a_repeat.flat_map(|questionnaire| &questionnaire.item) {
            let file = Place { file: format!("{}/questionnaire.json", self.pack.name), line: 1, column: 1 };
            if !alone.contains(&item.link_id.as_str()) {
                let message = format!("no rule looks at {} unless a vital is out too", item.link_id);
                let problem = self.problem(&file, &item.link_id, message);
                problems.push(problem.hint(
                    "it is asked with a repeat, and a clear repeat ends the finding: a rule must read the answer alone",
                ));
            }
        }
        for item in questionnaire.iter().flat_map(|questionnaire| &questionnaire.item) {
            let file = Place { file: format!("{}/questionnaire.json", self.pack.name), line: 1, column: 1 };
            if !KINDS.contains(&item.kind.as_str()) {
                let problem =
                    self.problem(&file, &item.link_id, format!("phones cannot show a question of type {}", item.kind));
                problems.push(problem.hint(format!("use {}", KINDS.join(", "))));
            }
            if !read.iter().any(|(link, _)| *link == item.link_id) {
                let problem =
                    self.problem(&file, &item.link_id, format!("no rule reads the answer to {}", item.link_id));
                problems
                    .push(problem.hint("ask nothing that nobody looks at: write a rule, or leave the question out"));
            }
        }
    }
}
