//! Signing in: a password, then always a second factor; and invitations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `POST /api/sign-in`. Answered with `SignInNext`, or 401 `wrong_credentials`, or 429 `too_many_guesses`.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignIn {
    pub email: String,
    pub password: String,
    /// Others use this computer too: the session ends soon.
    #[serde(default)]
    pub shared_computer: bool,
}

/// The password was right. The cookie that comes with this opens nothing but the next step, for ten minutes.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignInNext {
    pub next: NextStep,
    /// There is a passkey, too: `POST /api/sign-in/passkey/options`, then `/api/sign-in/passkey`.
    pub passkey: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// `POST /api/sign-in/code` or `/api/sign-in/recovery-code`
    Prove,
    /// There is no second factor yet: `POST /api/sign-in/set-up`, then `/api/sign-in/set-up/confirm`
    SetUp,
}

/// `POST /api/sign-in/code` (204), `/api/sign-in/recovery-code` (`RecoveryCodesLeft`),
/// `/api/sign-in/set-up/confirm` and `/api/me/totp/confirm` (`RecoveryCodes`): or 401 `wrong_code`, 401 `sign_in_ended`.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct SecondFactorCode {
    pub code: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RecoveryCodesLeft {
    pub left: usize,
}

/// What an authenticator app needs to make one-time codes; kept once a code has proven that it arrived.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct TotpOffer {
    /// To type in, base 32.
    pub secret: String,
    pub uri: String,
    /// The URI as a picture, SVG.
    pub qr: String,
}

/// Shown once; each opens once.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}

/// `POST /api/invitation`: whom this link invites (`Invited`), or 401 `invitation_ended`.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct InvitationToken {
    pub token: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Invited {
    pub name: String,
    pub email: String,
    pub organisation: String,
}

/// `POST /api/invitation/accept`: a password is chosen, and the sign-in goes on with `SignInNext`.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct AcceptInvitation {
    pub token: String,
    pub password: String,
    #[serde(default)]
    pub shared_computer: bool,
}

macro_rules! never_printed {
    ($($name:ident),*) => {
        $(
            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )*
    };
}
never_printed!(SignIn, SecondFactorCode, TotpOffer, RecoveryCodes, InvitationToken, AcceptInvitation);
