//! Text → tokens with spans. Knows numbers with units, words, quoted text and operators; resolves no names.

use super::Span;
use super::fault::Fault;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    /// Directly after a number: `mmHg`, `/min`, `days`.
    Unit(String),
    Word(String),
    /// In double quotes.
    Text(String),
    Symbol(&'static str),
    End,
}

impl TokenKind {
    /// As a person would name it in "expected …, found …".
    pub fn in_words(&self) -> String {
        match self {
            TokenKind::Number(number) => number.to_string(),
            TokenKind::Unit(word) | TokenKind::Word(word) => word.clone(),
            TokenKind::Text(text) => format!("\"{text}\""),
            TokenKind::Symbol(symbol) => (*symbol).to_owned(),
            TokenKind::End => "the end".to_owned(),
        }
    }
}

/// Longest first, so that `>=` is not `>` and `=`.
const SYMBOLS: [&str; 16] = ["..", ">=", "<=", "!=", "==", ">", "<", "=", "(", ")", ",", "+", "-", "*", "/", "%"];

/// Words of the language: never a unit, even after a number.
const KEYWORDS: [&str; 10] = ["and", "or", "not", "in", "over", "before", "those", "at", "last", "of"];

/// All tokens, with an `End` at the end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        if next.is_whitespace() {
            at += next.len_utf8();
            continue;
        }
        let after_number = matches!(tokens.last(), Some(Token { kind: TokenKind::Number(_), .. }));
        let (kind, length) = token(&text[at..], after_number)
            .map_err(|(message, length)| Fault::new(Span { from: at, to: (at + length).min(text.len()) }, message))?;
        tokens.push(Token { kind, span: Span { from: at, to: at + length } });
        at += length;
    }
    tokens.push(Token { kind: TokenKind::End, span: Span { from: text.len(), to: text.len() } });
    Ok(tokens)
}

/// The token that `rest` begins with, and its length in bytes.
fn token(rest: &str, after_number: bool) -> Result<(TokenKind, usize), (String, usize)> {
    if after_number && let Some(unit) = unit(rest) {
        return Ok((TokenKind::Unit(unit.to_owned()), unit.len()));
    }
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() {
        let length = number_length(rest);
        return match rest[..length].parse() {
            Ok(number) => Ok((TokenKind::Number(number), length)),
            Err(_) => Err((format!("{} is not a number", &rest[..length]), length)),
        };
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let word = rest[..length].trim_end_matches('.');
        return Ok((TokenKind::Word(word.to_owned()), word.len()));
    }
    if first == '"' {
        return match rest[1..].find('"') {
            Some(length) => Ok((TokenKind::Text(rest[1..=length].to_owned()), length + 2)),
            None => Err(("this text has no closing quote".to_owned(), rest.len())),
        };
    }
    match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        Some("==") => Ok((TokenKind::Symbol("="), 2)),
        Some(symbol) => Ok((TokenKind::Symbol(symbol), symbol.len())),
        None => Err((format!("{first} has no meaning here"), first.len_utf8())),
    }
}

/// A unit at the start of `rest`: letters and UCUM's brackets, or `/min`, `%`. `/ 2` is a division.
fn unit(rest: &str) -> Option<&str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '[' | ']' | '{' | '}' | '_' | '%' | '°' | '/');
    let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
    let word = rest[..length].trim_end_matches('/');
    let mut chars = word.chars();
    let first = chars.next()?;
    let begins = first.is_alphabetic()
        || matches!(first, '[' | '{' | '%' | '°')
        || first == '/' && chars.next().is_some_and(char::is_alphabetic);
    (begins && !KEYWORDS.contains(&word)).then_some(word)
}

fn number_length(rest: &str) -> usize {
    let digits =
        |from: usize| rest[from..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |length| from + length);
    let whole = digits(0);
    let fraction = rest[whole..].strip_prefix('.').is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
    if fraction { digits(whole + 1) } else { whole }
}
