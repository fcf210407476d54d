//! Who has an alert.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Alert;

/// Who has an alert. Staff are named by their id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Life {
    /// Nobody: the steps of the policy are taken, one after the other.
    Open,
    /// `by` has it. Unless it is closed by `act_by`, it comes back.
    Acknowledged {
        by: Uuid,
        at: Timestamp,
        /// To whom it was offered. Until they accept, `by` has it.
        offered: Option<Uuid>,
        calls: Calls,
    },
    /// `by` put it off; then it comes back.
    Snoozed { by: Uuid, at: Timestamp, until: Timestamp, reason: String },
    /// For good. What comes later opens another.
    Closed {
        at: Timestamp,
        outcome: String,
        /// Who had it in the end, and since when. None: it ended by itself.
        by: Option<(Uuid, Timestamp)>,
    },
}

/// Calls to the patient that nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Calls {
    /// 1: ring again; 2: ring the emergency contact; 3 and more: the welfare step.
    pub tried: i16,
    /// Whoever has it was reminded since the last of them.
    pub reminded: bool,
}

impl Alert {
    pub fn is_open(&self) -> bool {
        self.closed_at().is_none()
    }

    pub fn closed_at(&self) -> Option<Timestamp> {
        if let Life::Closed { at, .. } = self.life { Some(at) } else { None }
    }

    pub fn outcome(&self) -> Option<&str> {
        if let Life::Closed { outcome, .. } = &self.life { Some(outcome) } else { None }
    }

    /// Who has it, or had it when it was closed, and since when.
    pub fn owner(&self) -> Option<(Uuid, Timestamp)> {
        match self.life {
            Life::Open => None,
            Life::Acknowledged { by, at, .. } | Life::Snoozed { by, at, .. } => Some((by, at)),
            Life::Closed { by, .. } => by,
        }
    }

    /// Somebody has it, so that nobody else is told unless there is news.
    pub fn is_held(&self) -> bool {
        self.is_open() && self.owner().is_some()
    }
}
