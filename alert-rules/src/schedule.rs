//! When things are due in a patient's own zone, and which of them what was measured or answered is for.
//!
//! What is *overdue* is the rules' to say (`overdue` in a condition): they ask how long nothing has come at all.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Span, Timestamp};

use crate::calendar::{after, before};
use crate::facts::{Due, Facts, Slot};

/// How long after its due time a slot can still be taken.
const OPEN_AFTER_DUE: SignedDuration = SignedDuration::from_hours(4);

/// One due time of a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DueSlot<'f> {
    pub slot: &'f Slot,
    pub date: Date,
    pub due_at: Timestamp,
}

impl DueSlot<'_> {
    pub fn opens_at(&self) -> Timestamp {
        before(self.due_at, SignedDuration::from_mins(i64::from(self.slot.early_min)))
    }

    /// The last instant at which it can be taken.
    pub fn closes_at(&self) -> Timestamp {
        after(self.due_at, OPEN_AFTER_DUE)
    }

    fn admits(&self, taken: &Taken) -> bool {
        self.slot.due == taken.what && (self.opens_at()..=self.closes_at()).contains(&taken.at)
    }
}

/// A local time that clocks skip as they go forward is as late as it would have been without; one that comes twice is the first.
pub(crate) fn instant(facts: &Facts, date: Date, time: Time) -> Option<Timestamp> {
    facts.time_zone.to_timestamp(date.to_datetime(time)).ok()
}

/// When a slot is due on this day. None: not on this day, or the patient is away.
pub(crate) fn due_at(facts: &Facts, slot: &Slot, date: Date) -> Option<Timestamp> {
    let due = instant(facts, date, slot.at).filter(|_| slot.falls_on(date))?;
    let is_away = facts.pauses_in_force().any(|pause| pause.from <= due && due < pause.until);
    (!is_away).then_some(due)
}

/// Everything that is due from one day to another, both included, soonest first.
pub fn due_slots(facts: &Facts, from: Date, until: Date) -> Vec<DueSlot<'_>> {
    let days = from.series(Span::new().days(1)).take_while(|date| *date <= until);
    let of_day = |date| {
        facts.plan.slots.iter().filter_map(move |slot| {
            let due_at = due_at(facts, slot, date)?;
            Some(DueSlot { slot, date, due_at })
        })
    };
    let mut all: Vec<DueSlot<'_>> = days.flat_map(of_day).collect();
    all.sort_by_key(|due| due.due_at);
    all
}

/// Something measured or answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    pub what: Due,
    pub at: Timestamp,
}

/// What something measured or answered was for. Slots are named by their place in what was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    Slot(usize),
    /// One more while this slot was open.
    Extra(usize),
    /// Nothing was due near it.
    AdHoc,
}

/// What each was for, in the order given, of slots that are given soonest first: it is for the slot whose due time is nearest of those it is in time for; of two
/// as near, the earlier. The first takes the slot and the others are extra, whatever the order in which they came.
/// A slot that nothing takes was missed once it has closed.
pub fn resolve(slots: &[DueSlot<'_>], taken: &[Taken]) -> Vec<For> {
    let mut in_order: Vec<usize> = (0..taken.len()).collect();
    in_order.sort_by_key(|index| taken[*index].at);
    let mut resolved = vec![For::AdHoc; taken.len()];
    let mut is_taken = vec![false; slots.len()];
    let earliest = slots.iter().map(|slot| i64::from(slot.slot.early_min)).max().unwrap_or_default();
    let earliest = SignedDuration::from_mins(earliest);
    for index in in_order {
        let item = &taken[index];
        let first = slots.partition_point(|slot| slot.closes_at() < item.at);
        let near =
            slots.iter().enumerate().skip(first).take_while(|(_, slot)| before(slot.due_at, earliest) <= item.at);
        let open = near.filter(|(_, slot)| slot.admits(item));
        let nearest = open.min_by_key(|(_, slot)| (slot.due_at.duration_since(item.at).abs(), slot.due_at));
        if let Some((slot, _)) = nearest {
            resolved[index] = if is_taken[slot] { For::Extra(slot) } else { For::Slot(slot) };
            is_taken[slot] = true;
        }
    }
    resolved
}

/// How what was asked for was kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// How many times it was due, and had closed.
    pub due: usize,
    /// When it was due of those that nothing took, soonest first.
    pub missed: Vec<Timestamp>,
}

/// Of what opened after `from` and closed before `now`. `versions` are the facts with the instant from which each was in force,
/// oldest first: what was asked is what was asked then. `taken` is of the same thing and the same time.
pub fn kept(
    versions: &[(Timestamp, &Facts)],
    what: &Due,
    from: Timestamp,
    now: Timestamp,
    taken: &[Timestamp],
) -> Kept {
    let mut slots = Vec::new();
    let away = |at: Timestamp| {
        // Being away may have been said afterwards.
        let newest = versions.last().into_iter();
        newest.flat_map(|(_, facts)| facts.pauses_in_force()).any(|pause| pause.from <= at && at < pause.until)
    };
    for (index, (begins, facts)) in versions.iter().enumerate() {
        let ends = versions.get(index + 1).map_or(now, |(next, _)| now.min(*next));
        let begins = from.max(*begins).max(facts.plan.since);
        if begins >= ends {
            continue;
        }
        let day = |at: Timestamp| facts.time_zone.to_datetime(at).date();
        let due = due_slots(facts, day(begins), day(ends)).into_iter();
        slots.extend(due.filter(|slot| (begins..ends).contains(&slot.due_at) && slot.slot.due == *what));
    }
    let taken: Vec<Taken> = taken.iter().map(|at| Taken { what: what.clone(), at: *at }).collect();
    let mut is_open = vec![true; slots.len()];
    for what_for in resolve(&slots, &taken) {
        if let For::Slot(index) = what_for {
            is_open[index] = false;
        }
    }
    let mut kept = Kept::default();
    let counts = |slot: &DueSlot<'_>| slot.opens_at() >= from && slot.closes_at() < now && !away(slot.due_at);
    for (slot, is_open) in slots.iter().zip(is_open).filter(|(slot, _)| counts(slot)) {
        kept.due += 1;
        kept.missed.extend(is_open.then_some(slot.due_at));
    }
    kept
}
