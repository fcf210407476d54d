//! Limits in force for one person: the pack's defaults by age, in whose place a plan may set the person's own.
//! Over time they are steps, because a chart shows what was in force *then*.

use std::collections::BTreeSet;

use alert_rules::expression::{Comparison, Condition, ConditionKind, Function, Quantity, QuantityKind};
use alert_rules::facts::PlanLimit;
use alert_rules::rule::{Clause, Pack};
use alert_rules::{Component, Facts, Rulebook, Vital};
use jiff::{Timestamp, ToSpan};

use super::api::{LimitStep, Side, Whose};
use crate::store::facts::Version;

/// One limit at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    pub value: f64,
    pub whose: Whose,
    pub until: Option<Timestamp>,
    /// Who set it for this person, and why; empty for the pack's own.
    pub by: String,
    pub why: String,
}

/// The packs of a plan that this rulebook has.
pub fn packs<'a>(rulebook: &'a Rulebook, facts: &'a Facts) -> impl Iterator<Item = &'a Pack> {
    facts.plan.packs.iter().filter_map(|name| rulebook.pack(name))
}

pub fn in_force(pack: &Pack, index: usize, facts: &Facts, at: Timestamp) -> Option<InForce> {
    let (value, own) = alert_rules::limits::in_force(pack, index, facts, at)?;
    Some(match own {
        Some(PlanLimit { until, by, why, .. }) => {
            InForce { value, whose: Whose::Plan, until: *until, by: by.clone(), why: why.clone() }
        }
        None => InForce { value, whose: Whose::Pack, until: None, by: String::new(), why: String::new() },
    })
}

/// Which limits of a pack a rule holds a component against directly (a rise or a count is not on the chart's axis).
pub fn compared(pack: &Pack) -> BTreeSet<(usize, Component, Side)> {
    let mut found = BTreeSet::new();
    for rule in &pack.rules {
        for condition in std::iter::once(&rule.when).chain(&rule.at_once).flat_map(|clause: &Clause| &clause.conditions)
        {
            collect(condition, &mut found);
        }
    }
    found
}

fn collect(condition: &Condition, found: &mut BTreeSet<(usize, Component, Side)>) {
    match &condition.kind {
        ConditionKind::Compare { left, comparison, right } => {
            let side = match comparison {
                Comparison::AtLeast | Comparison::More => Side::Above,
                Comparison::AtMost | Comparison::Less => Side::Below,
                Comparison::Equal | Comparison::NotEqual => return,
            };
            if let (Some(component), QuantityKind::Limit(limit)) = (level(left), &right.kind) {
                found.insert((*limit, component, side));
            }
            if let (QuantityKind::Limit(limit), Some(component)) = (&left.kind, level(right)) {
                let other = if side == Side::Above { Side::Below } else { Side::Above };
                found.insert((*limit, component, other));
            }
            for quantity in [left, right] {
                if let QuantityKind::Count { condition, .. } = &quantity.kind {
                    collect(condition, found);
                }
            }
        }
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            collect(left, found);
            collect(right, found);
        }
        ConditionKind::Together { inner, .. } => collect(inner, found),
        ConditionKind::Readings { condition, .. } | ConditionKind::Sustained { condition, .. } => {
            collect(condition, found)
        }
        _ => {}
    }
}

/// The component whose own level a quantity is.
fn level(quantity: &Quantity) -> Option<Component> {
    match &quantity.kind {
        QuantityKind::Latest(component) | QuantityKind::HomeAverage(component) => Some(*component),
        QuantityKind::Aggregate { function, component, .. }
            if !matches!(function, Function::Rise | Function::Fall | Function::StdDev | Function::Slope) =>
        {
            Some(*component)
        }
        _ => None,
    }
}

/// The limits of one vital between two instants, oldest first.
pub fn steps(
    rulebook: &Rulebook,
    versions: &[Version],
    vital: Vital,
    from: Timestamp,
    until: Timestamp,
) -> Vec<LimitStep> {
    let edges = edges(rulebook, versions, from, until);
    let mut steps: Vec<LimitStep> = Vec::new();
    for (place, edge) in edges.iter().enumerate() {
        let ends = edges.get(place + 1).copied();
        let Some(version) = versions.iter().rfind(|version| version.valid_from <= *edge) else { continue };
        for pack in packs(rulebook, &version.facts) {
            for (index, component, side) in compared(pack) {
                if !vital.components().any(|own| own == component) {
                    continue;
                }
                let (Some(limit), Some(now)) = (pack.limits.get(index), in_force(pack, index, &version.facts, *edge))
                else {
                    continue;
                };
                let same = steps.iter_mut().find(|step| {
                    step.until == Some(*edge)
                        && (step.name.as_str(), step.component.as_str(), step.side)
                            == (&limit.name, component.name(), side)
                        && (step.value, step.whose) == (now.value, now.whose)
                });
                match same {
                    Some(step) => step.until = ends,
                    None => steps.push(LimitStep {
                        name: limit.name.clone(),
                        component: component.name().to_owned(),
                        side,
                        from: *edge,
                        until: ends,
                        value: now.value,
                        whose: now.whose,
                    }),
                }
            }
        }
    }
    steps
}

/// The start, and every instant at which a limit may change.
fn edges(rulebook: &Rulebook, versions: &[Version], from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let mut edges = BTreeSet::from([from]);
    for version in versions {
        edges.insert(version.valid_from);
        edges.extend(version.facts.plan.limits.values().filter_map(|limit| limit.until));
        for step in packs(rulebook, &version.facts).flat_map(|pack| &pack.limits).flat_map(|limit| &limit.by_age) {
            let birthday = version.facts.date_of_birth.checked_add(i64::from(step.from_years).years());
            let midnight = birthday.and_then(|day| day.to_zoned(version.facts.time_zone.clone()));
            edges.extend(midnight.map(|midnight| midnight.timestamp()));
        }
    }
    edges.into_iter().filter(|edge| (from..=until).contains(edge)).collect()
}
