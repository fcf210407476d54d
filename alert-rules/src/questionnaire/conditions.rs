//! When an item is shown, and what is filled in before anybody answers: both must fit the question they are about.

use super::fhir::{Behavior, EnableWhen, Item, Operator, Type};
use super::read::Reader;
use super::{Enabled, Kind, Test, When};
use crate::expression::Comparison;
use crate::reading::Answer;

impl Reader<'_> {
    /// `enableWhen` of an item, whose questions stand before it.
    pub(super) fn enabled(
        &mut self,
        link: &str,
        written: Vec<EnableWhen>,
        behavior: Option<Behavior>,
    ) -> Option<Enabled> {
        if written.len() > 1 && behavior.is_none() {
            let message = format!("{link} does not say whether all of its conditions must hold, or any");
            self.at_item(link, message, "enableBehavior: \"all\" or \"any\"");
        }
        let when: Vec<When> = written.into_iter().filter_map(|each| self.when(link, each)).collect();
        (!when.is_empty()).then_some(Enabled { any: behavior == Some(Behavior::Any), when })
    }

    fn when(&mut self, link: &str, written: EnableWhen) -> Option<When> {
        let about = &written.question;
        let Some(kind) = self.earlier.iter().find(|(known, _)| known == about).map(|(_, kind)| kind.clone()) else {
            let message = format!("{link} depends on {about}, which is not asked before it");
            self.at_item(link, message, "enableWhen names the linkId of an earlier question");
            return None;
        };
        let fits = test(&written, &kind);
        if fits.is_none() {
            let message = format!("{link} depends on {about} in a way that does not fit a {}", kind.name());
            self.at_item(link, message, hint(&kind));
        }
        Some(When { link: written.question, test: fits? })
    }

    /// `initial` of an item; a choice has `initialSelected` instead.
    pub(super) fn initial(&mut self, written: &Item) {
        let [initial] = written.initial.as_slice() else {
            if !written.initial.is_empty() {
                self.at_item(&written.link_id, "more than one initial value".to_owned(), "one question has one answer");
            }
            return;
        };
        let given = [
            initial.value_boolean.is_some(),
            initial.value_integer.is_some(),
            initial.value_decimal.is_some(),
            initial.value_string.is_some(),
        ];
        let fits = match written.kind {
            Type::Boolean => given == [true, false, false, false],
            Type::Integer => given == [false, true, false, false],
            Type::Decimal => given == [false, false, true, false],
            Type::String | Type::Text => given == [false, false, false, true],
            Type::Choice | Type::Group | Type::Display => false,
        };
        if !fits {
            let message = format!("the initial value does not fit {}", written.link_id);
            let hint =
                "valueBoolean, valueInteger, valueDecimal or valueString as its type; a choice says initialSelected";
            self.at_item(&written.link_id, message, hint);
        }
    }
}

/// None: it does not fit.
fn test(written: &EnableWhen, kind: &Kind) -> Option<Test> {
    let EnableWhen { answer_boolean, answer_integer, answer_decimal, answer_string, answer_coding, .. } = written;
    let given = [
        answer_boolean.is_some(),
        answer_integer.is_some(),
        answer_decimal.is_some(),
        answer_string.is_some(),
        answer_coding.is_some(),
    ];
    if given.iter().filter(|given| **given).count() != 1 || matches!(kind, Kind::Group(_) | Kind::Display) {
        return None;
    }
    let comparison = match written.operator {
        Operator::Exists => return answer_boolean.map(Test::Answered),
        Operator::Equal => Comparison::Equal,
        Operator::NotEqual => Comparison::NotEqual,
        Operator::More => Comparison::More,
        Operator::Less => Comparison::Less,
        Operator::AtLeast => Comparison::AtLeast,
        Operator::AtMost => Comparison::AtMost,
    };
    #[expect(clippy::cast_precision_loss, reason = "no answer is beyond 2^53")]
    let (answer, has_order) = match kind {
        Kind::YesNo => (Answer::YesNo((*answer_boolean)?), false),
        Kind::Integer(_) => (Answer::Number((*answer_integer)? as f64), true),
        Kind::Decimal(_) => (Answer::Number((*answer_decimal)?), true),
        Kind::Text { .. } => (Answer::Text(answer_string.clone()?), false),
        Kind::Choice(choices) => {
            let code = &answer_coding.as_ref()?.code;
            choices.iter().find(|choice| choice.code == *code)?;
            (Answer::Text(code.clone()), false)
        }
        Kind::Group(_) | Kind::Display => return None,
    };
    let is_ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    (has_order || !is_ordered).then_some(Test::Is(comparison, answer))
}

fn hint(kind: &Kind) -> &'static str {
    match kind {
        Kind::YesNo => "operator \"=\" or \"!=\" with answerBoolean, or \"exists\"",
        Kind::Integer(_) => "a comparison with answerInteger, or \"exists\" with answerBoolean",
        Kind::Decimal(_) => "a comparison with answerDecimal, or \"exists\" with answerBoolean",
        Kind::Text { .. } => "operator \"=\" or \"!=\" with answerString, or \"exists\" with answerBoolean",
        Kind::Choice(_) => {
            "operator \"=\" or \"!=\" with an answerCoding of its options, or \"exists\" with answerBoolean"
        }
        Kind::Group(_) | Kind::Display => "it must be a question",
    }
}
