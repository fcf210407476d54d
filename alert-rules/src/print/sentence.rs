//! Conditions in plain English: what a clause says, with the limits of its pack named and their defaults beside them.

use jiff::SignedDuration;

use crate::expression::{
    Comparison, Condition, ConditionKind, Function, Length, Operator, Quantity, QuantityKind, Wanted, Which, Window,
};
use crate::rule::{Clause, Join, Limit};
use crate::unit::{Dimension, quantity_in_words};
use crate::vital::Component;

/// The conditions of a clause, one sentence each, and the words that join them.
pub fn clause(clause: &Clause, limits: &[Limit]) -> (&'static str, Vec<String>) {
    let join = match (clause.conditions.len(), clause.join) {
        (1, _) => "when",
        (_, Join::Any) => "when any of these holds",
        (_, Join::All) => "when all of these hold",
    };
    (join, clause.conditions.iter().map(|each| condition(each, limits)).collect())
}

pub fn condition(condition_: &Condition, limits: &[Limit]) -> String {
    match &condition_.kind {
        ConditionKind::Compare { left, comparison, right } => {
            format!("{} {} {}", quantity(left, limits), comparison_words(*comparison), quantity(right, limits))
        }
        ConditionKind::Between { value, from, to } => {
            format!("{} is from {} to {}", quantity(value, limits), quantity(from, limits), quantity(to, limits))
        }
        ConditionKind::And(left, right) => format!("{} and {}", condition(left, limits), condition(right, limits)),
        ConditionKind::Or(left, right) => format!("({} or {})", condition(left, limits), condition(right, limits)),
        ConditionKind::Not(inner) if matches!(inner.kind, ConditionKind::Tag(_)) => {
            condition(inner, limits).replacen("is marked", "is not marked", 1)
        }
        ConditionKind::Not(inner) if matches!(inner.kind, ConditionKind::And(..)) => {
            format!("it is not so that ({})", condition(inner, limits))
        }
        ConditionKind::Not(inner) => format!("it is not so that {}", condition(inner, limits)),
        ConditionKind::Tag(tag) => format!("the patient is marked “{}”", tag.replace('_', " ")),
        ConditionKind::Answer { link, wanted, negated } => {
            let wanted = match wanted {
                Wanted::Yes => "yes",
                Wanted::No => "no",
                Wanted::Text(text) => text,
            };
            let is = if *negated { "is not" } else { "is" };
            format!("the answer to “{}” {is} {wanted}", link.replace('_', " "))
        }
        ConditionKind::News2AnyThree => "a single row of NEWS2 scores 3".to_owned(),
        ConditionKind::Event { name } => format!("the patient reports “{}”", name.replace('_', " ")),
        ConditionKind::Overdue { due, grace } => format!("{} is overdue by {}", due.words(), duration(*grace)),
        ConditionKind::Together { inner, within } => {
            let inner = match &inner.kind {
                ConditionKind::And(..) => format!("({})", condition(inner, limits)),
                _ => condition(inner, limits),
            };
            format!("{inner}, measured within {} of each other", duration(*within))
        }
        ConditionKind::Readings { which, condition: inner, window, at_least, .. } => {
            let which = match which {
                Which::All => "each reading",
                Which::Any => "some reading",
            };
            let (inner, window) = (condition(inner, limits), window_words(*window));
            format!("of {which} {window} (at least {at_least} readings) it is so that {inner}")
        }
        ConditionKind::Sustained { condition: inner, span, .. } => {
            format!("it is so for {} and more, at every reading, that {}", duration(*span), condition(inner, limits))
        }
    }
}

pub fn quantity(quantity_: &Quantity, limits: &[Limit]) -> String {
    match &quantity_.kind {
        QuantityKind::Number(value) => number(quantity_.dimension, *value),
        QuantityKind::Latest(component) => component.words().to_owned(),
        QuantityKind::Limit(index) => limits.get(*index).map_or_else(|| "a limit".to_owned(), limit_words),
        QuantityKind::Age => "age".to_owned(),
        QuantityKind::Answer(link) => format!("the number answered to “{}”", link.replace('_', " ")),
        QuantityKind::News2 => "the NEWS2 score".to_owned(),
        QuantityKind::News2LowerBound => "the NEWS2 score of what is known (the rest counted as 0)".to_owned(),
        QuantityKind::HomeAverage(component) => format!(
            "the home average of {} (two readings morning and evening on at least 4 of the last 7 days, the first day left out)",
            component.words()
        ),
        QuantityKind::PosturalFall(component) => format!(
            "the fall of {} on standing up (seated, minus standing no more than 10 minutes later)",
            component.words()
        ),
        QuantityKind::Aggregate { function, component, window, at_least } => {
            let (words, window) = (function_words(*function, *component), window_words(*window));
            format!("{words} {window} (at least {at_least} readings)")
        }
        QuantityKind::Count { condition: inner, window, at_least, .. } => {
            format!(
                "the number of readings where {} {} (at least {at_least} readings)",
                condition(inner, limits),
                window_words(*window)
            )
        }
        QuantityKind::Arithmetic { left, operator, right } => {
            let operator = match operator {
                Operator::Plus => "plus",
                Operator::Minus => "minus",
                Operator::Times => "times",
                Operator::Over => "divided by",
                Operator::PercentOf => "of",
            };
            format!("{} {operator} {}", part(left, limits), part(right, limits))
        }
        QuantityKind::Negative(inner) => format!("minus {}", part(inner, limits)),
    }
}

