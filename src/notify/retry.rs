//! When to try a page again, and when to give up: pure, a schedule for each channel. Machine time; the jitter is an argument.
//!
//! A high page is given up within minutes, because giving up escalates: the next person is paged instead of
//! the same server being asked for hours. Other pages may wait out an evening's outage. What the operator must know about
//! the service has nobody else to go to, and is tried until it goes out.

use std::time::Duration;

use crate::store::page::Channel;

/// Why a send failed, as far as trying again is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The same message to the same address cannot succeed: unknown recipient, refused key.
    Permanent,
    /// Whoever it went to takes nothing there any more.
    Gone,
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

/// Pauses double from the first to the longest.
#[derive(Debug)]
struct Schedule {
    first: Duration,
    longest: Duration,
    attempts: u32,
}

const fn schedule(first_s: u64, longest_s: u64, attempts: u32) -> Schedule {
    Schedule { first: Duration::from_secs(first_s), longest: Duration::from_secs(longest_s), attempts }
}

/// 2 + 4 + 8 + 16 + 30 × 4 s: two and a half minutes of pauses. What a text message, a webhook or a browser's push service answers is
/// final sooner than what a mail server says, and each text message costs: 5 + 10 + 20 + 30 × 3 s.
const fn of_high(channel: Channel) -> Schedule {
    match channel {
        Channel::Email | Channel::Pager => schedule(2, 30, 9),
        Channel::Sms | Channel::Webhook | Channel::WebPush => schedule(5, 30, 7),
    }
}

/// E-mail outlasts an evening: 2 s … 15 min, about five hours of pauses. A pager's service throttles by the minute. A text message or
/// a notification that comes hours later helps nobody: about one hour. A webhook's server may be down for a night: 5 s … 2 h, about ten hours.
const fn of_others(channel: Channel) -> Schedule {
    match channel {
        Channel::Email => schedule(2, 15 * 60, 28),
        Channel::Pager => schedule(5, 15 * 60, 26),
        Channel::Sms | Channel::WebPush => schedule(10, 10 * 60, 12),
        Channel::Webhook => schedule(5, 2 * 3600, 15),
    }
}

/// What follows after `attempts` tries, the last of which ended with `failure`. `jitter` in [0, 1) shortens the pause
/// by up to a quarter, so that a thousand pages do not come back to a mail server in the same second.
pub fn after(channel: Channel, failure: Failure, attempts: u32, page: Page, jitter: f64) -> Next {
    let Schedule { first, longest, attempts: limit } = match page {
        Page::High => of_high(channel),
        Page::Other => of_others(channel),
        Page::ToOperator => Schedule { attempts: u32::MAX, ..of_others(channel) },
    };
    if failure != Failure::Passing || attempts >= limit {
        return Next::GiveUp;
    }
    let doublings = attempts.saturating_sub(1).min(20);
    let pause = first.saturating_mul(1 << doublings).min(longest);
    Next::Again { after: pause.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 4.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pauses(channel: Channel, page: Page) -> Vec<Duration> {
        (1..)
            .map_while(|attempts| match after(channel, Failure::Passing, attempts, page, 0.0) {
                Next::Again { after } => Some(after),
                Next::GiveUp => None,
            })
            .collect()
    }

    #[test]
    fn a_high_page_is_given_up_within_minutes_so_that_someone_else_is_paged() {
        for channel in Channel::ALL {
            let waited: Duration = pauses(channel, Page::High).iter().sum();
            assert!(waited > Duration::from_secs(60) && waited < Duration::from_secs(3 * 60), "{channel:?} {waited:?}");
        }
    }

    #[test]
    fn other_pages_outlast_an_evening_without_their_server_but_a_text_message() {
        for (channel, least_h, most_h) in [
            (Channel::Email, 4, 6),
            (Channel::Pager, 4, 6),
            (Channel::Sms, 0, 2),
            (Channel::Webhook, 8, 14),
            (Channel::WebPush, 0, 2),
        ] {
            let waited: Duration = pauses(channel, Page::Other).iter().sum();
            let hours = waited.as_secs() / 3600;
            assert!(hours >= least_h && hours < most_h, "{channel:?} {waited:?}");
        }
    }

    #[test]
    fn an_unknown_recipient_is_not_asked_twice() {
        for channel in Channel::ALL {
            assert_eq!(after(channel, Failure::Permanent, 1, Page::Other, 0.5), Next::GiveUp);
        }
    }

    #[test]
    fn what_the_operator_must_know_is_never_given_up_for_a_server_that_is_away() {
        let after = |attempts| after(Channel::Email, Failure::Passing, attempts, Page::ToOperator, 0.0);
        assert_eq!(after(1_001), Next::Again { after: Duration::from_secs(15 * 60) });
    }

    proptest! {
        #[test]
        fn trying_always_ends_and_pauses_stay_within_their_bounds(attempts in 0_u32..10_000, high: bool, which in 0_usize..4, jitter in 0.0..1.0_f64) {
            let channel = Channel::ALL[which];
            match after(channel, Failure::Passing, attempts, if high { Page::High } else { Page::Other }, jitter) {
                Next::Again { after } => {
                    prop_assert!(attempts < 28);
                    prop_assert!(after >= Duration::from_millis(1500));
                    let longest = Duration::from_secs(if high { 30 } else { 2 * 3600 });
                    prop_assert!(after <= longest);
                }
                Next::GiveUp => prop_assert!(attempts >= 7),
            }
        }
    }
}
