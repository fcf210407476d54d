//! Signals are hints: "there may be news". Losing all of them costs latency only, because every loop also sweeps.
//! Within a replica they go over a broadcast channel; to the other replicas by NOTIFY, after the commit,
//! on a connection of their own, coalesced.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio::sync::{broadcast, mpsc};
use uuid::Uuid;

use crate::lifecycle::Lifecycle;
use crate::progress;
use crate::random;
use crate::store::notice;
use crate::store::page::Channel;

/// Signals a slow listener may fall behind before it loses the oldest (and finds the news by its sweep).
const BACKLOG_SIGNALS: usize = 4096;
/// Signals put into one NOTIFY: a payload holds 8,000 bytes.
const PER_NOTICE: usize = 50;
/// Between two of them: what comes meanwhile goes together.
const REST: Duration = Duration::from_millis(10);
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Identifiers only: what goes through here may be seen in database logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Signal {
    /// There is work for the monitor.
    Arrived,
    /// A patient's readings are judged up to this sequence number.
    Judged { patient: Uuid, through: i64 },
    /// An alert of this organisation opened, changed or closed.
    Alerts { organisation: Uuid },
    /// There are page requests or pages to work on.
    Pages,
    /// There are page requests of which pages are formed: high ones, or others.
    Requested { high: bool },
    /// There are pages to send over this channel: high ones, or others.
    Formed { channel: Channel, high: bool },
    /// A device has an ask or a message waiting.
    Pushed { device: Uuid },
    /// What people know of this patient's alerts changed: somebody was told, is told later, or acknowledged.
    Work { patient: Uuid },
    /// A patient's plan changed.
    Plan { patient: Uuid },
    /// A device may no longer connect.
    Revoked { device: Uuid },
    /// A device opened this connection: an older one is replaced.
    Connected { device: Uuid, connection: i64 },
}

#[derive(Clone, Debug)]
pub struct Signals {
    here: broadcast::Sender<Signal>,
    elsewhere: mpsc::UnboundedSender<Signal>,
}

#[derive(Serialize, Deserialize)]
struct Notice {
    /// The replica that sent it, which has already heard.
    from: Uuid,
    signals: Vec<Signal>,
}

impl Signals {
    /// Starts the two tasks that carry signals to and from the other replicas.
    pub fn start(pool: PgPool, lifecycle: &Lifecycle) -> Self {
        let (here, _) = broadcast::channel(BACKLOG_SIGNALS);
        let (elsewhere, outgoing) = mpsc::unbounded_channel();
        let replica = random::new_id();
        lifecycle.spawn(tell_others(pool.clone(), replica, outgoing, lifecycle.clone()));
        lifecycle.spawn(hear_others(pool, replica, here.clone(), lifecycle.clone()));
        Self { here, elsewhere }
    }

    /// Call it after the commit, never before.
    pub fn send(&self, signal: Signal) {
        // No listener yet, or the carrying task has ended with the service: a hint may be lost.
        let _ = self.here.send(signal.clone());
        let _ = self.elsewhere.send(signal);
    }

    /// A listener that lags gets `RecvError::Lagged`: treat it as "anything may have happened".
    pub fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.here.subscribe()
    }
}

/// Returns when a signal of interest came, or when so many came that some were lost. Never returns once nobody can send. Whoever
/// looks then finds what every signal until now told of: none of them makes it look again.
pub async fn heard(signals: &mut broadcast::Receiver<Signal>, of_interest: impl Fn(&Signal) -> bool) {
    loop {
        match signals.recv().await {
            Ok(signal) if of_interest(&signal) => break,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => break,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
    *signals = signals.resubscribe();
}

async fn tell_others(pool: PgPool, replica: Uuid, mut outgoing: mpsc::UnboundedReceiver<Signal>, lifecycle: Lifecycle) {
    let turns = lifecycle.progress.begins("telling other replicas", progress::LIMIT);
    let mut waiting = Vec::new();
    loop {
        // What was sent before the end is still carried: `derwent admin` sends and ends at once.
        let count = tokio::select! {
            biased;
            count = turns.until(outgoing.recv_many(&mut waiting, usize::MAX)) => count,
            () = lifecycle.stopping.cancelled() => return,
        };
        if count == 0 {
            return;
        }
        let distinct: BTreeSet<Signal> = waiting.drain(..).collect();
        let distinct: Vec<Signal> = distinct.into_iter().collect();
        let payloads: Vec<String> = distinct
            .chunks(PER_NOTICE)
            .map(|signals| {
                let notice = Notice { from: replica, signals: signals.to_vec() };
                serde_json::to_string(&notice).expect("signals are plain data")
            })
            .collect();
        if let Err(error) = notice::send(&pool, &payloads).await {
            tracing::warn!(%error, "could not notify the other replicas; they find the news by sweeping");
        }
        tokio::time::sleep(REST).await;
    }
}

async fn hear_others(pool: PgPool, replica: Uuid, here: broadcast::Sender<Signal>, lifecycle: Lifecycle) {
    let turns = lifecycle.progress.begins("hearing other replicas", progress::LIMIT);
    loop {
        let heard = async {
            let mut listener = notice::listen(&pool).await?;
            loop {
                let payload = turns.until(listener.recv()).await?.payload().to_owned();
                match serde_json::from_str::<Notice>(&payload) {
                    Ok(notice) if notice.from != replica => {
                        for signal in notice.signals {
                            let _ = here.send(signal);
                        }
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "a notice of another version of the service was ignored"),
                }
            }
        };
        let ended: Result<(), sqlx::Error> = tokio::select! {
            ended = heard => ended,
            () = lifecycle.stopping.cancelled() => return,
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "the line for notices broke; opening it again");
        }
        tokio::select! {
            () = tokio::time::sleep(RECONNECT_AFTER) => {}
            () = lifecycle.stopping.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn whatever_came_before_a_look_makes_nobody_look_again() {
        let (here, mut signals) = broadcast::channel(8);
        let mut looks = || heard(&mut signals, |signal| *signal == Signal::Arrived).now_or_never().is_some();
        for signal in [Signal::Pages, Signal::Arrived, Signal::Arrived, Signal::Pages, Signal::Arrived] {
            here.send(signal).expect("a listener");
        }
        assert_eq!([looks(), looks()], [true, false]);
        here.send(Signal::Pages).expect("a listener");
        assert!(!looks());
        here.send(Signal::Arrived).expect("a listener");
        assert!(looks());
        for _ in 0..20 {
            here.send(Signal::Pages).expect("a listener");
        }
        assert!(looks(), "so many that some were lost");
    }
}
