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
    assert!(said.starts_with("hypertension/rules.toml:28:17: a value in mmHg cannot meet a plain number"), "{said}");
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
