//! Signing in at the organisation's own OpenID provider, as the first factor. Where it vouches for a second (`amr` with `mfa`, RFC
//! 8176) the session begins; else our own second factor follows. Nobody becomes a member of staff by it: the account is matched to
//! somebody of that organisation whom an administrator invited.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use jiff::SignedDuration;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::attempt;
use super::openid::{Claims, OpenId, Registered};
use crate::random;
use crate::secret::Secret;
use crate::store::audit::{Act, Actor};
use crate::store::provider::{self, Provider, Visit};
use crate::web::Web;
use crate::web::api::{ProviderAnswer, ProviderChoice, ProviderList, ProviderSignIn, ProviderVisit, SignInNext};
use crate::web::caller::Caller;
use crate::web::cookies::{self, Kind};
use crate::web::extract::Body;
use crate::web::failure::{Answer, Failure};

const VISIT_LASTS: SignedDuration = SignedDuration::from_mins(10);

pub async fn list(State(web): State<Arc<Web>>) -> Answer<Json<ProviderList>> {
    let mut db = web.parts.store.sign_in.acquire().await?;
    let providers = provider::list(&mut db, None).await?.into_iter();
    let providers = providers
        .map(|each| crate::web::api::Organisation { organisation: each.organisation, name: each.organisation_name });
    Ok(Json(ProviderList { organisations: providers.collect() }))
}

pub async fn begin(
    State(web): State<Arc<Web>>,
    jar: CookieJar,
    Body(asked): Body<ProviderChoice>,
) -> Answer<(CookieJar, Json<ProviderVisit>)> {
    let known = find(&web, asked.organisation).await?.ok_or_else(Failure::not_found)?;
    let redirect_uri = redirect_uri(&web);
    let of = registered(&web, &known, &redirect_uri);
    let description = web.openid.describe(&known.issuer).await.map_err(|error| {
        tracing::warn!(organisation = %known.organisation, error = format!("{error:#}"), "a provider cannot be used");
        Failure::new(
            StatusCode::BAD_GATEWAY,
            "provider_silent",
            "Your organisation's sign-in does not answer. Try again in a few minutes, or sign in with your password here.",
        )
    })?;
    let (state, browser) = (random::token(), random::token());
    let visit = Visit {
        organisation: known.organisation,
        nonce: random::token(),
        verifier: random::token(),
        shared_computer: asked.shared_computer,
    };
    let now = web.parts.clock.machine_now();
    let mut db = web.parts.store.sign_in.begin().await?;
    let (state_hash, browser_hash) = (cookies::hash(&state), cookies::hash(&browser));
    provider::begin_visit(&mut db, &state_hash, &browser_hash, &visit, now, now + VISIT_LASTS).await?;
    db.commit().await?;
    let url = OpenId::address(&description, &of, &state, &visit.nonce, &visit.verifier);
    Ok((jar.add(cookies::made(Kind::Visit, browser, &web)), Json(ProviderVisit { url })))
}

