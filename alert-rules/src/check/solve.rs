//! Can these conditions hold together? Interval reasoning over what a rule compares.
//!
//! Every distinct thing a condition looks at (a vital's latest value, a mean, an answer) is a variable; each comparison
//! leaves it an interval. With the limits fixed at one corner of their ranges a clause becomes a list of cases, and a
//! case is possible when no variable's interval is empty. What cannot be reasoned about (two variables in one
//! comparison) becomes a variable of its own, so the answer errs towards "possible".

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::expression::walk::each_quantity;
use crate::expression::{Comparison, Condition, ConditionKind, Function, Operator, Quantity, QuantityKind};
use crate::print::sentence;
use crate::rule::{Clause, Join, Limit};

/// More cases than this, and a clause counts as possible: the language bounds its size, so real packs stay far below.
const CASES_AT_MOST: usize = 4_096;

/// What checking one pack may cost, in comparisons looked at and cases put together; real packs take some thousands.
const EFFORT: u64 = 400_000;

/// Effort that is left.
pub struct Effort(Cell<u64>);

impl Effort {
    pub fn whole() -> Effort {
        Effort(Cell::new(EFFORT))
    }

    fn spend(&self, steps: usize) {
        self.0.set(self.0.get().saturating_sub(steps as u64));
    }

    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub from: f64,
    pub from_inside: bool,
    pub to: f64,
    pub to_inside: bool,
}

impl Interval {
    pub const ALL: Interval =
        Interval { from: f64::NEG_INFINITY, from_inside: true, to: f64::INFINITY, to_inside: true };

    pub fn within(from: f64, to: f64) -> Interval {
        Interval { from, from_inside: true, to, to_inside: true }
    }

    pub fn and(self, other: Interval) -> Interval {
        let (from, from_inside) = match self.from.total_cmp(&other.from) {
            std::cmp::Ordering::Greater => (self.from, self.from_inside),
            std::cmp::Ordering::Less => (other.from, other.from_inside),
            std::cmp::Ordering::Equal => (self.from, self.from_inside && other.from_inside),
        };
        let (to, to_inside) = match self.to.total_cmp(&other.to) {
            std::cmp::Ordering::Less => (self.to, self.to_inside),
            std::cmp::Ordering::Greater => (other.to, other.to_inside),
            std::cmp::Ordering::Equal => (self.to, self.to_inside && other.to_inside),
        };
        Interval { from, from_inside, to, to_inside }
    }

    fn is_empty(self) -> bool {
        self.from > self.to || (self.from == self.to && !(self.from_inside && self.to_inside))
    }
}

/// What one case says about each variable. Yes and no are the intervals around 1 and 0.
type Case = BTreeMap<String, Interval>;

/// The limits' values at one corner of their ranges; same order as the pack's limits.
pub type Corner = Vec<f64>;

/// Limits that one rule may name: each makes three times as many corners.
pub const LIMITS_AT_MOST: usize = 6;

/// The limits that the clauses name.
pub fn limits_named(clauses: &[&Clause]) -> Vec<usize> {
    let mut used: Vec<usize> = Vec::new();
    for condition in clauses.iter().flat_map(|clause| &clause.conditions) {
        each_quantity(condition, |quantity| {
            if let QuantityKind::Limit(index) = quantity.kind {
                used.push(index);
            }
        });
    }
    used.sort_unstable();
    used.dedup();
    used
}

/// Every combination of both ends and the default of the limits that the clauses name, the first few of them if two
/// rules together name more than one may; the others stay at their default.
pub fn corners(clauses: &[&Clause], limits: &[Limit]) -> Vec<Corner> {
    let defaults: Corner = limits.iter().map(|limit| limit.default).collect();
    let mut corners = vec![defaults];
    for index in limits_named(clauses).into_iter().take(LIMITS_AT_MOST) {
        let Some(limit) = limits.get(index) else { continue };
        let ends = [limit.range.from, limit.range.to];
        let moved: Vec<Corner> = corners
            .iter()
            .flat_map(|corner| {
                ends.map(|end| {
                    let mut corner = corner.clone();
                    corner[index] = end;
                    corner
                })
            })
            .collect();
        corners.extend(moved);
    }
    corners
}

/// Can all of these clauses (`false`: its opposite) hold at once? Of no meaning once the effort is spent.
pub fn possible(clauses: &[(&Clause, bool)], corner: &Corner, limits: &[Limit], effort: &Effort) -> bool {
    let at = At { corner, limits, effort };
    let mut cases = vec![Case::new()];
    for (clause, wanted) in clauses {
        cases = and(&cases, &of_clause(clause, *wanted, at), effort);
    }
    !cases.is_empty()
}

