//! What people were told of an alert, and what later data say about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Alert;
use crate::finding::{Extreme, Kind};

/// What people were told about, so that the same is never news twice.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    pub worst: Vec<Extreme>,
    pub firings: Vec<KnownFiring>,
    /// The last annotation, so that it is made once.
    pub note: Option<Note>,
    /// The sentence says that a value is unconfirmed.
    pub unconfirmed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownFiring {
    /// `pack/rule`.
    pub rule: String,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// When this was last written down: of what had not ended, people knew until then.
    pub through: Timestamp,
    /// The latest.
    pub at_once: Option<Timestamp>,
}

/// What later data say about an alert that is not rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The finding has ended.
    Ended,
    /// The finding has ended because no rule looks at it any more.
    Unwatched,
    /// With what is known now, the finding is less than what people were told.
    Explained,
    /// With what is known now there is no finding: withdrawn or corrected.
    Withdrawn,
}

impl Note {
    /// In the history of this alert.
    pub fn sentence(self, alert: &Alert) -> &'static str {
        match (self, alert.kind) {
            (Note::Ended, Kind::Clinical) if alert.known.worst.is_empty() => "later answers or values no longer say so",
            (Note::Ended, Kind::Clinical) => "later readings are within limits",
            (Note::Ended, Kind::Absence) => "a reading has come since",
            (Note::Ended, Kind::Equipment) => "a value that can be used has come since",
            (Note::Ended, Kind::Service) => "this is so no more",
            (Note::Unwatched, _) => "the rules no longer look at this: whether it is over, nobody knows",
            (Note::Explained, _) => "a later reading explains this",
            (Note::Withdrawn, _) => "the readings behind this were withdrawn or corrected; whose were they?",
        }
    }
}
