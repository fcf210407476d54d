//! Submissions of a few people over sixteen days, from a seed: ordinary, severe, off the scale, impossible, absent, answered, corrected.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

pub const PEOPLE: usize = 3;
pub const SINCE: &str = "2026-03-18T00:00:00Z";
/// A change of clocks and the fourteenth day, on which rules are asked whether they can be judged, lie within.
pub const DAYS: i64 = 16;
const ITEMS: u64 = 75;

/// Splitmix64.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn tenths(&mut self, from: u64, to: u64) -> f64 {
        let tenths = u32::try_from(from + self.below(to - from)).expect("small");
        f64::from(tenths) / 10.0
    }

    pub fn id(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes());
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).expect("an index");
            items.swap(last, other);
        }
    }
}

/// One item, whose it is, and from when on it can be sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub person: usize,
    pub id: Uuid,
    pub taken_at: Timestamp,
    pub json: Value,
    /// Must be stored before: of several corrections of one thing the last to come counts, so these keep their order.
    pub after: Option<Uuid>,
}

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

/// In the order of measuring.
pub fn world(chance: &mut Chance) -> Vec<Sent> {
    let mut items: Vec<Sent> = (0..ITEMS).map(|_| item(chance)).collect();
    for _ in 0..ITEMS / 8 {
        let of = usize::try_from(chance.below(ITEMS)).expect("an index");
        let target = items[of].clone();
        let after = items.iter().rev().find(|item| item.json["corrects"] == json!(target.id)).map(|item| item.id);
        let values = match chance.below(3) {
            0 => json!({}),
            // What was meant, of the same components.
            _ => json!(meant(&target.json, chance)),
        };
        let (id, later) = (chance.id(), SignedDuration::from_mins(i64::try_from(chance.below(3_000)).expect("small")));
        let taken_at = (target.taken_at + later).min(at(SINCE) + SignedDuration::from_hours(24 * DAYS - 2));
        let json =
            json!({ "id": id, "kind": "correction", "corrects": target.id, "reason": "mistyped", "values": values });
        // Nobody corrects what is not sent yet by a second phone before its first correction.
        let taken_at = after
            .and_then(|after| items.iter().find(|item| item.id == after))
            .map_or(taken_at, |before| before.taken_at.max(taken_at));
        items.push(Sent { person: target.person, id, taken_at, json, after });
    }
    items.sort_by_key(|item| item.taken_at);
    items
}

fn meant(target: &Value, chance: &mut Chance) -> serde_json::Map<String, Value> {
    let mut values = target["values"].as_object().cloned().unwrap_or_default();
    for value in values.values_mut() {
        let by = chance.tenths(0, 200).round();
        if let Some(number) = value["value"].as_f64() {
            value["value"] = json!((number - by).max(1.0));
        }
    }
    values
}

fn item(chance: &mut Chance) -> Sent {
    let person = usize::try_from(chance.below(PEOPLE as u64)).expect("an index");
    let day = i64::try_from(chance.below(u64::try_from(DAYS - 1).expect("days"))).expect("days");
    // Often near the usual hours, sometimes at the very same minute.
    let minute = match chance.below(4) {
        0 => 480 + 15 * chance.below(3),
        1 => chance.below(1_440),
        _ => 420 + chance.below(120),
    };
    let taken_at = at(SINCE) + SignedDuration::from_mins(day * 1_440 + i64::try_from(minute).expect("minutes"));
    let id = chance.id();
    let mut json = match chance.below(20) {
        0..8 => pressure(chance),
        8..12 => glucose(chance),
        12..15 => reading("weight", json!({ "weight": { "value": chance.tenths(780, 830), "unit": "kg" } })),
        15 => {
            let vital = ["blood_pressure", "glucose", "weight"][usize::try_from(chance.below(3)).expect("an index")];
            json!({ "kind": "reading", "vital": vital, "absent": "could_not_measure" })
        }
        16 | 17 => answers(chance),
        18 => json!({ "kind": "event", "event": "hypo_symptoms" }),
        _ => {
            json!({ "kind": "event", "event": "insulin", "values": { "dose": { "value": chance.below(20) + 1, "unit": "[iU]" } } })
        }
    };
    json["id"] = json!(id);
    json["taken_at"] = json!(taken_at);
    Sent { person, id, taken_at, json, after: None }
}

fn reading(vital: &str, values: Value) -> Value {
    json!({ "kind": "reading", "vital": vital, "values": values })
}

fn pressure(chance: &mut Chance) -> Value {
    let (systolic, diastolic) = match chance.below(12) {
        0..4 => (118 + chance.below(32), 70 + chance.below(20)),
        4..7 => (178 + chance.below(14), 90 + chance.below(25)),
        7 => (221 + chance.below(20), 112 + chance.below(15)),
        8 => (76 + chance.below(15), 50 + chance.below(15)),
        9 => (60 + chance.below(12), 41 + chance.below(10)),
        // A slip of the finger, and the cuff upside down: not possible.
        10 => (1_850, 92),
        _ => (92, 148),
    };
    let quantity = |value: u64| json!({ "value": value, "unit": "mm[Hg]" });
    reading("blood_pressure", json!({ "systolic": quantity(systolic), "diastolic": quantity(diastolic) }))
}

fn glucose(chance: &mut Chance) -> Value {
    let glucose = match chance.below(8) {
        0 => json!({ "comparator": "high" }),
        1 => json!({ "comparator": "low" }),
        2 => json!({ "value": chance.tenths(20, 40), "unit": "mmol/L" }),
        3 => json!({ "value": chance.tenths(150, 300), "unit": "mmol/L" }),
        // In the other unit.
        4 => json!({ "value": 90 + chance.below(200), "unit": "mg/dL" }),
        _ => json!({ "value": chance.tenths(45, 120), "unit": "mmol/L" }),
    };
    reading("glucose", json!({ "glucose": glucose }))
}

fn answers(chance: &mut Chance) -> Value {
    let (questionnaire, link) = [
        ("bp-warning-signs|1", "warning_signs"),
        ("bp-warning-signs|1", "dizzy_or_fell"),
        ("diabetes-today|1", "ill_today"),
        ("heart-failure-daily|1", "breathless_at_rest"),
    ][usize::try_from(chance.below(4)).expect("an index")];
    json!({ "kind": "answers", "questionnaire": questionnaire,
            "answers": [{ "link_id": link, "value": if chance.one_in(2) { "yes" } else { "no" } }] })
}
