//! By what a team's alerts escalate, on the roster page.

use std::sync::Arc;

use alert_rules::escalation::policy::{self, PRESETS};
use axum::Json;
use axum::extract::State;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{to_change, within_reach};
use crate::policies;
use crate::rostering;
use crate::store;
use crate::store::audit::{self, Act};
use crate::web::Web;
use crate::web::api::{PolicyPage, PolicyPreset, PolicyWords, SetPolicy};
use crate::web::extract::{Body, Path};
use crate::web::failure::{Answer, Failure};
use crate::web::session::SignedIn;

const LONGEST_CHARS: usize = 20_000;

pub async fn show(State(web): State<Arc<Web>>, who: SignedIn, Path(team): Path<Uuid>) -> Answer<Json<PolicyPage>> {
    let mut db = within_reach(&web, &who, team).await?;
    let look = who.did(Act::RosterRead, web.parts.clock.machine_now()).detail(json!({ "team": team }));
    audit::write_look(&mut db, &look).await?;
    let page = read(&mut db, team).await?;
    db.commit().await?;
    Ok(Json(page))
}

pub async fn set(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(team): Path<Uuid>,
    Body(SetPolicy { content }): Body<SetPolicy>,
) -> Answer<Json<PolicyPage>> {
    let (now, care_now) = (web.parts.clock.machine_now(), web.parts.clock.care_now());
    let mut db = to_change(&web, &who, team).await?;
    if content.chars().count() > LONGEST_CHARS || content.contains('\0') {
        return Err(Failure::bad_request(format!(
            "A policy is plain text of at most {LONGEST_CHARS} characters. Shorten it."
        )));
    }
    if let Err(problems) = policy::read("policy", &content) {
        let lines = problems.iter().map(|problem| {
            let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
            format!("Line {}: {}{hint}", problem.place.line, problem.message)
        });
        return Err(Failure::bad_request(lines.collect::<Vec<_>>().join("\n")));
    }
    rostering::set_policy(&mut db, team, &content, &who.name, (now, care_now)).await?;
    audit::write(&mut db, &who.did(Act::PolicySet, now).detail(json!({ "team": team }))).await?;
    let page = read(&mut db, team).await?;
    db.commit().await?;
    Ok(Json(page))
}

async fn read(db: &mut PgConnection, team: Uuid) -> Answer<PolicyPage> {
    let own = store::policy::content(db, team).await?;
    let found = store::roster::policies_of(db, &[team]).await?.remove(&team).ok_or_else(Failure::not_found)?;
    let preset = |(name, content): (&str, &str)| PolicyPreset { name: name.to_owned(), content: content.to_owned() };
    let standard =
        || PRESETS.iter().find(|(name, _)| *name == "standard").map_or("", |(_, content)| content).to_owned();
    let words = |(title, steps)| PolicyWords { title, steps };
    Ok(PolicyPage {
        own: own.is_some(),
        content: own.unwrap_or_else(standard),
        words: policies::in_words(&found).into_iter().map(words).collect(),
        presets: PRESETS.into_iter().map(preset).collect(),
    })
}
