//! Phones, carers and instruments: who may submit for a person, and with what.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// `GET /api/patients/{id}/phones`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Phones {
    /// Their own and carers', newest first.
    pub devices: Vec<Device>,
    /// What the person agreed to and took back, newest first.
    pub carers: Vec<Consent>,
    /// Numbers of instruments that are this person's.
    pub instruments: Vec<InstrumentUser>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Device {
    pub device: Uuid,
    pub name: String,
    pub platform: String,
    pub app_version: String,
    pub enrolled_at: Timestamp,
    /// Null: not since it was enrolled.
    pub heard_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub revoked_why: Option<String>,
    /// Whose it is; null: the patient's own.
    pub carer: Option<Carer>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Carer {
    pub carer: Uuid,
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Consent {
    pub carer: Carer,
    pub given_at: Timestamp,
    /// Who wrote it down.
    pub given_to: String,
    pub how: String,
    /// Readings and messages too, not only what there is to do.
    pub sees_record: bool,
    pub withdrawn_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct InstrumentUser {
    pub instrument_user: Uuid,
    pub make: String,
    pub model: String,
    pub serial: String,
    pub user: i16,
    pub bound_at: Timestamp,
    pub bound_by: String,
}

/// `POST /api/patients/{id}/codes`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewCode {
    /// Whose phone it will be; null: the patient's own.
    #[serde(default)]
    pub carer: Option<Uuid>,
    /// The phone that is let in no more when the code is used.
    #[serde(default)]
    pub replaces: Option<Uuid>,
}

/// Shown once. For one phone.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct Code {
    pub code: String,
    pub ends_at: Timestamp,
    /// Opens the app with the code in it, behind the `#`, which no server sees.
    pub link: String,
    pub qr: Qr,
}

/// The link as a QR code: dark squares of a drawing that is so many units wide and high, as the path of an SVG.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct Qr {
    pub size: u32,
    pub path: String,
}

impl std::fmt::Debug for Qr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Qr").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code").field("ends_at", &self.ends_at).finish_non_exhaustive()
    }
}

/// `POST /api/patients/{id}/devices/{device}/revoke`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Revoke {
    #[schemars(length(min = 3, max = 500))]
    pub why: String,
}

/// `POST /api/patients/{id}/carers`: the person agreed to this carer. Said again, it takes the place of what was said before.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct Agreed {
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Asked for when the carer's phone is enrolled.
    pub date_of_birth: Date,
    /// As in `said so on the telephone`.
    #[schemars(length(min = 3, max = 500))]
    pub how: String,
    pub sees_record: bool,
}

impl std::fmt::Debug for Agreed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agreed").finish_non_exhaustive()
    }
}

/// `POST /api/patients/{id}/carers/{carer}/withdraw`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Withdraw {
    #[schemars(length(min = 3, max = 500))]
    pub why: String,
}

/// `POST /api/patients/{id}/instruments`: this user number is this person's. Make and model as the phone reads them out.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewInstrumentUser {
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub make: String,
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub model: String,
    #[schemars(length(min = 1, max = 100))]
    pub serial: String,
    #[schemars(range(min = 0, max = 255))]
    pub user: i16,
}
