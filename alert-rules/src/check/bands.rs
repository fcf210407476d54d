//! What stands beside each other: bands of one problem (*from here to there*) with holes or double claims between them,
//! rules of one problem of which one forgets half of a vital, and advice that an earlier band always hides.

use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{Band, Threshold};
use crate::expression::{Comparison, Condition, ConditionKind, Quantity};
use crate::finding::Side;
use crate::print::sentence;
use crate::problem::Problem;
use crate::rule::{Join, Limit, Rule};
use crate::unit::Dimension;
use crate::vital::{Component, Vital};

use super::Whole;
use super::sides::of_conditions;
use super::solve::{Corner, Interval, linear};

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let mut of_problem: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in &whole.pack.rules {
        of_problem.entry(&rule.problem).or_default().push(rule);
    }
    for (problem, rules) in &of_problem {
        bands(whole, problem, rules, problems);
        halves(whole, rules, problems);
    }
    hidden(whole, problems);
}

/// A band of values of one quantity, of which each alone makes the rule fire.
struct Claim<'a> {
    rule: &'a Rule,
    dimension: Dimension,
    interval: Interval,
}

impl Claim<'_> {
    fn is_band(&self) -> bool {
        self.interval.from.is_finite() && self.interval.to.is_finite()
    }
}

fn bands(whole: &Whole, name: &str, rules: &[&Rule], problems: &mut Vec<Problem>) {
    let limits = &whole.pack.limits;
    let defaults: Corner = limits.iter().map(|limit| limit.default).collect();
    let mut claims: BTreeMap<String, Vec<Claim<'_>>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.when.join == Join::Any || rule.when.conditions.len() == 1) {
        for condition in rule.when.conditions.iter().flat_map(either) {
            if let Some((quantity, dimension, interval)) = claimed(condition, &defaults, limits) {
                claims.entry(quantity).or_default().push(Claim { rule, dimension, interval });
            }
        }
    }
    for (quantity, mut claims) in claims {
        claims.sort_by(|one, other| one.interval.from.total_cmp(&other.interval.from));
        if !claims.iter().any(Claim::is_band) {
            continue;
        }
        for (rule, from, to) in holes(&claims) {
            let [from, to] = [from, to].map(|edge| sentence::number(claims[0].dimension, edge));
            let message = format!("no rule of “{name}” looks at {quantity} between {from} and {to}");
            let problem = whole.problem(&rule.place, &rule.name, message);
            problems.push(
                problem.hint(
                    "let one band begin where the other ends: a mean, or a value in another unit, may lie between",
                ),
            );
        }
        for (one, other) in double(&claims) {
            let message = format!("{} and {} of “{name}” both claim some {quantity}", one.name, other.name);
            let problem = whole.problem(&one.place, &one.name, message);
            problems.push(problem.hint("let one band begin where the other ends"));
        }
    }
}

/// The parts of an `or`.
fn either(condition: &Condition) -> Vec<&Condition> {
    match &condition.kind {
        ConditionKind::Or(left, right) => [either(left), either(right)].concat(),
        _ => vec![condition],
    }
}

/// What is compared with numbers and limits alone, and which values of it the condition claims.
fn claimed(condition: &Condition, corner: &Corner, limits: &[Limit]) -> Option<(String, Dimension, Interval)> {
    let plain = |quantity: &Quantity| {
        let linear = linear(quantity, corner, limits);
        (linear.scale == 1.0 && linear.offset == 0.0).then_some(linear.variable).flatten()
    };
    let number = |quantity: &Quantity| {
        let linear = linear(quantity, corner, limits);
        linear.variable.is_none().then_some(linear.offset)
    };
    match &condition.kind {
        ConditionKind::Compare { left, comparison, right } => {
            let (quantity, bound) = (plain(left)?, number(right)?);
            let interval = match comparison {
                Comparison::Less => Interval { to: bound, to_inside: false, ..Interval::ALL },
                Comparison::AtMost => Interval { to: bound, ..Interval::ALL },
                Comparison::AtLeast => Interval { from: bound, ..Interval::ALL },
                Comparison::More => Interval { from: bound, from_inside: false, ..Interval::ALL },
                Comparison::Equal | Comparison::NotEqual => return None,
            };
            Some((quantity, left.dimension, interval))
        }
        ConditionKind::Between { value, from, to } => {
            Some((plain(value)?, value.dimension, Interval::within(number(from)?, number(to)?)))
        }
        ConditionKind::And(left, right) => {
            let (quantity, dimension, one) = claimed(left, corner, limits)?;
            let (other_quantity, _, other) = claimed(right, corner, limits)?;
            (quantity == other_quantity).then(|| (quantity, dimension, one.and(other)))
        }
        _ => None,
    }
}

