//! Scores over time, for the people who read charts: each total that rules saw, when it came about. What rules do not see is
//! no total here either.

use jiff::{SignedDuration, Timestamp};

use crate::calendar::Calendar;
use crate::expression::early_warning::NEWS2_COMPONENTS;
use crate::expression::evaluator::{Instant, Mode};
use crate::facts::Facts;
use crate::limits::Limits;
use crate::questionnaire::Asked;
use crate::reading::{Answers, History};
use crate::rule::Rulebook;
use crate::timeline::{Item, Sample, Submitted, Timeline};
use crate::vital::{Component, Vital};

/// What is sent so far and what is sent at the end, of one sheet, are no further apart.
const SAME_SHEET: SignedDuration = SignedDuration::from_hours(1);

/// One total.
#[derive(Debug, Clone, PartialEq)]
pub struct Total {
    /// Of the submission that made it whole.
    pub seq: i64,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub value: f64,
    /// What each part counts, in words; empty for a questionnaire.
    pub parts: String,
}

/// Totals of the questionnaire that makes this score, oldest first. What was sent so far, at the tap of an answer, gives way to what
/// the same sheet came to.
pub fn of_answers(rulebook: &Rulebook, history: &History, score: Component) -> Vec<Total> {
    let timeline = Timeline::new(history, Timestamp::MIN, &rulebook.asked);
    let samples = timeline.samples(score, usize::MAX);
    let is_so_far = |sample: &Sample| {
        let item = timeline.items.get(sample.order);
        matches!(item.map(|item| &item.what), Some(Submitted::Answers(Answers { partial: true, .. })))
    };
    let counts = samples.iter().enumerate().filter(|(index, sample)| {
        let gives_way = |next: &Sample| next.at.duration_since(sample.at) <= SAME_SHEET;
        !(is_so_far(sample) && samples.get(index + 1).is_some_and(gives_way))
    });
    counts.filter_map(|(_, sample)| total(timeline.items.get(sample.order)?, sample.value, String::new())).collect()
}

/// Which readings NEWS2 is made of.
pub fn parts_of_news2() -> Vec<Vital> {
    NEWS2_COMPONENTS.into_iter().filter_map(Component::vital).collect()
}

/// NEWS2, wherever a reading made a set whole, oldest first. `versions` are the facts with the instant from which each was in
/// force, oldest first: whose oxygen is scored on scale 2 is one of them.
pub fn of_news2(history: &History, versions: &[(Timestamp, &Facts)]) -> Vec<Total> {
    let asked = Asked::default();
    let timeline = Timeline::new(history, Timestamp::MIN, &asked);
    let mut totals = Vec::new();
    for (order, item) in timeline.items.iter().enumerate() {
        let Some((_, facts)) = versions.iter().rfind(|(from, _)| *from <= item.at) else { continue };
        let instant = Instant {
            timeline: &timeline,
            calendar: &Calendar::new(facts),
            facts,
            limits: &Limits::NONE,
            at: item.at,
            order: order + 1,
            mode: Mode::Raise,
            stretch: SignedDuration::ZERO,
            only: None,
        };
        // What is no part of it, or cannot be used, makes no new total.
        let gives =
            |component| timeline.samples(component, order + 1).last().is_some_and(|sample| sample.order == order);
        if !NEWS2_COMPONENTS.into_iter().any(gives) {
            continue;
        }
        if let Some(score) = instant.news2()
            && let Some(value) = score.total
        {
            totals.extend(total(item, f64::from(value), score.in_words()));
        }
    }
    totals
}

fn total(item: &Item<'_>, value: f64, parts: String) -> Option<Total> {
    let seq = match item.what {
        Submitted::Reading { reading, .. } => reading.seq,
        Submitted::Answers(answers) => answers.seq,
        Submitted::Event(_) => return None,
    };
    Some(Total { seq, at: item.at, received_at: item.received_at, value, parts })
}
