//! The closed catalogue of what can be measured: one vital is one act of measuring.
//!
//! What is known about each number in it (unit, odd values) is in `component.rs`; limits that differ between patients are
//! in the packs.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::catalogue::loinc;
pub use crate::component::{Code, Component, ComponentFacts, Range};

/// PHQ-9 and GAD-7 ask about the last two weeks; and a day to answer.
const SCALE_FRESH_H: i64 = 15 * 24;

/// A kind of quantity a person can measure: one reading has one vital and one or more components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vital {
    BloodPressure,
    Pulse,
    Spo2,
    RespiratoryRate,
    Temperature,
    Weight,
    Height,
    Glucose,
    Ketones,
    OxygenFlow,
    PeakFlow,
    Spirometry,
    Steps,
    Pain,
    Phq9,
    Gad7,
    Consciousness,
}

/// What the catalogue says about a vital.
#[derive(Debug, Clone, Copy)]
pub struct VitalFacts {
    pub name: &'static str,
    pub words: &'static str,
    pub loinc: Option<Code>,
    /// A reading has all of these, or says why not.
    pub required: &'static [Component],
    pub optional: &'static [Component],
    /// A latest value older than this is unknown to a rule that names it bare.
    pub fresh_h: i64,
    /// Said to the patient when a value was not possible.
    pub ask_again: &'static str,
}

impl Vital {
    pub const ALL: [Vital; 17] = [
        Vital::BloodPressure,
        Vital::Pulse,
        Vital::Spo2,
        Vital::RespiratoryRate,
        Vital::Temperature,
        Vital::Weight,
        Vital::Height,
        Vital::Glucose,
        Vital::Ketones,
        Vital::OxygenFlow,
        Vital::PeakFlow,
        Vital::Spirometry,
        Vital::Steps,
        Vital::Pain,
        Vital::Phq9,
        Vital::Gad7,
        Vital::Consciousness,
    ];

    /// The vital with this wire name.
    pub fn named(name: &str) -> Option<Vital> {
        Vital::ALL.into_iter().find(|vital| vital.name() == name)
    }

    /// The total of a questionnaire: made of answers, never measured.
    pub fn is_score(self) -> bool {
        matches!(self, Vital::Phq9 | Vital::Gad7)
    }

