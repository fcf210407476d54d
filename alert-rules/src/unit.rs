//! Units: every value is kept in one canonical UCUM unit per dimension, and nothing else is ever guessed.
//!
//! `normalise` turns a given value and unit into the canonical one or refuses in a sentence. Dimensions are what the
//! rule language checks: `kg` and `mm[Hg]` never meet.

use serde::{Deserialize, Serialize};

use crate::vital::Component;

/// What kind of quantity a number is. Each has exactly one canonical unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    Number,
    Pressure,
    Rate,
    Percent,
    Temperature,
    Mass,
    Length,
    Concentration,
    Flow,
    Volume,
    InsulinUnits,
    Score,
    /// Whole years of age.
    Years,
}

/// One spelling of one unit: canonical value = given × factor + offset.
struct Spelling {
    ucum: &'static str,
    /// Spellings people and meters use, accepted and turned into UCUM.
    common: &'static [&'static str],
    factor: f64,
    offset: f64,
}

const fn unit(ucum: &'static str, common: &'static [&'static str], factor: f64) -> Spelling {
    Spelling { ucum, common, factor, offset: 0.0 }
}

impl Dimension {
    const ALL: [Dimension; 13] = [
        Dimension::Number,
        Dimension::Pressure,
        Dimension::Rate,
        Dimension::Percent,
        Dimension::Temperature,
        Dimension::Mass,
        Dimension::Length,
        Dimension::Concentration,
        Dimension::Flow,
        Dimension::Volume,
        Dimension::InsulinUnits,
        Dimension::Score,
        Dimension::Years,
    ];

    /// Canonical UCUM unit; empty for a plain number.
    pub fn unit(self) -> &'static str {
        self.spellings().first().map_or("", |spelling| spelling.ucum)
    }

    /// The canonical unit as people write it.
    pub fn display(self) -> &'static str {
        match self {
            Dimension::Number | Dimension::Score => "",
            Dimension::Pressure => "mmHg",
            Dimension::Rate => "/min",
            Dimension::Percent => "%",
            Dimension::Temperature => "°C",
            Dimension::Mass => "kg",
            Dimension::Length => "cm",
            Dimension::Concentration => "mmol/L",
            Dimension::Flow => "L/min",
            Dimension::Volume => "L",
            Dimension::InsulinUnits => "units",
            Dimension::Years => "years",
        }
    }

    /// The dimension and canonical value of a number with a unit, whatever it measures. Concentrations in mg/dL are
    /// not among them: what a milligram is in millimoles depends on the substance.
    pub fn of_literal(value: f64, unit: &str) -> Option<(Dimension, f64)> {
        Dimension::ALL.into_iter().find_map(|dimension| {
            let spelling = dimension.spellings().iter().find(|spelling| spelling.is(unit))?;
            Some((dimension, value * spelling.factor + spelling.offset))
        })
    }

    fn spellings(self) -> &'static [Spelling] {
        match self {
            Dimension::Number => &[],
            Dimension::Pressure => {
                const { &[unit("mm[Hg]", &["mmHg"], 1.0), unit("kPa", &[], 1.0 / 0.133_322_387_415)] }
            }
            Dimension::Rate => {
                const { &[unit("/min", &["bpm", "{beats}/min", "{breaths}/min", "beats/min", "breaths/min"], 1.0)] }
            }
            Dimension::Percent => const { &[unit("%", &["percent"], 1.0)] },
            Dimension::Temperature => {
                const {
                    &[
                        unit("Cel", &["°C", "degC"], 1.0),
                        Spelling { ucum: "[degF]", common: &["°F", "degF"], factor: 5.0 / 9.0, offset: -160.0 / 9.0 },
                    ]
                }
            }
            Dimension::Mass => {
                const {
                    &[
                        unit("kg", &[], 1.0),
                        unit("[lb_av]", &["lb", "lbs"], 0.453_592_37),
                        unit("[stone_av]", &["st", "stone"], 6.350_293_18),
                        unit("g", &[], 0.001),
                    ]
                }
            }
            Dimension::Length => {
                const { &[unit("cm", &[], 1.0), unit("m", &[], 100.0), unit("[in_i]", &["in", "inch"], 2.54)] }
            }
            Dimension::Concentration => const { &[unit("mmol/L", &["mmol/l"], 1.0)] },
            Dimension::Flow => const { &[unit("L/min", &["l/min"], 1.0)] },
            Dimension::Volume => const { &[unit("L", &["l"], 1.0)] },
            Dimension::InsulinUnits => const { &[unit("[iU]", &["iU", "IU", "units", "U"], 1.0)] },
            Dimension::Score => const { &[unit("{score}", &[], 1.0)] },
            Dimension::Years => const { &[unit("a", &["years", "year"], 1.0)] },
        }
    }
}

