//! A plain limit on guessing passwords: so many wrong ones for an account, then it waits.
//! Kept in memory: each replica counts for itself, which multiplies the limit by their number and no more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WRONG_GUESSES: u32 = 8;
const WAIT: Duration = Duration::from_secs(15 * 60);
/// Accounts watched at once; past it the oldest are forgotten.
const ACCOUNTS: usize = 10_000;

#[derive(Debug, Default)]
pub struct Guesses(Mutex<HashMap<String, Wrong>>);

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    last: Instant,
}

impl Guesses {
    /// Counts the attempt as wrong until `right` says otherwise; false: this account must wait.
    /// (Counting first lets no burst of parallel guesses through.)
    pub fn may_try(&self, account: &str, now: Instant) -> bool {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= ACCOUNTS && !accounts.contains_key(account) {
            accounts.retain(|_, wrong| now.duration_since(wrong.last) < WAIT);
            if accounts.len() >= ACCOUNTS
                && let Some(oldest) = accounts.iter().min_by_key(|(_, wrong)| wrong.last).map(|(name, _)| name.clone())
            {
                accounts.remove(&oldest);
            }
        }
        let wrong = accounts.entry(account.to_owned()).or_insert(Wrong { times: 0, last: now });
        if now.duration_since(wrong.last) >= WAIT {
            wrong.times = 0;
        }
        if wrong.times >= WRONG_GUESSES {
            return false;
        }
        wrong.times += 1;
        wrong.last = now;
        true
    }

    pub fn right(&self, account: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_eight_wrong_guesses_an_account_waits_a_quarter_of_an_hour_and_others_do_not() {
        let start = crate::clock::Clock::ordinary().instant();
        let guesses = Guesses::default();
        for _ in 0..WRONG_GUESSES {
            assert!(guesses.may_try("ida@example.org", start));
        }
        assert!(!guesses.may_try("ida@example.org", start));
        assert!(guesses.may_try("tom@example.org", start));
        assert!(!guesses.may_try("ida@example.org", start + WAIT - Duration::from_secs(1)));
        assert!(guesses.may_try("ida@example.org", start + WAIT));
    }

    #[test]
    fn the_right_password_wipes_the_slate() {
        let now = crate::clock::Clock::ordinary().instant();
        let guesses = Guesses::default();
        for _ in 0..3 * WRONG_GUESSES {
            assert!(guesses.may_try("ida@example.org", now));
            guesses.right("ida@example.org");
        }
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory() {
        let now = crate::clock::Clock::ordinary().instant();
        let guesses = Guesses::default();
        for number in 0..ACCOUNTS + 10 {
            guesses.may_try(&number.to_string(), now);
        }
        assert!(guesses.0.lock().expect("not poisoned").len() <= ACCOUNTS);
    }
}
