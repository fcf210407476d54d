//! Why a connection ends, and the close code that says so.

use crate::message::{Bye, ByeCode};
use crate::refusal::Reason;

/// The service's reasons to close. Each is said twice: in `bye`, and by the close code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The device is not enrolled, or was revoked.
    Revoked,
    BadProof,
    /// The same device opened a newer connection.
    Replaced,
    TooFast {
        retry_after_s: u32,
    },
    /// Something other than `hello` came first, or nothing came.
    ProtocolError,
    TooBig,
    /// Too many come at once, and this one was not quick.
    Busy {
        retry_after_s: u32,
    },
    ShuttingDown {
        retry_after_s: u32,
    },
    /// Pings were not answered.
    NoAnswer,
}

impl Close {
    pub fn code(self) -> u16 {
        match self {
            Self::Revoked => 4001,
            Self::BadProof => 4002,
            Self::Replaced => 4003,
            Self::TooFast { .. } => 4008,
            Self::ProtocolError => 4009,
            Self::TooBig => 1009,
            Self::Busy { .. } => 1013,
            Self::ShuttingDown { .. } => 1012,
            Self::NoAnswer => 1001,
        }
    }

    pub fn bye(self) -> Bye {
        let (code, retry_after_s) = match self {
            Self::Revoked => (ByeCode::Revoked, None),
            Self::BadProof => (ByeCode::BadProof, None),
            Self::Replaced => (ByeCode::Replaced, None),
            Self::TooFast { retry_after_s } => (ByeCode::TooFast, Some(retry_after_s)),
            Self::ProtocolError => (ByeCode::ProtocolError, None),
            Self::TooBig => (ByeCode::TooBig, None),
            Self::Busy { retry_after_s } => (ByeCode::Busy, Some(retry_after_s)),
            Self::ShuttingDown { retry_after_s } => (ByeCode::ShuttingDown, Some(retry_after_s)),
            Self::NoAnswer => (ByeCode::NoAnswer, None),
        };
        Bye { code, retry_after_s }
    }

    /// What the operator sees it counted as; none where nothing was refused.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Revoked => Some(Reason::NotEnrolled),
            Self::BadProof => Some(Reason::ProofInvalid),
            Self::TooFast { .. } => Some(Reason::TooFast),
            Self::ProtocolError => Some(Reason::OutOfTurn),
            Self::TooBig => Some(Reason::FrameTooBig),
            Self::Busy { .. } => Some(Reason::Busy),
            Self::Replaced | Self::ShuttingDown { .. } | Self::NoAnswer => None,
        }
    }
}
