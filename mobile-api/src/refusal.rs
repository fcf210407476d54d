//! Everything the service may say no to, as a closed list: its wire name, whether sending again can help, and when.

use serde::{Deserialize, Deserializer, Serialize};

/// Why something was not taken, for a program and for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Refusal {
    pub reason: Reason,
    /// What was wrong with what, and what to do: a sentence.
    pub detail: String,
    /// Whether the same thing may be taken later.
    pub retry: bool,
    /// With every `retry: true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        let retry_after_s = reason.retry_after_s();
        Self { reason, detail: detail.into(), retry: retry_after_s.is_some(), retry_after_s }
    }
}

macro_rules! reasons {
    ($( $(#[doc = $says:literal])+ $variant:ident = $wire:literal $(retry $seconds:literal)?; )+) => {
        /// The closed list. A phone that meets a name it does not know goes by `retry`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
        pub enum Reason {
            $( $(#[doc = $says])+ #[serde(rename = $wire)] $variant, )+
            /// Not said by this version: a newer service's reason, as this crate reads it.
            #[serde(rename = "unlisted")]
            Unlisted,
        }

        impl Reason {
            pub const ALL: &[Self] = &[$( Self::$variant ),+];

            pub fn wire(self) -> &'static str {
                match self { $( Self::$variant => $wire, )+ Self::Unlisted => "unlisted" }
            }

            /// One sentence on what it means.
            pub fn meaning(self) -> &'static str {
                match self { $( Self::$variant => concat!($($says),+).trim_ascii(), )+ Self::Unlisted => "" }
            }

            /// Seconds to wait before sending again; `None`: never again.
            pub fn retry_after_s(self) -> Option<u32> {
                match self { $( $( Self::$variant => Some($seconds), )? )+ _ => None }
            }
        }
    };
}

reasons! {
    // A whole frame, or the body of an HTTP request.
    /// The frame is not a JSON object.
    NotJson = "not_json";
    /// The frame is binary; only text frames are used.
    NotText = "not_text";
    /// The object has no `type`.
    TypeMissing = "type_missing";
    /// This service knows no message of that `type`.
    TypeUnknown = "type_unknown";
    /// The message is not possible at this point, such as a second `hello`.
    OutOfTurn = "out_of_turn";
    /// The frame is over `frame_bytes`.
    FrameTooBig = "frame_too_big";
    /// The batch is over `batch_bytes`.
    BatchTooBig = "batch_too_big";
    /// The batch has more than `batch_items` items.
    BatchTooLong = "batch_too_long";
    /// More than `batches_in_flight` batches wait for their receipts.
    TooManyInFlight = "too_many_in_flight" retry 5;
    /// More than `frames_per_minute` frames in a minute.
    TooFast = "too_fast" retry 60;
    /// What was to come did not come in time, or what was sent was not taken.
    TooSlow = "too_slow" retry 5;
    /// The service is at its limit of memory or work.
    Busy = "busy" retry 5;

    // One item, or one field of a message.
    /// A field that must be there is not.
    FieldMissing = "field_missing";
    /// A field has a value of the wrong kind.
    FieldInvalid = "field_invalid";
    /// The item's `id` is missing or not a UUID.
    IdInvalid = "id_invalid";
    /// This service does not know that `kind` of item yet.
    KindUnknown = "kind_unknown" retry 3600;
    /// This service does not know that vital yet.
    VitalUnknown = "vital_unknown" retry 3600;
    /// This service does not know that event yet.
    EventUnknown = "event_unknown" retry 3600;
    /// This service does not know that questionnaire yet.
    QuestionnaireUnknown = "questionnaire_unknown" retry 3600;
    /// The vital or event has no such component.
    ComponentUnknown = "component_unknown";
    /// The vital needs a component that is not there.
    ComponentMissing = "component_missing";
    /// There is neither a value nor a comparator, and nothing says why.
    ValueMissing = "value_missing";
    /// The value is not a number.
    ValueNotANumber = "value_not_a_number";
    /// A value without its unit is not a reading.
    UnitMissing = "unit_missing";
    /// The unit does not fit the component.
    UnitUnknown = "unit_unknown";
    /// The time is not RFC 3339 with an offset.
    TimeInvalid = "time_invalid";
    /// A carer's device must say for whom.
    ForMissing = "for_missing";
    /// This device may not submit for that person.
    ForUnknown = "for_unknown";
    /// A text holds the character NUL.
    TextHasNul = "text_has_nul";
    /// A text is over `text_characters`.
    TextTooLong = "text_too_long";
    /// The note is over `note_characters`.
    NoteTooLong = "note_too_long";
    /// The item has more values, answers or context entries than one item may.
    TooManyEntries = "too_many_entries";
    /// The submission to be corrected is not here (yet).
    CorrectsUnknown = "corrects_unknown" retry 60;
    /// A correction cannot be corrected.
    CorrectsACorrection = "corrects_a_correction";
    /// The submission to be corrected was erased because it was old.
    CorrectsErased = "corrects_erased";
    /// The same id was stored before with other content.
    Conflict = "conflict";
    /// The item could not be stored just now.
    NotStored = "not_stored" retry 5;
    /// The database cannot hold this item; it is kept as a refusal.
    CannotBeStored = "cannot_be_stored";

    // Enrolment, and proofs over HTTP.
    /// Code and date of birth do not open anything: ask the care team for a new code.
    CodeRefused = "code_refused";
    /// The key is not a P-256 public key as a JWK.
    KeyInvalid = "key_invalid";
    /// The proof is missing, malformed, or not about this request.
    ProofInvalid = "proof_invalid";
    /// The nonce was used, or is too old: ask for another.
    NonceUnknown = "nonce_unknown" retry 0;
    /// The device is not enrolled, or no longer.
    NotEnrolled = "not_enrolled";
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::ALL.iter().copied().find(|reason| reason.wire() == wire).unwrap_or(Self::Unlisted))
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.wire())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back_and_means_something() {
        for &reason in Reason::ALL {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.wire()));
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
            assert!(reason.meaning().ends_with('.'), "{reason}: {:?}", reason.meaning());
        }
        assert_eq!(serde_json::from_str::<Reason>("\"of_a_later_version\"").unwrap(), Reason::Unlisted);
    }

    #[test]
    fn every_retry_says_when() {
        for &reason in Reason::ALL {
            let refusal = Refusal::new(reason, "");
            assert_eq!(refusal.retry, refusal.retry_after_s.is_some());
        }
    }
}
