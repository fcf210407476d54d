//! One line of a scenario: `2026-03-01 08:00 systolic 184 mmHg, diastolic 101 mmHg, came 2026-03-01 18:00`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::questionnaire::Questionnaire;
use crate::reading::{
    Absent, Acceptance, Answer, Answers, Circumstances, Comparator, Correction, Event, Flags, Measured, Reading,
};
use crate::unit::{ACVPU, normalise};
use crate::vital::{Component, Vital};

/// What the patient's phone sends, and when it comes. Sequence numbers are given at replay, in the order of coming.
#[derive(Debug, Clone)]
pub struct Input {
    pub came: Timestamp,
    pub what: Submitted,
    /// The line as written, for timelines.
    pub text: String,
}

#[derive(Debug, Clone)]
pub enum Submitted {
    Reading(Reading),
    Answers(Answers),
    Event(Event),
    /// "Not mine": takes back what was taken at that instant.
    Withdrawal {
        at: Timestamp,
        of: Timestamp,
    },
    /// Here and in an acceptance a number is which of the submissions it is, in the order in which they come, from 1.
    Correction {
        at: Timestamp,
        what: Correction,
    },
    Acceptance {
        at: Timestamp,
        what: Acceptance,
    },
}

impl Submitted {
    pub fn effective_at(&self) -> Timestamp {
        match self {
            Submitted::Reading(reading) => reading.effective_at,
            Submitted::Answers(answers) => answers.effective_at,
            Submitted::Event(event) => event.effective_at,
            Submitted::Withdrawal { at, .. } | Submitted::Correction { at, .. } | Submitted::Acceptance { at, .. } => {
                *at
            }
        }
    }
}

pub(super) fn input(text: &str, zone: &TimeZone, questionnaires: &[Questionnaire]) -> Result<Input, String> {
    let (at, rest) = instant_and_rest(text, zone)?;
    let (rest, came) = match rest.split_once(", came ") {
        Some((rest, came)) => (rest, instant(came, zone)?),
        None => (rest, at),
    };
    if came < at {
        return Err("this comes before it was taken".to_owned());
    }
    let what = match rest.split_once(' ') {
        Some(("answers", said)) => Submitted::Answers(answers(said, at, came, questionnaires)?),
        Some(("event", said)) => Submitted::Event(event(said, at, came)?),
        Some(("withdraws", of)) => Submitted::Withdrawal { at, of: instant(of, zone)? },
        _ => Submitted::Reading(reading(rest, at, came)?),
    };
    Ok(Input { came, what, text: rest.to_owned() })
}

/// A local date and time, and what follows it.
pub(super) fn instant_and_rest<'a>(text: &'a str, zone: &TimeZone) -> Result<(Timestamp, &'a str), String> {
    let (when, rest) =
        text.split_at_checked("2026-03-01 08:00".len()).ok_or("this does not begin with a date and a time")?;
    Ok((instant(when, zone)?, rest.trim_start()))
}

pub(super) fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let local: DateTime =
        format!("{}:00", text.trim()).parse().map_err(|_| format!("“{text}” is not a date and a time"))?;
    zone.to_zoned(local).map(|zoned| zoned.timestamp()).map_err(|_| format!("“{text}” is not a date and a time"))
}

fn reading(said: &str, at: Timestamp, came: Timestamp) -> Result<Reading, String> {
    let mut reading = Reading {
        seq: 0,
        vital: Vital::BloodPressure,
        effective_at: at,
        received_at: came,
        components: Vec::new(),
        absent: None,
        flags: Flags::default(),
        circumstances: Circumstances::default(),
    };
    if let Some(vital) = said.strip_suffix(" could not measure") {
        reading.vital = Vital::named(vital).ok_or_else(|| format!("{vital} is not a vital"))?;
        reading.absent = Some(Absent::CouldNotMeasure);
        return Ok(reading);
    }
    for part in said.split(", ") {
        if circumstance(part, &mut reading.circumstances)? {
            continue;
        }
        reading.components.push(component(part)?);
    }
    let named = reading.components.iter().find_map(|(component, _)| component.vital());
    reading.vital = named.ok_or_else(|| format!("“{said}” is not a reading"))?;
    if let Some((beside, _)) =
        reading.circumstances.components().find(|(component, _)| component.vital() != Some(reading.vital))
    {
        return Err(format!("{} is said of another reading than one of {}", beside.name(), reading.vital.words()));
    }
    let missing = reading
        .vital
        .facts()
        .required
        .iter()
        .find(|needed| !reading.components.iter().any(|(given, _)| given == *needed));
    if let Some(missing) = missing {
        return Err(format!("a reading of {} has a {} too", reading.vital.words(), missing.words()));
    }
    reading.flags = Flags::of_values(&reading.components);
    Ok(reading)
}

