//! One rulebook held against another: who would be newly alerted, who no longer.

use serde::{Deserialize, Serialize};

use super::Outcome;
use super::person::Person;

/// Names of people, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Difference {
    /// Had no hand-dealt alert, and would have one.
    pub newly_alerted: Vec<String>,
    /// Had one, and would have none.
    pub no_longer_alerted: Vec<String>,
    /// Would have more of them, or fewer.
    pub more: usize,
    pub fewer: usize,
    /// An episode that was alerted in time and would not be, or later: person and kind.
    pub caught_later: Vec<String>,
    pub caught_sooner: Vec<String>,
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
        for ((label, now), then) in person.labels.iter().zip(&new.told).zip(&old.told) {
            let name = || format!("{}: {}", person.name, label.kind.words());
            if !label.kind.is_episode() || now == then {
                continue;
            }
            // None: never.
            let is_later = now.is_none_or(|now| then.is_some_and(|then| now > then));
            if is_later { &mut difference.caught_later } else { &mut difference.caught_sooner }.push(name());
        }
    }
    difference
}
