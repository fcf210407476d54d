//! Signing in and out, and who one is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;

use super::address::Address;
use super::api::{Me, Organisation, SignIn, Team};
use super::extract::Body;
use super::failure::{Answer, Failure};
use super::session::{self, SignedIn};
use super::{Web, password};
use crate::random;
use crate::secret::Secret;
use crate::store;
use crate::store::audit::{self, Act, Actor, Entry};

pub async fn sign_in(
    State(web): State<Arc<Web>>,
    jar: CookieJar,
    Address(address): Address,
    Body(asked): Body<SignIn>,
) -> Answer<(CookieJar, StatusCode)> {
    let email = asked.email.trim().to_lowercase();
    // Past this, whoever waits longer than a browser does is told so at once.
    let _place = web.waiting.try_acquire().map_err(|_| Failure::busy())?;
    if !web.guesses.may_try(&email, address, web.parts.clock.instant()) {
        return Err(Failure::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_guesses",
            "Too many wrong passwords for this account. Wait a quarter of an hour, then try again.",
        ));
    }
    let known = {
        let mut db = web.parts.store.web.acquire().await?;
        store::staff::credentials(&mut db, &email).await?
    };
    // Each comparison takes 19 MiB and a core for a moment: two at a time, however many ask.
    let turn = web.comparing.acquire().await.map_err(|_| Failure::busy())?;
    let stored = known.as_ref().and_then(|known| known.password.clone());
    let right =
        tokio::task::spawn_blocking(move || password::verify(&asked.password, stored.as_ref().map(Secret::expose)))
            .await
            .map_err(|_| Failure::internal())?;
    drop(turn);
    // One answer for an unknown account and a wrong password.
    let (Some(known), true) = (known, right) else {
        return Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            "wrong_credentials",
            "This e-mail address and password do not belong together. Try again, or ask your administrator for a new password.",
        ));
    };
    web.guesses.right(&email, address);
    let token = random::token();
    let now = web.parts.clock.machine_now();
    let ends_at = now + session::LENGTH;
    let mut db = web.parts.store.web_tx(known.staff, now).await?;
    store::session::insert(&mut db, &session::hash(&token), known.staff, known.organisation, now, ends_at).await?;
    let actor = Actor::Staff { staff: known.staff, employer: known.organisation };
    audit::write(&mut db, &Entry::new(actor, Act::SignedIn, now).from_address(address)).await?;
    db.commit().await?;
    Ok((jar.add(session::cookie(Some(token), &web)), StatusCode::NO_CONTENT))
}

/// Works without a session, too: afterwards there is none.
pub async fn sign_out(State(web): State<Arc<Web>>, jar: CookieJar) -> Answer<(CookieJar, StatusCode)> {
    if let Some(token) = session::token(&jar, &web) {
        let mut db = web.parts.store.web.begin().await?;
        store::session::delete(&mut db, &session::hash(&token)).await?;
        db.commit().await?;
    }
    Ok((jar.add(session::cookie(None, &web)), StatusCode::NO_CONTENT))
}

pub async fn me(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<Me>> {
    let mut db = web.transaction(&who).await?;
    let organisation = store::organisation::get(&mut db, who.organisation).await?.ok_or_else(Failure::not_signed_in)?;
    let teams = store::team::of_staff(&mut db, who.staff).await?;
    db.commit().await?;
    Ok(Json(Me {
        staff: who.staff,
        name: who.name,
        role: who.role,
        organisation: Organisation { organisation: organisation.organisation, name: organisation.name },
        teams: teams.into_iter().map(team).collect(),
        time_zone: organisation.time_zone,
    }))
}

pub fn team(team: store::team::Team) -> Team {
    Team { team: team.team, name: team.name, phone: team.phone }
}
