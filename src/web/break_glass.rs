//! Opening a record that one's teams do not look after: with a reason, for a while, and shown to the patient.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use super::api::{BreakGlass, GlassBroken};
use super::extract::{Body, Path};
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, reach};
use crate::random;
use crate::store::audit::{self, Act};
use crate::store::break_glass::{self, Broken};

/// Long enough to deal with what it was opened for.
const LASTS: SignedDuration = SignedDuration::from_hours(4);
/// In characters. A reason is a sentence, not a click.
const SHORTEST_REASON: usize = 10;
const LONGEST_REASON: usize = 500;

pub async fn open(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<BreakGlass>,
) -> Answer<Json<GlassBroken>> {
    let reason = asked.reason.trim();
    if !(SHORTEST_REASON..=LONGEST_REASON).contains(&reason.chars().count()) || reason.contains('\0') {
        return Err(Failure::bad_request(format!(
            "Say why in {SHORTEST_REASON} to {LONGEST_REASON} characters. The patient will be able to read it."
        )));
    }
    let now = web.parts.clock.machine_now();
    let mut db = web.transaction(&who).await?;
    if !break_glass::is_allowed(&mut db, patient).await? {
        let refused = who.did(Act::RecordRefused, now).about(patient, who.organisation);
        return Err(reach::refuse(db, &refused).await?);
    }
    let broken = Broken {
        break_glass: random::new_id(),
        patient,
        organisation: who.organisation,
        staff: who.staff,
        reason,
        at: now,
        until: now + LASTS,
    };
    break_glass::insert(&mut db, &broken).await?;
    let entry = who.did(Act::GlassBroken, now).about(patient, who.organisation).because(reason);
    audit::write(&mut db, &entry.detail(json!({ "until": broken.until }))).await?;
    db.commit().await?;
    Ok(Json(GlassBroken { until: broken.until }))
}