    pub fn name(self) -> &'static str {
        self.facts().name
    }

    pub fn words(self) -> &'static str {
        self.facts().words
    }

    pub fn fresh(self) -> SignedDuration {
        SignedDuration::from_hours(self.facts().fresh_h)
    }

    /// Required first, then optional.
    pub fn components(self) -> impl Iterator<Item = Component> {
        let facts = self.facts();
        facts.required.iter().chain(facts.optional).copied()
    }

    pub const fn facts(self) -> &'static VitalFacts {
        match self {
            Vital::BloodPressure => {
                const {
                    &VitalFacts {
                        name: "blood_pressure",
                        words: "blood pressure",
                        loinc: loinc("85354-9", "Blood pressure panel with all children optional"),
                        required: &[Component::Systolic, Component::Diastolic],
                        optional: &[Component::Pulse],
                        fresh_h: 24,
                        ask_again: "That blood pressure cannot be right. The top number is the larger one. Please measure again and check the numbers.",
                    }
                }
            }
            Vital::Pulse => {
                const {
                    &VitalFacts {
                        name: "pulse",
                        words: "pulse",
                        loinc: loinc("8867-4", "Heart rate"),
                        required: &[Component::Pulse],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That pulse cannot be right. Please measure again and check the number.",
                    }
                }
            }
            Vital::Spo2 => {
                const {
                    &VitalFacts {
                        name: "spo2",
                        words: "oxygen level",
                        loinc: loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
                        required: &[Component::Spo2],
                        optional: &[Component::Pulse],
                        fresh_h: 24,
                        ask_again: "That oxygen level cannot be right. Warm your finger, take off nail varnish, and please measure again.",
                    }
                }
            }
            Vital::RespiratoryRate => {
                const {
                    &VitalFacts {
                        name: "respiratory_rate",
                        words: "breathing rate",
                        loinc: loinc("9279-1", "Respiratory rate"),
                        required: &[Component::RespiratoryRate],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That breathing rate cannot be right. Please count again for one minute.",
                    }
                }
            }
            Vital::Temperature => {
                const {
                    &VitalFacts {
                        name: "temperature",
                        words: "temperature",
                        loinc: loinc("8310-5", "Body temperature"),
                        required: &[Component::Temperature],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That temperature cannot be right. Please measure again and check whether the thermometer shows °C or °F.",
                    }
                }
            }
            Vital::Weight => {
                const {
                    &VitalFacts {
                        name: "weight",
                        words: "weight",
                        loinc: loinc("29463-7", "Body weight"),
                        required: &[Component::Weight],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That weight cannot be right. Please weigh yourself again and check whether the scale shows kg, pounds or stone.",
                    }
                }
            }
            Vital::Height => {
                const {
                    &VitalFacts {
                        name: "height",
                        words: "height",
                        loinc: loinc("8302-2", "Body height"),
                        required: &[Component::Height],
                        optional: &[],
                        fresh_h: 24 * 365,
                        ask_again: "That height cannot be right. Please check the number.",
                    }
                }
            }
            Vital::Glucose => {
                const {
                    &VitalFacts {
                        name: "glucose",
                        words: "blood glucose",
                        loinc: loinc("15074-8", "Glucose [Moles/volume] in Blood"),
                        required: &[Component::Glucose],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That glucose cannot be right. Wash your hands, use a new strip, and please measure again.",
                    }
                }
            }
            Vital::Ketones => {
                const {
                    &VitalFacts {
                        name: "ketones",
                        words: "blood ketones",
                        // † not checked against the primary source
                        loinc: loinc("104816-4", "Beta hydroxybutyrate [Moles/volume] in Blood"),
                        required: &[Component::Ketones],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That ketone value cannot be right. Use a new strip, and please measure again.",
                    }
                }
            }
            Vital::OxygenFlow => {
                const {
                    &VitalFacts {
                        name: "oxygen_flow",
                        words: "oxygen flow",
                        // † not checked against the primary source
                        loinc: loinc("3151-8", "Inhaled oxygen flow rate"),
                        required: &[Component::OxygenFlow],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That oxygen flow cannot be right. Please read the number on the machine again.",
                    }
                }
            }
            Vital::PeakFlow => {
                const {
                    &VitalFacts {
                        name: "peak_flow",
                        words: "peak flow",
                        loinc: loinc(
                            "19935-6",
                            "Maximum expiratory gas flow Respiratory system airway by Peak flow meter",
                        ),
                        required: &[Component::PeakFlow],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That peak flow cannot be right. Please blow again and check the number.",
                    }
                }
            }
            Vital::Spirometry => {
                const {
                    &VitalFacts {
                        name: "spirometry",
                        words: "spirometry",
                        loinc: None,
                        required: &[Component::Fev1],
                        optional: &[Component::Fvc],
                        fresh_h: 24,
                        ask_again: "That spirometry value cannot be right. Please blow again and check the number.",
                    }
                }
            }
            Vital::Steps => {
                const {
                    &VitalFacts {
                        name: "steps",
                        words: "steps",
                        loinc: None,
                        required: &[Component::Steps],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "That number of steps cannot be right. Please check it.",
                    }
                }
            }
            Vital::Pain => {
                const {
                    &VitalFacts {
                        name: "pain",
                        words: "pain",
                        loinc: None,
                        required: &[Component::Pain],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "Pain is a number from 0 to 10. Please choose again.",
                    }
                }
            }
            Vital::Phq9 => {
                const {
                    &VitalFacts {
                        name: "phq9",
                        words: "PHQ-9 score",
                        // † not checked against the primary source
                        loinc: loinc("44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]"),
                        required: &[Component::Phq9],
                        optional: &[],
                        fresh_h: SCALE_FRESH_H,
                        ask_again: "Please answer the questions again.",
                    }
                }
            }
            Vital::Gad7 => {
                const {
                    &VitalFacts {
                        name: "gad7",
                        words: "GAD-7 score",
                        // † not checked against the primary source
                        loinc: loinc(
                            "70274-6",
                            "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]",
                        ),
                        required: &[Component::Gad7],
                        optional: &[],
                        fresh_h: SCALE_FRESH_H,
                        ask_again: "Please answer the questions again.",
                    }
                }
            }
            Vital::Consciousness => {
                const {
                    &VitalFacts {
                        name: "consciousness",
                        words: "consciousness",
                        // LOINC 67775-7 has no new confusion, which NEWS2 needs.
                        loinc: None,
                        required: &[Component::Consciousness],
                        optional: &[],
                        fresh_h: 24,
                        ask_again: "Please choose again how awake the person is.",
                    }
                }
            }
        }
    }
}
