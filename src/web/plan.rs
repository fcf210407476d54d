//! Changing what is set for a person: pauses, limits of their own, the end of the monitoring. Each change is a version, and its
//! reason is on record.

use std::collections::BTreeMap;
use std::sync::Arc;

use alert_rules::facts::{Facts, PlanLimit};
use alert_rules::{ASKED_PAUSE, Rulebook};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use uuid::Uuid;

use super::api::{
    AnswerPause, EndLimit, EndMonitoring, LimitChange, MonitoringEnded, NewPause, PlanChanged, Resume, SetLimit,
};
use super::extract::{Body, Path};
use super::failure::{Answer, Failure};
use super::reason::reason;
use super::session::SignedIn;
use super::{Web, reach, words};
use crate::planning::{self, Refused};
use crate::signal::Signal;
use crate::store::audit::{self, Act};
use crate::store::facts::{NewVersion, Version};
use crate::store::patient::Patient;
use crate::store::{self, alert, arrival, pause_request};

/// What came of the task that a pause asked for makes. Nobody chooses it: the answer is what comes of it.
const ANSWERED: &str = "answered";

type Tx = sqlx::Transaction<'static, sqlx::Postgres>;

pub async fn pause(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<NewPause>,
) -> Answer<Json<PlanChanged>> {
    let by = who.name.clone();
    change(&web, &who, patient, &asked.why, |_, facts, why, now| {
        let today = facts.time_zone.to_datetime(now).date();
        let from = asked.from.filter(|from| *from != today).map(|from| begins(facts, from)).transpose()?;
        let until = begins(facts, asked.until)?;
        planning::pause(facts, from, until, (&by, why), now).map_err(refused)
    })
    .await
}

pub async fn resume(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<Resume>,
) -> Answer<Json<PlanChanged>> {
    change(&web, &who, patient, &asked.why, |_, facts, _, now| {
        planning::resume(facts, now).map_err(|refused| over(&refused))
    })
    .await
}

/// Yes or no to what the person asked for on their phone. Of two people at once one answers, and the other is told.
pub async fn answer_pause(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<AnswerPause>,
) -> Answer<Json<PlanChanged>> {
    let declined = asked.declined.as_deref().map(reason).transpose()?;
    let (db, found, newest) = to_change(&web, &who, patient).await?;
    let done = answered(&web, &who, (db, &found, newest), asked.request, declined).await;
    reach::tried(&web, &who, &found, done).await
}

async fn answered(
    web: &Web,
    who: &SignedIn,
    (mut db, found, newest): (Tx, &Patient, Version),
    asked: Uuid,
    declined: Option<&str>,
) -> Answer<Json<PlanChanged>> {
    let now = web.parts.clock.care_now();
    let patient = found.patient;
    let open = pause_request::open(&mut db, &[patient]).await?.remove(&patient);
    let Some(request) = open.filter(|open| open.request == asked) else {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "over_already",
            "Somebody has answered this already, or the person has asked for something else since. Load the page again.",
        ));
    };
    pause_request::answer(&mut db, patient, who.staff, declined.is_none(), now).await?;
    let said = declined.map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"));
    let answered = alert::Act::Close { outcome: ANSWERED.to_owned(), note: said };
    alert::close_of_rule(&mut db, patient, ASKED_PAUSE, who.staff, &answered, now).await?;
    let machine_now = web.parts.clock.machine_now();
    if let Some(why) = declined {
        arrival::again(&mut db, patient, now, now).await?;
        let entry = who.did(Act::PauseDeclined, machine_now).about(patient, found.organisation).because(why);
        audit::write(&mut db, &entry.detail(json!({ "request": request.request }))).await?;
        let done = settle(web, db, patient, newest.facts.version).await?;
        web.parts.signals.send(Signal::Alerts { organisation: found.organisation });
        return Ok(done);
    }
    let mut facts = newest.facts;
    let today = facts.time_zone.to_datetime(now).date();
    let from = Some(request.from).filter(|from| *from > today).map(|from| begins(&facts, from)).transpose()?;
    let until = begins(&facts, request.until)?;
    planning::pause(&mut facts, from, until, (&who.name, &request.why), now).map_err(refused)?;
    let why = format!("taken on as they asked: {}", request.why);
    let version = write(web, &mut db, who, found, &facts, &why).await?;
    let done = settle(web, db, patient, version).await?;
    web.parts.signals.send(Signal::Alerts { organisation: found.organisation });
    Ok(done)
}

pub async fn set_limit(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<SetLimit>,
) -> Answer<Json<PlanChanged>> {
    let by = who.name.clone();
    change(&web, &who, patient, &asked.why, |rulebook, facts, why, now| {
        let name = format!("{}/{}", asked.pack, asked.name);
        let unit = planning::known_limit(rulebook, facts, &name).map_err(refused)?.dimension.display().to_owned();
        let until = asked.until.map(|until| begins(facts, until)).transpose()?;
        let own = PlanLimit { value: asked.value, unit, by, why: why.to_owned(), until };
        planning::set_limit(rulebook, facts, &name, own, now).map_err(refused)
    })
    .await
}

pub async fn end_limit(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<EndLimit>,
) -> Answer<Json<PlanChanged>> {
    change(&web, &who, patient, &asked.why, |_, facts, _, _| {
        planning::end_limit(facts, &format!("{}/{}", asked.pack, asked.name)).map_err(|refused| over(&refused))
    })
    .await
}

