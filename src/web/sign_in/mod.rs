//! The way in: a password, then always a second factor, and only then a session. The way out.
//!
//! Between the two a short-lived attempt, in a cookie of its own, says whose password was right; it opens nothing else.

pub mod attempt;
pub mod guesses;
pub mod invitation;
pub mod invite;
pub mod openid;
pub mod passkey;
pub mod password;
pub mod provider;
mod recovery;
pub mod second_factor;
pub mod totp;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Web;
use super::api::{SignIn, SignInNext};
use super::caller::Caller;
use super::cookies::{self, Kind};
use super::extract::Body;
use super::failure::{Answer, Failure};
use crate::secret::Secret as Hash;
use crate::store::audit::{self, Act, Actor, Entry};
use crate::store::{self, credential};
use guesses::Secret;

pub async fn sign_in(
    State(web): State<Arc<Web>>,
    jar: CookieJar,
    caller: Caller,
    Body(asked): Body<SignIn>,
) -> Answer<(CookieJar, Json<SignInNext>)> {
    let email = asked.email.replace('\0', "").trim().to_lowercase();
    // Past this, whoever waits longer than a browser does is told so at once.
    let _waiting = web.waiting.try_acquire().map_err(|_| Failure::busy())?;
    let place = cookies::token(&jar, Kind::Place, &web);
    let guess = guesses::begin(&web, Secret::Password, &email, caller.household, place.as_deref()).await?;
    let known = {
        let mut db = web.parts.store.sign_in.acquire().await?;
        credential::of_email(&mut db, &email).await?
    };
    let stored = known.as_ref().and_then(|known| known.password.clone());
    let right = matches(&web, asked.password, stored).await?;
    let now = web.parts.clock.machine_now();
    let mut db = web.parts.store.sign_in.begin().await?;
    // One answer for an unknown account and a wrong password, after the same work.
    let (Some(known), true) = (&known, right) else {
        let actor = known.as_ref().map_or(Actor::Stranger, |known| actor(known.staff, known.organisation));
        let entry = Entry::new(actor, Act::SignInFailed, now).from_address(caller.address);
        audit::write(&mut db, &entry.detail(json!({ "step": "password" }))).await?;
        db.commit().await?;
        return Err(wrong_credentials());
    };
    guess.was_right(&mut db).await?;
    let (jar, next) = attempt::begin(&web, &mut db, jar, known.staff, asked.shared_computer, "password").await?;
    db.commit().await?;
    Ok((jar, Json(next)))
}

fn wrong_credentials() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "wrong_credentials",
        "This e-mail address and password do not belong together. Try again, or ask your administrator for a new invitation.",
    )
}

/// Each comparison takes 19 MiB and a core for a moment: two at a time, however many ask.
async fn matches(web: &Web, password: String, stored: Option<Hash>) -> Answer<bool> {
    let _turn = web.comparing.acquire().await.map_err(|_| Failure::busy())?;
    tokio::task::spawn_blocking(move || password::verify(&password, stored.as_ref().map(Hash::expose)))
        .await
        .map_err(|_| Failure::internal())
}

/// Like a comparison.
///
/// # Errors
/// 400 with what is wrong with the password.
pub async fn hashed(web: &Web, password: String) -> Answer<String> {
    let _waiting = web.waiting.try_acquire().map_err(|_| Failure::busy())?;
    let _turn = web.comparing.acquire().await.map_err(|_| Failure::busy())?;
    let hash = tokio::task::spawn_blocking(move || password::hash(&password)).await.map_err(|_| Failure::internal())?;
    hash.map_err(|problem| {
        let mut message = problem.to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Failure::new(StatusCode::BAD_REQUEST, "unfit_password", format!("{message}."))
    })
}

/// Works without a session, too: afterwards there is none.
pub async fn sign_out(State(web): State<Arc<Web>>, jar: CookieJar, caller: Caller) -> Answer<(CookieJar, StatusCode)> {
    if let Some(token) = cookies::token(&jar, Kind::Session, &web) {
        let mut db = web.parts.store.sign_in.begin().await?;
        if let Some((staff, organisation)) = store::session::end(&mut db, &cookies::hash(&token)).await? {
            record(&web, &mut db, actor(staff, organisation), &caller, Act::SignedOut, json!({})).await?;
        }
        db.commit().await?;
    }
    Ok((jar.add(cookies::removed(Kind::Session, &web)), StatusCode::NO_CONTENT))
}

fn actor(staff: Uuid, employer: Uuid) -> Actor {
    Actor::Staff { staff, employer }
}

/// Everything that makes or ends somebody's way in is on record.
async fn record(
    web: &Web,
    db: &mut sqlx::PgConnection,
    actor: Actor,
    caller: &Caller,
    act: Act,
    detail: Value,
) -> Answer<()> {
    let entry = Entry::new(actor, act, web.parts.clock.machine_now()).from_address(caller.address).detail(detail);
    Ok(audit::write(db, &entry).await?)
}
