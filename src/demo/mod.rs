//! The demo: recorded readings of real people go through real phones and real sockets into the real service, which runs
//! as a process of its own and whose pages reach a real inbox.
//!
//! `recordings` reads the files, `timeline` lays them on one calendar, `cast` and `setup` make the people, `player` plays
//! them, `summary` adds up what came of it, and `stage` shows it in a browser. `people` is the recordings for a backtest.

mod actor;
mod cast;
mod coordinator;
pub mod inbox;
pub mod people;
mod player;
mod progress;
mod recordings;
pub mod service;
mod setup;
mod stage;
mod summary;
mod timeline;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use jiff::SignedDuration;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use self::cast::Cast;
use self::player::{Player, Preparation};
use self::recordings::Recording;
use self::stage::Stage;
use self::summary::Summary;
use self::timeline::Timeline;
use crate::clock::Clock;
use crate::random;
use crate::store::tally;

/// The sums that a whole play must come to.
const SUMMARY: &str = include_str!("../../demo/summary.txt");
const SUMMARY_FILE: &str = "demo/summary.txt";
/// Played until quiet, the recordings end on this day whatever day it is, so that clock changes fall where they fell before.
const LAST_DAY: Date = date(2026, 6, 28);
/// After the last reading, whatever is due within this still comes: asks, escalations, silence.
const AFTERMATH: SignedDuration = SignedDuration::from_hours(72);

#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Play all recordings as fast as it goes, print what came of them, and fail unless the sums agree with demo/summary.txt
    #[arg(long)]
    pub until_quiet: bool,

    /// Write demo/summary.txt anew instead of comparing with it
    #[arg(long, requires = "until_quiet")]
    pub regenerate: bool,

    /// Play only recordings whose name begins so (may be given again); nothing is compared with the table then
    #[arg(long, requires = "until_quiet", value_name = "NAME", conflicts_with = "regenerate")]
    pub only: Vec<String>,

    /// Kill the service (SIGKILL) this often on the way, spread evenly
    #[arg(long, requires = "until_quiet", value_name = "TIMES", default_value_t = 0)]
    pub kills: usize,

    /// Address and port of the stage (port 0: any free one)
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// The folder of an unpacked TimescaleDB (default: what `make timescaledb` fetched, else the system's)
    #[arg(long, env = "DERWENT_POSTGRES_DIR")]
    pub postgres_dir: Option<PathBuf>,
}

pub async fn run(options: Demo) -> anyhow::Result<()> {
    let folder = Folder::make()?;
    let play = async {
        if options.until_quiet {
            until_quiet(&options, folder.path()).await
        } else {
            show(&options, folder.path()).await
        }
    };
    let asked_to_end = crate::lifecycle::asked_to_end().context("signals cannot be heard")?;
    tokio::select! {
        played = play => played,
        () = asked_to_end => {
            ensure!(!options.until_quiet, "asked to end before everything was played");
            Ok(())
        }
    }
}

/// The stage.
async fn show(options: &Demo, folder: &Path) -> anyhow::Result<()> {
    let cast = Cast::read()?;
    let zone = TimeZone::get(&cast.organisation.time_zone).context("the time zone of the cast")?;
    let clock = Clock::ordinary();
    let stage = Stage::open(options.listen, &cast.organisation.time_zone, &clock).await?;
    println!("\n  Derwent is at {}\n", stage.link);
    println!(
        "  The recordings of 49 people are loaded first, through real phones: some four minutes, and you can watch."
    );
    println!("  Then Dorothy has her phone. Ctrl-C ends everything and keeps nothing.\n");
    let yesterday = clock.machine_now().to_zoned(zone.clone()).date().yesterday()?;
    let recordings = in_order_of(&cast, recordings::all())?;
    let timeline = Timeline::new(&recordings, yesterday, &zone)?;
    let how = Preparation {
        data_dir: folder.to_owned(),
        postgres_dir: options.postgres_dir.clone(),
        stage_origin: Some(stage.origin.clone()),
    };
    stage.play(&how, &cast, &timeline).await
}

/// All of it as fast as it goes, and the sums.
async fn until_quiet(options: &Demo, folder: &Path) -> anyhow::Result<()> {
    let mut cast = Cast::read()?;
    if !options.only.is_empty() {
        cast.person.retain(|person| options.only.iter().any(|name| person.recording.starts_with(name)));
        ensure!(!cast.person.is_empty(), "no recording's name begins with {}", options.only.join(" or "));
    }
    let zone = TimeZone::get(&cast.organisation.time_zone).context("the time zone of the cast")?;
    let recordings = in_order_of(&cast, recordings::all())?;
    let timeline = Timeline::new(&recordings, LAST_DAY, &zone)?;
    let how =
        Preparation { data_dir: folder.to_owned(), postgres_dir: options.postgres_dir.clone(), stage_origin: None };
    let clock = Clock::ordinary();
    let started = clock.instant();
    let mut player = Player::prepare(&how, &cast, &timeline).await?;
    let bar = progress::bar(timeline.windows.len());
    for (index, window) in timeline.windows.iter().enumerate() {
        player.play(window, kills_here(index, timeline.windows.len(), options.kills)).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let last = timeline.windows.last().context("there are readings")?.at;
    player.until_quiet(last.checked_add(AFTERMATH)?).await?;

    let tally = tally::all(&player.store.owner).await?;
    let seen: Vec<_> = player.seen().cloned().collect();
    let summary = Summary::of(&recordings, &timeline, &seen, tally, player.inbox.counts());
    player.end().await?;
    let table = summary.render();
    print!("{table}");
    eprintln!("\nplayed in {:.0} s", clock.instant().duration_since(started).as_secs_f64());
    let problems = summary.problems();
    ensure!(problems.is_empty(), "the sums do not agree:\n  {}", problems.join("\n  "));
    if options.regenerate {
        std::fs::write(SUMMARY_FILE, table)
            .with_context(|| format!("{SUMMARY_FILE} cannot be written; run it in the project's folder"))?;
        eprintln!("{SUMMARY_FILE} is written; build again, so that it is the one compared with");
        return Ok(());
    }
    if options.only.is_empty() && table != SUMMARY {
        bail!("the sums agree, but not with {SUMMARY_FILE}:\n{}", difference(SUMMARY, &table));
    }
    eprintln!("every row is accounted for, and all sums agree");
    Ok(())
}

/// The recordings of the cast, each person's at that person's place.
fn in_order_of(cast: &Cast, recordings: Vec<Recording>) -> anyhow::Result<Vec<Recording>> {
    let mut by_name: std::collections::BTreeMap<String, Recording> =
        recordings.into_iter().map(|recording| (recording.name.clone(), recording)).collect();
    cast.person
        .iter()
        .map(|person| {
            by_name.remove(&person.recording).with_context(|| format!("there is no recording {}", person.recording))
        })
        .collect()
}

fn kills_here(index: usize, windows: usize, kills: usize) -> bool {
    (1..=kills).any(|kill| index == windows * kill / (kills + 1))
}

/// Lines that are in one table only.
fn difference(expected: &str, got: &str) -> String {
    let missing =
        expected.lines().filter(|line| !got.lines().any(|other| other == *line)).map(|line| format!("- {line}"));
    let new = got.lines().filter(|line| !expected.lines().any(|other| other == *line)).map(|line| format!("+ {line}"));
    missing.chain(new).collect::<Vec<_>>().join("\n")
}

/// A folder for one demo's database, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn make() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("derwent-demo-{}", random::new_id().simple()));
        std::fs::create_dir(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the machine's folder for such things, and is no one's data.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
