//! Questions that no rule reads, rules that read a question nobody asks, and questions that two packs ask differently.

use std::collections::BTreeMap;

use crate::problem::{Place, Problem};
use crate::rule::Rulebook;

use super::{Whole, sides};
use crate::questionnaire::{Kind, Questionnaire, Score};
use crate::vital::Component;

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let pack = whole.pack;
    let read: Vec<(&str, &Place)> = pack.rules.iter().flat_map(sides::links).collect();
    for (link, place) in &read {
        if !pack.questionnaires.iter().any(|questionnaire| questionnaire.question(link).is_some()) {
            let problem = whole.problem(place, link, format!("no questionnaire of this pack has a question {link}"));
            problems.push(problem.hint("its linkId is what answer(\"…\") names"));
        }
    }
    for (rule, id) in pack.rules.iter().flat_map(|rule| rule.waits_for().map(move |id| (rule, id))) {
        if !pack.questionnaires.iter().any(|questionnaire| questionnaire.id == id) {
            let problem = whole.problem(&rule.place, id, format!("this pack has no questionnaire {id}"));
            problems.push(problem.hint("what can be overdue is a vital, or a questionnaire by its id"));
        }
    }
    for rule in &pack.rules {
        for score in &rule.uses.scores {
            let name = score.name();
            let has = |questionnaire: &Questionnaire| questionnaire.id == name && Score::of(questionnaire).is_some();
            if !pack.questionnaires.iter().any(has) {
                let problem =
                    whole.problem(&rule.place, name, format!("no questionnaire of this pack makes a score {name}"));
                problems
                    .push(problem.hint(format!("questionnaires/{name}.json, with an ordinalValue for each option")));
            }
        }
    }
    let symptoms: Vec<&str> = pack.rules.iter().filter_map(|rule| rule.repeat.as_ref()?.symptoms.as_deref()).collect();
    let alone: Vec<&str> = pack.rules.iter().flat_map(sides::links_alone).collect();
    for (index, questionnaire) in pack.questionnaires.iter().enumerate() {
        let file = Place { file: questionnaire.file.clone(), line: 1, column: 1 };
        let mut says = |link: &str, message: String, hint: &str| {
            problems.push(whole.problem(&file, &format!("\"{link}\""), message).hint(hint));
        };
        score(questionnaire, &mut says);
        let score = Score::of(questionnaire);
        let is_summed = |link: &str| {
            let uses = pack.rules.iter().flat_map(|rule| &rule.uses.scores);
            score
                .as_ref()
                .is_some_and(|score| score.counts(link) && uses.into_iter().any(|used| *used == score.component))
        };
        for item in questionnaire.questions() {
            let link = item.link.as_str();
            if symptoms.contains(&&*questionnaire.id) && !alone.contains(&link) {
                says(
                    link,
                    format!("no rule looks at {link} unless a vital is out too"),
                    "it is asked with a repeat, and a clear repeat ends the finding: a rule must read the answer alone",
                );
            }
            if !read.iter().any(|(known, _)| *known == link) && !is_summed(link) {
                says(
                    link,
                    format!("no rule reads the answer to {link}"),
                    "ask nothing that nobody looks at: write a rule, or leave the question out",
                );
            }
            let earlier = pack.questionnaires.iter().take(index);
            if let Some(other) = earlier.into_iter().find(|other| other.question(link).is_some()) {
                says(
                    link,
                    format!("{} asks {link} too", other.id),
                    "rules find an answer by its link id alone: give each question of a pack its own",
                );
            }
        }
    }
}

/// Two packs may ask the same, and then it is one questionnaire: answers, scores and slots find it by its id alone, whichever
/// pack it came with.
pub(super) fn of_two_packs(files: &BTreeMap<String, String>, rulebook: &Rulebook) -> Vec<Problem> {
    let all: Vec<&Questionnaire> = rulebook.packs().iter().flat_map(|pack| &pack.questionnaires).collect();
    let differs = |(index, later): (usize, &&Questionnaire)| {
        let first = all.iter().take(index).find(|first| first.id == later.id)?;
        (first.content != later.content).then(|| {
            let text = files.get(&later.file).map_or("", String::as_str);
            let from = text.find("\"id\"").unwrap_or(0);
            let length = text.get(from..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
            let message = format!("{} is not the {} of {}", later.file, later.id, first.file);
            Problem::at(&later.file, text, from, from + length, message).hint(format!(
                "a person is asked one {}, whichever pack watches them: give both packs the same file, or this one another id",
                later.id
            ))
        })
    };
    all.iter().enumerate().filter_map(differs).collect()
}

/// Options that count make a score of the catalogue, whole and always: a sum of other questions would be no such score.
fn score(questionnaire: &Questionnaire, says: &mut impl FnMut(&str, String, &str)) {
    let id = questionnaire.id.as_str();
    let known = Component::named(id).filter(|component| component.is_score());
    let counts =
        |kind: &Kind| matches!(kind, Kind::Choice(choices) if choices.iter().any(|choice| choice.ordinal.is_some()));
    let counted: Vec<_> = questionnaire.questions().into_iter().filter(|item| counts(&item.kind)).collect();
    match (known, Score::of(questionnaire)) {
        (None, _) if !counted.is_empty() => {
            let scores = Component::ALL.into_iter().filter(|component| component.is_score()).map(Component::name);
            let hint =
                format!("the catalogue has {}; name the questionnaire so", scores.collect::<Vec<_>>().join(", "));
            says(id, format!("its options count, and there is no score {id}"), &hint);
        }
        (Some(_), None) => says(id, format!("{id} is a score, and no option counts"), "give each its ordinalValue"),
        (Some(component), Some(score)) => {
            let possible = component.facts().possible;
            if score.range() != (possible.from, possible.to) {
                let (from, to) = score.range();
                let message = format!(
                    "its options make {from} to {to}; a {} is {} to {}",
                    component.words(),
                    possible.from,
                    possible.to
                );
                says(id, message, "a scale is asked as it was published");
            }
        }
        (None, _) => {}
    }
    for item in counted.iter().filter(|item| !item.is_required || item.enabled.is_some()) {
        let message = format!("{} counts, and may be left out", item.link);
        says(&item.link, message, "required: true, and no enableWhen: a sum of fewer answers is unknown");
    }
}
