//! What a condition is worth at one moment, worked out from everything that is known then.

use alert_rules::Component;
use alert_rules::expression::{
    Comparison, Condition, ConditionKind, Length, Operator, Quantity, QuantityKind, Wanted, Which, Window,
};
use alert_rules::facts::{Due, Slot};
use alert_rules::reading::Answer;
use alert_rules::rule::{Clause, Join, Pack};
use alert_rules::unit::Dimension;
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};

use crate::known::{Known, What, World, hours};

/// Numbers no further apart are the same.
const SAME: f64 = 1e-9;

/// One moment: a time, and how many items are known.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    pub world: &'a World<'a>,
    pub pack: &'a Pack,
    pub at: Timestamp,
    pub known: usize,
    /// Asked in order to end something: what is doubted does not count.
    pub clearing: bool,
    /// Inside `count`: the one reading that is looked at.
    pub only: Option<usize>,
}

impl Moment<'_> {
    pub fn clause(&self, clause: &Clause) -> Option<bool> {
        let truths: Vec<_> = clause.conditions.iter().map(|condition| self.truth(condition)).collect();
        match clause.join {
            Join::All => all(&truths),
            Join::Any => any(&truths),
        }
    }

    pub fn truth(&self, condition: &Condition) -> Option<bool> {
        match &condition.kind {
            ConditionKind::And(one, other) => all(&[self.truth(one), self.truth(other)]),
            ConditionKind::Or(one, other) => any(&[self.truth(one), self.truth(other)]),
            ConditionKind::Not(inner) => self.truth(inner).map(|truth| !truth),
            ConditionKind::Compare { left, comparison, right } => {
                let at_least = matches!(left.kind, QuantityKind::News2LowerBound);
                let (left, right) = (self.number(left)?, self.number(right)?);
                // Below the threshold so far, and the missing ones may bring it there.
                if at_least && left < right && self.early_warning().is_none() {
                    return None;
                }
                let equal = left == right || (left - right).abs() <= SAME;
                Some(match comparison {
                    Comparison::Less => left < right && !equal,
                    Comparison::AtMost => left < right || equal,
                    Comparison::AtLeast => left > right || equal,
                    Comparison::More => left > right && !equal,
                    Comparison::Equal => equal,
                    Comparison::NotEqual => !equal,
                })
            }
            ConditionKind::Between { value, from, to } => {
                let (value, from, to) = (self.number(value)?, self.number(from)?, self.number(to)?);
                Some(from - SAME <= value && value <= to + SAME)
            }
            ConditionKind::Tag(tag) => self.world.facts.tags.get(*tag).copied(),
            ConditionKind::Event { name } => {
                let mut happened = false;
                for item in self.last_day() {
                    happened |= matches!(&self.world.items[item].what, What::Event(event) if event == name);
                }
                Some(happened)
            }
            ConditionKind::Answer { link, wanted, negated } => {
                let answer = self.answer(link)?;
                let is_so = match wanted {
                    Wanted::Yes => answer.yes()?,
                    Wanted::No => !answer.yes()?,
                    Wanted::Text(text) => {
                        answer == Answer::Text(text.clone())
                            || matches!(&answer, Answer::Several(all) if all.contains(text))
                    }
                };
                Some(is_so != *negated)
            }
            ConditionKind::News2AnyThree => self.any_three(),
            ConditionKind::Overdue { due, grace } => Some(self.is_overdue(due, *grace)),
            ConditionKind::Together { inner, within } => {
                let mut taken = Vec::new();
                for component in bare(inner) {
                    taken.push(self.latest(component)?.at);
                }
                let (first, last) = (taken.iter().min()?, taken.iter().max()?);
                if last.duration_since(*first) > *within { None } else { self.truth(inner) }
            }
            ConditionKind::Readings { which, condition, of, window, at_least } => {
                let truths = self.each(condition, *of, *window);
                if truths.iter().filter(|truth| truth.is_some()).count() < usize::from(*at_least) {
                    return None;
                }
                match which {
                    Which::All => all(&truths),
                    Which::Any => any(&truths),
                }
            }
            ConditionKind::Sustained { condition, of, span } => {
                let fresh = hours(of.vital()?.facts().fresh_h);
                let readings = self.world.values(*of, self.known);
                let newest = readings.last().filter(|newest| self.at.duration_since(newest.at) <= fresh)?.at;
                // Back from the newest, one reading after the other.
                let mut later = newest;
                for reading in readings.iter().rev() {
                    if later.duration_since(reading.at) > fresh {
                        return None;
                    }
                    match (Moment { only: Some(reading.item), ..*self }).truth(condition) {
                        Some(true) if newest.duration_since(reading.at) >= *span => return Some(true),
                        Some(true) => later = reading.at,
                        other => return other,
                    }
                }
                None
            }
        }
    }

    pub fn number(&self, quantity: &Quantity) -> Option<f64> {
        match &quantity.kind {
            QuantityKind::Number(number) => Some(*number),
            QuantityKind::Negative(inner) => Some(-self.number(inner)?),
            QuantityKind::Arithmetic { left, operator, right } => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                let finite = left.is_finite() && right.is_finite();
                let result = match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times if finite => left * right,
                    Operator::Over if finite && right != 0.0 => left / right,
                    Operator::PercentOf if finite => left / 100.0 * right,
                    _ => return None,
                };
                if result.is_nan() { None } else { Some(result) }
            }
            QuantityKind::Limit(index) => Some(self.limit(*index)),
            QuantityKind::Age => Some(f64::from(self.age())),
            QuantityKind::Answer(link) => match self.answer(link)? {
                Answer::Number(number) => Some(number),
                Answer::Text(text) => text.parse().ok(),
                Answer::YesNo(_) | Answer::Several(_) => None,
            },
            QuantityKind::Latest(component) => Some(self.latest(*component)?.value.number),
            QuantityKind::Count { condition, of, window, at_least } => {
                let truths = self.each(condition, *of, *window);
                if self.clearing && truths.contains(&None) {
                    return None;
                }
                let judged = truths.iter().filter(|truth| truth.is_some()).count();
                let counted = truths.iter().filter(|truth| **truth == Some(true)).count();
                (judged >= usize::from(*at_least)).then_some(counted as f64)
            }
            QuantityKind::News2 => self.early_warning(),
            QuantityKind::News2LowerBound => self.early_warning_at_least(),
            QuantityKind::HomeAverage(component) => self.home_average(*component),
            QuantityKind::PosturalFall(component) => self.postural_fall(*component),
            QuantityKind::Aggregate { function, component, window, at_least } => {
                self.aggregate(*function, &self.window(*component, *window), usize::from(*at_least))
            }
        }
    }

    pub fn window(&self, component: Component, window: Window) -> Vec<Known> {
        let all = self.world.values(component, self.known);
        let since = |from: Timestamp| all.iter().filter(move |known| known.at >= from).copied();
        match (window.length, window.before) {
            (Length::Days(days), None) => since(self.world.midnight(self.at, i64::from(days))).collect(),
            (Length::Days(days), Some(Length::Days(those))) => {
                let from = self.world.midnight(self.at, i64::from(days) + i64::from(those));
                let until = self.world.midnight(self.at, i64::from(those));
                since(from).filter(|known| known.at < until).collect()
            }
            (Length::Hours(length), None) => since(self.at - hours(i64::from(length))).collect(),
            (Length::Last(count), None) => {
                let mut newest: Vec<_> = since(self.at - hours(90 * 24)).collect();
                while newest.len() > usize::from(count) {
                    newest.remove(0);
                }
                newest
            }
            other => panic!("no such window is read: {other:?}"),
        }
    }

    /// What a bare vital stands for.
    pub fn latest(&self, component: Component) -> Option<Known> {
        let all = self.world.values(component, self.known);
        let mut only = self.only;
        if only.is_none() && matches!(component, Component::IrregularPulse | Component::Standing) {
            // What was said of the last pressure, and of none before it.
            let pressures = [Component::Systolic, Component::Diastolic].map(|of| self.world.values(of, self.known));
            only = pressures.iter().flatten().map(|known| known.item).max();
        }
        let latest = match only {
            Some(item) => all.into_iter().find(|known| known.item == item)?,
            None => all.into_iter().next_back()?,
        };
        let fresh = hours(component.vital()?.facts().fresh_h);
        let too_old = self.only.is_none() && self.at.duration_since(latest.at) > fresh;
        let no_use = self.clearing && (latest.undated || self.world.is_doubted(&latest, self.known));
        (!too_old && !no_use).then_some(latest)
    }

    /// Items of the last 24 hours, newest first.
    fn last_day(&self) -> Vec<usize> {
        let recent = |item: &usize| self.world.items[*item].at >= self.at - hours(24);
        (0..self.known).rev().filter(recent).collect()
    }

    fn answer(&self, link: &str) -> Option<Answer> {
        for item in self.last_day() {
            if let What::Answers { answers, .. } = &self.world.items[item].what {
                for (name, answer) in answers.iter().rev() {
                    if name == link {
                        return Some(answer.clone());
                    }
                }
            }
        }
        None
    }

    pub fn age(&self) -> i16 {
        let (born, today) = (self.world.facts.date_of_birth, self.world.local(self.at));
        let years = today.year() - born.year();
        if (today.month(), today.day()) < (born.month(), born.day()) { years - 1 } else { years }
    }

    fn limit(&self, index: usize) -> f64 {
        let limit = &self.pack.limits[index];
        let own = self.world.facts.plan.limits.get(&format!("{}/{}", self.pack.name, limit.name));
        if let Some(own) = own.filter(|own| own.until.is_none_or(|until| self.at < until)) {
            let read = Dimension::of_literal(own.value, &own.unit);
            if let Some((_, value)) = read.filter(|(dimension, _)| *dimension == limit.dimension)
                && limit.range.from <= value
                && value <= limit.range.to
            {
                return value;
            }
        }
        let mut value = limit.default;
        for step in &limit.by_age {
            if self.age() >= step.from_years {
                value = step.value;
            }
        }
        value
    }

    /// A due time passed by so much, not counting when the patient was away or nobody listened, and nothing since.
    pub fn is_overdue(&self, what: &Due, grace: SignedDuration) -> bool {
        let facts = self.world.facts;
        let last = match what {
            Due::Vital(vital) => self.world.last_measured(*vital, self.known, !self.clearing),
            Due::Questionnaire(id) => self.world.last_answered(id, self.known),
        };
        let since = last.unwrap_or(facts.plan.since);
        for slot in facts.plan.slots.iter().filter(|slot| slot.due == *what) {
            let early = SignedDuration::from_mins(i64::from(slot.early_min));
            let mut date = self.world.local(facts.plan.since).saturating_sub(Span::new().days(1));
            while date <= self.world.local(self.at) {
                let due = self.world.instant(date, slot.at);
                let day = slot.days.is_empty() || slot.days.iter().any(|day| date.weekday() == (*day).into());
                let day = day && is_in_step(slot, date);
                let away = facts.pauses.iter().any(|pause| pause.from <= due && due < pause.until);
                let measured = last.is_some_and(|last| due - early <= last);
                if day && !away && !measured && due >= since && self.listened(due) >= grace {
                    return true;
                }
                date = date.saturating_add(Span::new().days(1));
            }
        }
        false
    }

    /// For how long since then the patient was there and we listened.
    fn listened(&self, since: Timestamp) -> SignedDuration {
        self.world.listened_until(self.at) - self.world.listened_until(since)
    }
}

