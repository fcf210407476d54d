//! What is known about a component: the shape of one entry of the catalogue. The entries are in `component.rs`.

use crate::unit::Dimension;

/// A LOINC code and the display that stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub code: &'static str,
    pub display: &'static str,
}

/// Both ends are inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub from: f64,
    pub to: f64,
}

impl Range {
    pub fn holds(self, value: f64) -> bool {
        value >= self.from && value <= self.to
    }
}

pub(crate) const fn range(from: f64, to: f64) -> Range {
    Range { from, to }
}

/// What the catalogue says about a component.
#[derive(Debug, Clone, Copy)]
pub struct ComponentFacts {
    /// As on the wire, in tables and in rules.
    pub name: &'static str,
    /// As a person reads it.
    pub words: &'static str,
    pub loinc: Option<Code>,
    pub dimension: Dimension,
    /// Outside: stored and flagged `unconfirmed`.
    pub hold: Option<Range>,
    /// Outside: stored and flagged `impossible`, never used as a value.
    pub possible: Range,
    /// Worse than the worst known by this much is news to the person who acknowledged.
    pub step: f64,
    /// Digits after the point when a person reads it.
    pub decimals: usize,
    /// An impossible value in this range looks like this other unit; the sentence says so.
    pub looks_like: Option<(Range, &'static str)>,
}

pub(crate) const fn loinc(code: &'static str, display: &'static str) -> Option<Code> {
    Some(Code { code, display })
}
