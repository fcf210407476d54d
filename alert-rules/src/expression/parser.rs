//! Tokens → a tree with every name resolved and every dimension checked. What is bounded here (text, depth, window) is
//! why evaluation has a known maximum cost.

use super::calls::Calls;
use super::fault::{Fault, nearest};
use super::lexer::{Token, TokenKind, tokens};
use super::typing::{arithmetic, as_condition, as_quantity, of, only_reached, said_so, same_dimension};
use super::{Comparison, Condition, ConditionKind, Operator, Quantity, QuantityKind, Span, Wanted, Window};
use crate::facts::TAGS;
use crate::unit::{ACVPU, Dimension};
use crate::vital::{Component, Vital};

/// Longest text of one expression.
const MAX_TEXT_BYTES: usize = 1_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 24;

const NEWS2: [&str; 3] = ["news2", "news2.lower_bound", "news2.any_three"];

/// Names that an expression may use besides the catalogue's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The pack's limits, in order.
    pub limits: &'a [(String, Dimension)],
}

/// One condition: `systolic >= severe_systolic`.
pub(crate) fn condition(text: &str, scope: Scope<'_>) -> Result<Condition, Fault> {
    let mut parser = Parser::new(text, scope)?;
    let condition = parser.condition()?;
    parser.end()?;
    Ok(condition)
}

/// What a piece of text turned out to be.
pub(super) enum Term {
    Condition(Condition),
    Quantity(Quantity),
    Answer {
        link: String,
        span: Span,
    },
    /// `irregular_pulse`: only beside yes and no.
    Said {
        circumstance: Component,
        span: Span,
    },
    /// `yes`, `no`, `"more"`: only beside an answer or what was said.
    Word {
        wanted: Wanted,
        span: Span,
    },
}

impl Term {
    fn span(&self) -> Span {
        match self {
            Term::Condition(condition) => condition.span,
            Term::Quantity(quantity) => quantity.span,
            Term::Answer { span, .. } | Term::Said { span, .. } | Term::Word { span, .. } => *span,
        }
    }
}

