//! Signing in at an organisation's own provider.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{Organisation, SignInNext};

/// `GET /api/sign-in/providers`: organisations that have one.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderList {
    pub organisations: Vec<Organisation>,
}

/// `POST /api/sign-in/provider`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderChoice {
    pub organisation: Uuid,
    #[serde(default)]
    pub shared_computer: bool,
}

/// Where to go. The cookie that comes with it lets this browser, and no other, come back once.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderVisit {
    pub url: String,
}

/// `POST /api/sign-in/provider/finish`: what stood in the address on coming back.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderAnswer {
    pub code: String,
    pub state: String,
    #[serde(default)]
    pub iss: Option<String>,
}

impl std::fmt::Debug for ProviderAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderAnswer").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderSignIn {
    /// The second factor that must follow; none: the provider vouched for one, and the session has begun.
    pub further: Option<SignInNext>,
}
