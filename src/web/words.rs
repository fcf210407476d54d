//! Values and times as people read them.

use alert_rules::reading::{Measured, not_possible};
use alert_rules::unit::{ACVPU, in_words};
use alert_rules::{Component, Vital};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::api::LastReading;
use crate::store::reading_seen::{self, Reading};

/// Whole years on the patient's own calendar.
pub fn age(born: Date, now: Timestamp, zone: &TimeZone) -> i16 {
    let today = now.to_zoned(zone.clone()).date();
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    today.year() - born.year() - i16::from(!had_birthday)
}

/// The zone, or UTC where the name is not known here: a page must not fail on it.
pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// `today 08:05`, `yesterday 21:40`, `3 March 08:05`, `3 March 2024 08:05`
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let time = at.strftime("%H:%M");
    if at.date() == now.date() {
        format!("today {time}")
    } else if now.date().yesterday().is_ok_and(|yesterday| at.date() == yesterday) {
        format!("yesterday {time}")
    } else if at.year() == now.year() {
        format!("{} {time}", at.strftime("%-d %B"))
    } else {
        format!("{} {time}", at.strftime("%-d %B %Y"))
    }
}

/// First letter large: `Blood pressure`.
pub fn sentence_case(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A number with as many digits as are meant: `148`, `7.2`; a level of consciousness by its name.
pub fn number(component: Component, value: f64) -> String {
    if component == Component::Consciousness {
        return in_words(component, value);
    }
    format!("{value:.*}", component.facts().decimals)
}

/// The names of the values 0, 1, … of what has names and no numbers: levels of consciousness.
pub fn levels(vital: Vital) -> Vec<String> {
    match vital {
        Vital::Consciousness => ACVPU.map(|level| level.replace('_', " ")).to_vec(),
        _ => Vec::new(),
    }
}

/// The canonical unit of a vital as people write it; empty where it is a plain number.
pub fn unit(vital: Vital) -> &'static str {
    vital.facts().required.first().map_or("", |component| component.dimension().display())
}

/// `mmHg` stands off its number, `%` does not.
pub fn with_unit(number: &str, unit: &str) -> String {
    match unit {
        "" => number.to_owned(),
        "%" | "/min" => format!("{number}{unit}"),
        unit => format!("{number} {unit}"),
    }
}

/// `148/92 mmHg`, `71.4 kg`, `HI`, `could not measure`: what stands of a reading, in words.
pub fn reading(reading: &Reading) -> String {
    if let Some(absent) = &reading.absent {
        return absent.replace('_', " ");
    }
    let Some(vital) = Vital::named(&reading.vital) else { return String::new() };
    let components = standing(reading);
    let parts: Vec<String> = vital.facts().required.iter().filter_map(|wanted| value_of(components, *wanted)).collect();
    let text = parts.join("/");
    let text = if parts.iter().all(|part| part == "HI" || part == "LO") { text } else { with_unit(&text, unit(vital)) };
    match &reading.correction {
        None if is_not_theirs(reading) => format!("{text} (somebody else's)"),
        None if cannot_be_right(reading) => format!("{text} (cannot be right)"),
        _ => text,
    }
}

/// The instrument keeps it under somebody else's user number.
pub fn is_not_theirs(reading: &Reading) -> bool {
    reading.flags.iter().any(|flag| flag == "not_theirs")
}

/// What it was measured for is not possible: an impossible pulse beside a pressure leaves the pressure standing.
pub fn cannot_be_right(reading: &Reading) -> bool {
    let flagged = reading.flags.iter().any(|flag| flag == "impossible");
    let values: Vec<(Component, Measured)> = reading
        .components
        .iter()
        .filter(|component| component.comparator.is_none())
        .filter_map(|component| Some((Component::named(&component.component)?, Measured::value(component.value?))))
        .collect();
    let wrong = not_possible(&values);
    let required = Vital::named(&reading.vital).map_or(&[][..], |vital| vital.facts().required);
    flagged && (wrong.is_empty() || wrong.iter().any(|component| required.contains(component)))
}

pub fn last_reading(newest: &Reading) -> LastReading {
    LastReading { vital: newest.vital.clone(), text: reading(newest), at: newest.effective_at }
}

/// The values that count: the corrected ones where there are any.
pub fn standing(reading: &Reading) -> &[reading_seen::Component] {
    reading.correction.as_ref().and_then(|correction| correction.values.as_deref()).unwrap_or(&reading.components)
}

fn value_of(components: &[reading_seen::Component], wanted: Component) -> Option<String> {
    let found = components.iter().find(|found| found.component == wanted.name())?;
    match found.comparator.as_deref() {
        Some(comparator) => Some(off_scale(comparator).to_owned()),
        None => found.value.map(|value| number(wanted, value)),
    }
}

/// A meter's own word for what lies beyond its scale.
pub fn off_scale(comparator: &str) -> &'static str {
    if comparator == "high" { "HI" } else { "LO" }
}
