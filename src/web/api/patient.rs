//! One person: who they are, what they are asked to do, what is known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{Alert, AskedPause, BrokenGlass, Device, LastReading, LimitChange, Person, Priority, Team};

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PatientHead {
    pub patient: Uuid,
    pub given_name: String,
    pub family_name: String,
    /// In whole years, on the patient's own calendar.
    pub age: i16,
    pub lives_alone: bool,
}

/// `POST /api/patients/search`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Search {
    /// Part of a name.
    pub name: String,
}

/// `GET /api/patients`, and what a search found. By family name.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PatientList {
    pub patients: Vec<PatientRow>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PatientRow {
    pub patient: PatientHead,
    pub team: String,
    pub live_since: Option<Timestamp>,
    /// Of the worst open alert; null: none is open.
    pub open: Option<Priority>,
    pub last_reading: Option<LastReading>,
}

/// `GET /api/patients/{id}`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PatientPage {
    /// Care time.
    pub now: Timestamp,
    pub patient: PatientHead,
    pub date_of_birth: Date,
    pub phone: Option<String>,
    /// The zone the patient lives in (IANA name).
    pub time_zone: String,
    pub team: Team,
    /// After one reading made the round trip; null: not yet heard from.
    pub live_since: Option<Timestamp>,
    /// Since when nobody watches any more; null: they are monitored.
    pub ended_at: Option<Timestamp>,
    /// Highest sequence number stored, and the highest judged by the computer.
    pub stored: i64,
    pub judged: i64,
    /// Open ones first, worst first; then what was closed in the last 90 days, newest first.
    pub alerts: Vec<Alert>,
    pub plan: Plan,
    /// Limits in force now.
    pub limits: Vec<Limit>,
    /// Who set, changed and ended limits of the person's own, newest first.
    pub limit_changes: Vec<LimitChange>,
    /// Every vital this person has readings of, the most recently measured first.
    pub vitals: Vec<VitalSummary>,
    /// Doubted values of the last 30 days that no second reading agrees with, newest first.
    pub unconfirmed: Vec<UnconfirmedValue>,
    /// What they answered in the last 90 days, newest first; at most 20.
    pub answers: Vec<AnswerSheet>,
    /// What their phone sent and we would not take, newest first.
    pub refusals: Vec<Refusal>,
    pub devices: Vec<Device>,
    /// In the last 90 days, newest first.
    pub broken_glass: Vec<BrokenGlass>,
    /// Null: it is not restricted. Otherwise those who are named see the record, and nobody else.
    pub restriction: Option<Restriction>,
    /// What of the record was erased because it was old; null: nothing.
    pub erased: Option<Erased>,
}

/// The person asked that their record be kept and looked at by nobody but those who are named.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Restriction {
    /// Machine time.
    pub since: Timestamp,
    /// Who restricted it, as they named themselves.
    pub by: String,
    pub why: String,
}

/// What was measured before `before` was erased at `at`.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Erased {
    /// Care time.
    pub before: Timestamp,
    /// Machine time.
    pub at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Plan {
    pub version: i64,
    pub packs: Vec<String>,
    pub slots: Vec<Slot>,
    /// That are not over.
    pub pauses: Vec<Pause>,
    /// What the person asked for and nobody has answered.
    pub asked_pause: Option<AskedPause>,
    /// What is known of the person that rules ask about, as in `pregnant`.
    pub tags: BTreeMap<String, bool>,
}

/// The person is away: nothing is due. What they measure is judged all the same.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Pause {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Who answers for it, and why it is.
    pub by: String,
    pub why: String,
}

/// What a patient is asked to do, and by when.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Slot {
    /// As in `Blood pressure`.
    pub what: String,
    /// The patient's local time of day, as in `08:00`.
    pub at: String,
    /// On which days, as in `every day`, `on mon, thu`, `every 2 days from 1 March 2026`.
    pub days: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Limit {
    /// `hypertension`
    pub pack: String,
    /// As rules name it: `severe_systolic`.
    pub name: String,
    pub value: f64,
    /// As people write it: `mmHg`.
    pub unit: String,
    pub whose: Whose,
    /// What the pack allows, its ends included, and what it sets for everybody of this age.
    pub from: f64,
    pub to: f64,
    pub pack_value: f64,
    /// When the pack's own holds again; null: until somebody changes it.
    pub until: Option<Timestamp>,
    /// Who set it for this person, and why; empty for the pack's own.
    pub by: String,
    pub why: String,
}

/// Who set a limit: the pack for everybody, or the plan for this person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    Pack,
    Plan,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct VitalSummary {
    /// As on the wire: `blood_pressure`.
    pub vital: String,
    /// As on a page: `Blood pressure`.
    pub title: String,
    pub unit: String,
    pub last: LastReading,
}

/// A value that alone raises alarms and calms none, until a second one agrees or somebody accepts it.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct UnconfirmedValue {
    /// The number it is accepted by.
    pub seq: i64,
    pub at: Timestamp,
    /// As on a page: `Weight`.
    pub title: String,
    /// `176.0 kg`
    pub text: String,
    /// Why it is doubted, in sentences.
    pub why: Vec<String>,
}

/// `POST /api/patients/{id}/readings/{seq}/accept`: an unconfirmed value is real for this person.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Accepted {
    pub by: Person,
    /// Care time.
    pub at: Timestamp,
}

/// A questionnaire as it was filled in.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AnswerSheet {
    pub seq: i64,
    pub at: Timestamp,
    /// As it was shown: `How you feel now`.
    pub title: String,
    /// What is to be known of it as a whole: `so far`, `taken back`, `14 (moderate)`.
    pub remarks: Vec<String>,
    pub lines: Vec<AnswerLine>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AnswerLine {
    pub question: String,
    pub answer: String,
    /// Why it does not fit what was asked; null: it does.
    pub odd: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Refusal {
    pub at: Timestamp,
    pub reason: String,
    pub detail: String,
}