/// The limits as they are set, and what may still be spent on them.
#[derive(Clone, Copy)]
struct At<'a> {
    corner: &'a Corner,
    limits: &'a [Limit],
    effort: &'a Effort,
}

fn of_clause(clause: &Clause, wanted: bool, at: At<'_>) -> Vec<Case> {
    let each = clause.conditions.iter().map(|condition| of_condition(condition, wanted, at));
    if (clause.join == Join::All) == wanted {
        each.reduce(|left, right| and(&left, &right, at.effort)).unwrap_or_default()
    } else {
        each.flatten().collect()
    }
}

fn of_condition(condition: &Condition, wanted: bool, at: At<'_>) -> Vec<Case> {
    at.effort.spend(1);
    if at.effort.is_spent() {
        return vec![Case::new()];
    }
    let truth = |name: String, yes: bool| {
        vec![Case::from([(name, if yes { Interval::within(1.0, 1.0) } else { Interval::within(0.0, 0.0) })])]
    };
    match &condition.kind {
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            let left = of_condition(left, wanted, at);
            let right = of_condition(right, wanted, at);
            if matches!(condition.kind, ConditionKind::And(..)) == wanted {
                and(&left, &right, at.effort)
            } else {
                [left, right].concat()
            }
        }
        ConditionKind::Not(inner) => of_condition(inner, !wanted, at),
        ConditionKind::Together { inner, .. } if wanted => of_condition(inner, wanted, at),
        ConditionKind::Compare { left, comparison, right } => compare(left, *comparison, right, wanted, at),
        ConditionKind::Between { value, from, to } => {
            let above = compare(value, Comparison::AtLeast, from, wanted, at);
            let below = compare(value, Comparison::AtMost, to, wanted, at);
            if wanted { and(&above, &below, at.effort) } else { [above, below].concat() }
        }
        ConditionKind::Answer { link, wanted: answer, negated } => {
            truth(format!("{link} = {answer:?}"), wanted != *negated)
        }
        ConditionKind::Tag(_)
        | ConditionKind::Event { .. }
        | ConditionKind::News2AnyThree
        | ConditionKind::Overdue { .. }
        | ConditionKind::Together { .. }
        | ConditionKind::Readings { .. }
        | ConditionKind::Sustained { .. } => truth(sentence::condition(condition, at.limits), wanted),
    }
}

fn compare(
    left: &Quantity,
    comparison: Comparison,
    right: &Quantity,
    wanted: bool,
    At { corner, limits, .. }: At<'_>,
) -> Vec<Case> {
    let (left, right) = (linear(left, corner, limits), linear(right, corner, limits));
    let difference = left.minus(right);
    let comparison = if wanted { comparison } else { opposite(comparison) };
    let Some(variable) = difference.variable else {
        return if holds(difference.offset, comparison) { vec![Case::new()] } else { Vec::new() };
    };
    // scale × x + offset (comparison) 0
    // Binary's own noise is no gap and no overlap: the evaluator knows none either.
    let bound = (-difference.offset / difference.scale * 1e9).round() / 1e9;
    let comparison = if difference.scale < 0.0 { mirrored(comparison) } else { comparison };
    let below = |inside| Interval { to: bound, to_inside: inside, ..Interval::ALL };
    let above = |inside| Interval { from: bound, from_inside: inside, ..Interval::ALL };
    let sets = match comparison {
        Comparison::Less => vec![below(false)],
        Comparison::AtMost => vec![below(true)],
        Comparison::AtLeast => vec![above(true)],
        Comparison::More => vec![above(false)],
        Comparison::Equal => vec![Interval::within(bound, bound)],
        Comparison::NotEqual => vec![below(false), above(false)],
    };
    let sets = sets.into_iter().map(|set| set.and(difference.bounds)).filter(|set| !set.is_empty());
    sets.map(|set| Case::from([(variable.clone(), set)])).collect()
}

/// scale × variable + offset.
#[derive(Debug, Clone)]
pub struct Linear {
    pub variable: Option<String>,
    /// What the variable can be at all.
    pub bounds: Interval,
    pub scale: f64,
    pub offset: f64,
}

impl Linear {
    fn constant(offset: f64) -> Linear {
        Linear { variable: None, bounds: Interval::ALL, scale: 0.0, offset }
    }

    fn times(mut self, factor: f64) -> Linear {
        self.scale *= factor;
        self.offset *= factor;
        self
    }

