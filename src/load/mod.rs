//! A small load generator, honest as far as it goes: the real service as its own process, real sockets with proven devices,
//! receipts waited for. Latencies are counted from when a reading was due to be sent, so a stall is not hidden by waiting.
//!
//! `world` makes the patients and their history, `throughput` pushes, `pace` measures latency at a fixed rate, `idle` the
//! memory of silent connections, `mail` the way to the mail server, `report` writes it down.

mod idle;
mod mail;
mod pace;
mod report;
mod throughput;
mod world;

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::random;
use report::{Figures, Report};
use world::World;

#[derive(Args, Clone, Debug)]
pub struct Load {
    /// Patients, each with 90 days of history at four readings a day (workload W has 10000)
    #[arg(long, default_value_t = 2000)]
    pub patients: usize,

    /// Connections that push at the same time
    #[arg(long, default_value_t = 500)]
    pub phones: usize,

    /// Seconds of each measurement
    #[arg(long, default_value_t = 15)]
    pub seconds: u64,

    /// Readings a second for the latencies, one reading a submission
    #[arg(long, default_value_t = 500)]
    pub rate: u32,

    /// Silent connections whose memory is measured
    #[arg(long, default_value_t = 2000)]
    pub idle: usize,

    /// Readings at the rule's at-once level whose mail is waited for
    #[arg(long, default_value_t = 50)]
    pub mails: usize,

    /// Write the figures with hardware and command into this file, too
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// The folder of an unpacked TimescaleDB (default: what `make timescaledb` fetched, else the system's)
    #[arg(long, env = "DERWENT_POSTGRES_DIR")]
    pub postgres_dir: Option<PathBuf>,
}

/// Measures, and prints the figures as JSON.
pub async fn run(options: Load) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("derwent-load-{}", random::new_id().simple()));
    std::fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let measured = measure(&options, folder.clone()).await;
    // What cannot be removed is in the machine's folder for such things.
    let _ = std::fs::remove_dir_all(&folder);
    let report = Report::new(&options, measured?);
    println!("{}", serde_json::to_string_pretty(&report)?);
    if let Some(path) = &options.report {
        std::fs::write(path, report.markdown()?).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

async fn measure(options: &Load, folder: PathBuf) -> anyhow::Result<Figures> {
    eprintln!("making {} patients with their history", options.patients);
    let world = World::make(options, folder).await?;
    eprintln!("COPY");
    let copy_rows_per_s = throughput::copy(&world).await?;
    eprintln!("silent connections");
    let idle = idle::measure(&world, options.idle.min(options.patients)).await?;
    eprintln!("mails");
    let mail = mail::measure(&world, options.mails.min(options.patients)).await?;
    eprintln!("latencies at {} a second", options.rate);
    let pace = pace::measure(&world, options).await?;
    let mut throughput = Vec::new();
    for batch in [1, 20, 200] {
        eprintln!("pushing in batches of {batch}");
        throughput.push(throughput::measure(&world, options, batch).await?);
    }
    let figures = Figures { history_rows: world.history_rows, copy_rows_per_s, throughput, pace, idle, mail };
    world.end().await?;
    Ok(figures)
}
