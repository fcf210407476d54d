//! The second factor of a sign-in: a one-time code, a recovery code, or, for who has none yet, setting one up.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use jiff::SignedDuration;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::attempt::{self, Attempt};
use super::guesses::{self, Secret};
use super::{recovery, totp};
use crate::store::audit::Act;
use crate::store::second_factor;
use crate::web::Web;
use crate::web::api::{RecoveryCodes, RecoveryCodesLeft, SecondFactorCode, TotpOffer};
use crate::web::caller::Caller;
use crate::web::cookies::{self, Kind};
use crate::web::extract::Body;
use crate::web::failure::{Answer, Failure};

/// From the picture on the screen to the first code.
const OFFER_LASTS: SignedDuration = SignedDuration::from_mins(10);

pub async fn code(
    State(web): State<Arc<Web>>,
    attempt: Attempt,
    jar: CookieJar,
    caller: Caller,
    Body(asked): Body<SecondFactorCode>,
) -> Answer<(CookieJar, StatusCode)> {
    let guess = count(&web, &attempt, &jar, &caller).await?;
    let mut db = web.parts.store.sign_in.begin().await?;
    let secret = second_factor::totp(&mut db, attempt.of.staff).await?;
    let step = secret.and_then(|secret| totp::step_of(&secret, &asked.code, web.parts.clock.machine_now()));
    let taken = match step {
        Some(step) => second_factor::use_step(&mut db, attempt.of.staff, step).await?,
        None => false,
    };
    if !taken {
        return wrong(&web, db, &attempt, &caller, "code").await;
    }
    guess.was_right(&mut db).await?;
    let jar = attempt.succeed(&web, &mut db, jar, &caller, "one-time code").await?;
    db.commit().await?;
    Ok((jar, StatusCode::NO_CONTENT))
}

pub async fn recovery_code(
    State(web): State<Arc<Web>>,
    attempt: Attempt,
    jar: CookieJar,
    caller: Caller,
    Body(asked): Body<SecondFactorCode>,
) -> Answer<(CookieJar, Json<RecoveryCodesLeft>)> {
    let guess = count(&web, &attempt, &jar, &caller).await?;
    let mut db = web.parts.store.sign_in.begin().await?;
    let staff = attempt.of.staff;
    if !second_factor::use_recovery_code(&mut db, staff, &recovery::hash(&asked.code)).await? {
        return wrong(&web, db, &attempt, &caller, "recovery code").await;
    }
    guess.was_right(&mut db).await?;
    let left = second_factor::held(&mut db, staff).await?.recovery_codes;
    super::record(&web, &mut db, attempt.actor(), &caller, Act::RecoveryCodeUsed, json!({ "left": left })).await?;
    let jar = attempt.succeed(&web, &mut db, jar, &caller, "recovery code").await?;
    db.commit().await?;
    Ok((jar, Json(RecoveryCodesLeft { left })))
}

async fn count(web: &Web, attempt: &Attempt, jar: &CookieJar, caller: &Caller) -> Answer<guesses::Guess> {
    let place = cookies::token(jar, Kind::Place, web);
    guesses::begin(web, Secret::Code, &attempt.of.email, caller.household, place.as_deref()).await
}

/// Nothing of what was tried stays but that it was.
async fn wrong<T>(
    web: &Web,
    tried: sqlx::Transaction<'_, sqlx::Postgres>,
    attempt: &Attempt,
    caller: &Caller,
    step: &str,
) -> Answer<T> {
    tried.rollback().await?;
    let mut db = web.parts.store.sign_in.begin().await?;
    super::record(web, &mut db, attempt.actor(), caller, Act::SignInFailed, json!({ "step": step })).await?;
    db.commit().await?;
    Err(wrong_code(StatusCode::UNAUTHORIZED))
}

fn wrong_code(status: StatusCode) -> Failure {
    Failure::new(
        status,
        "wrong_code",
        "This code is wrong, or was used before. Wait for the next one, and check that the clock of your phone is right.",
    )
}

