//! The audit as an organisation's auditors search it. Searching is on record, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::api::{AuditAct, AuditChoices, AuditEntry, AuditPage, AuditPatient, Person};
use super::extract::Query;
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::{Web, reach};
use crate::fhir::audit_event;
use crate::store::audit::{self, Act};
use crate::store::audit_seen::{self, Seen, Wanted};
use crate::store::staff;

/// Entries of one answer.
const PAGE: i64 = 100;
/// Of one exported bundle.
const BUNDLE: i64 = 500;

/// Also what is on record of the search.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The name of an act.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<String>,
    /// Entries with smaller numbers only: the `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<i64>,
}

pub async fn search(State(web): State<Arc<Web>>, who: SignedIn, Query(asked): Query<Asked>) -> Answer<Json<AuditPage>> {
    let (mut db, found) = asked_for(&web, &who, &asked, Act::AuditSearched, PAGE).await?;
    let next = next(&found, PAGE);
    let entries = named(&mut db, found).await?;
    db.commit().await?;
    Ok(Json(AuditPage { entries, next }))
}

/// As a FHIR R4 Bundle of AuditEvents, whose link `next` leads on.
pub async fn export(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Answer<Json<Map<String, Value>>> {
    let (db, found) = asked_for(&web, &who, &asked, Act::AuditExported, BUNDLE).await?;
    db.commit().await?;
    let origin = web.parts.config.origin();
    let next = next(&found, BUNDLE).map(|before| {
        let mut query = serde_json::to_value(&asked).unwrap_or_default();
        query["before"] = json!(before);
        let parts = query.as_object().into_iter().flatten();
        let parts =
            parts.map(|(name, value)| format!("{name}={}", value.as_str().map_or(value.to_string(), str::to_owned)));
        format!("{origin}/api/audit/export?{}", parts.collect::<Vec<_>>().join("&"))
    });
    let events = found.iter().map(audit_event::of);
    Ok(Json(audit_event::bundle(events, &origin, next)))
}

pub async fn choices(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<AuditChoices>> {
    let mut db = web.transaction(&who).await?;
    let staff = staff::list(&mut db, Some(who.organisation)).await?;
    let look = who.did(Act::AuditSearched, web.parts.clock.machine_now()).detail(json!({ "asked": "choices" }));
    audit::write_look(&mut db, &look).await?;
    db.commit().await?;
    let acts = Act::ALL.iter().map(|act| AuditAct { what: act.name().to_owned(), did: act.words().to_owned() });
    let staff = staff.into_iter().map(|person| Person { staff: person.staff, name: person.name });
    Ok(Json(AuditChoices { acts: acts.collect(), staff: staff.collect() }))
}

type Tx = Transaction<'static, Postgres>;

/// The entries that were asked for, with the asking on record. Somebody of another organisation looks like nobody.
async fn asked_for(web: &Web, who: &SignedIn, asked: &Asked, act: Act, limit: i64) -> Answer<(Tx, Vec<Seen>)> {
    if asked.what.as_ref().is_some_and(|what| Act::named(what).is_none()) {
        return Err(Failure::bad_request("There is no act of this name. Choose one of those that `choices` lists."));
    }
    let mut db = web.transaction(who).await?;
    let entry = who.did(act, web.parts.clock.machine_now());
    if let Some(patient) = asked.patient
        && audit_seen::patients(&mut db, &[patient]).await?.is_empty()
    {
        let refused = who.did(Act::RecordRefused, web.parts.clock.machine_now()).about(patient, who.organisation);
        return Err(reach::refuse(db, &refused).await?);
    }
    let wanted = Wanted {
        organisation: Some(who.organisation),
        patient: asked.patient,
        staff: asked.staff,
        from: asked.from,
        until: asked.until,
        what: asked.what.clone(),
        before: asked.before,
    };
    let found = audit_seen::search(&mut db, &wanted, limit).await?;
    let entry = asked.patient.map_or(entry.clone(), |patient| entry.about(patient, who.organisation));
    audit::write(&mut db, &entry.detail(json!(asked))).await?;
    Ok((db, found))
}

fn next(found: &[Seen], limit: i64) -> Option<i64> {
    let whole = i64::try_from(found.len()).is_ok_and(|count| count == limit);
    found.last().filter(|_| whole).map(|last| last.row.audit)
}

async fn named(db: &mut PgConnection, found: Vec<Seen>) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let ids = |of: fn(&Seen) -> Option<Uuid>| -> Vec<Uuid> { found.iter().filter_map(of).collect() };
    let patients = audit_seen::patients(db, &ids(|seen| seen.row.patient)).await?;
    let devices = audit_seen::devices(db, &ids(|seen| seen.row.device)).await?;
    Ok(found.into_iter().map(|seen| entry(seen, &patients, &devices)).collect())
}

fn entry(seen: Seen, patients: &BTreeMap<Uuid, String>, devices: &BTreeMap<Uuid, String>) -> AuditEntry {
    let Seen { row, staff } = seen;
    let (who, as_what) = match (staff, row.device, row.operator, row.actor.as_deref()) {
        (Some((name, role, profession)), ..) if role == profession => (name, Some(role)),
        (Some((name, role, profession)), ..) => (name, Some(format!("{role}, {profession}"))),
        (None, Some(device), ..) => match devices.get(&device) {
            Some(owner) => (format!("Phone of {owner}"), None),
            None => ("A phone".to_owned(), None),
        },
        (None, None, Some(name), _) => (name, Some("by command".to_owned())),
        (None, None, None, Some("service")) => ("The service".to_owned(), None),
        _ => ("Somebody unknown".to_owned(), None),
    };
    let detail = match row.detail {
        Value::Object(detail) => detail,
        _ => Map::new(),
    };
    AuditEntry {
        audit: row.audit,
        at: row.at,
        who,
        as_what,
        staff: row.staff,
        did: Act::named(&row.what).map_or_else(|| row.what.clone(), |act| act.words().to_owned()),
        what: row.what,
        patient: row.patient.map(|patient| AuditPatient { patient, name: patients.get(&patient).cloned() }),
        // Of a single address the mask says nothing.
        address: row.address.map(|address| match address.split_once('/') {
            Some((host, "32" | "128")) => host.to_owned(),
            _ => address,
        }),
        why: row.why,
        detail,
    }
}
