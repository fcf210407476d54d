//! What is said over HTTP: enrolment, and the same submissions and screens where no socket can be held.
//!
//! Also the claims of both proofs. Signing and checking the signature is the caller's business: no key enters this crate.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item::Item;
use crate::refusal::Refusal;
use crate::time::PhoneTime;

/// The header that carries the proof of an HTTP request.
pub const PROOF_HEADER: &str = "derwent-proof";
/// The `typ` of a proof's JWT header, on the socket and over HTTP.
pub const PROOF_TYPE: &str = "derwent-proof+jwt";

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

/// The claims of the proof in `hello`. All are required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct SocketProof {
    /// The device.
    pub iss: Uuid,
    /// The service's origin: `https://derwent.example`.
    pub aud: String,
    pub nonce: String,
    /// The Unix time of the challenge's `server_time`: never the phone's own clock.
    pub iat: i64,
}

/// The claims of the proof in the header of an HTTP request. All are required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct HttpProof {
    pub iss: Uuid,
    pub aud: String,
    pub nonce: String,
    pub iat: i64,
    /// The method: `POST`.
    pub htm: String,
    /// Path and query, as sent: `/mobile/v1/submissions`.
    pub htu: String,
    /// SHA-256 of the body as sent, base64url without padding; of nothing if there is no body.
    pub body_sha256: String,
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
