//! Values of a TOML file with their places: what is missing, foreign or misspelt becomes a problem.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::expression::fault::{Fault, nearest};
use crate::problem::{Place, Problem, place_of};
use crate::unit::Dimension;

/// Most rules of one pack, most limits of one pack.
const MAX_ENTRIES: usize = 100;
/// Most problems of one file that are told; after these, mend and look again.
const MAX_PROBLEMS: usize = 100;

pub(crate) type Value<'t> = Spanned<DeValue<'t>>;

pub(crate) struct Reader<'t> {
    pub file: &'t str,
    pub text: &'t str,
    pub problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    /// Reads a quoted expression; its fault becomes a problem at the very characters.
    pub fn parsed<T>(&mut self, value: &Value<'t>, read: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.say(&value.span(), format!("expected text in quotes, found {}", value.get_ref().type_str()));
            return None;
        };
        match read(text) {
            Ok(read) => Some(read),
            Err(_) if self.problems.len() >= MAX_PROBLEMS => None,
            Err(fault) => {
                let start = self.inner_start(value, text);
                let problem =
                    Problem::at(self.file, self.text, start + fault.span.from, start + fault.span.to, fault.message);
                self.problems.push(match fault.hint {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                });
                None
            }
        }
    }

    /// Where the text inside the quotes begins; with escapes in it, places are those of the quoted text.
    pub fn inner_start(&self, value: &Value<'t>, text: &str) -> usize {
        let span = value.span();
        let raw = self.text.get(span.clone()).unwrap_or("");
        span.start + raw.find(text).unwrap_or(1)
    }

    pub fn table<'v>(&mut self, value: &'v Value<'t>) -> Option<&'v DeTable<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.say(&value.span(), format!("expected a table, found {}", value.get_ref().type_str()));
        }
        table
    }

    pub fn string(&mut self, value: &Value<'t>) -> Option<String> {
        let text = value.get_ref().as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        if text.is_none() {
            let found = if value.get_ref().is_str() { "nothing in them" } else { value.get_ref().type_str() };
            self.say(&value.span(), format!("expected words in quotes, found {found}"));
        }
        text
    }

    pub fn present<'v>(&mut self, table: &'v DeTable<'t>, key: &str, at: &Range<usize>) -> Option<&'v Value<'t>> {
        let value = table.get(key);
        if value.is_none() {
            self.say(at, format!("`{key}` is missing"));
        }
        value
    }

    pub fn required_text(&mut self, table: &DeTable<'t>, key: &str, at: &Range<usize>) -> Option<String> {
        self.present(table, key, at).and_then(|value| self.string(value))
    }

    pub fn only(&mut self, table: &DeTable<'t>, known: &[&'static str]) {
        for (key, _) in table {
            if !known.contains(&key.get_ref().as_ref()) {
                self.unknown_name(key, known.iter().copied());
            }
        }
    }

    pub fn unknown_name(
        &mut self,
        key: &Spanned<std::borrow::Cow<'t, str>>,
        known: impl IntoIterator<Item = &'static str> + Clone,
    ) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        let span = key.span();
        let message = format!("`{}` has no meaning here", key.get_ref());
        let problem = Problem::at(self.file, self.text, span.start, span.end, message);
        let hint = match nearest(key.get_ref(), known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        self.problems.push(problem.hint(hint));
    }

    pub fn same(&mut self, wanted: Dimension, found: Dimension, value: &Value<'t>) {
        if wanted != found {
            let message = format!("{} and {} are not the same kind of quantity", wanted.display(), found.display());
            self.say(&value.span(), message);
        }
    }

    /// As many entries as a pack may have.
    pub fn bounded<T>(
        &mut self,
        mut entries: Vec<(String, Range<usize>, T)>,
        what: &str,
    ) -> Vec<(String, Range<usize>, T)> {
        if let Some((_, at, _)) = entries.get(MAX_ENTRIES) {
            self.say(&at.clone(), format!("a pack has at most {MAX_ENTRIES} {what}"));
        }
        entries.truncate(MAX_ENTRIES);
        entries
    }

    pub fn say(&mut self, at: &Range<usize>, message: String) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        self.problems.push(Problem::at(self.file, self.text, at.start, at.end, message));
    }

    pub fn place(&self, at: &Range<usize>) -> Place {
        place_of(self.file, self.text, at.start)
    }
}
