//! Limits in force for one patient at one instant: the plan's, else the pack's default for that age.

use jiff::Timestamp;

use crate::calendar::Calendar;
use crate::facts::{Facts, PlanLimit};
use crate::rule::{Limit, Pack};
use crate::unit::Dimension;

/// One pack's limits for one patient, by their index in the pack.
pub(crate) struct Limits<'a> {
    pub limits: &'a [Limit],
    own: Vec<Option<(f64, &'a PlanLimit)>>,
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
            Some((value, plan))
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

/// A plan's limit in the canonical unit, if it is in a unit of that limit.
pub fn canonical(limit: &Limit, plan: &PlanLimit) -> Option<f64> {
    if plan.unit.is_empty() {
        return matches!(limit.dimension, Dimension::Number | Dimension::Score).then_some(plan.value);
    }
    let (dimension, value) = Dimension::of_literal(plan.value, &plan.unit)?;
    (dimension == limit.dimension).then_some(value)
}