    fn minus(self, other: Linear) -> Linear {
        let offset = self.offset - other.offset;
        match (self.variable, other.variable) {
            (None, None) => Linear::constant(offset),
            (variable @ Some(_), None) => Linear { variable, bounds: self.bounds, scale: self.scale, offset },
            (None, variable @ Some(_)) => Linear { variable, bounds: other.bounds, scale: -other.scale, offset },
            (Some(left), Some(right)) if left == right && self.scale == other.scale => Linear::constant(offset),
            (Some(left), Some(right)) => {
                let variable = Some(format!("{}·{left} − {}·{right}", self.scale, other.scale));
                Linear { variable, bounds: Interval::ALL, scale: 1.0, offset }
            }
        }
    }
}

pub fn linear(quantity: &Quantity, corner: &Corner, limits: &[Limit]) -> Linear {
    let variable =
        |bounds| Linear { variable: Some(sentence::quantity(quantity, limits)), bounds, scale: 1.0, offset: 0.0 };
    match &quantity.kind {
        QuantityKind::Number(value) => Linear::constant(*value),
        QuantityKind::Limit(index) => Linear::constant(corner.get(*index).copied().unwrap_or(f64::NAN)),
        QuantityKind::Age => variable(Interval::within(0.0, 130.0)),
        QuantityKind::Answer(_) => variable(Interval::ALL),
        // Where its lower bound is reached, so is the score.
        QuantityKind::News2 | QuantityKind::News2LowerBound => {
            Linear { variable: Some("NEWS2".to_owned()), bounds: Interval::within(0.0, 20.0), scale: 1.0, offset: 0.0 }
        }
        QuantityKind::Latest(component) | QuantityKind::HomeAverage(component) => {
            variable(Interval::within(component.facts().possible.from, component.facts().possible.to))
        }
        QuantityKind::PosturalFall(component) => {
            let possible = component.facts().possible;
            variable(Interval::within(possible.from - possible.to, possible.to - possible.from))
        }
        QuantityKind::Aggregate { function, component, .. } => {
            let possible = component.facts().possible;
            variable(match function {
                Function::Rise | Function::Fall | Function::StdDev => {
                    Interval::within(0.0, possible.to - possible.from)
                }
                Function::Slope => Interval::ALL,
                Function::Mean | Function::Median | Function::Min | Function::Max | Function::Last => {
                    Interval::within(possible.from, possible.to)
                }
            })
        }
        QuantityKind::Count { .. } => variable(Interval::within(0.0, f64::INFINITY)),
        QuantityKind::Negative(inner) => linear(inner, corner, limits).times(-1.0),
        QuantityKind::Arithmetic { left, operator, right } => {
            let (left, right) = (linear(left, corner, limits), linear(right, corner, limits));
            match (operator, &left.variable, &right.variable) {
                (Operator::Minus, ..) => left.minus(right),
                (Operator::Plus, ..) => left.minus(right.times(-1.0)),
                (Operator::Times, _, None) => {
                    let factor = right.offset;
                    left.times(factor)
                }
                (Operator::Times, None, _) => {
                    let factor = left.offset;
                    right.times(factor)
                }
                (Operator::PercentOf, None, _) => {
                    let factor = left.offset / 100.0;
                    right.times(factor)
                }
                (Operator::Over, _, None) if right.offset != 0.0 => {
                    let factor = 1.0 / right.offset;
                    left.times(factor)
                }
                _ => variable(Interval::ALL),
            }
        }
    }
}

/// Both lists at once.
fn and(left: &[Case], right: &[Case], effort: &Effort) -> Vec<Case> {
    effort.spend(left.len() * right.len());
    if effort.is_spent() || left.len() * right.len() > CASES_AT_MOST {
        return vec![Case::new()];
    }
    let mut both = Vec::new();
    for one in left {
        for other in right {
            both.extend(merged(one, other));
        }
    }
    both
}

fn merged(one: &Case, other: &Case) -> Option<Case> {
    let mut case = one.clone();
    for (variable, set) in other {
        let set = case.get(variable).map_or(*set, |known| known.and(*set));
        if set.is_empty() {
            return None;
        }
        case.insert(variable.clone(), set);
    }
    Some(case)
}

fn holds(value: f64, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Less => value < 0.0,
        Comparison::AtMost => value <= 0.0,
        Comparison::AtLeast => value >= 0.0,
        Comparison::More => value > 0.0,
        Comparison::Equal => value == 0.0,
        Comparison::NotEqual => value != 0.0,
    }
}

fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::AtLeast,
        Comparison::AtMost => Comparison::More,
        Comparison::AtLeast => Comparison::Less,
        Comparison::More => Comparison::AtMost,
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
    }
}

fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::More,
        Comparison::AtMost => Comparison::AtLeast,
        Comparison::AtLeast => Comparison::AtMost,
        Comparison::More => Comparison::Less,
        Comparison::Equal | Comparison::NotEqual => comparison,
    }
}
