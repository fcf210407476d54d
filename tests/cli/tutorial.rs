//! `docs/writing-a-rule.md`, done as it says: each file written, each command run, and what is said compared line by line. A line
//! of `…` stands for any lines, a `…` within one for any words.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::harness::service::derwent;
use crate::web::world::{World, id};

const PAGE: &str = include_str!("../../docs/writing-a-rule.md");

#[tokio::test]
async fn the_page_about_writing_a_rule_is_true() {
    let world = World::live().await;
    drop(world.serve());
    let mut names = BTreeMap::new();
    for (name, whole, role) in
        [("ANN", "Ann Lee", "clinician"), ("BOB", "Bob Hay", "administrator"), ("CLEO", "Cleo Park", "clinician")]
    {
        let email = format!("{}@example.org", name.to_lowercase());
        let made = id(&world.staff_as(whole, &email, role, None), "staff");
        if name != "CLEO" {
            world.admin(&["staff", "rule-owner", "--staff", &made]);
        }
        names.insert(name.to_owned(), made);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut commands = 0;
    for (about, text) in blocks(PAGE) {
        match about.split_once(' ') {
            Some(("toml", file)) => write(folder.path(), file, text),
            _ if about == "console" => {
                for (command, expected) in conversation(text) {
                    let said = run(folder.path(), &world, &names, command);
                    assert!(is_said(&expected, &said.lines().collect::<Vec<_>>()), "{command}\n{said}");
                    learn(&mut names, &said);
                    commands += 1;
                }
            }
            _ => panic!("what is a block of {about:?}?"),
        }
    }
    assert!(commands > 12, "{commands}");
}

/// Each fenced block: what stands behind its fence, and its text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    page.split("\n```").skip(1).step_by(2).map(|block| block.split_once('\n').expect("a fence, then lines")).collect()
}

/// Within `my-packs`; `FILE replaces WORDS` changes the file that is there.
fn write(folder: &Path, file: &str, text: &str) {
    let (file, replaced) = file.split_once(" replaces ").map_or((file, None), |(file, words)| (file, Some(words)));
    let path = folder.join("my-packs").join(file);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let text = match replaced {
        None => text.to_owned(),
        Some(words) => {
            let before = std::fs::read_to_string(&path).expect("the file");
            assert!(before.contains(words), "{words} is not in {file}");
            before.replacen(words, text, 1)
        }
    };
    std::fs::write(path, text).expect("written");
}

fn conversation(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => said.push((command, Vec::new())),
            None => said.last_mut().expect("a command first").1.push(line),
        }
    }
    said
}

/// Both streams, as somebody at a terminal sees them.
fn run(folder: &Path, world: &World, names: &BTreeMap<String, String>, command: &str) -> String {
    let binary = derwent().get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{} 2>&1", command.replacen("derwent", "\"$BINARY\"", 1)));
    shell.current_dir(folder).env("BINARY", binary).env("DERWENT_DATABASE_URL", &world.database.url).envs(names);
    String::from_utf8(shell.output().expect("a shell").stdout).expect("UTF-8")
}

/// What a reader copies from the screen.
fn learn(names: &mut BTreeMap<String, String>, said: &str) {
    if let Some((_, rest)) = said.split_once("proposed ").filter(|_| said.starts_with("proposed ")) {
        names.insert("PROPOSED".to_owned(), rest.lines().next().expect("a line").to_owned());
    }
    if let Some((_, rest)) = said.split_once(", files ") {
        names.insert("FILES".to_owned(), rest.split('…').next().expect("a hash").to_owned());
    }
}

fn is_said(expected: &[&str], said: &[&str]) -> bool {
    match expected.split_first() {
        None => said.is_empty(),
        Some((&"…", rest)) => (0..=said.len()).any(|skipped| is_said(rest, &said[skipped..])),
        Some((line, rest)) => {
            said.split_first().is_some_and(|(first, said)| is_line(line, first) && is_said(rest, said))
        }
    }
}

fn is_line(expected: &str, said: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else { return false };
    let others: Vec<&str> = parts.collect();
    for part in &others {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || others.last().is_some_and(|last| last.is_empty())
}
