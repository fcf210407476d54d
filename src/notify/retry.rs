//! When to try a page again, and when to give up: pure. Machine time; the jitter is an argument.
//!
//! A high page is given up within minutes, because giving up escalates: the next person is paged instead of
//! the same server being asked for hours. Other pages may wait out an evening's outage. What the operator must know about
//! the service has nobody else to go to, and is tried until it goes out.

use std::time::Duration;

/// Why a send failed, as far as trying again is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The same message to the same address cannot succeed: unknown recipient, refused key.
    Permanent,
    /// The server is away, slow, busy or says "later".
    Passing,
}

/// What a failure leads to, apart from trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    High,
    Other,
    ToOperator,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    Again { after: Duration },
    GiveUp,
}

const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE_HIGH: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// 2 + 4 + 8 + 16 + 30 × 4 s: two and a half minutes of pauses.
const ATTEMPTS_HIGH: u32 = 9;
/// 2 s … 15 min: about five hours of pauses.
const ATTEMPTS: u32 = 28;

/// What follows after `attempts` tries, the last of which ended with `failure`. `jitter` in [0, 1) shortens the pause
/// by up to a quarter, so that a thousand pages do not come back to a mail server in the same second.
pub fn after(failure: Failure, attempts: u32, page: Page, jitter: f64) -> Next {
    let (limit, longest) = match page {
        Page::High => (ATTEMPTS_HIGH, LONGEST_PAUSE_HIGH),
        Page::Other => (ATTEMPTS, LONGEST_PAUSE),
        Page::ToOperator => (u32::MAX, LONGEST_PAUSE),
    };
    if failure == Failure::Permanent || attempts >= limit {
        return Next::GiveUp;
    }
    let doublings = attempts.saturating_sub(1).min(20);
    let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(longest);
    Next::Again { after: pause.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 4.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pauses(page: Page) -> Vec<Duration> {
        (1..)
            .map_while(|attempts| match after(Failure::Passing, attempts, page, 0.0) {
                Next::Again { after } => Some(after),
                Next::GiveUp => None,
            })
            .collect()
    }

    #[test]
    fn a_high_page_is_given_up_within_minutes_so_that_someone_else_is_paged() {
        let waited: Duration = pauses(Page::High).iter().sum();
        assert!(waited < Duration::from_secs(3 * 60), "{waited:?}");
    }

    #[test]
    fn other_pages_outlast_an_evening_without_a_mail_server() {
        let waited: Duration = pauses(Page::Other).iter().sum();
        assert!(waited > Duration::from_secs(4 * 3600), "{waited:?}");
    }

    #[test]
    fn an_unknown_recipient_is_not_asked_twice() {
        assert_eq!(after(Failure::Permanent, 1, Page::Other, 0.5), Next::GiveUp);
    }

    #[test]
    fn what_the_operator_must_know_is_never_given_up_for_a_server_that_is_away() {
        let after = |attempts| after(Failure::Passing, attempts, Page::ToOperator, 0.0);
        assert_eq!(after(1_001), Next::Again { after: LONGEST_PAUSE });
    }

    proptest! {
        #[test]
        fn trying_always_ends_and_pauses_stay_within_their_bounds(attempts in 0_u32..10_000, high: bool, jitter in 0.0..1.0_f64) {
            match after(Failure::Passing, attempts, if high { Page::High } else { Page::Other }, jitter) {
                Next::Again { after } => {
                    prop_assert!(attempts < ATTEMPTS);
                    prop_assert!(after >= FIRST_PAUSE.mul_f64(0.75));
                    prop_assert!(after <= LONGEST_PAUSE);
                }
                Next::GiveUp => prop_assert!(attempts >= ATTEMPTS_HIGH),
            }
        }
    }
}
