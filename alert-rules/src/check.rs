//! `derwent rules check`: what can be said about a rulebook without a patient, in problems with a place and a hint.
//!
//! Syntax, units, names and dimensions are checked as the files are read (`Rulebook::from_files`); here stand the
//! questions that need a whole pack. Each part answers one kind of question.

mod bands;
mod evidence;
mod logic;
mod promises;
mod questions;
mod repeat;
mod sides;
mod solve;
mod stories;
mod template;

use std::collections::BTreeMap;

use crate::advice::{self, Advice};
use crate::problem::{Place, Problem};
use crate::rule::{Pack, Rulebook};
use crate::scenario::{self, Scenario};

const FILES: [&str; 4] = ["rules.toml", "plan.toml", "advice.toml", "scenarios.toml"];

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
        Ok(rulebook) => {
            problems.extend(rulebook.packs().iter().flat_map(|pack| of_pack(files, pack)));
            problems.extend(questions::of_two_packs(files, &rulebook));
        }
    }
    problems.sort_by(|one, other| one.place.cmp(&other.place));
    problems.truncate(MAX_PROBLEMS);
    problems
}

/// Most problems that are told; after these, mend and look again.
const MAX_PROBLEMS: usize = 500;

/// A file that nothing reads: a misspelt name must not pass silently.
fn stray(path: &str) -> Option<Problem> {
    let is_questionnaire = |file: &str| {
        let name = file.strip_prefix("questionnaires/").and_then(|name| name.strip_suffix(".json"));
        name.is_some_and(|name| !name.contains('/'))
    };
    let known = path.split_once('/').is_some_and(|(_, file)| FILES.contains(&file) || is_questionnaire(file));
    (!known).then(|| {
        let hint = format!("a pack is a folder with {}, and questionnaires/*.json", FILES.join(", "));
        Problem::of_file(path, "nothing reads this file").hint(hint)
    })
}

fn of_pack(files: &BTreeMap<String, String>, pack: &Pack) -> Vec<Problem> {
    let mut problems = Vec::new();
    let advice = advice::of_pack(files, pack).map_err(|found| problems.extend(found));
    let template = crate::template::of_pack(files, pack).map_err(|found| problems.extend(found)).ok().flatten();
    let scenarios = scenario::of_pack(files, pack).map_err(|found| problems.extend(found)).ok();
    let pack = Whole { files, pack, advice: advice.unwrap_or_default(), scenarios };
    bands::check(&pack, &mut problems);
    evidence::check(&pack, &mut problems);
    logic::check(&pack, &mut problems);
    promises::check(&pack, &mut problems);
    questions::check(&pack, &mut problems);
    repeat::check(&pack, &mut problems);
    sides::check(&pack, &mut problems);
    stories::check(&pack, &mut problems);
    if let Some(template) = template {
        template::check(&pack, &template, &mut problems);
    }
    problems
}

/// A pack with everything in its folder.
struct Whole<'a> {
    files: &'a BTreeMap<String, String>,
    pack: &'a Pack,
    advice: Advice,
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
}
