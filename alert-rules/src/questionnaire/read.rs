//! What is written → a questionnaire. Every mistake becomes a problem with its place; one is only made when there is none.

use std::collections::BTreeMap;

use super::fhir::{self, Type};
use super::{Bounds, Choice, Item, Kind, Questionnaire, Words};
use crate::problem::Problem;

/// Longest text of one questionnaire: phones get all of their plan's in one message.
const BYTES_AT_MOST: usize = 32 * 1024;
/// Most questions, groups and words of one: a submission takes no more answers.
const ITEMS_AT_MOST: usize = 100;
const OPTIONS_AT_MOST: usize = 30;
/// Longest id, link id and code, in characters.
const NAME_AT_MOST: usize = 64;
/// Longest text that can be typed as an answer.
const ANSWER_AT_MOST: usize = 200;

const SUBSET: &str = "README.md lists the part of a FHIR R4 Questionnaire that phones show";

pub(super) fn read(file: &str, text: &str) -> Result<Questionnaire, Vec<Problem>> {
    if text.len() > BYTES_AT_MOST {
        let message = format!("this questionnaire is longer than {BYTES_AT_MOST} bytes");
        return Err(vec![Problem::of_file(file, message).hint("split it: each is asked at its own time")]);
    }
    let written: fhir::Questionnaire =
        serde_json::from_str(text).map_err(|error| vec![not_read(file, text, &error)])?;
    let content = serde_json::from_str(text).map_err(|error| vec![not_read(file, text, &error)])?;
    let mut reader = Reader { file, text, earlier: Vec::new(), problems: Vec::new() };
    let questionnaire = reader.questionnaire(written, content);
    if reader.problems.is_empty() { Ok(questionnaire) } else { Err(reader.problems) }
}

