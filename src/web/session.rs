//! Who is asking. A session is an opaque token in a cookie; the database knows its hash.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts as RequestParts;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::api::Role;
use super::failure::{Answer, Failure};
use super::{Web, reach};
use crate::store;
use crate::store::audit::{Act, Actor, Entry};

/// A shift.
pub const LENGTH: SignedDuration = SignedDuration::from_hours(12);

/// The member of staff whose request this is.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub staff: Uuid,
    pub name: String,
    pub role: Role,
    pub organisation: Uuid,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
}

impl SignedIn {
    pub async fn find(headers: &HeaderMap, address: Option<IpAddr>, web: &Web) -> Answer<Self> {
        let token = token(&CookieJar::from_headers(headers), web).ok_or_else(Failure::not_signed_in)?;
        let mut db = web.parts.store.web.acquire().await?;
        let session = store::session::find(&mut db, &hash(&token), web.parts.clock.machine_now()).await?;
        let session = session.ok_or_else(Failure::not_signed_in)?;
        let role = reach::role(&session.role);
        Ok(Self { staff: session.staff, name: session.name, role, organisation: session.organisation, address })
    }

    /// For the audit: that this member of staff did it. `at` is machine time.
    pub fn did(&self, act: Act, at: Timestamp) -> Entry {
        let actor = Actor::Staff { staff: self.staff, employer: self.organisation };
        Entry::new(actor, act, at).from_address(self.address)
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

pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

pub fn token(jar: &CookieJar, web: &Web) -> Option<String> {
    jar.get(name(web.secure)).map(|cookie| cookie.value().to_owned())
}

/// The cookie that holds a token; without one, the cookie that removes it.
pub fn cookie(token: Option<String>, web: &Web) -> Cookie<'static> {
    let mut cookie = Cookie::new(name(web.secure), token.clone().unwrap_or_default());
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_secure(web.secure);
    cookie.set_path("/");
    if token.is_none() {
        cookie.make_removal();
    }
    cookie
}

/// `__Host-` binds it to this very host, which browsers do for secure cookies only.
fn name(secure: bool) -> &'static str {
    if secure { "__Host-derwent_session" } else { "derwent_session" }
}
