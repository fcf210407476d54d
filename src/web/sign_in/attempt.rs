//! A sign-in between its first factor and its second: whose it is, for ten minutes, at any replica; and how it ends in a session.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts as RequestParts;
use axum_extra::extract::CookieJar;
use jiff::SignedDuration;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::guesses;
use crate::random;
use crate::store::audit::{Act, Actor};
use crate::store::second_factor::Held;
use crate::store::{passkey, place, second_factor, sign_in_attempt};
use crate::web::api::{NextStep, SignInNext};
use crate::web::caller::Caller;
use crate::web::cookies::{self, Kind};
use crate::web::failure::{Answer, Failure};
use crate::web::{Web, session};

const LASTS: SignedDuration = SignedDuration::from_mins(10);

/// Whose first factor was right.
#[derive(Clone, Debug)]
pub struct Attempt {
    hash: [u8; 32],
    pub of: sign_in_attempt::Attempt,
}

impl FromRequestParts<Arc<Web>> for Attempt {
    type Rejection = Failure;

    async fn from_request_parts(request: &mut RequestParts, web: &Arc<Web>) -> Result<Self, Failure> {
        let token = cookies::token(&CookieJar::from_headers(&request.headers), Kind::Attempt, web).ok_or_else(over)?;
        let hash = cookies::hash(&token);
        let mut db = web.parts.store.sign_in.acquire().await?;
        let found = sign_in_attempt::find(&mut db, &hash, web.parts.clock.machine_now()).await?;
        Ok(Self { hash, of: found.ok_or_else(over)? })
    }
}

fn over() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "sign_in_ended",
        "This sign-in took longer than ten minutes, or was finished elsewhere. Begin again with your e-mail and password.",
    )
}

pub async fn begin(
    web: &Web,
    db: &mut PgConnection,
    jar: CookieJar,
    staff: Uuid,
    shared_computer: bool,
    first_factor: &str,
) -> Answer<(CookieJar, SignInNext)> {
    let token = random::token();
    let now = web.parts.clock.machine_now();
    let hash = cookies::hash(&token);
    sign_in_attempt::insert(db, &hash, staff, shared_computer, first_factor, now, now + LASTS).await?;
    let held = second_factor::held(db, staff).await?;
    let next = if is_any(&held) { NextStep::Prove } else { NextStep::SetUp };
    let passkey = !passkey::of_staff(db, staff).await?.is_empty();
    Ok((jar.add(cookies::made(Kind::Attempt, token, web)), SignInNext { next, passkey }))
}

/// A recovery code is no factor of its own: it stands in for one.
pub fn is_any(held: &Held) -> bool {
    held.totp.is_some()
}

impl Attempt {
    pub fn actor(&self) -> Actor {
        super::actor(self.of.staff, self.of.organisation)
    }

    /// Both factors were right: the session begins, and this browser is known from now on.
    pub async fn succeed(
        self,
        web: &Web,
        db: &mut PgConnection,
        jar: CookieJar,
        caller: &Caller,
        second_factor: &str,
    ) -> Answer<CookieJar> {
        if !sign_in_attempt::use_up(db, &self.hash).await? {
            return Err(over());
        }
        let factors = format!("{}, {second_factor}", self.of.first_factor);
        let entered = Entered {
            staff: self.of.staff,
            organisation: self.of.organisation,
            shared_computer: self.of.shared_computer,
            factors: &factors,
        };
        Ok(enter(web, db, jar, caller, &entered).await?.add(cookies::removed(Kind::Attempt, web)))
    }
}

/// Who has given two factors, and which.
#[derive(Debug)]
pub struct Entered<'a> {
    pub staff: Uuid,
    pub organisation: Uuid,
    pub shared_computer: bool,
    pub factors: &'a str,
}

pub async fn enter(
    web: &Web,
    db: &mut PgConnection,
    jar: CookieJar,
    caller: &Caller,
    entered: &Entered<'_>,
) -> Answer<CookieJar> {
    let now = web.parts.clock.machine_now();
    let token = session::begin(db, entered, caller, now).await?;
    let known = cookies::token(&jar, Kind::Place, web).unwrap_or_else(random::token);
    place::note(db, &cookies::hash(&known), entered.staff, now, now - guesses::REMEMBERED).await?;
    let detail = json!({ "factors": entered.factors, "shared_computer": entered.shared_computer });
    let actor = super::actor(entered.staff, entered.organisation);
    super::record(web, db, actor, caller, Act::SignedIn, detail).await?;
    Ok(jar.add(cookies::made(Kind::Place, known, web)).add(cookies::made(Kind::Session, token, web)))
}