/// Nobody watches any more. An alert that is open stays open until somebody closes it.
pub async fn end(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<EndMonitoring>,
) -> Answer<Json<MonitoringEnded>> {
    let why = reason(&asked.why)?;
    let now = web.parts.clock.care_now();
    let (mut db, found) = reach::to_change(&web, &who, patient).await?;
    if !store::patient::end(&mut db, patient, now).await? {
        drop(db);
        return reach::tried(&web, &who, &found, Err(not_monitored())).await;
    }
    arrival::again(&mut db, patient, now, now).await?;
    let entry = who.did(Act::MonitoringEnded, web.parts.clock.machine_now()).about(patient, found.organisation);
    audit::write(&mut db, &entry.because(why)).await?;
    db.commit().await?;
    web.parts.signals.send(Signal::Arrived);
    web.parts.signals.send(Signal::Plan { patient });
    Ok(Json(MonitoringEnded { at: now }))
}

/// Makes a new version of what is set for somebody who is monitored, of two people one after the other.
async fn change(
    web: &Web,
    who: &SignedIn,
    patient: Uuid,
    why: &str,
    change: impl FnOnce(&Rulebook, &mut Facts, &str, Timestamp) -> Answer<()>,
) -> Answer<Json<PlanChanged>> {
    let why = reason(why)?;
    let now = web.parts.clock.care_now();
    let rulebook = web.rulebook.in_force(&web.parts.store).await?;
    let (mut db, found, newest) = to_change(web, who, patient).await?;
    let mut facts = newest.facts;
    if let Err(refused) = change(&rulebook, &mut facts, why, now) {
        drop(db);
        return reach::tried(web, who, &found, Err(refused)).await;
    }
    let version = write(web, &mut db, who, &found, &facts, why).await?;
    settle(web, db, patient, version).await
}

/// Somebody who is monitored, locked until the transaction ends, and what is set for them.
async fn to_change(web: &Web, who: &SignedIn, patient: Uuid) -> Answer<(Tx, Patient, Version)> {
    let (mut db, found) = reach::to_change(web, who, patient).await?;
    let newest = store::facts::newest_for_change(&mut db, patient).await?;
    if store::patient::ended_at(&mut db, patient).await?.is_some() {
        drop(db);
        return reach::tried(web, who, &found, Err(not_monitored())).await;
    }
    Ok((db, found, newest.ok_or_else(Failure::not_found)?))
}

async fn write(web: &Web, db: &mut Tx, who: &SignedIn, of: &Patient, facts: &Facts, why: &str) -> Answer<i64> {
    let Patient { patient, organisation, .. } = *of;
    let valid_from = web.parts.clock.care_now();
    let new = NewVersion { patient, organisation, facts, valid_from, made_by: &who.name, why };
    let version = store::facts::insert(db, new).await?;
    let entry = who.did(Act::PlanChanged, web.parts.clock.machine_now()).about(patient, organisation).because(why);
    audit::write(db, &entry.detail(json!({ "version": version }))).await?;
    Ok(version)
}

/// Commits, and tells the monitor and the person's phones.
async fn settle(web: &Web, db: Tx, patient: Uuid, version: i64) -> Answer<Json<PlanChanged>> {
    db.commit().await?;
    web.parts.signals.send(Signal::Arrived);
    web.parts.signals.send(Signal::Plan { patient });
    Ok(Json(PlanChanged { version }))
}

/// When a day begins where the person lives.
fn begins(facts: &Facts, day: Date) -> Answer<Timestamp> {
    let midnight = facts.time_zone.to_timestamp(day.at(0, 0, 0, 0));
    midnight.map_err(|_| Failure::bad_request("This day is too far away. Choose another."))
}

/// It cannot be as asked; the words say what can.
fn refused(why: Refused) -> Failure {
    Failure::bad_request(format!("{}.", words::sentence_case(&why.to_string())))
}

/// It is over already, perhaps because somebody else was first.
fn over(why: &Refused) -> Failure {
    Failure::new(StatusCode::CONFLICT, "over_already", format!("{}.", words::sentence_case(&why.to_string())))
}

fn not_monitored() -> Failure {
    Failure::new(
        StatusCode::CONFLICT,
        "not_monitored",
        "This person is not monitored any more, so nothing was changed. Load the page again to see since when.",
    )
}

/// Who set, changed and ended limits of the person's own, newest first. `versions`: all there are, oldest first.
pub fn limit_changes(versions: &[Version]) -> Vec<LimitChange> {
    let nothing = BTreeMap::new();
    let before = std::iter::once(&nothing).chain(versions.iter().map(|version| &version.facts.plan.limits));
    let mut changes = Vec::new();
    for (version, before) in versions.iter().zip(before) {
        let limits = &version.facts.plan.limits;
        let of = |name: &str, own: Option<&PlanLimit>| {
            let (pack, name) = name.split_once('/')?;
            Some(LimitChange {
                at: version.valid_from,
                by: own.map_or_else(|| version.made_by.clone(), |own| own.by.clone()),
                why: own.map_or_else(|| version.why.clone(), |own| own.why.clone()),
                pack: pack.to_owned(),
                name: name.to_owned(),
                value: own.map(|own| own.value),
                unit: own.map_or_else(String::new, |own| own.unit.clone()),
                until: own.and_then(|own| own.until),
            })
        };
        let set = limits.iter().filter(|(name, own)| before.get(*name) != Some(own));
        changes.extend(set.filter_map(|(name, own)| of(name, Some(own))));
        changes.extend(before.keys().filter(|name| !limits.contains_key(*name)).filter_map(|name| of(name, None)));
    }
    changes.reverse();
    changes
}
