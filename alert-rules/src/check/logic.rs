//! Rules that can never fire, that always fire, that clear while they fire, or that another rule makes pointless; at both
//! ends of every limit's range, because a plan may set any value in it.

use std::collections::BTreeSet;

use crate::expression::walk::each_quantity;
use crate::expression::{Condition, QuantityKind};
use crate::print::sentence;
use crate::problem::Problem;
use crate::rule::{Clause, Limit, Pack, Rule, RulePriority};

use super::Whole;
use super::solve::{Corner, Effort, LIMITS_AT_MOST, corners, limits_named, possible};

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let effort = Effort::whole();
    let pack = whole.pack;
    if let Some(applies) = &pack.applies
        && !possible(
            &[(applies, true)],
            &pack.limits.iter().map(|limit| limit.default).collect(),
            &pack.limits,
            &effort,
        )
    {
        let problem = whole.problem(&pack.place, "for", "this pack is for nobody");
        problems.push(problem.hint("its conditions contradict each other"));
    }
    for rule in &pack.rules {
        problems.extend(of_rule(whole, rule, &effort));
        if effort.is_spent() {
            let message = format!("with {} this pack is too intricate to be checked", rule.name);
            let problem = whole.problem(&rule.place, &rule.name, message);
            return problems.push(problem.hint(
                "there are too many ways for its conditions to be true together: write fewer of them into one rule, or two packs",
            ));
        }
    }
}

fn of_rule(whole: &Whole, rule: &Rule, effort: &Effort) -> Vec<Problem> {
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
        let is_so = |corner: &Corner| possible(clauses, corner, &pack.limits, effort) == can;
        let corners = if effort.is_spent() { Vec::new() } else { corners(&named, &pack.limits) };
        // What was found with no effort left was not found.
        let found = corners.into_iter().find(|corner| is_so(corner) || effort.is_spent());
        found.filter(|_| !effort.is_spent()).map(|corner| at_corner(&corner, &pack.limits))
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
        if !possible(&[(&rule.when, true), (&other.when, false)], &defaults, &pack.limits, effort) {
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

/// The limits that rules name, by their place in the pack.
pub(super) fn limits_used(pack: &Pack) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    for rule in &pack.rules {
        each_condition(rule, &mut |condition| {
            each_quantity(condition, |quantity| {
                if let QuantityKind::Limit(index) = quantity.kind {
                    used.insert(index);
                }
            });
        });
    }
    used
}

/// Every condition of a rule, the outermost ones.
pub(super) fn each_condition<'a>(rule: &'a Rule, visit: &mut dyn FnMut(&'a Condition)) {
    let clauses = [Some(&rule.when), rule.at_once.as_ref(), rule.clear.as_ref()];
    clauses.into_iter().flatten().flat_map(|clause| &clause.conditions).for_each(visit);
}
