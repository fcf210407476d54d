//! A pack's `plan.toml`: what a plan of this pack begins with, and what to ask before. A person changes it for the patient.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::facts::{Due, TAGS};
use crate::problem::{Place, Problem, place_of};
use crate::rule::Pack;
use crate::slot_text::{self, Written};

#[derive(Debug, Clone)]
pub struct Template {
    pub slots: Vec<(Written, Place)>,
    /// Must be known of the patient before the plan begins: a rule that asks for one that is not cannot be judged.
    pub tags: Vec<String>,
    /// Whether the patient has their own is asked; otherwise the pack's holds.
    pub limits: Vec<String>,
    /// Where the times come from; a † stays.
    pub why: String,
    /// Of `slots`.
    pub place: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    slots: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    tags: Vec<Spanned<String>>,
    #[serde(default)]
    limits: Vec<Spanned<String>>,
    why: String,
}

/// The template of a pack; none without the file.
pub fn of_pack(files: &BTreeMap<String, String>, pack: &Pack) -> Result<Option<Template>, Vec<Problem>> {
    let file = &format!("{}/plan.toml", pack.name);
    let Some(text) = files.get(file) else { return Ok(None) };
    let written: File = toml::from_str(text).map_err(|error| vec![Problem::of_toml(file, text, &error)])?;
    let mut problems = Vec::new();
    let mut problem = |of: &Spanned<String>, message: String, hint: &str| {
        problems.push(Problem::at(file, text, of.span().start, of.span().end, message).hint(hint));
    };
    let mut slots = Vec::new();
    for slot in written.slots.get_ref() {
        match slot_text::read(slot.get_ref()) {
            Err(sentence) => problem(slot, sentence, slot_text::EXAMPLE),
            Ok(read) => match unknown_due(pack, read.due()) {
                Some(message) => problem(slot, message, "ask for what the rules of this pack look at"),
                None => slots.push((read, place_of(file, text, slot.span().start))),
            },
        }
    }
    for tag in written.tags.iter().filter(|tag| !TAGS.contains(&tag.get_ref().as_str())) {
        problem(tag, format!("there is no tag {}", tag.get_ref()), &TAGS.join(", "));
    }
    for name in &written.limits {
        if !pack.limits.iter().any(|limit| limit.name == *name.get_ref()) {
            let there: Vec<&str> = pack.limits.iter().map(|limit| limit.name.as_str()).collect();
            problem(name, format!("this pack has no limit {}", name.get_ref()), &there.join(", "));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let place = place_of(file, text, written.slots.span().start);
    let texts = |of: Vec<Spanned<String>>| of.into_iter().map(Spanned::into_inner).collect();
    Ok(Some(Template { slots, tags: texts(written.tags), limits: texts(written.limits), why: written.why, place }))
}

/// Why nothing of the pack would look at what comes.
fn unknown_due(pack: &Pack, due: &Due) -> Option<String> {
    match due {
        Due::Vital(vital) => {
            let is_read = pack.rules.iter().any(|rule| rule.vitals().contains(vital));
            (!is_read).then(|| format!("no rule of this pack looks at {}", vital.words()))
        }
        Due::Questionnaire(id) => {
            let is_there = pack.questionnaires.iter().any(|questionnaire| questionnaire.id == *id);
            (!is_there).then(|| format!("{id} is neither a vital nor a questionnaire of this pack"))
        }
    }
}
