//! Where one can be told oneself.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// `GET /api/me/contacts`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ContactList {
    pub contacts: Vec<Contact>,
    /// What this service can send at all.
    pub kinds: Vec<ContactKind>,
    /// With which a browser subscribes to notifications (VAPID, base64url), where this service sends them.
    pub push_key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    Email,
    /// An integration key of PagerDuty Events v2, or of what speaks it.
    Pager,
    Sms,
    Webhook,
    /// A notification in a browser.
    WebPush,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Contact {
    pub contact: Uuid,
    pub kind: ContactKind,
    /// Of a pager's key the last four characters; of a browser its push service, and the last six of its address there.
    pub address: String,
    pub made_at: Timestamp,
    /// Since then pages go there; of several of a kind, to the one proven last.
    pub verified_at: Option<Timestamp>,
    /// A code that still counts.
    pub code: Option<CodeSent>,
}

/// How far a code has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeSent {
    OnItsWay,
    Sent,
    /// The other side does not take it: the address is wrong.
    Refused,
}

/// `POST /api/me/contacts`. A code goes to it.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewContact {
    pub kind: ContactKind,
    /// Of a browser: the endpoint of its subscription.
    pub address: String,
    /// Of a browser alone.
    pub keys: Option<BrowserKeys>,
}

/// What one browser reads notifications with, as its subscription says it (base64url).
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct BrowserKeys {
    pub p256dh: String,
    pub auth: String,
}

impl std::fmt::Debug for BrowserKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrowserKeys").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NewContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewContact").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct ContactAdded {
    pub contact: Uuid,
    /// Signs what goes to a webhook (Standard Webhooks). It is shown this once.
    pub secret: Option<String>,
}

impl std::fmt::Debug for ContactAdded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactAdded").field("contact", &self.contact).finish_non_exhaustive()
    }
}

/// `POST /api/me/contacts/{contact}/confirm`
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct ContactCode {
    /// Six digits.
    pub code: String,
}

impl std::fmt::Debug for ContactCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactCode").finish_non_exhaustive()
    }
}
