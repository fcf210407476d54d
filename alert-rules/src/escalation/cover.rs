//! Declared cover: the hours of the week in which a team answers, and clocks that run only then.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::hours::{Calendar, Hours, Weekly};

#[derive(Debug, Clone, PartialEq)]
pub struct Cover {
    pub calendar: Calendar,
    pub hours: Vec<Weekly>,
    /// Another team's, which took the hours outside.
    pub taken: Option<Box<Cover>>,
}

/// Days looked ahead before giving up on calendars: beyond any run of closed days, for a team that works on Mondays too, of
/// which Christmas Day and New Year's Day may be two.
const LOOK_AHEAD_DAYS: i64 = 28;

impl Cover {
    /// The same hours every day, bank holidays too.
    pub fn daily(hours: Hours, zone: TimeZone) -> Self {
        let calendar = Calendar { zone, keeps_bank_holidays: false };
        Self { calendar, hours: vec![Weekly::daily(hours)], taken: None }
    }

    pub fn holds(&self, at: Timestamp) -> bool {
        self.stretches(at, 2).iter().any(|(from, until)| *from <= at && at < *until)
    }

    /// `at` itself when within cover, else the next time cover begins.
    pub fn next(&self, at: Timestamp) -> Timestamp {
        let stretches = self.stretches(at, LOOK_AHEAD_DAYS);
        stretches.iter().find(|(_, until)| *until > at).map_or(at, |(from, _)| *from.max(&at))
    }

    /// `at` plus this much time of cover.
    pub fn after(&self, at: Timestamp, mut left: SignedDuration) -> Timestamp {
        let mut counted = at;
        for (from, until) in self.stretches(at, LOOK_AHEAD_DAYS) {
            let from = from.max(counted);
            if until <= from {
                continue;
            }
            let there = until.duration_since(from);
            if left <= there {
                return from.checked_add(left).unwrap_or(Timestamp::MAX);
            }
            left = left.saturating_sub(there);
            counted = until;
        }
        at.checked_add(left).unwrap_or(Timestamp::MAX)
    }

    /// Stretches of cover that are not over at `at`, through that many days from its own, in order and apart.
    pub fn coming(&self, at: Timestamp, days: i64) -> Vec<(Timestamp, Timestamp)> {
        let mut coming: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (from, until) in self.stretches(at, days + 1).into_iter().filter(|(_, until)| *until > at) {
            match coming.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                _ => coming.push((from, until)),
            }
        }
        coming
    }

    /// Cover of the next working day after `at`'s day: Monday to Friday and no bank holiday, or for a team that works on none of
    /// these, the next day on which it works.
    pub fn next_working_day(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let days = || self.days(at, LOOK_AHEAD_DAYS).skip(2);
        let of_day = |day: Date| {
            let stretches = self.calendar.stretches(&self.hours, std::iter::once(day));
            Some((stretches.first()?.0, stretches.iter().map(|(_, until)| *until).max()?))
        };
        let is_working = |day: &Date| {
            !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.calendar.is_bank_holiday(*day)
        };
        days()
            .filter(is_working)
            .find_map(of_day)
            .or_else(|| days().find_map(of_day))
            .unwrap_or((at, at.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX)))
    }

    /// Stretches of cover in order of their beginnings, from those that began the day before `at`; they may overlap.
    fn stretches(&self, at: Timestamp, days: i64) -> Vec<(Timestamp, Timestamp)> {
        let mut all = self.calendar.stretches(&self.hours, self.days(at, days));
        if let Some(taken) = &self.taken {
            all.extend(taken.stretches(at, days));
            all.sort_unstable();
        }
        all
    }

    /// Days from the one before `at`'s.
    fn days(&self, at: Timestamp, days: i64) -> impl Iterator<Item = Date> + use<> {
        let today = self.calendar.zone.to_datetime(at).date();
        let first = today.yesterday().unwrap_or(today);
        let last = first.saturating_add(Span::new().days(days));
        first.series(Span::new().days(1)).take_while(move |day| *day < last)
    }
}