/// `irregular_pulse yes`, `standing no`. Whether it is one.
fn circumstance(part: &str, circumstances: &mut Circumstances) -> Result<bool, String> {
    let (name, said) = part.split_once(' ').unwrap_or((part, ""));
    let told = match Component::named(name) {
        Some(Component::IrregularPulse) => &mut circumstances.irregular_pulse,
        Some(Component::Standing) => &mut circumstances.standing,
        _ => return Ok(false),
    };
    *told = match said {
        "yes" => Some(true),
        "no" => Some(false),
        _ => return Err(format!("{name} is yes or no")),
    };
    Ok(true)
}

fn component(part: &str) -> Result<(Component, Measured), String> {
    let words: Vec<&str> = part.split_whitespace().collect();
    let (name, measured) = match words.as_slice() {
        [name, "HI"] => (name, Ok(Measured::off_scale(Comparator::High))),
        [name, "LO"] => (name, Ok(Measured::off_scale(Comparator::Low))),
        [name, word] if ACVPU.contains(word) => (name, Err((word, &"{ACVPU}"))),
        [name, value, unit] => (name, Err((value, unit))),
        _ => return Err(format!("“{part}” is not a component, a number and its unit")),
    };
    let component = Component::named(name).ok_or_else(|| format!("nothing that can be measured is called {name}"))?;
    let measured = measured.or_else(|(value, unit)| {
        let level = ACVPU.iter().position(|word| word == value).map(|place| place as f64);
        let value = level.or_else(|| value.parse().ok()).ok_or_else(|| format!("{value} is not a number"))?;
        normalise(component, value, unit).map(Measured::value).map_err(|error| error.sentence)
    })?;
    Ok((component, measured))
}

/// `warning_signs yes, dizzy_or_fell no`: yes, no, a number, or the code of an option. They are answers to the first
/// questionnaire that asks all of them.
fn answers(said: &str, at: Timestamp, came: Timestamp, questionnaires: &[Questionnaire]) -> Result<Answers, String> {
    let part = |part: &str| match part.split_once(' ') {
        None => Err(format!("“{part}” is not a question's link id and an answer")),
        Some((link, "yes")) => Ok((link.to_owned(), Answer::YesNo(true))),
        Some((link, "no")) => Ok((link.to_owned(), Answer::YesNo(false))),
        Some((link, value)) => {
            Ok((link.to_owned(), value.parse().map_or_else(|_| Answer::Text(value.to_owned()), Answer::Number)))
        }
    };
    let answers = said.split(", ").map(part).collect::<Result<Vec<_>, _>>()?;
    let asks = |questionnaire: &&Questionnaire| answers.iter().all(|(link, _)| questionnaire.question(link).is_some());
    let questionnaire = questionnaires.iter().find(asks).ok_or("no questionnaire of this pack asks all of these")?;
    Ok(Answers {
        seq: 0,
        effective_at: at,
        received_at: came,
        questionnaire: questionnaire.reference(),
        partial: false,
        answers,
    })
}

fn event(said: &str, at: Timestamp, came: Timestamp) -> Result<Event, String> {
    let (event, quantity) = match said.split_once(' ') {
        None => (said, None),
        Some((event, quantity)) => {
            let (component, measured) = component(quantity)?;
            (event, measured.value.map(|value| (component, value)))
        }
    };
    Ok(Event { seq: 0, effective_at: at, received_at: came, event: event.to_owned(), quantity })
}
