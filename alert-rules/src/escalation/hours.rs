//! Hours that repeat by the week, as the clock on the wall shows them: what cover is declared in, and what shifts are.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::bank_holidays;

/// A stretch of a day. `from` equal to `until` is the whole day; `from` after `until` goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    pub from: Time,
    pub until: Time,
}

/// The days on which hours begin: one bit each, Monday first; the eighth is bank holidays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u8);

/// Hours, and on which days they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekly {
    pub days: Days,
    pub hours: Hours,
}

/// Whose clock, and what a bank holiday is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    pub zone: TimeZone,
    /// A bank holiday of England and Wales is a day of its own, with the hours declared for it and no others. Without this it is
    /// the weekday it falls on.
    pub keeps_bank_holidays: bool,
}

const NAMES: [&str; 8] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "bank"];
/// Among the names, and as a bit.
const BANK: usize = 7;
const EXAMPLE: &str =
    "write \"mon-fri 08:00-20:00\", \"sat,sun,bank 09:00-13:00\", \"daily 20:00-08:00\" or \"daily all-day\"";

impl Hours {
    pub const ALL_DAY: Self = Self { from: Time::midnight(), until: Time::midnight() };
}

impl Days {
    pub const ALL: Self = Self(u8::MAX);

    /// As stored: 1 is Monday, 64 Sunday, 128 bank holidays. `None` where there is no day in it.
    pub fn from_bits(bits: i16) -> Option<Self> {
        u8::try_from(bits).ok().filter(|bits| *bits != 0).map(Self)
    }

    pub fn bits(self) -> i16 {
        i16::from(self.0)
    }

    fn has(self, day: usize) -> bool {
        self.0 >> day & 1 == 1
    }
}

impl Weekly {
    /// These hours every day, bank holidays too.
    pub fn daily(hours: Hours) -> Self {
        Self { days: Days::ALL, hours }
    }
}

impl Calendar {
    /// From when until when these hours last on this day; `None` if it is none of their days.
    ///
    /// A time that occurs twice is its first occurrence, and one that a clock change skips is the instant of the change: so what
    /// is without a hole on paper is without one on every day of the year.
    pub fn stretch(&self, weekly: &Weekly, day: Date) -> Option<(Timestamp, Timestamp)> {
        if !weekly.days.has(self.kind(day)) {
            return None;
        }
        let Hours { from, until } = weekly.hours;
        let last = if until <= from { day.tomorrow().ok()? } else { day };
        let stretch = (self.instant(day.to_datetime(from))?, self.instant(last.to_datetime(until))?);
        // Hours that the clock skips as it goes forward are none: nobody is there at the instant at which they would begin and end.
        (stretch.0 < stretch.1).then_some(stretch)
    }

    /// Every stretch of these hours that begins on one of these days, in order of their beginnings.
    pub fn stretches(&self, hours: &[Weekly], days: impl Iterator<Item = Date>) -> Vec<(Timestamp, Timestamp)> {
        let of_day = |day| hours.iter().filter_map(move |weekly| self.stretch(weekly, day));
        let mut all: Vec<_> = days.flat_map(of_day).collect();
        all.sort_unstable();
        all
    }

    pub fn is_bank_holiday(&self, day: Date) -> bool {
        self.keeps_bank_holidays && bank_holidays::is_one(day)
    }

    fn kind(&self, day: Date) -> usize {
        if self.is_bank_holiday(day) {
            return BANK;
        }
        usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default()
    }

    /// When the clock on the wall first shows this time, or passes it.
    pub fn instant(&self, local: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
            let before = ambiguous.earlier().ok()?;
            return self.zone.following(before).next().map(|change| change.timestamp());
        }
        ambiguous.earlier().ok()
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all-day" {
            return Ok(Self::ALL_DAY);
        }
        let time = |text: &str| Time::strptime("%H:%M", text).ok();
        let read =
            || text.split_once('-').and_then(|(from, until)| Some(Self { from: time(from)?, until: time(until)? }));
        read().ok_or_else(|| format!("{text:?} are no hours; write 08:00-20:00, or all-day"))
    }
}

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| NAMES.iter().position(|known| *known == name);
        let mut bits = 0_u8;
        for part in text.split(',') {
            if part == "daily" {
                bits = u8::MAX;
                continue;
            }
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (named(first), named(last)) {
                (Some(first), Some(last)) if first == last || first < last && last < BANK => {
                    (first..=last).for_each(|day| bits |= 1 << day)
                }
                _ => return Err(format!("{part:?} is no day; {EXAMPLE}")),
            }
        }
        Ok(Self(bits))
    }
}

impl FromStr for Weekly {
    type Err = String;

    /// `mon-fri 08:00-20:00`; hours alone are those of every day.
    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [hours] => Ok(Self::daily(hours.parse()?)),
            [days, hours] => Ok(Self { days: days.parse()?, hours: hours.parse()? }),
            _ => Err(format!("{text:?} are no days and hours; {EXAMPLE}")),
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL_DAY {
            return f.write_str("all-day");
        }
        write!(f, "{}-{}", self.from.strftime("%H:%M"), self.until.strftime("%H:%M"))
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("daily");
        }
        let mut comma = "";
        let mut day = 0;
        while day < NAMES.len() {
            // Bank holidays follow no Sunday.
            let last = if day < BANK { BANK } else { NAMES.len() };
            let run = (day..last).take_while(|day| self.has(*day)).count();
            match run {
                0 => {}
                1 | 2 => write!(f, "{comma}{}", NAMES[day..day + run].join(","))?,
                _ => write!(f, "{comma}{}-{}", NAMES[day], NAMES[day + run - 1])?,
            }
            if run > 0 {
                comma = ",";
            }
            day += run.max(1);
        }
        Ok(())
    }
}

impl fmt::Display for Weekly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.days, self.hours)
    }
}
