//! Who one is, one's sessions, and how one signs in. Whatever decides the latter is changed only soon after signing in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::Web;
use super::api::{
    Me, NewPassword, Organisation, Passkey, RecoveryCodes, SecondFactorCode, Security, Session, SessionList, Team,
    TotpOffer,
};
use super::extract::{Body, Path};
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::sign_in::hashed;
use super::sign_in::second_factor::{keep, new_recovery_codes, offer, take_offer};
use crate::store::audit::{self, Act};
use crate::store::{self, credential, passkey, second_factor, session};

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

pub async fn sessions(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<SessionList>> {
    let mut db = web.parts.store.sign_in.acquire().await?;
    let sessions = session::list(&mut db, who.staff, web.parts.clock.machine_now()).await?;
    let sessions = sessions.into_iter().map(|each| Session {
        session: each.session,
        this: each.session == who.session,
        shared_computer: each.shared_computer,
        made_at: each.made_at,
        used_at: each.used_at,
        address: each.address,
        browser: each.browser,
    });
    Ok(Json(SessionList { sessions: sessions.collect() }))
}

pub async fn end_session(State(web): State<Arc<Web>>, who: SignedIn, Path(which): Path<Uuid>) -> Answer<StatusCode> {
    let mut db = web.parts.store.sign_in.begin().await?;
    if !session::end_one(&mut db, who.staff, which).await? {
        return Err(Failure::not_found());
    }
    record(&web, &mut db, &who, Act::SessionRevoked, json!({ "session": which })).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn end_other_sessions(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<StatusCode> {
    let mut db = web.parts.store.sign_in.begin().await?;
    let ended = session::end_all(&mut db, who.staff, Some(who.session)).await?;
    record(&web, &mut db, &who, Act::SessionRevoked, json!({ "others": ended })).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn security(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<Security>> {
    let mut db = web.parts.store.sign_in.acquire().await?;
    let held = second_factor::held(&mut db, who.staff).await?;
    let passkeys = passkey::of_staff(&mut db, who.staff).await?.into_iter();
    let passkeys = passkeys.map(|each| Passkey {
        passkey: each.passkey,
        name: each.name,
        made_at: each.made_at,
        used_at: each.used_at,
    });
    Ok(Json(Security {
        passkeys: passkeys.collect(),
        totp_since: held.totp,
        recovery_codes_left: held.recovery_codes,
        may_change: who.may_change_how_to_sign_in(web.parts.clock.machine_now()),
    }))
}

pub async fn set_password(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<NewPassword>,
) -> Answer<StatusCode> {
    let now = web.parts.clock.machine_now();
    who.must_be_fresh(now)?;
    let hash = hashed(&web, asked.password).await?;
    let mut db = web.parts.store.sign_in.begin().await?;
    credential::set(&mut db, who.staff, &hash, now).await?;
    session::end_all(&mut db, who.staff, Some(who.session)).await?;
    record(&web, &mut db, &who, Act::PasswordSet, json!({})).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The old ones open nothing any more.
pub async fn renew_recovery_codes(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<RecoveryCodes>> {
    who.must_be_fresh(web.parts.clock.machine_now())?;
    let mut db = web.parts.store.sign_in.begin().await?;
    let codes = new_recovery_codes(&mut db, who.staff).await?;
    record(&web, &mut db, &who, Act::RecoveryCodesMade, json!({})).await?;
    db.commit().await?;
    Ok(Json(codes))
}

/// One-time codes of another app or phone: the old ones go on until the first new one has proven itself.
pub async fn offer_totp(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<TotpOffer>> {
    who.must_be_fresh(web.parts.clock.machine_now())?;
    let mut db = web.parts.store.sign_in.begin().await?;
    let email = store::staff::get(&mut db, who.staff).await?.ok_or_else(Failure::not_signed_in)?.email;
    let offer = offer(&web, &mut db, who.staff, &email).await?;
    db.commit().await?;
    Ok(Json(offer))
}

pub async fn confirm_totp(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<SecondFactorCode>,
) -> Answer<Json<RecoveryCodes>> {
    who.must_be_fresh(web.parts.clock.machine_now())?;
    let mut db = web.parts.store.sign_in.begin().await?;
    // Not 401, as for a stranger: this session goes on.
    let proven = take_offer(&web, &mut db, who.staff, &asked.code, StatusCode::CONFLICT).await?;
    let codes = keep(&web, &mut db, who.staff, &proven).await?;
    session::end_all(&mut db, who.staff, Some(who.session)).await?;
    record(&web, &mut db, &who, Act::FactorAdded, json!({ "factor": "totp" })).await?;
    db.commit().await?;
    Ok(Json(codes))
}

async fn record(
    web: &Web,
    db: &mut sqlx::PgConnection,
    who: &SignedIn,
    act: Act,
    detail: serde_json::Value,
) -> Answer<()> {
    Ok(audit::write(db, &who.did(act, web.parts.clock.machine_now()).detail(detail)).await?)
}
