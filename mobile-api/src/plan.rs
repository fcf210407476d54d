//! The plan as a phone needs it: whom to ring, what is due, how to enter it, and what to say at once without signal.
//!
//! It is state: sent whole at `welcome` and again whenever it changes; the newest replaces what the phone had.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Plan {
    #[serde(rename = "for")]
    pub whom: String,
    pub version: u64,
    /// IANA name: everything the person reads is in this zone.
    pub time_zone: String,
    pub team: Team,
    /// What is due, soonest first: today's slots and the next after them.
    pub due: Vec<Due>,
    /// What the person may enter at any time.
    pub vitals: Vec<PlanVital>,
    pub questionnaires: Vec<Questionnaire>,
    pub advice: Vec<AdviceBand>,
    /// Looked at with each answer, in order; the first that fits is said.
    #[serde(default)]
    pub answer_advice: Vec<AnswerAdvice>,
    /// On every screen: *If you have chest pain …, call 999.*
    pub emergency: String,
}

/// Who looks at the readings, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Team {
    pub name: String,
    pub phone: String,
    /// The team's local time, `08:00`, of the stretch of `cover` that is or comes next. Equal to `cover_until`: all day.
    pub cover_from: String,
    pub cover_until: String,
    /// When people look, from now through two weeks, in order and apart. Past its end nothing is known.
    #[serde(default)]
    pub cover: Vec<Cover>,
    /// IANA name: the cover is in this zone, wherever the person lives.
    pub time_zone: String,
}

/// From – until people look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Cover {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// One due time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Due {
    pub slot: String,
    pub what: DueWhat,
    /// *Blood pressure, morning*
    pub title: String,
    /// From then on it is due now; before it is due later.
    pub opens_at: Timestamp,
    pub due_at: Timestamp,
    /// After that it is overdue.
    pub closes_at: Timestamp,
    pub done: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DueWhat {
    /// A vital of `vitals`, by name.
    Vital(String),
    /// A questionnaire of `questionnaires`, by name and version.
    Questionnaire(String),
}

/// How to enter one vital.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct PlanVital {
    pub vital: String,
    pub title: String,
    pub components: Vec<PlanComponent>,
    /// The instrument can show HI and LO.
    pub off_scale: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct PlanComponent {
    pub component: String,
    pub title: String,
    pub required: bool,
    /// The first is the usual one.
    pub units: Vec<PlanUnit>,
    /// What there is to choose from, where no number is read off anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", ts(optional, as = "Option<Vec<PlanChoice>>"))]
    pub choices: Vec<PlanChoice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct PlanChoice {
    /// What is sent, in the first unit.
    pub value: u8,
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct PlanUnit {
    /// What is sent: `mm[Hg]`.
    pub unit: String,
    /// What is shown: `mmHg`.
    pub title: String,
    /// Digits after the point that make sense to type.
    pub decimals: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Questionnaire {
    /// Name and version, as `answers` names it.
    pub questionnaire: String,
    pub title: String,
    /// A FHIR R4 Questionnaire.
    pub content: Value,
}

/// Words a clinician signed, said at entry, with or without signal. The phone judges nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct AdviceBand {
    pub vital: String,
    pub component: String,
    /// In this unit, which is the component's own.
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_or_above: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    pub say: String,
    /// The call to offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
}

/// Words a clinician signed, said at the tap of an answer, with or without signal. That tap sends the answers so far as
/// `partial`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct AnswerAdvice {
    /// Name and version, as in `questionnaires`.
    pub questionnaire: String,
    pub link_id: String,
    /// Values as they are sent: codes of options, or booleans.
    pub any_of: Vec<Value>,
    pub say: String,
    /// The call to offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Call {
    #[serde(rename = "999")]
    Emergency,
    #[serde(rename = "111")]
    Nhs111,
    #[serde(rename = "team")]
    Team,
}
