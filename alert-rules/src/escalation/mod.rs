//! What an alert does over time: who is paged when, what breaks an acknowledgement, what comes back.
//!
//! Pure: state + finding or instant → new state, what to write into the alert's history, whom to page, and (in the state)
//! when to ask again. Ids, people's names and SQL are the caller's. A caller does, in one transaction each:
//!
//! - after an evaluation: [`judge`] with every open alert of the patient and those closed in the last `REACH`, and
//!   write each [`Decision`];
//! - when `next_step_at` has come, which whoever gave up all pages of a step puts to now: [`step`];
//! - when staff act: [`acknowledge`], [`close`].
//!
//! From every open state some instant moves it on: `next_step_at` is `None` only when closed.

mod clock;
mod cover;
mod judge;

pub use clock::{acknowledge, close, step};
pub use cover::Cover;
pub use judge::judge;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::finding::{Extreme, Kind, Priority};

/// The work a finding makes for people. Fields are the columns of table `alert`, without ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub problem: String,
    /// `pack/rule`.
    pub rule: String,
    pub kind: Kind,
    pub priority: Priority,
    pub sentence: String,
    pub opened_at: Timestamp,
    pub late_minutes: i64,
    /// None: an operator alert, made by no finding.
    pub finding_start: Option<Timestamp>,
    /// Staff who acknowledged and has it.
    pub owner: Option<Uuid>,
    pub acknowledged_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub outcome: Option<String>,
    /// The response promised.
    pub act_by: Timestamp,
    /// How many steps of escalation have been taken: 0 is who is on duty, 1 the next on the roster, …
    pub step: i16,
    /// When [`step`] must be called; None only when closed.
    pub next_step_at: Option<Timestamp>,
    /// What was known when people were last told: column `worst`.
    pub known: Known,
}

/// What people were told about, so that the same is never news twice.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    pub worst: Vec<Extreme>,
    pub firings: Vec<KnownFiring>,
    /// The last annotation, so that it is made once.
    pub note: Option<Note>,
    /// The sentence says that a value is unconfirmed.
    pub unconfirmed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownFiring {
    /// `pack/rule`.
    pub rule: String,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// When this was last written down: of what had not ended, people knew until then.
    pub through: Timestamp,
    /// The latest.
    pub at_once: Option<Timestamp>,
}

/// What later data say about an alert that is not rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The finding has ended.
    Ended,
    /// The finding has ended because no rule looks at it any more.
    Unwatched,
    /// With what is known now, the finding is less than what people were told.
    Explained,
    /// With what is known now there is no finding: withdrawn or corrected.
    Withdrawn,
}

impl Note {
    /// In the history of this alert.
    pub fn sentence(self, alert: &Alert) -> &'static str {
        match (self, alert.kind) {
            (Note::Ended, Kind::Clinical) if alert.known.worst.is_empty() => "later answers or values no longer say so",
            (Note::Ended, Kind::Clinical) => "later readings are within limits",
            (Note::Ended, Kind::Absence) => "a reading has come since",
            (Note::Ended, Kind::Equipment) => "a value that can be used has come since",
            (Note::Ended, Kind::Service) => "this is so no more",
            (Note::Unwatched, _) => "the rules no longer look at this: whether it is over, nobody knows",
            (Note::Explained, _) => "a later reading explains this",
            (Note::Withdrawn, _) => "the readings behind this were withdrawn or corrected; whose were they?",
        }
    }
}

/// Who is there to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Duty {
    pub cover: Cover,
    /// How many people the roster names at all; 0 is itself an operator alert.
    pub people: u16,
}

/// What to write, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Index into the alerts that were given; None opens a new one.
    pub of: Option<usize>,
    /// The alert as it is from now on.
    pub alert: Alert,
    /// Rows of `alert_event`, in order.
    pub entries: Vec<Entry>,
    /// Rows of `page_request`.
    pub pages: Vec<PageRequest>,
    /// Something the operator must look at: a notice to the operator, unless one of this problem is open.
    pub operator: Option<Operator>,
}

/// A line of an alert's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub what: Happened,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    Opened,
    Raised,
    Worsened,
    Renewed,
    Acknowledged,
    CameBack,
    Escalated,
    Annotated,
    Closed,
}

impl Happened {
    /// As stored in `alert_event.what`.
    pub fn name(self) -> &'static str {
        match self {
            Happened::Opened => "opened",
            Happened::Raised => "raised",
            Happened::Worsened => "worsened",
            Happened::Renewed => "renewed",
            Happened::Acknowledged => "acknowledged",
            Happened::CameBack => "came_back",
            Happened::Escalated => "escalated",
            Happened::Annotated => "annotated",
            Happened::Closed => "closed",
        }
    }
}

/// Tell whoever stands at `step` of the roster, from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    pub priority: Priority,
    pub step: i16,
    pub why: PageWhy,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageWhy {
    Opened,
    Raised,
    Worsened,
    Renewed,
    Escalated,
    /// Everybody on the roster was told once already.
    Repeated,
    CameBack,
}

impl PageWhy {
    /// As stored in `page_request.why`.
    pub fn name(self) -> &'static str {
        match self {
            PageWhy::Opened => "opened",
            PageWhy::Raised => "raised",
            PageWhy::Worsened => "worsened",
            PageWhy::Renewed => "renewed",
            PageWhy::Escalated => "escalated",
            PageWhy::Repeated => "repeated",
            PageWhy::CameBack => "came_back",
        }
    }
}

/// An operator alert to be: kind service, no patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub problem: String,
    pub sentence: String,
}
