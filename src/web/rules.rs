//! The rules: everybody may read them; those who own them propose, approve, go back and stop; clinicians sign. What is allowed is
//! decided in `publishing.rs`, the same for commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use alert_rules::{Rulebook, built_in, print};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::api::{
    PackRow, PackSignature, ProposeRules, ProposedRules, ResumeRule, RuleExplained, RuleStop, RulesFrom, RulesInForce,
    RulesPage, RulesProposal, SignPack, StopRule, UndoRules,
};
use super::extract::{Body, Path, Query};
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, reach};
use crate::explaining::{Question, Unexplained};
use crate::publishing::{self, Desk, Refused, from_hex, hex};
use crate::signal::Signal;
use crate::store::audit::{Act, Actor};
use crate::store::history::Readings;
use crate::store::rulebook;

/// What stands behind the `?` of a page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pack: String,
    /// Of a proposal; without it the rules in force.
    proposal: Option<String>,
}

pub async fn in_force(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<RulesInForce>> {
    shown(&web, &who).await.map(Json)
}

pub async fn page(State(web): State<Arc<Web>>, _: SignedIn, Query(asked): Query<Asked>) -> Answer<Json<RulesPage>> {
    let mut db = web.parts.store.web.acquire().await?;
    let in_force = publishing::in_force(&mut db).await?.ok_or_else(Failure::not_found)?;
    let rulebook = match &asked.proposal {
        None => in_force.rulebook,
        Some(hash) => {
            let found = in_force.proposals.into_iter().find(|proposal| hex(&proposal.hash) == *hash);
            Rulebook::from_files(found.ok_or_else(Failure::not_found)?.files).map_err(Refused::Problems)?
        }
    };
    let text = print::page(&rulebook, &asked.pack).ok_or_else(Failure::not_found)?.map_err(Refused::Problems)?;
    Ok(Json(RulesPage { text }))
}

/// What stands behind the `?` of an explanation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedRule {
    /// `pack/rule`.
    rule: String,
    /// Now, if it is not said.
    at: Option<Timestamp>,
}

/// What a rule in force saw of a patient, and when: a look at the record like any.
pub async fn explain(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(id): Path<Uuid>,
    Query(asked): Query<AskedRule>,
) -> Answer<Json<RuleExplained>> {
    let now = web.parts.clock.care_now();
    let at = asked.at.unwrap_or(now);
    let rulebook = web.rulebook.in_force(&web.parts.store).await?;
    let question = Question::new(&rulebook, &asked.rule, at, now)?;
    let about = json!({ "rule": asked.rule, "at": at });
    let (mut db, _) = reach::patient(&web, &who, id, Act::RuleExplained, about).await?;
    let text = question.answer(&mut db, id, Readings::Seen).await?;
    db.commit().await?;
    Ok(Json(RuleExplained { at, text }))
}

impl From<Unexplained> for Failure {
    fn from(why: Unexplained) -> Self {
        let said = why.to_string();
        match why {
            Unexplained::NoRule(_) | Unexplained::NotThen => {
                Failure::bad_request(format!("{}.", super::words::sentence_case(&said)))
            }
            Unexplained::NoPlan | Unexplained::Unreadable(_) => {
                Failure::new(StatusCode::CONFLICT, "not_explained", format!("{}.", super::words::sentence_case(&said)))
            }
            Unexplained::Database(error) => error.into(),
        }
    }
}

pub async fn propose(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<ProposeRules>,
) -> Answer<Json<RulesInForce>> {
    does(&web, &who, async |desk, db| {
        let mut files = match asked.from {
            RulesFrom::ThisVersion => built_in::files(),
            RulesFrom::InForce => match rulebook::in_force(db).await? {
                Some(hash) => rulebook::files_in(db, hash).await?,
                None => BTreeMap::new(),
            },
        };
        files.remove(alert_rules::stop::FILE);
        for (path, text) in asked.changes {
            match text {
                Some(text) => files.insert(path, text),
                None => files.remove(&path),
            };
        }
        desk.propose(db, files, &asked.why).await.map(drop)
    })
    .await
}

/// What is no hash names no proposal.
fn named(asked: &ProposedRules) -> Vec<u8> {
    from_hex(&asked.hash).map_or_else(Vec::new, Vec::from)
}

pub async fn approve(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<ProposedRules>,
) -> Answer<Json<RulesInForce>> {
    does(&web, &who, async |desk, db| desk.approve(db, &named(&asked)).await).await
}

pub async fn withdraw(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<ProposedRules>,
) -> Answer<Json<RulesInForce>> {
    does(&web, &who, async |desk, db| desk.withdraw(db, &named(&asked)).await).await
}

