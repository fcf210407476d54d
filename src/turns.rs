//! How the service's loops turn: work until nothing is left, then wait for a signal or the sweep. Signals are hints,
//! the sweep is the truth.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use crate::parts::Parts;
use crate::progress;
use crate::signal::{self, Signal};

/// Work that no signal told of is found within this.
const SWEEP: Duration = Duration::from_secs(1);

/// Starts a loop. `turn` says whether it found work. It is told to stop only between two turns, so no transaction is
/// ever dropped half-way.
pub fn spawn<F, Turn>(
    parts: &Parts,
    what: &'static str,
    of_interest: impl Fn(&Signal) -> bool + Send + Sync + 'static,
    turn: F,
) where
    F: Fn() -> Turn + Send + 'static,
    Turn: Future<Output = anyhow::Result<bool>> + Send,
{
    spawn_within(parts, what, progress::LIMIT, of_interest, turn);
}

/// The same, of a loop whose turns may well take so long.
pub fn spawn_within<F, Turn>(
    parts: &Parts,
    what: &'static str,
    limit: Duration,
    of_interest: impl Fn(&Signal) -> bool + Send + Sync + 'static,
    turn: F,
) where
    F: Fn() -> Turn + Send + 'static,
    Turn: Future<Output = anyhow::Result<bool>> + Send,
{
    let turns = parts.lifecycle.progress.begins(what, limit);
    let lifecycle = parts.lifecycle.clone();
    let stopping = parts.lifecycle.stopping.clone();
    let mut signals = parts.signals.subscribe();
    parts.lifecycle.spawn(async move {
        loop {
            tokio::select! {
                () = lifecycle.may_turn() => {}
                () = stopping.cancelled() => {}
            }
            if stopping.is_cancelled() {
                return;
            }
            // A loop that panicked must not be a loop that ended: nobody would be judged, or told, any more.
            match AssertUnwindSafe(turn()).catch_unwind().await {
                Ok(Ok(more)) => {
                    turns.ended();
                    if more {
                        continue;
                    }
                }
                Ok(Err(error)) => tracing::error!("{what} failed and will be tried again: {error:#}"),
                Err(_) => tracing::error!("{what} panicked and will be tried again"),
            }
            tokio::select! {
                () = signal::heard(&mut signals, &of_interest) => {}
                () = tokio::time::sleep(SWEEP) => {}
                () = stopping.cancelled() => {}
            }
        }
    });
}
