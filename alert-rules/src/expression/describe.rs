//! A true condition in words: the values it saw and the limits it met, for the reasons under a finding.

use super::evaluator::Instant;
use super::{Comparison, Condition, ConditionKind, Function, Length, Quantity, QuantityKind, Wanted, Window};
use crate::facts::Due;
use crate::print::sentence;
use crate::questionnaire::{Item, Kind};
use crate::reading::{Comparator, Measured};
use crate::timeline::Sample;
use crate::unit::{Dimension, in_words, quantity_in_words};
use crate::vital::{Component, Vital};

/// What was so, and the limit it met if there is one.
pub(crate) type Described = (String, Option<String>);

/// Each part of these conditions that is true.
pub(crate) fn conditions(instant: &Instant<'_>, conditions: &[Condition]) -> Vec<Described> {
    let mut described = Vec::new();
    for condition in conditions {
        describe(instant, condition, true, &mut described);
    }
    described
}

/// Of a condition that is `wanted`, true or false, each part that is.
fn describe(instant: &Instant<'_>, condition: &Condition, wanted: bool, described: &mut Vec<Described>) {
    if instant.truth(condition) != Some(wanted) {
        return;
    }
    let not = |holds: bool| if holds { "" } else { "not " };
    match &condition.kind {
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            describe(instant, left, wanted, described);
            describe(instant, right, wanted, described);
        }
        ConditionKind::Not(inner) => describe(instant, inner, !wanted, described),
        ConditionKind::Together { inner, .. } => describe(instant, inner, wanted, described),
        ConditionKind::Readings { condition, of, window, .. } => {
            let readings = instant.window(*of, *window);
            let which = format!("{} readings {}", readings.map_or(0, <[_]>::len), window_in_words(*window));
            of_one(instant, condition, readings.unwrap_or_default(), wanted, &which, described);
        }
        ConditionKind::Sustained { condition, of, span } => {
            let readings = instant.timeline.samples(*of, instant.order);
            let which = format!("readings for {}", sentence::duration(*span));
            of_one(instant, condition, readings, wanted, &which, described);
        }
        ConditionKind::Compare { left, .. } if left.dimension == Dimension::YesNo => {
            described.push((subject(instant, left), None));
        }
        ConditionKind::Compare { left, comparison, right } => {
            let relation = match (comparison, wanted) {
                (Comparison::Less, true) | (Comparison::AtLeast, false) => "below",
                (Comparison::AtMost, true) | (Comparison::More, false) => "at or below",
                (Comparison::AtLeast, true) | (Comparison::Less, false) => "at or above",
                (Comparison::More, true) | (Comparison::AtMost, false) => "above",
                (Comparison::Equal, true) | (Comparison::NotEqual, false) => "equal to",
                (Comparison::NotEqual, true) | (Comparison::Equal, false) => "other than",
            };
            described.push((subject(instant, left), Some(format!("{relation} {}", bound(instant, right)))));
        }
        ConditionKind::Between { value, from, to } => {
            let (from, to) = (bound(instant, from), bound(instant, to));
            described.push((subject(instant, value), Some(format!("{}between {from} and {to}", not(wanted)))));
        }
        ConditionKind::Tag(tag) => described.push((format!("{}{}", not(wanted), spaced(tag)), None)),
        ConditionKind::Answer { link, wanted: asked, negated } => {
            let question = instant.question(link);
            let answer = match asked {
                Wanted::Yes => "yes".to_owned(),
                Wanted::No => "no".to_owned(),
                Wanted::Text(code) => chosen(question, code),
            };
            let not = not(*negated != wanted);
            described.push((format!("answered {not}{answer} to {}", asked_in_words(question, link)), None));
        }
        ConditionKind::News2AnyThree => described.push((news2(instant), None)),
        ConditionKind::Event { name } if wanted => described.push((format!("reported {}", spaced(name)), None)),
        ConditionKind::Event { name } => described.push((format!("no {} reported", spaced(name)), None)),
        ConditionKind::Overdue { due, .. } if !wanted => {
            described.push((format!("{} not overdue", due.words()), None));
        }
        ConditionKind::Overdue { due, .. } => {
            let last = match due {
                Due::Vital(vital) => instant.timeline.measured(*vital, instant.order).next(),
                Due::Questionnaire(id) => instant.timeline.answered(id, instant.order),
            };
            let zone = &instant.facts.time_zone;
            let overdue = match last {
                Some(item) => {
                    format!("no {} since {}", due.words(), zone.to_datetime(item.at).strftime("%-d %B %Y at %H:%M"))
                }
                None => format!("no {} for as long as it has been due", due.words()),
            };
            described.push((overdue, None));
        }
    }
}

/// A question in the words that were shown; its link id where nobody knows them.
pub(crate) fn asked_in_words(question: Option<&Item>, link: &str) -> String {
    question.map_or_else(|| spaced(link), |item| format!("“{}”", item.text.text))
}

