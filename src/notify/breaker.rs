//! Whether a channel works, from what its last sends came to: pure. Machine time.
//!
//! After some failures in a row it is open: what is not urgent waits, instead of asking a dead server page by page, and goes over
//! another channel where there is one. Now and then one page probes. High pages are never held back: each is a probe.

use std::time::Duration;

use jiff::Timestamp;

/// Failures in a row.
const OPENS_AT: u32 = 5;
/// Between two probes.
pub const PAUSE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    /// Open; and not before this instant is the next probe.
    probe_at: Option<Timestamp>,
}

/// What changed, if anything did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Opened,
    Closed,
}

impl Breaker {
    pub fn is_open(&self) -> bool {
        self.probe_at.is_some()
    }

    /// Whether a page that is not urgent may be sent now.
    pub fn admits(&mut self, now: Timestamp) -> bool {
        match self.probe_at {
            None => true,
            Some(at) if at <= now => {
                self.probe_at = Some(now + PAUSE);
                true
            }
            Some(_) => false,
        }
    }

    /// The server answered, whatever it answered.
    pub fn answered(&mut self) -> Option<News> {
        let news = self.is_open().then_some(News::Closed);
        *self = Self::default();
        news
    }

    pub fn failed(&mut self, now: Timestamp) -> Option<News> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < OPENS_AT {
            return None;
        }
        let news = (!self.is_open()).then_some(News::Opened);
        self.probe_at = Some(now + PAUSE);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn it_opens_after_failures_in_a_row_lets_one_probe_and_closes_when_that_is_answered() {
        let mut breaker = Breaker::default();
        for second in 0..4 {
            assert_eq!(breaker.failed(at(second)), None);
        }
        assert_eq!(breaker.answered(), None, "it was not open");
        for second in 0..4 {
            assert_eq!(breaker.failed(at(second)), None, "they count in a row");
        }
        assert_eq!(breaker.failed(at(4)), Some(News::Opened));
        assert_eq!(breaker.failed(at(4)), None, "it is told of once");
        assert!(breaker.is_open() && !breaker.admits(at(33)));
        assert!(breaker.admits(at(34)), "a probe");
        assert!(!breaker.admits(at(34)), "one");
        assert_eq!(breaker.failed(at(50)), None);
        assert!(!breaker.admits(at(79)) && breaker.admits(at(80)), "the next");
        assert_eq!(breaker.answered(), Some(News::Closed));
        assert!(!breaker.is_open() && breaker.admits(at(80)));
    }
}
