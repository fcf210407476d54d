//! `derwent simulate`: whole worlds on virtual time, each from one seed, in which everything that can fail does.
//!
//! What decides is what decides in the service: the crate's `Phone` and `Session`, `accept`, the verdict on a batch, receipts,
//! `alert_rules::evaluate` and what a judgement changes, escalation, whom to page and when to try again. What is only a
//! model: the network, the database (whole transactions; the real one's locks are tested against the real one), the mail
//! server, the pager, people and time. `invariants.rs` says what must be true; `faults.rs` what goes wrong.

mod cast;
mod counts;
mod database;
mod dice;
mod event;
mod faults;
mod handset;
mod history;
mod invariants;
mod judging;
mod network;
mod people;
mod replica;
mod staff;
mod telling;
mod trace;
mod world;
mod writing;

use std::fmt;
use std::sync::Arc;

use alert_rules::Rulebook;

pub use counts::Counts;
pub use history::as_judged;
pub use world::Broken;
use world::World;

/// A world that came to its end with every invariant held.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub counts: Counts,
    /// Of the whole trace: the same seed gives the same.
    pub fingerprint: u64,
}

/// An invariant that did not hold, with the last lines before.
#[derive(Debug)]
pub struct Violated {
    pub seed: u64,
    pub what: String,
    pub lines: Vec<String>,
}

impl fmt::Display for Violated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "\nviolated: {}", self.what)?;
        write!(f, "to see all of it: derwent simulate --seed {} --trace", self.seed)
    }
}

/// Lives through the world of this seed. `print`: every line of its trace goes to stdout.
pub fn simulate(seed: u64, rulebook: &Arc<Rulebook>, broken: Broken, print: bool) -> Result<Held, Violated> {
    let mut world = World::new(seed, Arc::clone(rulebook), broken, print);
    world.run();
    match world.violated {
        Some(what) => Err(Violated { seed, what, lines: world.trace.last().map(str::to_owned).collect() }),
        None => Ok(Held { counts: world.count, fingerprint: world.trace.fingerprint() }),
    }
}
