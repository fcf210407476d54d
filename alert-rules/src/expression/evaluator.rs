//! What a condition is worth at an instant: true, false or unknown. Missing, stale or too few is unknown, never false.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::walk::{ANSWER_FRESH, LAST_WITHIN};
use super::{Comparison, Condition, ConditionKind, Length, Operator, Quantity, QuantityKind, Wanted, Window};
use crate::calendar::{Calendar, before};
use crate::facts::{Due, Facts};
use crate::limits::Limits;
use crate::questionnaire::Item;
use crate::reading::{Answer, Answers};
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

/// Values nearer to each other than this are the same: far below what any instrument shows, far above what adding and
/// dividing in binary leaves behind (64.4 kg - 62.4 kg is 2 kg, and not more).
const SAME_WITHIN: f64 = 1e-9;

fn compared(left: f64, right: f64) -> Ordering {
    if (left - right).abs() <= SAME_WITHIN { Ordering::Equal } else { left.total_cmp(&right) }
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
                let order = compared(self.value(left)?, self.value(right)?);
                let is_lower_bound = matches!(left.kind, QuantityKind::News2LowerBound);
                if is_lower_bound && order.is_lt() && self.news2_total().is_none() {
                    return None;
                }
                Some(match comparison {
                    Comparison::Less => order.is_lt(),
                    Comparison::AtMost => order.is_le(),
                    Comparison::AtLeast => order.is_ge(),
                    Comparison::More => order.is_gt(),
                    Comparison::Equal => order.is_eq(),
                    Comparison::NotEqual => order.is_ne(),
                })
            }
            ConditionKind::Between { value, from, to } => {
                let value = self.value(value)?;
                Some(compared(value, self.value(from)?).is_ge() && compared(value, self.value(to)?).is_le())
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
                    Wanted::Text(text) => answer.is_text(text),
                };
                Some(equal != *negated)
            }
            ConditionKind::Event { name } => {
                let since = before(self.at, ANSWER_FRESH.max(self.stretch));
                let items = self.timeline.items[..self.order].iter().rev().take_while(|item| item.at >= since);
                Some(items.into_iter().any(|item| matches!(item.what, Submitted::Event(event) if event.event == *name)))
            }
            ConditionKind::Overdue { due, grace } => {
                Some(self.overdue_at(due, *grace).is_some_and(|due| due <= self.at))
            }
            ConditionKind::Together { inner, within } => {
                let mut times = Vec::new();
                self.times_of_bare(inner, &mut times)?;
                let (first, last) = (times.iter().min()?, times.iter().max()?);
                if last.duration_since(*first) > *within { None } else { self.truth(inner) }
            }
            ConditionKind::Readings { which, condition, of, window, at_least } => {
                self.readings(*which, condition, *of, *window, *at_least)
            }
            ConditionKind::News2AnyThree => self.news2()?.any_three,
            ConditionKind::Sustained { condition, of, span } => self.sustained(condition, *of, *span),
        }
    }

    /// When `overdue` becomes true unless something more is sent. A reading dated by arrival never clears; answers count
    /// however many of the questions they answer.
    pub fn overdue_at(&self, due: &Due, grace: SignedDuration) -> Option<Timestamp> {
        let last = match due {
            Due::Vital(vital) => {
                let mut measured = self.timeline.measured(*vital, self.order);
                measured.find(|item| self.mode == Mode::Raise || !item.is_dated_by_arrival())
            }
            Due::Questionnaire(id) => self.timeline.answered(id, self.order),
        };
        self.calendar.overdue_at(due, grace, last.map(|item| item.at), self.at)
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
                Answer::YesNo(_) | Answer::Several(_) => None,
            },
            QuantityKind::News2 => self.news2_total(),
            QuantityKind::News2LowerBound => self.news2_lower_bound(),
            QuantityKind::HomeAverage(component) => self.home_average(*component),
            QuantityKind::PosturalFall(component) => self.postural_fall(*component),
            QuantityKind::Aggregate { function, component, window, at_least } => {
                self.aggregate(*function, self.window(*component, *window)?, *at_least)
            }
            QuantityKind::Count { condition, of, window, at_least } => self.count(condition, *of, *window, *at_least),
            QuantityKind::Arithmetic { left, operator, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let result = match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times | Operator::Over | Operator::PercentOf
                        if !left.is_finite() || !right.is_finite() =>
                    {
                        return None;
                    }
                    Operator::Times => left * right,
                    Operator::PercentOf => left * right / 100.0,
                    Operator::Over => Some(left / right).filter(|ratio| ratio.is_finite())?,
                };
                (!result.is_nan()).then_some(result)
            }
            QuantityKind::Negative(inner) => self.value(inner).map(|inner| -inner),
        }
    }

    /// The value a bare vital stands for. Never skips a doubtful newer value for a trusted older one, and what was said of a
    /// reading is of the newest one or of none.
    pub fn latest(&self, component: Component) -> Option<&'a Sample> {
        let samples = self.timeline.samples(component, self.order);
        let only = match self.only {
            None if component.is_circumstance() => Some(self.newest(component.vital()?)?.order),
            only => only,
        };
        let sample = match only {
            Some(order) => samples.binary_search_by_key(&order, |sample| sample.order).ok().map(|at| &samples[at]),
            None => samples.last(),
        }?;
        let fresh = component.vital()?.fresh().max(self.stretch);
        let stale = self.only.is_none() && self.at.duration_since(sample.at) > fresh;
        (!stale && self.may_use(sample)).then_some(sample)
    }

    fn newest(&self, vital: Vital) -> Option<&'a Sample> {
        let newest = |component| self.timeline.samples(component, self.order).last();
        vital.facts().required.iter().filter_map(|component| newest(*component)).max_by_key(|sample| sample.order)
    }

    pub(super) fn may_use(&self, sample: &Sample) -> bool {
        self.mode == Mode::Raise || sample.is_trusted(self.order) && !sample.dated_by_arrival
    }

    fn answer(&self, link: &str) -> Option<&'a Answer> {
        Some(self.answered(link)?.1)
    }

    /// The question behind an answer, as it was asked; None also where its version was never published here.
    pub fn question(&self, link: &str) -> Option<&'a Item> {
        self.timeline.asked.question(&self.answered(link)?.0.questionnaire, link)
    }

    fn answered(&self, link: &str) -> Option<(&'a Answers, &'a Answer)> {
        let since = before(self.at, ANSWER_FRESH.max(self.stretch));
        let items = self.timeline.items[..self.order].iter().rev().take_while(|item| item.at >= since);
        items.into_iter().find_map(|item| match item.what {
            Submitted::Answers(answers) => {
                answers.answers.iter().rev().find(|(name, _)| name == link).map(|(_, value)| (answers, value))
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

    /// When the readings behind all bare vitals were taken. None: one is missing.
    fn times_of_bare(&self, condition: &Condition, times: &mut Vec<Timestamp>) -> Option<()> {
        for component in super::walk::bare_components(condition) {
            times.push(self.latest(component)?.at);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{and, compared, or};

    const ALL: [Option<bool>; 3] = [Some(true), Some(false), None];

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
    fn what_binary_leaves_behind_is_no_difference() {
        assert_ne!(64.4 - 62.4, 2.0, "in binary it is a little more");
        assert_eq!(compared(64.4 - 62.4, 2.0), Ordering::Equal);
        assert_eq!(compared(2.001, 2.0), Ordering::Greater);
        assert_eq!(compared(1.999, 2.0), Ordering::Less);
        assert_eq!(compared(f64::INFINITY, f64::INFINITY), Ordering::Equal);
        assert_eq!(compared(f64::NEG_INFINITY, 2.0), Ordering::Less);
    }

    #[test]
    fn unknown_is_neither() {
        assert_eq!(and(None, || Some(true)), None);
        assert_eq!(or(None, || Some(false)), None);
    }
}
