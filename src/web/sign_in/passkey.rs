//! Passkeys (WebAuthn): as a second factor after the password, or alone, because the authenticator knows its owner by a PIN or
//! a finger (user verification is always required). They answer to this service's origin and to no page that imitates it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use jiff::SignedDuration;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyAuthentication,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
};

use super::attempt::{self, Attempt};
use crate::random;
use crate::store::audit::{self, Act, Actor};
use crate::store::{passkey, session, staff};
use crate::web::Web;
use crate::web::api::{NewPasskey, PasskeyAnswer, PasskeyOptions};
use crate::web::caller::Caller;
use crate::web::cookies::{self, Kind};
use crate::web::extract::{Body, Path};
use crate::web::failure::{Answer, Failure};
use crate::web::session::SignedIn;

const CEREMONY_LASTS: SignedDuration = SignedDuration::from_mins(5);
const LONGEST_NAME_CHARS: usize = 60;
const MOST_EACH: usize = 20;

/// None where the origin is no name but an address: there browsers have no passkeys.
pub fn of_origin(origin: &str) -> Option<Webauthn> {
    let origin = Url::parse(origin).ok()?;
    let host = origin.domain()?.to_owned();
    WebauthnBuilder::new(&host, &origin).ok()?.rp_name("Derwent").build().ok()
}

fn here(web: &Web) -> Answer<&Webauthn> {
    web.passkeys.as_ref().ok_or_else(|| {
        Failure::new(
            StatusCode::CONFLICT,
            "no_passkeys_here",
            "Passkeys need this service to have a name, not a number, as its address. Use a one-time code.",
        )
    })
}

/// Of the one way that passkeys fail for: not this one, not now, not here.
fn refused() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "wrong_passkey",
        "This passkey does not open this account, or it took longer than five minutes. Try again, or use a one-time code.",
    )
}

/// As the second factor: whoever knows the password is asked for one of their own passkeys.
pub async fn options(
    State(web): State<Arc<Web>>,
    attempt: Attempt,
    jar: CookieJar,
) -> Answer<(CookieJar, Json<PasskeyOptions>)> {
    let mut db = web.parts.store.sign_in.begin().await?;
    let keys = keys(&mut db, attempt.of.staff).await?;
    if keys.is_empty() {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "no_passkey",
            "This account has no passkey. Use a one-time code.",
        ));
    }
    let (options, state) = here(&web)?.start_passkey_authentication(&keys).map_err(broken)?;
    let made = begin(&web, &mut db, jar, Some(attempt.of.staff), &options, &state).await?;
    db.commit().await?;
    Ok(made)
}

pub async fn prove(
    State(web): State<Arc<Web>>,
    attempt: Attempt,
    jar: CookieJar,
    caller: Caller,
    Body(asked): Body<PasskeyAnswer>,
) -> Answer<(CookieJar, StatusCode)> {
    let staff = attempt.of.staff;
    let mut db = web.parts.store.sign_in.begin().await?;
    let tried = async {
        let state: PasskeyAuthentication = take(&web, &mut db, &jar, Some(staff)).await?;
        let answer: PublicKeyCredential = understood(asked.credential)?;
        let signed = here(&web)?.finish_passkey_authentication(&answer, &state).map_err(unfit)?;
        note_use(&web, &mut db, staff, &signed).await
    };
    if let Err(failure) = tried.await {
        return failed(&web, db, attempt.actor(), &caller, failure).await;
    }
    let jar = attempt.succeed(&web, &mut db, jar, &caller, "passkey").await?;
    db.commit().await?;
    Ok((jar.add(cookies::removed(Kind::Passkey, &web)), StatusCode::NO_CONTENT))
}

/// Alone: the authenticator says whose it is.
pub async fn options_alone(State(web): State<Arc<Web>>, jar: CookieJar) -> Answer<(CookieJar, Json<PasskeyOptions>)> {
    let (mut options, state) = here(&web)?.start_discoverable_authentication().map_err(broken)?;
    // Asked for by a button, not offered while somebody types.
    options.mediation = None;
    let mut db = web.parts.store.sign_in.begin().await?;
    let made = begin(&web, &mut db, jar, None, &options, &state).await?;
    db.commit().await?;
    Ok(made)
}

