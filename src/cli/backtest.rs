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
use jiff::SignedDuration;
use serde::Serialize;

use super::rules::in_force::Database;
use super::rules::{files, rulebook, say};
use crate::backtesting::{self, Replayed};
use crate::demo::people::recorded;
use crate::publishing::hex;
use crate::store::audit::{self, Act};

/// `--against` of this name means the packs in this binary, or for the service's own patients the rules in force.
const CURRENT: &str = "current";
/// Of the service's own patients, read and replayed together.
const AT_A_TIME: usize = 64;
const LONGEST_DAYS: i64 = 366;

#[derive(Args, Debug)]
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

    /// Over the service's own patients instead, from so many days ago until now: their real history, read and not changed. With
    /// `--against current` held against the rules in force
    #[arg(long, value_name = "DAYS", value_parser = days, conflicts_with_all = ["over", "seed", "page"])]
    since: Option<SignedDuration>,

    #[command(flatten)]
    database: Database,

    /// Print all figures as JSON instead; of the service's own patients with their ids
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

pub async fn run(options: Backtest) -> anyhow::Result<()> {
    match options.since {
        Some(since) => over_service(options, since).await,
        None => over_people(&options),
    }
}

fn over_people(options: &Backtest) -> anyhow::Result<()> {
    let rules = rulebook(&files(options.path.clone())?)?;
    let against = options.against.clone().map(|path| {
        let path = (path != Path::new(CURRENT)).then_some(path);
        rulebook(&files(path)?)
    });
    let against = against.transpose()?;
    let mut reports = Vec::new();
    for (name, people) in people(options)? {
        let replay_all = |rulebook: &Rulebook| {
            let bar = bar(&name, people.len())?;
            let outcomes = replay_all(&bar, rulebook, &people);
            bar.finish_and_clear();
            outcomes
        };
        let outcomes = replay_all(&rules)?;
        let others = against.as_ref().map(replay_all).transpose()?;
        reports.push(Report::new(&name, &people, &outcomes, others.as_deref()));
    }
    if options.json {
        return as_json(&rules, against.as_ref(), &reports);
    }
    let text: Vec<String> = reports.iter().map(|report| report.text(true)).collect();
    say(&text.join("\n\n"));
    if let Some(page) = &options.page {
        let page_text = page_of(options, &rules, against.as_ref(), &reports);
        std::fs::write(page, page_text).with_context(|| format!("{} cannot be written", page.display()))?;
    }
    Ok(())
}

fn as_json(rules: &Rulebook, against: Option<&Rulebook>, over: &[Report]) -> anyhow::Result<()> {
    let figures = Figures { rules: named(rules), against: against.map(named), over };
    say(&format!("{}\n", serde_json::to_string_pretty(&figures)?));
    Ok(())
}

/// Some patients at a time, so that no more of their history is held than needs be.
async fn over_service(options: Backtest, since: SignedDuration) -> anyhow::Result<()> {
    let rules = rulebook(&files(options.path)?)?;
    let desk = options.database.desk().await?;
    let done = async {
        let mut db = desk.store.owner.begin().await?;
        let in_force = backtesting::in_force(&mut db).await?;
        let against = match options.against {
            None => None,
            Some(path) if path == Path::new(CURRENT) => Some(in_force.clone()),
            Some(path) => Some(rulebook(&files(Some(path))?)?),
        };
        let entry = desk.did(Act::RulesBacktested);
        audit::write(&mut db, &entry.detail(serde_json::json!({ "hash": hex(&rules.hash()) }))).await?;
        db.commit().await?;
        let patients = backtesting::monitored(&desk.store.owner).await?;
        let now = desk.clock.care_now();
        let bar = bar("patients", patients.len())?;
        let mut replayed = Replayed::default();
        for some in patients.chunks(AT_A_TIME) {
            let both: Vec<&Rulebook> = against.iter().chain([&rules]).collect();
            let subjects = backtesting::read(&desk.store.owner, some, &both, now - since, now).await?;
            let under = |rulebook: &Rulebook| -> anyhow::Result<(Vec<Person>, Vec<Outcome>)> {
                let people: Vec<Person> = subjects.iter().filter_map(|of| of.under(rulebook, &in_force)).collect();
                let outcomes = replay_all(&ProgressBar::hidden(), rulebook, &people)?;
                Ok((people, outcomes))
            };
            let others = against.as_ref().map(under).transpose()?.map(|(_, outcomes)| outcomes);
            let (people, outcomes) = under(&rules)?;
            replayed.add(people, outcomes, others);
            bar.inc(some.len() as u64);
        }
        bar.finish_and_clear();
        let over = format!("the last {} days of the service's own patients", since.as_hours() / 24);
        anyhow::Ok((replayed.report(&over), against))
    }
    .await;
    desk.close().await;
    let (report, against) = done?;
    if options.json {
        return as_json(&rules, against.as_ref(), &[report]);
    }
    say(&report.text(false));
    Ok(())
}

/// `90d`
fn days(text: &str) -> Result<SignedDuration, String> {
    let days = text.strip_suffix('d').unwrap_or(text).parse::<i64>();
    let days = days.ok().filter(|days| (1..=LONGEST_DAYS).contains(days));
    days.map(|days| SignedDuration::from_hours(24 * days)).ok_or(format!("say 1d to {LONGEST_DAYS}d"))
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

fn bar(name: &str, people: usize) -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::new(people as u64);
    bar.set_style(ProgressStyle::with_template("{msg} {bar:40} {pos} of {len} people, {eta} to go")?);
    bar.set_message(name.to_owned());
    Ok(bar)
}

/// Each person apart from all others, on all processors.
fn replay_all(bar: &ProgressBar, rulebook: &Rulebook, people: &[Person]) -> anyhow::Result<Vec<Outcome>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut outcomes: Vec<(usize, Outcome)> = Vec::with_capacity(people.len());
    thread::scope(|scope| {
        let of_thread = |first: usize| {
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
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

fn named(rulebook: &Rulebook) -> Named {
    let packs = rulebook.packs().iter().map(|pack| pack.name.clone()).collect();
    Named { packs, hash: hex(&rulebook.hash()) }
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
    let text: Vec<String> = reports.iter().map(|report| format!("```\n{}```\n", report.text(true))).collect();
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
