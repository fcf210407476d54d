//! Everything with brackets: `mean(systolic, over 7 days, at least 8)`, `overdue(weight, 36 h)`, `answer("…")`.

use super::fault::{Fault, nearest};
use super::lexer::TokenKind;
use super::numbers::seconds_in;
use super::parser::{Parser, Term};
use super::{Condition, ConditionKind, Function, Length, Quantity, QuantityKind, Span, Window};
use crate::unit::Dimension;
use crate::vital::{Component, Vital};

/// Longest window.
const MAX_DAYS: u16 = 90;
/// Most readings of `last n`.
const MAX_LAST: u16 = 200;

const NAMES: [&str; 12] =
    ["mean", "median", "min", "max", "last", "rise", "fall", "count", "overdue", "together", "answer", "event"];

pub(super) struct Calls<'p, 'a> {
    pub parser: &'p mut Parser<'a>,
}

impl Calls<'_, '_> {
    /// After `name(`, up to and with `)`.
    pub fn call(mut self, name: &str, at: Span) -> Result<Term, Fault> {
        let function = match name {
            "mean" => Function::Mean,
            "median" => Function::Median,
            "min" => Function::Min,
            "max" => Function::Max,
            "last" => Function::Last,
            "rise" => Function::Rise,
            "fall" => Function::Fall,
            "count" => return self.count(at),
            "overdue" => return self.overdue(at),
            "together" => return self.together(at),
            "answer" => {
                let link = self.text("a question's link id in quotes")?;
                self.parser.close()?;
                return Ok(Term::Answer { link, span: self.since(at) });
            }
            "event" => {
                let name = self.text("an event's name in quotes")?;
                self.parser.close()?;
                return Ok(Term::Condition(Condition { kind: ConditionKind::Event { name }, span: self.since(at) }));
            }
            _ => {
                let fault = Fault::new(at, format!("{name} is not a function"));
                return Err(match nearest(name, NAMES) {
                    Some(near) => fault.hint(format!("did you mean {near}?")),
                    None => fault.hint(format!("one of {}", NAMES.join(", "))),
                });
            }
        };
        let component = self.component()?;
        let window = self.window()?;
        let at_least = match (self.at_least()?, function) {
            (Some(at_least), _) => at_least,
            // Two readings make the least rise there can be.
            (None, Function::Rise | Function::Fall) => 2,
            (None, Function::Last | Function::Min | Function::Max) => 1,
            (None, Function::Mean | Function::Median) => {
                let fault = Fault::new(self.since(at), "of how many readings at the least?");
                return Err(fault.hint("write , at least 4 before the bracket: fewer are unknown"));
            }
        };
        self.parser.close()?;
        let kind = QuantityKind::Aggregate { function, component, window, at_least };
        Ok(Term::Quantity(Quantity { kind, dimension: component.dimension(), span: self.since(at) }))
    }

    /// `count(glucose < 4.0 mmol/L, over 24 h)`.
    fn count(&mut self, at: Span) -> Result<Term, Fault> {
        let condition = self.parser.condition()?;
        let plain = super::walk::is_about_one_reading(&condition);
        let vitals = super::walk::bare_vitals(&condition);
        let [vital] = vitals[..] else {
            return Err(Fault::new(condition.span, "what is counted are readings of one vital"));
        };
        if !plain {
            return Err(Fault::new(condition.span, "what is counted is a condition on single readings")
                .hint("compare a vital with a number or a limit"));
        }
        let window = self.window()?;
        let at_least = self.at_least()?.unwrap_or(1);
        self.parser.close()?;
        let kind = QuantityKind::Count { condition: Box::new(condition), vital, window, at_least };
        Ok(Term::Quantity(Quantity { kind, dimension: Dimension::Number, span: self.since(at) }))
    }

    fn overdue(&mut self, at: Span) -> Result<Term, Fault> {
        let token = self.parser.advance();
        let TokenKind::Word(word) = token.kind else {
            return Err(Fault::new(token.span, "expected a vital, as in overdue(weight, 36 h)"));
        };
        let Some(vital) = Vital::named(&word) else {
            let fault = Fault::new(token.span, format!("{word} is not a vital that can be due"));
            let whole = Component::named(&word).and_then(Component::vital).map(Vital::name);
            return Err(match whole.or_else(|| nearest(&word, Vital::ALL.map(Vital::name))) {
                Some(near) => fault.hint(format!("did you mean {near}?")),
                None => fault,
            });
        };
        self.comma()?;
        let grace = self.parser.duration()?;
        self.parser.close()?;
        Ok(Term::Condition(Condition { kind: ConditionKind::Overdue { vital, grace }, span: self.since(at) }))
    }

