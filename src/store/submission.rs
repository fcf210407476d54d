//! What was accepted from a phone (or typed in by staff), in the form it is stored, and what came of it.
//! It is stored by `ledger.rs`; the task that calls that is `ingest/writer.rs`.

use alert_rules::Vital;
use jiff::Timestamp;
use uuid::Uuid;

/// One thing for the writer: something to keep, or something we would not take and must keep a record of.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every entry is a submission")]
pub enum Entry {
    Submission(Submission),
    Refusal(Refusal),
}

/// An accepted item: units normalised, dated, flagged.
#[derive(Clone, Debug)]
pub struct Submission {
    pub organisation: Uuid,
    pub patient: Uuid,
    /// The phone's id of the item; with the patient it is the key of the ledger.
    pub client_id: Uuid,
    /// The canonical form's version, then its SHA-256: the same id with another hash is a conflict.
    pub content_hash: Vec<u8>,
    pub effective_at: Timestamp,
    pub received_at: Timestamp,
    /// None: entered by staff.
    pub device: Option<Uuid>,
    /// The staff member who entered it, told by phone or on a home visit.
    pub entered_by: Option<Uuid>,
    /// As on the wire: `unconfirmed`, `impossible`, `dated_by_arrival`, …
    pub flags: Vec<String>,
    pub note: Option<String>,
    /// The item's JSON text, for the record if it turns out to be a conflict or cannot be stored.
    pub as_sent: String,
    pub body: Body,
}

#[derive(Clone, Debug)]
pub enum Body {
    Reading(Reading),
    Answers(Answers),
    Event(Event),
    Correction(Correction),
}

/// One act of measuring.
#[derive(Clone, Debug)]
pub struct Reading {
    pub vital: String,
    /// Empty when `absent` says why.
    pub components: Vec<Component>,
    pub absent: Option<String>,
    /// The phone's own offset from UTC.
    pub offset_minutes: i16,
    pub method: Option<String>,
    /// Meal, arm, posture …, and the instrument.
    pub context: Option<serde_json::Value>,
}

#[derive(Clone, Debug)]
pub struct Component {
    pub component: String,
    /// The number exactly as it was sent, in decimal digits.
    pub value_given: Option<String>,
    pub unit_given: Option<String>,
    /// In the vital's own unit.
    pub value: Option<f64>,
    /// `high` or `low`: off the instrument's scale.
    pub comparator: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Answers {
    /// name|version
    pub questionnaire: String,
    pub partial: bool,
    /// [{link_id, value}]
    pub answers: serde_json::Value,
}

/// Insulin, a meal, exercise.
#[derive(Clone, Debug)]
pub struct Event {
    pub event: String,
    pub quantity: Option<String>,
    pub value_given: Option<String>,
    pub unit_given: Option<String>,
    pub value: Option<f64>,
    pub context: Option<serde_json::Value>,
}

#[derive(Clone, Debug)]
pub struct Correction {
    /// The client id of the earlier submission of the same patient.
    pub corrects: Uuid,
    pub reason: String,
    /// Replacing components, normalised, with the given ones beside.
    pub values: Option<serde_json::Value>,
}

impl Correction {
    /// Whether its values can stand for those of a submission of this kind and, if it is a reading, vital: a component of
    /// another vital, or one left out, would take the whole reading away from every rule.
    pub fn fits(&self, kind: &str, vital: Option<&str>) -> bool {
        let Some(values) = self.values.as_ref().and_then(serde_json::Value::as_array) else { return true };
        let named: Vec<&str> = values.iter().filter_map(|value| value["component"].as_str()).collect();
        match (kind, vital.and_then(Vital::named)) {
            ("reading", Some(vital)) => {
                let own = |name: &&str| vital.components().any(|component| component.name() == *name);
                let given = |component: &alert_rules::Component| named.contains(&component.name());
                named.iter().all(own) && vital.facts().required.iter().all(given)
            }
            ("event", _) => named == [alert_rules::Component::Dose.name()],
            _ => false,
        }
    }
}

/// What an authenticated device sent and we would not take.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub organisation: Uuid,
    pub device: Option<Uuid>,
    /// None when it names nobody this device may submit for.
    pub patient: Option<Uuid>,
    /// As sent; may not be a UUID.
    pub client_id: Option<String>,
    pub reason: String,
    pub detail: String,
    pub as_sent: String,
    pub received_at: Timestamp,
}

