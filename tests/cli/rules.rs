//! `derwent rules`: no database, no configuration, no network.

use std::fs;
use std::path::Path;

use crate::harness::service::derwent;

/// Exit code, standard output, standard error.
fn rules(arguments: &[&str]) -> (i32, String, String) {
    let output = derwent().arg("rules").args(arguments).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

/// A folder with the hypertension pack, its rules changed.
fn pack(from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, target) = (Path::new("alert-rules/packs/hypertension"), folder.path().join("hypertension"));
    for inner in ["", "questionnaires"] {
        fs::create_dir(target.join(inner)).unwrap();
        let entries = fs::read_dir(source.join(inner)).expect("the pack").map(|entry| entry.unwrap().path());
        for file in entries.filter(|entry| entry.is_file()) {
            let text = fs::read_to_string(&file).unwrap().replacen(from, to, 1);
            fs::write(target.join(inner).join(file.file_name().expect("a name")), text).unwrap();
        }
    }
    folder
}

/// Their names, as the commands list them.
fn built_in_packs() -> String {
    let rulebook = alert_rules::Rulebook::built_in();
    rulebook.packs().iter().map(|pack| pack.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_built_in_packs_check_and_keep_their_scenarios() {
    let (code, said, _) = rules(&["check"]);
    assert_eq!((code, said), (0, format!("{}: no problems\n", built_in_packs())));
    let (code, said, _) = rules(&["test"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("✓ hypertension: two severe readings, the second confirms"), "{said}");
}

#[test]
fn a_problem_has_its_line_and_an_exit_code() {
    let folder = pack("systolic >= 220 mmHg", "systolic >= 220");
    let path = folder.path().to_str().expect("UTF-8");
    let (code, said, error) = rules(&["check", path]);
    assert_eq!((code, error.as_str()), (1, "derwent: 1 problem in the rule files\n"));
    assert!(said.starts_with("hypertension/rules.toml:29:17: a value in mmHg cannot meet a plain number"), "{said}");
    let one_pack = folder.path().join("hypertension");
    assert_eq!(rules(&["check", one_pack.to_str().expect("UTF-8")]).1, said);
}

#[test]
fn a_broken_promise_prints_its_timeline() {
    let folder = pack("within = \"15 min\"", "within = \"30 min\"");
    let (code, said, error) = rules(&["test", folder.path().to_str().expect("UTF-8")]);
    assert_eq!(code, 1);
    assert!(said.contains("  - 2026-03-01 08:15  high severe   expected, did not happen\n"), "{said}");
    assert!(error.contains("scenarios failed"), "{error}");
}

#[test]
fn a_page_to_sign_and_what_is_not_there() {
    let (code, said, _) = rules(&["print", "heart-failure"]);
    assert_eq!(code, 0);
    assert!(said.starts_with("# Heart failure at home\n") && said.contains("Signature:"), "{said}");
    let nothing = tempfile::tempdir().expect("a folder");
    for (arguments, sentence) in [
        (vec!["print", "gout"], &*format!("derwent: there is no pack gout; there is {}\n", built_in_packs())),
        (vec!["check", "/nowhere"], "derwent: there is no folder /nowhere; name a pack's folder, or a folder of packs"),
        (vec!["check", nothing.path().to_str().expect("UTF-8")], "derwent: there is no pack in "),
    ] {
        let (code, _, error) = rules(&arguments);
        assert!(code == 1 && error.starts_with(sentence), "{error}");
    }
}

/// Figures of the cohort, by pack, as JSON.
fn backtest(arguments: &[&str]) -> serde_json::Value {
    let (code, said, error) = rules(&[&["backtest", "--over", "cohort", "--json"], arguments].concat());
    assert_eq!(code, 0, "{error}");
    serde_json::from_str(&said).expect("JSON")
}

#[test]
fn a_backtest_says_what_changed_rules_would_have_done() {
    let folder = pack("{ default = \"180 mmHg\"", "{ default = \"160 mmHg\"");
    let path = folder.path().to_str().expect("UTF-8");
    let figures = backtest(&[path, "--against", "current"]);
    assert_ne!(figures["rules"]["hash"], figures["against"]["hash"]);
    let over = figures["over"].as_array().expect("sets of people");
    assert_eq!((over.len(), over[0]["over"].as_str()), (1, Some("cohort of seed 1")));
    let of = over[0]["packs"].as_array().expect("packs").iter().find(|of| of["pack"] == "hypertension").expect("it");
    let alerts = |side: &str| of[side]["hand_dealt"].as_u64().expect("a number");
    assert!(of["rules"]["people"] == 70 && alerts("rules") > alerts("against"), "{of}");
    assert!(over[0]["difference"]["more"].as_u64().expect("a number") > 0);

    let same = backtest(&["--against", "current", "--seed", "2"]);
    let difference = &same["over"][0]["difference"];
    assert_eq!((&difference["more"], &difference["fewer"]), (&0.into(), &0.into()));
}

#[test]
fn a_backtest_is_a_page_with_the_command_that_makes_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("backtests.md");
    let (path, over) = (page.to_str().expect("UTF-8"), ["backtest", "--over", "recordings", "--page"]);
    let (code, said, error) = rules(&[&over[..], &[path]].concat());
    assert_eq!(code, 0, "{error}");
    assert!(said.starts_with("recordings: 49 people\n"), "{said}");
    let page = fs::read_to_string(page).expect("the page");
    assert!(
        page.contains("`derwent rules backtest --over recordings --seed 1`: rules ") && page.contains(&said),
        "{page}"
    );
    let (code, _, error) = rules(&["backtest", "--against", "/nowhere"]);
    assert_eq!(code, 1);
    assert!(error.starts_with("derwent: there is no folder /nowhere"), "{error}");
}