/// Day by day from the first.
fn is_in_step(slot: &Slot, date: Date) -> bool {
    let (Some(from), Some(every)) = (slot.from, slot.every_days) else {
        return slot.from.is_none_or(|from| date >= from) && slot.until.is_none_or(|until| date <= until);
    };
    let mut day = from;
    while day < date && slot.until.is_none_or(|until| day < until) {
        for _ in 0..every.get() {
            day = day.tomorrow().expect("a usual year");
        }
    }
    day == date && slot.until.is_none_or(|until| date <= until)
}

/// Kleene's.
fn all(truths: &[Option<bool>]) -> Option<bool> {
    if truths.contains(&Some(false)) {
        Some(false)
    } else if truths.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn any(truths: &[Option<bool>]) -> Option<bool> {
    if truths.contains(&Some(true)) {
        Some(true)
    } else if truths.contains(&None) {
        None
    } else {
        Some(false)
    }
}

/// Components that a condition names bare, outside every function.
fn bare(condition: &Condition) -> Vec<Component> {
    fn of_quantity(quantity: &Quantity, found: &mut Vec<Component>) {
        match &quantity.kind {
            QuantityKind::Latest(component) => found.push(*component),
            QuantityKind::Negative(inner) => of_quantity(inner, found),
            QuantityKind::Arithmetic { left, right, .. } => {
                of_quantity(left, found);
                of_quantity(right, found);
            }
            _ => {}
        }
    }
    fn of(condition: &Condition, found: &mut Vec<Component>) {
        match &condition.kind {
            ConditionKind::Compare { left, right, .. } => {
                of_quantity(left, found);
                of_quantity(right, found);
            }
            ConditionKind::Between { value, .. } => of_quantity(value, found),
            ConditionKind::And(one, other) | ConditionKind::Or(one, other) => {
                of(one, found);
                of(other, found);
            }
            ConditionKind::Not(inner) | ConditionKind::Together { inner, .. } => of(inner, found),
            _ => {}
        }
    }
    let mut found = Vec::new();
    of(condition, &mut found);
    found
}
