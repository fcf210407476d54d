//! The numbers in a reading: codes, dimensions, and which values are odd.
//!
//! Figures come from the project's clinical sources (codes: LOINC; units: UCUM). Unit conversion is in `unit.rs`.

use serde::{Deserialize, Serialize};

pub use crate::catalogue::{Code, ComponentFacts, Range};
use crate::catalogue::{loinc, range};
use crate::unit::{ACVPU, Dimension};
use crate::vital::Vital;

/// One number of a reading (or of an event: `dose`). The wire name is the snake_case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    Systolic,
    Diastolic,
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
    Fev1,
    Fvc,
    Steps,
    Pain,
    /// Total of a questionnaire, made of answers.
    Phq9,
    Gad7,
    /// A place in `unit::ACVPU`.
    Consciousness,
    /// Whether the cuff's sign for an irregular heartbeat came up: said of a reading, not measured by it.
    IrregularPulse,
    /// Whether the person stood while it was taken; likewise.
    Standing,
    /// Of an insulin event, never of a reading.
    Dose,
}

impl Component {
    pub const COUNT: usize = 22;

    pub const ALL: [Component; Component::COUNT] = [
        Component::Systolic,
        Component::Diastolic,
        Component::Pulse,
        Component::Spo2,
        Component::RespiratoryRate,
        Component::Temperature,
        Component::Weight,
        Component::Height,
        Component::Glucose,
        Component::Ketones,
        Component::OxygenFlow,
        Component::PeakFlow,
        Component::Fev1,
        Component::Fvc,
        Component::Steps,
        Component::Pain,
        Component::Phq9,
        Component::Gad7,
        Component::Consciousness,
        Component::IrregularPulse,
        Component::Standing,
        Component::Dose,
    ];

    /// The component with this wire name.
    pub fn named(name: &str) -> Option<Component> {
        Component::ALL.into_iter().find(|component| component.name() == name)
    }

