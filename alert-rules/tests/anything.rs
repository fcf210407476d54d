//! Whatever is in the files of a pack, reading and checking it ends soon, with problems of bounded length: no panic, no
//! hanging, no eating of memory. `make fuzz` looks for more, guided by coverage (`fuzz/src/rules.rs`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use alert_rules::{built_in, check};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Many times what the slowest takes, and far below what anybody would call hanging. Tests share their cores.
const SOON: Duration = Duration::from_secs(20);
/// All that is said of one rulebook, together.
const SAID_AT_MOST: usize = 1_000_000;

/// Fails if it takes long or says more than anybody could read; returns what is said.
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn checked(files: &BTreeMap<String, String>) -> String {
    let began = Instant::now();
    let said: String = check::check(files).iter().map(|problem| format!("{problem}\n")).collect();
    let took = began.elapsed();
    assert!(took < SOON, "checking took {took:?}");
    assert!(said.len() < SAID_AT_MOST, "{} characters were said", said.len());
    said
}

fn hypertension() -> BTreeMap<String, String> {
    built_in::files().into_iter().filter(|(path, _)| path.starts_with("hypertension/")).collect()
}

fn with(file: &str, text: String) -> BTreeMap<String, String> {
    let mut files = hypertension();
    files.insert(format!("hypertension/{file}"), text);
    files
}

/// What expressions and files are made of, so that chance builds something near to sense.
const PIECES: [&str; 67] = [
    "systolic",
    "weight",
    "spo2",
    "news2",
    "news2.lower_bound",
    "consciousness",
    "irregular_pulse",
    "standing = yes",
    "alert",
    "pregnant",
    "age_of_patient",
    "severe_systolic",
    "answer(\"x\")",
    "event(\"x\")",
    "yes",
    "no",
    "mean(",
    "slope(",
    "stddev(",
    "rise(",
    "count(",
    "all(",
    "any(",
    "sustained(",
    "together(",
    "overdue(",
    "home_average(",
    "postural_fall(",
    "over 7 days",
    "over 15 days before those",
    "last 4",
    "at least 2",
    ", ",
    "(",
    ")",
    "and",
    "or",
    "not",
    "in",
    ">=",
    "<",
    "=",
    "!=",
    "+",
    "-",
    "*",
    "/",
    "of",
    "..",
    "%",
    "180",
    "4.0",
    "99999999999999999999",
    "mmHg",
    "kg/day",
    "mmol/L",
    "%",
    "2 h",
    "30 min",
    "\"",
    "'",
    "[",
    "]",
    "\n",
    "when.any = [",
    "[rule.x]",
    "†",
];

fn soup(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(select(&PIECES[..]), 1..most).prop_map(|pieces| pieces.join(" "))
}