pub async fn enter(
    State(web): State<Arc<Web>>,
    jar: CookieJar,
    caller: Caller,
    Body(asked): Body<PasskeyAnswer>,
) -> Answer<(CookieJar, StatusCode)> {
    let mut db = web.parts.store.sign_in.begin().await?;
    let tried = async {
        let state: DiscoverableAuthentication = take(&web, &mut db, &jar, None).await?;
        let answer: PublicKeyCredential = understood(asked.credential)?;
        let (staff, id) = here(&web)?.identify_discoverable_authentication(&answer).map_err(unfit)?;
        let known = passkey::by_credential(&mut db, staff, id).await?.ok_or_else(refused)?;
        let key: Passkey = stored(known.credential)?;
        let signed = here(&web)?
            .finish_discoverable_authentication_v2(&answer, state, DiscoverableKey::from(&key))
            .map_err(unfit)?;
        // Without it the passkey would be one factor; it was asked for, and here it is made sure of.
        if !signed.user_verified() {
            return Err(refused());
        }
        note_use(&web, &mut db, staff, &signed).await?;
        staff::get(&mut db, staff).await?.ok_or_else(refused)
    };
    let who = match tried.await {
        Ok(who) => who,
        Err(failure) => return failed(&web, db, Actor::Stranger, &caller, failure).await,
    };
    let entered = attempt::Entered {
        staff: who.staff,
        organisation: who.organisation,
        shared_computer: asked.shared_computer,
        factors: "passkey with its owner verified",
    };
    let jar = attempt::enter(&web, &mut db, jar, &caller, &entered).await?;
    db.commit().await?;
    Ok((jar.add(cookies::removed(Kind::Passkey, &web)), StatusCode::NO_CONTENT))
}

pub async fn options_new(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    jar: CookieJar,
) -> Answer<(CookieJar, Json<PasskeyOptions>)> {
    who.must_be_fresh(web.parts.clock.machine_now())?;
    let mut db = web.parts.store.sign_in.begin().await?;
    let email = staff::get(&mut db, who.staff).await?.ok_or_else(Failure::not_signed_in)?.email;
    let known = keys(&mut db, who.staff).await?;
    if known.len() >= MOST_EACH {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "too_many_passkeys",
            format!("You have {MOST_EACH} passkeys. Remove one that you no longer use, then add this one."),
        ));
    }
    let known = known.iter().map(|key| key.cred_id().clone()).collect();
    let (options, state) =
        here(&web)?.start_passkey_registration(who.staff, &email, &who.name, Some(known)).map_err(broken)?;
    let mut options = serde_json::to_value(&options).map_err(broken)?;
    // So that it can be used alone, too, where the authenticator has room.
    options["publicKey"]["authenticatorSelection"]["residentKey"] = json!("preferred");
    let made = begin(&web, &mut db, jar, Some(who.staff), &options, &state).await?;
    db.commit().await?;
    Ok(made)
}

pub async fn add(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    jar: CookieJar,
    Body(asked): Body<NewPasskey>,
) -> Answer<(CookieJar, StatusCode)> {
    let now = web.parts.clock.machine_now();
    who.must_be_fresh(now)?;
    let name = asked.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME_CHARS || name.chars().any(char::is_control) {
        let problem = format!("The passkey's name needs 1 to {LONGEST_NAME_CHARS} characters on one line. Correct it.");
        return Err(Failure::bad_request(problem));
    }
    let mut db = web.parts.store.sign_in.begin().await?;
    let state: PasskeyRegistration = take(&web, &mut db, &jar, Some(who.staff)).await.map_err(as_conflict)?;
    let answer: RegisterPublicKeyCredential = understood(asked.credential).map_err(as_conflict)?;
    let key = here(&web)?.finish_passkey_registration(&answer, &state).map_err(unfit).map_err(as_conflict)?;
    let new = passkey::Passkey {
        passkey: random::new_id(),
        staff: who.staff,
        name: name.to_owned(),
        credential: serde_json::to_value(&key).map_err(broken)?,
        made_at: now,
        used_at: None,
    };
    if !passkey::insert(&mut db, &new, key.cred_id().as_slice()).await? {
        return Err(as_conflict(refused()));
    }
    session::end_all(&mut db, who.staff, Some(who.session)).await?;
    let detail = json!({ "factor": "passkey", "passkey": new.passkey });
    audit::write(&mut db, &who.did(Act::FactorAdded, now).detail(detail)).await?;
    db.commit().await?;
    Ok((jar.add(cookies::removed(Kind::Passkey, &web)), StatusCode::NO_CONTENT))
}

