//! Rules beside those in force, for those who own the rules. What is allowed is decided in `shadowing.rs`, the same for commands.

use std::collections::BTreeSet;
use std::sync::Arc;

use alert_rules::shadow::What;
use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use super::api::{ShadowDifference, ShadowReport, ShadowWhat, StartShadow};
use super::extract::Body;
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, reach, rules};
use crate::publishing::from_hex;
use crate::shadowing::{OfPatient, report};
use crate::store::audit::{self, Act};
use crate::store::{patient, rules_proposal};

pub async fn show(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<ShadowReport>> {
    shown(&web, &who).await.map(Json)
}

pub async fn start(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<StartShadow>,
) -> Answer<Json<ShadowReport>> {
    let desk = rules::desk(&web, &who).await?;
    let mut db = web.parts.store.monitor.begin().await?;
    let hash = from_hex(&asked.hash);
    let found =
        rules_proposal::all(&mut db).await?.into_iter().find(|proposal| hash.is_some_and(|hash| proposal.hash == hash));
    let proposal = found.ok_or_else(Failure::not_found)?;
    desk.start_shadow(&mut db, &proposal.files, asked.until, &asked.why).await?;
    db.commit().await?;
    shown(&web, &who).await.map(Json)
}

pub async fn stop(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<ShadowReport>> {
    let desk = rules::desk(&web, &who).await?;
    let mut db = web.parts.store.monitor.begin().await?;
    desk.stop_shadow(&mut db).await?;
    db.commit().await?;
    shown(&web, &who).await.map(Json)
}

/// Sums are of everybody, as rules hold for everybody; patients are named where one's teams look after them.
async fn shown(web: &Web, who: &SignedIn) -> Answer<ShadowReport> {
    let mut monitor = web.parts.store.monitor.acquire().await?;
    let found = report(&mut monitor, web.parts.clock.care_now()).await?;
    drop(monitor);
    let mut db = web.transaction(who).await?;
    let teams: Vec<Uuid> = reach::teams(&mut db, who).await?.iter().map(|team| team.team).collect();
    let seen = patient::list(&mut db, patient::Of::Teams(&teams), "").await?;
    audit::write_look(&mut db, &who.did(Act::ShadowRead, web.parts.clock.machine_now())).await?;
    db.commit().await?;
    let (report, differences) = found.ok_or_else(Failure::not_found)?;
    let seen: BTreeSet<Uuid> = seen.into_iter().map(|row| row.patient.patient).collect();
    let differences = differences.into_iter().filter(|of| seen.contains(&of.patient)).map(difference).collect();
    Ok(ShadowReport { report, differences })
}

fn difference(OfPatient { patient, difference }: OfPatient) -> ShadowDifference {
    let what = match difference.what {
        What::New(_) => ShadowWhat::New,
        What::NoLonger(_) => ShadowWhat::NoLonger,
        What::Louder { .. } => ShadowWhat::Louder,
        What::Quieter { .. } => ShadowWhat::Quieter,
        What::Moved(_) => ShadowWhat::Moved,
    };
    ShadowDifference { patient, problem: difference.problem, rule: difference.rule, start: difference.start, what }
}
