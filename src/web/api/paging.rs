//! Whom the service paged, why, over what, and what the other side said. No patient, and no address.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{ContactKind, Kind, Priority, Team};

/// `GET /api/paging`: of one's organisation, the latest first.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Paging {
    pub pages: Vec<PageLife>,
    /// There are older ones that are not shown.
    pub more: bool,
    /// The organisation's, to choose from.
    pub teams: Vec<Team>,
}

/// `GET /api/alerts/{alert}/pages`: how it was told, the latest first.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct AlertPages {
    pub pages: Vec<PageLife>,
}

/// One message to one person over one channel. `GET /api/paging/{page}`, and `GET /api/me/pages/{page}` of a test that one sent to oneself.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PageLife {
    pub page: Uuid,
    pub made_at: Timestamp,
    pub priority: Priority,
    /// `a test page`, `a code or a notice for this person alone`; null: it is about alerts.
    pub what: Option<String>,
    pub about: Vec<PageAbout>,
    pub to: Option<String>,
    pub channel: ContactKind,
    /// It went to a contact point that its owner confirmed.
    pub proven: bool,
    pub state: PageState,
    /// Not handed over, and nobody has its alert.
    pub unsettled: bool,
    pub tries: Vec<PageTry>,
    /// Another page went another way when this one did not get out.
    pub went_on: Option<PageWentOn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageState {
    Waits,
    /// The other side took it.
    HandedOver,
    GivenUp,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PageAbout {
    /// What pages and mails call it: `A1042`.
    pub reference: String,
    pub kind: Kind,
    pub priority: Priority,
    pub team: Option<String>,
    /// In words, as in `step 2 of 3, because nobody acknowledged it`.
    pub why: Vec<String>,
    pub owner: Option<String>,
    pub acknowledged_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PageTry {
    pub n: i16,
    /// When it ended.
    pub at: Timestamp,
    /// `handed over`, `given up`, `not taken, to be tried again`
    pub outcome: String,
    /// By the other side.
    pub said: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PageWentOn {
    pub page: Uuid,
    pub channel: ContactKind,
}

/// `GET /api/staff/{staff}/contacts`: the ways to page somebody that they confirmed, without where they lead.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Ways {
    pub ways: Vec<Way>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Way {
    pub contact: Uuid,
    pub kind: ContactKind,
}

/// A test page is on its way: the page that shows its life.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct TestSent {
    pub page: Uuid,
}