pub async fn remove(State(web): State<Arc<Web>>, who: SignedIn, Path(which): Path<Uuid>) -> Answer<StatusCode> {
    let now = web.parts.clock.machine_now();
    who.must_be_fresh(now)?;
    let mut db = web.parts.store.sign_in.begin().await?;
    if !passkey::delete(&mut db, who.staff, which).await? {
        return Err(Failure::not_found());
    }
    session::end_all(&mut db, who.staff, Some(who.session)).await?;
    let detail = json!({ "factor": "passkey", "passkey": which });
    audit::write(&mut db, &who.did(Act::FactorRemoved, now).detail(detail)).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn keys(db: &mut PgConnection, staff: Uuid) -> Answer<Vec<Passkey>> {
    let known = passkey::of_staff(db, staff).await?;
    known.into_iter().map(|known| stored(known.credential)).collect()
}

async fn begin(
    web: &Web,
    db: &mut PgConnection,
    jar: CookieJar,
    staff: Option<Uuid>,
    options: &impl Serialize,
    state: &impl Serialize,
) -> Answer<(CookieJar, Json<PasskeyOptions>)> {
    let (token, now) = (random::token(), web.parts.clock.machine_now());
    let state = serde_json::to_value(state).map_err(broken)?;
    passkey::begin_ceremony(db, &cookies::hash(&token), staff, &state, now, now + CEREMONY_LASTS).await?;
    let options = serde_json::to_value(options).map_err(broken)?;
    Ok((jar.add(cookies::made(Kind::Passkey, token, web)), Json(PasskeyOptions { options })))
}

async fn take<T: DeserializeOwned>(
    web: &Web,
    db: &mut PgConnection,
    jar: &CookieJar,
    staff: Option<Uuid>,
) -> Answer<T> {
    let token = cookies::token(jar, Kind::Passkey, web).ok_or_else(refused)?;
    let state = passkey::take_ceremony(db, &cookies::hash(&token), staff, web.parts.clock.machine_now()).await?;
    stored(state.ok_or_else(refused)?)
}

async fn note_use(web: &Web, db: &mut PgConnection, staff: Uuid, signed: &AuthenticationResult) -> Answer<()> {
    let known = passkey::by_credential(db, staff, signed.cred_id().as_slice()).await?.ok_or_else(refused)?;
    let mut key: Passkey = stored(known.credential)?;
    key.update_credential(signed);
    let credential = serde_json::to_value(&key).map_err(broken)?;
    Ok(passkey::used(db, known.passkey, &credential, web.parts.clock.machine_now()).await?)
}

/// The ceremony is over all the same: an answer that was refused does not come again.
async fn failed<T>(
    web: &Web,
    mut tried: sqlx::Transaction<'static, sqlx::Postgres>,
    actor: Actor,
    caller: &Caller,
    failure: Failure,
) -> Answer<T> {
    super::record(web, &mut tried, actor, caller, Act::SignInFailed, json!({ "step": "passkey" })).await?;
    tried.commit().await?;
    Err(failure)
}

fn understood<T: DeserializeOwned>(credential: Value) -> Answer<T> {
    serde_json::from_value(credential).map_err(|_| refused())
}

fn stored<T: DeserializeOwned>(value: Value) -> Answer<T> {
    serde_json::from_value(value).map_err(broken)
}

fn unfit(error: webauthn_rs::prelude::WebauthnError) -> Failure {
    tracing::info!(%error, "a passkey was refused");
    refused()
}

fn broken(error: impl std::fmt::Display) -> Failure {
    tracing::error!(%error, "passkeys do not work");
    Failure::internal()
}

/// Of somebody who is signed in and stays so.
fn as_conflict(failure: Failure) -> Failure {
    failure.with_status(StatusCode::CONFLICT)
}
