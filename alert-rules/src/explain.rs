//! `derwent rules explain`: one rule, one patient, one instant, and what each part of the rule is worth.
//!
//! The words are the rule's own; beside each part stands its value, or *unknown*. It shows what the conditions saw at that
//! instant, not what became of it: asks, waits and findings are told by the evaluation.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use crate::calendar::Calendar;
use crate::expression::describe::{amount, news2};
use crate::expression::evaluator::{Instant, Mode};
use crate::expression::{Condition, ConditionKind, Quantity, QuantityKind};
use crate::facts::Facts;
use crate::limits::Limits;
use crate::reading::History;
use crate::rule::{Clause, Join, Rulebook, Written};
use crate::timeline::{Sample, Timeline};

/// What the rule `pack/rule` saw of this patient at `at`, in lines. None: the rulebook has no such rule.
pub fn explain(rulebook: &Rulebook, facts: &Facts, history: &History, rule: &str, at: Timestamp) -> Option<String> {
    let (pack, rule) = rulebook.rule(rule)?;
    let timeline = Timeline::new(history, facts.plan.since, &rulebook.asked);
    let calendar = Calendar::new(facts);
    let limits = Limits::new(pack, facts);
    let order = timeline.items.partition_point(|item| item.at <= at);
    let instant = |mode| Instant {
        timeline: &timeline,
        calendar: &calendar,
        facts,
        limits: &limits,
        at,
        order,
        mode,
        stretch: SignedDuration::ZERO,
        only: None,
    };
    let local = facts.time_zone.to_datetime(at).strftime("%Y-%m-%d %H:%M");
    let mut text = format!("{} ({} {}) at {local}\n", rule.id, pack.title, pack.version);
    if let Some(stop) = rulebook.stop(&rule.id).filter(|stop| stop.from <= at && at < stop.until) {
        let _ = writeln!(text, "stopped by {}: {}", stop.by, stop.why);
    }
    if !facts.plan.packs.contains(&pack.name) {
        let _ = writeln!(text, "not in this patient's plan");
    }
    let clauses = [
        ("when", Some(&rule.when), Mode::Raise),
        ("at_once", rule.at_once.as_ref(), Mode::Raise),
        ("clear", rule.clear.as_ref(), Mode::Clear),
    ];
    for (name, clause, mode) in clauses {
        if let Some(clause) = clause {
            explain_clause(&instant(mode), name, clause, &mut text);
        }
    }
    Some(text)
}

fn explain_clause(instant: &Instant<'_>, name: &str, clause: &Clause, text: &mut String) {
    let join = match (clause.conditions.len(), clause.join) {
        (1, _) => "",
        (_, Join::Any) => ".any",
        (_, Join::All) => ".all",
    };
    let _ = writeln!(text, "{name}{join}: {}", said(instant.clause(clause)));
    for (condition, written) in clause.conditions.iter().zip(&clause.texts) {
        explain_condition(instant, condition, written, 1, text);
    }
}

fn explain_condition(instant: &Instant<'_>, condition: &Condition, written: &Written, depth: usize, text: &mut String) {
    let own = slice(written, condition.span.from, condition.span.to);
    let _ = writeln!(text, "{}{own}: {}", "  ".repeat(depth), said(instant.truth(condition)));
    match &condition.kind {
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            explain_condition(instant, left, written, depth + 1, text);
            explain_condition(instant, right, written, depth + 1, text);
        }
        ConditionKind::Not(inner) | ConditionKind::Together { inner, .. } => {
            explain_condition(instant, inner, written, depth + 1, text);
        }
        ConditionKind::Compare { left, right, .. } => {
            for quantity in [left, right] {
                explain_quantity(instant, quantity, written, depth + 1, text);
            }
        }
        ConditionKind::Between { value, from, to } => {
            for quantity in [value, from, to] {
                explain_quantity(instant, quantity, written, depth + 1, text);
            }
        }
        _ => {}
    }
}

/// Numbers say themselves.
fn explain_quantity(instant: &Instant<'_>, quantity: &Quantity, written: &Written, depth: usize, text: &mut String) {
    if matches!(quantity.kind, QuantityKind::Number(_)) {
        return;
    }
    let own = slice(written, quantity.span.from, quantity.span.to);
    let mut beside = String::new();
    match &quantity.kind {
        QuantityKind::Latest(component) => {
            if let Some(sample) = instant.latest(*component) {
                let taken = instant.facts.time_zone.to_datetime(sample.at).strftime("%Y-%m-%d %H:%M");
                beside = format!(" ({taken})");
            }
        }
        QuantityKind::Limit(index) => beside = format!(" ({})", instant.limits.whose(*index, instant.at)),
        QuantityKind::Aggregate { component, window, at_least, .. } => {
            let there = instant.window(*component, *window).map_or(0, <[_]>::len);
            beside = format!(" ({there} of at least {at_least} readings)");
        }
        QuantityKind::PosturalFall(component) => {
            if let Some((sitting, standing)) = instant.sat_and_stood(*component) {
                let taken = |sample: &Sample| instant.facts.time_zone.to_datetime(sample.at).strftime("%Y-%m-%d %H:%M");
                beside = format!(" (sat {}, stood {})", taken(sitting), taken(standing));
            }
        }
        QuantityKind::News2 | QuantityKind::News2LowerBound => beside = format!(" ({})", news2(instant)),
        _ => {}
    }
    let _ = writeln!(text, "{}{own} = {}{beside}", "  ".repeat(depth), amount(instant, quantity));
    match &quantity.kind {
        QuantityKind::Arithmetic { left, right, .. } => {
            explain_quantity(instant, left, written, depth + 1, text);
            explain_quantity(instant, right, written, depth + 1, text);
        }
        QuantityKind::Negative(inner) => explain_quantity(instant, inner, written, depth + 1, text),
        _ => {}
    }
}

fn slice(written: &Written, from: usize, to: usize) -> &str {
    written.text.get(from..to).unwrap_or(&written.text)
}

fn said(truth: Option<bool>) -> &'static str {
    match truth {
        Some(true) => "true",
        Some(false) => "false",
        None => "unknown",
    }
}
