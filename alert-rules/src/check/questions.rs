//! Questions that no rule reads, and rules that read a question nobody asks.

use crate::problem::Place;

use super::{Whole, sides};

pub(super) fn check(whole: &Whole, problems: &mut Vec<crate::Problem>) {
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
    let symptoms: Vec<&str> = pack.rules.iter().filter_map(|rule| rule.repeat.as_ref()?.symptoms.as_deref()).collect();
    let alone: Vec<&str> = pack.rules.iter().flat_map(sides::links_alone).collect();
    for (index, questionnaire) in pack.questionnaires.iter().enumerate() {
        let file = Place { file: questionnaire.file.clone(), line: 1, column: 1 };
        let mut says = |link: &str, message: String, hint: &str| {
            problems.push(whole.problem(&file, &format!("\"{link}\""), message).hint(hint));
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
            if !read.iter().any(|(known, _)| *known == link) {
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
