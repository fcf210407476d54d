//! A plain limit on guessing passwords: so many wrong ones for an account from one address, then that address waits; and many
//! more from everywhere together, then the account does. So who guesses from elsewhere does not lock a nurse out.
//! Kept in memory: each replica counts for itself, which multiplies the limits by their number and no more.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many wrong guesses, then none until this long after the last.
#[derive(Debug, Clone, Copy)]
struct Limit {
    guesses: u32,
    wait: Duration,
}

const FROM_ONE_ADDRESS: Limit = Limit { guesses: 8, wait: Duration::from_secs(15 * 60) };
const FROM_EVERYWHERE: Limit = Limit { guesses: 100, wait: Duration::from_secs(60 * 60) };
/// Slates kept at once; past it the oldest are forgotten.
const SLATES: usize = 20_000;

/// An account, and one address or everywhere.
type Key = (String, Option<IpAddr>);

#[derive(Debug, Default)]
pub struct Guesses(Mutex<HashMap<Key, Wrong>>);

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    last: Instant,
}

fn limit_of((_, address): &Key) -> Limit {
    if address.is_some() { FROM_ONE_ADDRESS } else { FROM_EVERYWHERE }
}

fn keys(account: &str, address: IpAddr) -> [Key; 2] {
    [(account.to_owned(), Some(address)), (account.to_owned(), None)]
}

impl Guesses {
    /// Counts the attempt as wrong until `right` says otherwise; false: whoever asks must wait.
    /// (Counting first lets no burst of parallel guesses through.)
    pub fn may_try(&self, account: &str, address: IpAddr, now: Instant) -> bool {
        let mut slates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(account, address);
        let full = |key: &Key, slates: &HashMap<Key, Wrong>| {
            let limit = limit_of(key);
            slates
                .get(key)
                .is_some_and(|wrong| wrong.times >= limit.guesses && now.duration_since(wrong.last) < limit.wait)
        };
        if keys.iter().any(|key| full(key, &slates)) {
            return false;
        }
        make_room(&mut slates, now);
        for key in keys {
            let wait = limit_of(&key).wait;
            let wrong = slates.entry(key).or_insert(Wrong { times: 0, last: now });
            if now.duration_since(wrong.last) >= wait {
                wrong.times = 0;
            }
            wrong.times += 1;
            wrong.last = now;
        }
        true
    }

    /// The address's slate is wiped; of the account's only this attempt, so that a nurse who signs in pardons nobody else.
    pub fn right(&self, account: &str, address: IpAddr) {
        let mut slates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [from_here, from_everywhere] = keys(account, address);
        slates.remove(&from_here);
        if let Some(wrong) = slates.get_mut(&from_everywhere) {
            wrong.times = wrong.times.saturating_sub(1);
        }
    }
}

fn make_room(slates: &mut HashMap<Key, Wrong>, now: Instant) {
    if slates.len() + 2 <= SLATES {
        return;
    }
    slates.retain(|key, wrong| now.duration_since(wrong.last) < limit_of(key).wait);
    while slates.len() + 2 > SLATES {
        let Some(oldest) = slates.iter().min_by_key(|(_, wrong)| wrong.last).map(|(key, _)| key.clone()) else {
            return;
        };
        slates.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn after_eight_wrong_guesses_an_address_waits_a_quarter_of_an_hour_and_the_nurse_elsewhere_does_not() {
        let start = crate::clock::Clock::ordinary().instant();
        let wait = FROM_ONE_ADDRESS.wait;
        let guesses = Guesses::default();
        for _ in 0..FROM_ONE_ADDRESS.guesses {
            assert!(guesses.may_try("ida@example.org", HERE, start));
        }
        assert!(!guesses.may_try("ida@example.org", HERE, start));
        assert!(guesses.may_try("ida@example.org", ELSEWHERE, start));
        assert!(guesses.may_try("tom@example.org", HERE, start));
        assert!(!guesses.may_try("ida@example.org", HERE, start + wait - Duration::from_secs(1)));
        assert!(guesses.may_try("ida@example.org", HERE, start + wait));
    }

    #[test]
    fn a_hundred_wrong_guesses_from_everywhere_close_the_account_for_an_hour() {
        let start = crate::clock::Clock::ordinary().instant();
        let guesses = Guesses::default();
        for number in 0..FROM_EVERYWHERE.guesses {
            assert!(guesses.may_try("ida@example.org", IpAddr::V4(Ipv4Addr::from_bits(number)), start));
        }
        assert!(!guesses.may_try("ida@example.org", HERE, start));
        assert!(guesses.may_try("ida@example.org", HERE, start + FROM_EVERYWHERE.wait));
    }

    #[test]
    fn the_right_password_wipes_the_slate() {
        let now = crate::clock::Clock::ordinary().instant();
        let guesses = Guesses::default();
        for _ in 0..2 * FROM_EVERYWHERE.guesses {
            assert!(guesses.may_try("ida@example.org", HERE, now));
            guesses.right("ida@example.org", HERE);
        }
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory() {
        let now = crate::clock::Clock::ordinary().instant();
        let guesses = Guesses::default();
        for number in 0..SLATES / 2 + 10 {
            guesses.may_try(&number.to_string(), HERE, now);
        }
        assert!(guesses.0.lock().expect("not poisoned").len() <= SLATES);
    }
}