/// Only for who has no second factor: else a stolen password could bring its own.
pub async fn set_up(State(web): State<Arc<Web>>, attempt: Attempt) -> Answer<Json<TotpOffer>> {
    let mut db = web.parts.store.sign_in.begin().await?;
    must_have_none(&mut db, attempt.of.staff).await?;
    let offer = offer(&web, &mut db, attempt.of.staff, &attempt.of.email).await?;
    db.commit().await?;
    Ok(Json(offer))
}

pub async fn confirm(
    State(web): State<Arc<Web>>,
    attempt: Attempt,
    jar: CookieJar,
    caller: Caller,
    Body(asked): Body<SecondFactorCode>,
) -> Answer<(CookieJar, Json<RecoveryCodes>)> {
    let mut db = web.parts.store.sign_in.begin().await?;
    // First: whoever else sets up for the same person at this instant waits here, and then finds it done.
    let offered = take_offer(&web, &mut db, attempt.of.staff, &asked.code, StatusCode::UNAUTHORIZED).await?;
    must_have_none(&mut db, attempt.of.staff).await?;
    let codes = keep(&web, &mut db, attempt.of.staff, &offered).await?;
    super::record(&web, &mut db, attempt.actor(), &caller, Act::FactorAdded, json!({ "factor": "totp" })).await?;
    let jar = attempt.succeed(&web, &mut db, jar, &caller, "one-time code").await?;
    db.commit().await?;
    Ok((jar, Json(codes)))
}

async fn must_have_none(db: &mut PgConnection, staff: Uuid) -> Answer<()> {
    if attempt::is_any(&second_factor::held(db, staff).await?) {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            "second_factor_exists",
            "This account has a second factor already. Use it, or a recovery code; or ask your administrator to reset it.",
        ));
    }
    Ok(())
}

/// A secret to be proven.
pub async fn offer(web: &Web, db: &mut PgConnection, staff: Uuid, email: &str) -> Answer<TotpOffer> {
    let secret = totp::new_secret();
    let ends_at = web.parts.clock.machine_now() + OFFER_LASTS;
    second_factor::offer_totp(db, staff, &secret, ends_at).await?;
    totp::offer(&secret, email).map_err(|error| {
        tracing::error!(%error, "one-time codes cannot be offered");
        Failure::internal()
    })
}

/// A secret whose first code was right.
#[derive(Debug)]
pub struct Proven {
    secret: Vec<u8>,
    step: i64,
}

/// `if_wrong`: the status of a wrong code.
pub async fn take_offer(
    web: &Web,
    db: &mut PgConnection,
    staff: Uuid,
    code: &str,
    if_wrong: StatusCode,
) -> Answer<Proven> {
    let now = web.parts.clock.machine_now();
    let secret = second_factor::take_offered_totp(db, staff, now).await?.ok_or_else(|| {
        Failure::new(
            StatusCode::CONFLICT,
            "no_offer",
            "The picture is older than ten minutes, or another took its place. Load this page again and scan the new one.",
        )
    })?;
    let step = totp::step_of(&secret, code, now).ok_or_else(|| wrong_code(if_wrong))?;
    Ok(Proven { secret, step })
}

/// With new recovery codes.
pub async fn keep(web: &Web, db: &mut PgConnection, staff: Uuid, proven: &Proven) -> Answer<RecoveryCodes> {
    second_factor::set_totp(db, staff, &proven.secret, proven.step, web.parts.clock.machine_now()).await?;
    Ok(new_recovery_codes(db, staff).await?)
}

pub async fn new_recovery_codes(db: &mut PgConnection, staff: Uuid) -> Result<RecoveryCodes, sqlx::Error> {
    let (recovery_codes, hashes) = recovery::new_codes();
    second_factor::set_recovery_codes(db, staff, &hashes).await?;
    Ok(RecoveryCodes { recovery_codes })
}
