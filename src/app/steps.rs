//! Care time stepped by the parent process (the demo or a test) over stdin, one command a line:
//!
//! - `step 2026-03-01T08:00:00Z` goes forward to that instant, doing everything that falls due on the way in its order,
//!   and answers `at 2026-03-01T08:00:00Z` on stdout when nothing is queued, due or unsent any more;
//! - `run` lets care time run on at real pace and answers `running`; `stand` stops it again and answers `at …`.
//!
//! While care time stands, judging and telling happen in steps alone: what arrives waits for the next, so the same story
//! told twice comes to the same alerts and pages, whatever the machine is busy with. A step to where it stands is a step too.
//!
//! The end of stdin means that the parent is gone, and ends the service.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::ingest::registry::Registry;
use crate::monitor::Monitor;
use crate::notify::Notify;
use crate::parts::Parts;
use crate::presence;
use crate::store::{self, device, pending};

/// Work that is due but held elsewhere (a lease, a mail server's retry) is looked at again after this long.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

pub struct Steps {
    pub parts: Parts,
    pub monitor: Monitor,
    pub notify: Notify,
    pub registry: Registry,
}

impl Steps {
    /// Obeys the parent until it is gone.
    pub async fn obey(self) -> anyhow::Result<()> {
        // Whatever was missed before is known before anything is judged.
        presence::stamp(&self.parts).await?;
        let mut commands = commands();
        while let Some(command) = commands.recv().await {
            match command.split_once(' ') {
                Some(("step", at)) => {
                    let at: Timestamp = at.trim().parse().with_context(|| format!("{at:?} is not an RFC 3339 time"))?;
                    self.step_to(at).await?;
                    answer(&format!("at {}", self.parts.clock.care_now()))?;
                }
                None if command == "run" => {
                    self.parts.clock.run();
                    self.parts.lifecycle.turn_again();
                    answer("running")?;
                }
                None if command == "stand" => {
                    self.parts.lifecycle.rest();
                    self.parts.clock.stand();
                    answer(&format!("at {}", self.parts.clock.care_now()))?;
                }
                _ => anyhow::bail!("unknown command for care time: {command:?}; known are step, run and stand"),
            }
        }
        Ok(())
    }

    async fn step_to(&self, target: Timestamp) -> anyhow::Result<()> {
        loop {
            match self.finish_what_is_due().await? {
                Some(next) if next <= target => self.step(next).await?,
                _ if self.parts.clock.care_now() >= target => return Ok(()),
                _ => self.step(target).await?,
            }
        }
    }

    /// Whoever is connected was there all the time over which care time leaps, and so was the service.
    async fn step(&self, to: Timestamp) -> anyhow::Result<()> {
        self.parts.clock.step(to);
        let there = self.registry.devices();
        device::heard_all(&self.parts.store.ingest, &there, self.parts.clock.care_now()).await?;
        let mut db = self.parts.store.monitor.acquire().await?;
        Ok(store::presence::carry(&mut db, to).await?)
    }

    /// Returns the next instant at which there is something to do, which is after now.
    async fn finish_what_is_due(&self) -> anyhow::Result<Option<Timestamp>> {
        loop {
            // Looking costs one query, working some twenty, and between two readings there is mostly nothing to do.
            let now = self.parts.clock.care_now();
            let pending = pending::look(&self.parts.store.monitor, now, self.parts.clock.machine_now()).await?;
            let looks_at = self.monitor.looks_ahead_at();
            let to_judge = pending.to_judge || looks_at.is_none_or(|at| at <= now);
            if !to_judge && !pending.to_tell {
                return Ok(pending.next_at.into_iter().chain(looks_at).min());
            }
            let judged = to_judge && self.monitor.work().await?;
            let told = pending.to_tell && self.notify.work().await?;
            if !judged && !told {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// The lines of stdin. Read by a thread of their own: a runtime cannot end while one of its threads waits for stdin.
fn commands() -> mpsc::Receiver<String> {
    let (sender, commands) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    commands
}

fn answer(line: &str) -> anyhow::Result<()> {
    let mut answers = std::io::stdout();
    writeln!(answers, "{line}").and_then(|()| answers.flush()).context("the parent does not listen any more")
}
