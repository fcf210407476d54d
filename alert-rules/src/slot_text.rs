//! A slot as people write it: `weight 07:30 mon,thu`, `glucose 08:00 every 2 days from 2026-03-01 for 14 days`.

use std::fmt::Write as _;
use std::num::NonZeroU8;
use std::str::SplitWhitespace;

use jiff::Span;
use jiff::civil::{Date, Time};

use crate::facts::{Day, Due, Slot};

pub const EXAMPLE: &str = "for example \"blood_pressure 08:00\", \"weight 07:30 mon,thu\", \
                           \"weight 07:30 every 2 days\" or \"glucose 08:00 from 2026-03-01 for 14 days\"";

/// Readings lie near enough for the rules to see the one before.
const APART_AT_MOST: u16 = 28;
const COURSE_AT_MOST: u16 = 366;

/// A slot whose first day may still be open: a template does not know when a plan begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    slot: Slot,
    /// The days of a course that has a length and no end.
    lasts: Option<u16>,
}

impl Written {
    pub fn due(&self) -> &Due {
        &self.slot.due
    }

    /// What counts from a first day, and names none, counts from this one.
    pub fn beginning(&self, day: Date) -> Slot {
        let counts = self.slot.every_days.is_some() || self.lasts.is_some();
        let from = self.slot.from.or_else(|| counts.then_some(day));
        let last = |days: u16| from.unwrap_or(day).saturating_add(Span::new().days(days.saturating_sub(1)));
        Slot { from, until: self.slot.until.or_else(|| self.lasts.map(last)), ..self.slot.clone() }
    }

    /// As a person reads it: `07:30 every 2 days for 14 days`.
    pub fn words(&self) -> String {
        let mut words = [clock_face(self.slot.at), days_in_words(&self.slot)].join(" ");
        if let Some(days) = self.lasts {
            let _ = write!(words, " for {days} days");
        }
        words
    }
}

/// On which days a slot is due, as a person reads it: `every day`, `on mon, thu`, `every 2 days from 1 March 2026`.
pub fn days_in_words(slot: &Slot) -> String {
    let mut words = match (slot.every_days, slot.days.as_slice()) {
        (Some(days), _) => format!("every {days} days"),
        (None, []) => "every day".to_owned(),
        (None, days) => format!("on {}", days.iter().map(|day| day.name()).collect::<Vec<_>>().join(", ")),
    };
    let date = |date: Date| date.strftime("%-d %B %Y").to_string();
    if let Some(from) = slot.from {
        let _ = write!(words, " from {}", date(from));
    }
    if let Some(until) = slot.until {
        let _ = write!(words, " until {}", date(until));
    }
    words
}

/// Reads a slot; the refusal is a sentence, to which `EXAMPLE` may be added.
pub fn read(text: &str) -> Result<Written, String> {
    let mut words = text.split_whitespace();
    let what = words.next().ok_or("there is nothing here")?;
    let due = Due::named(what);
    let at = words.next().ok_or_else(|| format!("{what} has no time of day"))?;
    let at = Time::strptime("%H:%M", at).map_err(|_| format!("{at} is not a time of day; write it as 08:00"))?;
    let mut written = Written { slot: Slot::daily(due, at), lasts: None };
    let slot = &mut written.slot;
    let said = |again: bool, what: &str| if again { Err(format!("{what} is said twice")) } else { Ok(()) };
    while let Some(word) = words.next() {
        match word {
            "every" => {
                said(slot.every_days.is_some(), "every how many days")?;
                let days = days_of(&mut words, "every", 2, APART_AT_MOST)?;
                slot.every_days = u8::try_from(days).ok().and_then(NonZeroU8::new);
            }
            "from" => {
                said(slot.from.is_some(), "the first day")?;
                slot.from = Some(date_of(&mut words, "from")?);
            }
            "until" => {
                said(slot.until.is_some(), "the last day")?;
                slot.until = Some(date_of(&mut words, "until")?);
            }
            "for" => {
                said(written.lasts.is_some(), "for how many days")?;
                written.lasts = Some(days_of(&mut words, "for", 1, COURSE_AT_MOST)?);
            }
            days => {
                said(!slot.days.is_empty(), "on which days")?;
                slot.days = days.split(',').map(weekday).collect::<Result<_, _>>()?;
            }
        }
    }
    if slot.every_days.is_some() && !slot.days.is_empty() {
        return Err("it is either on some days of the week or every so many days".to_owned());
    }
    if slot.until.is_some() && written.lasts.is_some() {
        return Err("a course has either a last day or a number of days".to_owned());
    }
    if let (Some(from), Some(until)) = (slot.from, slot.until)
        && until < from
    {
        return Err(format!("the last day, {until}, is before the first, {from}"));
    }
    Ok(written)
}

fn days_of(words: &mut SplitWhitespace<'_>, after: &str, least: u16, most: u16) -> Result<u16, String> {
    let number = words.next().and_then(|number| number.parse().ok()).filter(|days| (least..=most).contains(days));
    let unit = words.next();
    number.filter(|_| matches!(unit, Some("day" | "days"))).ok_or_else(|| {
        format!("after `{after}` comes a number of days from {least} to {most}, as in `{after} 14 days`")
    })
}

fn date_of(words: &mut SplitWhitespace<'_>, after: &str) -> Result<Date, String> {
    let date = words.next().and_then(|date| Date::strptime("%Y-%m-%d", date).ok());
    date.ok_or_else(|| format!("after `{after}` comes a date; write it as 2026-03-01"))
}

fn weekday(name: &str) -> Result<Day, String> {
    let day = Day::ALL.into_iter().find(|day| day.name() == name.to_lowercase());
    day.ok_or_else(|| format!("{name} is no day; write mon, tue, wed, thu, fri, sat or sun"))
}

fn clock_face(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}
