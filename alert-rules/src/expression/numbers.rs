//! Numbers with units in rule text: literals, ranges, times, whole numbers.

use jiff::SignedDuration;

use super::fault::{Fault, nearest};
use super::lexer::TokenKind;
use super::parser::{Parser, Scope};
use super::{Quantity, QuantityKind, Span};
use crate::unit::Dimension;

/// `135 mmHg`: a quantity in its canonical unit.
pub(crate) fn literal(text: &str) -> Result<(Dimension, f64), Fault> {
    let mut parser = Parser::new(text, Scope { limits: &[] })?;
    let (value, dimension, _) = parser.number()?;
    parser.end()?;
    Ok((dimension, value))
}

/// `120..160 mmHg`.
pub(crate) fn literal_range(text: &str) -> Result<(Dimension, f64, f64), Fault> {
    let mut parser = Parser::new(text, Scope { limits: &[] })?;
    let (from, to) = parser.range()?;
    parser.end()?;
    match (from.kind, to.kind) {
        (QuantityKind::Number(from), QuantityKind::Number(number)) => Ok((to.dimension, from, number)),
        _ => Err(Fault::new(to.span, "a range is two numbers and a unit")),
    }
}

/// `15 min`.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, Fault> {
    let mut parser = Parser::new(text, Scope { limits: &[] })?;
    let duration = parser.duration()?;
    parser.end()?;
    Ok(duration)
}

impl Parser<'_> {
    /// `88..92 %`: the unit stands once, at the end.
    pub(super) fn range(&mut self) -> Result<(Quantity, Quantity), Fault> {
        let start = self.peek().span;
        let TokenKind::Number(given) = self.peek().kind else { return Err(self.expected("a number, as in 88..92 %")) };
        self.next += 1;
        if !self.take_symbol("..") {
            return Err(self.expected(".. and the other end, as in 88..92 %"));
        }
        let unit_at = self.next + 1;
        let (to, dimension, span) = self.number()?;
        let from = match self.tokens.get(unit_at).map(|token| &token.kind) {
            Some(TokenKind::Unit(unit)) => Dimension::of_literal(given, unit).map_or(given, |(_, value)| value),
            _ => given,
        };
        if from > to {
            return Err(Fault::new(Span { from: start.from, to: span.to }, "the range ends before it begins"));
        }
        let quantity = |value, span| Quantity { kind: QuantityKind::Number(value), dimension, span };
        Ok((quantity(from, start), quantity(to, span)))
    }

    /// A number with its unit, in the canonical unit.
    pub(super) fn number(&mut self) -> Result<(f64, Dimension, Span), Fault> {
        let token = self.peek().clone();
        let TokenKind::Number(value) = token.kind else { return Err(self.expected("a number")) };
        self.next += 1;
        let after = self.peek().clone();
        let TokenKind::Unit(unit) = after.kind else { return Ok((value, Dimension::Number, token.span)) };
        self.next += 1;
        let span = Span { from: token.span.from, to: after.span.to };
        if matches!(unit.as_str(), "[degF]" | "degF" | "°F") {
            return Err(Fault::new(after.span, "a rule counts in Cel")
                .hint("°F and °C differ by an offset: write the value in Cel"));
        }
        if let Some((dimension, value)) = Dimension::of_literal(value, &unit) {
            return Ok((value, dimension, span));
        }
        let fault = Fault::new(after.span, format!("{unit} is not a unit that rules know"));
        let known = ["mmHg", "mm[Hg]", "kPa", "/min", "%", "Cel", "kg", "cm", "mmol/L", "L/min", "L", "units", "years"];
        Err(match unit.as_str() {
            "mg/dL" | "mg/dl" => fault.hint("what a milligram is in millimoles depends on the substance: write mmol/L"),
            unit if seconds_in(unit).is_some() => fault.hint("a duration stands only where a time is asked for"),
            unit => match nearest(unit, known) {
                Some(near) => fault.hint(format!("did you mean {near}?")),
                None => fault.hint(format!("one of {}", known.join(", "))),
            },
        })
    }

    /// `15 min`, `36 h`, `3 days`.
    pub(super) fn duration(&mut self) -> Result<SignedDuration, Fault> {
        let token = self.peek().clone();
        let TokenKind::Number(value) = token.kind else { return Err(self.expected("a time, as in 36 h")) };
        self.next += 1;
        let after = self.peek().clone();
        let TokenKind::Unit(unit) = after.kind else { return Err(self.expected("min, h or days")) };
        self.next += 1;
        let span = Span { from: token.span.from, to: after.span.to };
        let Some(seconds) = seconds_in(&unit) else {
            return Err(Fault::new(after.span, format!("{unit} is not a unit of time")).hint("use min, h or days"));
        };
        let total = value * seconds;
        let longest = 90.0 * 86_400.0;
        if !(1.0..=longest).contains(&total) {
            return Err(Fault::new(span, "a time is between a second and 90 days"));
        }
        // Bounded above, so the cast keeps it whole.
        Ok(SignedDuration::from_secs(total.round() as i64))
    }

    pub(super) fn whole(&mut self, most: u16) -> Result<u16, Fault> {
        let token = self.peek().clone();
        let TokenKind::Number(value) = token.kind else { return Err(self.expected("a whole number")) };
        self.next += 1;
        if value.fract() != 0.0 || value < 1.0 || value > f64::from(most) {
            return Err(Fault::new(token.span, format!("this is a whole number from 1 to {most}")));
        }
        // Checked just above to be a whole number within range.
        Ok(value as u16)
    }
}

pub(super) fn seconds_in(unit: &str) -> Option<f64> {
    match unit {
        "min" | "minutes" | "minute" => Some(60.0),
        "h" | "hours" | "hour" => Some(3_600.0),
        "days" | "day" | "d" => Some(86_400.0),
        "s" => Some(1.0),
        _ => None,
    }
}
