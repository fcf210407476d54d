//! Judging. Whatever arrives, and whatever time brings, is judged by `alert_rules`; what follows for people is written in
//! the same transaction. Telling them is `notify`'s.
//!
//! `sweep.rs` takes patients by lease, `case.rs` loads what their evaluation needs and `memory.rs` does not hold yet,
//! `judgement.rs` judges, `evaluate.rs` writes it down, `task.rs` is the work no rule finds, `escalate.rs` moves alerts that
//! nobody acts on, `rulebook.rs` has the rules, `overdue.rs` tells the operator when judging falls behind, and
//! `holes.rs` when a roster has a hole before it;
//! `refold.rs` judges again from the beginning, to compare, and `shadow.rs` by rules beside those in force; both go over it with
//! `over.rs`.

pub mod case;
pub mod escalate;
pub mod evaluate;
pub mod holes;
pub mod judgement;
pub mod memory;
pub mod over;
pub mod overdue;
pub mod refold;
pub mod rulebook;
pub mod shadow;
mod silence;
pub mod sweep;
pub mod task;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::monitor::holes::Looked;
use crate::monitor::memory::Memory;
use crate::monitor::rulebook::{InForce, Rulebooks};
use crate::monitor::shadow::Shadowing;
use crate::monitor::sweep::{Swept, Wanted};
use crate::parts::Parts;
use crate::signal::Signal;
use crate::store::{alert, arrival, due};
use crate::turns;

/// How long to wait for patients that another task is judging just now.
const IN_FLIGHT: Duration = Duration::from_millis(10);

/// Handle to the running loops; the stepper of care time drives the same functions.
#[derive(Clone, Debug)]
pub struct Monitor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    rulebooks: Rulebooks,
    memory: Memory,
    looked: Looked,
}

impl Monitor {
    /// Puts the configured rules in force, then starts the loops.
    pub async fn start(parts: &Parts) -> anyhow::Result<Self> {
        rulebook::publish_at_start(parts).await?;
        let monitor = Self(Arc::new(Inner {
            parts: parts.clone(),
            rulebooks: Rulebooks::default(),
            memory: Memory::default(),
            looked: Looked::default(),
        }));
        // One loop judges whatever came, as soon as it came. The other looks each second for those of whom nothing came, and takes
        // part in judging what came while there is more than one batch. So when very many slots close at once one batch of
        // them is judged at a time, and readings are stored and judged beside it.
        let judging = |what, wanted, of_interest: fn(&Signal) -> bool| {
            let monitor = monitor.clone();
            turns::spawn(parts, what, of_interest, move || {
                let monitor = monitor.clone();
                async move { Ok(monitor.sweep(wanted).await? == Swept::Full) }
            });
        };
        judging("judging what came", Wanted::Arrivals, arrived);
        judging("judging those of whom nothing came", Wanted::Everybody, |_| false);
        // No reading makes a step due at once: time does.
        let escalating = monitor.clone();
        turns::spawn(
            parts,
            "escalating",
            |_| false,
            move || {
                let monitor = escalating.clone();
                async move { escalate::escalate(&monitor.0.parts).await }
            },
        );
        let ahead = monitor.clone();
        turns::spawn(
            parts,
            "looking for holes in rosters",
            |_| false,
            move || {
                let monitor = ahead.clone();
                async move { holes::look_ahead(&monitor.0.parts, &monitor.0.looked).await }
            },
        );
        let looking = parts.clone();
        turns::spawn(
            parts,
            "looking after what waits for judgement",
            |_| false,
            move || {
                let parts = looking.clone();
                async move { overdue::look(&parts).await }
            },
        );
        let shadowing = Shadowing::default();
        let beside = monitor.clone();
        turns::spawn(
            parts,
            "judging by rules beside those in force",
            |_| false,
            move || {
                let (monitor, shadowing) = (beside.clone(), shadowing.clone());
                async move { monitor.look_beside(&shadowing).await }
            },
        );
        Ok(monitor)
    }

    /// Judges some people by the rules beside those in force, if any are.
    pub async fn look_beside(&self, shadowing: &Shadowing) -> anyhow::Result<bool> {
        shadowing.look(&self.0.parts, &self.0.rulebooks).await
    }

    /// The rules in force now.
    pub async fn rulebook(&self) -> anyhow::Result<Arc<InForce>> {
        let Parts { store, clock, .. } = &self.0.parts;
        self.0.rulebooks.in_force(&store.monitor, clock.care_now()).await
    }

    /// Does everything that is due now. True if anything was done, or is being done by another task.
    pub async fn work(&self) -> anyhow::Result<bool> {
        let mut any = false;
        while self.sweep(Wanted::Everybody).await? != Swept::Nobody {
            any = true;
        }
        while escalate::escalate(&self.0.parts).await? {
            any = true;
        }
        any |= holes::look_ahead(&self.0.parts, &self.0.looked).await?;
        if !any && self.in_hand().await? {
            tokio::time::sleep(IN_FLIGHT).await;
            return Ok(true);
        }
        Ok(any)
    }

    async fn sweep(&self, wanted: Wanted) -> anyhow::Result<Swept> {
        let Inner { parts, rulebooks, memory, .. } = &*self.0;
        sweep::sweep(parts, rulebooks, memory, wanted).await
    }

    /// The next instant of care time at which there is something to do.
    pub async fn next_due(&self) -> anyhow::Result<Option<Timestamp>> {
        let pool = &self.0.parts.store.monitor;
        let instants = [due::next_at(pool).await?, alert::next_step_at(pool).await?, self.0.looked.next()];
        Ok(instants.into_iter().flatten().min())
    }

    /// When rosters are looked at next for holes ahead; none: now. It is in no queue of the database.
    pub fn looks_ahead_at(&self) -> Option<Timestamp> {
        self.0.looked.next()
    }

    /// Whether there is work that somebody else has taken, or that waits after a failure.
    async fn in_hand(&self) -> anyhow::Result<bool> {
        let now = self.0.parts.clock.care_now();
        let timer = self.next_due().await?.is_some_and(|at| at <= now);
        Ok(timer || arrival::any(&self.0.parts.store.monitor).await?)
    }
}

fn arrived(signal: &Signal) -> bool {
    matches!(signal, Signal::Arrived)
}
