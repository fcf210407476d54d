//! Whether answers fit what was asked. What does not fit is kept and judged: the one nobody expected may be the one that matters.

use alert_rules::questionnaire::Questionnaire;
use alert_rules::reading::Answer;
use mobile_api::item;
use mobile_api::refusal::{Reason, Refusal};

/// A required question is not answered.
const INCOMPLETE: &str = "incomplete";
/// Something does not fit what was asked.
const UNEXPECTED: &str = "unexpected";

/// What is known of a questionnaire that was answered.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'q> {
    Unknown,
    /// The name is known, and this version of it was never published. Rules find answers by link ids, which keep their meaning.
    NoSuchVersion,
    This(&'q Questionnaire),
}

impl<'q> Asked<'q> {
    /// `reference` has name and version: `bp-warning-signs|1`.
    pub fn among(known: impl Iterator<Item = &'q Questionnaire>, reference: &str) -> Self {
        let name = reference.split('|').next().unwrap_or_default();
        let mut asked = Self::Unknown;
        for questionnaire in known.filter(|known| known.id == name) {
            if questionnaire.reference() == reference {
                return Self::This(questionnaire);
            }
            asked = Self::NoSuchVersion;
        }
        asked
    }

    /// The flags of these answers.
    pub(super) fn flags(self, sent: &item::Answers) -> Result<Vec<String>, Refusal> {
        match self {
            Self::Unknown => {
                let name = sent.questionnaire.split('|').next().unwrap_or_default();
                let detail = format!("this service does not know the questionnaire {name:?} yet");
                Err(Refusal::new(Reason::QuestionnaireUnknown, detail))
            }
            Self::NoSuchVersion => Ok(vec![UNEXPECTED.to_owned()]),
            Self::This(questionnaire) => {
                let answer = |answer: &item::Answer| Some((answer.link_id.clone(), Answer::sent(&answer.value)?));
                let given: Vec<(String, Answer)> = sent.answers.iter().filter_map(answer).collect();
                let misfits = questionnaire.misfits(&given, sent.partial);
                let (missing, odd): (Vec<_>, Vec<_>) = misfits.iter().partition(|misfit| misfit.why.is_incomplete());
                let flags = [(INCOMPLETE, !missing.is_empty()), (UNEXPECTED, !odd.is_empty())];
                Ok(flags.into_iter().filter(|(_, is)| *is).map(|(flag, _)| flag.to_owned()).collect())
            }
        }
    }
}
