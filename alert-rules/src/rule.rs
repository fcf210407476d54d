//! Rulebook, pack, rule, limit: what rule files say, once read. Reading them is in `pack_file.rs`.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::expression::Condition;
use crate::facts::Due;
use crate::finding::{Kind, Priority, Side};
use crate::pack_file;
use crate::problem::{Place, Problem};
use crate::questionnaire::{self, Asked, Questionnaire};
use crate::stop::{self, Stop};
use crate::unit::Dimension;
use crate::vital::{Component, Range, Vital};

/// All rules in force, known by the hash of their files.
#[derive(Debug, Clone)]
pub struct Rulebook {
    pub(crate) packs: Vec<Pack>,
    pub(crate) asked: Asked,
    pub(crate) stops: Vec<Stop>,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) hash: [u8; 32],
}

/// A folder a clinical safety officer can read, sign off and diff.
#[derive(Debug, Clone)]
pub struct Pack {
    /// The folder's name: `hypertension`.
    pub name: String,
    pub title: String,
    /// Who it may watch. Unknown or false refuses the plan.
    pub applies: Option<Clause>,
    /// What a team must offer to run it: `08:00-20:00 daily`.
    pub cover: String,
    pub source: String,
    pub version: String,
    /// Why no plan may name it yet; the scenarios may.
    pub draft: Option<String>,
    pub review: Option<Review>,
    /// `[one_sided]`: components that are watched on one side only (or not at all), and why that is right.
    pub one_sided: BTreeMap<Component, String>,
    pub limits: Vec<Limit>,
    pub rules: Vec<Rule>,
    pub questionnaires: Vec<Questionnaire>,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub by: String,
    pub owner: String,
}

/// What a plan may set for one patient. Values are canonical.
#[derive(Debug, Clone)]
pub struct Limit {
    pub name: String,
    pub dimension: Dimension,
    pub default: f64,
    /// `from_80_years`: ascending by age.
    pub by_age: Vec<AgeStep>,
    pub range: Range,
    /// Where the number comes from; a † stays.
    pub why: Option<String>,
    pub place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgeStep {
    pub from_years: i16,
    pub value: f64,
}

#[derive(Debug, Clone)]
pub struct Rule {
    /// Without the pack: `severe`.
    pub name: String,
    /// With it: `hypertension/severe`.
    pub id: String,
    pub problem: String,
    pub kind: Kind,
    pub priority: RulePriority,
    pub when: Clause,
    pub at_once: Option<Clause>,
    pub repeat: Option<Repeat>,
    pub clear: Option<Clause>,
    /// Why it need not apply to everyone the pack watches.
    pub may_skip: Option<String>,
    pub closes_itself: bool,
    pub advice: Option<String>,
    pub team: Option<String>,
    pub why: Option<String>,
    pub place: Place,
    pub(crate) uses: Uses,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulePriority {
    Fixed(Priority),
    /// `priority = "from plan"`: the plan's `absence_priority`.
    FromPlan,
}

/// Ask the patient to measure again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    pub within: SignedDuration,
    /// What to do before.
    pub first: String,
    pub ask: String,
    /// A questionnaire; any yes in it fires at once.
    pub symptoms: Option<String>,
    /// `alert = "at once"`: the rule fires at once and asks as well (low glucose, low oxygen).
    pub alert_at_once: bool,
}

/// A condition or a list of them: `when`, `when.any`, `when.all`.
#[derive(Debug, Clone)]
pub struct Clause {
    pub join: Join,
    pub conditions: Vec<Condition>,
    /// The conditions as written, and where their first character stands; same order.
    pub texts: Vec<Written>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    Any,
    All,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub text: String,
    pub place: Place,
}

/// What a rule looks at, worked out once when it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uses {
    /// Vitals whose readings can change it.
    pub vitals: Vec<Vital>,
    /// A repeat must measure all of these anew.
    pub repeated: Vec<Vital>,
    pub answers: bool,
    /// Link ids of the questions it reads.
    pub links: Vec<String>,
    pub scores: Vec<Component>,
    /// Components whose worst value is tracked, and which way is worse.
    pub worst: Vec<(Component, Side)>,
    pub overdue: Vec<(Due, SignedDuration)>,
    /// How far back it looks.
    pub lookback: SignedDuration,
}

impl Rulebook {
    /// The packs that come with this version.
    pub fn built_in() -> Rulebook {
        Rulebook::from_files(crate::built_in::files()).expect("the built-in packs are read by a test")
    }

