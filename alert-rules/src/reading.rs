//! What is stored about a patient, as the rules see it: readings, answers, events, corrections, and what was shown.
//!
//! Values are already in canonical units. Nothing here is sorted or resolved; `timeline.rs` does that.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::vital::{Component, Vital};

/// A meter's HI or LO: beyond its scale on that side, with or without a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparator {
    High,
    Low,
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    CouldNotMeasure,
}

/// One number, in the component's canonical unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// With a comparator: the bound, if the meter gave one.
    pub value: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparator: Option<Comparator>,
}

impl Measured {
    pub fn value(value: f64) -> Measured {
        Measured { value: Some(value), comparator: None }
    }

    pub fn off_scale(comparator: Comparator) -> Measured {
        Measured { value: None, comparator: Some(comparator) }
    }

    /// The number rules compare: HI satisfies every `>=`, LO every `<=`. None when there is nothing to compare.
    pub fn compared(self) -> Option<f64> {
        match self.comparator {
            Some(Comparator::High) => Some(f64::INFINITY),
            Some(Comparator::Low) => Some(f64::NEG_INFINITY),
            None => self.value.filter(|value| value.is_finite()),
        }
    }
}

/// Set when the reading was accepted. Ranges are also looked at again during evaluation, so a flag may only add doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Flags {
    /// Outside the hold range: seen by `when`, not by `clear` or means, until a second reading agrees.
    pub unconfirmed: bool,
    /// Some of its values are never used: [`not_possible`] says which, or all if it names none.
    pub impossible: bool,
    /// The phone's own time could not be used: may raise, never clears.
    pub dated_by_arrival: bool,
}

impl Flags {
    /// From the names stored with a reading; names meant for others are passed over.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Flags {
        let mut flags = Flags::default();
        for name in names {
            match name {
                "unconfirmed" => flags.unconfirmed = true,
                "impossible" => flags.impossible = true,
                "dated_by_arrival" => flags.dated_by_arrival = true,
                _ => {}
            }
        }
        flags
    }

    pub fn names(self) -> Vec<&'static str> {
        let all = [
            (self.unconfirmed, "unconfirmed"),
            (self.impossible, "impossible"),
            (self.dated_by_arrival, "dated_by_arrival"),
        ];
        all.into_iter().filter_map(|(set, name)| set.then_some(name)).collect()
    }

    /// What static facts alone say about the values of one reading; `dated_by_arrival` is not theirs to say.
    pub fn of_values(components: &[(Component, Measured)]) -> Flags {
        let not_possible = not_possible(components);
        let is_odd = |(component, measured): &(Component, Measured)| {
            let number = measured.value.filter(|_| measured.comparator.is_none());
            number.is_some_and(|value| !component.is_usual(value)) && !not_possible.contains(component)
        };
        Flags { unconfirmed: components.iter().any(is_odd), impossible: !not_possible.is_empty(), ..Flags::default() }
    }
}

/// Which values of one reading are never used. A pressure that is upside down, or one of whose ends cannot be right, is
/// wrong at both; apart from that one value says nothing about another, and must not hide it.
pub fn not_possible(components: &[(Component, Measured)]) -> Vec<Component> {
    const PRESSURE: [Component; 2] = [Component::Systolic, Component::Diastolic];
    let number =
        |wanted| components.iter().find(|(component, _)| *component == wanted).and_then(|(_, measured)| measured.value);
    let upside_down = matches!(PRESSURE.map(number), [Some(upper), Some(lower)] if lower >= upper);
    let is_wrong = |(component, measured): &(Component, Measured)| {
        measured.comparator.is_none() && measured.value.is_some_and(|value| !component.is_possible(value))
    };
    let mut found: Vec<Component> =
        components.iter().filter(|value| is_wrong(value)).map(|(component, _)| *component).collect();
    if upside_down || found.iter().any(|component| PRESSURE.contains(component)) {
        found.extend(PRESSURE);
        found.sort_unstable();
        found.dedup();
    }
    found
}

/// How a pressure was taken: what is said of the act of measuring beside its numbers. None: nobody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Circumstances {
    /// The cuff's sign for an irregular heartbeat came up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub irregular_pulse: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<bool>,
}

impl Circumstances {
    /// From the `context` that was sent with a reading; what has another name, type or word says nothing.
    pub fn of_context(context: &Value) -> Circumstances {
        let standing = match context.get("posture").and_then(Value::as_str) {
            Some("standing") => Some(true),
            Some("sitting" | "lying") => Some(false),
            _ => None,
        };
        Circumstances { irregular_pulse: context.get("irregular_pulse").and_then(Value::as_bool), standing }
    }

