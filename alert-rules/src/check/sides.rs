//! Which side of each vital a pack watches: too high, too low. One side only needs a reason in `[one_sided]`.

use std::collections::BTreeMap;

use crate::expression::{Comparison, Condition, ConditionKind, Function, Operator, Quantity, QuantityKind};
use crate::finding::Side;
use crate::problem::{Place, Problem};
use crate::rule::Rule;
use crate::vital::Component;

use super::Whole;
use crate::expression::early_warning::NEWS2_COMPONENTS;
use crate::expression::walk::{components, each_quantity};

use super::logic::each_condition;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub high: bool,
    pub low: bool,
}

impl Sides {
    fn add(&mut self, side: Side) {
        match side {
            Side::High => self.high = true,
            Side::Low => self.low = true,
        }
    }
}

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let pack = whole.pack;
    let mut watched: BTreeMap<Component, (Sides, &Rule)> = BTreeMap::new();
    for rule in &pack.rules {
        for (component, sides) in of_conditions(&rule.when.conditions) {
            let entry = watched.entry(component).or_insert((Sides::default(), rule));
            entry.0.high |= sides.high;
            entry.0.low |= sides.low;
        }
    }
    let measured_too: Vec<(Component, &Rule)> = watched
        .iter()
        .filter_map(|(component, (_, rule))| Some((component.vital()?, *rule)))
        .flat_map(|(vital, rule)| vital.facts().required.iter().map(move |component| (*component, rule)))
        .collect();
    for (component, rule) in measured_too {
        watched.entry(component).or_insert((Sides::default(), rule));
    }
    for (component, (sides, rule)) in &watched {
        // Few points are no finding, and what a score is made of is asked whole.
        if component.is_score() {
            continue;
        }
        let name = component.name();
        let wrong = match (sides.high, sides.low) {
            (true, true) => continue,
            (true, false) => format!("no rule looks for a {name} that is too low"),
            (false, true) => format!("no rule looks for a {name} that is too high"),
            (false, false) => format!("{name} is measured too, and no rule looks at it"),
        };
        if !pack.one_sided.contains_key(component) {
            let problem = whole.problem(&rule.place, name, wrong);
            problems
                .push(problem.hint(format!("write the rule, or say why that is right: [one_sided] {name} = \"…\"")));
        }
    }
    for component in pack.one_sided.keys() {
        if watched.get(component).is_none_or(|(sides, _)| sides.high && sides.low) {
            let name = component.name();
            let problem = whole.problem(&pack.place, name, format!("{name} is not watched on one side only"));
            problems
                .push(problem.hint("leave it out of [one_sided]: a reason for what is not so misleads whoever signs"));
        }
    }
}

/// Which components these conditions look at, and on which side.
pub(super) fn of_conditions(conditions: &[Condition]) -> BTreeMap<Component, Sides> {
    let mut found = BTreeMap::new();
    conditions.iter().for_each(|condition| walk(condition, true, &mut found));
    found
}

fn walk(condition: &Condition, wanted: bool, found: &mut BTreeMap<Component, Sides>) {
    match &condition.kind {
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            [left, right].into_iter().for_each(|each| walk(each, wanted, found))
        }
        ConditionKind::Not(inner) => walk(inner, !wanted, found),
        ConditionKind::Together { inner, .. } => walk(inner, wanted, found),
        ConditionKind::Readings { condition, .. } | ConditionKind::Sustained { condition, .. } => {
            walk(condition, wanted, found)
        }
        ConditionKind::Compare { left, comparison, right } => {
            let sides: &[Side] = match comparison {
                Comparison::More | Comparison::AtLeast => &[Side::High],
                Comparison::Less | Comparison::AtMost => &[Side::Low],
                Comparison::Equal | Comparison::NotEqual => &[Side::High, Side::Low],
            };
            for side in sides {
                let side = if wanted { *side } else { flipped(*side) };
                towards(left, side, found);
                towards(right, flipped(side), found);
            }
        }
        ConditionKind::Between { value, .. } => {
            [Side::High, Side::Low].into_iter().for_each(|side| towards(value, side, found))
        }
        ConditionKind::News2AnyThree => of_news2(found),
        ConditionKind::Tag(_)
        | ConditionKind::Answer { .. }
        | ConditionKind::Event { .. }
        | ConditionKind::Overdue { .. } => {}
    }
}

/// It looks at both sides of each of its inputs.
fn of_news2(found: &mut BTreeMap<Component, Sides>) {
    for component in NEWS2_COMPONENTS {
        found.insert(component, Sides { high: true, low: true });
    }
}

/// Which way each component must go for this quantity to go towards `side`.
fn towards(quantity: &Quantity, side: Side, found: &mut BTreeMap<Component, Sides>) {
    match &quantity.kind {
        QuantityKind::Latest(component) | QuantityKind::HomeAverage(component) => {
            found.entry(*component).or_default().add(side)
        }
        // The more it falls, the lower it is standing.
        QuantityKind::PosturalFall(component) => found.entry(*component).or_default().add(flipped(side)),
        // How much a value varies is neither a high nor a low one.
        QuantityKind::Aggregate { function: Function::StdDev, component, .. } => {
            let both = found.entry(*component).or_default();
            [Side::High, Side::Low].into_iter().for_each(|side| both.add(side));
        }
        QuantityKind::Aggregate { function, component, .. } => {
            let side = if *function == Function::Fall { flipped(side) } else { side };
            found.entry(*component).or_default().add(side);
        }
        QuantityKind::Count { condition, .. } => walk(condition, side == Side::High, found),
        QuantityKind::Negative(inner) => towards(inner, flipped(side), found),
        QuantityKind::Arithmetic { left, operator, right } => {
            let subtracts = matches!(operator, Operator::Minus | Operator::Over);
            towards(left, side, found);
            // A value compared with its own past (`mean(…) - mean(… before those)`) is watched the way the first goes.
            if !subtracts {
                towards(right, side, found);
            }
        }
        QuantityKind::News2 | QuantityKind::News2LowerBound => of_news2(found),
        QuantityKind::Number(_) | QuantityKind::Limit(_) | QuantityKind::Age | QuantityKind::Answer(_) => {}
    }
}

fn flipped(side: Side) -> Side {
    match side {
        Side::High => Side::Low,
        Side::Low => Side::High,
    }
}

/// The questions a rule reads, and where.
pub(super) fn links(rule: &Rule) -> Vec<(&str, &Place)> {
    let mut found = Vec::new();
    each_condition(rule, &mut |condition| {
        answers(condition, &mut found);
        each_quantity(condition, |quantity| {
            if let QuantityKind::Answer(link) = &quantity.kind {
                found.push(link.as_str());
            }
        });
    });
    found.into_iter().map(|link| (link, &rule.place)).collect()
}

/// The questions a rule's `when` reads without looking at any vital beside them.
pub(super) fn links_alone(rule: &Rule) -> Vec<&str> {
    let mut found = Vec::new();
    if rule.when.conditions.iter().flat_map(components).next().is_none() {
        rule.when.conditions.iter().for_each(|condition| answers(condition, &mut found));
    }
    found
}

fn answers<'a>(condition: &'a Condition, found: &mut Vec<&'a str>) {
    match &condition.kind {
        ConditionKind::Answer { link, .. } => found.push(link),
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            [left, right].into_iter().for_each(|each| answers(each, found))
        }
        ConditionKind::Not(inner) | ConditionKind::Together { inner, .. } => answers(inner, found),
        _ => {}
    }
}
