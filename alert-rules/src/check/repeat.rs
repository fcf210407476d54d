//! Asking first delays an alarm, so it is allowed only with everything around it: what to do first, a questionnaire whose
//! yes fires at once, and for every component in `when` a value above which nobody is asked first.

use crate::expression::{Condition, ConditionKind};
use crate::problem::Problem;
use crate::rule::{Clause, Join};
use crate::scenario::Case;
use crate::vital::Component;

use super::Whole;
use super::sides::of_conditions;

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    for rule in &whole.pack.rules {
        let Some(repeat) = &rule.repeat else { continue };
        let mut says =
            |message: String, hint: &str| problems.push(whole.problem(&rule.place, "repeat", message).hint(hint));
        let has = |id: &String| whole.pack.questionnaires.iter().any(|questionnaire| questionnaire.id == *id);
        match &repeat.symptoms {
            None => says(
                format!("{} asks to measure again without asking for symptoms", rule.name),
                "symptoms = \"…\": the id of a questionnaire of this pack; any yes fires at once",
            ),
            Some(symptoms) if has(symptoms) => {}
            Some(symptoms) => {
                says(format!("this pack has no questionnaire {symptoms}"), "name the id of one in questionnaires/")
            }
        }
        if !repeat.alert_at_once {
            let needed = of_conditions(&rule.when.conditions);
            let given = rule.at_once.as_ref().map(|clause| of_conditions(&alone(clause))).unwrap_or_default();
            for (component, sides) in needed {
                if sides.low && matches!(component, Component::Glucose | Component::Spo2) {
                    says(
                        format!("{} asks first when {} is low", rule.name, component.words()),
                        "alert = \"at once\": low glucose and low oxygen alert and ask, they never ask first",
                    );
                }
                let met =
                    given.get(&component).is_some_and(|given| (given.high || !sides.high) && (given.low || !sides.low));
                if !met {
                    let name = component.name();
                    let hint = format!(
                        "at_once.any = [\"{name} {} …\"]: never ask first beyond it",
                        if sides.high { ">=" } else { "<" }
                    );
                    says(format!("{} asks first however far {name} is out", rule.name), &hint);
                }
            }
        }
        for case in Case::ALL {
            let Some(scenarios) = &whole.scenarios else { break };
            let shown = scenarios
                .iter()
                .any(|scenario| scenario.case.as_ref().is_some_and(|(of, shown)| *of == rule.name && *shown == case));
            if !shown {
                let problem = whole.problem(
                    &rule.place,
                    "repeat",
                    format!("no scenario shows the repeat of {} that {}", rule.name, says_case(case)),
                );
                problems.push(problem.hint(format!("in scenarios.toml: case = \"{}: {}\"", rule.name, case.name())));
            }
        }
    }
}

/// The conditions of `at_once` that meet it without any other: what stands in an `all` or beside an `and` may leave a
/// single very dangerous value to be asked about first.
fn alone(at_once: &Clause) -> Vec<Condition> {
    fn parts(condition: &Condition, found: &mut Vec<Condition>) {
        match &condition.kind {
            ConditionKind::Or(left, right) => [left, right].into_iter().for_each(|part| parts(part, found)),
            ConditionKind::Compare { .. } | ConditionKind::Between { .. } => found.push(condition.clone()),
            ConditionKind::Not(inner) if matches!(inner.kind, ConditionKind::Compare { .. }) => {
                found.push(condition.clone());
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if at_once.join == Join::Any || at_once.conditions.len() == 1 {
        at_once.conditions.iter().for_each(|condition| parts(condition, &mut found));
    }
    found
}

fn says_case(case: Case) -> &'static str {
    match case {
        Case::Confirmed => "confirms",
        Case::Cleared => "clears",
        Case::NeverCame => "never came",
        Case::Symptom => "meets a symptom",
        Case::CameLate => "came late",
    }
}
