//! Declared cover: the hours of each day in which a team answers, and clocks that run only then.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Daily hours in the organisation's time zone. Equal ends mean all day; an end before the start is on the next day.
#[derive(Debug, Clone, PartialEq)]
pub struct Cover {
    pub from: Time,
    pub until: Time,
    pub zone: TimeZone,
}

/// Days looked ahead before giving up on calendars: beyond any run of closed days.
const LOOK_AHEAD_DAYS: usize = 10;

impl Cover {
    pub fn holds(&self, at: Timestamp) -> bool {
        self.windows(at).any(|(from, until)| from <= at && at < until)
    }

    /// `at` itself when within cover, else the next time cover begins.
    pub fn next(&self, at: Timestamp) -> Timestamp {
        self.windows(at).find(|(_, until)| *until > at).map_or(at, |(from, _)| from.max(at))
    }

    /// `at` plus this much time of cover.
    pub fn after(&self, at: Timestamp, mut left: SignedDuration) -> Timestamp {
        for (from, until) in self.windows(at) {
            let from = from.max(at);
            if until <= from {
                continue;
            }
            let there = until.duration_since(from);
            if left <= there {
                return from.checked_add(left).unwrap_or(Timestamp::MAX);
            }
            left = left.saturating_sub(there);
        }
        at.checked_add(left).unwrap_or(Timestamp::MAX)
    }

    /// Cover of the next working day (Monday to Friday) after `at`'s day.
    pub fn next_working_day(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let mut day = self.zone.to_datetime(at).date();
        for _ in 0..LOOK_AHEAD_DAYS {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
                && let Some(window) = self.window(day)
            {
                return window;
            }
        }
        (at, at.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX))
    }

    /// Windows of cover in order, from the one that began the day before `at`.
    fn windows(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = self.zone.to_datetime(at).date();
        let first = today.yesterday().unwrap_or(today);
        first.series(jiff::Span::new().days(1)).take(LOOK_AHEAD_DAYS).filter_map(|day| self.window(day))
    }

    fn window(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let last = if self.until <= self.from { day.tomorrow().ok()? } else { day };
        let instant = |date: Date, time: Time| self.zone.to_timestamp(date.to_datetime(time)).ok();
        Some((instant(day, self.from)?, instant(last, self.until)?))
    }
}
