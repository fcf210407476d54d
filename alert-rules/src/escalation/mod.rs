//! What an alert does over time: who is paged when, what breaks an acknowledgement, what comes back.
//!
//! Pure: state + finding or instant → new state, what to write into the alert's history, whom to page, and (in the state)
//! when to ask again. Ids, people's names and SQL are the caller's. A caller does, in one transaction each:
//!
//! - after an evaluation: [`judge`] with every open alert of the patient and those closed in the last `REACH`, and
//!   write each [`Decision`];
//! - when `next_step_at` has come: [`step`]; when all pages of a step were given up: [`undelivered`];
//! - when staff act: the functions of [`act`].
//!
//! From every state but closed some instant moves it on: `next_step_at` is `None` only when closed. What may follow what,
//! with nobody doing anything, is explored whole in `tests/engine/life.rs`.

pub mod act;
pub mod bank_holidays;
mod clock;
mod cover;
mod hours;
mod judge;
mod known;
mod life;
pub mod policy;

pub use clock::{end, open, step, undelivered};
pub use cover::Cover;
pub use hours::{Calendar, Days, Hours, Weekly};
pub use judge::judge;
pub use known::{Known, KnownFiring, Note};
pub use life::{Calls, Life};
pub use policy::{Policies, Policy};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::finding::{Kind, Priority};

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
    pub life: Life,
    /// How often somebody put it off.
    pub snoozes: i16,
    /// How often there was something new in it: whoever acts names the one they saw.
    pub told: i64,
    /// The response promised: acknowledged by then, or dealt with by then once it is acknowledged.
    pub act_by: Timestamp,
    /// How many steps of the policy have been taken: 0 is the first, and after the last the last again.
    pub step: i16,
    /// When [`step`] must be called; None only when closed.
    pub next_step_at: Option<Timestamp>,
    /// What was known when people were last told: column `worst`.
    pub known: Known,
}

impl Alert {
    /// Of which no more is known; nobody is asked for yet.
    fn new(kind: Kind, priority: Priority, at: Timestamp) -> Alert {
        Alert {
            problem: String::new(),
            rule: String::new(),
            kind,
            priority,
            sentence: String::new(),
            opened_at: at,
            late_minutes: 0,
            finding_start: None,
            life: Life::Open,
            snoozes: 0,
            told: 1,
            act_by: at,
            step: 0,
            next_step_at: None,
            known: Known::default(),
        }
    }
}

/// Who is there to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Duty {
    pub cover: Cover,
    /// How many people the roster names at all; 0 is itself an operator alert.
    pub people: u16,
    pub policies: Policies,
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
    Snoozed,
    /// To a colleague, by name; whoever has it keeps it until the other accepts.
    Offered,
    Accepted,
    Declined,
    /// Whoever had it has it no more, and nobody else does.
    Released,
    RangNoAnswer,
    Reminded,
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
            Happened::Snoozed => "snoozed",
            Happened::Offered => "offered",
            Happened::Accepted => "accepted",
            Happened::Declined => "declined",
            Happened::Released => "released",
            Happened::RangNoAnswer => "rang_no_answer",
            Happened::Reminded => "reminded",
            Happened::CameBack => "came_back",
            Happened::Escalated => "escalated",
            Happened::Annotated => "annotated",
            Happened::Closed => "closed",
        }
    }
}

/// Tell them, from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    pub priority: Priority,
    pub to: Whom,
    pub why: PageWhy,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Whoever this step of the policy names.
    Step(i16),
    /// Whoever the policy names for the welfare step.
    Welfare,
    /// This member of staff, about something that is theirs.
    Staff(Uuid),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageWhy {
    Opened,
    Raised,
    Worsened,
    Renewed,
    Escalated,
    /// All steps were taken; this is the last once more.
    Repeated,
    CameBack,
    /// A colleague hands it to them.
    Offered,
    /// Whom they handed it to does not take it.
    Declined,
    /// Whoever has it let go of it.
    Released,
    /// Nobody answered ten minutes ago.
    RingAgain,
    RingEmergencyContact,
    /// Neither the patient nor the emergency contact answered.
    WelfareStep,
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
            PageWhy::Offered => "offered",
            PageWhy::Declined => "declined",
            PageWhy::Released => "released",
            PageWhy::RingAgain => "ring_again",
            PageWhy::RingEmergencyContact => "ring_emergency_contact",
            PageWhy::WelfareStep => "welfare_step",
        }
    }
}

/// An operator alert to be: kind service, no patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub problem: String,
    pub sentence: String,
}
