//! An alert, its history, and what staff do with it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{Kind, Person, Priority};

/// What a row of the worklist says of an alert.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AlertHead {
    pub alert: Uuid,
    /// What pages and mails call it: `A1042`.
    pub reference: String,
    pub kind: Kind,
    pub priority: Priority,
    pub sentence: String,
    pub opened_at: Timestamp,
    /// How late the data that opened it arrived; 0: in time.
    pub late_minutes: i32,
    /// The response promised.
    pub act_by: Timestamp,
    pub owner: Option<Person>,
    pub acknowledged_at: Option<Timestamp>,
    /// How often there was something new in it. Every act names it as `saw`, so that nobody acts on what they have not seen.
    pub told: i64,
    /// A colleague it was handed to and who has not accepted; until then `owner` has it.
    pub offered_to: Option<Person>,
    /// Calls to the patient that nobody answered, by whoever has it.
    pub rang: i16,
    pub snoozed_until: Option<Timestamp>,
    pub snooze_reason: Option<String>,
    /// The longest it may be put off, in minutes; 0: not any more.
    pub snooze_minutes: i64,
}

/// Everything about one alert. Answer of every act (`POST /api/alerts/{id}/acknowledge`, `…/close`, …), too.
/// An act is refused with 409: `already_acknowledged` (the message names who has it), `already_closed`, `changed` (there is
/// something new in it since), `nobody_has_it`, `not_in_team`,
/// `not_offered`, `snoozed_before`.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Alert {
    #[serde(flatten)]
    pub head: AlertHead,
    /// The problem, as rules name it: `blood pressure high`.
    pub problem: String,
    /// `pack/rule`, as in `hypertension/severe`.
    pub rule: String,
    /// The rule's advice to the team; empty where it has none.
    pub advice: String,
    /// Why, in sentences: values, limits in force and whose, rule, source.
    pub reasons: Vec<String>,
    /// Oldest first, never rewritten.
    pub history: Vec<AlertEvent>,
    pub closed_at: Option<Timestamp>,
    pub outcome: Option<Outcome>,
}

/// `GET /api/alerts/{reference}`, as in `A1042`: where the link in a page or a mail leads.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AlertPlace {
    pub alert: Uuid,
    pub patient: Uuid,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AlertEvent {
    pub at: Timestamp,
    /// `opened`, `raised`, `worsened`, `paged`, `acknowledged`, `came_back`, `closed`, …
    pub what: String,
    /// The member of staff who did it; null: the service.
    pub by: Option<String>,
    /// In words; may be empty.
    pub text: String,
}

/// `POST /api/alerts/{id}/acknowledge`, `…/accept`, `…/decline`, `…/release`, `…/rang-no-answer`
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Saw {
    /// `told` of the alert as it was shown.
    pub saw: i64,
}

/// `POST /api/alerts/{id}/snooze`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Snooze {
    pub saw: i64,
    pub until: Timestamp,
    pub reason: String,
}

/// `POST /api/alerts/{id}/offer`
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Offer {
    pub saw: i64,
    /// One of `GET /api/alerts/{id}/colleagues`.
    pub to: Uuid,
}

/// `GET /api/alerts/{id}/colleagues`: to whom it may be handed, by name.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Colleagues {
    pub colleagues: Vec<Person>,
}

/// `POST /api/alerts/{id}/close`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Close {
    pub saw: i64,
    pub outcome: Outcome,
    /// What was done, in words; may be empty.
    #[serde(default)]
    pub note: String,
}

/// What came of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    TreatmentChanged,
    LimitChanged,
    /// To urgent community response or the GP.
    SentOn,
    #[serde(rename = "called_999")]
    Called999,
    Admitted,
    Expected,
    DeviceFault,
    WrongEntry,
    /// Could not be reached; the welfare step was taken.
    CouldNotReach,
    NoAction,
}
