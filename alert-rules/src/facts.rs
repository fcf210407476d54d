//! Facts about one patient that are set by people and versioned: plan, limits, tags, pauses.
//!
//! Serialised, this is `patient_facts.facts`. An evaluation names the version it used, so anyone can recompute it.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::finding::Priority;
use crate::vital::Vital;

/// Tags a pack may ask about. A tag that is not set on a patient is unknown, neither yes nor no.
pub const TAGS: [&str; 13] = [
    "after_discharge",
    "diabetes_type_1",
    "heart_failure",
    "known_low_saturations",
    "lives_alone",
    "live_alert",
    "on_insulin",
    "on_oxygen",
    "on_sglt2_inhibitor",
    "on_warfarin",
    // Within six weeks of giving birth.
    "postnatal",
    "pregnant",
    "prone_to_falls",
];

/// One version of what people have set for a patient.
///
/// In JSON only `date_of_birth`, `time_zone` (an IANA name) and `plan` must be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    #[serde(default)]
    pub version: i64,
    /// When this version came into force: every rule is looked at then. The monitor fills it in.
    #[serde(default, skip_serializing)]
    pub valid_from: Option<Timestamp>,
    pub date_of_birth: Date,
    #[serde(with = "jiff::fmt::serde::tz::required")]
    pub time_zone: TimeZone,
    #[serde(default)]
    pub tags: BTreeMap<String, bool>,
    /// NEWS2 scores the oxygen level on scale 2, for a target of 88–92 %: a clinician's decision, and never the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spo2_scale_2: Option<SetBy>,
    pub plan: Plan,
    #[serde(default)]
    pub pauses: Vec<Pause>,
    /// When the service itself was not listening; the monitor adds these, they are not stored with the facts.
    #[serde(default, skip_serializing)]
    pub service_gaps: Vec<Gap>,
}

/// Who decided something, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBy {
    pub by: String,
    pub at: Timestamp,
    pub why: String,
}

/// What the patient is asked to do, which packs watch them, and their own limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Readings from before are chart only.
    pub since: Timestamp,
    /// Names of packs: `hypertension`.
    #[serde(default)]
    pub packs: Vec<String>,
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// By `pack/limit`: `hypertension/target_systolic`.
    #[serde(default)]
    pub limits: BTreeMap<String, PlanLimit>,
    /// What a rule with `priority = "from plan"` raises.
    #[serde(default = "medium")]
    pub absence_priority: Priority,
}

fn medium() -> Priority {
    Priority::Medium
}

/// One limit set for this patient, in place of the pack's default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanLimit {
    pub value: f64,
    pub unit: String,
    /// Who set it.
    pub by: String,
    pub why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A time of day at which something is due, in the patient's own time zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// `{"vital": "blood_pressure"}` or `{"questionnaire": "bp-warning-signs"}`.
    #[serde(flatten)]
    pub due: Due,
    /// `"08:00"`.
    pub at: Time,
    /// Empty: every day. Else of `"mon" "tue" "wed" "thu" "fri" "sat" "sun"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// Every so many days, counted from `from`. None: every day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_days: Option<NonZeroU8>,
    /// The first day of a course.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day of a course, itself included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// A reading this much before the due time already counts for it.
    #[serde(default = "four_hours")]
    pub early_min: u16,
}

fn four_hours() -> u16 {
    240
}

impl Slot {
    pub fn daily(due: Due, at: Time) -> Slot {
        Slot { due, at, days: Vec::new(), every_days: None, from: None, until: None, early_min: four_hours() }
    }

    /// Whether it is due on this day of the patient's calendar.
    pub fn falls_on(&self, date: Date) -> bool {
        let in_step = |days: NonZeroU8| {
            let since = self.from.unwrap_or(Date::ZERO).duration_until(date).as_hours() / 24;
            since % i64::from(days.get()) == 0
        };
        self.from.is_none_or(|from| from <= date)
            && self.until.is_none_or(|until| date <= until)
            && (self.days.is_empty() || self.days.iter().any(|day| date.weekday() == (*day).into()))
            && self.every_days.is_none_or(in_step)
    }

    /// The longest from one due day to the next while it lasts.
    fn days_apart(&self) -> i64 {
        const WEEK: i64 = 7;
        self.every_days.map_or(WEEK, |days| i64::from(days.get()).max(WEEK))
    }
}

impl Plan {
    /// How far back a reading may lie that was for the slot before this one; a day more, for early ones.
    pub(crate) fn slots_apart(&self) -> SignedDuration {
        let days = self.slots.iter().map(Slot::days_apart).max().unwrap_or_default();
        SignedDuration::from_hours(24 * (days + 1))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    Vital(Vital),
    Questionnaire(String),
}

impl Due {
    /// A vital's name, else a questionnaire's id. The total of a questionnaire is made of answers, so its questions are due.
    pub fn named(name: &str) -> Due {
        let measured = Vital::named(name).filter(|vital| !vital.is_score());
        measured.map_or_else(|| Due::Questionnaire(name.to_owned()), Due::Vital)
    }

    /// As a person reads it: `blood pressure`, `answer to “wellbeing today”`.
    pub fn words(&self) -> String {
        match self {
            Due::Vital(vital) => vital.words().to_owned(),
            Due::Questionnaire(id) => format!("answer to “{}”", id.replace(['-', '_'], " ")),
        }
    }
}

/// A day of the week, as plans spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    pub const ALL: [Day; 7] = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];

    pub fn name(self) -> &'static str {
        match self {
            Day::Mon => "mon",
            Day::Tue => "tue",
            Day::Wed => "wed",
            Day::Thu => "thu",
            Day::Fri => "fri",
            Day::Sat => "sat",
            Day::Sun => "sun",
        }
    }
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Weekday {
        match day {
            Day::Mon => Weekday::Monday,
            Day::Tue => Weekday::Tuesday,
            Day::Wed => Weekday::Wednesday,
            Day::Thu => Weekday::Thursday,
            Day::Fri => Weekday::Friday,
            Day::Sat => Weekday::Saturday,
            Day::Sun => Weekday::Sunday,
        }
    }
}

/// The patient is away. Stops absence rules, never value rules, never an alert already open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Who answers for it.
    pub by: String,
    pub why: String,
    /// The patient asked for it and nobody has taken it on yet: a task, and it stops nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
}

impl Facts {
    /// Pauses that somebody answers for.
    pub fn pauses_in_force(&self) -> impl Iterator<Item = &Pause> {
        self.pauses.iter().filter(|pause| !pause.asked)
    }
}

/// Nobody was listening; `overdue` does not count this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub from: Timestamp,
    pub until: Timestamp,
}
