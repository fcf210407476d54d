//! What may stand where: conditions, quantities, and dimensions that meet.

use super::fault::Fault;
use super::parser::Term;
use super::{Comparison, Condition, ConditionKind, Operator, Quantity, QuantityKind, Span, Wanted};
use crate::unit::{ACVPU, Dimension};
use crate::vital::Component;

pub(super) fn arithmetic(left: Quantity, operator: Operator, right: Quantity, dimension: Dimension) -> Quantity {
    let span = Span { from: left.span.from, to: right.span.to };
    let kind = QuantityKind::Arithmetic { left: Box::new(left), operator, right: Box::new(right) };
    Quantity { kind, dimension, span }
}

pub(super) fn as_condition(term: Term) -> Result<Condition, Fault> {
    match term {
        Term::Condition(condition) => Ok(condition),
        Term::Quantity(quantity) => {
            Err(Fault::new(quantity.span, "this is a quantity, not a condition").hint("compare it with something"))
        }
        Term::Answer { span, .. } => {
            Err(Fault::new(span, "this is an answer, not a condition").hint("write = yes after it"))
        }
        Term::Said { circumstance, span } => Err(yes_or_no(circumstance, span)),
        Term::Word { span, .. } => Err(Fault::new(span, "this is a word, not a condition")),
    }
}

pub(super) fn as_quantity(term: Term) -> Result<Quantity, Fault> {
    match term {
        Term::Quantity(quantity) => Ok(quantity),
        Term::Answer { link, span } => {
            Ok(Quantity { kind: QuantityKind::Answer(link), dimension: Dimension::Number, span })
        }
        Term::Condition(condition) => Err(Fault::new(condition.span, "this is a condition, not a quantity")),
        Term::Said { circumstance, span } => Err(yes_or_no(circumstance, span)),
        Term::Word { span, .. } => Err(Fault::new(span, "words are compared with an answer only")),
    }
}

fn yes_or_no(circumstance: Component, span: Span) -> Fault {
    Fault::new(span, format!("{} is yes or no", circumstance.name())).hint("write = yes or = no after it")
}

/// `irregular_pulse = yes`. That it is not yes is the same as that it is no: unknown is neither.
pub(super) fn said_so(
    circumstance: Component,
    span: Span,
    comparison: Comparison,
    wanted: Wanted,
    word: Span,
) -> Result<ConditionKind, Fault> {
    let is_yes = match (comparison, wanted) {
        (Comparison::Equal, Wanted::Yes) | (Comparison::NotEqual, Wanted::No) => true,
        (Comparison::Equal, Wanted::No) | (Comparison::NotEqual, Wanted::Yes) => false,
        _ => return Err(yes_or_no(circumstance, Span { from: span.from, to: word.to })),
    };
    let yes_no = |kind, span| Quantity { kind, dimension: Dimension::YesNo, span };
    Ok(ConditionKind::Compare {
        left: yes_no(QuantityKind::Latest(circumstance), span),
        comparison: Comparison::Equal,
        right: yes_no(QuantityKind::Number(f64::from(u8::from(is_yes))), word),
    })
}

/// A lower bound stands alone to the left of `>=` or `>`: that it is reached is known, that it is not may be ignorance.
pub(super) fn only_reached(term: &Term, comparison: Option<Comparison>) -> Result<(), Fault> {
    fn has_one(quantity: &Quantity) -> bool {
        match &quantity.kind {
            QuantityKind::News2LowerBound => true,
            QuantityKind::Arithmetic { left, right, .. } => has_one(left) || has_one(right),
            QuantityKind::Negative(inner) => has_one(inner),
            _ => false,
        }
    }
    let Term::Quantity(quantity) = term else { return Ok(()) };
    let is_reached = matches!(quantity.kind, QuantityKind::News2LowerBound)
        && matches!(comparison, Some(Comparison::AtLeast | Comparison::More));
    if is_reached || !has_one(quantity) {
        return Ok(());
    }
    Err(Fault::new(quantity.span, "a lower bound says only that it is at least so much")
        .hint("write news2.lower_bound >= 5; news2 is the score itself, known when every input is"))
}

/// A plain number also counts as a score.
pub(super) fn same_dimension(left: &Quantity, right: &Quantity) -> Result<(), Fault> {
    use Dimension::{Number, Score};
    if left.dimension == right.dimension
        || matches!((left.dimension, right.dimension), (Score, Number) | (Number, Score))
    {
        return Ok(());
    }
    let message = format!("{} cannot meet {}", of(left.dimension), of(right.dimension));
    let fault = Fault::new(Span { from: left.span.from, to: right.span.to }, message);
    Err(match (left.dimension, right.dimension) {
        (Dimension::Consciousness, _) | (_, Dimension::Consciousness) => {
            fault.hint(format!("one of {}", ACVPU.join(", ")))
        }
        (other, Number) | (Number, other) => fault.hint(format!("write the number with its unit, {}", other.display())),
        _ => fault,
    })
}

pub(super) fn of(dimension: Dimension) -> String {
    match dimension.display() {
        "" if dimension == Dimension::Consciousness => "a level of consciousness".to_owned(),
        "" => "a plain number".to_owned(),
        unit => format!("a value in {unit}"),
    }
}
