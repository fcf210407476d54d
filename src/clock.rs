//! The only place that reads the time. It has two readings:
//! **care time** (dating, rules, slots, rosters, escalation) and **machine time** (proofs, sessions, timeouts, retries).
//! They are equal, except where a parent process that is the demo or a test steps care time (`app/steps.rs`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

#[derive(Clone, Debug)]
pub struct Clock(Arc<Mutex<Care>>);

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
        Self(Arc::new(Mutex::new(care)))
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

    /// Moves standing care time forward to `at`. Going back, or stepping a running clock, changes nothing.
    pub fn step(&self, at: Timestamp) {
        let mut care = self.care();
        if let Care::Standing { at: stands } = &mut *care {
            *stands = at.max(*stands);
        }
    }

    /// Lets standing care time run on at real pace from where it is.
    pub fn run(&self) {
        let mut care = self.care();
        if let Care::Standing { at } = *care {
            *care = Care::Running { ahead: at.duration_since(self.machine_now()) };
        }
    }

    /// Stands care time still again where it is, so that it can be stepped.
    pub fn stand(&self) {
        let at = self.care_now();
        *self.care() = Care::Standing { at };
    }

    /// Care time does not pass by itself.
    pub fn stands(&self) -> bool {
        matches!(*self.care(), Care::Standing { .. })
    }

    fn care(&self) -> MutexGuard<'_, Care> {
        // A `Care` is never left half-written, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
}