/// What became of an entry. Every one of these is said only after a durable commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Stored {
        seq: i64,
        flags: Vec<String>,
    },
    /// It was stored before, with this decision.
    Duplicate {
        seq: i64,
        flags: Vec<String>,
    },
    /// A submission that cannot be taken; the refusal is on record unless the phone is to try again.
    Refused(Refused),
    /// A refusal, now on record.
    Recorded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The same id came before with other content.
    Conflict,
    /// It corrects something that is not here (yet): try again later.
    TargetUnknown,
    /// A correction cannot be corrected; correct the original again.
    TargetIsCorrection,
    /// What it corrects was erased, because it was old.
    TargetErased,
    /// Values that are not those of what it corrects.
    ValuesDoNotFit,
    /// The database would not take this item whatever we did.
    Unstorable,
    /// Something of the service is broken that a person has to mend: try again later.
    NotNow,
}

/// Outside its hold range or off the instrument's scale: judged before everything else.
const RANK_FIRST: i16 = 0;
const RANK_ORDINARY: i16 = 1;

impl Entry {
    pub fn submission(&self) -> Option<&Submission> {
        match self {
            Self::Submission(submission) => Some(submission),
            Self::Refusal(_) => None,
        }
    }

    pub fn received_at(&self) -> Timestamp {
        match self {
            Self::Submission(submission) => submission.received_at,
            Self::Refusal(refusal) => refusal.received_at,
        }
    }

    /// How many rows it is to the database.
    pub fn rows(&self) -> usize {
        match self {
            Self::Submission(Submission { body: Body::Reading(reading), .. }) => reading.components.len().max(1),
            _ => 1,
        }
    }
}

impl Submission {
    pub fn rank(&self) -> i16 {
        let flagged = self.flags.iter().any(|flag| flag == "unconfirmed" || flag == "impossible");
        let off_scale =
            matches!(&self.body, Body::Reading(reading) if reading.components.iter().any(|c| c.comparator.is_some()));
        if flagged || off_scale { RANK_FIRST } else { RANK_ORDINARY }
    }
}

impl Body {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Reading(_) => "reading",
            Self::Answers(_) => "answers",
            Self::Event(_) => "event",
            Self::Correction(_) => "correction",
        }
    }

    /// Of a reading.
    pub fn vital(&self) -> Option<&str> {
        match self {
            Self::Reading(reading) => Some(&reading.vital),
            Self::Answers(_) | Self::Event(_) | Self::Correction(_) => None,
        }
    }
}

impl Refused {
    /// Whether the phone is to send it again; then there is nothing to put on record.
    pub fn retry(self) -> bool {
        matches!(self, Self::TargetUnknown | Self::NotNow)
    }

    /// As on the wire and on record.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::TargetUnknown => "corrects_unknown",
            Self::TargetIsCorrection => "corrects_a_correction",
            Self::TargetErased => "corrects_erased",
            Self::ValuesDoNotFit => "component_unknown",
            Self::Unstorable => "cannot_be_stored",
            Self::NotNow => "not_stored",
        }
    }

    pub fn detail(self) -> &'static str {
        match self {
            Self::Conflict => {
                "this id was stored before with other content; send a correction that names it, or the new reading under a new id"
            }
            Self::TargetUnknown => "what it corrects is not here yet; send it again after that is stored",
            Self::TargetIsCorrection => "a correction cannot be corrected; correct the original again",
            Self::TargetErased => "what it corrects was erased because it was old; there is nothing left to correct",
            Self::ValuesDoNotFit => {
                "the values are not those of what it corrects; send all of its values and no others, or none to withdraw it"
            }
            Self::Unstorable => "the database cannot hold this item; the care team sees it",
            Self::NotNow => "the service cannot store this item until a person has mended it; send it again later",
        }
    }

    /// The record of a submission refused for this reason.
    pub fn on_record(self, submission: &Submission) -> Option<Refusal> {
        (!self.retry()).then(|| Refusal {
            organisation: submission.organisation,
            device: submission.device,
            patient: Some(submission.patient),
            client_id: Some(submission.client_id.to_string()),
            reason: self.reason().to_owned(),
            detail: self.detail().to_owned(),
            as_sent: submission.as_sent.clone(),
            received_at: submission.received_at,
        })
    }
}
