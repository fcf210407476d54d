//! Who is asking, and how a session begins. All of it in machine time.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts as RequestParts;
use axum::http::{HeaderMap, StatusCode};
use axum_extra::extract::CookieJar;
use jiff::{SignedDuration, Timestamp};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::api::Role;
use super::caller::Caller;
use super::cookies::{self, Kind};
use super::failure::{Answer, Failure};
use super::sign_in::attempt::Entered;
use super::{Web, reach};
use crate::random;
use crate::store::audit::{Act, Actor, Entry};
use crate::store::{self, session};

/// However it is used, and when nobody uses it.
#[derive(Clone, Copy, Debug)]
struct Lasts {
    whole: SignedDuration,
    idle: SignedDuration,
}

/// A shift.
const OWN_COMPUTER: Lasts = Lasts { whole: SignedDuration::from_hours(12), idle: SignedDuration::from_hours(2) };
const SHARED_COMPUTER: Lasts = Lasts { whole: SignedDuration::from_hours(4), idle: SignedDuration::from_mins(15) };
/// What decides who can sign in is changed only by somebody who has just done so.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// A page that fetches by itself says so: that nobody touched it must end the session some time.
const UNATTENDED: &str = "x-unattended";

/// The member of staff whose request this is.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub session: Uuid,
    pub staff: Uuid,
    pub name: String,
    pub role: Role,
    pub organisation: Uuid,
    pub rule_owner: bool,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
    made_at: Timestamp,
}

impl SignedIn {
    pub async fn find(headers: &HeaderMap, address: Option<IpAddr>, web: &Web) -> Answer<Self> {
        let token = cookies::token(&CookieJar::from_headers(headers), Kind::Session, web);
        let hash = cookies::hash(&token.ok_or_else(Failure::not_signed_in)?);
        let used = !headers.contains_key(UNATTENDED);
        let mut db = web.parts.store.web.acquire().await?;
        let found = session::find(&mut db, &hash, web.parts.clock.machine_now(), used).await?;
        let found = found.ok_or_else(Failure::not_signed_in)?;
        Ok(Self {
            session: found.session,
            staff: found.staff,
            name: found.name,
            role: reach::role(&found.role),
            organisation: found.organisation,
            rule_owner: found.rule_owner,
            address,
            made_at: found.made_at,
        })
    }

    /// For the audit: that this member of staff did it. `at` is machine time.
    pub fn did(&self, act: Act, at: Timestamp) -> Entry {
        let actor = Actor::Staff { staff: self.staff, employer: self.organisation };
        Entry::new(actor, act, at).from_address(self.address)
    }

    pub fn may_change_how_to_sign_in(&self, now: Timestamp) -> bool {
        now < self.made_at + FRESH
    }

    pub fn must_be_fresh(&self, now: Timestamp) -> Answer<()> {
        if self.may_change_how_to_sign_in(now) {
            return Ok(());
        }
        Err(Failure::new(
            StatusCode::FORBIDDEN,
            "sign_in_again",
            "This can be changed only within ten minutes of signing in. Sign out, sign in again, then change it.",
        ))
    }
}

/// Found by the access check of the route (`access.rs`); a route for anyone has nobody here.
impl FromRequestParts<Arc<Web>> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(request: &mut RequestParts, _: &Arc<Web>) -> Result<Self, Failure> {
        request.extensions.get::<Self>().cloned().ok_or_else(Failure::not_signed_in)
    }
}

impl Web {
    /// A transaction that sees what this member of staff sees.
    pub async fn transaction(&self, who: &SignedIn) -> sqlx::Result<Transaction<'static, Postgres>> {
        self.parts.store.web_tx(who.staff, self.parts.clock.machine_now()).await
    }
}

/// Whether the session goes on, for what outlives its request.
pub async fn goes_on(web: &Web, session: Uuid) -> Answer<bool> {
    let mut db = web.parts.store.web.acquire().await?;
    Ok(session::goes_on(&mut db, session, web.parts.clock.machine_now()).await?)
}

/// The token for the cookie.
pub async fn begin(
    db: &mut PgConnection,
    begins: &Entered<'_>,
    caller: &Caller,
    now: Timestamp,
) -> Result<String, sqlx::Error> {
    let token = random::token();
    let lasts = if begins.shared_computer { SHARED_COMPUTER } else { OWN_COMPUTER };
    let new = store::session::New {
        session: random::new_id(),
        token_hash: &cookies::hash(&token),
        staff: begins.staff,
        organisation: begins.organisation,
        shared_computer: begins.shared_computer,
        made_at: now,
        ends_at: now + lasts.whole,
        idle: lasts.idle,
        address: caller.address.map_or_else(String::new, |address| address.to_string()),
        browser: caller.browser.clone(),
        factors: begins.factors,
    };
    session::insert(db, &new).await?;
    Ok(token)
}
