//! What the phones send: ordinary readings, and some that are sent again, sent changed, or wrong. Nothing a rule would alert for.

use std::collections::BTreeMap;

use derwent::random;
use fastrand::Rng;
use jiff::Timestamp;
use mobile_api::content::ContentHash;
use mobile_api::item::{Body, Item, Quantity, Reading};
use mobile_api::time::PhoneTime;
use serde_json::json;
use uuid::Uuid;

use super::history::What;

impl What {
    pub fn of(item: &Item, patient: Uuid) -> Self {
        let components = match &item.body {
            Body::Reading(reading) => reading.values.len(),
            _ => 0,
        };
        let content_hash = ContentHash::of(item, patient).as_bytes().to_vec();
        Self { patient, id: item.id, content_hash, components }
    }
}

pub fn pulse(taken_at: Timestamp, beats: f64) -> Item {
    reading("pulse", taken_at, &[("pulse", beats, "/min")])
}

pub fn pressure(taken_at: Timestamp, systolic: f64) -> Item {
    let values = [("systolic", systolic, "mm[Hg]"), ("diastolic", 78.0, "mm[Hg]"), ("pulse", 70.0, "/min")];
    reading("blood_pressure", taken_at, &values)
}

/// Refused for good.
pub fn without_sense(taken_at: Timestamp) -> Item {
    reading("pulse", taken_at, &[("pulse", 70.0, "mmHG")])
}

/// The same id, another value: the service keeps what it has.
pub fn changed(item: &Item) -> Item {
    let mut changed = item.clone();
    if let Body::Reading(reading) = &mut changed.body {
        for quantity in reading.values.values_mut() {
            quantity.value = quantity.value.map(|value| value + 1.0);
        }
    }
    changed
}

/// What a phone that has already given `before` submits next: now and then one of those again, as it was or changed.
pub fn any(rng: &mut Rng, now: Timestamp, before: &[Item]) -> Item {
    match (rng.u8(..100), rng.choice(before)) {
        (0..4, Some(item)) => item.clone(),
        (4..7, Some(item)) => changed(item),
        _ => new(rng, now),
    }
}

pub fn new(rng: &mut Rng, now: Timestamp) -> Item {
    match rng.u8(..100) {
        0..3 => without_sense(now),
        3..35 => pressure(now, f64::from(rng.u8(110..130))),
        _ => pulse(now, f64::from(rng.u8(60..80))),
    }
}

fn reading(vital: &str, taken_at: Timestamp, values: &[(&str, f64, &str)]) -> Item {
    let id = random::new_id();
    let quantity =
        |(value, unit): (f64, &str)| Quantity { value: Some(value), unit: Some(unit.to_owned()), comparator: None };
    let values: BTreeMap<String, Quantity> =
        values.iter().map(|(component, value, unit)| ((*component).to_owned(), quantity((*value, unit)))).collect();
    let body = Body::Reading(Reading {
        taken_at: PhoneTime::utc(taken_at),
        age_ms: None,
        vital: vital.to_owned(),
        values,
        absent: None,
        method: None,
        instrument: None,
        // It comes back with the reading, whatever the ledger says: see `held.rs`.
        context: json!({ "id": id.to_string() }).as_object().cloned(),
    });
    Item { id, whom: None, note: None, body }
}