pub(super) struct Parser<'a> {
    pub(super) tokens: Vec<Token>,
    pub(super) next: usize,
    depth: usize,
    pub(super) scope: Scope<'a>,
    /// What `before those` refers to.
    pub(super) last_window: Option<Window>,
    /// Inside `together`, where two acts of measuring may meet.
    together: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &str, scope: Scope<'a>) -> Result<Parser<'a>, Fault> {
        if text.len() > MAX_TEXT_BYTES {
            let span = Span { from: 0, to: text.len() };
            return Err(Fault::new(span, format!("this expression is longer than {MAX_TEXT_BYTES} characters")));
        }
        Ok(Parser { tokens: tokens(text)?, next: 0, depth: 0, scope, last_window: None, together: false })
    }

    pub(super) fn condition(&mut self) -> Result<Condition, Fault> {
        let term = self.either()?;
        as_condition(term)
    }

    fn either(&mut self) -> Result<Term, Fault> {
        self.deeper()?;
        let mut left = self.both()?;
        while self.take_word("or") {
            let right = as_condition(self.both()?)?;
            let first = as_condition(left)?;
            let span = Span { from: first.span.from, to: right.span.to };
            left = Term::Condition(Condition { kind: ConditionKind::Or(Box::new(first), Box::new(right)), span });
        }
        self.depth -= 1;
        Ok(left)
    }

    fn both(&mut self) -> Result<Term, Fault> {
        let mut left = self.negated()?;
        while self.take_word("and") {
            let right = as_condition(self.negated()?)?;
            let first = as_condition(left)?;
            let span = Span { from: first.span.from, to: right.span.to };
            let both = Condition { kind: ConditionKind::And(Box::new(first), Box::new(right)), span };
            self.one_act(&both)?;
            left = Term::Condition(both);
        }
        Ok(left)
    }

    fn negated(&mut self) -> Result<Term, Fault> {
        let from = self.peek().span.from;
        if !self.take_word("not") {
            return self.comparison();
        }
        self.deeper()?;
        let inner = as_condition(self.negated()?)?;
        self.depth -= 1;
        let span = Span { from, to: inner.span.to };
        Ok(Term::Condition(Condition { kind: ConditionKind::Not(Box::new(inner)), span }))
    }

    fn comparison(&mut self) -> Result<Term, Fault> {
        let left = self.sum()?;
        if self.take_word("in") {
            return self.between(left);
        }
        let TokenKind::Symbol(symbol) = self.peek().kind else { return Ok(left) };
        let comparison = match symbol {
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">=" => Comparison::AtLeast,
            ">" => Comparison::More,
            "=" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            _ => return Ok(left),
        };
        self.next += 1;
        let right = self.sum()?;
        only_reached(&left, Some(comparison))?;
        only_reached(&right, None)?;
        let span = Span { from: left.span().from, to: right.span().to };
        let kind = match (left, right) {
            (Term::Answer { link, .. }, Term::Word { wanted, span: word }) => match comparison {
                Comparison::Equal => ConditionKind::Answer { link, wanted, negated: false },
                Comparison::NotEqual => ConditionKind::Answer { link, wanted, negated: true },
                _ => return Err(Fault::new(word, "words are only equal or not").hint("write = or !=")),
            },
            (Term::Said { circumstance, span: said }, Term::Word { wanted, span: word }) => {
                said_so(circumstance, said, comparison, wanted, word)?
            }
            (left, right) => {
                let (left, right) = (as_quantity(left)?, as_quantity(right)?);
                same_dimension(&left, &right)?;
                ConditionKind::Compare { left, comparison, right }
            }
        };
        let condition = Condition { kind, span };
        self.one_act(&condition)?;
        Ok(Term::Condition(condition))
    }

    fn between(&mut self, left: Term) -> Result<Term, Fault> {
        only_reached(&left, None)?;
        let value = as_quantity(left)?;
        let (from, to) = self.range()?;
        same_dimension(&value, &to)?;
        let span = Span { from: value.span.from, to: to.span.to };
        Ok(Term::Condition(Condition { kind: ConditionKind::Between { value, from, to }, span }))
    }

    fn sum(&mut self) -> Result<Term, Fault> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek().kind {
                TokenKind::Symbol("+") => Operator::Plus,
                TokenKind::Symbol("-") => Operator::Minus,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = as_quantity(self.product()?)?;
            let first = as_quantity(left)?;
            same_dimension(&first, &right)?;
            let dimension = first.dimension;
            left = Term::Quantity(arithmetic(first, operator, right, dimension));
        }
    }

    fn product(&mut self) -> Result<Term, Fault> {
        let mut left = self.factor()?;
        loop {
            let operator = match self.peek().kind {
                TokenKind::Symbol("*") => Operator::Times,
                TokenKind::Symbol("/") => Operator::Over,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = as_quantity(self.factor()?)?;
            let first = as_quantity(left)?;
            let dimension = match (operator, first.dimension, right.dimension) {
                (Operator::Times, Dimension::Number, other) | (_, other, Dimension::Number) => other,
                (Operator::Over, one, other) if one == other => Dimension::Number,
                (_, one, other) => {
                    let message = format!("{} and {} cannot be multiplied or divided", of(one), of(other));
                    return Err(Fault::new(Span { from: first.span.from, to: right.span.to }, message));
                }
            };
            left = Term::Quantity(arithmetic(first, operator, right, dimension));
        }
    }

    fn factor(&mut self) -> Result<Term, Fault> {
        let token = self.peek().clone();
        match token.kind {
            TokenKind::Symbol("-") => {
                self.next += 1;
                self.deeper()?;
                let inner = as_quantity(self.factor()?)?;
                self.depth -= 1;
                let span = Span { from: token.span.from, to: inner.span.to };
                let dimension = inner.dimension;
                Ok(Term::Quantity(Quantity { kind: QuantityKind::Negative(Box::new(inner)), dimension, span }))
            }
            TokenKind::Symbol("(") => {
                self.next += 1;
                let inner = self.either()?;
                self.close()?;
                Ok(inner)
            }
            TokenKind::Number(_) => {
                let (value, dimension, span) = self.number()?;
                let number = Quantity { kind: QuantityKind::Number(value), dimension, span };
                if dimension != Dimension::Percent || !self.take_word("of") {
                    return Ok(Term::Quantity(number));
                }
                self.deeper()?;
                let whole = as_quantity(self.factor()?)?;
                self.depth -= 1;
                let dimension = whole.dimension;
                Ok(Term::Quantity(arithmetic(number, Operator::PercentOf, whole, dimension)))
            }
            TokenKind::Text(text) => {
                self.next += 1;
                Ok(Term::Word { wanted: Wanted::Text(text), span: token.span })
            }
            TokenKind::Word(word) => {
                self.next += 1;
                if matches!(self.peek().kind, TokenKind::Symbol("(")) {
                    self.next += 1;
                    self.deeper()?;
                    let term = Calls { parser: self }.call(&word, token.span)?;
                    self.depth -= 1;
                    return Ok(term);
                }
                self.name(&word, token.span)
            }
            _ => Err(self.expected("a vital, a number with its unit, a limit or a tag")),
        }
    }

    /// A bare word.
    fn name(&self, word: &str, span: Span) -> Result<Term, Fault> {
        let quantity = |kind, dimension| Ok(Term::Quantity(Quantity { kind, dimension, span }));
        if let Some(index) = self.scope.limits.iter().position(|(name, _)| name == word) {
            return quantity(QuantityKind::Limit(index), self.scope.limits[index].1);
        }
        if let Some(score) = Component::named(word).filter(|component| component.is_score()) {
            return Err(Fault::new(span, format!("{word} is a score")).hint(format!("write score({})", score.name())));
        }
        if let Some(circumstance) = Component::named(word).filter(|component| component.is_circumstance()) {
            return Ok(Term::Said { circumstance, span });
        }
        if let Some(component) = Component::named(word).filter(|component| component.vital().is_some()) {
            return quantity(QuantityKind::Latest(component), component.dimension());
        }
        if word == "age_of_patient" {
            return quantity(QuantityKind::Age, Dimension::Years);
        }
        if let Some(value) = ACVPU.into_iter().position(|known| known == word) {
            return quantity(QuantityKind::Number(value as f64), Dimension::Consciousness);
        }
        match word {
            "news2" => return quantity(QuantityKind::News2, Dimension::Score),
            "news2.lower_bound" => return quantity(QuantityKind::News2LowerBound, Dimension::Score),
            "news2.any_three" => {
                return Ok(Term::Condition(Condition { kind: ConditionKind::News2AnyThree, span }));
            }
            _ => {}
        }
        if let Some(tag) = TAGS.into_iter().find(|tag| *tag == word) {
            return Ok(Term::Condition(Condition { kind: ConditionKind::Tag(tag), span }));
        }
        match word {
            "yes" => return Ok(Term::Word { wanted: Wanted::Yes, span }),
            "no" => return Ok(Term::Word { wanted: Wanted::No, span }),
            _ => {}
        }
        if let Some(vital) = Vital::named(word) {
            let parts: Vec<_> = vital.components().map(Component::name).collect();
            return Err(
                Fault::new(span, format!("{word} is several numbers")).hint(format!("name one: {}", parts.join(", ")))
            );
        }
        let known = self.scope.limits.iter().map(|(name, _)| name.as_str()).chain(Component::ALL.map(Component::name));
        let known = known.chain(TAGS).chain(["age_of_patient", "yes", "no"]).chain(NEWS2).chain(ACVPU);
        let fault = Fault::new(span, format!("{word} is not a vital, a limit of this pack or a tag"));
        Err(match nearest(word, known) {
            Some(name) => fault.hint(format!("did you mean {name}?")),
            None => fault.hint("limits stand under [limits]; vitals and tags are listed in README.md"),
        })
    }

    pub(super) fn peek(&self) -> &Token {
        // The last token is `End`, and nothing steps over it.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    pub(super) fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek().kind, TokenKind::Symbol(found) if found == symbol);
        self.next += usize::from(found);
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(&self.peek().kind, TokenKind::Word(found) if found == word);
        self.next += usize::from(found);
        found
    }

    pub(super) fn close(&mut self) -> Result<(), Fault> {
        if self.take_symbol(")") { Ok(()) } else { Err(self.expected(")")) }
    }

    /// End of the token before the next one.
    pub(super) fn here(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.span.to)
    }

    pub(super) fn expected(&self, what: &str) -> Fault {
        let token = self.peek();
        Fault::new(token.span, format!("expected {what}, found {}", token.kind.in_words()))
    }

    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.peek().kind {
            TokenKind::End => Ok(()),
            _ => Err(self.expected("the end, and, or")),
        }
    }

    /// The condition inside `together(…)`.
    pub(super) fn condition_of_several(&mut self) -> Result<Condition, Fault> {
        let outer = std::mem::replace(&mut self.together, true);
        let condition = self.condition();
        self.together = outer;
        condition
    }

    /// Two acts of measuring in one condition need `together`.
    fn one_act(&self, condition: &Condition) -> Result<(), Fault> {
        match super::walk::bare_vitals(condition).as_slice() {
            [one, other, ..] if !self.together => {
                let message = format!("{} and {} are measured apart", one.words(), other.words());
                Err(Fault::new(condition.span, message)
                    .hint("write together(…, 30 min) around it, or two entries of a list"))
            }
            _ => Ok(()),
        }
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::new(self.peek().span, format!("this expression is nested deeper than {MAX_DEPTH}")));
        }
        Ok(())
    }
}