    /// What was said, as parts of the reading.
    pub fn components(self) -> impl Iterator<Item = (Component, bool)> {
        let said = [(Component::IrregularPulse, self.irregular_pulse), (Component::Standing, self.standing)];
        said.into_iter().filter_map(|(component, said)| Some((component, said?)))
    }

    fn is_silent(&self) -> bool {
        *self == Circumstances::default()
    }
}

/// One act of measuring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub seq: i64,
    pub vital: Vital,
    /// When it was taken.
    pub effective_at: Timestamp,
    /// When it reached us (care time).
    pub received_at: Timestamp,
    pub components: Vec<(Component, Measured)>,
    pub absent: Option<Absent>,
    #[serde(default)]
    pub flags: Flags,
    #[serde(default, skip_serializing_if = "Circumstances::is_silent")]
    pub circumstances: Circumstances,
}

/// What a person answered to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    YesNo(bool),
    Number(f64),
    Text(String),
    Several(Vec<String>),
}

impl Answer {
    /// `true`, "yes" and "true" are yes; `false`, "no" and "false" are no; anything else is neither.
    pub fn yes(&self) -> Option<bool> {
        match self {
            Answer::YesNo(yes) => Some(*yes),
            Answer::Text(text) if text == "yes" || text == "true" => Some(true),
            Answer::Text(text) if text == "no" || text == "false" => Some(false),
            Answer::Text(_) | Answer::Number(_) | Answer::Several(_) => None,
        }
    }

    /// The text, or one of several.
    pub fn is_text(&self, wanted: &str) -> bool {
        match self {
            Answer::Text(text) => text == wanted,
            Answer::Several(texts) => texts.iter().any(|text| text == wanted),
            Answer::YesNo(_) | Answer::Number(_) => false,
        }
    }

    /// What a phone sent as an answer; none of `null`. Of a list that is not of texts each is taken as it reads.
    pub fn sent(value: &Value) -> Option<Answer> {
        Some(match value {
            Value::Null | Value::Object(_) => return None,
            Value::Bool(yes) => Answer::YesNo(*yes),
            Value::Number(number) => Answer::Number(number.as_f64()?),
            Value::String(text) => Answer::Text(text.clone()),
            Value::Array(several) => {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Answer::Several(several.iter().map(text).collect())
            }
        })
    }
}

/// A filled-in questionnaire, or as much of it as was filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    pub seq: i64,
    pub effective_at: Timestamp,
    pub received_at: Timestamp,
    /// `name|version`.
    pub questionnaire: String,
    pub partial: bool,
    /// Link id and value.
    pub answers: Vec<(String, Answer)>,
}

impl Answers {
    /// The questionnaire's, without the version.
    pub fn name(&self) -> &str {
        self.questionnaire.split('|').next().unwrap_or_default()
    }
}

/// Insulin, a meal, exercise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub seq: i64,
    pub effective_at: Timestamp,
    pub received_at: Timestamp,
    pub event: String,
    pub quantity: Option<(Component, f64)>,
}

/// A later submission about an earlier one. Of several about the same, the last sequence number wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    pub seq: i64,
    pub corrects_seq: i64,
    /// `not_mine`, `wrong_entry`, …
    pub reason: String,
    /// Replacing components of a reading. None withdraws what it corrects.
    pub values: Option<Vec<(Component, Measured)>>,
}

/// Staff looked at a doubtful reading and took it as it is. It is judged as if nothing had been odd about it, and what is
/// like it later is no longer doubted. Of the values as they were: a later correction of them voids it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The reading's number, when it was taken, and its values.
    pub seq: i64,
    pub effective_at: Timestamp,
    pub values: Vec<(Component, Measured)>,
}

/// A phone showed an ask to the patient: from then its repeat timer runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub ask: Uuid,
    pub at: Timestamp,
}

/// Everything stored about one patient in the stretch of time that is judged. In any order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// Whose history; part of every ask's id, so that two people on one phone never share one.
    pub patient: Uuid,
    pub readings: Vec<Reading>,
    pub answers: Vec<Answers>,
    pub events: Vec<Event>,
    pub corrections: Vec<Correction>,
    /// All there ever were: what was accepted years ago still counts.
    pub acceptances: Vec<Acceptance>,
    pub shown: Vec<Shown>,
}

impl History {
    /// Takes in what else is known of the same patient.
    pub fn extend(&mut self, more: History) {
        let History { patient: _, readings, answers, events, corrections, acceptances, shown } = more;
        self.readings.extend(readings);
        self.answers.extend(answers);
        self.events.extend(events);
        self.corrections.extend(corrections);
        self.acceptances.extend(acceptances);
        self.shown.extend(shown);
    }
}
