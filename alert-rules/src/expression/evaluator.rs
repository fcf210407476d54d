//! What a condition is worth at an instant: true, false or unknown. Missing, stale or too few is unknown, never false.

use jiff::{SignedDuration, Timestamp};

use super::walk::{ANSWER_FRESH, LAST_WITHIN};
use super::{Comparison, Condition, ConditionKind, Function, Length, Operator, Quantity, QuantityKind, Wanted, Window};
use crate::calendar::{Calendar, before};
use crate::facts::Facts;
use crate::limits::Limits;
use crate::reading::Answer;
use crate::rule::{Clause, Join};
use crate::timeline::{Sample, Submitted, Timeline};
use crate::vital::{Component, Vital};

/// What the answer is for: doubtful values may raise and never clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Raise,
    Clear,
}

/// An instant: a time, and which items are known (`order` is exclusive).
#[derive(Clone, Copy)]
pub(crate) struct Instant<'a> {
    pub timeline: &'a Timeline<'a>,
    pub calendar: &'a Calendar<'a>,
    pub facts: &'a Facts,
    pub limits: &'a Limits<'a>,
    pub at: Timestamp,
    pub order: usize,
    pub mode: Mode,
    /// Values stay fresh at least this long; zero but for asking whether a rule can be judged at all.
    pub stretch: SignedDuration,
    /// Inside `count`: the order of the one reading that bare vitals mean.
    pub only: Option<usize>,
}

/// Kleene's `and` and `or`.
pub(crate) fn and(left: Option<bool>, right: impl FnOnce() -> Option<bool>) -> Option<bool> {
    match left {
        Some(false) => Some(false),
        Some(true) => right(),
        None => match right() {
            Some(false) => Some(false),
            _ => None,
        },
    }
}

pub(crate) fn or(left: Option<bool>, right: impl FnOnce() -> Option<bool>) -> Option<bool> {
    and(left.map(|left| !left), || right().map(|right| !right)).map(|neither| !neither)
}

impl<'a> Instant<'a> {
    pub fn clause(&self, clause: &Clause) -> Option<bool> {
        // The value that settles the list, and what it is while nothing has.
        let (settled, mut known) = match clause.join {
            Join::Any => (Some(true), Some(false)),
            Join::All => (Some(false), Some(true)),
        };
        for condition in &clause.conditions {
            match self.truth(condition) {
                truth if truth == settled => return settled,
                None => known = None,
                Some(_) => {}
            }
        }
        known
    }

    pub fn truth(&self, condition: &Condition) -> Option<bool> {
        match &condition.kind {
            ConditionKind::Compare { left, comparison, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Some(match comparison {
                    Comparison::Less => left < right,
                    Comparison::AtMost => left <= right,
                    Comparison::AtLeast => left >= right,
                    Comparison::More => left > right,
                    Comparison::Equal => left == right,
                    Comparison::NotEqual => left != right,
                })
            }
            ConditionKind::Between { value, from, to } => {
                let value = self.value(value)?;
                Some(value >= self.value(from)? && value <= self.value(to)?)
            }
            ConditionKind::And(left, right) => and(self.truth(left), || self.truth(right)),
            ConditionKind::Or(left, right) => or(self.truth(left), || self.truth(right)),
            ConditionKind::Not(inner) => self.truth(inner).map(|inner| !inner),
            ConditionKind::Tag(tag) => self.facts.tags.get(*tag).copied(),
            ConditionKind::Answer { link, wanted, negated } => {
                let answer = self.answer(link)?;
                let equal = match wanted {
                    Wanted::Yes => answer.yes()?,
                    Wanted::No => !answer.yes()?,
                    Wanted::Text(text) => matches!(answer, Answer::Text(given) if given == text),
                };
                Some(equal != *negated)
            }
            ConditionKind::Event { name } => {
                let since = before(self.at, ANSWER_FRESH.max(self.stretch));
                let items = self.timeline.items[..self.order].iter().rev().take_while(|item| item.at >= since);
                Some(items.into_iter().any(|item| matches!(item.what, Submitted::Event(event) if event.event == *name)))
            }
            ConditionKind::Overdue { vital, grace } => {
                Some(self.overdue_at(*vital, *grace).is_some_and(|due| due <= self.at))
            }
            ConditionKind::Together { inner, within } => {
                let mut times = Vec::new();
                self.times_of_bare(inner, &mut times)?;
                let (first, last) = (times.iter().min()?, times.iter().max()?);
                if last.duration_since(*first) > *within { None } else { self.truth(inner) }
            }
        }
    }