/// A built-in file with something taken out, put in or said twice.
fn spoilt() -> impl Strategy<Value = BTreeMap<String, String>> {
    let change = (any::<Index>(), any::<Index>(), 0..3_u8, soup(4));
    let file = select(vec!["rules.toml", "advice.toml", "scenarios.toml", QUESTIONNAIRE]);
    (file, prop::collection::vec(change, 1..6)).prop_map(|(file, changes)| {
        let mut text: Vec<char> = hypertension()[&format!("hypertension/{file}")].chars().collect();
        for (one, other, what, put) in changes {
            let (from, length) = (one.index(text.len()), other.index(200));
            let to = (from + length).min(text.len());
            match what {
                0 => drop(text.drain(from..to)),
                1 => drop(text.splice(from..from, put.chars())),
                _ => {
                    let twice: Vec<char> = text[from..to].to_vec();
                    text.splice(to..to, twice);
                }
            }
            text.push('\n');
        }
        with(file, text.into_iter().collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text(file in select(vec!["rules.toml", "advice.toml", "scenarios.toml", QUESTIONNAIRE]), text in "\\PC{0,300}") {
        checked(&with(file, text));
    }

    #[test]
    fn any_condition(when in soup(30)) {
        let rules = format!("[pack]\ntitle='x'\ncover='x'\nsource='x'\nversion='1'\n[rule.x]\nproblem='x'\npriority='low'\nwhen='''{when}'''\n");
        checked(&with("rules.toml", rules));
    }

    #[test]
    fn a_pack_that_is_nearly_right(files in spoilt()) {
        checked(&files);
    }
}

/// Of the hypertension pack.
const QUESTIONNAIRE: &str = "questionnaires/bp-warning-signs.json";

const HEAD: &str = "[pack]\ntitle='x'\ncover='x'\nsource='x'\nversion='1'\n";

#[test]
fn depth() {
    for deep in [
        format!("{HEAD}x = {}1{}\n", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{HEAD}{}x = 1\n", "a.".repeat(100_000)),
        format!("{HEAD}[{}x]\n", "a.".repeat(100_000)),
        format!("{HEAD}[rule.x]\nwhen = '{}'\n", "(".repeat(900)),
        format!("{HEAD}[rule.x]\nwhen = '{} pregnant'\n", "not ".repeat(200)),
        format!("{HEAD}[rule.x]\nwhen = '{}5 kg > 3 kg'\n", "50 % of ".repeat(100)),
        format!("{HEAD}[rule.x]\nwhen = '{}weight > 3 kg'\n", "- ".repeat(400)),
    ] {
        assert!(!checked(&with("rules.toml", deep)).is_empty());
    }
    let json = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!checked(&with(QUESTIONNAIRE, json)).is_empty());
}

#[test]
fn length() {
    // As much as a file may hold, on one line, each piece of it wrong.
    let mut keys = format!("{HEAD}[rule]\nx = {{ ");
    while keys.len() < 250_000 {
        let _ = write!(keys, "k{} = 1, ", keys.len());
    }
    keys.truncate(keys.rfind(',').expect("there are many"));
    assert!(!checked(&with("rules.toml", format!("{keys} }}\n"))).is_empty());
    let mut items = r#"{"resourceType":"Questionnaire","id":"q","url":"x","version":"1","title":"x","purpose":"x","status":"active","item":["#.to_owned();
    while items.len() < 250_000 {
        let _ = write!(items, r#"{{"linkId":"l{0}","text":"x","type":"boolean"}},"#, items.len());
    }
    items.pop();
    assert!(!checked(&with(QUESTIONNAIRE, format!("{items}]}}"))).is_empty());
    let mut scenarios = String::new();
    while scenarios.len() < 250_000 {
        scenarios.push_str("[[scenario]]\nname='x'\nat=['x']\nexpect=['x']\n");
    }
    assert!(!checked(&with("scenarios.toml", scenarios)).is_empty());
    let large = " ".repeat(300_000);
    assert!(checked(&with("advice.toml", large)).contains("this file is longer than 256 KiB"));
    let many = (0..1_000).map(|pack| (format!("p{pack}/rules.toml"), String::new())).collect();
    assert!(checked(&many).contains("a rulebook has at most 400 files"));
}

/// A hundred rules of one problem, each with as many conditions and limits as it may name, and each condition with many
/// ways to be true: every pair of them could be compared at every corner of the limits' ranges.
#[test]
fn intricacy() {
    let limits: String =
        (0..6).map(|n| format!("l{n} = {{ default = '150 mmHg', range = '1{n}0..200 mmHg', why = 'x' }}\n")).collect();
    let ways = |n: usize| {
        let one = |m: usize| format!("(pulse > {} /min or answer(\"q{}\") = yes)", 40 + n + m, n + m);
        (0..10).map(one).collect::<Vec<_>>().join(" and ")
    };
    let conditions: Vec<String> = (0..26).map(ways).collect();
    let listed: String = conditions.iter().map(|condition| format!("'''{condition}''', ")).collect();
    let of_limits: String = (0..6).map(|n| format!("'systolic >= l{n}', ")).collect();
    let rules: String = (0..100)
        .map(|n| format!("[rule.r{n}]\nproblem = 'x'\npriority = 'low'\nteam = 'x'\nwhy = 'x'\nwhen.all = [{of_limits}{listed}]\n"))
        .collect();
    let most: usize = 250_000;
    let whole = format!("{HEAD}[limits]\n{limits}{rules}");
    let cut = whole[..whole.len().min(most)].rfind("[rule.").expect("there are many");
    let said = checked(&with("rules.toml", whole[..cut].to_owned()));
    assert!(said.contains("is too intricate to be checked"), "{}", &said[..said.len().min(2_000)]);
}

#[test]
fn the_packs_that_come_with_it_are_far_from_every_bound() {
    let files = built_in::files();
    assert!(!checked(&files).contains("too intricate"));
    assert!(files.values().all(|text| text.len() < 100_000));
}
