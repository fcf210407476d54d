//! One's own account: sessions, password, second factors.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::Passkey;

/// `GET /api/me/sessions`, the one used last first.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SessionList {
    pub sessions: Vec<Session>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Session {
    pub session: Uuid,
    /// The one that asks.
    pub this: bool,
    pub shared_computer: bool,
    pub made_at: Timestamp,
    pub used_at: Timestamp,
    pub address: String,
    /// As in `Firefox on Windows`.
    pub browser: String,
}

/// `GET /api/me/security`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Security {
    /// One-time codes, since when.
    pub totp_since: Option<Timestamp>,
    pub recovery_codes_left: usize,
    pub passkeys: Vec<Passkey>,
    /// This session is young enough to change any of it; else these requests answer 403 `sign_in_again`.
    pub may_change: bool,
}

/// `POST /api/me/password`. All other sessions end.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewPassword {
    pub password: String,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPassword").finish_non_exhaustive()
    }
}