    /// When `overdue` becomes true unless something more is measured. A reading dated by arrival never clears.
    pub fn overdue_at(&self, vital: Vital, grace: SignedDuration) -> Option<Timestamp> {
        let mut measured = self.timeline.measured(vital, self.order);
        let last = measured.find(|item| self.mode == Mode::Raise || !item.is_dated_by_arrival());
        self.calendar.overdue_at(vital, grace, last.map(|item| item.at), self.at)
    }

    pub fn value(&self, quantity: &Quantity) -> Option<f64> {
        match &quantity.kind {
            QuantityKind::Number(number) => Some(*number),
            QuantityKind::Latest(component) => self.latest(*component).map(|sample| sample.value),
            QuantityKind::Limit(index) => self.limits.value(*index, self.at, self.calendar),
            QuantityKind::Age => Some(f64::from(self.calendar.age_at(self.at))),
            QuantityKind::Answer(link) => match self.answer(link)? {
                Answer::Number(number) => Some(*number),
                Answer::Text(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
                Answer::YesNo(_) => None,
            },
            QuantityKind::Aggregate { function, component, window, at_least } => {
                self.aggregate(*function, self.window(*component, *window)?, *at_least)
            }
            QuantityKind::Count { condition, vital, window, at_least } => {
                self.count(condition, *vital, *window, *at_least)
            }
            QuantityKind::Arithmetic { left, operator, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let result = match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times | Operator::Over if !left.is_finite() || !right.is_finite() => return None,
                    Operator::Times => left * right,
                    Operator::Over => Some(left / right).filter(|ratio| ratio.is_finite())?,
                };
                (!result.is_nan()).then_some(result)
            }
            QuantityKind::Negative(inner) => self.value(inner).map(|inner| -inner),
        }
    }

