//! Open-loop arrivals: what is due when is settled beforehand, by a seed, and a thread of its own hands it out at that
//! instant, whatever became of what was before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio::sync::oneshot;

use super::fleet::{Fleet, Measures, Order};
use super::items::What;
use super::latency::{Latencies, Percentiles};
use crate::clock::Clock;

/// From the beginning of the phase.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub at: Duration,
    pub phone: usize,
    pub what: What,
}

/// One ordinary reading each at random instants (Poisson), `rate` a second on average, `phones` in turn.
pub fn at_random(rate: u32, time: Duration, phones: usize, seed: u64) -> Vec<Arrival> {
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut at = 0.0;
    let mut arrivals = Vec::new();
    loop {
        at -= (1.0 - dice.f64()).ln() / f64::from(rate);
        if at >= time.as_secs_f64() {
            return arrivals;
        }
        arrivals.push(Arrival { at: Duration::from_secs_f64(at), phone: arrivals.len() % phones, what: What::ONE });
    }
}

/// One severe reading each of these phones, evenly spread over the time.
pub fn severe(time: Duration, phones: std::ops::Range<usize>) -> Vec<Arrival> {
    let apart = time / u32::try_from(phones.len().max(1)).unwrap_or(u32::MAX);
    (0..)
        .map(|turn| apart * turn + apart / 2)
        .zip(phones)
        .map(|(at, phone)| Arrival { at, phone, what: What::Severe })
        .collect()
}

/// How the handing out went.
#[derive(Debug, Serialize)]
pub struct Handed {
    /// From due to handed to the phone's task: the client's own share of each latency.
    pub late: Percentiles,
}

/// Hands out all of it, beginning a moment from now; returns when the last is handed out.
pub async fn play(
    clock: &Clock,
    fleet: &Arc<Fleet>,
    mut arrivals: Vec<Arrival>,
    measures: &Arc<Measures>,
) -> anyhow::Result<Handed> {
    arrivals.sort_by_key(|arrival| arrival.at);
    let (clock, fleet, measures) = (clock.clone(), Arc::clone(fleet), Arc::clone(measures));
    let stop = StopWhenDropped(Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop.0);
    let (done, all_handed) = oneshot::channel();
    // Tokio's timers are as coarse as a fifth of what is measured here.
    std::thread::spawn(move || {
        let hand_out = || {
            let late = Latencies::new()?;
            let begin = clock.instant() + Duration::from_millis(100);
            for Arrival { at, phone, what } in arrivals {
                let due = begin + at;
                std::thread::sleep(due.saturating_duration_since(clock.instant()));
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                fleet.order(phone, Order { due, what, measures: Arc::clone(&measures), turn: None })?;
                late.record(due, clock.instant());
            }
            anyhow::Ok(late.percentiles())
        };
        // Nobody waits any more when the measurement was given up.
        let _ = done.send(hand_out());
    });
    let late = all_handed.await.context("the thread that hands out arrivals broke")??;
    Ok(Handed { late })
}

struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
