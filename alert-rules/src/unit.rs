//! Units: every value is kept in one canonical UCUM unit per dimension, and nothing else is ever guessed.
//!
//! `normalise` turns a given value and unit into the canonical one or refuses in a sentence. Dimensions are what the
//! rule language checks: `kg` and `mm[Hg]` never meet.

use rust_decimal::Decimal;

use crate::vital::Component;

/// What kind of quantity a number is. Each has exactly one canonical unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// One of `ACVPU`, by its place there.
    Consciousness,
    /// 1 is yes, 0 is no. It has no unit, and nothing is counted with it.
    YesNo,
    /// Whole years of age.
    Years,
    /// How fast another changes: `kg/day`. Of one of the above.
    PerDay(&'static Dimension),
}

/// One spelling of one unit: canonical value = (given + shift) × numerator ÷ denominator, all of them exact.
struct Spelling {
    ucum: &'static str,
    /// Spellings people and meters use, accepted and turned into UCUM.
    common: &'static [&'static str],
    shift: i64,
    numerator: i64,
    denominator: i64,
}

const fn unit(ucum: &'static str, common: &'static [&'static str], numerator: i64, denominator: i64) -> Spelling {
    Spelling { ucum, common, shift: 0, numerator, denominator }
}

/// Spellings of "a day" behind a slash.
const A_DAY: [&str; 2] = ["/day", "/d"];

/// Levels of consciousness as NEWS2 has them, from awake to not to be woken: the words of rules.
pub const ACVPU: [&str; 5] = ["alert", "new_confusion", "responds_to_voice", "responds_to_pain", "unresponsive"];

impl Dimension {
    /// What a number can be written in.
    const ALL: [Dimension; 14] = [
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
        Dimension::Consciousness,
        Dimension::Years,
    ];

    /// Canonical UCUM unit; empty for a plain number.
    pub fn unit(self) -> &'static str {
        match self {
            Dimension::PerDay(of) => of.words().2,
            _ => self.spellings().first().map_or("", |spelling| spelling.ucum),
        }
    }

    /// The canonical unit as people write it.
    pub fn display(self) -> &'static str {
        match self {
            Dimension::PerDay(of) => of.words().1,
            _ => self.words().0,
        }
    }

    /// The unit as people write it; that of its change in a day; and the same in UCUM.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Dimension::Number | Dimension::Score | Dimension::Consciousness | Dimension::YesNo => ("", "/day", "/d"),
            Dimension::Pressure => ("mmHg", "mmHg/day", "mm[Hg]/d"),
            Dimension::Rate => ("/min", "/min/day", "/min/d"),
            Dimension::Percent => ("%", "%/day", "%/d"),
            Dimension::Temperature => ("°C", "°C/day", "Cel/d"),
            Dimension::Mass => ("kg", "kg/day", "kg/d"),
            Dimension::Length => ("cm", "cm/day", "cm/d"),
            Dimension::Concentration => ("mmol/L", "mmol/L/day", "mmol/L/d"),
            Dimension::Flow => ("L/min", "L/min/day", "L/min/d"),
            Dimension::Volume => ("L", "L/day", "L/d"),
            Dimension::InsulinUnits => ("units", "units/day", "[iU]/d"),
            Dimension::Years => ("years", "years/day", "a/d"),
            Dimension::PerDay(of) => of.words(),
        }
    }

    /// What a slope of it has.
    pub fn per_day(self) -> Dimension {
        static EACH: [Dimension; 14] = Dimension::ALL;
        match self {
            Dimension::Score | Dimension::Consciousness => Dimension::PerDay(&Dimension::Number),
            _ => EACH.iter().find(|each| **each == self).map_or(self, Dimension::PerDay),
        }
    }

    /// The dimension and canonical value of a number with a unit, whatever it measures. Concentrations in mg/dL are
    /// not among them: what a milligram is in millimoles depends on the substance.
    pub fn of_literal(value: f64, unit: &str) -> Option<(Dimension, f64)> {
        let plain = |unit: &str| {
            Dimension::ALL.into_iter().find_map(|dimension| {
                let spelling = dimension.spellings().iter().find(|spelling| spelling.is(unit))?;
                Some((dimension, spelling))
            })
        };
        if let Some((dimension, spelling)) = plain(unit) {
            return Some((dimension, spelling.canonical(value)));
        }
        let changes = A_DAY.into_iter().find_map(|a_day| unit.strip_suffix(a_day))?;
        if changes.is_empty() {
            return Some((Dimension::Number.per_day(), value));
        }
        // A difference has no offset, so degrees Fahrenheit would need a rule of their own: nobody writes them.
        let (dimension, spelling) = plain(changes).filter(|(_, spelling)| spelling.shift == 0)?;
        Some((dimension.per_day(), spelling.canonical(value)))
    }

    fn spellings(self) -> &'static [Spelling] {
        match self {
            Dimension::Number | Dimension::YesNo | Dimension::PerDay(_) => &[],
            // UCUM's: a metre of mercury is 133.322 kPa.
            Dimension::Pressure => const { &[unit("mm[Hg]", &["mmHg"], 1, 1), unit("kPa", &[], 1_000_000, 133_322)] },
            Dimension::Rate => {
                const { &[unit("/min", &["bpm", "{beats}/min", "{breaths}/min", "beats/min", "breaths/min"], 1, 1)] }
            }
            Dimension::Percent => const { &[unit("%", &["percent"], 1, 1)] },
            Dimension::Temperature => {
                const {
                    &[
                        unit("Cel", &["°C", "degC"], 1, 1),
                        Spelling { ucum: "[degF]", common: &["°F", "degF"], shift: -32, numerator: 5, denominator: 9 },
                    ]
                }
            }
            Dimension::Mass => {
                const {
                    &[
                        unit("kg", &[], 1, 1),
                        unit("[lb_av]", &["lb", "lbs"], 45_359_237, 100_000_000),
                        unit("[stone_av]", &["st", "stone"], 635_029_318, 100_000_000),
                        unit("g", &[], 1, 1_000),
                    ]
                }
            }
            Dimension::Length => {
                const { &[unit("cm", &[], 1, 1), unit("m", &[], 100, 1), unit("[in_i]", &["in", "inch"], 254, 100)] }
            }
            Dimension::Concentration => const { &[unit("mmol/L", &["mmol/l"], 1, 1)] },
            Dimension::Flow => const { &[unit("L/min", &["l/min"], 1, 1)] },
            Dimension::Volume => const { &[unit("L", &["l"], 1, 1)] },
            Dimension::InsulinUnits => const { &[unit("[iU]", &["iU", "IU", "units", "U"], 1, 1)] },
            Dimension::Score => const { &[unit("{score}", &[], 1, 1)] },
            Dimension::Consciousness => const { &[unit("{ACVPU}", &[], 1, 1)] },
            Dimension::Years => const { &[unit("a", &["years", "year"], 1, 1)] },
        }
    }
}

