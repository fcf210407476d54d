//! Finding somebody whose record one does not see: only whoever knows the whole family name and the day of birth finds them. What was
//! sought is not recorded, that it was is, and who was found.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::json;
use sqlx::{Postgres, Transaction};

use super::Web;
use super::api::{FindPerson, FoundPeople, FoundPerson};
use super::extract::Body;
use super::failure::Answer;
use super::session::SignedIn;
use crate::store::audit::{self, Act};
use crate::store::find_person::{self, Found};

/// Before the glass is broken.
pub async fn to_break_glass(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<FindPerson>,
) -> Answer<Json<FoundPeople>> {
    let mut db = web.transaction(&who).await?;
    let found = find_person::to_break_glass(&mut db, &name(&asked), asked.date_of_birth).await?;
    answer(&web, &who, db, Act::PersonSought, found).await
}

/// Whoever asks an auditor *who opened my record* says their name and day of birth.
pub async fn to_audit(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<FindPerson>,
) -> Answer<Json<FoundPeople>> {
    let mut db = web.transaction(&who).await?;
    let found = find_person::to_audit(&mut db, &name(&asked), asked.date_of_birth).await?;
    answer(&web, &who, db, Act::AuditPersonFound, found).await
}

fn name(asked: &FindPerson) -> String {
    asked.family_name.replace('\0', "").trim().to_owned()
}

async fn answer(
    web: &Web,
    who: &SignedIn,
    mut db: Transaction<'static, Postgres>,
    act: Act,
    found: Vec<Found>,
) -> Answer<Json<FoundPeople>> {
    let people = json!({ "people": found.iter().map(|found| found.patient).collect::<Vec<_>>() });
    audit::write(&mut db, &who.did(act, web.parts.clock.machine_now()).detail(people)).await?;
    db.commit().await?;
    let people = found.into_iter().map(|found| FoundPerson {
        patient: found.patient,
        given_name: found.given_name,
        family_name: found.family_name,
        date_of_birth: found.date_of_birth,
        team: found.team,
    });
    Ok(Json(FoundPeople { people: people.collect() }))
}
