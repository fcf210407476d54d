//! What is wrong with a rule file, and where: the form every check answers in.

use std::fmt;

/// Most characters of a line that are shown.
const EXCERPT_CHARS: usize = 240;

/// Where a piece of a rule file stands. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Path within the rulebook: `hypertension/rules.toml`.
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// Something that keeps a rulebook from being used. Shows file, line, column, the line itself, a caret and a hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    pub place: Place,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// The line of the file it stands on, or the part of a very long one around it; empty when there is none.
    pub excerpt: String,
    /// Characters of the excerpt before the caret.
    pub before: u32,
    /// How many characters the caret underlines, at least 1.
    pub length: u32,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem with a whole file.
    pub fn of_file(file: &str, message: impl Into<String>) -> Problem {
        Problem {
            place: Place { file: file.to_owned(), line: 1, column: 1 },
            message: message.into(),
            excerpt: String::new(),
            before: 0,
            length: 1,
            hint: None,
        }
    }

    /// A problem with bytes `from..to` of a file's text.
    pub fn at(file: &str, text: &str, from: usize, to: usize, message: impl Into<String>) -> Problem {
        let place = place_of(file, text, from);
        let line = text.lines().nth(place.line - 1).unwrap_or("");
        // Of a longer line than a person reads, what stands around it.
        let skipped = (place.column - 1).saturating_sub(EXCERPT_CHARS / 2);
        let skipped = if line.chars().nth(EXCERPT_CHARS).is_none() { 0 } else { skipped };
        let excerpt: String = line.chars().skip(skipped).take(EXCERPT_CHARS).collect();
        let before = place.column - 1 - skipped;
        let rest = excerpt.chars().count().saturating_sub(before);
        let length = text.get(from..to).map_or(1, |marked| marked.chars().count()).clamp(1, rest.max(1));
        // An excerpt is short.
        let (before, length) = (before as u32, length as u32);
        Problem { place, message: message.into(), excerpt, before, length, hint: None }
    }

    /// A syntax error, a missing key, or a key that nobody knows.
    pub fn of_toml(file: &str, text: &str, error: &toml::de::Error) -> Problem {
        let message = error.message().trim().replace('\n', "; ");
        match error.span() {
            Some(span) => Problem::at(file, text, span.start, span.end, message),
            None => Problem::of_file(file, message),
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

/// Line and column of a byte of a file's text.
pub fn place_of(file: &str, text: &str, byte: usize) -> Place {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column } = &self.place;
        write!(f, "{file}:{line}:{column}: {}", self.message)?;
        if !self.excerpt.is_empty() {
            write!(
                f,
                "\n  {}\n  {}{}",
                self.excerpt,
                " ".repeat(self.before as usize),
                "^".repeat(self.length as usize)
            )?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}
