//! Entries of the audit as FHIR R4 AuditEvents. Ids, names of staff and reasons; of patients the id alone.

use serde_json::{Map, Value, json};

use crate::store::audit::Act;
use crate::store::audit_seen::{AuditRow, Seen};

/// Of the names of acts.
const ACTS: &str = "urn:derwent:audit-act";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";

/// A Bundle of type `collection`; `next` is where the rest is.
pub fn bundle(events: impl Iterator<Item = Value>, origin: &str, next: Option<String>) -> Map<String, Value> {
    let mut bundle = Map::new();
    bundle.insert("resourceType".to_owned(), json!("Bundle"));
    bundle.insert("type".to_owned(), json!("collection"));
    if let Some(next) = next {
        bundle.insert("link".to_owned(), json!([{ "relation": "next", "url": next }]));
    }
    let entries: Vec<Value> = events
        .map(|event| {
            let id = event["id"].as_str().unwrap_or_default();
            json!({ "fullUrl": format!("{origin}/fhir/AuditEvent/{id}"), "resource": event })
        })
        .collect();
    // An empty list is none in FHIR.
    if !entries.is_empty() {
        bundle.insert("entry".to_owned(), Value::from(entries));
    }
    bundle
}

pub fn of(seen: &Seen) -> Value {
    let row = &seen.row;
    let mut subtype = json!({ "system": ACTS, "code": row.what });
    if let Some(act) = Act::named(&row.what) {
        subtype["display"] = json!(act.words());
    }
    let mut event = json!({
        "resourceType": "AuditEvent",
        "id": format!("audit-{}", row.audit),
        "type": kind(&row.what),
        "subtype": [subtype],
        "action": action(&row.what),
        "recorded": row.at,
        "outcome": outcome(&row.what),
        "agent": [agent(seen)],
        "source": {
            "observer": { "display": "Derwent" },
            "type": [{
                "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
                "code": "4",
                "display": "Application Server",
            }],
        },
    });
    if let Some(why) = row.why.as_ref().filter(|why| !why.trim().is_empty()) {
        let mut purpose = json!({ "text": why });
        if row.what == Act::GlassBroken.name() {
            purpose["coding"] = json!([{
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
                "code": "BTG",
                "display": "break the glass",
            }]);
        }
        event["purposeOfEvent"] = json!([purpose]);
    }
    let entities = entities(row);
    if !entities.is_empty() {
        event["entity"] = Value::from(entities);
    }
    event
}

fn agent(seen: &Seen) -> Value {
    let row = &seen.row;
    let mut agent = json!({ "requestor": true });
    match (row.staff, row.device) {
        (Some(staff), _) => {
            agent["who"] = json!({ "reference": format!("Practitioner/{staff}") });
            if let Some((name, role, profession)) = &seen.staff {
                agent["who"]["display"] = json!(name);
                agent["name"] = json!(name);
                agent["role"] = json!([{ "text": role }, { "text": profession }]);
            }
        }
        (None, Some(device)) => agent["who"] = json!({ "reference": format!("Device/{device}") }),
        (None, None) => {
            let name = row.operator.as_deref().unwrap_or(match row.actor.as_deref() {
                Some("service") => "Derwent",
                _ => "unknown",
            });
            agent["who"] = json!({ "display": name });
            agent["name"] = json!(name);
        }
    }
    if let Some(address) = &row.address {
        let host = address.split('/').next().unwrap_or_default();
        agent["network"] = json!({ "address": host, "type": "2" });
    }
    agent
}

fn entities(row: &AuditRow) -> Vec<Value> {
    let mut entities = Vec::new();
    if let Some(patient) = row.patient {
        entities.push(json!({
            "what": { "reference": format!("Patient/{patient}") },
            "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "1", "display": "Person" },
            "role": { "system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "1", "display": "Patient" },
        }));
    }
    let detail: Vec<Value> = row
        .detail
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            json!({ "type": name, "valueString": text })
        })
        // FHIR knows no empty text.
        .filter(|detail| detail["valueString"] != "" && detail["valueString"] != "null")
        .collect();
    if !detail.is_empty() {
        entities.push(json!({
            "type": {
                "system": "http://terminology.hl7.org/CodeSystem/audit-entity-type",
                "code": "2",
                "display": "System Object",
            },
            "detail": detail,
        }));
    }
    entities
}

fn kind(what: &str) -> Value {
    let (code, display) = match what {
        "audit.exported" => ("110106", "Export"),
        _ => match what.split('.').next().unwrap_or_default() {
            "sign_in" => ("110114", "User Authentication"),
            "audit" => ("110101", "Audit Log Used"),
            "staff" | "team" | "organisation" | "device" | "carer" => ("110137", "User Security Attributes Changed"),
            "right" => ("110113", "Security Alert"),
            "rules" => ("110100", "Application Activity"),
            _ => ("110110", "Patient Record"),
        },
    };
    json!({ "system": DICOM, "code": code, "display": display })
}

/// Create, read, update, delete, or execute what is none of these.
fn action(what: &str) -> &'static str {
    let verb = what.rsplit(['.', '_']).next().unwrap_or_default();
    match verb {
        "read" | "listed" | "found" | "followed" | "searched" | "exported" | "sought" => "R",
        "added" | "made" | "entered" | "enrolled" | "invited" | "published" => "C",
        "changed" | "set" | "acknowledged" | "closed" | "shared" | "unshared" | "revoked" | "suspended"
        | "restricted" => "U",
        "removed" | "erased" => "D",
        _ => "E",
    }
}

/// 0 done, 4 refused.
fn outcome(what: &str) -> &'static str {
    match what.rsplit(['.', '_']).next().unwrap_or_default() {
        "refused" | "failed" | "limited" => "4",
        _ => "0",
    }
}