impl Spelling {
    fn is(&self, unit: &str) -> bool {
        self.ucum == unit || self.common.contains(&unit)
    }

    fn is_canonical(&self) -> bool {
        self.shift == 0 && self.numerator == self.denominator
    }

    /// The double nearest to the exact result for the decimal number that was written: 72.064 mg/dL of glucose are
    /// 4 mmol/L, and not a little less.
    fn canonical(&self, given: f64) -> f64 {
        if self.is_canonical() {
            return given;
        }
        let (shift, numerator, denominator) = (self.shift, self.numerator, self.denominator);
        let exact = |given: Decimal| {
            given.checked_add(shift.into())?.checked_mul(numerator.into())?.checked_div(denominator.into())
        };
        let rough = |given: f64| (given + shift as f64) * numerator as f64 / denominator as f64;
        through_decimal(given, exact).unwrap_or_else(|| rough(given))
    }

    /// The inverse, likewise.
    fn given(&self, canonical: f64) -> f64 {
        if self.is_canonical() {
            return canonical;
        }
        let (shift, numerator, denominator) = (self.shift, self.numerator, self.denominator);
        let exact = |canonical: Decimal| {
            canonical.checked_mul(denominator.into())?.checked_div(numerator.into())?.checked_sub(shift.into())
        };
        let rough = |canonical: f64| canonical * denominator as f64 / numerator as f64 - shift as f64;
        through_decimal(canonical, exact).unwrap_or_else(|| rough(canonical))
    }
}

/// 28 digits are carried, and rounded once. None: the number is larger than any that is measured.
fn through_decimal(value: f64, exact: impl Fn(Decimal) -> Option<Decimal>) -> Option<f64> {
    let written: Decimal = value.to_string().parse().ok()?;
    exact(written)?.to_string().parse().ok()
}

/// Milligrams in a decilitre per millimole in a litre, 18.016; only of glucose.
const GLUCOSE_MG_DL: Spelling = unit("mg/dL", &["mg/dl"], 1_000, 18_016);
const STEP_COUNTS: Spelling = unit("{steps}", &["steps", "1"], 1, 1);

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
    let codes = component.dimension() == Dimension::Consciousness;
    if codes && value.fract() != 0.0 {
        return refuse(format!("{} is one of 0 to 4: {}", component.name(), ACVPU.join(", ")));
    }
    if unit.is_empty() {
        return refuse(format!("{} has no unit; use {}", component.name(), accepted_in_words(component)));
    }
    match spellings_of(component).find(|spelling| spelling.is(unit)) {
        Some(spelling) => Ok(spelling.canonical(value)),
        None => refuse(format!("{unit} is not a unit of {}; use {}", component.name(), accepted_in_words(component))),
    }
}

/// The value in another accepted unit: the inverse of `normalise`.
pub fn in_unit(component: Component, canonical: f64, unit: &str) -> Option<f64> {
    spellings_of(component).find(|spelling| spelling.is(unit)).map(|spelling| spelling.given(canonical))
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
    if dimension == Dimension::Consciousness {
        // A place in the list: no other value is possible.
        return ACVPU.get(value as usize).map_or_else(|| value.to_string(), |word| word.replace('_', " "));
    }
    if dimension == Dimension::YesNo {
        return if value == 0.0 { "no" } else { "yes" }.to_owned();
    }
    let number = format!("{value:.decimals$}");
    match dimension.display() {
        "" => number,
        unit if unit.starts_with('/') => format!("{number}{unit}"),
        unit => format!("{number} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Dimension;

    #[test]
    fn a_change_in_a_day_is_spelt_like_what_changes() {
        for dimension in Dimension::ALL {
            let slope = dimension.per_day();
            assert_eq!(slope.unit(), format!("{}/d", dimension.unit().replace("{score}", "").replace("{ACVPU}", "")));
            assert_eq!(slope.display(), format!("{}/day", dimension.display()));
            for written in [slope.unit(), slope.display()] {
                assert_eq!(Dimension::of_literal(2.5, written), Some((slope, 2.5)), "{written}");
            }
        }
        assert_eq!(Dimension::of_literal(500.0, "g/day"), Some((Dimension::Mass.per_day(), 0.5)));
    }
}
