//! The expression language: what a condition is once it has been read and checked.
//!
//! Text becomes tokens (`lexer`), tokens become this tree with every name resolved and every dimension checked
//! (`parser`), and the tree is asked what it is worth at an instant (`evaluator`, `judged` and `series` for what looks at
//! several readings). A tree that exists is well-typed.

mod calls;
pub(crate) mod describe;
pub(crate) mod early_warning;
pub(crate) mod evaluator;
pub(crate) mod fault;
mod judged;
mod lexer;
pub(crate) mod numbers;
pub(crate) mod parser;
mod series;
mod typing;
pub(crate) mod walk;

use jiff::SignedDuration;

use crate::facts::Due;
use crate::unit::Dimension;
use crate::vital::Component;

/// Bytes of the expression's own text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub from: usize,
    pub to: usize,
}

/// True, false or unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub kind: ConditionKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ConditionKind {
    Compare {
        left: Quantity,
        comparison: Comparison,
        right: Quantity,
    },
    /// `spo2 in 88..92 %`: both ends are inside.
    Between {
        value: Quantity,
        from: Quantity,
        to: Quantity,
    },
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    /// One of `facts::TAGS`.
    Tag(&'static str),
    /// `answer("warning_signs") = yes`; `negated` for `!=`.
    Answer {
        link: String,
        wanted: Wanted,
        negated: bool,
    },
    /// `event("hypo_symptoms")`: it happened within the last 24 h; never unknown.
    Event {
        name: String,
    },
    /// `overdue(weight, 36 h)`, `overdue("wellbeing-today", 6 h)`: due, and nothing since.
    Overdue {
        due: Due,
        grace: SignedDuration,
    },
    /// Unknown unless all bare vitals inside were measured within this time of each other.
    Together {
        inner: Box<Condition>,
        within: SignedDuration,
    },
    /// `all(systolic >= 150 mmHg, over 3 days, at least 4)`: of the readings of the window, fewer are unknown.
    Readings {
        which: Which,
        condition: Box<Condition>,
        /// Those that have a value of it.
        of: Component,
        window: Window,
        at_least: u16,
    },
    /// `sustained(pulse > 110 /min, 2 h)`: true of the newest reading and of every one before it, for this long.
    Sustained {
        condition: Box<Condition>,
        of: Component,
        span: SignedDuration,
    },
    /// `news2.any_three`: one row of it scores 3.
    News2AnyThree,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Yes,
    No,
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Less,
    AtMost,
    AtLeast,
    More,
    Equal,
    NotEqual,
}

/// A number with a dimension, or unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    pub kind: QuantityKind,
    pub dimension: Dimension,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum QuantityKind {
    /// In the dimension's canonical unit.
    Number(f64),
    /// The latest value, while it is fresh.
    Latest(Component),
    /// Index into the pack's limits.
    Limit(usize),
    /// Whole years.
    Age,
    /// The latest number answered.
    Answer(String),
    /// Unknown while any input is.
    News2,
    /// What it is at the least. Stands only to the left of `>=` or `>`, and what is not reached is unknown while an input
    /// is.
    News2LowerBound,
    /// NICE's average of a pressure measured at home; see `series::home_average`.
    HomeAverage(Component),
    /// How much lower it was standing than seated; see `series::postural_fall`.
    PosturalFall(Component),
    Aggregate {
        function: Function,
        component: Component,
        window: Window,
        at_least: u16,
    },
    /// How many readings of the window fulfil the condition.
    Count {
        condition: Box<Condition>,
        of: Component,
        window: Window,
        at_least: u16,
    },
    Arithmetic {
        left: Box<Quantity>,
        operator: Operator,
        right: Box<Quantity>,
    },
    Negative(Box<Quantity>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Mean,
    Median,
    Min,
    Max,
    Last,
    /// Latest minus lowest.
    Rise,
    /// Highest minus latest.
    Fall,
    /// Sample standard deviation (divided by one less than there are readings).
    StdDev,
    /// Of the straight line nearest to the readings (least squares), per day of elapsed time.
    Slope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Plus,
    Minus,
    Times,
    Over,
    /// `80 % of personal_best`.
    PercentOf,
}

/// Which readings a function looks at: `over 7 days`, or `over 15 days before those` (then `before` is the 7 days).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub length: Length,
    pub before: Option<Length>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// From local midnight, this many days before today.
    Days(u16),
    /// Elapsed time.
    Hours(u16),
    /// This many readings.
    Last(u16),
}
