//! Limits in force for one patient at one instant: the plan's, else the pack's default for that age.

use jiff::Timestamp;

use crate::calendar::Calendar;
use crate::expression::{Comparison, Condition, ConditionKind, QuantityKind};
use crate::facts::{Facts, PlanLimit};
use crate::finding::Side;
use crate::rule::{Limit, Pack};
use crate::unit::Dimension;

/// One pack's limits for one patient, by their index in the pack.
pub(crate) struct Limits<'a> {
    pub limits: &'a [Limit],
    own: Vec<Option<(f64, &'a PlanLimit)>>,
}

impl Limits<'static> {
    /// Where nothing is compared with a limit.
    pub const NONE: Limits<'static> = Limits { limits: &[], own: Vec::new() };
}

impl<'a> Limits<'a> {
    pub fn new(pack: &'a Pack, facts: &'a Facts) -> Limits<'a> {
        let own = |limit: &Limit| {
            if facts.plan.limits.is_empty() {
                return None;
            }
            let plan = facts.plan.limits.get(&format!("{}/{}", pack.name, limit.name))?;
            // A limit in a foreign unit is no limit; `canonical` tells whoever sets one.
            let value = canonical(limit, plan)?;
            // One that the pack no longer allows still holds where that is the safer; `applies.rs` tells a person.
            let is_stricter = || match stricter(pack, &limit.name) {
                Some(Side::High) => value > limit.range.to,
                Some(Side::Low) => value < limit.range.from,
                None => false,
            };
            (limit.range.holds(value) || is_stricter()).then_some((value, plan))
        };
        Limits { limits: &pack.limits, own: pack.limits.iter().map(own).collect() }
    }

    /// The value at an instant.
    pub fn value(&self, index: usize, at: Timestamp, calendar: &Calendar<'_>) -> Option<f64> {
        if let Some((value, _)) = self.own_at(index, at) {
            return Some(value);
        }
        let limit = self.limits.get(index)?;
        if limit.by_age.is_empty() {
            return Some(limit.default);
        }
        let age = calendar.age_at(at);
        Some(limit.by_age.iter().rev().find(|step| age >= step.from_years).map_or(limit.default, |step| step.value))
    }

    /// Whose limit it is: `set by Dr Ahmed`, or `the pack's`.
    pub fn whose(&self, index: usize, at: Timestamp) -> String {
        match self.own_at(index, at) {
            Some((_, plan)) => format!("set by {}", plan.by),
            None => "the pack's default".to_owned(),
        }
    }

    fn own_at(&self, index: usize, at: Timestamp) -> Option<(f64, &'a PlanLimit)> {
        let (value, plan) = self.own.get(index).copied().flatten()?;
        plan.until.is_none_or(|until| at < until).then_some((value, plan))
    }
}

/// The value of a pack's limit for one patient at an instant, and the plan's own entry where that is what gives it.
pub fn in_force<'a>(
    pack: &'a Pack,
    index: usize,
    facts: &'a Facts,
    at: Timestamp,
) -> Option<(f64, Option<&'a PlanLimit>)> {
    let limits = Limits::new(pack, facts);
    let value = limits.value(index, at, &Calendar::new(facts))?;
    Some((value, limits.own_at(index, at).map(|(_, own)| own)))
}

/// Which way a limit goes to fire sooner, if every rule that compares something with it agrees.
fn stricter(pack: &Pack, name: &str) -> Option<Side> {
    let index = pack.limits.iter().position(|limit| limit.name == name)?;
    let mut sides = Vec::new();
    pack.rules.iter().flat_map(|rule| &rule.when.conditions).for_each(|when| sooner(when, index, true, &mut sides));
    sides.dedup();
    if let [side] = sides.as_slice() { Some(*side) } else { None }
}

fn sooner(condition: &Condition, index: usize, wanted: bool, sides: &mut Vec<Side>) {
    match &condition.kind {
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            [left, right].into_iter().for_each(|each| sooner(each, index, wanted, sides));
        }
        ConditionKind::Not(inner) => sooner(inner, index, !wanted, sides),
        ConditionKind::Together { inner, .. } => sooner(inner, index, wanted, sides),
        ConditionKind::Readings { condition, .. } | ConditionKind::Sustained { condition, .. } => {
            sooner(condition, index, wanted, sides)
        }
        ConditionKind::Compare { left, comparison, right } => {
            if let QuantityKind::Count { condition, .. } = &left.kind {
                sooner(condition, index, wanted, sides);
            }
            if matches!(right.kind, QuantityKind::Limit(at) if at == index) {
                let lower = matches!(comparison, Comparison::More | Comparison::AtLeast);
                sides.push(if lower == wanted { Side::Low } else { Side::High });
            }
        }
        _ => {}
    }
}

/// A plan's limit in the canonical unit, if it is in a unit of that limit.
pub fn canonical(limit: &Limit, plan: &PlanLimit) -> Option<f64> {
    if plan.unit.is_empty() {
        return matches!(limit.dimension, Dimension::Number | Dimension::Score).then_some(plan.value);
    }
    let (dimension, value) = Dimension::of_literal(plan.value, &plan.unit)?;
    (dimension == limit.dimension).then_some(value)
}