impl Spelling {
    fn is(&self, unit: &str) -> bool {
        self.ucum == unit || self.common.contains(&unit)
    }
}

/// Milligrams in a decilitre per millimole in a litre; only of glucose.
const GLUCOSE_MG_DL: Spelling = unit("mg/dL", &["mg/dl"], 1.0 / 18.016);
const STEP_COUNTS: Spelling = unit("{steps}", &["steps", "1"], 1.0);

fn spellings_of(component: Component) -> impl Iterator<Item = &'static Spelling> {
    static GLUCOSE: [Spelling; 1] = [GLUCOSE_MG_DL];
    static STEPS: [Spelling; 1] = [STEP_COUNTS];
    let own: &'static [Spelling] = match component {
        Component::Glucose => &GLUCOSE,
        Component::Steps => &STEPS,
        _ => &[],
    };
    component.dimension().spellings().iter().chain(own)
}

/// Why a value was not taken; `sentence` is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct UnitError {
    pub sentence: String,
}

/// The value in the component's canonical unit, or the sentence that refuses it.
pub fn normalise(component: Component, value: f64, unit: &str) -> Result<f64, UnitError> {
    let refuse = |sentence| Err(UnitError { sentence });
    if !value.is_finite() {
        return refuse(format!("the value of {} is not a number", component.name()));
    }
    if unit.is_empty() {
        return refuse(format!("{} has no unit; use {}", component.name(), accepted_in_words(component)));
    }
    match spellings_of(component).find(|spelling| spelling.is(unit)) {
        Some(spelling) => Ok(value * spelling.factor + spelling.offset),
        None => refuse(format!("{unit} is not a unit of {}; use {}", component.name(), accepted_in_words(component))),
    }
}

/// The value in another accepted unit: the inverse of `normalise`.
pub fn in_unit(component: Component, canonical: f64, unit: &str) -> Option<f64> {
    spellings_of(component)
        .find(|spelling| spelling.is(unit))
        .map(|spelling| (canonical - spelling.offset) / spelling.factor)
}

/// UCUM units accepted for a component, the canonical one first.
pub fn accepted(component: Component) -> impl Iterator<Item = &'static str> {
    spellings_of(component).map(|spelling| spelling.ucum)
}

fn accepted_in_words(component: Component) -> String {
    let units: Vec<_> = accepted(component).collect();
    match units.split_last() {
        None => "no unit".to_owned(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// `184 mmHg`, `4.0 mmol/L`, `94 %`: for people, rounded to the component's decimals.
pub fn in_words(component: Component, value: f64) -> String {
    quantity_in_words(component.dimension(), component.facts().decimals, value)
}

/// Like `in_words`, for a quantity that is no component's value (a difference, a limit).
pub fn quantity_in_words(dimension: Dimension, decimals: usize, value: f64) -> String {
    let number = format!("{value:.decimals$}");
    match dimension.display() {
        "" => number,
        unit if unit.starts_with('/') => format!("{number}{unit}"),
        unit => format!("{number} {unit}"),
    }
}
