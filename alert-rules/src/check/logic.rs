//! Rules that can never fire, that always fire, that clear while they fire, or that another rule makes pointless; at both
//! ends of every limit's range, because a plan may set any value in it.

use crate::expression::{Condition, ConditionKind, Quantity, QuantityKind};
use crate::print::sentence;
use crate::problem::Problem;
use crate::rule::{Clause, Limit, Pack, Rule, RulePriority};

use super::Whole;
use super::solve::{Corner, LIMITS_AT_MOST, corners, limits_named, possible};

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    for rule in &whole.pack.rules {
        problems.extend(of_rule(whole, rule));
    }
}

fn of_rule(whole: &Whole, rule: &Rule) -> Vec<Problem> {
    let (pack, name) = (whole.pack, &rule.name);
    let at = |clause: &Clause, message: String| {
        let first = clause.texts.first();
        whole.problem(
            first.map_or(&rule.place, |written| &written.place),
            first.map_or("", |written| &written.text),
            message,
        )
    };
    // The first corner of the limits' ranges at which these cannot (or can) hold together, in words.
    let corner = |clauses: &[(&Clause, bool)], can: bool| {
        let named: Vec<&Clause> = clauses.iter().map(|(clause, _)| *clause).collect();
        let found =
            corners(&named, &pack.limits).into_iter().find(|corner| possible(clauses, corner, &pack.limits) == can);
        found.map(|corner| at_corner(&corner, &pack.limits))
    };
    let clauses: Vec<&Clause> =
        [Some(&rule.when), rule.at_once.as_ref(), rule.clear.as_ref()].into_iter().flatten().collect();
    if limits_named(&clauses).len() > LIMITS_AT_MOST {
        let problem = at(&rule.when, format!("{name} names more than {LIMITS_AT_MOST} limits"));
        return vec![problem.hint("every way a plan may set them is tried: write two rules")];
    }
    let mut problems = Vec::new();
    if let Some(corner) = corner(&[(&rule.when, true)], false) {
        let problem = at(&rule.when, format!("{name} can never be true{corner}"));
        return vec![problem.hint("its conditions contradict each other, or ask for a value no instrument gives")];
    }
    if let Some(corner) = corner(&[(&rule.when, false)], false) {
        let problem = at(&rule.when, format!("{name} is always true{corner}"));
        return vec![problem.hint("a rule that always fires tells nobody anything")];
    }
    if let Some(clear) = &rule.clear
        && let Some(corner) = corner(&[(&rule.when, true), (clear, true)], true)
    {
        let problem = at(clear, format!("{name} can fire and be clear at once{corner}"));
        problems.push(problem.hint("every way to fire must be shut by `clear`, at both ends of each limit's range"));
    }
    if let Some(at_once) = &rule.at_once
        && let Some(corner) = corner(&[(at_once, true)], false)
    {
        problems.push(at(at_once, format!("`at_once` of {name} can never be true{corner}")));
    }
    let others = pack.rules.iter().filter(|other| other.id != rule.id && other.problem == rule.problem);
    let defaults: Corner = pack.limits.iter().map(|limit| limit.default).collect();
    for other in others.filter(|other| outranks(other, rule)) {
        // Whenever it fires, the other does. Only at the defaults: a plan that leaves no room between two limits (a target
        // of its own, and the pack's limit for an emergency) makes the milder rule pointless for that patient, which is safe.
        if !possible(&[(&rule.when, true), (&other.when, false)], &defaults, &pack.limits) {
            let problem = at(&rule.when, format!("{name} never matters: {} fires whenever it does", other.name));
            problems.push(problem.hint("rules of one problem make one finding, at the highest priority that fires"));
        }
    }
    problems
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
        .map(|(limit, value)| format!("{} to {}", limit.name, sentence::number(limit.dimension, *value)))
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
        ConditionKind::Readings { condition, .. } | ConditionKind::Sustained { condition, .. } => {
            each_quantity(condition, visit)
        }
        ConditionKind::Tag(_)
        | ConditionKind::Answer { .. }
        | ConditionKind::Event { .. }
        | ConditionKind::News2AnyThree
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
        | QuantityKind::News2
        | QuantityKind::News2LowerBound
        | QuantityKind::HomeAverage(_)
        | QuantityKind::Aggregate { .. } => {}
    }
}
