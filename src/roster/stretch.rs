//! Time divided where who is on duty changes, or cover begins or ends.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::{Member, Roster};

/// Holes are looked for so far ahead.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A hole that is longer is as good as one without an end.
const TO_ITS_END: SignedDuration = SignedDuration::from_hours(2 * 24);

/// Nothing changes in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch<'a> {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Cover is declared.
    pub covered: bool,
    /// Who is on duty, in order.
    pub people: Vec<&'a Member>,
}

/// Cover is declared and nobody is on duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Hole {
    /// `Sat 5 December 08:00 to 20:00`
    pub fn words(&self, zone: &TimeZone) -> String {
        let (from, until) = (zone.to_datetime(self.from), zone.to_datetime(self.until));
        let until = until.strftime(if from.date() == until.date() { "%H:%M" } else { "%a %-d %B %H:%M" });
        format!("{} to {until}", from.strftime("%a %-d %B %H:%M"))
    }
}

impl Roster {
    /// From – until without a gap, in order.
    pub fn stretches(&self, from: Timestamp, until: Timestamp) -> Vec<Stretch<'_>> {
        let mut all: Vec<Stretch<'_>> = Vec::new();
        let edges = self.edges(from, until);
        for (from, until) in edges.iter().zip(edges.iter().skip(1)) {
            let next =
                Stretch { from: *from, until: *until, covered: self.cover.holds(*from), people: self.on_duty(*from) };
            match all.last_mut() {
                Some(last) if last.covered == next.covered && last.people == next.people => last.until = next.until,
                _ => all.push(next),
            }
        }
        all
    }

    /// Until when whoever is first on duty at `from` remains so; `None` if somebody else is not first before `until`.
    pub fn first_until(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let stretches = self.stretches(from, until);
        let first = |stretch: &Stretch<'_>| stretch.people.first().map(|member| member.staff);
        let now = stretches.first().and_then(first);
        stretches.iter().find(|stretch| first(stretch) != now).map(|stretch| stretch.from)
    }

    /// Holes between these instants, in order.
    pub fn holes(&self, from: Timestamp, until: Timestamp) -> Vec<Hole> {
        let stretches = self.stretches(from, until);
        let holes = stretches.iter().filter(|stretch| stretch.covered && stretch.people.is_empty());
        holes.map(|stretch| Hole { from: stretch.from, until: stretch.until }).collect()
    }

    /// Holes that begin in the fourteen days from here, each to its end.
    pub fn holes_ahead(&self, at: Timestamp) -> Vec<Hole> {
        let mut holes = self.holes(at, at + AHEAD + TO_ITS_END);
        holes.retain(|hole| hole.from < at + AHEAD);
        holes
    }

    /// Instants at which anything may change, with both ends, in order.
    fn edges(&self, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
        let (first, last) = (self.day(from), self.day(until));
        let days = || first.yesterday().unwrap_or(first).series(Span::new().days(1)).take_while(|day| *day <= last);
        let hours = self.cover.hours.iter().copied().chain(self.shifts.iter().map(|shift| shift.weekly));
        let repeated = self.cover.calendar.stretches(&hours.collect::<Vec<_>>(), days());
        let overrides = self.overrides.iter().map(|over| (over.from, over.until));
        let leave = self.leave.iter().map(|leave| (leave.from, leave.until));
        let all = repeated.into_iter().chain(overrides).chain(leave).flat_map(|(from, until)| [from, until]);
        let mut edges: Vec<Timestamp> = all.filter(|edge| from < *edge && *edge < until).chain([from, until]).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}
