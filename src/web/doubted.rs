//! Values that are doubted: outside what is usual of the person, and no second reading agrees. Why each is, and taking one as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use alert_rules::{Acceptance, Facts, History, REACH, Vital};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::api::{Accepted, Person, UnconfirmedValue};
use super::extract::Path;
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, as_judged, reach, words};
use crate::signal::Signal;
use crate::store::audit::{self, Act};
use crate::store::patient::Patient;
use crate::store::reading_seen::{self, Reading};
use crate::store::{self, acceptance, arrival};

type Tx = sqlx::Transaction<'static, sqlx::Postgres>;

/// What a person measured in this time before decides what is usual of them.
pub const BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What is measured within this time afterwards may agree.
pub const AFTER: SignedDuration = SignedDuration::from_hours(48);

/// Why each of these readings is doubted, by its number.
pub fn why(readings: &[Reading], acceptances: Vec<Acceptance>) -> BTreeMap<i64, Vec<String>> {
    let known = readings.iter().filter(|reading| !words::is_not_theirs(reading));
    let corrections = readings.iter().filter_map(as_judged::correction);
    alert_rules::unconfirmed(&History {
        readings: known.filter_map(as_judged::reading).collect(),
        corrections: corrections.collect(),
        acceptances,
        ..History::default()
    })
}

/// A reading that is doubted, and why.
struct Doubted {
    reading: Reading,
    why: Vec<String>,
}

impl Doubted {
    /// The number of the values that stand: the reading's own, or the correction's.
    fn values_seq(&self) -> i64 {
        self.reading.correction.as_ref().map_or(self.reading.seq, |correction| correction.seq)
    }
}

/// What is doubted of all that is still judged, newest first.
async fn recent(db: &mut PgConnection, patient: Uuid, facts: &Facts, now: Timestamp) -> Answer<Vec<Doubted>> {
    let since = facts.plan.since.max(now - REACH);
    let readings = reading_seen::between(db, patient, None, facts.plan.since.max(since - BEFORE), now + AFTER).await?;
    let accepted = acceptance::of(db, &[patient]).await?.remove(&patient).unwrap_or_default();
    let mut why = why(&readings, accepted);
    let readings = readings.into_iter().rev().filter(|reading| as_judged::taken_at(reading) >= since);
    Ok(readings.filter_map(|reading| Some(Doubted { why: why.remove(&reading.seq)?, reading })).collect())
}

/// For the page.
pub async fn shown(
    db: &mut PgConnection,
    patient: Uuid,
    facts: &Facts,
    now: Timestamp,
) -> Answer<Vec<UnconfirmedValue>> {
    let of = |doubted: Doubted| UnconfirmedValue {
        seq: doubted.values_seq(),
        at: doubted.reading.effective_at,
        title: Vital::named(&doubted.reading.vital)
            .map_or_else(String::new, |vital| words::sentence_case(vital.words())),
        text: words::reading(&doubted.reading),
        why: doubted.why.iter().map(|why| words::sentence_case(why)).collect(),
    };
    Ok(recent(db, patient, facts, now).await?.into_iter().map(of).collect())
}

/// Somebody says that a value is real for this person. They are judged again at once.
pub async fn accept(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path((patient, seq)): Path<(Uuid, i64)>,
) -> Answer<Json<Accepted>> {
    let (db, found) = reach::to_change(&web, &who, patient).await?;
    let done = taken(&web, &who, db, &found, seq).await;
    reach::tried(&web, &who, &found, done).await
}

async fn taken(web: &Web, who: &SignedIn, mut db: Tx, found: &Patient, seq: i64) -> Answer<Json<Accepted>> {
    let (now, patient) = (web.parts.clock.care_now(), found.patient);
    let version = store::facts::versions(&mut db, patient).await?.pop().ok_or_else(Failure::not_found)?;
    let doubted = recent(&mut db, patient, &version.facts, now).await?;
    let Some(doubted) = doubted.into_iter().find(|doubted| doubted.values_seq() == seq) else {
        // What is accepted is not doubted, also when somebody did it a moment ago.
        if let Some(by) = acceptance::by(&mut db, patient).await?.remove(&seq) {
            return before(by, who);
        }
        if !store::patient::has_values(&mut db, patient, seq).await? {
            return Err(Failure::not_found());
        }
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "not_unconfirmed",
            "This value is not waiting for anybody: it was never unconfirmed, or a second reading agrees by now, or it was \
             corrected, or it is older than 30 days. Load the page again to see what stands.",
        ));
    };
    let accepted = Acceptance {
        seq: doubted.reading.seq,
        effective_at: as_judged::taken_at(&doubted.reading),
        values: as_judged::measured(words::standing(&doubted.reading)),
    };
    let new = acceptance::New {
        patient,
        organisation: found.organisation,
        values_seq: seq,
        acceptance: &accepted,
        staff: who.staff,
        at: now,
    };
    let first = acceptance::insert(&mut db, &new).await?;
    let by = acceptance::by(&mut db, patient).await?.remove(&seq).ok_or_else(Failure::internal)?;
    if !first {
        return before(by, who);
    }
    arrival::accepted(&mut db, patient, accepted.effective_at, now).await?;
    let entry = who.did(Act::ReadingAccepted, web.parts.clock.machine_now()).about(patient, found.organisation);
    audit::write(&mut db, &entry.detail(json!({ "seq": accepted.seq, "values": seq }))).await?;
    db.commit().await?;
    web.parts.signals.send(Signal::Arrived);
    Ok(Json(accepted_by(by)))
}

fn accepted_by(by: acceptance::By) -> Accepted {
    Accepted { by: Person { staff: by.staff, name: by.name }, at: by.at }
}

/// It is accepted already: by oneself, and that is done; or by somebody else, and one is told.
fn before(by: acceptance::By, who: &SignedIn) -> Answer<Json<Accepted>> {
    if by.staff == who.staff {
        return Ok(Json(accepted_by(by)));
    }
    let message = format!("{} has accepted this value already. There is nothing left to do about it.", by.name);
    Err(Failure::new(StatusCode::CONFLICT, "already_accepted", message))
}
