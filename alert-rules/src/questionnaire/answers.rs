//! Whether answers fit the questionnaire they are to. What does not fit is a remark beside the answers, never a reason to
//! lose them: the one that nobody expected may be the one that matters.

use std::fmt;

use super::{Enabled, Item, Kind, Questionnaire, Test, When};
use crate::expression::Comparison;
use crate::reading::Answer;

/// One thing that does not fit, with the question's link id. Says nothing of the answer itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub link: String,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The questionnaire has no such question.
    NotAsked,
    /// Answered more than once.
    Twice,
    /// A text to a yes-or-no question, half a number to a whole one.
    AnotherType,
    /// A code that no option has.
    NoOption,
    /// A number outside the bounds, or a text that is too long.
    OutOfBounds,
    /// Another answer hides the question.
    NotShown,
    /// It is required, shown, and not answered.
    Missing,
}

impl Why {
    /// What is missing makes answers incomplete; everything else makes them unexpected.
    pub fn is_incomplete(self) -> bool {
        self == Why::Missing
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::NotAsked => "is not asked",
            Why::Twice => "is answered twice",
            Why::AnotherType => "has an answer of another type",
            Why::NoOption => "has an answer that is no option",
            Why::OutOfBounds => "has an answer out of bounds",
            Why::NotShown => "is answered, and was not to be shown",
            Why::Missing => "is not answered",
        })
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.link, self.why)
    }
}

impl Questionnaire {
    /// What does not fit, in the order of the questions. Of partial answers nothing is missing.
    pub fn misfits(&self, answers: &[(String, Answer)], partial: bool) -> Vec<Misfit> {
        let mut found = Vec::new();
        let mut says = |link: &str, why| found.push(Misfit { link: link.to_owned(), why });
        self.each_shown(answers, &mut |item, is_shown| {
            let mut given = answers.iter().filter(|(link, _)| *link == item.link).map(|(_, answer)| answer);
            let (first, second) = (given.next(), given.next());
            match first {
                None if item.is_required && is_shown && !partial => says(&item.link, Why::Missing),
                None => {}
                Some(_) if second.is_some() => says(&item.link, Why::Twice),
                Some(_) if !is_shown => says(&item.link, Why::NotShown),
                Some(answer) => {
                    if let Some(why) = item.kind.misfit(answer) {
                        says(&item.link, why);
                    }
                }
            }
        });
        for (link, _) in answers.iter().filter(|(link, _)| self.question(link).is_none()) {
            says(link, Why::NotAsked);
        }
        found
    }

    /// Every question, and whether these answers let it be shown. An answer to a question that is hidden hides others no more.
    fn each_shown<'q>(&'q self, answers: &[(String, Answer)], see: &mut impl FnMut(&'q Item, bool)) {
        fn of<'q, 'a>(
            items: &'q [Item],
            outer: bool,
            answers: &'a [(String, Answer)],
            standing: &mut Vec<(&'q str, &'a Answer)>,
            see: &mut impl FnMut(&'q Item, bool),
        ) {
            for item in items {
                let is_shown = outer && item.enabled.as_ref().is_none_or(|enabled| enabled.holds(standing));
                match &item.kind {
                    Kind::Group(inner) => of(inner, is_shown, answers, standing, see),
                    Kind::Display => {}
                    _ => {
                        see(item, is_shown);
                        let given = answers.iter().rev().find(|(link, _)| *link == item.link);
                        standing.extend(given.filter(|_| is_shown).map(|(_, answer)| (item.link.as_str(), answer)));
                    }
                }
            }
        }
        of(&self.items, true, answers, &mut Vec::new(), see);
    }
}

impl Enabled {
    /// With these answers, of questions that are shown.
    fn holds(&self, answers: &[(&str, &Answer)]) -> bool {
        let holds = |when: &When| {
            let given = answers.iter().find(|(link, _)| *link == when.link).map(|(_, answer)| *answer);
            match (&when.test, given) {
                (Test::Answered(wanted), given) => given.is_some() == *wanted,
                (Test::Is(..), None) => false,
                (Test::Is(comparison, wanted), Some(given)) => compare(*comparison, given, wanted),
            }
        };
        if self.any { self.when.iter().any(holds) } else { self.when.iter().all(holds) }
    }
}

fn compare(comparison: Comparison, given: &Answer, wanted: &Answer) -> bool {
    let (given, wanted) = match (given, wanted) {
        (Answer::Number(given), Answer::Number(wanted)) => (*given, *wanted),
        (given, wanted) => {
            return match comparison {
                Comparison::Equal => given == wanted,
                Comparison::NotEqual => given != wanted,
                Comparison::Less | Comparison::AtMost | Comparison::AtLeast | Comparison::More => false,
            };
        }
    };
    match comparison {
        Comparison::Less => given < wanted,
        Comparison::AtMost => given <= wanted,
        Comparison::AtLeast => given >= wanted,
        Comparison::More => given > wanted,
        Comparison::Equal => given == wanted,
        Comparison::NotEqual => given != wanted,
    }
}

impl Kind {
    fn misfit(&self, answer: &Answer) -> Option<Why> {
        match (self, answer) {
            (Kind::YesNo, answer) if answer.yes().is_some() => None,
            (Kind::Integer(bounds), Answer::Number(number)) if number.fract() == 0.0 => {
                (!bounds.hold(*number)).then_some(Why::OutOfBounds)
            }
            (Kind::Decimal(bounds), Answer::Number(number)) => (!bounds.hold(*number)).then_some(Why::OutOfBounds),
            (Kind::Choice(choices), Answer::Text(code)) => {
                (!choices.iter().any(|choice| choice.code == *code)).then_some(Why::NoOption)
            }
            (Kind::Text { characters_at_most }, Answer::Text(text)) => {
                let is_longer = characters_at_most.is_some_and(|at_most| text.chars().count() > at_most);
                is_longer.then_some(Why::OutOfBounds)
            }
            _ => Some(Why::AnotherType),
        }
    }
}