    fn together(&mut self, at: Span) -> Result<Term, Fault> {
        let inner = self.parser.condition_of_several()?;
        self.comma()?;
        let within = self.parser.duration()?;
        self.parser.close()?;
        let kind = ConditionKind::Together { inner: Box::new(inner), within };
        Ok(Term::Condition(Condition { kind, span: self.since(at) }))
    }

    fn component(&mut self) -> Result<Component, Fault> {
        let token = self.parser.advance();
        let word = match token.kind {
            TokenKind::Word(word) => word,
            other => return Err(Fault::new(token.span, format!("expected a vital, found {}", other.in_words()))),
        };
        Component::named(&word).filter(|component| component.vital().is_some()).ok_or_else(|| {
            let fault = Fault::new(token.span, format!("{word} is not a vital's value"));
            match nearest(&word, Component::ALL.map(Component::name)) {
                Some(near) => fault.hint(format!("did you mean {near}?")),
                None => fault,
            }
        })
    }

    /// `, over 7 days`, `, over 72 h`, `, over 15 days before those`, `, last 4`.
    fn window(&mut self) -> Result<Window, Fault> {
        self.comma()?;
        let from = self.parser.peek().span.from;
        if self.parser.take_word("last") {
            let window = Window { length: Length::Last(self.parser.whole(MAX_LAST)?), before: None };
            self.parser.last_window = Some(window);
            return Ok(window);
        }
        if !self.parser.take_word("over") {
            return Err(self.parser.expected("a window: over 7 days, over 72 h or last 4"));
        }
        let number_at = self.parser.peek().span;
        let count = self.parser.whole(MAX_DAYS * 24)?;
        let unit = self.parser.advance();
        let length = match &unit.kind {
            TokenKind::Unit(word) => match seconds_in(word) {
                Some(86_400.0) => Length::Days(count),
                Some(3_600.0) => Length::Hours(count),
                _ => {
                    return Err(
                        Fault::new(unit.span, format!("{word} is not a length of a window")).hint("use h or days")
                    );
                }
            },
            other => return Err(Fault::new(unit.span, format!("expected h or days, found {}", other.in_words()))),
        };
        if matches!(length, Length::Days(days) if days > MAX_DAYS) {
            return Err(Fault::new(number_at, format!("a window is at most {MAX_DAYS} days")));
        }
        let mut window = Window { length, before: None };
        if self.parser.take_word("before") {
            if !self.parser.take_word("those") {
                return Err(self.parser.expected("those"));
            }
            let here = Span { from, to: self.parser.here() };
            let days = |length| matches!(length, Length::Days(_));
            match self.parser.last_window {
                Some(Window { length: earlier, before: None }) if days(earlier) && days(length) => {
                    window.before = Some(earlier)
                }
                _ => {
                    return Err(Fault::new(here, "before which?").hint("a window of days must stand to the left of it"));
                }
            }
        } else {
            self.parser.last_window = Some(window);
        }
        Ok(window)
    }

    fn at_least(&mut self) -> Result<Option<u16>, Fault> {
        if !self.parser.take_symbol(",") {
            return Ok(None);
        }
        if !(self.parser.take_word("at") && self.parser.take_word("least")) {
            return Err(self.parser.expected("at least"));
        }
        self.parser.whole(MAX_LAST).map(Some)
    }

    fn text(&mut self, what: &str) -> Result<String, Fault> {
        let token = self.parser.advance();
        match token.kind {
            TokenKind::Text(text) if !text.is_empty() => Ok(text),
            other => Err(Fault::new(token.span, format!("expected {what}, found {}", other.in_words()))),
        }
    }

    fn comma(&mut self) -> Result<(), Fault> {
        if self.parser.take_symbol(",") { Ok(()) } else { Err(self.parser.expected(",")) }
    }

    fn since(&self, at: Span) -> Span {
        Span { from: at.from, to: self.parser.here() }
    }
}