/// Not JSON, or not what FHIR or we take here.
fn not_read(file: &str, text: &str, error: &serde_json::Error) -> Problem {
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let mut at = (line_start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let sentence = error.to_string();
    let message = sentence.rsplit_once(" at line ").map_or(sentence.as_str(), |(message, _)| message);
    // The error stands behind the word that it names.
    let name = message.split('`').nth(1).unwrap_or_default();
    let expected = message.split_once("expected ").map_or(SUBSET, |(_, expected)| expected).replace('`', "");
    let (says, hint, is_named) = if message.starts_with("unknown field") {
        (format!("nothing reads {name} here"), SUBSET.to_owned(), true)
    } else if message.starts_with("unknown variant") {
        (format!("{name} is not taken here"), expected, true)
    } else {
        (message.replace('`', ""), SUBSET.to_owned(), false)
    };
    let named = format!("\"{name}\"");
    let start = text.get(..=at).unwrap_or(text).rfind(&named).filter(|_| is_named);
    let (from, to) = start.map_or((at, at), |start| (start, start + named.len()));
    Problem::at(file, text, from, to, says).hint(hint)
}

pub(super) struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    /// Every item that was read, in the order in which they are asked.
    pub(super) earlier: Vec<(String, Kind)>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn questionnaire(&mut self, written: fhir::Questionnaire, content: serde_json::Value) -> Questionnaire {
        let stem = self.file.rsplit('/').next().and_then(|name| name.strip_suffix(".json"));
        // An older version's packs had one, beside the rules and under this name whatever its id.
        let is_older = stem == Some("questionnaire") && !self.file.contains("/questionnaires/");
        if stem != Some(written.id.as_str()) && !is_older || !is_name(&written.id) {
            let hint = "letters, digits, - and _; rules and plans name it, so it stays when the words change";
            self.say(
                "id",
                &written.id,
                format!("a questionnaire of the id {} stands in {}.json", written.id, written.id),
                hint,
            );
        }
        if written.version.is_empty() || written.version.len() > NAME_AT_MOST || written.version.contains('|') {
            self.say(
                "version",
                &written.version,
                "a version is a short text without |".to_owned(),
                "\"1\", then \"2\"",
            );
        }
        let title = self.words("title", written.title, written.title_more);
        if title.text.is_empty() {
            self.say("title", "", "a questionnaire without a title".to_owned(), "the phone's button says it");
        }
        let security = written.meta.map(|meta| meta.security).unwrap_or_default();
        let is_restricted = |label: &fhir::Coding| label.system == fhir::CONFIDENTIALITY && label.code == "R";
        if let Some(label) = security.iter().find(|label| !is_restricted(label)) {
            let hint = format!("\"R\" of {}: not shown again on the phone, hidden from carers", fhir::CONFIDENTIALITY);
            self.say("code", &label.code, format!("the label {} changes nothing here", label.code), &hint);
        }
        let items = self.items(written.item, 0);
        let questionnaire = Questionnaire {
            id: written.id,
            version: written.version,
            title,
            purpose: written.purpose,
            is_sensitive: !security.is_empty(),
            items,
            content,
            file: self.file.to_owned(),
        };
        if questionnaire.questions().is_empty() {
            self.problems.push(Problem::of_file(self.file, "a questionnaire without a question").hint("item: [ … ]"));
        }
        self.languages(&questionnaire);
        questionnaire
    }

    fn items(&mut self, written: Vec<fhir::Item>, depth: usize) -> Vec<Item> {
        let mut items = Vec::new();
        for each in written {
            if self.earlier.len() == ITEMS_AT_MOST {
                self.at_item(&each.link_id, format!("more than {ITEMS_AT_MOST} items"), "split the questionnaire");
            }
            if self.earlier.len() < ITEMS_AT_MOST {
                items.push(self.item(each, depth));
            }
        }
        items
    }

    fn item(&mut self, mut written: fhir::Item, depth: usize) -> Item {
        let link = written.link_id.clone();
        if !is_name(&link) {
            self.at_item(
                &link,
                format!("{link:?} is no link id"),
                "letters, digits, -, _ and . (at most 64): rules name it",
            );
        }
        if self.earlier.iter().any(|(known, _)| *known == link) {
            let problem = self.problem("linkId", &link, 1, format!("there is another item {link}"));
            self.problems.push(problem.hint("a link id stands once: answers are found by it"));
        }
        let text = self.words("text", std::mem::take(&mut written.text), written.text_more.take());
        if text.text.is_empty() && written.kind != Type::Group {
            self.at_item(&link, format!("{link} has no text"), "text: what the person reads");
        }
        let enabled = self.enabled(&link, std::mem::take(&mut written.enable_when), written.enable_behavior);
        self.only_where_it_belongs(&written);
        self.initial(&written);
        let place = self.earlier.len();
        // A group is there before what is in it, so that its own questions cannot decide whether it is shown.
        self.earlier.push((link.clone(), Kind::Display));
        let is_required = written.required;
        let kind = self.kind(&link, written, depth);
        if !matches!(kind, Kind::Group(_)) {
            self.earlier[place].1 = kind.clone();
        }
        Item { link, text, is_required, kind, enabled }
    }

    fn kind(&mut self, link: &str, written: fhir::Item, depth: usize) -> Kind {
        match written.kind {
            Type::Group => {
                if written.item.is_empty() {
                    self.at_item(link, format!("the group {link} is empty"), "item: [ … ]");
                }
                if depth > 1 {
                    self.at_item(
                        link,
                        "a group in a group in a group".to_owned(),
                        "two levels are as much as a phone can say",
                    );
                    return Kind::Group(Vec::new());
                }
                Kind::Group(self.items(written.item, depth + 1))
            }
            Type::Display => Kind::Display,
            Type::Boolean => Kind::YesNo,
            Type::Integer => Kind::Integer(self.bounds(link, &written.extension)),
            Type::Decimal => Kind::Decimal(self.bounds(link, &written.extension)),
            Type::Choice => Kind::Choice(self.choices(link, written.answer_option)),
            Type::String | Type::Text => {
                let max_length = written.max_length;
                if max_length.is_some_and(|length| length == 0 || length > ANSWER_AT_MOST) {
                    self.at_item(link, format!("{link} takes texts of another length"), "maxLength is from 1 to 200");
                }
                Kind::Text { characters_at_most: max_length }
            }
        }
    }

    /// Fields that FHIR allows, or we take, only with some types.
    fn only_where_it_belongs(&mut self, written: &fhir::Item) {
        let (link, kind) = (&written.link_id, written.kind);
        let is_number = matches!(kind, Type::Integer | Type::Decimal);
        let is_text = matches!(kind, Type::String | Type::Text);
        let misplaced = [
            ("item", !written.item.is_empty() && kind != Type::Group, "only a group holds items"),
            ("answerOption", !written.answer_option.is_empty() && kind != Type::Choice, "only a choice has options"),
            ("maxLength", written.max_length.is_some() && !is_text, "only a string or text has a length"),
            (
                "required",
                written.required && matches!(kind, Type::Group | Type::Display),
                "only a question is required",
            ),
            (
                "extension",
                !written.extension.is_empty() && !is_number,
                "minValue and maxValue belong to integers and decimals",
            ),
        ];
        for (field, wrong, hint) in misplaced {
            if wrong {
                self.at_item(link, format!("{field} has no meaning for {link}"), hint);
            }
        }
    }

    fn bounds(&mut self, link: &str, extensions: &[fhir::Extension]) -> Bounds {
        let mut bounds = Bounds::default();
        for extension in extensions {
            #[expect(clippy::cast_precision_loss, reason = "bounds beyond 2^53 are no bounds of an answer")]
            let value = extension.value_decimal.or(extension.value_integer.map(|value| value as f64));
            let bound = match extension.url.as_str() {
                fhir::MIN_VALUE => &mut bounds.from,
                fhir::MAX_VALUE => &mut bounds.to,
                other => {
                    self.at_item(link, format!("nothing reads the extension {other}"), SUBSET);
                    continue;
                }
            };
            *bound = value;
            if value.is_none() {
                self.at_item(link, format!("the bound of {link} is not a number"), "valueInteger or valueDecimal");
            }
        }
        if let (Some(from), Some(to)) = (bounds.from, bounds.to)
            && from > to
        {
            self.at_item(link, format!("no number is from {from} to {to}"), "minValue is at most maxValue");
        }
        bounds
    }

    fn choices(&mut self, link: &str, options: Vec<fhir::AnswerOption>) -> Vec<Choice> {
        if options.is_empty() || options.len() > OPTIONS_AT_MOST {
            self.at_item(
                link,
                format!("{link} has {} options", options.len()),
                "answerOption: from 1 to 30, each a valueCoding",
            );
        }
        let selected = options.iter().filter(|option| option.initial_selected).count();
        if selected > 1 {
            self.at_item(
                link,
                format!("{selected} options of {link} are selected"),
                "initialSelected stands once: one is chosen",
            );
        }
        let mut choices: Vec<Choice> = Vec::new();
        for option in options {
            let code = option.value_coding.code;
            if !is_name(&code) {
                self.at_item(link, format!("{code:?} is no code"), "letters, digits, -, _ and .: it is what is sent");
            }
            if choices.iter().any(|known| known.code == code) {
                self.at_item(link, format!("{link} has the option {code} twice"), "a code stands once");
            }
            let display = self.words("display", option.value_coding.display, option.value_coding.display_more);
            if display.text.is_empty() {
                self.at_item(link, format!("the option {code} of {link} has no display"), "it is what the button says");
            }
            choices.push(Choice { code, display, ordinal: self.ordinal(link, &option.extension) });
        }
        let scored = choices.iter().filter(|choice| choice.ordinal.is_some()).count();
        if scored != 0 && scored != choices.len() {
            self.at_item(link, format!("some options of {link} count and some do not"), "give each its ordinalValue");
        }
        choices
    }

    fn ordinal(&mut self, link: &str, extensions: &[fhir::Extension]) -> Option<f64> {
        let mut ordinal = None;
        for extension in extensions {
            match (extension.url.as_str(), extension.value_decimal) {
                (fhir::ORDINAL_VALUE, Some(value)) => ordinal = Some(value),
                (fhir::ORDINAL_VALUE, None) => {
                    self.at_item(link, "an ordinalValue without a number".to_owned(), "valueDecimal: 2");
                }
                (other, _) => self.at_item(link, format!("nothing reads the extension {other}"), SUBSET),
            }
        }
        ordinal
    }

    /// A text and its translations.
    fn words(&mut self, field: &str, text: String, more: Option<fhir::Element>) -> Words {
        let mut translations = BTreeMap::new();
        for extension in more.map(|more| more.extension).unwrap_or_default() {
            let part = |name: &str| extension.extension.iter().find(|part| part.url == name);
            let language = part("lang").and_then(|part| part.value_code.clone());
            let content = part("content").and_then(|part| part.value_string.clone());
            match (language, content) {
                (Some(language), Some(content))
                    if extension.url == fhir::TRANSLATION && is_language(&language) && !content.trim().is_empty() =>
                {
                    translations.insert(language, content.trim().to_owned());
                }
                _ => {
                    let hint = format!("{} with lang (valueCode \"cy\") and content (valueString)", fhir::TRANSLATION);
                    self.say(field, &text, format!("what stands beside this {field} is no translation"), &hint);
                }
            }
        }
        Words { text: text.trim().to_owned(), translations }
    }

    /// Who chose a language must not meet half of the questions in it.
    fn languages(&mut self, questionnaire: &Questionnaire) {
        fn of<'a>(items: &'a [Item], found: &mut Vec<(&'a str, &'a Words)>) {
            for item in items {
                found.push((&item.link, &item.text));
                match &item.kind {
                    Kind::Group(inner) => of(inner, found),
                    Kind::Choice(choices) => found.extend(choices.iter().map(|choice| (&*item.link, &choice.display))),
                    _ => {}
                }
            }
        }
        let mut all = vec![("", &questionnaire.title)];
        of(&questionnaire.items, &mut all);
        all.retain(|(_, words)| !words.text.is_empty());
        let languages =
            all.iter().flat_map(|(_, words)| words.translations.keys()).collect::<std::collections::BTreeSet<_>>();
        for language in languages {
            if let Some((link, words)) = all.iter().find(|(_, words)| !words.translations.contains_key(language)) {
                let message = format!("“{}” is not said in {language}, and other words are", words.text);
                match *link {
                    "" => self.say("title", &words.text, message, "translate all of it, or nothing"),
                    link => self.at_item(link, message, "translate all of it, or nothing"),
                }
            }
        }
    }

    /// A problem with the value of a field of the questionnaire itself.
    fn say(&mut self, field: &str, value: &str, message: String, hint: &str) {
        let problem = self.problem(field, value, 0, message);
        self.problems.push(problem.hint(hint));
    }

    /// A problem with an item.
    pub(super) fn at_item(&mut self, link: &str, message: String, hint: &str) {
        let problem = self.problem("linkId", link, 0, message);
        self.problems.push(problem.hint(hint));
    }

    fn problem(&self, field: &str, value: &str, nth: usize, message: String) -> Problem {
        match find(self.text, field, value, nth) {
            Some((from, to)) => Problem::at(self.file, self.text, from, to, message),
            None => Problem::of_file(self.file, message),
        }
    }
}

/// Where `"field": "value"` has its value, the n-th time.
fn find(text: &str, field: &str, value: &str, nth: usize) -> Option<(usize, usize)> {
    let (field, value) = (format!("\"{field}\""), serde_json::to_string(value).ok()?);
    let fields = text.match_indices(&field).filter_map(|(at, _)| {
        let rest = &text[at + field.len()..];
        let start = rest.trim_start().strip_prefix(':')?.trim_start();
        let from = text.len() - start.len();
        start.starts_with(&value).then_some((from, from + value.len()))
    });
    fields.into_iter().nth(nth)
}

/// A FHIR id, with `_`.
fn is_name(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    !text.is_empty() && text.len() <= NAME_AT_MOST && text.chars().all(is_part)
}

/// `cy`, `pt-BR`.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    parts
        .next()
        .is_some_and(|first| matches!(first.len(), 2 | 3) && first.bytes().all(|byte| byte.is_ascii_lowercase()))
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
