//! Rules that can never fire, that always fire, that clear while they fire, or that another rule makes pointless; at both
//! ends of every limit's range, because a plan may set any value in it.

use crate::expression::{Condition, ConditionKind, Quantity, QuantityKind};
use crate::print::sentence;
use crate::problem::Problem;
use crate::rule::{Clause, Limit, Pack, Rule, RulePriority};
use crate::unit::quantity_in_words;

use super::Whole;
use super::solve::{Corner, corners, possible};

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let pack = whole.pack;
    let limits = &pack.limits;
    for rule in &pack.rules {
        let first = |clause: &Clause| clause.texts.first().map_or(rule.place.clone(), |written| written.place.clone());
        let text = |clause: &Clause| clause.texts.first().map_or(String::new(), |written| written.text.clone());
        let at = |clause: &Clause, message: String| whole.problem(&first(clause), &text(clause), message);
        for corner in corners(&[&rule.when], limits) {
            if !possible(&[(&rule.when, true)], &corner, limits) {
                let problem = at(&rule.when, format!("{} can never be true{}", rule.name, at_corner(&corner, limits)));
                problems
                    .push(problem.hint("its conditions contradict each other, or ask for a value no instrument gives"));
                break;
            }
            if !possible(&[(&rule.when, false)], &corner, limits) {
                let problem = at(&rule.when, format!("{} is always true{}", rule.name, at_corner(&corner, limits)));
                problems.push(problem.hint("a rule that always fires tells nobody anything"));
                break;
            }
        }
        if let Some(clear) = &rule.clear {
            let both = corners(&[&rule.when, clear], limits)
                .into_iter()
                .find(|corner| possible(&[(&rule.when, true), (clear, true)], corner, limits));
            if let Some(corner) = both {
                let problem =
                    at(clear, format!("{} can fire and be clear at once{}", rule.name, at_corner(&corner, limits)));
                problems.push(
                    problem.hint("every way to fire must be shut by `clear`, at both ends of each limit's range"),
                );
            }
        }
        if let Some(at_once) = &rule.at_once {
            let impossible =
                corners(&[at_once], limits).into_iter().find(|corner| !possible(&[(at_once, true)], corner, limits));
            if let Some(corner) = impossible {
                problems.push(at(
                    at_once,
                    format!("`at_once` of {} can never be true{}", rule.name, at_corner(&corner, limits)),
                ));
            }
        }
        for other in pack
            .rules
            .iter()
            .filter(|other| other.id != rule.id && other.problem == rule.problem && outranks(other, rule))
        {
            // Never matters: whenever it fires, the other does.
            let shadowed = corners(&[&rule.when, &other.when], limits)
                .into_iter()
                .find(|corner| !possible(&[(&rule.when, true), (&other.when, false)], corner, limits));
            if let Some(corner) = shadowed {
                let problem = at(
                    &rule.when,
                    format!(
                        "{} never matters: {} fires whenever it does{}",
                        rule.name,
                        other.name,
                        at_corner(&corner, limits)
                    ),
                );
                problems
                    .push(problem.hint("rules of one problem make one finding, at the highest priority that fires"));
            }
        }
    }
}

/// Of equal rules the earlier in the file is the one that matters.
fn outranks(other: &Rule, rule: &Rule) -> bool {
    match (other.priority, rule.priority) {
        (RulePriority::Fixed(other_priority), RulePriority::Fixed(priority)) if other_priority == priority => {
            other.place < rule.place
        }
        (RulePriority::Fixed(other_priority), RulePriority::Fixed(priority)) => other_priority > priority,
        _ => false,
    }
}

/// ` when a plan sets severe_systolic to 160 mmHg`; nothing at the defaults.
fn at_corner(corner: &Corner, limits: &[Limit]) -> String {
    let moved = limits.iter().zip(corner).filter(|(limit, value)| limit.default != **value);
    let moved: Vec<String> = moved
        .map(|(limit, value)| {
            format!("{} to {}", limit.name, quantity_in_words(limit.dimension, sentence::shortest(*value), *value))
        })
        .collect();
    if moved.is_empty() { String::new() } else { format!(" when a plan sets {}", moved.join(" and ")) }
}

/// Does any clause of the rule name this limit of the pack?
pub(super) fn names_limit(rule: &Rule, pack: &Pack, name: &str) -> bool {
    let mut found = false;
    let index = pack.limits.iter().position(|limit| limit.name == name);
    each_condition(rule, &mut |condition| {
        each_quantity(condition, &mut |quantity| {
            found |= matches!(quantity.kind, QuantityKind::Limit(at) if Some(at) == index)
        });
    });
    found
}

/// Every condition of a rule, the outermost ones.
pub(super) fn each_condition<'a>(rule: &'a Rule, visit: &mut dyn FnMut(&'a Condition)) {
    let clauses = [Some(&rule.when), rule.at_once.as_ref(), rule.clear.as_ref()];
    clauses.into_iter().flatten().flat_map(|clause| &clause.conditions).for_each(visit);
}

/// Every quantity in a condition, however deep.
pub(super) fn each_quantity<'a>(condition: &'a Condition, visit: &mut dyn FnMut(&'a Quantity)) {
    match &condition.kind {
        ConditionKind::Compare { left, right, .. } => {
            [left, right].into_iter().for_each(|each| quantities(each, visit))
        }
        ConditionKind::Between { value, from, to } => {
            [value, from, to].into_iter().for_each(|each| quantities(each, visit))
        }
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            [left, right].into_iter().for_each(|each| each_quantity(each, visit))
        }
        ConditionKind::Not(inner) | ConditionKind::Together { inner, .. } => each_quantity(inner, visit),
        ConditionKind::Tag(_)
        | ConditionKind::Answer { .. }
        | ConditionKind::Event { .. }
        | ConditionKind::Overdue { .. } => {}
    }
}

fn quantities<'a>(quantity: &'a Quantity, visit: &mut dyn FnMut(&'a Quantity)) {
    visit(quantity);
    match &quantity.kind {
        QuantityKind::Count { condition, .. } => each_quantity(condition, visit),
        QuantityKind::Arithmetic { left, right, .. } => {
            [left, right].into_iter().for_each(|each| quantities(each, visit))
        }
        QuantityKind::Negative(inner) => quantities(inner, visit),
        QuantityKind::Number(_)
        | QuantityKind::Latest(_)
        | QuantityKind::Limit(_)
        | QuantityKind::Age
        | QuantityKind::Answer(_)
        | QuantityKind::Aggregate { .. } => {}
    }
}