/// A quantity within another: a sum in brackets, so that what belongs together is not guessed.
fn part(quantity_: &Quantity, limits: &[Limit]) -> String {
    match &quantity_.kind {
        QuantityKind::Arithmetic { .. } => format!("({})", quantity(quantity_, limits)),
        _ => quantity(quantity_, limits),
    }
}

/// `the severe systolic (180 mmHg)`.
fn limit_words(limit: &Limit) -> String {
    let default = number(limit.dimension, limit.default);
    let by_age = limit
        .by_age
        .iter()
        .map(|step| format!(", from {} years {}", step.from_years, number(limit.dimension, step.value)));
    format!("the {} ({default}{})", limit.name.replace('_', " "), by_age.collect::<String>())
}

fn comparison_words(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "is below",
        Comparison::AtMost => "is at or below",
        Comparison::AtLeast => "is at or above",
        Comparison::More => "is above",
        Comparison::Equal => "is",
        Comparison::NotEqual => "is not",
    }
}

fn function_words(function: Function, component: Component) -> String {
    let words = component.words();
    match function {
        Function::Mean => format!("the mean of {words}"),
        Function::Median => format!("the median of {words}"),
        Function::Min => format!("the lowest {words}"),
        Function::Max => format!("the highest {words}"),
        Function::Last => format!("the last {words}"),
        Function::Rise => format!("the rise of {words} (latest minus lowest)"),
        Function::Fall => format!("the fall of {words} (highest minus latest)"),
        Function::StdDev => format!("the standard deviation of {words}"),
        Function::Slope => format!("the slope of {words} (straight line through the readings)"),
    }
}

fn window_words(window: Window) -> String {
    match window.before {
        None => format!("over {}", length_words(window.length)),
        Some(before) => format!("over the {} before the last {}", length_words(window.length), length_words(before)),
    }
}

fn length_words(length: Length) -> String {
    match length {
        Length::Days(days) => counted(i64::from(days), "day"),
        Length::Hours(hours) => counted(i64::from(hours), "hour"),
        Length::Last(readings) => format!("the last {readings}"),
    }
}

pub fn duration(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    if minutes % 60 == 0 && minutes >= 60 { counted(minutes / 60, "hour") } else { counted(minutes, "minute") }
}

fn counted(number: i64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// As people write it: 25 kg, 4.0 mmol/L.
pub fn number(dimension: Dimension, value: f64) -> String {
    let at_least = usize::from(dimension == Dimension::Concentration);
    let needed = (0..3).find(|digits| (value * 10f64.powi(*digits)).fract().abs() < 1e-9).unwrap_or(3) as usize;
    quantity_in_words(dimension, needed.max(at_least), value)
}

#[cfg(test)]
mod tests {
    use crate::expression::parser::{self, Scope};

    fn said(text: &str) -> String {
        super::condition(&parser::condition(text, Scope { limits: &[] }).expect("parses"), &[])
    }

    #[test]
    fn what_means_another_thing_reads_differently() {
        let (apart, together) = ("not pregnant and lives_alone", "not (pregnant and lives_alone)");
        assert_ne!(said(apart), said(together));
        let (one, other) = ("not lives_alone or pregnant", "not (lives_alone or pregnant)");
        assert_ne!(said(one), said(other));
        let of_systolic = |sum: &str| said(&format!("{sum} > 5 mmHg"));
        assert_ne!(of_systolic("systolic - diastolic - 10 mmHg"), of_systolic("systolic - (diastolic - 10 mmHg)"));
        let negated = "not (systolic < 90 mmHg and diastolic < 60 mmHg)";
        assert!(said(negated).starts_with("it is not so that ("), "{}", said(negated));
    }
}
