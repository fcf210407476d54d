//! The packs that come with this version hold together, keep what their scenarios promise, and read well.

use std::path::{Path, PathBuf};

use alert_rules::{Rulebook, built_in, check, print, replay};

fn built_in_rulebook() -> Rulebook {
    Rulebook::from_files(built_in::files()).unwrap_or_else(|problems| panic!("{}", said(&problems)))
}

fn said(problems: &[alert_rules::Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n\n")).collect()
}

#[test]
fn they_check_clean() {
    let problems = check::check(&built_in::files());
    assert!(problems.is_empty(), "{}", said(&problems));
}

#[test]
fn they_keep_their_scenarios() {
    let outcomes = replay::replay_all(&built_in_rulebook()).unwrap_or_else(|problems| panic!("{}", said(&problems)));
    let failed = outcomes.iter().filter(|outcome| !outcome.passed());
    let timelines: String = failed
        .map(|outcome| format!("{}: {}\n{}\n", outcome.scenario.pack, outcome.scenario.name, outcome.timeline()))
        .collect();
    assert!(timelines.is_empty(), "\n{timelines}");
    assert!(outcomes.len() > 50, "only {} scenarios were found", outcomes.len());
}

#[test]
fn all_of_them_are_in_the_binary() {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let packs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packs"));
    let mut files = Vec::new();
    walk(packs, &mut files);
    // Questions may be there before the rules that make a pack of them.
    let is_of_a_pack = |file: &PathBuf| file.ancestors().any(|folder| folder.join("rules.toml").exists());
    files.retain(is_of_a_pack);
    let on_disk: Vec<String> =
        files.iter().map(|file| file.strip_prefix(packs).expect("inside").to_string_lossy().into_owned()).collect();
    let embedded = built_in::files();
    assert_eq!(on_disk.len(), embedded.len());
    assert!(on_disk.iter().all(|path| embedded.contains_key(path)), "{on_disk:?}");
}

#[test]
fn a_page_to_sign() {
    let page =
        print::page(&built_in_rulebook(), "hypertension").expect("the pack is there").expect("the pack can be read");
    // The hash moves with every word of every pack; the words of this one are what is looked at.
    let page =
        page.lines().map(|line| if line.starts_with("Pack hypertension") { "Pack hypertension …" } else { line });
    insta::assert_snapshot!(page.collect::<Vec<_>>().join("\n"));
}
