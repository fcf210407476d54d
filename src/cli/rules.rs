//! `derwent rules`: look at rule packs without a database (do they hold together, do they keep what their scenarios promise, what do
//! they say in plain words), put them in force, and let them run beside those in force.

pub(super) mod in_force;
mod shadow;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use alert_rules::replay::replay_all;
use alert_rules::{Problem, Rulebook, built_in, check, print};
use anyhow::Context as _;
use clap::Subcommand;

use super::backtest::{self, Backtest};
use crate::rule_files;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Check packs: units, names, contradictions, missing sources, promises. File, line, caret, hint
    Check {
        /// A pack's folder, or a folder of packs; without it, the packs in this binary
        path: Option<PathBuf>,
    },
    /// Replay the scenarios of packs; a failing one prints its timeline
    Test {
        /// A pack's folder, or a folder of packs; without it, the packs in this binary
        path: Option<PathBuf>,
    },
    /// Replay people under packs: how many alerts, what is caught and when, and who would be newly alerted
    Backtest(Box<Backtest>),
    /// Print a pack in plain sentences on a page, to read and sign
    Print {
        /// The pack's name, such as hypertension
        pack: String,
        /// Where it stands; without it, the packs in this binary
        path: Option<PathBuf>,
    },
    /// Write the packs in this binary into a new folder, to change them
    Export {
        /// Must not be there yet
        folder: PathBuf,
    },
    #[command(flatten)]
    InForce(in_force::Command),
    /// Rules beside those in force, of which nobody is told
    #[command(subcommand)]
    Shadow(shadow::Shadow),
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Export { folder } => export(&folder),
        Command::InForce(command) => command.run().await,
        Command::Shadow(command) => command.run().await,
        Command::Check { path } => check_packs(&files(path)?),
        Command::Test { path } => test_packs(&files(path)?),
        Command::Backtest(options) => backtest::run(*options).await,
        Command::Print { pack, path } => print_pack(&files(path)?, &pack),
    }
}

fn check_packs(files: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let problems = check::check(files);
    if !problems.is_empty() {
        return Err(listed(&problems));
    }
    say(&format!("{}: no problems\n", packs_in_words(files)));
    Ok(())
}

fn test_packs(files: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let rulebook = rulebook(files)?;
    let outcomes = replay_all(&rulebook).map_err(|problems| listed(&problems))?;
    let mut failed = 0;
    for outcome in &outcomes {
        let scenario = &outcome.scenario;
        if outcome.passed() {
            say(&format!("✓ {}: {}\n", scenario.pack, scenario.name));
        } else {
            failed += 1;
            let place = &scenario.place;
            say(&format!(
                "✗ {}: {}   {}:{}\n{}",
                scenario.pack,
                scenario.name,
                place.file,
                place.line,
                outcome.timeline()
            ));
        }
    }
    anyhow::ensure!(!outcomes.is_empty(), "{}: there are no scenarios", packs_in_words(files));
    anyhow::ensure!(failed == 0, "{failed} of {} scenarios failed", outcomes.len());
    say(&format!("{}: all {} scenarios pass\n", packs_in_words(files), outcomes.len()));
    Ok(())
}

fn print_pack(files: &BTreeMap<String, String>, pack: &str) -> anyhow::Result<()> {
    let rulebook = rulebook(files)?;
    let page = print::page(&rulebook, pack)
        .with_context(|| format!("there is no pack {pack}; there is {}", packs_in_words(files)))?;
    say(&page.map_err(|problems| listed(&problems))?);
    Ok(())
}

/// The rules in these files, or an error that counts their problems, which are said.
pub(super) fn rulebook(files: &BTreeMap<String, String>) -> anyhow::Result<Rulebook> {
    Rulebook::from_files(files.clone()).map_err(|problems| listed(&problems))
}

fn export(folder: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!folder.exists(), "{} is there already; name a new folder", folder.display());
    let files = built_in::files();
    for (path, text) in &files {
        let file = folder.join(path);
        let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&file, text));
        written.with_context(|| format!("cannot write {}", file.display()))?;
    }
    say(&format!("{}: {}\n", folder.display(), packs_in_words(&files)));
    Ok(())
}

/// Says each problem; the error that follows counts them.
fn listed(problems: &[Problem]) -> anyhow::Error {
    problems.iter().for_each(|problem| say(&format!("{problem}\n\n")));
    match problems {
        [_] => anyhow::anyhow!("1 problem in the rule files"),
        _ => anyhow::anyhow!("{} problems in the rule files", problems.len()),
    }
}

/// To standard output. A reader that went away (`| head`) is no error of ours.
pub(super) fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn packs_in_words(files: &BTreeMap<String, String>) -> String {
    let names: Vec<&str> = files.keys().filter_map(|path| path.strip_suffix("/rules.toml")).collect();
    if names.is_empty() { "no pack".to_owned() } else { names.join(", ") }
}

/// Of a folder, or those in this binary.
pub(super) fn files(path: Option<PathBuf>) -> anyhow::Result<BTreeMap<String, String>> {
    path.map_or_else(|| Ok(built_in::files()), |path| rule_files::read(&path))
}
