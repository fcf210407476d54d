//! The score of a questionnaire: the sum of what the chosen options count. Rules and charts use it like a vital.

use std::collections::BTreeMap;

use super::{Item, Kind, Questionnaire};
use crate::reading::{Answer, Answers};
use crate::rule::Pack;
use crate::vital::Component;

#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub component: Component,
    /// By link id what each code counts.
    counts: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Score {
    /// None: it has no score. Its id is the score's name in the catalogue.
    pub fn of(questionnaire: &Questionnaire) -> Option<Score> {
        let component = Component::named(&questionnaire.id).filter(|component| component.is_score())?;
        let counts: BTreeMap<_, _> = questionnaire
            .questions()
            .into_iter()
            .filter_map(|item| {
                let Kind::Choice(choices) = &item.kind else { return None };
                let counted = choices.iter().map(|choice| Some((choice.code.clone(), choice.ordinal?)));
                Some((item.link.clone(), counted.collect::<Option<BTreeMap<_, _>>>()?))
            })
            .collect();
        (!counts.is_empty()).then_some(Score { component, counts })
    }

    /// Whether this question counts.
    pub fn counts(&self, link: &str) -> bool {
        self.counts.contains_key(link)
    }

    /// The least and the most it can be.
    pub fn range(&self) -> (f64, f64) {
        let ends = |pick: fn(f64, f64) -> f64, start: f64| {
            self.counts.values().map(|counts| counts.values().copied().fold(start, pick)).sum()
        };
        (ends(f64::min, f64::INFINITY), ends(f64::max, f64::NEG_INFINITY))
    }

    /// None: a question that counts has no answer, or one that no option has. A sum of less than all is no score.
    pub fn total(&self, answers: &[(String, Answer)]) -> Option<f64> {
        let counted = self.counts.iter().map(|(link, counts)| {
            match answers.iter().rev().find(|(answered, _)| answered == link) {
                Some((_, Answer::Text(code))) => counts.get(code).copied(),
                _ => None,
            }
        });
        counted.sum()
    }
}

/// What the authors of a scale call its totals: from which on each name holds, the least first. PHQ-9: Kroenke, Spitzer, Williams 2001; GAD-7: Spitzer and
/// others 2006.
pub fn bands(component: Component) -> &'static [(f64, &'static str)] {
    match component {
        Component::Phq9 => {
            &[(0.0, "minimal"), (5.0, "mild"), (10.0, "moderate"), (15.0, "moderately severe"), (20.0, "severe")]
        }
        Component::Gad7 => &[(0.0, "minimal"), (5.0, "mild"), (10.0, "moderate"), (15.0, "severe")],
        _ => &[],
    }
}

/// What they call this total.
pub fn band(component: Component, total: f64) -> Option<&'static str> {
    bands(component).iter().rev().find(|(from, _)| total >= *from).map(|(_, name)| *name)
}

/// What a rulebook knows of its questionnaires when it meets answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    scores: Vec<(String, Score)>,
    /// Ids of those whose answers stand although they were taken back: an answer about harm to oneself is not unsaid.
    lasting: Vec<String>,
    /// What was asked, by name and version.
    questions: BTreeMap<String, Vec<Item>>,
}

impl Asked {
    pub fn of(packs: &[Pack]) -> Asked {
        let all = || packs.iter().flat_map(|pack| &pack.questionnaires);
        let scores = all().filter_map(|questionnaire| Some((questionnaire.id.clone(), Score::of(questionnaire)?)));
        let lasting = all().filter(|questionnaire| questionnaire.is_sensitive);
        let mut asked = Asked {
            scores: scores.collect(),
            lasting: lasting.map(|questionnaire| questionnaire.id.clone()).collect(),
            questions: BTreeMap::new(),
        };
        all().for_each(|questionnaire| asked.know(questionnaire));
        asked
    }

    /// Keeps the words of one version of a questionnaire. What was published does not change, so the first one stays.
    pub fn know(&mut self, questionnaire: &Questionnaire) {
        let items = || questionnaire.questions().into_iter().cloned().collect();
        self.questions.entry(questionnaire.reference()).or_insert_with(items);
    }

    /// A question of this questionnaire, by name and version.
    pub fn question(&self, questionnaire: &str, link: &str) -> Option<&Item> {
        self.questions.get(questionnaire)?.iter().find(|item| item.link == link)
    }

    pub fn is_lasting(&self, answers: &Answers) -> bool {
        self.lasting.iter().any(|id| id == answers.name())
    }

    /// Which score these answers make, whatever version they are to: link ids and codes keep their meaning.
    pub fn score(&self, answers: &Answers) -> Option<(Component, f64)> {
        let (_, score) = self.scores.iter().find(|(id, _)| id == answers.name())?;
        Some((score.component, score.total(&answers.answers)?))
    }
}