    /// The value a bare vital stands for. Never skips a doubtful newer value for a trusted older one.
    pub fn latest(&self, component: Component) -> Option<&'a Sample> {
        let samples = self.timeline.samples(component, self.order);
        let sample = match self.only {
            Some(order) => samples.binary_search_by_key(&order, |sample| sample.order).ok().map(|at| &samples[at]),
            None => samples.last(),
        }?;
        let fresh = component.vital()?.fresh().max(self.stretch);
        let stale = self.only.is_none() && self.at.duration_since(sample.at) > fresh;
        (!stale && self.may_use(sample)).then_some(sample)
    }

    fn may_use(&self, sample: &Sample) -> bool {
        self.mode == Mode::Raise || sample.is_trusted(self.order) && !sample.dated_by_arrival
    }

    fn answer(&self, link: &str) -> Option<&'a Answer> {
        let since = before(self.at, ANSWER_FRESH.max(self.stretch));
        let items = self.timeline.items[..self.order].iter().rev().take_while(|item| item.at >= since);
        items.into_iter().find_map(|item| match item.what {
            Submitted::Answers(answers) => {
                answers.answers.iter().rev().find(|(name, _)| name == link).map(|(_, value)| value)
            }
            _ => None,
        })
    }

    /// The readings a window holds, oldest first.
    pub fn window(&self, component: Component, window: Window) -> Option<&'a [Sample]> {
        let samples = self.timeline.samples(component, self.order);
        let since = |from| &samples[samples.partition_point(|sample| sample.at < from)..];
        match (window.length, window.before) {
            (Length::Days(days), None) => Some(since(self.calendar.midnight_before(self.at, i64::from(days)))),
            (Length::Days(days), Some(Length::Days(those))) => {
                let until = self.calendar.midnight_before(self.at, i64::from(those));
                let from = self.calendar.midnight_before(self.at, i64::from(those) + i64::from(days));
                let end = samples.partition_point(|sample| sample.at < until);
                let start = samples.partition_point(|sample| sample.at < from);
                samples.get(start..end)
            }
            (Length::Hours(hours), None) => Some(since(before(self.at, SignedDuration::from_hours(i64::from(hours))))),
            (Length::Last(count), None) => {
                let recent = since(before(self.at, LAST_WITHIN));
                Some(&recent[recent.len().saturating_sub(usize::from(count))..])
            }
            _ => None,
        }
    }

    fn aggregate(&self, function: Function, samples: &[Sample], at_least: u16) -> Option<f64> {
        let enough = |count: usize| count >= usize::from(at_least.max(1));
        if matches!(function, Function::Mean | Function::Median) {
            // HI and LO have no number to average: what is left without them may raise, and never clears.
            if self.mode == Mode::Clear && samples.iter().any(|sample| !sample.value.is_finite()) {
                return None;
            }
            let usable = samples.iter().filter(|sample| {
                sample.value.is_finite()
                    && sample.is_trusted(self.order)
                    && (self.mode == Mode::Raise || !sample.dated_by_arrival)
            });
            if function == Function::Mean {
                let (count, sum) = usable.fold((0_u32, 0.0), |(count, sum), sample| (count + 1, sum + sample.value));
                return enough(count as usize).then(|| sum / f64::from(count));
            }
            let mut values: Vec<f64> = usable.map(|sample| sample.value).collect();
            return enough(values.len()).then(|| median(&mut values)).flatten();
        }
        if !enough(samples.len()) || !samples.iter().all(|sample| self.may_use(sample)) {
            return None;
        }
        let values = samples.iter().map(|sample| sample.value);
        let latest = samples.last()?.value;
        let result = match function {
            Function::Min => values.fold(f64::INFINITY, f64::min),
            Function::Max => values.fold(f64::NEG_INFINITY, f64::max),
            Function::Rise => latest - values.fold(f64::INFINITY, f64::min),
            Function::Fall => values.fold(f64::NEG_INFINITY, f64::max) - latest,
            Function::Last | Function::Mean | Function::Median => latest,
        };
        (!result.is_nan()).then_some(result)
    }

    fn count(&self, condition: &Condition, vital: Vital, window: Window, at_least: u16) -> Option<f64> {
        let first = vital.components().next()?;
        let samples = self.window(first, window)?;
        let mut counted = 0_u32;
        let mut judged = 0_u32;
        for sample in samples {
            let truth = Instant { only: Some(sample.order), ..*self }.truth(condition);
            // In `Clear`, one that cannot be judged leaves the count open.
            if truth.is_none() && self.mode == Mode::Clear {
                return None;
            }
            judged += u32::from(truth.is_some());
            counted += u32::from(truth == Some(true));
        }
        (judged >= u32::from(at_least)).then(|| f64::from(counted))
    }

    /// When the readings behind all bare vitals were taken. None: one is missing.
    fn times_of_bare(&self, condition: &Condition, times: &mut Vec<Timestamp>) -> Option<()> {
        for component in super::walk::components(condition) {
            times.push(self.latest(component)?.at);
        }
        Some(())
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values.get(middle).copied()
    } else {
        Some((values.get(middle.checked_sub(1)?)? + values.get(middle)?) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{and, median, or};

    const ALL: [Option<bool>; 3] = [Some(true), Some(false), None];

    #[test]
    fn the_median_is_the_middle_one_or_lies_between_the_middle_two() {
        assert_eq!(median(&mut [190.0, 120.0, 150.0]), Some(150.0));
        assert_eq!(median(&mut [190.0, 150.0, 120.0, 130.0]), Some(140.0));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn kleenes_laws_hold() {
        let not = |truth: Option<bool>| truth.map(|truth| !truth);
        for a in ALL {
            assert_eq!(and(a, || Some(true)), a);
            assert_eq!(or(a, || Some(false)), a);
            assert_eq!(and(a, || Some(false)), Some(false));
            assert_eq!(or(a, || Some(true)), Some(true));
            assert_eq!((and(a, || a), or(a, || a)), (a, a));
            for b in ALL {
                assert_eq!((and(a, || b), or(a, || b)), (and(b, || a), or(b, || a)));
                assert_eq!(not(and(a, || b)), or(not(a), || not(b)));
                assert_eq!(and(a, || or(a, || b)), a);
                for c in ALL {
                    assert_eq!(and(and(a, || b), || c), and(a, || and(b, || c)));
                    assert_eq!(and(a, || or(b, || c)), or(and(a, || b), || and(a, || c)));
                }
            }
        }
    }

    #[test]
    fn unknown_is_neither() {
        assert_eq!(and(None, || Some(true)), None);
        assert_eq!(or(None, || Some(false)), None);
    }
}
