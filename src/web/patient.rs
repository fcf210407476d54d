//! One person's page: who they are, why they are on the worklist, what they are asked to do, what is known.

use std::collections::HashMap;
use std::sync::Arc;

use alert_rules::facts::{Due, Facts};
use alert_rules::{Rulebook, Vital, slot_text};
use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::api::{
    Alert, AskedPause, BrokenGlass, Erased, Limit, PatientPage, Pause, Person, Plan, Refusal, Restriction, Slot,
    VitalSummary,
};
use super::extract::Path;
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, alerts, answers, doubted, limits, me, patients, phones, plan, reach, scores, words};
use crate::store::audit::Act;
use crate::store::pause_request::Request;
use crate::store::{self, alert_seen, reading_seen};

/// A vital not measured for longer is not listed.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Alerts closed longer ago are not shown.
const CLOSED_SHOWN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Looks behind broken glass longer ago are in the audit only.
const GLASS_SHOWN: SignedDuration = SignedDuration::from_hours(90 * 24);

pub async fn page(State(web): State<Arc<Web>>, who: SignedIn, Path(id): Path<Uuid>) -> Answer<Json<PatientPage>> {
    let now = web.parts.clock.care_now();
    let rulebook = web.rulebook.in_force(&web.parts.store).await?;
    let (mut db, patient) = reach::patient(&web, &who, id, Act::RecordRead, json!({})).await?;
    let team = store::team::get(&mut db, patient.team).await?.ok_or_else(Failure::internal)?;
    let (stored, judged) = store::patient::progress(&mut db, id).await?;
    let alerts = alerts_of(&mut db, id, now).await?;
    let versions = store::facts::versions(&mut db, id).await?;
    let version = versions.last().ok_or_else(Failure::internal)?;
    let ended_at = store::patient::ended_at(&mut db, id).await?;
    let asked_pause = store::pause_request::open(&mut db, &[id]).await?.remove(&id);
    let newest = reading_seen::newest_by_vital(&mut db, id, now - LOOK_BACK, now).await?;
    let unconfirmed = doubted::shown(&mut db, id, &version.facts, now).await?;
    let scores = scores::summaries(&mut db, &rulebook, &versions, id, now).await?;
    let answers = answers::sheets(&mut db, &rulebook, id, now).await?;
    let refusals = store::patient::refusals(&mut db, id).await?;
    let erased = store::retention::of(&mut db, id).await?;
    let devices = store::patient::devices(&mut db, id).await?;
    let machine_now = web.parts.clock.machine_now();
    let broken_glass = store::break_glass::of_patient(&mut db, id, machine_now - GLASS_SHOWN).await?;
    let restriction = store::restriction::of_patient(&mut db, id).await?;
    db.commit().await?;
    Ok(Json(PatientPage {
        now,
        date_of_birth: patient.date_of_birth,
        phone: patient.phone.clone(),
        time_zone: patient.time_zone.clone(),
        team: me::team(team),
        live_since: patient.live_since,
        ended_at,
        stored,
        judged,
        alerts,
        plan: plan_of(&version.facts, asked_pause, now),
        limits: limits_of(&rulebook, &version.facts, now),
        limit_changes: plan::limit_changes(&versions),
        vitals: newest.iter().filter_map(summary).chain(scores).collect(),
        unconfirmed,
        answers,
        refusals: refusals
            .into_iter()
            .map(|refusal| Refusal { at: refusal.received_at, reason: refusal.reason, detail: refusal.detail })
            .collect(),
        devices: devices.into_iter().map(phones::shown).collect(),
        broken_glass: broken_glass.into_iter().map(|seen| broken(seen, machine_now)).collect(),
        restriction: restriction.map(|of| Restriction { since: of.since, by: of.made_by, why: of.why }),
        erased: erased.map(|erased| Erased { before: erased.before, at: erased.at }),
        patient: patients::head(patient, now),
    }))
}

fn broken(seen: store::break_glass::Seen, now: Timestamp) -> BrokenGlass {
    let by = Person { staff: seen.staff, name: seen.name };
    BrokenGlass { by, reason: seen.reason, at: seen.at, until: seen.until, open: seen.until > now }
}

async fn alerts_of(db: &mut sqlx::PgConnection, patient: Uuid, now: Timestamp) -> Answer<Vec<Alert>> {
    let rows = alert_seen::of_patient(db, patient, now - CLOSED_SHOWN).await?;
    let ids: Vec<Uuid> = rows.iter().map(|(alert, _)| alert.alert).collect();
    let mut histories: HashMap<Uuid, Vec<alert_seen::Event>> = HashMap::new();
    for event in alert_seen::history(db, &ids).await? {
        histories.entry(event.alert).or_default().push(event);
    }
    Ok(rows
        .into_iter()
        .map(|(alert, explained)| {
            let history = histories.remove(&alert.alert).unwrap_or_default();
            alerts::shown(alert, explained, history)
        })
        .collect())
}

fn plan_of(facts: &Facts, asked: Option<Request>, now: Timestamp) -> Plan {
    let slots = facts.plan.slots.iter().map(|slot| Slot {
        what: match &slot.due {
            Due::Vital(vital) => words::sentence_case(vital.words()),
            Due::Questionnaire(name) => format!("Questions: {name}"),
        },
        at: slot.at.strftime("%H:%M").to_string(),
        days: slot_text::days_in_words(slot),
    });
    let pauses = facts.pauses_in_force().filter(|pause| pause.until > now).map(|pause| Pause {
        from: pause.from,
        until: pause.until,
        by: pause.by.clone(),
        why: pause.why.clone(),
    });
    Plan {
        version: facts.version,
        packs: facts.plan.packs.clone(),
        slots: slots.collect(),
        pauses: pauses.collect(),
        asked_pause: asked.map(|Request { request, from, until, why, asked_at }| AskedPause {
            request,
            from,
            until,
            why,
            asked_at,
        }),
        tags: facts.tags.clone(),
    }
}

fn limits_of(rulebook: &Rulebook, facts: &Facts, now: Timestamp) -> Vec<Limit> {
    let mut without_own = facts.clone();
    without_own.plan.limits.clear();
    limits::packs(rulebook, facts)
        .flat_map(|pack| pack.limits.iter().enumerate().map(move |(index, limit)| (pack, index, limit)))
        .filter_map(|(pack, index, limit)| {
            let in_force = limits::in_force(pack, index, facts, now)?;
            let pack_value = limits::in_force(pack, index, &without_own, now)?.value;
            Some(Limit {
                pack: pack.name.clone(),
                name: limit.name.clone(),
                value: in_force.value,
                unit: limit.dimension.display().to_owned(),
                whose: in_force.whose,
                from: limit.range.from,
                to: limit.range.to,
                pack_value,
                until: in_force.until,
                by: in_force.by,
                why: in_force.why,
            })
        })
        .collect()
}

fn summary(newest: &reading_seen::Reading) -> Option<VitalSummary> {
    let vital = Vital::named(&newest.vital)?;
    Some(VitalSummary {
        vital: newest.vital.clone(),
        title: words::sentence_case(vital.words()),
        unit: words::unit(vital).to_owned(),
        last: words::last_reading(newest),
    })
}