/// Holes between these, in order of where they begin, and the rule below each. Where both very low and very high values
/// are claimed, the widest hole is what is well.
fn holes<'a>(claims: &[Claim<'a>]) -> Vec<(&'a Rule, f64, f64)> {
    let mut holes = Vec::new();
    let mut reached: Option<(&'a Rule, f64, bool)> = None;
    for Claim { rule, interval, .. } in claims {
        if let Some((below, to, to_inside)) = reached
            && (interval.from > to || interval.from == to && !interval.from_inside && !to_inside)
        {
            holes.push((below, to, interval.from));
        }
        let further = reached
            .is_none_or(|(_, to, to_inside)| interval.to > to || interval.to == to && interval.to_inside && !to_inside);
        if further {
            reached = Some((rule, interval.to, interval.to_inside));
        }
    }
    let low = claims.iter().any(|claim| claim.interval.from == f64::NEG_INFINITY);
    let high = claims.iter().any(|claim| claim.interval.to == f64::INFINITY);
    if low && high {
        let widest = holes.iter().map(|(_, from, to)| to - from).fold(0.0, f64::max);
        holes.retain(|(_, from, to)| to - from < widest);
    }
    holes
}

/// A band and another rule's values that overlap, neither within the other.
fn double<'a>(claims: &[Claim<'a>]) -> Vec<(&'a Rule, &'a Rule)> {
    let mut found = Vec::new();
    for (index, one) in claims.iter().enumerate() {
        for other in &claims[index + 1..] {
            let both = one.interval.and(other.interval);
            let apart = both.from >= both.to || both == one.interval || both == other.interval;
            if (one.is_band() || other.is_band()) && !apart && one.rule.id != other.rule.id {
                found.push((one.rule, other.rule));
            }
        }
    }
    found
}

/// A vital that is several numbers: rules of one problem look at the same of them on a side, or their `why` names the one
/// that is left out.
fn halves(whole: &Whole, rules: &[&Rule], problems: &mut Vec<Problem>) {
    for vital in Vital::ALL.into_iter().filter(|vital| vital.facts().required.len() > 1) {
        for side in [Side::High, Side::Low] {
            let looks: Vec<(&Rule, BTreeSet<Component>)> = rules
                .iter()
                .map(|rule| (*rule, looked_at(rule, vital, side)))
                .filter(|(_, of)| !of.is_empty())
                .collect();
            let all: BTreeSet<Component> = looks.iter().flat_map(|(_, of)| of).copied().collect();
            for (rule, of) in &looks {
                let is_named = |component: &&Component| {
                    rule.why.as_ref().is_some_and(|why| why.to_lowercase().contains(component.words()))
                };
                for forgotten in all.difference(of).filter(|component| !is_named(component)) {
                    let (name, problem) = (forgotten.name(), &rule.problem);
                    let message = format!("{} forgets {name}, which another rule of “{problem}” looks at", rule.name);
                    let problem = whole.problem(&rule.place, &rule.name, message);
                    problems
                        .push(problem.hint(format!("add the other half, or say in its `why` why {name} is left out")));
                }
            }
        }
    }
}

fn looked_at(rule: &Rule, vital: Vital, side: Side) -> BTreeSet<Component> {
    let found = of_conditions(&rule.when.conditions).into_iter();
    let on_side = found.filter(|(_, sides)| if side == Side::High { sides.high } else { sides.low });
    on_side.map(|(component, _)| component).filter(|component| vital.facts().required.contains(component)).collect()
}

/// The first band that fits is shown: one behind a wider one of the same side never is.
fn hidden(whole: &Whole, problems: &mut Vec<Problem>) {
    let threshold = |band: &Band| match &band.threshold {
        Threshold::Value(value) => Some(*value),
        Threshold::Limit(name) => whole.pack.limits.iter().find(|limit| limit.name == *name).map(|limit| limit.default),
    };
    for (index, band) in whole.advice.bands.iter().enumerate() {
        let Some(own) = threshold(band) else { continue };
        let is_wider = |earlier: &&Band| {
            let wider = threshold(earlier).is_some_and(|earlier| match band.side {
                Side::High => earlier <= own,
                Side::Low => earlier >= own,
            });
            earlier.component == band.component && earlier.side == band.side && wider
        };
        if whole.advice.bands[..index].iter().any(|earlier| is_wider(&earlier)) {
            let problem = whole.problem(&band.place, band.component.name(), "this band is never shown");
            problems.push(problem.hint("the first that fits is: put the narrower one above it"));
        }
    }
}
