//! A true condition in words: the values it saw and the limits it met, for the reasons under a finding.

use super::evaluator::Instant;
use super::{Comparison, Condition, ConditionKind, Function, Length, Quantity, QuantityKind, Wanted, Window};
use crate::reading::Comparator;
use crate::rule::Clause;
use crate::unit::{Dimension, in_words, quantity_in_words};
use crate::vital::Component;

/// One sentence for each part of the clause that is true.
pub(crate) fn clause(instant: &Instant<'_>, clause: &Clause) -> Vec<String> {
    let mut sentences = Vec::new();
    for condition in &clause.conditions {
        describe(instant, condition, &mut sentences);
    }
    sentences
}

fn describe(instant: &Instant<'_>, condition: &Condition, sentences: &mut Vec<String>) {
    if instant.truth(condition) != Some(true) {
        return;
    }
    match &condition.kind {
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            describe(instant, left, sentences);
            describe(instant, right, sentences);
        }
        ConditionKind::Together { inner, .. } => describe(instant, inner, sentences),
        ConditionKind::Compare { left, comparison, right } => {
            let relation = match comparison {
                Comparison::Less => "below",
                Comparison::AtMost => "at or below",
                Comparison::AtLeast => "at or above",
                Comparison::More => "above",
                Comparison::Equal => "equal to",
                Comparison::NotEqual => "other than",
            };
            sentences.push(format!("{}, {relation} {}", subject(instant, left), bound(instant, right)));
        }
        ConditionKind::Between { value, from, to } => {
            let (from, to) = (bound(instant, from), bound(instant, to));
            sentences.push(format!("{}, between {from} and {to}", subject(instant, value)));
        }
        ConditionKind::Not(inner) => {
            if let ConditionKind::Tag(tag) = &inner.kind {
                sentences.push(format!("not {}", spaced(tag)));
            }
        }
        ConditionKind::Tag(tag) => sentences.push(spaced(tag)),
        ConditionKind::Answer { link, wanted, negated } => {
            let wanted = match wanted {
                Wanted::Yes => "yes",
                Wanted::No => "no",
                Wanted::Text(text) => text,
            };
            let not = if *negated { "not " } else { "" };
            sentences.push(format!("answered {not}{wanted} to {}", spaced(link)));
        }
        ConditionKind::Event { name } => sentences.push(format!("reported {}", spaced(name))),
        ConditionKind::Overdue { vital, .. } => {
            let last = instant.timeline.measured(*vital, instant.order).next();
            let zone = &instant.facts.time_zone;
            sentences.push(match last {
                Some(item) => {
                    format!("no {} since {}", vital.words(), zone.to_datetime(item.at).strftime("%-d %B %Y at %H:%M"))
                }
                None => format!("no {} for as long as it has been due", vital.words()),
            });
        }
    }
}

/// `systolic 184 mmHg`; `mean systolic of 12 readings over 7 days 142 mmHg`.
fn subject(instant: &Instant<'_>, quantity: &Quantity) -> String {
    match &quantity.kind {
        QuantityKind::Latest(component) => match instant.latest(*component).map(|sample| sample.measured) {
            Some(measured) => match (measured.comparator, measured.value) {
                (Some(comparator), _) => format!("{} {}", component.words(), off_scale(comparator)),
                (None, Some(value)) => format!("{} {}", component.words(), in_words(*component, value)),
                (None, None) => component.words().to_owned(),
            },
            None => component.words().to_owned(),
        },
        QuantityKind::Aggregate { function, component, window, .. } => {
            let name = match function {
                Function::Mean => "mean",
                Function::Median => "median",
                Function::Min => "lowest",
                Function::Max => "highest",
                Function::Last => "last",
                Function::Rise => "rise of",
                Function::Fall => "fall of",
            };
            let count = instant.window(*component, *window).map_or(0, <[_]>::len);
            let value = amount(instant, quantity);
            format!("{name} {} {value} ({count} readings {})", component.words(), window_in_words(*window))
        }
        QuantityKind::Count { window, .. } => {
            format!("{} readings {}", amount(instant, quantity), window_in_words(*window))
        }
        QuantityKind::Age => format!("age {}", amount(instant, quantity)),
        QuantityKind::Answer(link) => format!("answered {} to {}", amount(instant, quantity), spaced(link)),
        _ => amount(instant, quantity),
    }
}

/// `180 mmHg (severe systolic, the pack's default)`.
fn bound(instant: &Instant<'_>, quantity: &Quantity) -> String {
    let value = amount(instant, quantity);
    match limit_in(quantity).and_then(|index| Some((index, instant.limits.limits.get(index)?))) {
        Some((index, limit)) => {
            format!("{value} ({}, {})", spaced(&limit.name), instant.limits.whose(index, instant.at))
        }
        None => value,
    }
}

fn limit_in(quantity: &Quantity) -> Option<usize> {
    match &quantity.kind {
        QuantityKind::Limit(index) => Some(*index),
        QuantityKind::Arithmetic { left, right, .. } => limit_in(left).or_else(|| limit_in(right)),
        QuantityKind::Negative(inner) => limit_in(inner),
        _ => None,
    }
}

fn amount(instant: &Instant<'_>, quantity: &Quantity) -> String {
    match instant.value(quantity) {
        None => "unknown".to_owned(),
        Some(value) if value == f64::INFINITY => off_scale(Comparator::High).to_owned(),
        Some(value) if value == f64::NEG_INFINITY => off_scale(Comparator::Low).to_owned(),
        Some(value) => quantity_in_words(quantity.dimension, decimals(quantity.dimension), value),
    }
}

/// A meter's words.
pub(crate) fn off_scale(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::High => "HI",
        Comparator::Low => "LO",
    }
}

fn decimals(dimension: Dimension) -> usize {
    let of = Component::ALL.into_iter().filter(|component| component.dimension() == dimension);
    of.map(|component| component.facts().decimals).max().unwrap_or(0).min(1)
}

fn window_in_words(window: Window) -> String {
    let length = match window.length {
        Length::Days(days) => format!("over {days} days"),
        Length::Hours(hours) => format!("over {hours} h"),
        Length::Last(count) => format!("of the last {count}"),
    };
    if window.before.is_some() { format!("{length} before those") } else { length }
}

fn spaced(name: &str) -> String {
    name.replace(['_', '-'], " ")
}
