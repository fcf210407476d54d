//! What breaks a wait and an acknowledgement: a condition of `at_once`, or a symptom, that is newly met; and what stays as bad
//! as it was when people last heard of it.

use jiff::SignedDuration;

use super::{Fold, Stop};
use crate::expression::describe::asked_in_words;
use crate::expression::evaluator::Instant;
use crate::expression::{Condition, ConditionKind, Wanted};
use crate::finding::{Kind, Priority};
use crate::reading::Answers;
use crate::reason::Reason;
use crate::rule::Join;
use crate::timeline::{Item, Submitted};
use crate::watch::{Step, Watch, What};

/// The same symptom or value is told at once again after this long: a daily question's next yes is another day's.
const AT_ONCE_AGAIN: SignedDuration = SignedDuration::from_hours(18);

/// What stays as it is has this name among what is met.
const SO_STILL: &str = "so still";

/// Whoever closed an alert must hear again of what never ended: of a high one on the next day, of a medium one on the third.
/// Both are a little less than that, for people measure a little earlier or later.
fn told_again_after(priority: Priority) -> Option<SignedDuration> {
    match priority {
        Priority::High => Some(SignedDuration::from_hours(18)),
        Priority::Medium => Some(SignedDuration::from_hours(3 * 24 - 6)),
        Priority::Low => None,
    }
}

impl Fold<'_> {
    /// Writes down what of `at_once` and the symptoms is newly met. The same again is news once it is another day's.
    pub(super) fn note_at_once(&self, watch: &mut Watch, instant: &Instant<'_>, stop: &Stop<'_>) {
        let mut urgent = self.urgent(instant);
        if let Stop::Item(Item { what: Submitted::Answers(answers), .. }) = stop
            && self.is_symptoms(answers)
        {
            let yes = answers.answers.iter().filter(|(_, answer)| answer.yes() == Some(true));
            urgent.extend(yes.map(|(link, _)| {
                let question = self.person.timeline.asked.question(&answers.questionnaire, link);
                let what = format!("answered yes to {}", asked_in_words(question, link));
                (link.clone(), vec![self.reason(instant, what, None)])
            }));
        }
        let (mut met, mut reasons) = (Vec::new(), Vec::new());
        for (name, why) in urgent {
            let is_new = match watch.met_at_once(&name) {
                None => true,
                Some(last) => matches!(stop, Stop::Item(_)) && instant.at.duration_since(last) >= AT_ONCE_AGAIN,
            };
            if is_new && !met.contains(&name) {
                met.push(name);
                reasons.extend(why);
            }
        }
        if met.is_empty() && self.is_still_so(watch, instant, stop) {
            met.push(SO_STILL.to_owned());
            reasons = self.reasons(instant, &self.rule.when.conditions);
        }
        if !met.is_empty() {
            watch.steps.push(Step { at: instant.at, what: What::AtOnce { met, reasons } });
        }
    }

    /// Measured anew, long after people last heard, and no better. An average goes on by itself, and is told once.
    fn is_still_so(&self, watch: &Watch, instant: &Instant<'_>, stop: &Stop<'_>) -> bool {
        let is_of_latest = self.rule.uses.repeated.iter().any(|vital| !vital.is_score());
        let is_measured = is_of_latest && matches!(stop, Stop::Item(Item { what: Submitted::Reading { .. }, .. }));
        let after = told_again_after(watch.terms.priority);
        let is_long_ago = after.is_some_and(|after| instant.at.duration_since(watch.last_heard()) >= after);
        is_measured
            && is_long_ago
            && watch.terms.kind == Kind::Clinical
            && !self.is_waiting(watch)
            && instant.clause(&self.rule.when) == Some(true)
    }

    /// What of `at_once` is so, by name, and why: each condition of an `any` by itself, an `all` as a whole.
    fn urgent(&self, instant: &Instant<'_>) -> Vec<(String, Vec<Reason>)> {
        let Some(at_once) = &self.rule.at_once else { return Vec::new() };
        let whole = [at_once.conditions.as_slice()];
        let parts: Vec<&[Condition]> = match at_once.join {
            Join::Any => at_once.conditions.chunks(1).collect(),
            Join::All => whole.to_vec(),
        };
        let is_so = |part: &&[Condition]| part.iter().all(|condition| instant.truth(condition) == Some(true));
        let named = |part: &[Condition]| match part {
            [Condition { kind: ConditionKind::Answer { link, wanted: Wanted::Yes, negated: false }, .. }] => {
                link.clone()
            }
            part => at_once.words(part).join(" and "),
        };
        parts.into_iter().filter(is_so).map(|part| (named(part), self.reasons(instant, part))).collect()
    }

    /// The answers to the questionnaire this rule asks along with a repeat.
    pub(super) fn is_symptoms(&self, answers: &Answers) -> bool {
        let symptoms = self.rule.repeat.as_ref().and_then(|repeat| repeat.symptoms.as_deref());
        symptoms.is_some_and(|name| answers.name() == name)
    }
}
