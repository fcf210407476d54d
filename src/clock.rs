//! The only place that reads the time. It has two readings:
//! **care time** (dating, rules, slots, rosters, escalation) and **machine time** (proofs, sessions, timeouts, retries).
//! They are equal, except where a parent process that is the demo or a test steps care time (`app/steps.rs`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// Longest nap before care time is looked at again, so that a machine that slept wakes to the right hour.
const LONGEST_NAP: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    care: Mutex<Care>,
    moved: watch::Sender<()>,
}

#[derive(Debug, Clone, Copy)]
enum Care {
    /// Machine time plus this much (zero in any ordinary service).
    Running { ahead: SignedDuration },
    /// Stands still until the parent steps it.
    Standing { at: Timestamp },
}

impl Clock {
    /// Care time and machine time are one.
    pub fn ordinary() -> Self {
        Self::new(Care::Running { ahead: SignedDuration::ZERO })
    }

    /// Care time stands still at `at` until it is stepped.
    pub fn standing(at: Timestamp) -> Self {
        Self::new(Care::Standing { at })
    }

    fn new(care: Care) -> Self {
        Self(Arc::new(Inner { care: Mutex::new(care), moved: watch::Sender::new(()) }))
    }

    pub fn care_now(&self) -> Timestamp {
        match *self.care() {
            Care::Running { ahead } => self.machine_now().checked_add(ahead).unwrap_or(Timestamp::MAX),
            Care::Standing { at } => at,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the time of day")]
    pub fn machine_now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// For measuring how long something took, and for deadlines of the machine.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn instant(&self) -> std::time::Instant {
        std::time::Instant::now()
    }

    /// Returns once care time has reached `at`; at once when it already has.
    pub async fn sleep_until_care(&self, at: Timestamp) {
        let mut moved = self.0.moved.subscribe();
        loop {
            let now = self.care_now();
            if now >= at {
                return;
            }
            let standing = matches!(*self.care(), Care::Standing { .. });
            let left = Duration::try_from(at.duration_since(now)).unwrap_or(LONGEST_NAP);
            let nap = if standing { LONGEST_NAP } else { left.min(LONGEST_NAP) };
            // The sender lives as long as `self`: an error cannot happen, and would only cost a nap.
            let _ = tokio::time::timeout(nap, moved.changed()).await;
        }
    }

    /// Moves standing care time forward to `at`. Going back, or stepping a running clock, changes nothing.
    pub fn step(&self, at: Timestamp) {
        let mut care = self.care();
        if let Care::Standing { at: stands } = &mut *care {
            *stands = at.max(*stands);
        }
        drop(care);
        self.0.moved.send_replace(());
    }

    /// Lets standing care time run on at real pace from where it is.
    pub fn run(&self) {
        let mut care = self.care();
        if let Care::Standing { at } = *care {
            *care = Care::Running { ahead: at.duration_since(self.machine_now()) };
        }
        drop(care);
        self.0.moved.send_replace(());
    }

    /// Stands care time still again where it is, so that it can be stepped.
    pub fn stand(&self) {
        let at = self.care_now();
        *self.care() = Care::Standing { at };
        self.0.moved.send_replace(());
    }

    fn care(&self) -> MutexGuard<'_, Care> {
        // A `Care` is never left half-written, so a panic elsewhere does not spoil it.
        self.0.care.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn standing_time_moves_only_forward_and_only_when_stepped() {
        let clock = Clock::standing(at("2026-03-01T08:00:00Z"));
        clock.step(at("2026-03-01T09:00:00Z"));
        clock.step(at("2026-03-01T07:00:00Z"));
        assert_eq!(clock.care_now(), at("2026-03-01T09:00:00Z"));
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_care_time_is_stepped_past_it() {
        let clock = Clock::standing(at("2026-03-01T08:00:00Z"));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until_care(at("2026-03-01T08:30:00Z")).await }
        });
        tokio::task::yield_now().await;
        clock.step(at("2026-03-01T08:30:00Z"));
        tokio::time::timeout(Duration::from_secs(5), sleeper).await.expect("woken").expect("no panic");
    }
}
