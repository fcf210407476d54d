//! One vital over time: what a chart and the table beside it need.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{Kind, Priority, Whose};

/// `GET /api/patients/{id}/series?vital=blood_pressure&from=…&until=…` (times optional: the last 90 days). A score is asked for
/// like a vital: `phq9`, `gad7`, `news2`.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Series {
    pub vital: String,
    /// As in `Blood pressure`.
    pub title: String,
    pub unit: String,
    /// What the values 0, 1, … are called where they are no numbers (`alert`, `new confusion`); else empty.
    pub levels: Vec<String>,
    /// Names of the values a point may have, as in `systolic`, `diastolic`.
    pub components: Vec<String>,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Oldest first.
    pub points: Vec<SeriesPoint>,
    /// How many times something was measured; more than `points` only when they were too many to draw. The highest and lowest
    /// of every stretch of time are always among `points`, and whatever is marked. (A corrected reading is two points.)
    pub readings: u32,
    /// Limits as they were in force then: steps, oldest first.
    pub limits: Vec<LimitStep>,
    /// Of a score: what each stretch of totals is called, lowest first. Empty for what is measured.
    pub bands: Vec<SeriesBand>,
    /// When it was due and nothing came, oldest first.
    pub missed: Vec<Timestamp>,
    pub events: Vec<SeriesEvent>,
    pub alerts: Vec<SeriesAlert>,
    /// When no readings were expected, or the service could not listen, or where they were erased.
    pub gaps: Vec<Gap>,
    /// The longest wait between two readings that the plan asks for.
    pub usual_interval_hours: f64,
    /// `Last 148/92 today 08:05; 30-day mean 141/86, above target 135/85 on 19 of 27 days.`
    pub sentence: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SeriesPoint {
    pub seq: i64,
    pub at: Timestamp,
    pub received_at: Timestamp,
    /// In the series' unit; a component that was not measured is missing.
    pub values: BTreeMap<String, f64>,
    /// A meter's HI (`high`) or LO (`low`), by component.
    pub comparators: BTreeMap<String, String>,
    /// As the phone sent it, for the table.
    pub given: Vec<Given>,
    pub state: PointState,
    /// Arrived more than an hour after it was taken.
    pub late: bool,
    /// Outside what is usual, and no second reading agrees yet.
    pub unconfirmed: bool,
    /// Who accepted it although it was doubted.
    pub accepted_by: Option<String>,
    /// The phone's own time could not be believed: dated by its arrival.
    pub dated_by_arrival: bool,
    /// `manual`, `bluetooth`, `told_by_phone`, …
    pub method: Option<String>,
    /// In words: `before breakfast`, `left arm`.
    pub context: Option<String>,
    /// Why there is no value: `could_not_measure`.
    pub absent: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PointState {
    /// As measured.
    Standing,
    /// Cannot be true (1850 for 185): shown, never used.
    Impossible,
    /// Replaced by newer values; the point that carries them has the same time.
    Corrected,
    /// Taken back: `not mine`.
    Withdrawn,
    /// The instrument keeps it under somebody else's user number: shown, never used.
    #[serde(rename = "not_theirs")]
    NotTheirs,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Given {
    pub component: String,
    /// As in `186 mm[Hg]`, `HI`.
    pub text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct LimitStep {
    /// As rules name it: `severe_systolic`.
    pub name: String,
    /// The component it is compared with.
    pub component: String,
    /// Which side of it a rule fires on.
    pub side: Side,
    pub from: Timestamp,
    /// null: still in force.
    pub until: Option<Timestamp>,
    pub value: f64,
    pub whose: Whose,
}

/// From one total to where the next band begins; the last reaches to the most there can be.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SeriesBand {
    pub from: f64,
    pub until: f64,
    /// `moderately severe`
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Above,
    Below,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SeriesEvent {
    pub at: Timestamp,
    /// `insulin`, `meal`, `exercise`, …
    pub event: String,
    /// `Insulin 9 units`
    pub text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SeriesAlert {
    pub alert: Uuid,
    pub reference: String,
    /// When the trouble began: the finding's start, in the time of the readings.
    pub at: Timestamp,
    pub kind: Kind,
    pub priority: Priority,
    pub sentence: String,
    pub closed_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Gap {
    pub from: Timestamp,
    pub until: Timestamp,
    /// `away`, `the service was not there`, `erased`
    pub text: String,
}