pub async fn finish(
    State(web): State<Arc<Web>>,
    jar: CookieJar,
    caller: Caller,
    Body(asked): Body<ProviderAnswer>,
) -> Answer<(CookieJar, Json<ProviderSignIn>)> {
    let browser = cookies::token(&jar, Kind::Visit, &web).ok_or_else(refused)?;
    let now = web.parts.clock.machine_now();
    let visit = {
        let mut db = web.parts.store.sign_in.begin().await?;
        let (state, browser) = (cookies::hash(&asked.state), cookies::hash(&browser));
        let visit = provider::take_visit(&mut db, &state, &browser, now).await?;
        db.commit().await?;
        visit.ok_or_else(refused)?
    };
    let known = find(&web, visit.organisation).await?.ok_or_else(refused)?;
    let redirect_uri = redirect_uri(&web);
    let of = registered(&web, &known, &redirect_uri);
    let said_by_another = asked.iss.as_ref().is_some_and(|issuer| *issuer != known.issuer);
    let claims = match web.openid.redeem(&of, &asked.code, &visit.nonce, &visit.verifier, now).await {
        Ok(claims) if !said_by_another => claims,
        Ok(_) => return failed(&web, &caller, &known).await,
        Err(error) => {
            tracing::warn!(organisation = %known.organisation, error = format!("{error:#}"), "a provider is not believed");
            return failed(&web, &caller, &known).await;
        }
    };
    let mut db = web.parts.store.sign_in.begin().await?;
    let Some(staff) = whose(&web, &mut db, &caller, &known, &claims).await? else {
        db.rollback().await?;
        return failed(&web, &caller, &known).await;
    };
    let jar = jar.add(cookies::removed(Kind::Visit, &web));
    let answer = if claims.amr.iter().any(|how| how == "mfa") {
        let entered = attempt::Entered {
            staff,
            organisation: known.organisation,
            shared_computer: visit.shared_computer,
            factors: "provider, with a second factor there",
        };
        (attempt::enter(&web, &mut db, jar, &caller, &entered).await?, Json(ProviderSignIn { further: None }))
    } else {
        let (jar, next): (_, SignInNext) =
            attempt::begin(&web, &mut db, jar, staff, visit.shared_computer, "provider").await?;
        (jar, Json(ProviderSignIn { further: Some(next) }))
    };
    db.commit().await?;
    Ok(answer)
}

/// By the account; the first time by an address that the provider has verified.
async fn whose(
    web: &Web,
    db: &mut PgConnection,
    caller: &Caller,
    known: &Provider,
    claims: &Claims,
) -> Answer<Option<Uuid>> {
    if let Some(staff) = provider::staff_of_account(db, known.organisation, &known.issuer, &claims.sub).await? {
        return Ok(Some(staff));
    }
    let Some(email) = claims.email.as_ref().filter(|email| claims.email_verified && !email.contains('\0')) else {
        return Ok(None);
    };
    let email = email.trim().to_lowercase();
    let Some(staff) = provider::staff_to_link(db, known.organisation, &known.issuer, &email).await? else {
        return Ok(None);
    };
    if !provider::link(db, &known.issuer, &claims.sub, staff, web.parts.clock.machine_now()).await? {
        return Ok(None);
    }
    let actor = super::actor(staff, known.organisation);
    super::record(web, db, actor, caller, Act::AccountLinked, json!({ "issuer": known.issuer })).await?;
    Ok(Some(staff))
}

async fn failed<T>(web: &Web, caller: &Caller, known: &Provider) -> Answer<T> {
    let mut db = web.parts.store.sign_in.begin().await?;
    let detail = json!({ "step": "provider", "organisation": known.organisation });
    super::record(web, &mut db, Actor::Stranger, caller, Act::SignInFailed, detail).await?;
    db.commit().await?;
    Err(refused())
}

fn refused() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "provider_refused",
        "Your organisation's sign-in did not let you in here. Begin again; if it stays so, ask your administrator for an invitation.",
    )
}

async fn find(web: &Web, organisation: Uuid) -> Answer<Option<Provider>> {
    let mut db = web.parts.store.sign_in.acquire().await?;
    Ok(provider::list(&mut db, Some(organisation)).await?.pop())
}

fn redirect_uri(web: &Web) -> String {
    format!("{}/staff/provider", web.parts.config.origin())
}

fn registered<'a>(web: &'a Web, known: &'a Provider, redirect_uri: &'a str) -> Registered<'a> {
    let secret = web.provider_secrets.iter().find(|(client, _)| *client == known.client_id);
    Registered {
        issuer: &known.issuer,
        client_id: &known.client_id,
        client_secret: secret.map(|(_, secret)| secret),
        redirect_uri,
    }
}

/// Of lines with a client's id and its secret.
pub fn secrets(given: Option<&Secret>) -> Vec<(String, Secret)> {
    let lines = given.map(Secret::expose).unwrap_or_default().lines();
    let pairs = lines.filter_map(|line| line.trim().split_once(char::is_whitespace));
    pairs.map(|(client, secret)| (client.to_owned(), Secret::from(secret.trim().to_owned()))).collect()
}
