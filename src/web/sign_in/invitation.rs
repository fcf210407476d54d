//! An invitation accepted: a password is chosen, then a second factor set up like by anybody who has none.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use serde_json::json;

use super::{attempt, hashed};
use crate::store::audit::Act;
use crate::store::{contact_point, credential, invitation, session};
use crate::web::Web;
use crate::web::api::{AcceptInvitation, InvitationToken, Invited, SignInNext};
use crate::web::caller::Caller;
use crate::web::cookies;
use crate::web::extract::Body;
use crate::web::failure::{Answer, Failure};

pub async fn show(State(web): State<Arc<Web>>, Body(asked): Body<InvitationToken>) -> Answer<Json<Invited>> {
    let mut db = web.parts.store.sign_in.acquire().await?;
    let found = invitation::find(&mut db, &cookies::hash(&asked.token), web.parts.clock.machine_now()).await?;
    let found = found.ok_or_else(ended)?;
    Ok(Json(Invited { name: found.name, email: found.email, organisation: found.organisation_name }))
}

pub async fn accept(
    State(web): State<Arc<Web>>,
    jar: CookieJar,
    caller: Caller,
    Body(asked): Body<AcceptInvitation>,
) -> Answer<(CookieJar, Json<SignInNext>)> {
    let token_hash = cookies::hash(&asked.token);
    let found = {
        let mut db = web.parts.store.sign_in.acquire().await?;
        invitation::find(&mut db, &token_hash, web.parts.clock.machine_now()).await?.ok_or_else(ended)?
    };
    let password = hashed(&web, asked.password).await?;
    let now = web.parts.clock.machine_now();
    let mut db = web.parts.store.sign_in.begin().await?;
    if !invitation::use_up(&mut db, &token_hash).await? {
        return Err(ended());
    }
    credential::set(&mut db, found.staff, &password, now).await?;
    if found.mailed {
        contact_point::prove_email(&mut db, found.staff, &found.email, now).await?;
    }
    session::end_all(&mut db, found.staff, None).await?;
    let actor = super::actor(found.staff, found.organisation);
    super::record(&web, &mut db, actor, &caller, Act::InvitationUsed, json!({})).await?;
    let (jar, next) = attempt::begin(&web, &mut db, jar, found.staff, asked.shared_computer, "invitation").await?;
    db.commit().await?;
    Ok((jar, Json(next)))
}

fn ended() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "invitation_ended",
        "This link has been used, or is older than 72 hours. Ask your administrator for a new invitation.",
    )
}
