//! The service's cookies. Each holds an opaque token of which the database knows only the hash.

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use sha2::{Digest, Sha256};

use super::Web;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who is signed in.
    Session,
    /// A sign-in between its first factor and its second.
    Attempt,
    /// A visit to an organisation's own provider.
    Visit,
    /// Something a passkey was asked to sign.
    Passkey,
    /// This browser, to know it again at the next sign-in. It opens nothing.
    Place,
}

impl Kind {
    /// `__Host-` binds it to this very host, which browsers do for secure cookies only.
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-derwent_session",
            (Self::Session, false) => "derwent_session",
            (Self::Attempt, true) => "__Host-derwent_attempt",
            (Self::Attempt, false) => "derwent_attempt",
            (Self::Visit, true) => "__Host-derwent_visit",
            (Self::Visit, false) => "derwent_visit",
            (Self::Passkey, true) => "__Host-derwent_passkey",
            (Self::Passkey, false) => "derwent_passkey",
            (Self::Place, true) => "__Host-derwent_place",
            (Self::Place, false) => "derwent_place",
        }
    }
}

pub fn token(jar: &CookieJar, kind: Kind, web: &Web) -> Option<String> {
    jar.get(kind.name(web.secure)).map(|cookie| cookie.value().to_owned()).filter(|token| !token.is_empty())
}

/// Gone when the browser closes, but for the place.
pub fn made(kind: Kind, token: String, web: &Web) -> Cookie<'static> {
    let mut cookie = bare(kind, token, web);
    if kind == Kind::Place {
        cookie.make_permanent();
    }
    cookie
}

pub fn removed(kind: Kind, web: &Web) -> Cookie<'static> {
    let mut cookie = bare(kind, String::new(), web);
    cookie.make_removal();
    cookie
}

fn bare(kind: Kind, token: String, web: &Web) -> Cookie<'static> {
    let mut cookie = Cookie::new(kind.name(web.secure), token);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_secure(web.secure);
    cookie.set_path("/");
    cookie
}

pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
