//! Everything with brackets: `mean(systolic, over 7 days, at least 8)`, `overdue(weight, 36 h)`, `answer("…")`.

use super::fault::{Fault, nearest};
use super::lexer::TokenKind;
use super::numbers::seconds_in;
use super::parser::{Parser, Term};
use super::{Condition, ConditionKind, Function, Length, Quantity, QuantityKind, Span, Which, Window};
use crate::facts::Due;
use crate::unit::Dimension;
use crate::vital::{Component, Vital};

/// Longest window.
const MAX_DAYS: u16 = 90;
/// Most readings of `last n`.
const MAX_LAST: u16 = 200;

const NAMES: [&str; 20] = [
    "mean",
    "median",
    "min",
    "max",
    "stddev",
    "slope",
    "last",
    "rise",
    "fall",
    "home_average",
    "postural_fall",
    "count",
    "all",
    "any",
    "sustained",
    "overdue",
    "together",
    "answer",
    "event",
    "score",
];

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
            "stddev" => Function::StdDev,
            "slope" => Function::Slope,
            "home_average" => return self.of_a_pressure(name, QuantityKind::HomeAverage, at),
            "postural_fall" => return self.of_a_pressure(name, QuantityKind::PosturalFall, at),
            "count" => return self.count(at),
            "all" => return self.of_readings(Which::All, at),
            "any" => return self.of_readings(Which::Any, at),
            "sustained" => return self.sustained(at),
            "overdue" => return self.overdue(at),
            "together" => return self.together(at),
            "score" => {
                let component = self.score()?;
                let (kind, dimension) = (QuantityKind::Latest(component), component.dimension());
                return Ok(Term::Quantity(Quantity { kind, dimension, span: self.since(at) }));
            }
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
            (Some(1), Function::StdDev | Function::Slope) => {
                return Err(Fault::new(self.since(at), "one reading has no spread and no slope")
                    .hint("write at least 2, or more: of few readings both are mostly chance"));
            }
            (Some(at_least), _) => at_least,
            // Two readings make the least rise there can be.
            (None, Function::Rise | Function::Fall) => 2,
            (None, Function::Last | Function::Min | Function::Max) => 1,
            (None, Function::Mean | Function::Median | Function::StdDev | Function::Slope) => {
                return Err(self.how_many(at));
            }
        };
        self.parser.close()?;
        let kind = QuantityKind::Aggregate { function, component, window, at_least };
        let dimension = match function {
            Function::Slope => component.dimension().per_day(),
            _ => component.dimension(),
        };
        Ok(Term::Quantity(Quantity { kind, dimension, span: self.since(at) }))
    }

    fn how_many(&self, at: Span) -> Fault {
        Fault::new(self.since(at), "of how many readings at the least?")
            .hint("write , at least 4 before the bracket: fewer are unknown")
    }

    /// `home_average(systolic)`, `postural_fall(systolic)`: what they are is NICE's, not the rule's.
    fn of_a_pressure(&mut self, name: &str, kind: fn(Component) -> QuantityKind, at: Span) -> Result<Term, Fault> {
        let component = self.component()?;
        if component.vital() != Some(Vital::BloodPressure) {
            return Err(Fault::new(self.since(at), format!("the {} is of a blood pressure", name.replace('_', " ")))
                .hint(format!("write {name}(systolic) or {name}(diastolic); mean(…) is of anything")));
        }
        self.parser.close()?;
        Ok(Term::Quantity(Quantity { kind: kind(component), dimension: component.dimension(), span: self.since(at) }))
    }

    /// A condition that can be asked of one reading by itself, and of which readings: those that have the one value it names,
    /// or of several what the vital is measured for.
    fn of_one_reading(&mut self) -> Result<(Box<Condition>, Component), Fault> {
        let condition = self.parser.condition()?;
        let plain = super::walk::is_about_one_reading(&condition);
        if !plain {
            return Err(Fault::new(condition.span, "this is asked of each reading by itself")
                .hint("compare a vital with a number or a limit; nothing else stands in here"));
        }
        let mut components = super::walk::bare_components(&condition);
        components.sort_unstable();
        components.dedup();
        let mut vitals: Vec<Vital> = components.iter().filter_map(|component| component.vital()).collect();
        vitals.dedup();
        match (&vitals[..], &components[..]) {
            ([_], [one]) => Ok((Box::new(condition), *one)),
            ([vital], _) => Ok((Box::new(condition), vital.facts().required[0])),
            _ => Err(Fault::new(condition.span, "this is asked of the readings of one vital")
                .hint("compare one vital with a number or a limit")),
        }
    }

    /// `all(systolic >= 150 mmHg, over 3 days, at least 4)`.
    fn of_readings(&mut self, which: Which, at: Span) -> Result<Term, Fault> {
        let (condition, of) = self.of_one_reading()?;
        let window = self.window()?;
        let at_least = match (self.at_least()?, which) {
            (Some(at_least), _) => at_least,
            (None, Which::Any) => 1,
            (None, Which::All) => return Err(self.how_many(at)),
        };
        self.parser.close()?;
        let kind = ConditionKind::Readings { which, condition, of, window, at_least };
        Ok(Term::Condition(Condition { kind, span: self.since(at) }))
    }

    /// `sustained(pulse > 110 /min, 2 h)`.
    fn sustained(&mut self, at: Span) -> Result<Term, Fault> {
        let (condition, of) = self.of_one_reading()?;
        self.comma()?;
        let span = self.parser.duration()?;
        self.parser.close()?;
        Ok(Term::Condition(Condition { kind: ConditionKind::Sustained { condition, of, span }, span: self.since(at) }))
    }

    /// `count(glucose < 4.0 mmol/L, over 24 h)`.
    fn count(&mut self, at: Span) -> Result<Term, Fault> {
        let (condition, of) = self.of_one_reading()?;
        let window = self.window()?;
        let at_least = self.at_least()?.unwrap_or(1);
        self.parser.close()?;
        let kind = QuantityKind::Count { condition, of, window, at_least };
        Ok(Term::Quantity(Quantity { kind, dimension: Dimension::Number, span: self.since(at) }))
    }

    fn overdue(&mut self, at: Span) -> Result<Term, Fault> {
        let token = self.parser.advance();
        let due = match token.kind {
            TokenKind::Word(word) => Due::Vital(vital_due(&word, token.span)?),
            TokenKind::Text(id) if !id.is_empty() => Due::Questionnaire(id),
            _ => {
                let fault = Fault::new(token.span, "expected a vital, as in overdue(weight, 36 h)");
                return Err(fault.hint("or the id of a questionnaire in quotes"));
            }
        };
        self.comma()?;
        let grace = self.parser.duration()?;
        self.parser.close()?;
        Ok(Term::Condition(Condition { kind: ConditionKind::Overdue { due, grace }, span: self.since(at) }))
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
        if word == "score" && self.parser.take_symbol("(") {
            return self.score();
        }
        if let Some(said) = Component::named(&word).filter(|component| component.is_circumstance()) {
            return Err(Fault::new(token.span, format!("{word} is yes or no"))
                .hint(format!("ask how often: count({} = yes, over 7 days) >= 2", said.name())));
        }
        let is_measured = |component: &Component| component.vital().is_some_and(|vital| !vital.is_score());
        Component::named(&word).filter(is_measured).ok_or_else(|| {
            let fault = Fault::new(token.span, format!("{word} is not a vital's value"));
            match nearest(&word, Component::ALL.map(Component::name)) {
                Some(near) => fault.hint(format!("did you mean {near}?")),
                None => fault,
            }
        })
    }

    /// After `score(`, up to and with `)`: the total of a questionnaire, used like a vital's value.
    fn score(&mut self) -> Result<Component, Fault> {
        let token = self.parser.advance();
        let name = token.kind.in_words();
        let Some(component) = Component::named(&name).filter(|component| component.is_score()) else {
            let scores = Component::ALL.into_iter().filter(|component| component.is_score()).map(Component::name);
            let hint = format!("one of {}", scores.collect::<Vec<_>>().join(", "));
            return Err(Fault::new(token.span, format!("there is no score {name}")).hint(hint));
        };
        self.parser.close()?;
        Ok(component)
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

fn vital_due(word: &str, at: Span) -> Result<Vital, Fault> {
    let named = Vital::named(word);
    named.filter(|vital| !vital.is_score()).ok_or_else(|| {
        let fault = Fault::new(at, format!("{word} is not a vital that can be due"));
        if named.is_some() {
            return fault.hint(format!("its answers can be: overdue(\"{word}\", 36 h)"));
        }
        let whole = Component::named(word).and_then(Component::vital).map(Vital::name);
        match whole.or_else(|| nearest(word, Vital::ALL.map(Vital::name))) {
            Some(near) => fault.hint(format!("did you mean {near}?")),
            None => fault,
        }
    })
}