    /// Reads every `<pack>/rules.toml` among the files, and the questionnaires beside it; the others only count for the hash.
    pub fn from_files(files: BTreeMap<String, String>) -> Result<Rulebook, Vec<Problem>> {
        let mut packs = Vec::new();
        let mut problems = too_large(&files);
        if !problems.is_empty() {
            return Err(problems);
        }
        for (path, text) in &files {
            let Some(name) = path.strip_suffix("/rules.toml").filter(|name| !name.contains('/')) else { continue };
            match (pack_file::read(name, path, text), questionnaire::of_pack(&files, name)) {
                (Ok(pack), Ok(questionnaires)) => packs.push(Pack { questionnaires, ..pack }),
                (pack, questionnaires) => {
                    problems.extend(pack.err().into_iter().chain(questionnaires.err()).flatten());
                }
            }
        }
        let stops = stop::read(&files).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        for stop in &stops {
            if !packs.iter().flat_map(|pack| &pack.rules).any(|rule| rule.id == stop.rule) && problems.is_empty() {
                problems.push(Problem::of_file(stop::FILE, format!("there is no rule {} to stop", stop.rule)));
            }
        }
        if !problems.is_empty() {
            problems.sort_by(|one, other| one.place.cmp(&other.place));
            return Err(problems);
        }
        let hash = hash_of(&files);
        let asked = Asked::of(&packs);
        Ok(Rulebook { packs, asked, stops, files, hash })
    }

    /// It, with the words of what was asked before: phones answer what they were shown, perhaps of an earlier version. They change
    /// nothing but how answers are told. `published`: path and text of every questionnaire there ever was.
    pub fn knowing(mut self, published: &[(String, String)]) -> Rulebook {
        let read = published.iter().filter_map(|(path, text)| Questionnaire::read(path, text).ok());
        read.for_each(|questionnaire| self.asked.know(&questionnaire));
        self
    }

    /// SHA-256 over all files, paths and contents.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// SHA-256 over the files of one pack: what a clinician signs.
    pub fn pack_hash(&self, pack: &str) -> [u8; 32] {
        let own = |path: &str| path.strip_prefix(pack).is_some_and(|rest| rest.starts_with('/'));
        hash_of(self.files.iter().filter(|(path, _)| own(path)))
    }

    /// By path within the rulebook: `hypertension/rules.toml`.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }

    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    pub fn pack(&self, name: &str) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.name == name)
    }

    /// Rules that somebody has stopped for a while.
    pub fn stops(&self) -> &[Stop] {
        &self.stops
    }

    pub(crate) fn stop(&self, rule: &str) -> Option<&Stop> {
        self.stops.iter().find(|stop| stop.rule == rule)
    }

    /// By id: `hypertension/severe`.
    pub fn rule(&self, id: &str) -> Option<(&Pack, &Rule)> {
        self.packs.iter().find_map(|pack| Some((pack, pack.rules.iter().find(|rule| rule.id == id)?)))
    }
}

/// Most bytes of one file, and most files of a rulebook: so that reading and checking them cost a known maximum.
const MAX_FILE_BYTES: usize = 256 * 1024;
const MAX_FILES: usize = 400;

fn too_large(files: &BTreeMap<String, String>) -> Vec<Problem> {
    if let Some(beyond) = files.keys().nth(MAX_FILES) {
        return vec![Problem::of_file(beyond, format!("a rulebook has at most {MAX_FILES} files"))];
    }
    let large = files.iter().filter(|(_, text)| text.len() > MAX_FILE_BYTES);
    let told = large.map(|(path, _)| {
        let message = format!("this file is longer than {} KiB", MAX_FILE_BYTES / 1024);
        Problem::of_file(path, message).hint("make two packs of it")
    });
    told.collect()
}

fn hash_of<'f>(files: impl IntoIterator<Item = (&'f String, &'f String)>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in files.into_iter().flat_map(|(path, text)| [path, text]) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

impl Clause {
    /// Some of its conditions as written.
    pub(crate) fn words(&self, some: &[Condition]) -> Vec<&str> {
        let written = self.conditions.iter().zip(&self.texts);
        written.filter(|(condition, _)| some.contains(condition)).map(|(_, written)| written.text.as_str()).collect()
    }
}

impl Rule {
    /// Vitals whose readings this rule looks at.
    pub fn vitals(&self) -> &[Vital] {
        &self.uses.vitals
    }

    /// It looks at an answer to this questionnaire of its pack, or for one.
    pub fn reads(&self, questionnaire: &Questionnaire) -> bool {
        self.uses.links.iter().any(|link| questionnaire.question(link).is_some())
            || self.uses.scores.iter().any(|score| score.name() == questionnaire.id)
            || self.waits_for().any(|id| id == questionnaire.id)
    }

    /// Questionnaires that it takes for overdue.
    pub(crate) fn waits_for(&self) -> impl Iterator<Item = &str> {
        self.uses.overdue.iter().filter_map(|(due, _)| match due {
            Due::Questionnaire(id) => Some(id.as_str()),
            Due::Vital(_) => None,
        })
    }
}
