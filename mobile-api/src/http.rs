//! What is said over HTTP: enrolment, and the same submissions and screens where no socket can be held.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item::Item;
use crate::refusal::Refusal;
use crate::time::PhoneTime;

/// `POST /mobile/v1/enrol`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct EnrolRequest {
    /// As the co-ordinator gave it. Case, spaces and hyphens do not matter.
    pub code: String,
    pub date_of_birth: Date,
    pub device: DeviceDescription,
    pub public_key: Jwk,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct DeviceDescription {
    pub name: String,
    pub platform: String,
    pub app_version: String,
}

/// A P-256 public key (RFC 7517), coordinates in base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Jwk {
    /// `EC`
    pub kty: String,
    /// `P-256`
    pub crv: String,
    pub x: String,
    pub y: String,
}

/// `201 Created`, and the same again for the same code and key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Enrolled {
    pub device_id: Uuid,
    pub people: Vec<EnrolledPerson>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct EnrolledPerson {
    #[serde(rename = "for")]
    pub whom: String,
    pub given_name: String,
}

/// The body of every HTTP answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct HttpRefused {
    #[serde(flatten)]
    pub refusal: Refusal,
}

/// `POST /mobile/v1/challenge`: a nonce for one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct HttpChallenge {
    pub nonce: String,
    /// Whole seconds: its Unix time is the `iat` of the proof.
    pub server_time: Timestamp,
    pub expires_in_s: u32,
}

/// `POST /mobile/v1/submissions`; the answer is a `Receipt`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Submissions {
    #[cfg_attr(feature = "schema", schemars(with = "jiff::Timestamp"), ts(type = "string"))]
    pub phone_time: PhoneTime,
    pub items: Vec<Item>,
}

/// `POST /mobile/v1/pauses?for=…`: the person will be away, and asks that nothing be due meanwhile. Somebody of the team decides; until
/// then everything goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct PauseAsked {
    /// Made by the phone (UUID version 7), the same when it is sent again.
    pub id: Uuid,
    /// The first day away, where the person lives.
    pub from: Date,
    /// The first day back: things are due again.
    pub until: Date,
    pub why: String,
}

/// `GET /mobile/v1/readings?for=…&since=…`: the person's own readings, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Readings {
    #[serde(rename = "for")]
    pub whom: String,
    pub readings: Vec<StoredReading>,
    /// There are more: ask again since the last one's `seq`.
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct StoredReading {
    pub seq: u64,
    pub id: Uuid,
    pub at: Timestamp,
    pub vital: String,
    pub values: std::collections::BTreeMap<String, crate::item::Quantity>,
    pub flags: Vec<crate::message::Flag>,
}

/// `GET /mobile/v1/access-log?for=…&before=…`: who opened or changed the person's record, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct AccessLog {
    #[serde(rename = "for")]
    pub whom: String,
    pub entries: Vec<Access>,
    /// There are more: ask again `before` the last one's `number`.
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Access {
    pub number: i64,
    pub at: Timestamp,
    /// By name.
    pub who: String,
    /// Nurse, pharmacist, … None: whoever looks after the service.
    pub profession: Option<String>,
    pub organisation: Option<String>,
    /// The team that looks after this person and that they work in.
    pub team: Option<String>,
    /// What they did, in words that follow their name: *opened the record*.
    pub did: String,
    /// The reason they gave.
    pub why: Option<String>,
    /// They are not of a team that looks after this person, and opened the record all the same, with that reason.
    pub emergency: bool,
}
