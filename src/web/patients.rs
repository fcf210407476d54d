//! The list of patients, and finding one by name.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::json;
use uuid::Uuid;

use super::api::{PatientHead, PatientList, PatientRow, Search};
use super::extract::Body;
use super::failure::Answer;
use super::session::SignedIn;
use super::{Web, alerts, reach, words};
use crate::store::audit::{self, Act};
use crate::store::{self, reading_seen};

pub async fn list(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<PatientList>> {
    found(&web, &who, "").await
}

/// A question that changes nothing, and yet no GET: a name has no place in an address, which proxies and browsers write down.
pub async fn search(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Body(asked): Body<Search>,
) -> Answer<Json<PatientList>> {
    // A NUL is in nobody's name, and PostgreSQL takes none.
    found(&web, &who, asked.name.replace('\0', "").trim()).await
}

/// Those whose name holds `part`.
async fn found(web: &Web, who: &SignedIn, part: &str) -> Answer<Json<PatientList>> {
    let now = web.parts.clock.care_now();
    let mut db = web.transaction(who).await?;
    let teams: Vec<Uuid> = reach::teams(&mut db, who).await?.iter().map(|team| team.team).collect();
    let listed = store::patient::list(&mut db, store::patient::Of::Teams(&teams), part).await?;
    let ids: Vec<Uuid> = listed.iter().map(|row| row.patient.patient).collect();
    let newest = reading_seen::newest(&mut db, &ids, now).await?;
    let look = who.did(Act::PatientsListed, web.parts.clock.machine_now()).detail(json!({ "people": ids.len() }));
    audit::write(&mut db, &look).await?;
    db.commit().await?;
    let patients = listed
        .into_iter()
        .map(|row| PatientRow {
            team: row.team_name,
            live_since: row.patient.live_since,
            open: row.open.as_deref().map(alerts::priority),
            last_reading: newest.get(&row.patient.patient).map(words::last_reading),
            patient: head(row.patient, now),
        })
        .collect();
    Ok(Json(PatientList { patients }))
}

pub fn head(patient: store::patient::Patient, now: jiff::Timestamp) -> PatientHead {
    PatientHead {
        patient: patient.patient,
        age: words::age(patient.date_of_birth, now, &words::zone(&patient.time_zone)),
        given_name: patient.given_name,
        family_name: patient.family_name,
        lives_alone: patient.lives_alone,
    }
}