    pub fn name(self) -> &'static str {
        self.facts().name
    }

    pub fn words(self) -> &'static str {
        self.facts().words
    }

    /// The total of a questionnaire.
    pub fn is_score(self) -> bool {
        self.vital().is_some_and(Vital::is_score)
    }

    /// What was said of the act of measuring, in a reading's context: yes or no.
    pub fn is_circumstance(self) -> bool {
        self.dimension() == Dimension::YesNo
    }

    pub fn dimension(self) -> Dimension {
        self.facts().dimension
    }

    /// The vital that is chiefly this component (a pulse may also come with a blood pressure); none for `dose`.
    pub fn vital(self) -> Option<Vital> {
        Some(match self {
            Component::Systolic | Component::Diastolic | Component::IrregularPulse | Component::Standing => {
                Vital::BloodPressure
            }
            Component::Pulse => Vital::Pulse,
            Component::Spo2 => Vital::Spo2,
            Component::RespiratoryRate => Vital::RespiratoryRate,
            Component::Temperature => Vital::Temperature,
            Component::Weight => Vital::Weight,
            Component::Height => Vital::Height,
            Component::Glucose => Vital::Glucose,
            Component::Ketones => Vital::Ketones,
            Component::OxygenFlow => Vital::OxygenFlow,
            Component::PeakFlow => Vital::PeakFlow,
            Component::Fev1 | Component::Fvc => Vital::Spirometry,
            Component::Steps => Vital::Steps,
            Component::Pain => Vital::Pain,
            Component::Phq9 => Vital::Phq9,
            Component::Gad7 => Vital::Gad7,
            Component::Consciousness => Vital::Consciousness,
            Component::Dose => return None,
        })
    }

    /// What a word stands for, of what has words for its values: a level of consciousness.
    pub fn level(self, word: &str) -> Option<f64> {
        let levels = ACVPU.into_iter().filter(|_| self.dimension() == Dimension::Consciousness);
        levels.zip(0_u8..).find(|(level, _)| *level == word).map(|(_, value)| f64::from(value))
    }

    /// Inside the range the instrument and the body can give.
    pub fn is_possible(self, value: f64) -> bool {
        self.facts().possible.holds(value)
    }

    /// Inside the range that needs no second look.
    pub fn is_usual(self, value: f64) -> bool {
        self.facts().hold.is_none_or(|hold| hold.holds(value))
    }

    /// What an impossible value looks like, if it looks like another unit.
    pub fn suspicion(self, value: f64) -> Option<&'static str> {
        self.facts().looks_like.and_then(|(range, sentence)| range.holds(value).then_some(sentence))
    }

    pub const fn facts(self) -> &'static ComponentFacts {
        match self {
            Component::Systolic => {
                const {
                    &ComponentFacts {
                        name: "systolic",
                        words: "systolic",
                        loinc: loinc("8480-6", "Systolic blood pressure"),
                        dimension: Dimension::Pressure,
                        hold: Some(range(70.0, 220.0)),
                        possible: range(40.0, 300.0),
                        step: 10.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Diastolic => {
                const {
                    &ComponentFacts {
                        name: "diastolic",
                        words: "diastolic",
                        loinc: loinc("8462-4", "Diastolic blood pressure"),
                        dimension: Dimension::Pressure,
                        hold: Some(range(40.0, 130.0)),
                        possible: range(20.0, 200.0),
                        step: 10.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Pulse => {
                const {
                    &ComponentFacts {
                        name: "pulse",
                        words: "pulse",
                        loinc: loinc("8867-4", "Heart rate"),
                        dimension: Dimension::Rate,
                        hold: Some(range(35.0, 180.0)),
                        possible: range(20.0, 300.0),
                        step: 10.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Spo2 => {
                const {
                    &ComponentFacts {
                        name: "spo2",
                        words: "oxygen level",
                        loinc: loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
                        dimension: Dimension::Percent,
                        hold: Some(range(80.0, 100.0)),
                        possible: range(40.0, 100.0),
                        step: 2.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::RespiratoryRate => {
                const {
                    &ComponentFacts {
                        name: "respiratory_rate",
                        words: "breathing rate",
                        loinc: loinc("9279-1", "Respiratory rate"),
                        dimension: Dimension::Rate,
                        hold: Some(range(6.0, 40.0)),
                        possible: range(1.0, 80.0),
                        step: 4.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Temperature => {
                const {
                    &ComponentFacts {
                        name: "temperature",
                        words: "temperature",
                        loinc: loinc("8310-5", "Body temperature"),
                        dimension: Dimension::Temperature,
                        hold: Some(range(34.0, 41.0)),
                        possible: range(25.0, 45.0),
                        step: 0.5,
                        decimals: 1,
                        looks_like: Some((range(93.0, 110.0), "this looks like °F, sent as °C")),
                    }
                }
            }
            Component::Weight => {
                const {
                    &ComponentFacts {
                        name: "weight",
                        words: "weight",
                        loinc: loinc("29463-7", "Body weight"),
                        dimension: Dimension::Mass,
                        hold: Some(range(30.0, 250.0)),
                        possible: range(1.0, 400.0),
                        step: 1.0,
                        decimals: 1,
                        looks_like: None,
                    }
                }
            }
            Component::Height => {
                const {
                    &ComponentFacts {
                        name: "height",
                        words: "height",
                        loinc: loinc("8302-2", "Body height"),
                        dimension: Dimension::Length,
                        hold: None,
                        possible: range(40.0, 260.0),
                        step: 1.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Glucose => {
                const {
                    &ComponentFacts {
                        name: "glucose",
                        words: "glucose",
                        loinc: loinc("15074-8", "Glucose [Moles/volume] in Blood"),
                        dimension: Dimension::Concentration,
                        hold: Some(range(2.0, 28.0)),
                        possible: range(0.5, 50.0),
                        step: 1.0,
                        decimals: 1,
                        looks_like: Some((range(55.0, 600.0), "this looks like mg/dL, sent as mmol/L")),
                    }
                }
            }
            Component::Ketones => {
                const {
                    &ComponentFacts {
                        name: "ketones",
                        words: "ketones",
                        loinc: loinc("104816-4", "Beta hydroxybutyrate [Moles/volume] in Blood"),
                        dimension: Dimension::Concentration,
                        hold: Some(range(0.0, 6.0)),
                        possible: range(0.0, 20.0),
                        step: 0.5,
                        decimals: 1,
                        looks_like: None,
                    }
                }
            }
            Component::OxygenFlow => {
                const {
                    &ComponentFacts {
                        name: "oxygen_flow",
                        words: "oxygen flow",
                        loinc: loinc("3151-8", "Inhaled oxygen flow rate"),
                        dimension: Dimension::Flow,
                        hold: None,
                        possible: range(0.0, 60.0),
                        step: 1.0,
                        decimals: 1,
                        looks_like: None,
                    }
                }
            }
            Component::PeakFlow => {
                const {
                    &ComponentFacts {
                        name: "peak_flow",
                        words: "peak flow",
                        loinc: loinc(
                            "19935-6",
                            "Maximum expiratory gas flow Respiratory system airway by Peak flow meter",
                        ),
                        dimension: Dimension::Flow,
                        hold: Some(range(60.0, 800.0)),
                        possible: range(20.0, 900.0),
                        step: 50.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Fev1 => {
                const {
                    &ComponentFacts {
                        name: "fev1",
                        words: "FEV1",
                        loinc: loinc("20150-9", "FEV1"),
                        dimension: Dimension::Volume,
                        hold: None,
                        possible: range(0.1, 10.0),
                        step: 0.2,
                        decimals: 2,
                        looks_like: None,
                    }
                }
            }
            Component::Fvc => {
                const {
                    &ComponentFacts {
                        name: "fvc",
                        words: "FVC",
                        loinc: loinc("19868-9", "Forced vital capacity [Volume] Respiratory system by Spirometry"),
                        dimension: Dimension::Volume,
                        hold: None,
                        possible: range(0.1, 10.0),
                        step: 0.2,
                        decimals: 2,
                        looks_like: None,
                    }
                }
            }
            Component::Steps => {
                const {
                    &ComponentFacts {
                        name: "steps",
                        words: "steps",
                        loinc: None,
                        dimension: Dimension::Number,
                        hold: None,
                        possible: range(0.0, 200_000.0),
                        step: 1_000.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Pain => {
                const {
                    &ComponentFacts {
                        name: "pain",
                        words: "pain",
                        loinc: None,
                        dimension: Dimension::Score,
                        hold: None,
                        possible: range(0.0, 10.0),
                        step: 2.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Phq9 => {
                const {
                    &ComponentFacts {
                        name: "phq9",
                        words: "PHQ-9 score",
                        // † not checked against the primary source
                        loinc: loinc("44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]"),
                        dimension: Dimension::Number,
                        hold: None,
                        possible: range(0.0, 27.0),
                        // A change that counts.
                        step: 5.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Gad7 => {
                const {
                    &ComponentFacts {
                        name: "gad7",
                        words: "GAD-7 score",
                        // † not checked against the primary source
                        loinc: loinc(
                            "70274-6",
                            "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]",
                        ),
                        dimension: Dimension::Number,
                        hold: None,
                        possible: range(0.0, 21.0),
                        // A change that counts.
                        step: 4.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Consciousness => {
                const {
                    &ComponentFacts {
                        name: "consciousness",
                        words: "consciousness",
                        loinc: None,
                        dimension: Dimension::Consciousness,
                        hold: None,
                        possible: range(0.0, 4.0),
                        step: 1.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::IrregularPulse => {
                const {
                    &ComponentFacts {
                        name: "irregular_pulse",
                        words: "irregular pulse",
                        loinc: None,
                        dimension: Dimension::YesNo,
                        hold: None,
                        possible: range(0.0, 1.0),
                        step: 1.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Standing => {
                const {
                    &ComponentFacts {
                        name: "standing",
                        words: "standing",
                        loinc: None,
                        dimension: Dimension::YesNo,
                        hold: None,
                        possible: range(0.0, 1.0),
                        step: 1.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
            Component::Dose => {
                const {
                    &ComponentFacts {
                        name: "dose",
                        words: "dose",
                        loinc: None,
                        dimension: Dimension::InsulinUnits,
                        hold: None,
                        possible: range(0.0, 300.0),
                        step: 5.0,
                        decimals: 0,
                        looks_like: None,
                    }
                }
            }
        }
    }
}
