//! What a phone submits: readings, events, answers and corrections, as they look on the wire.
//!
//! Names of vitals, components, units and questionnaires are plain text here: which of them exist is the catalogue's
//! business, not the conversation's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::time::PhoneTime;

/// One thing a phone hands over. Its id is made by the phone (UUID version 7) and never used for anything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Item {
    pub id: Uuid,
    /// The handle of the person it is about, from `people`. Without it: the device's own patient.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<String>,
    /// Words for the care team. A person reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(flatten)]
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    Reading(Reading),
    Event(Event),
    Answers(Answers),
    Correction(Correction),
}

/// One act of measuring. Either `values`, or `absent` says why there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Reading {
    #[cfg_attr(feature = "schema", schemars(with = "jiff::Timestamp"), ts(type = "string"))]
    pub taken_at: PhoneTime,
    /// How long ago it was taken, by a clock that only runs forward. Wins over `taken_at`.
    #[serde(default, deserialize_with = "lenient::age", skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// `blood_pressure`, `weight`, …
    pub vital: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absent>,
    #[serde(default, deserialize_with = "lenient::known", skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<Instrument>,
    /// Circumstances by name: `arm`, `posture`, `irregular_pulse`, `meal`, … Values are text, numbers or booleans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
}

/// A number with its unit, or what the instrument showed instead of a number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Quantity {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// UCUM: `mm[Hg]`, `mmol/L`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The meter said HI or LO; `value`, if given, is the bound it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparator: Option<Comparator>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Comparator {
    /// Above what the instrument can show (HI).
    High,
    /// Below what the instrument can show (LO).
    Low,
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// Also whatever reason a newer app gives.
    #[serde(other)]
    CouldNotMeasure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Read from the instrument by the app.
    Instrument,
    /// Typed in by a person.
    Manual,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Instrument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The instrument's own user number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u8>,
}

/// Something that happened and explains a reading: insulin, a meal, exercise, symptoms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Event {
    #[cfg_attr(feature = "schema", schemars(with = "jiff::Timestamp"), ts(type = "string"))]
    pub taken_at: PhoneTime,
    #[serde(default, deserialize_with = "lenient::age", skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// `insulin`, `meal`, `exercise`, …
    pub event: String,
    /// At most one quantity: `dose`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
}

/// A filled-in questionnaire, or with `partial` as much of it as there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Answers {
    #[cfg_attr(feature = "schema", schemars(with = "jiff::Timestamp"), ts(type = "string"))]
    pub taken_at: PhoneTime,
    #[serde(default, deserialize_with = "lenient::age", skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// Name and version: `copd-daily|3`.
    pub questionnaire: String,
    #[serde(default)]
    pub partial: bool,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Answer {
    pub link_id: String,
    /// Text, a number, a boolean, or a list of texts.
    pub value: Value,
}

/// Takes back or replaces an earlier submission of the same patient. Nothing is erased: the last correction counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Correction {
    /// The id of the submission it corrects. Not a correction.
    pub corrects: Uuid,
    pub reason: CorrectionReason,
    /// What should have been sent. Without it the submission is withdrawn.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Quantity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CorrectionReason {
    /// Somebody else was measured.
    NotMine,
    /// The wrong number was typed.
    Mistyped,
    /// The instrument, or how it was used, was at fault.
    InstrumentFault,
    /// Also whatever reason a newer app gives.
    #[serde(other)]
    Other,
}

/// A reading is not refused for its decoration: what a newer app, or a clock in floating point, writes there is read as well
/// as it can be.
mod lenient {
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Deserializer};
    use serde_json::Value;

    /// A name this version does not know is no name.
    pub fn known<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
        Ok(Option::<Value>::deserialize(deserializer)?.and_then(|value| serde_json::from_value(value).ok()))
    }

    /// Milliseconds, whole or not. An age that is none is not given.
    pub fn age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        let value = Option::<Value>::deserialize(deserializer)?.unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked not to be negative; what is beyond the range is dated by arrival either way"
        )]
        let rounded = || value.as_f64().filter(|age| *age >= 0.0).map(|age| age.round() as u64);
        Ok(value.as_u64().or_else(rounded))
    }
}
