//! The readings that phones send. A phone of the crate would write each anew; ten thousand of them on the two cores they
//! measure write each kind once, by the crate's own types, and put id and time into that text.

use alert_rules::Vital;
use jiff::{SignedDuration, Timestamp};
use mobile_api::item::{Body, Item, Method, Quantity, Reading};
use mobile_api::time::PhoneTime;
use uuid::Uuid;

use crate::random;

/// Stands for the time in the text of a form.
const MARK: &str = "2001-02-03T04:05:06Z";

/// What is sent in one frame.
#[derive(Debug, Clone, Copy)]
pub enum What {
    /// Three in ten are blood pressures within the limits, the others a pulse: so many, so far apart, the last just now.
    Ordinary { readings: usize, apart: SignedDuration },
    /// One blood pressure for which somebody is paged at once.
    Severe,
}

impl What {
    pub const ONE: Self = Self::Ordinary { readings: 1, apart: SignedDuration::ZERO };

    pub fn readings(self) -> usize {
        match self {
            Self::Ordinary { readings, .. } => readings,
            Self::Severe => 1,
        }
    }
}

#[derive(Debug)]
pub struct Forms {
    pressure: Form,
    pulse: Form,
    severe: Form,
}

/// The text of an item before its id, up to its time, and from there on.
#[derive(Debug)]
struct Form([String; 3]);

impl Forms {
    pub fn new() -> anyhow::Result<Self> {
        let at: Timestamp = MARK.parse()?;
        Ok(Self {
            pressure: Form::of(&pressure(128.0, 78.0, at))?,
            pulse: Form::of(&pulse(at))?,
            severe: Form::of(&pressure(231.0, 132.0, at))?,
        })
    }

    /// The text of a `submit`, and the ids in it. `first` is the number of its first reading among the phone's own.
    pub fn frame(&self, batch: u64, what: What, first: usize, now: Timestamp) -> anyhow::Result<(String, Vec<Uuid>)> {
        let count = what.readings();
        let mut text = String::with_capacity(64 + 300 * count);
        text.push_str(&format!(r#"{{"type":"submit","batch":{batch},"items":["#));
        let mut ids = Vec::with_capacity(count);
        for place in 0..count {
            let (form, at) = match what {
                What::Severe => (&self.severe, now),
                What::Ordinary { apart, .. } => {
                    let form = if is_pressure(first + place) { &self.pressure } else { &self.pulse };
                    (form, now - apart * i32::try_from(count - 1 - place)?)
                }
            };
            if place > 0 {
                text.push(',');
            }
            let id = random::new_id();
            let [before_id, before_time, after] = &form.0;
            text.push_str(before_id);
            text.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
            text.push_str(before_time);
            text.push_str(&serde_json::to_string(&PhoneTime::utc(at))?);
            text.push_str(after);
            ids.push(id);
        }
        text.push_str("]}");
        Ok((text, ids))
    }
}

impl Form {
    fn of(item: &Item) -> anyhow::Result<Self> {
        let text = serde_json::to_string(item)?;
        let time = serde_json::to_string(&PhoneTime::utc(MARK.parse()?))?;
        let parts = text.split_once(&item.id.to_string()).and_then(|(before_id, rest)| {
            let (before_time, after) = rest.split_once(&time)?;
            Some([before_id, before_time, after].map(str::to_owned))
        });
        parts.map(Self).ok_or_else(|| anyhow::anyhow!("an item is not written as its id, then its time: {text}"))
    }
}

/// Three in ten, the longest pause four readings.
fn is_pressure(number: usize) -> bool {
    matches!(number % 10, 0 | 3 | 7)
}

/// The item with this number of a phone's own.
pub fn ordinary(number: usize, at: Timestamp) -> Item {
    if is_pressure(number) { pressure(128.0, 78.0, at) } else { pulse(at) }
}

pub fn pressure(systolic: f64, diastolic: f64, at: Timestamp) -> Item {
    reading(
        Vital::BloodPressure,
        &[("systolic", systolic, "mm[Hg]"), ("diastolic", diastolic, "mm[Hg]"), ("pulse", 70.0, "/min")],
        at,
    )
}

fn pulse(at: Timestamp) -> Item {
    reading(Vital::Pulse, &[("pulse", 70.0, "/min")], at)
}

fn reading(vital: Vital, values: &[(&str, f64, &str)], at: Timestamp) -> Item {
    let values = values.iter().map(|(component, value, unit)| {
        let quantity = Quantity { value: Some(*value), unit: Some((*unit).to_owned()), comparator: None };
        ((*component).to_owned(), quantity)
    });
    let body = Body::Reading(Reading {
        taken_at: PhoneTime::utc(at),
        age_ms: None,
        vital: vital.name().to_owned(),
        values: values.collect(),
        absent: None,
        method: Some(Method::Instrument),
        instrument: None,
        context: None,
    });
    Item { id: random::new_id(), whom: None, note: None, body }
}
