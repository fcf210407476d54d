//! What is said on the socket: one JSON object a text frame, each with a `type`.
//!
//! Unknown fields are ignored by both sides. How the service reads a frame, item by item, is in `decode`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item::Item;
use crate::limits::Limits;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::time::PhoneTime;

/// What a phone says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The answer to `challenge`, and the first thing a phone says.
    Hello(Hello),
    Submit(Submit),
    /// An ask is on the screen, in front of a person: its repeat timer starts.
    Shown {
        id: Uuid,
    },
    /// Every push up to this number is kept by the phone: the service may forget it.
    Ack {
        through: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Hello {
    pub device_id: Uuid,
    pub app_version: String,
    /// The phone's clock as it is, right or wrong.
    #[cfg_attr(feature = "schema", schemars(with = "jiff::Timestamp"), ts(type = "string"))]
    pub phone_time: PhoneTime,
    #[serde(default)]
    pub resume: Resume,
    /// Whether the phone may show notifications: `granted`, `denied`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications: Option<String>,
    /// A JWT signed by the device's key: see `SocketProof`.
    pub proof: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Resume {
    /// The number of the last `ask` or `message` the phone has.
    #[serde(default)]
    pub push: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Submit {
    /// Chosen by the phone, counted up within a connection; the receipt names it.
    pub batch: u64,
    pub items: Vec<Item>,
}

/// What the service says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    Challenge(Challenge),
    Welcome(Welcome),
    Receipt(Receipt),
    /// Judged by the computer, up to this sequence number.
    Checked {
        #[serde(rename = "for")]
        whom: String,
        through: u64,
    },
    Seen(Seen),
    Next(Next),
    Ask(Ask),
    Plan(Box<Plan>),
    Message(Message),
    Bye(Bye),
    /// A whole frame was not taken; the connection goes on. An item is refused in the receipt instead.
    Refused(Refused),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Challenge {
    pub nonce: String,
    /// Whole seconds: its Unix time is the `iat` of the proof.
    pub server_time: Timestamp,
    pub protocol: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Welcome {
    pub session_id: Uuid,
    pub server_time: Timestamp,
    /// The service's clock minus the phone's; 0 when less than two minutes.
    pub clock_skew_ms: i64,
    pub limits: Limits,
    pub people: Vec<Person>,
}

/// Somebody this device may submit for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Person {
    /// The handle that `for` takes on this device.
    #[serde(rename = "for")]
    pub whom: String,
    pub given_name: String,
    pub plan_version: u64,
    pub judged_through: u64,
    /// One reading made the round trip, and the episode has not ended.
    pub live: bool,
}

/// One decision for each item of a batch. `stored` is said after the commit to disk, and by nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Receipt {
    /// Absent over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    pub items: Vec<ReceiptItem>,
    /// Words for the person, when there is something to say: *you are no longer monitored, call …*
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct ReceiptItem {
    /// As it was sent: usually a UUID; empty if the item had none.
    pub id: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// On disk. The phone may forget it.
    Stored {
        seq: u64,
        #[serde(default)]
        flags: Vec<Flag>,
    },
    /// It was stored before, with this decision. The phone may forget it.
    Duplicate {
        seq: u64,
        #[serde(default)]
        flags: Vec<Flag>,
    },
    /// Not taken. With `retry: false` the phone may forget it; a person sees the refusal.
    Refused(Refusal),
}

/// What the service noted about a stored item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Outside the range a value is believed at once in.
    Unconfirmed,
    /// Cannot be; kept, never used as a value, and asked for again.
    Impossible,
    /// The phone's time made no sense; it is dated by its arrival.
    DatedByArrival,
    /// The episode had ended.
    NotMonitored,
    /// The instrument keeps it under somebody else's user number; kept, never used as this person's value.
    NotTheirs,
    /// Of answers that are not `partial`: something required is not answered.
    Incomplete,
    /// Some answer does not fit the questionnaire: kept and judged as it is.
    Unexpected,
}

/// A named person acknowledged what these items led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Seen {
    #[serde(rename = "for")]
    pub whom: String,
    pub items: Vec<Uuid>,
    pub by: String,
}

/// What happens next about this person's submissions that became work for people and that nobody has acknowledged. It is whole:
/// it takes the place of what was said before, and of what is not in it there is nothing to wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Next {
    #[serde(rename = "for")]
    pub whom: String,
    /// The most pressing first: of an item that is in several, the first counts.
    pub work: Vec<Work>,
}

/// Work that nobody has acknowledged, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Work {
    pub items: Vec<Uuid>,
    /// Whose people were told, are being told, or look next.
    pub team: String,
    /// That team's number.
    pub phone: String,
    #[serde(flatten)]
    pub told: Told,
    /// When somebody was to have answered: of what is most pressing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
}

/// Whether anybody was told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Told {
    /// Not yet; it is on its way.
    PassedOn,
    /// The first message about it was handed over to a channel then. Nobody has answered.
    Paged { at: Timestamp },
    /// Nobody is told before then.
    Waits { until: Timestamp },
}

/// A rule asks for something now. Kept by the service until acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Ask {
    /// The push number, for `ack` and `resume`.
    pub n: u64,
    pub id: Uuid,
    #[serde(rename = "for")]
    pub whom: String,
    /// What to do first: *Sit down and rest for five minutes.*
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    pub text: String,
    /// The vital to measure again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vital: Option<String>,
    /// The questionnaire to put beside it, from the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symptoms: Option<String>,
    pub until: Timestamp,
}

/// Words from the service or from a named person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Message {
    pub n: u64,
    pub id: Uuid,
    #[serde(rename = "for")]
    pub whom: String,
    pub from: String,
    pub text: String,
    pub at: Timestamp,
}

/// The service is about to close this connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Bye {
    pub code: ByeCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ByeCode {
    ShuttingDown,
    /// Too many came at once, and this one was not quick to say who it is.
    Busy,
    /// The device enrolled anew elsewhere, or staff withdrew it.
    Revoked,
    /// The same device opened a newer connection.
    Replaced,
    BadProof,
    TooFast,
    ProtocolError,
    TooBig,
    NoAnswer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Refused {
    /// The batch, if it was a `submit` and its number could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    #[serde(flatten)]
    pub refusal: Refusal,
}
