//! What is typed on the command line, read strictly, with an example in every refusal.

use alert_rules::escalation::Weekly;
use alert_rules::unit::Dimension;
use alert_rules::{facts, slot_text};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// `08:00-20:00`, `mon-fri 08:00-18:00`, `daily all-day`
pub fn weekly(text: &str) -> Result<Weekly, String> {
    text.trim().parse()
}

pub fn time_zone(text: &str) -> Result<String, String> {
    TimeZone::get(text)
        .map(|_| text.to_owned())
        .map_err(|_| format!("{text:?} is no time zone; write an IANA name such as Europe/London"))
}

/// `2026-12-24`, `2026-12-24T14:00`: as the patient's own clock shows it.
pub fn local(text: &str) -> Result<DateTime, String> {
    let date = Date::strptime("%Y-%m-%d", text).map(|date| date.to_datetime(Time::midnight()));
    date.or_else(|_| DateTime::strptime("%Y-%m-%dT%H:%M", text))
        .map_err(|_| format!("{text:?} is no date; write 2026-12-24, or 2026-12-24T14:00"))
}

/// `blood_pressure@08:00`, `weight@07:30@mon,thu`, `glucose@08:00@every 2 days for 14 days`; or with spaces, as packs do.
/// A questionnaire's name may stand in place of the vital.
pub fn slot(text: &str) -> Result<slot_text::Written, String> {
    slot_text::read(&text.replace('@', " ")).map_err(|sentence| {
        let example = "write blood_pressure@08:00, weight@07:30@mon,thu, \"weight@07:30@every 2 days\", or \"glucose@08:00@from \
                       2026-03-01 for 14 days\"; a questionnaire's name may stand in place of the vital";
        format!("{text:?} is no slot: {sentence}; {example}")
    })
}

/// `pregnant=no`
pub fn tag(text: &str) -> Result<(String, bool), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, "yes"));
    let value = match value {
        "yes" => true,
        "no" => false,
        other => return Err(format!("{other:?} is neither yes nor no; write {name}=yes or {name}=no")),
    };
    if !facts::TAGS.contains(&name) {
        return Err(format!("there is no tag {name:?}; there are {}", facts::TAGS.join(", ")));
    }
    Ok((name.to_owned(), value))
}

/// A patient's own limit: `hypertension/severe_systolic=175 mmHg`
#[derive(Clone, Debug, PartialEq)]
pub struct OwnLimit {
    /// `pack/limit`
    pub name: String,
    pub value: f64,
    pub unit: String,
}

pub fn own_limit(text: &str) -> Result<OwnLimit, String> {
    let read = || {
        let (name, quantity) = text.split_once('=')?;
        let (value, unit) = number_and_unit(quantity)?;
        name.contains('/').then(|| OwnLimit { name: name.trim().to_owned(), value, unit })
    };
    let limit: OwnLimit =
        read().ok_or_else(|| format!("{text:?} is no limit; write hypertension/severe_systolic=\"175 mmHg\""))?;
    if Dimension::of_literal(limit.value, &limit.unit).is_none() {
        return Err(format!(
            "{:?} is no unit of a limit; write it as the pack does, such as mmHg, kg or mmol/L",
            limit.unit
        ));
    }
    Ok(limit)
}

/// `148`, `24.6 kPa`
pub fn number_and_unit(text: &str) -> Option<(f64, String)> {
    let text = text.trim();
    let ends = text.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | '-')).unwrap_or(text.len());
    let (number, unit) = text.split_at(ends);
    let number: f64 = number.parse().ok()?;
    Some((number, unit.trim().to_owned()))
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn slots_are_written_in_one_word_or_in_several() {
        for text in
            ["blood_pressure@08:00", "weight@07:30@mon,thu", "bp-weekly 20:00 every 2 days", "weight@7:30@for 3 days"]
        {
            assert_eq!(slot(text), slot_text::read(&text.replace('@', " ")), "{text}");
        }
        for wrong in ["blood_pressure", "blood_pressure@8", "@08:00", "weight@08:00@someday", "a@08:00@mon@x"] {
            let refused = slot(wrong).expect_err(wrong);
            assert!(refused.contains(wrong) && refused.contains("write blood_pressure@08:00"), "{refused}");
        }
    }

    #[test]
    fn a_date_is_its_first_moment() {
        assert_eq!(local("2026-12-24"), Ok(jiff::civil::date(2026, 12, 24).at(0, 0, 0, 0)));
        assert_eq!(local("2026-12-24T14:05"), Ok(jiff::civil::date(2026, 12, 24).at(14, 5, 0, 0)));
        for wrong in ["24.12.2026", "2026-12-32", "2026-12-24T25:00", "2026-12-24T14:05Z", "tomorrow"] {
            assert!(local(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_needs_a_unit() {
        let limit = own_limit("hypertension/severe_systolic=175 mmHg").expect("a limit");
        assert_eq!(
            (limit.name.as_str(), limit.value, limit.unit.as_str()),
            ("hypertension/severe_systolic", 175.0, "mmHg")
        );
        for wrong in ["hypertension/severe_systolic=175", "severe_systolic=175 mmHg", "a/b=mmHg", "a/b=175 bananas"] {
            assert!(own_limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tags_are_those_that_rules_know() {
        assert_eq!(tag("pregnant=no"), Ok(("pregnant".into(), false)));
        assert_eq!(tag("on_insulin"), Ok(("on_insulin".into(), true)));
        assert!(tag("tall").is_err());
        assert!(tag("pregnant=maybe").is_err());
    }
}
