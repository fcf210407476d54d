//! How often one may guess wrong: passwords, and codes of every kind.
//!
//! From a browser in which this account has signed in before, so many wrong guesses, then it waits. From anywhere else the same
//! for an account from one address; and many more for the account from everywhere, for the address whatever the account, and
//! for all together. So whoever guesses from elsewhere, however hard, does not lock a nurse out of her usual place.
//! The counts are in the database: they hold at every replica, and across restarts.

use std::net::IpAddr;

use axum::http::StatusCode;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::store::guess::{self, Limit};
use crate::store::place;
use crate::web::failure::{Answer, Failure};
use crate::web::{Web, cookies};

/// A browser is remembered for as long after its last sign-in.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);

const QUARTER_HOUR: SignedDuration = SignedDuration::from_mins(15);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

const FROM_ONE_PLACE: Limit = Limit { guesses: 8, wait: QUARTER_HOUR };
/// A practice behind one address mistypes less in that time.
const OF_AN_ADDRESS: Limit = Limit { guesses: 100, wait: QUARTER_HOUR };
const OF_ALL: Limit = Limit { guesses: 5_000, wait: HOUR };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    Password,
    /// One-time and recovery codes together: who knows the password guesses at either.
    Code,
}

impl Secret {
    fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
        }
    }

    /// Three of a million codes are right at any time: thirty a day find one in thirty years.
    fn of_account(self) -> Limit {
        match self {
            Self::Password => Limit { guesses: 100, wait: HOUR },
            Self::Code => Limit { guesses: 30, wait: DAY },
        }
    }
}

/// One guess, counted as wrong until it turns out right. (Counting first lets no burst of parallel guesses through.)
#[derive(Debug)]
pub struct Guess {
    /// Of this place: wiped when the guess is right.
    here: [u8; 32],
    /// Of the others only this guess is taken back, so that a nurse who signs in pardons nobody else.
    elsewhere: Vec<[u8; 32]>,
}

/// `place` is the token of the browser's cookie, if it has one.
///
/// # Errors
/// 429 when a slate is full; nothing is counted then.
pub async fn begin(web: &Web, secret: Secret, email: &str, address: IpAddr, place: Option<&str>) -> Answer<Guess> {
    let now = web.parts.clock.machine_now();
    let slate = |parts: &[&str]| slate(secret, parts);
    let mut db = web.parts.store.sign_in.begin().await?;
    guess::tidy(&mut db, now).await?;
    let hash = cookies::hash(place.unwrap_or_default());
    let known = place::is_known(&mut db, &hash, email, now - REMEMBERED).await?;
    let (slates, here) = if let Some(place) = place.filter(|_| known) {
        let here = slate(&["place", place, email]);
        (vec![(here, FROM_ONE_PLACE)], here)
    } else {
        let address = address.to_string();
        let here = slate(&["address", &address, email]);
        // Always in this order: two guesses at once never wait for each other in a ring.
        let slates = vec![
            (here, FROM_ONE_PLACE),
            (slate(&["account", email]), secret.of_account()),
            (slate(&["address", &address]), OF_AN_ADDRESS),
            (slate(&["all"]), OF_ALL),
        ];
        (slates, here)
    };
    for (slate, limit) in &slates {
        if !guess::count(&mut db, slate, *limit, now).await? {
            db.rollback().await?;
            return Err(too_many());
        }
    }
    db.commit().await?;
    let elsewhere = slates.into_iter().map(|(slate, _)| slate).filter(|slate| *slate != here).collect();
    Ok(Guess { here, elsewhere })
}

impl Guess {
    pub async fn was_right(self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        guess::wipe(db, &self.here).await?;
        for slate in &self.elsewhere {
            guess::take_back(db, slate).await?;
        }
        Ok(())
    }
}

fn too_many() -> Failure {
    Failure::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_guesses",
        "Too many wrong attempts. Wait a quarter of an hour, then try again; if that does not help, ask your administrator.",
    )
}

/// What was typed is not kept: it may be a password that went into the wrong field.
fn slate(secret: Secret, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(secret.name());
    for part in parts {
        hash.update([0]);
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
