//! Every number of a pack is held by a scenario: moved by one in its last digit, up or down, at least one of them fails.
//!
//! Numbers are those that decide: in `when`, `at_once`, `clear`, in a limit's default and its steps by age, and in a
//! repeat's time. A scenario that only looks at numbers far from the threshold would let a slip of the finger through.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use alert_rules::{Rulebook, built_in, replay};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One number of one rules file, moved.
struct Moved {
    pack: String,
    line: usize,
    from: String,
    to: String,
    text: String,
    /// As on the line.
    excerpt: String,
}

#[test]
fn no_number_can_be_moved_unnoticed() {
    let files = built_in::files();
    let moved: Vec<Moved> = files
        .iter()
        .filter_map(|(path, text)| Some((path.strip_suffix("/rules.toml")?, text)))
        .flat_map(|(pack, text)| all_moves(pack, text))
        .collect();
    assert!(moved.len() > 400, "only {} moves were found", moved.len());

    let next = AtomicUsize::new(0);
    let unnoticed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(moved) = moved.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !is_noticed(&files, moved) {
                        unnoticed.lock().unwrap().push(moved);
                    }
                }
            });
        }
    });
    let mut unnoticed = unnoticed.into_inner().unwrap();
    unnoticed.sort_by_key(|moved| (&moved.pack, moved.line));
    let said: String = unnoticed
        .iter()
        .map(|Moved { pack, line, from, to, excerpt, .. }| {
            format!("{pack}/rules.toml:{line}: {from} → {to}: {excerpt}\n")
        })
        .collect();
    assert!(said.is_empty(), "{} of {} moves fail no scenario:\n{said}", unnoticed.len(), moved.len());
}

/// A scenario of this pack fails, or the file is refused as a whole.
fn is_noticed(files: &BTreeMap<String, String>, moved: &Moved) -> bool {
    let own = format!("{}/", moved.pack);
    let mut files: BTreeMap<String, String> = files
        .iter()
        .filter(|(path, _)| path.starts_with(&own))
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();
    files.insert(format!("{own}rules.toml"), moved.text.clone());
    let Ok(rulebook) = Rulebook::from_files(files) else { return true };
    let Ok(outcomes) = replay::replay_all(&rulebook) else { return true };
    outcomes.iter().any(|outcome| !outcome.passed())
}

fn all_moves(pack: &str, text: &str) -> Vec<Moved> {
    let root = DeTable::parse(text).expect("the packs are read by another test").into_inner();
    let mut places = Vec::new();
    for (_, limit) in tables(root.get("limits")) {
        for (key, value) in limit {
            if key.get_ref().starts_with("from_") {
                places.push(key.span());
                strings(value, &mut places);
            } else if key.get_ref() == "default" {
                strings(value, &mut places);
            }
        }
    }
    for (_, rule) in tables(root.get("rule")) {
        for key in ["when", "at_once", "clear"] {
            rule.get(key).into_iter().for_each(|value| strings(value, &mut places));
        }
        let within = rule.get("repeat").and_then(|repeat| repeat.get_ref().as_table()?.get("within"));
        within.into_iter().for_each(|value| strings(value, &mut places));
    }
    let numbers = places.into_iter().flat_map(|place| numbers(text, place));
    let moves = numbers.flat_map(|number| [1, -1].map(|by| (number.clone(), by)));
    moves
        .filter_map(|(number, by)| {
            let (from, to) = (&text[number.clone()], by_one(&text[number.clone()], by)?);
            let before = &text[..number.start];
            Some(Moved {
                pack: pack.to_owned(),
                line: before.matches('\n').count() + 1,
                from: from.to_owned(),
                text: format!("{before}{to}{}", &text[number.end..]),
                to,
                excerpt: text.lines().nth(before.matches('\n').count()).unwrap_or("").trim().to_owned(),
            })
        })
        .collect()
}

fn tables<'t>(value: Option<&'t Spanned<DeValue<'t>>>) -> impl Iterator<Item = (&'t str, &'t DeTable<'t>)> {
    let table = value.and_then(|value| value.get_ref().as_table());
    table.into_iter().flatten().filter_map(|(key, value)| Some((key.get_ref().as_ref(), value.get_ref().as_table()?)))
}

/// Where the strings in a value stand, however deep.
fn strings(value: &Spanned<DeValue<'_>>, places: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::String(_) => places.push(value.span()),
        DeValue::Array(values) => values.iter().for_each(|value| strings(value, places)),
        DeValue::Table(table) => table.values().for_each(|value| strings(value, places)),
        _ => {}
    }
}

/// Numbers in a stretch of the file, but for those in names: `spo2`, `answer("phq9-2")`.
fn numbers(text: &str, place: Range<usize>) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let outer = bytes.get(place.start).copied().filter(|quote| matches!(quote, b'"' | b'\''));
    let mut found = Vec::new();
    let (mut at, mut named) = (place.start, false);
    while at < place.end {
        let byte = bytes[at];
        if byte == b'"' && outer == Some(b'\'') {
            named = !named;
        }
        let in_a_word = at > place.start && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let begins = byte.is_ascii_digit() && !named && (!in_a_word || outer.is_none());
        let mut end = at + 1;
        if byte.is_ascii_digit() {
            let dot = |end: usize| bytes[end] == b'.' && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
            while end < place.end && (bytes[end].is_ascii_digit() || dot(end)) {
                end += 1;
            }
            if begins {
                found.push(at..end);
            }
        }
        at = end;
    }
    found
}

/// `180` → `181`, `4.0` → `3.9`. None below nothing.
fn by_one(number: &str, by: i64) -> Option<String> {
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let digits: i64 = number.replace('.', "").parse().ok()?;
    let moved = digits.checked_add(by).filter(|moved| *moved >= 0)?;
    let digits = format!("{moved:0width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    Some(if decimals == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") })
}

#[test]
fn a_number_moves_in_its_last_digit() {
    assert_eq!(by_one("180", 1).as_deref(), Some("181"));
    assert_eq!(by_one("4.0", -1).as_deref(), Some("3.9"));
    assert_eq!(by_one("0.10", -1).as_deref(), Some("0.09"));
    assert_eq!(by_one("0", -1), None);
    let text = r#"x = 'mean(spo2, over 7 days) - 1.5 % < 2..3 and answer("phq9-2") = yes'"#;
    let place = text.find('\'').unwrap()..text.len();
    let found: Vec<&str> = numbers(text, place).into_iter().map(|number| &text[number]).collect();
    assert_eq!(found, ["7", "1.5", "2", "3"]);
}
