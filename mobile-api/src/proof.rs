//! Which claims prove that a request comes from an enrolled device.
//!
//! Signing, and checking the signature, is the caller's business: no key enters this crate. Both kinds of proof are
//! JWTs signed with ES256 by the device's key, with `typ` as below and no claim left out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The header that carries the proof of an HTTP request.
pub const PROOF_HEADER: &str = "derwent-proof";
/// The `typ` in the header of every proof.
pub const PROOF_TYPE: &str = "derwent-proof+jwt";

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

impl SocketProof {
    /// What a phone signs for this challenge.
    pub fn new(device: Uuid, origin: &str, nonce: &str, server_time: Timestamp) -> Self {
        Self { iss: device, aud: origin.to_owned(), nonce: nonce.to_owned(), iat: server_time.as_second() }
    }
}

/// The service's time as it goes into a challenge: whole seconds, so that `iat` loses nothing.
pub fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).expect("a timestamp without its fraction is one")
}
