//! How the service's tasks live and end: everyone is told once, everyone is waited for.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::progress::Progress;

/// How long tasks may take to finish what they hold after they were told to stop: longer than a page may take to be sent, and to be
/// settled after it.
const DRAIN_LIMIT: Duration = Duration::from_secs(25);

/// Told-to-stop and still-working, in two stages: the doors close first (sockets, HTTP, sweeps),
/// then the writer, so that whatever was received is stored and answered.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Set when the service should take no new work.
    pub stopping: CancellationToken,
    /// Tasks that stop by themselves soon after `stopping`.
    tasks: TaskTracker,
    /// The loops leave their work to whoever steps care time: only then does the same story always come to the same.
    resting: watch::Sender<bool>,
    /// Of those tasks that are loops.
    pub progress: Progress,
}

impl Lifecycle {
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task that the end of the service waits for.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// The loops (`turns.rs`) begin no more turns until they are told to turn again.
    pub fn rest(&self) {
        self.resting.send_replace(true);
    }

    pub fn turn_again(&self) {
        self.resting.send_replace(false);
    }

    pub fn is_resting(&self) -> bool {
        *self.resting.borrow()
    }

    /// Returns when the loops may turn.
    pub async fn may_turn(&self) {
        // The sender lives as long as `self`.
        let _ = self.resting.subscribe().wait_for(|resting| !resting).await;
    }

    /// Tells everyone and waits; returns false when some task had to be left behind.
    pub async fn stop(&self) -> bool {
        self.stopping.cancel();
        self.tasks.close();
        let drained = tokio::time::timeout(DRAIN_LIMIT, self.tasks.wait()).await.is_ok();
        if !drained {
            tracing::error!(tasks = self.tasks.len(), "tasks did not finish within {DRAIN_LIMIT:?}; leaving them");
        }
        drained
    }
}

/// From now on the process does not die of being asked to end (SIGTERM, or Ctrl-C); what is returned is ready when it was.
pub fn asked_to_end() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
