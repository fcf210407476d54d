//! Passkeys: asked for and answered as browsers speak of them (WebAuthn's JSON), which we hand through unread.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use uuid::Uuid;

/// What goes to `navigator.credentials`; the cookie that comes with it lets the answer come once, within five minutes.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PasskeyOptions {
    #[ts(type = "{ publicKey: unknown }")]
    pub options: Value,
}

/// What the authenticator answered.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PasskeyAnswer {
    #[ts(type = "unknown")]
    pub credential: Value,
    #[serde(default)]
    pub shared_computer: bool,
}

/// `POST /api/me/passkeys`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewPasskey {
    /// To tell it from others.
    pub name: String,
    #[ts(type = "unknown")]
    pub credential: Value,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Passkey {
    pub passkey: Uuid,
    pub name: String,
    pub made_at: Timestamp,
    pub used_at: Option<Timestamp>,
}
