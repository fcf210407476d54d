//! What came of many people, added up: the work that alerts were, and what was caught.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Outcome;
use super::person::{LabelKind, Person};
use crate::finding::Priority;

const WEEK_S: i64 = 7 * 86_400;

/// Of the people whom at least one pack watched.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    pub people: usize,
    pub patient_days: f64,
    /// Alerts that a person has to deal with.
    pub hand_dealt: usize,
    /// The published burden is 0.10 (JMIR Med Inform 2025;13:e66066).
    pub hand_dealt_per_patient_day: f64,
    pub closed_themselves: usize,
    /// Requests to measure again: to patients, and no work for anybody else.
    pub asks: usize,
    pub by_rule: Vec<ByRule>,
    /// Hand-dealt alerts of each week since the first plan began.
    pub weekly: Vec<usize>,
    pub episodes: Vec<OfEpisodes>,
    pub artefacts: Vec<OfArtefacts>,
}

/// Hand-dealt alerts of one rule, by the highest priority each had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ByRule {
    pub rule: String,
    pub priority: Priority,
    pub alerts: usize,
    pub per_100_patients_a_day: f64,
}

/// Labelled episodes of one kind, and how many of them somebody was told of in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfEpisodes {
    pub kind: String,
    pub episodes: usize,
    pub alerted: usize,
    /// From the true start to the first alert, of those that were alerted; ascending.
    pub hours: Vec<f64>,
}

/// Single artefacts of one kind, and how many of them alarmed somebody (medium or high).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfArtefacts {
    pub kind: String,
    pub artefacts: usize,
    pub alarmed: usize,
}

impl OfEpisodes {
    /// None: none was alerted.
    pub fn median_hours(&self) -> Option<f64> {
        let middle = self.hours.len() / 2;
        if self.hours.len() % 2 == 1 {
            return self.hours.get(middle).copied();
        }
        Some((self.hours.get(middle.checked_sub(1)?)? + self.hours.get(middle)?) / 2.0)
    }
}

impl Figures {
    /// Of these people, each with what came of them.
    pub fn of<'a>(people: impl IntoIterator<Item = (&'a Person, &'a Outcome)>) -> Figures {
        let watched: Vec<_> = people.into_iter().filter(|(_, outcome)| !outcome.packs.is_empty()).collect();
        let mut figures = Figures { people: watched.len(), ..Figures::default() };
        let mut by_rule: BTreeMap<(&str, Priority), usize> = BTreeMap::new();
        let mut labels: BTreeMap<LabelKind, (usize, Vec<f64>)> = BTreeMap::new();
        let first = watched.iter().map(|(person, _)| person.from.max(person.facts.plan.since)).min();
        let last = watched.iter().map(|(person, _)| person.until).max();
        let week = |at: Timestamp| first.map_or(0, |first| weeks(first, at));
        figures.weekly = vec![0; last.map_or(0, |last| week(last) + 1)];
        for (person, outcome) in watched {
            figures.patient_days += outcome.days;
            figures.asks += outcome.asks.len();
            for alert in &outcome.alerts {
                if !alert.by_hand {
                    figures.closed_themselves += 1;
                    continue;
                }
                figures.hand_dealt += 1;
                *by_rule.entry((&alert.rule, alert.priority)).or_default() += 1;
                if let Some(alerts) = figures.weekly.get_mut(week(alert.opened_at)) {
                    *alerts += 1;
                }
            }
            for (label, told) in person.labels.iter().zip(&outcome.told) {
                let (labelled, hours) = labels.entry(label.kind).or_default();
                *labelled += 1;
                hours.extend(told.map(|told| told.duration_since(label.began).as_secs_f64() / 3600.0));
            }
        }
        figures.hand_dealt_per_patient_day = share(figures.hand_dealt, figures.patient_days);
        let by_rule = by_rule.into_iter().map(|((rule, priority), alerts)| ByRule {
            rule: rule.to_owned(),
            priority,
            alerts,
            per_100_patients_a_day: 100.0 * share(alerts, figures.patient_days),
        });
        figures.by_rule = by_rule.collect();
        figures.by_rule.sort_by_key(|of| std::cmp::Reverse((of.priority, of.alerts)));
        for (kind, (labelled, mut hours)) in labels {
            let words = kind.words().to_owned();
            if kind.is_episode() {
                hours.sort_unstable_by(f64::total_cmp);
                let alerted = hours.len();
                figures.episodes.push(OfEpisodes { kind: words, episodes: labelled, alerted, hours });
            } else {
                figures.artefacts.push(OfArtefacts { kind: words, artefacts: labelled, alarmed: hours.len() });
            }
        }
        figures
    }

    /// Of all kinds: labelled, alerted in time, and the median of the hours.
    pub fn all_episodes(&self) -> OfEpisodes {
        let mut hours: Vec<f64> = self.episodes.iter().flat_map(|of| &of.hours).copied().collect();
        hours.sort_unstable_by(f64::total_cmp);
        let episodes = self.episodes.iter().map(|of| of.episodes).sum();
        OfEpisodes { kind: "all".to_owned(), episodes, alerted: hours.len(), hours }
    }
}

fn weeks(from: Timestamp, to: Timestamp) -> usize {
    usize::try_from(to.duration_since(from).as_secs() / WEEK_S).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of alerts")]
fn share(count: usize, of: f64) -> f64 {
    if of > 0.0 { count as f64 / of } else { 0.0 }
}
