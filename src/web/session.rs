//! Who is asking. A session is an opaque token in a cookie; the database knows its hash.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts as RequestParts;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Web;
use super::failure::Failure;
use crate::listen::Visitor;
use crate::store;
use crate::store::audit::{Act, Actor, Entry};

/// A shift.
pub const LENGTH: SignedDuration = SignedDuration::from_hours(12);

/// The member of staff whose request this is.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub staff: Uuid,
    pub name: String,
    pub role: String,
    pub organisation: Uuid,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
}

impl SignedIn {
    /// For the audit: that this member of staff did it. `at` is machine time.
    pub fn did(&self, act: Act, at: Timestamp) -> Entry {
        let actor = Actor::Staff { staff: self.staff, employer: self.organisation };
        Entry::new(actor, act, at).from_address(self.address)
    }
}

impl FromRequestParts<Arc<Web>> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(request: &mut RequestParts, web: &Arc<Web>) -> Result<Self, Failure> {
        let token = token(&CookieJar::from_headers(&request.headers), web).ok_or_else(Failure::not_signed_in)?;
        let address = request.extensions.get::<Visitor>().map(|visitor| visitor.0);
        let mut db = web.parts.store.web.acquire().await?;
        let session = store::session::find(&mut db, &hash(&token), web.parts.clock.machine_now()).await?;
        let session = session.ok_or_else(Failure::not_signed_in)?;
        Ok(Self {
            staff: session.staff,
            name: session.name,
            role: session.role,
            organisation: session.organisation,
            address,
        })
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