/// An option in the words that were shown; its code where nobody knows them.
fn chosen(question: Option<&Item>, code: &str) -> String {
    let words = question.and_then(|item| match &item.kind {
        Kind::Choice(choices) => choices.iter().find(|choice| choice.code == code),
        _ => None,
    });
    words.map_or_else(|| code.to_owned(), |choice| format!("“{}”", choice.display.text))
}

/// The newest of several readings that was what all or one of them had to be (or was not), and of which it is one.
fn of_one(
    instant: &Instant<'_>,
    condition: &Condition,
    readings: &[Sample],
    wanted: bool,
    of: &str,
    described: &mut Vec<Described>,
) {
    let alone = |sample: &Sample| Instant { only: Some(sample.order), ..*instant };
    let Some(newest) = readings.iter().rev().find(|sample| alone(sample).truth(condition) == Some(wanted)) else {
        return described.push((format!("none of the {of}"), None));
    };
    let before = described.len();
    describe(&alone(newest), condition, wanted, described);
    for (what, _) in &mut described[before..] {
        *what = format!("{what}, of the {of}");
    }
}

/// `systolic 184 mmHg`; `mean systolic of 12 readings over 7 days 142 mmHg`.
fn subject(instant: &Instant<'_>, quantity: &Quantity) -> String {
    match &quantity.kind {
        QuantityKind::Latest(component) => match instant.latest(*component) {
            Some(sample) => named(*component, sample.measured),
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
                Function::StdDev => "standard deviation of",
                Function::Slope => "slope of",
            };
            let count = instant.window(*component, *window).map_or(0, <[_]>::len);
            let value = amount(instant, quantity);
            format!("{name} {} {value} ({count} readings {})", component.words(), window_in_words(*window))
        }
        QuantityKind::News2 | QuantityKind::News2LowerBound => news2(instant),
        QuantityKind::HomeAverage(component) => {
            format!("home average of {} {}", component.words(), amount(instant, quantity))
        }
        QuantityKind::PosturalFall(component) => {
            format!("{}, {} lower standing", component.words(), amount(instant, quantity))
        }
        QuantityKind::Count { condition, window, .. } => {
            let which = sentence::condition(condition, instant.limits.limits);
            format!("{} readings {} where {which}", amount(instant, quantity), window_in_words(*window))
        }
        QuantityKind::Age => format!("age {}", amount(instant, quantity)),
        QuantityKind::Answer(link) => {
            format!("answered {} to {}", amount(instant, quantity), asked_in_words(instant.question(link), link))
        }
        _ => amount(instant, quantity),
    }
}

/// The score and what makes it; with scale 2, who set it and when.
pub(crate) fn news2(instant: &Instant<'_>) -> String {
    let Some(score) = instant.news2() else { return "NEWS2 unknown".to_owned() };
    match &instant.facts.spo2_scale_2 {
        None => score.in_words(),
        Some(set) => {
            let date = instant.facts.time_zone.to_datetime(set.at).strftime("%-d %B %Y");
            format!("{}; oxygen level on scale 2, set by {} on {date}", score.in_words(), set.by)
        }
    }
}

/// One act of measuring, as it is said beside a problem that names what was measured: `186/101 mmHg`, `HI`; where the
/// values are not what the vital is measured for, `pulse 134/min`.
pub(crate) fn reading(vital: Vital, values: &[(Component, Measured)]) -> String {
    let required: Vec<_> = values.iter().filter(|(component, _)| vital.facts().required.contains(component)).collect();
    match (required.as_slice(), values) {
        ([], values) => values.first().map_or_else(String::new, |(component, measured)| named(*component, *measured)),
        ([(component, measured)], _) => alone(*component, *measured),
        ([(component, _), ..], _) => {
            let numbers: Vec<String> =
                required.iter().map(|(component, measured)| number(*component, *measured)).collect();
            format!("{} {}", numbers.join("/"), component.dimension().display())
        }
    }
}

/// `systolic 184 mmHg`, `glucose LO`.
fn named(component: Component, measured: Measured) -> String {
    format!("{} {}", component.words(), alone(component, measured))
}

fn alone(component: Component, measured: Measured) -> String {
    match (measured.comparator, measured.value) {
        (None, Some(value)) => in_words(component, value),
        _ => number(component, measured),
    }
}

fn number(component: Component, measured: Measured) -> String {
    match (measured.comparator, measured.value) {
        (Some(comparator), _) => off_scale(comparator).to_owned(),
        (None, Some(value)) => format!("{value:.*}", component.facts().decimals),
        (None, None) => "unknown".to_owned(),
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

pub(crate) fn amount(instant: &Instant<'_>, quantity: &Quantity) -> String {
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
