//! The load generator: the real service as a process of its own, real sockets with proven devices, the real database with its
//! production settings. It measures what `docs/benchmarks.md` promises, and prints a figure only when the database agrees
//! with what the phones saw.
//!
//! `site` makes workload W and a copy of it for each figure, `world` is the service over it (`people` and `items`: who is in
//! it, what they send); `fleet` is the connected phones, `arrivals` what is due when; `machine` says where the processors went.
//! The figures: `throughput` (P1, with `replay`), `pace` (P2, P4, with `alertmanager`), `idle` (P3), `storm` (P5), `rules` (P7), `start` (P8), `silence` (P9).
//! `report` keeps and writes them.

mod alertmanager;
mod arrivals;
mod fleet;
mod idle;
mod items;
mod latency;
mod machine;
mod pace;
mod people;
mod progress;
mod replay;
mod report;
mod rules;
mod silence;
mod site;
mod start;
mod storm;
mod throughput;
mod world;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};

use crate::clock::Clock;
use crate::{lifecycle, random};
use machine::Machine;
use report::{Entry, Report};
use site::Site;

/// How long a database may take to end after whoever ran it.
const DATABASE_ENDS_WITHIN: Duration = Duration::from_secs(60);

const PATIENTS_OF_W: usize = 10_000;
const SECONDS_OF_W: u64 = 60;
/// Of P9.
const SLOTS_PROMISED: usize = 1_000_000;

#[derive(Args, Clone, Debug)]
pub struct Load {
    /// Measure only these, as in `--only p1,p2`
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Figure>,

    /// Patients, each with 90 days of history at four readings a day and a phone (workload W has 10000)
    #[arg(long, default_value_t = PATIENTS_OF_W)]
    pub patients: usize,

    /// Seconds of each measurement (the promises are for 60)
    #[arg(long, default_value_t = SECONDS_OF_W)]
    pub seconds: u64,

    /// Readings a second at which latencies are measured, one after the other
    #[arg(long, value_delimiter = ',', default_value = "2000,4000")]
    pub rates: Vec<u32>,

    /// Slots that close at one instant
    #[arg(long, default_value_t = SLOTS_PROMISED)]
    pub slots: usize,

    /// Seed of what is random: when readings arrive
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Where the databases are made, and removed again; it must be on a disk
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    pub folder: PathBuf,

    /// Keep workload W in this new folder, or take it from there: making it takes minutes
    #[arg(long, value_name = "W")]
    pub keep: Option<PathBuf>,

    /// Where criterion keeps what `cargo bench -p alert-rules` measured (P7)
    #[arg(long, default_value = "target/criterion")]
    pub criterion: PathBuf,

    /// Keep the figures in this file, beside those of other runs that are there
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write the page about all figures that are kept
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,

    /// What is measured, for the page
    #[arg(long)]
    pub commit: Option<String>,

    /// The folder of an unpacked TimescaleDB (default: what `make timescaledb` fetched, else the system's)
    #[arg(long, env = "DERWENT_POSTGRES_DIR")]
    pub postgres_dir: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Received, stored, receipted and judged; and the same SQL replayed
    P1,
    /// Receipts at a steady rate; and P4: judging and mails
    #[value(alias = "p4")]
    P2,
    /// Memory of a silent connection
    P3,
    /// Everybody comes back at once
    P5,
    /// What judging costs, as criterion measured it
    P7,
    /// From the start to the first receipt; size and memory
    P8,
    /// Very many slots close at one instant
    P9,
}

impl Figure {
    fn name(self) -> &'static str {
        match self {
            Self::P1 => "p1",
            Self::P2 => "p2",
            Self::P3 => "p3",
            Self::P5 => "p5",
            Self::P7 => "p7",
            Self::P8 => "p8",
            Self::P9 => "p9",
        }
    }
}

impl Load {
    fn chosen(&self) -> &[Figure] {
        if self.only.is_empty() { Figure::value_variants() } else { &self.only }
    }

