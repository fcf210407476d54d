//! `derwent simulate`: worlds in which everything fails, from a seed each. `src/simulate/` lives through them.

use std::io::IsTerminal;
use std::sync::Arc;

use alert_rules::Rulebook;
use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::Clock;
use crate::simulate::{Broken, Counts, simulate};

#[derive(Args, Clone, Debug)]
pub struct Simulate {
    /// The first world; the same seed is the same world, byte for byte
    #[arg(long)]
    seed: u64,

    /// How many worlds, from seeds one after another
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    seeds: u64,

    /// Print every event as it happens
    #[arg(long)]
    trace: bool,
}

pub fn run(options: &Simulate) -> anyhow::Result<()> {
    let rulebook = Arc::new(Rulebook::built_in());
    let clock = Clock::ordinary();
    let began = clock.instant();
    let bar = ProgressBar::new(options.seeds).with_style(
        ProgressStyle::with_template("{bar:40} {pos} of {len} worlds, {eta} to go").expect("a proper template"),
    );
    if !std::io::stderr().is_terminal() || options.trace {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let mut total = Counts::default();
    for seed in options.seed..options.seed.saturating_add(options.seeds) {
        match simulate(seed, &rulebook, Broken::Nothing, options.trace) {
            Ok(held) => total += held.counts,
            Err(violated) => {
                bar.finish_and_clear();
                eprintln!("{violated}");
                bail!("the world of seed {seed} did not hold");
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let seconds = clock.instant().duration_since(began).as_secs_f64();
    println!("{} worlds held in {seconds:.1} s\n{total}", options.seeds);
    Ok(())
}
