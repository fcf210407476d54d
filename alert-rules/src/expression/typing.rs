//! What may stand where: conditions, quantities, and dimensions that meet.

use super::fault::Fault;
use super::parser::Term;
use super::{Condition, Operator, Quantity, QuantityKind, Span};
use crate::unit::Dimension;

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
        Term::Word { span, .. } => Err(Fault::new(span, "words are compared with an answer only")),
    }
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
        (other, Number) | (Number, other) => fault.hint(format!("write the number with its unit, {}", other.display())),
        _ => fault,
    })
}

pub(super) fn of(dimension: Dimension) -> String {
    match dimension.display() {
        "" => "a plain number".to_owned(),
        unit => format!("a value in {unit}"),
    }
}