    /// Measured as promised: verdicts make sense.
    pub fn is_w(&self) -> bool {
        self.patients == PATIENTS_OF_W && self.seconds >= SECONDS_OF_W && !cfg!(debug_assertions)
    }

    /// Before a measurement, so that no cache of program or database is cold: it would not be in a service that runs.
    pub fn warm_up(&self) -> Duration {
        Duration::from_secs(self.seconds.min(10)) / 2
    }

    /// What was asked for other than usual.
    pub fn differences(&self) -> String {
        let mut text = String::new();
        if self.patients != PATIENTS_OF_W {
            text += &format!(" --patients {}", self.patients);
        }
        if self.seconds != SECONDS_OF_W {
            text += &format!(" --seconds {}", self.seconds);
        }
        if self.slots != SLOTS_PROMISED {
            text += &format!(" --slots {}", self.slots);
        }
        if self.seed != 1 {
            text += &format!(" --seed {}", self.seed);
        }
        text
    }
}

/// Measures; prints each figure as soon as it is there.
pub async fn run(options: Load) -> anyhow::Result<()> {
    machine::enough_descriptors(options.patients)?;
    let slots = if options.chosen().contains(&Figure::P9) { options.slots } else { 0 };
    machine::enough_room(&options.folder, options.patients, slots)?;
    let asked_to_end = lifecycle::asked_to_end().context("cannot wait for Ctrl-C")?;
    let name = format!("derwent-load-{}", random::new_id().simple());
    let folder = options.folder.join(name);
    std::fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let ended = tokio::select! {
        measured = measure_all(&options, &folder) => measured,
        () = asked_to_end => Err(anyhow!("stopped; nothing is left behind")),
    };
    clear_all(&folder, Path::new("")).await?;
    std::fs::remove_dir(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    ended
}

async fn measure_all(options: &Load, folder: &Path) -> anyhow::Result<()> {
    let machine = Machine::look(folder)?;
    let site = Site {
        folder: folder.to_owned(),
        at_rest: options.keep.clone().unwrap_or_else(|| folder.join("at-rest")),
        postgres_dir: options.postgres_dir.clone(),
        patients: options.patients,
    };
    let mut report = Report::read(options.json.as_deref())?;
    let mut failed = Vec::new();
    for figure in options.chosen() {
        let name = figure.name();
        eprintln!("{}", name.to_uppercase());
        let measured = match figure {
            Figure::P1 => throughput::measure(&site, options).await,
            Figure::P2 => pace::measure(&site, options).await,
            Figure::P3 => idle::measure(&site, options).await,
            Figure::P5 => storm::measure(&site, options).await,
            Figure::P7 => rules::measure(options),
            Figure::P8 => start::measure(&site, options).await,
            Figure::P9 => silence::measure(&site, options).await,
        };
        match measured {
            Ok(measured) => {
                let entry = Entry::new(options, name, &machine, measured, Clock::ordinary().machine_now());
                for row in &entry.rows {
                    let verdict = row.met.map_or("", |met| if met { "met" } else { "missed" });
                    println!("{}  {}: {} ({}) {verdict}", row.promise, row.what, row.measured, row.target);
                }
                report.put(name, entry);
                report.write(options.json.as_deref(), options.page.as_deref())?;
            }
            Err(error) => {
                eprintln!("  {name} failed: {error:#}");
                failed.push(name);
                // Its service and database end by themselves; the next figure needs the room.
                clear_all(folder, &site.at_rest).await?;
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("not measured: {}", failed.join(", ")) }
}

/// Removes everything that was made but for W at rest, once the databases in it have ended.
async fn clear_all(folder: &Path, but: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten().filter(|entry| entry.path() != but) {
        clear(&entry.path()).await?;
    }
    Ok(())
}

async fn clear(folder: &Path) -> anyhow::Result<()> {
    let data = folder.join("postgres");
    let ended = async {
        while machine::processes_in(&data).next().is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DATABASE_ENDS_WITHIN, ended)
        .await
        .with_context(|| format!("the database in {} does not end; it is left there", folder.display()))?;
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}
