//! NEWS2, the National Early Warning Score. Reproduced from: Royal College of Physicians. National Early Warning Score
//! (NEWS) 2: Standardising the assessment of acute-illness severity in the NHS. London: RCP, 2017.
//!
//! For people of 16 and more who are not pregnant. What is missing counts nothing: the sum is then a lower bound and never
//! a total. Whether somebody breathes oxygen changes two rows, so where nobody knows both ways are scored.

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    RespiratoryRate,
    Spo2,
    Oxygen,
    Systolic,
    Pulse,
    Consciousness,
    Temperature,
}

impl Input {
    pub fn words(self) -> &'static str {
        match self {
            Input::RespiratoryRate => "breathing rate",
            Input::Spo2 => "oxygen level",
            Input::Oxygen => "air or oxygen",
            Input::Systolic => "systolic",
            Input::Pulse => "pulse",
            Input::Consciousness => "consciousness",
            Input::Temperature => "temperature",
        }
    }
}

/// What a total asks for, from which total on: the columns of the RCP's chart of clinical responses, shortened.
pub const RESPONSES: [(f64, &str); 4] = [(0.0, "routine"), (1.0, "low"), (5.0, "urgent"), (7.0, "emergency")];
/// The most that all rows come to.
pub const MOST: f64 = 20.0;

/// What was measured together, in canonical units; HI and LO are infinite.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Inputs {
    pub respiratory_rate: Option<f64>,
    pub spo2: Option<f64>,
    /// A clinician has set scale 2, for somebody whose saturation is meant to be 88–92 %.
    pub spo2_scale_2: bool,
    pub on_oxygen: Option<bool>,
    pub systolic: Option<f64>,
    pub pulse: Option<f64>,
    /// 0 is alert.
    pub consciousness: Option<f64>,
    pub temperature: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// None while anything is missing.
    pub total: Option<u8>,
    /// What it is at the least, whatever the missing ones are.
    pub lower_bound: u8,
    /// A single row scores 3. None: only one that is missing could.
    pub any_three: Option<bool>,
    /// Of what is known; with oxygen unknown, the way that scores less.
    pub parts: Vec<(Input, u8)>,
    pub missing: Vec<Input>,
}

/// The upper end of each band, inside, and its points; then the points above the last.
type Row = (&'static [(f64, u8)], u8);

const RESPIRATORY_RATE: Row = (&[(8.0, 3), (11.0, 1), (20.0, 0), (24.0, 2)], 3);
const SPO2_SCALE_1: Row = (&[(91.0, 3), (93.0, 2), (95.0, 1)], 0);
const SPO2_SCALE_2_AIR: Row = (&[(83.0, 3), (85.0, 2), (87.0, 1)], 0);
const SPO2_SCALE_2_OXYGEN: Row = (&[(83.0, 3), (85.0, 2), (87.0, 1), (92.0, 0), (94.0, 1), (96.0, 2)], 3);
const SYSTOLIC: Row = (&[(90.0, 3), (100.0, 2), (110.0, 1), (219.0, 0)], 3);
const PULSE: Row = (&[(40.0, 3), (50.0, 1), (90.0, 0), (110.0, 1), (130.0, 2)], 3);
const CONSCIOUSNESS: Row = (&[(0.0, 0)], 3);
const TEMPERATURE: Row = (&[(35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1)], 2);
const ON_OXYGEN: u8 = 2;

impl Inputs {
    pub fn score(&self) -> Score {
        let ways: Vec<Vec<(Input, u8)>> = match self.on_oxygen {
            Some(on_oxygen) => vec![self.parts(on_oxygen)],
            None => vec![self.parts(false), self.parts(true)],
        };
        let sum = |parts: &Vec<(Input, u8)>| parts.iter().map(|(_, points)| points).sum::<u8>();
        let missing = self.missing();
        let threes = ways.iter().filter(|way| way.iter().any(|(_, points)| *points == 3)).count();
        let any_three = match threes {
            all if all == ways.len() => Some(true),
            0 if missing.iter().all(|input| *input == Input::Oxygen) => Some(false),
            _ => None,
        };
        let mut parts = ways.into_iter().min_by_key(sum).unwrap_or_default();
        let lower_bound = sum(&parts);
        parts.retain(|(input, _)| !missing.contains(input));
        Score { total: missing.is_empty().then_some(lower_bound), lower_bound, any_three, parts, missing }
    }

    fn parts(&self, on_oxygen: bool) -> Vec<(Input, u8)> {
        let spo2 = match (self.spo2_scale_2, on_oxygen) {
            (false, _) => SPO2_SCALE_1,
            (true, false) => SPO2_SCALE_2_AIR,
            (true, true) => SPO2_SCALE_2_OXYGEN,
        };
        let whole = [
            (Input::RespiratoryRate, self.respiratory_rate, RESPIRATORY_RATE),
            (Input::Spo2, self.spo2, spo2),
            (Input::Systolic, self.systolic, SYSTOLIC),
            (Input::Pulse, self.pulse, PULSE),
            (Input::Consciousness, self.consciousness, CONSCIOUSNESS),
        ];
        let whole = whole.into_iter().filter_map(|(input, value, row)| Some((input, points(value?.round(), row))));
        // As thermometers show it: tenths.
        let temperature = self.temperature.map(|value| (value * 10.0).round() / 10.0);
        let mut parts: Vec<(Input, u8)> = whole.collect();
        parts.push((Input::Oxygen, if on_oxygen { ON_OXYGEN } else { 0 }));
        parts.extend(temperature.map(|value| (Input::Temperature, points(value, TEMPERATURE))));
        parts
    }

    fn missing(&self) -> Vec<Input> {
        let known = [
            (Input::RespiratoryRate, self.respiratory_rate.is_some()),
            (Input::Spo2, self.spo2.is_some()),
            (Input::Oxygen, self.on_oxygen.is_some()),
            (Input::Systolic, self.systolic.is_some()),
            (Input::Pulse, self.pulse.is_some()),
            (Input::Consciousness, self.consciousness.is_some()),
            (Input::Temperature, self.temperature.is_some()),
        ];
        known.into_iter().filter_map(|(input, is_known)| (!is_known).then_some(input)).collect()
    }
}

fn points(value: f64, (bands, above): Row) -> u8 {
    bands.iter().find(|(upper, _)| value <= *upper).map_or(above, |(_, points)| *points)
}

impl Score {
    /// `NEWS2 7: breathing rate 3, air or oxygen 2, pulse 2`; `NEWS2 at least 5: … ; not known: temperature`.
    pub fn in_words(&self) -> String {
        let scored = self.parts.iter().filter(|(_, points)| *points > 0);
        let scored: Vec<String> = scored.map(|(input, points)| format!("{} {points}", input.words())).collect();
        let missing: Vec<&str> = self.missing.iter().map(|input| input.words()).collect();
        let mut words = match self.total {
            Some(total) => format!("NEWS2 {total}"),
            None => format!("NEWS2 at least {}", self.lower_bound),
        };
        if !scored.is_empty() {
            words = format!("{words}: {}", scored.join(", "));
        }
        if !missing.is_empty() {
            words = format!("{words}; not known: {}", missing.join(", "));
        }
        words
    }
}