pub async fn undo(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<UndoRules>,
) -> Answer<Json<RulesInForce>> {
    does(&web, &who, async |desk, db| desk.undo(db, &asked.why).await).await
}

pub async fn stop(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<StopRule>,
) -> Answer<Json<RulesInForce>> {
    let lasts = SignedDuration::from_hours(i64::from(asked.hours));
    does(&web, &who, async |desk, db| desk.stop(db, &asked.rule, lasts, &asked.why).await.map(drop)).await
}

pub async fn resume(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<ResumeRule>,
) -> Answer<Json<RulesInForce>> {
    does(&web, &who, async |desk, db| desk.resume(db, &asked.rule).await).await
}

pub async fn sign(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<SignPack>,
) -> Answer<Json<RulesInForce>> {
    does(&web, &who, async |desk, db| desk.sign(db, &asked.pack, &asked.files, &asked.registration).await).await
}

/// In one transaction, in the monitor's role: the pages' own may not touch rules.
async fn does(
    web: &Arc<Web>,
    who: &SignedIn,
    act: impl AsyncFnOnce(&Desk, &mut PgConnection) -> Result<(), Refused>,
) -> Answer<Json<RulesInForce>> {
    let desk = desk(web, who).await?;
    let mut db = web.parts.store.monitor.begin().await?;
    act(&desk, &mut db).await?;
    db.commit().await?;
    web.parts.signals.send(Signal::Arrived);
    web.parts.signals.send(Signal::Pages);
    shown(web, who).await.map(Json)
}

pub async fn desk(web: &Web, who: &SignedIn) -> Answer<Desk> {
    Ok(Desk {
        staff: who.staff,
        actor: Actor::Staff { staff: who.staff, employer: who.organisation },
        address: who.address,
        machine_now: web.parts.clock.machine_now(),
        care_now: web.parts.clock.care_now(),
        demo: web.parts.store.is_demo().await?,
    })
}

async fn shown(web: &Web, who: &SignedIn) -> Answer<RulesInForce> {
    let mut db = web.parts.store.web.acquire().await?;
    let found = publishing::in_force(&mut db).await?.ok_or_else(Failure::not_found)?;
    let rulebook = &found.rulebook;
    let packs = rulebook.packs().iter().map(|pack| {
        let hash = rulebook.pack_hash(&pack.name);
        let own = found.signatures.iter().filter(|signature| signature.pack == pack.name && signature.hash == hash);
        PackRow {
            pack: pack.name.clone(),
            title: pack.title.clone(),
            version: pack.version.clone(),
            files: hex(&hash),
            draft: pack.draft.clone(),
            rules: pack.rules.iter().map(|rule| rule.id.clone()).collect(),
            signatures: own
                .map(|signature| PackSignature {
                    name: signature.name.clone(),
                    registration: signature.registration.clone(),
                    at: signature.at,
                })
                .collect(),
        }
    });
    let care_now = web.parts.clock.care_now();
    let stops = rulebook.stops().iter().filter(|stop| stop.until > care_now).map(|stop| RuleStop {
        rule: stop.rule.clone(),
        until: stop.until,
        by: stop.by.clone(),
        why: stop.why.clone(),
    });
    let proposals = found.proposals.iter().map(|proposal| {
        let differs = |path: &&String| proposal.files.get(*path) != rulebook.files().get(*path);
        let mut changed: Vec<String> =
            proposal.files.keys().chain(rulebook.files().keys()).filter(differs).cloned().collect();
        changed.sort_unstable();
        changed.dedup();
        RulesProposal {
            hash: hex(&proposal.hash),
            by: proposal.by.clone(),
            at: proposal.proposed_at,
            why: proposal.why.clone(),
            changed,
            own: proposal.proposed_by == who.staff,
        }
    });
    Ok(RulesInForce {
        hash: hex(&found.published.hash),
        since: found.published.at,
        by: found.published.by.clone(),
        packs: packs.collect(),
        stops: stops.collect(),
        proposals: proposals.collect(),
        owner: who.rule_owner,
    })
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let said = refused.to_string();
        match refused {
            Refused::Problems(_) => Failure::new(StatusCode::CONFLICT, "rules_do_not_check", said),
            Refused::Because(_) => Failure::new(StatusCode::CONFLICT, "rules_refused", said),
            Refused::NotAllowed(_) => Failure::new(StatusCode::FORBIDDEN, "not_allowed", said),
            Refused::Database(error) => error.into(),
        }
    }
}
