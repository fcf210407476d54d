//! One rulebook held against another: who would be newly alerted, who no longer, and which episodes are told of later.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Outcome;
use super::person::Person;

/// Names of people, in their order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Difference {
    /// Had no hand-dealt alert, and would have one.
    pub newly_alerted: Vec<String>,
    /// Had one, and would have none.
    pub no_longer_alerted: Vec<String>,
    /// Would have more of them, or fewer.
    pub more: usize,
    pub fewer: usize,
    /// Episodes that only one of them tells of in time: person and kind.
    pub told_by_these_only: Vec<String>,
    pub told_by_against_only: Vec<String>,
    /// Of each episode that both tell of in time: by how many hours these are later; ascending, and below 0 sooner.
    pub later_by_hours: Vec<f64>,
    /// Of the same episodes: how many hours were left, when these told of it, until it had to be known; ascending.
    pub hours_left: Vec<f64>,
    /// When the others did.
    pub hours_left_against: Vec<f64>,
}

/// `outcomes` and `against` are of the same people, in the same order.
pub fn compare(people: &[Person], outcomes: &[Outcome], against: &[Outcome]) -> Difference {
    let mut difference = Difference::default();
    for ((person, new), old) in people.iter().zip(outcomes).zip(against) {
        let by_hand = |outcome: &Outcome| outcome.alerts.iter().filter(|alert| alert.by_hand).count();
        let (now, then) = (by_hand(new), by_hand(old));
        match (then, now) {
            (0, 1..) => difference.newly_alerted.push(person.name.clone()),
            (1.., 0) => difference.no_longer_alerted.push(person.name.clone()),
            _ => {}
        }
        difference.more += usize::from(now > then);
        difference.fewer += usize::from(now < then);
        let told = person.labels.iter().zip(&new.told).zip(&old.told);
        for ((label, now), then) in told.filter(|((label, _), _)| label.kind.is_episode()) {
            let name = || format!("{}: {}", person.name, label.kind.words());
            match (now, then) {
                (Some(now), Some(then)) => {
                    let hours = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64() / 3600.0;
                    difference.later_by_hours.push(hours(*then, *now));
                    difference.hours_left.push(hours(*now, label.until));
                    difference.hours_left_against.push(hours(*then, label.until));
                }
                (Some(_), None) => difference.told_by_these_only.push(name()),
                (None, Some(_)) => difference.told_by_against_only.push(name()),
                (None, None) => {}
            }
        }
    }
    for hours in [&mut difference.later_by_hours, &mut difference.hours_left, &mut difference.hours_left_against] {
        hours.sort_unstable_by(f64::total_cmp);
    }
    difference
}
