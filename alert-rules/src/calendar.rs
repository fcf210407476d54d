//! The patient's local days: midnights, the daily look at 04:00, age, and due slots.

use std::cell::RefCell;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Span, Timestamp};

use crate::facts::{Due, Facts, Gap, Slot};
use crate::schedule;

/// When watches that are not quiet are looked at although nothing happened.
const DAILY_LOOK: Time = Time::constant(4, 0, 0, 0);
/// Slots are looked for this many days ahead; a pause that is longer has its end as a change of facts.
const SLOT_DAYS_AHEAD: usize = 400;

pub(crate) struct Calendar<'f> {
    facts: &'f Facts,
    /// The local day last asked about; evaluation asks about the same one many times.
    day: RefCell<Option<Day>>,
}

struct Day {
    date: Date,
    from: Timestamp,
    until: Timestamp,
    midnights: Vec<(i64, Timestamp)>,
}

impl<'f> Calendar<'f> {
    pub fn new(facts: &'f Facts) -> Calendar<'f> {
        Calendar { facts, day: RefCell::new(None) }
    }

    /// Local midnight this many days before the local day of `at`.
    pub fn midnight_before(&self, at: Timestamp, days: i64) -> Timestamp {
        self.with_day(at, |day| {
            if let Some((_, known)) = day.midnights.iter().find(|(known, _)| *known == days) {
                return *known;
            }
            let date = day.date.checked_sub(Span::new().days(days.clamp(0, 1_000))).unwrap_or(day.date);
            let midnight = self.instant(date, Time::midnight()).unwrap_or(day.from);
            day.midnights.push((days, midnight));
            midnight
        })
    }

    /// The next 04:00 after `at`.
    pub fn next_look(&self, at: Timestamp) -> Timestamp {
        let date = self.with_day(at, |day| day.date);
        let today = self.instant(date, DAILY_LOOK).filter(|look| *look > at);
        let tomorrow =
            || date.tomorrow().ok().and_then(|date| self.instant(date, DAILY_LOOK)).filter(|look| *look > at);
        today.or_else(tomorrow).unwrap_or(Timestamp::MAX)
    }

    /// Whole years.
    pub fn age_at(&self, at: Timestamp) -> i16 {
        let date = self.with_day(at, |day| day.date);
        let born = self.facts.date_of_birth;
        let had_birthday = (date.month(), date.day()) >= (born.month(), born.day());
        date.year() - born.year() - i16::from(!had_birthday)
    }

    /// When `overdue(due, grace)` becomes true, if nothing more is sent after `last`. None: nothing is due.
    pub fn overdue_at(
        &self,
        due: &Due,
        grace: SignedDuration,
        last: Option<Timestamp>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let slots = || self.facts.plan.slots.iter().filter(|slot| slot.due == *due);
        slots().next()?;
        // Older readings may not be loaded, so they must not count when they happen to be.
        let horizon = before(before(at, grace), self.facts.plan.slots_apart()).max(self.facts.plan.since);
        let last = last.filter(|last| *last >= horizon);
        let after = last.unwrap_or(horizon);
        let first = slots().filter_map(|slot| self.first_slot(slot, after, last.is_some())).min()?;
        Some(self.listening(first, grace))
    }

    /// The first due time of a slot that what was measured at `after` does not count for.
    fn first_slot(&self, slot: &Slot, after: Timestamp, measured: bool) -> Option<Timestamp> {
        let early = SignedDuration::from_mins(i64::from(slot.early_min));
        let counts = |due: Timestamp| measured && before(due, early) <= after;
        let first = self.facts.time_zone.to_datetime(after).date().yesterday().ok()?;
        let first = slot.from.map_or(first, |from| from.max(first));
        first
            .series(Span::new().days(1))
            .take(SLOT_DAYS_AHEAD)
            .filter_map(|date| schedule::due_at(self.facts, slot, date))
            .find(|due| *due >= after && !counts(*due))
    }

    /// `from` plus this much time in which neither the patient was away nor we.
    fn listening(&self, from: Timestamp, grace: SignedDuration) -> Timestamp {
        let pauses = self.facts.pauses_in_force().map(|pause| Gap { from: pause.from, until: pause.until });
        let mut gaps: Vec<Gap> = pauses.chain(self.facts.service_gaps.iter().copied()).collect();
        gaps.retain(|gap| gap.from < gap.until && gap.until > from);
        gaps.sort_unstable_by_key(|gap| gap.from);
        let mut reached = from;
        let mut left = grace;
        for gap in gaps {
            let until_gap = gap.from.duration_since(reached).max(SignedDuration::ZERO);
            if left <= until_gap {
                break;
            }
            left = left.saturating_sub(until_gap);
            reached = reached.max(gap.until);
        }
        reached.checked_add(left).unwrap_or(Timestamp::MAX)
    }

    fn with_day<R>(&self, at: Timestamp, ask: impl FnOnce(&mut Day) -> R) -> R {
        let mut known = self.day.borrow_mut();
        if let Some(day) = known.as_mut().filter(|day| day.from <= at && at < day.until) {
            return ask(day);
        }
        let date = self.facts.time_zone.to_datetime(at).date();
        let from = self.instant(date, Time::midnight()).unwrap_or(at).min(at);
        let until = date.tomorrow().ok().and_then(|date| self.instant(date, Time::midnight())).unwrap_or(at);
        ask(known.insert(Day { date, from, until, midnights: Vec::new() }))
    }

    fn instant(&self, date: Date, time: Time) -> Option<Timestamp> {
        schedule::instant(self.facts, date, time)
    }
}

/// `at` minus a duration, or the beginning of time.
pub(crate) fn before(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

/// `at` plus a duration, or the end of time.
pub(crate) fn after(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}
