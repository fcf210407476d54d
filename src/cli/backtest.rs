//! `derwent rules backtest`: what would these rules have done to people whose readings are known? It prints both columns
//! side by side, what was caught and what work it made, with recordings and invented people kept apart.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::thread;

use alert_rules::Rulebook;
use alert_rules::backtest::{HEADING, Outcome, Person, Report, cohort::cohort, replay};
use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::rules::{files, rulebook, say};
use crate::demo::people::recorded;

/// `--against` of this name means the packs in this binary.
const CURRENT: &str = "current";

#[derive(Args, Clone, Debug)]
pub struct Backtest {
    /// A pack's folder, or a folder of packs; without it, the packs in this binary
    path: Option<PathBuf>,

    /// Hold them against other packs: a folder, or `current` for those in this binary
    #[arg(long, value_name = "PATH|current")]
    against: Option<PathBuf>,

    /// Over whom: the recordings of real people that come with the demo, the invented cohort with its labels, or both
    #[arg(long, value_enum, default_value_t = Over::Both)]
    over: Over,

    /// Of the cohort: the same seed gives the same people
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Print all figures as JSON instead
    #[arg(long)]
    json: bool,

    /// Write what is printed as a page, with the command that makes it again
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    page: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Recordings,
    Cohort,
    Both,
}

/// Some packs, known by the hash of their files.
#[derive(Serialize)]
struct Named {
    packs: Vec<String>,
    hash: String,
}

#[derive(Serialize)]
struct Figures<'a> {
    rules: Named,
    against: Option<Named>,
    over: &'a [Report],
}

pub fn run(options: &Backtest) -> anyhow::Result<()> {
    let rules = rulebook(&files(options.path.clone())?)?;
    let against = options.against.clone().map(|path| {
        let path = (path != Path::new(CURRENT)).then_some(path);
        rulebook(&files(path)?)
    });
    let against = against.transpose()?;
    let mut reports = Vec::new();
    for (name, people) in people(options)? {
        let outcomes = replay_all(&name, &rules, &people)?;
        let others = against.as_ref().map(|against| replay_all(&name, against, &people)).transpose()?;
        reports.push(Report::new(&name, &people, &outcomes, others.as_deref()));
    }
    if options.json {
        let figures = Figures { rules: named(&rules), against: against.as_ref().map(named), over: &reports };
        say(&format!("{}\n", serde_json::to_string_pretty(&figures)?));
        return Ok(());
    }
    let text: Vec<String> = reports.iter().map(Report::text).collect();
    say(&text.join("\n\n"));
    if let Some(page) = &options.page {
        let page_text = page_of(options, &rules, against.as_ref(), &reports);
        std::fs::write(page, page_text).with_context(|| format!("{} cannot be written", page.display()))?;
    }
    Ok(())
}

/// Who is replayed, and what they are called together.
fn people(options: &Backtest) -> anyhow::Result<Vec<(String, Vec<Person>)>> {
    let mut sets = Vec::new();
    if options.over != Over::Cohort {
        sets.push(("recordings".to_owned(), recorded()?));
    }
    if options.over != Over::Recordings {
        sets.push((format!("cohort of seed {}", options.seed), cohort(options.seed)));
    }
    Ok(sets)
}

/// Each person apart from all others, on all processors.
fn replay_all(name: &str, rulebook: &Rulebook, people: &[Person]) -> anyhow::Result<Vec<Outcome>> {
    let bar = ProgressBar::new(people.len() as u64);
    bar.set_style(ProgressStyle::with_template("{msg} {bar:40} {pos} of {len} people, {eta} to go")?);
    bar.set_message(name.to_owned());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut outcomes: Vec<(usize, Outcome)> = Vec::with_capacity(people.len());
    thread::scope(|scope| {
        let of_thread = |first: usize| {
            let bar = &bar;
            scope.spawn(move || {
                let mine = people.iter().enumerate().skip(first).step_by(threads);
                mine.map(|(index, person)| {
                    let outcome = replay(rulebook, person);
                    bar.inc(1);
                    (index, outcome)
                })
                .collect::<Vec<_>>()
            })
        };
        let running: Vec<_> = (0..threads).map(of_thread).collect();
        for thread in running {
            outcomes.extend(thread.join().map_err(|_| anyhow!("the rule engine panicked"))?);
        }
        anyhow::Ok(())
    })?;
    bar.finish_and_clear();
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

fn named(rulebook: &Rulebook) -> Named {
    let hash = rulebook.hash().iter().map(|byte| format!("{byte:02x}")).collect();
    Named { packs: rulebook.packs().iter().map(|pack| pack.name.clone()).collect(), hash }
}

/// The page that `make backtest` writes.
fn page_of(options: &Backtest, rules: &Rulebook, against: Option<&Rulebook>, reports: &[Report]) -> String {
    let mut command = "derwent rules backtest".to_owned();
    for (flag, path) in [("", &options.path), (" --against", &options.against)] {
        if let Some(path) = path {
            let _ = write!(command, "{flag} {}", path.display());
        }
    }
    match options.over {
        Over::Both => {}
        Over::Recordings => command.push_str(" --over recordings"),
        Over::Cohort => command.push_str(" --over cohort"),
    }
    let short = |rulebook: &Rulebook| named(rulebook).hash[..12].to_owned();
    let hashes = match against {
        None => format!("rules {}", short(rules)),
        Some(against) => format!("rules {}, against {}", short(rules), short(against)),
    };
    let rows: String = reports.iter().map(Report::rows).collect();
    let text: Vec<String> = reports.iter().map(|report| format!("```\n{}```\n", report.text())).collect();
    format!("{PAGE}`{command} --seed {}`: {hashes}.\n\n{HEADING}{rows}\n{}", options.seed, text.join("\n"))
}

const PAGE: &str = "\
# What the packs would have done

Written by `make backtest`. Our packs are held against plain-threshold versions of themselves (`alert-rules/baselines`): the same
thresholds, applied to each reading as it comes, without asking first, averages or personal baselines. Where a cell has two
figures, the first is of our packs and the second of the plain ones.

- **Recordings**: 49 real people (`demo/recordings`). Nobody knows what was the matter with them, so only the work is counted; and
  nobody was there to be asked, so what was measured next counts as the repeat.
- **Cohort**: 200 invented people over 90 days, from a seed (`alert-rules/src/backtest/cohort.rs` says how they fall ill, what they
  forget, and how they answer an ask). What is known of each stands in labels: *told in time* is an episode of which somebody
  was told between its true start and when it had to be known, loudly enough; an artefact *alarmed somebody* if a medium or
  high alert came within a day of it. They are a model: they can show that rules are worse than others, never that rules are safe.
  Nobody in it answers questionnaires, so rules about symptoms stay quiet.
- A **hand-dealt alert** is one that a person has to close, tasks included; asks to patients are counted apart. A high alert is
  closed half an hour after people were told, everything else at the rounds at 09:00 and 16:30; what fires on is not opened again.
  The published burden of a blood-pressure programme is 0.10 per patient-day (JMIR Med Inform 2025;13:e66066).

";
