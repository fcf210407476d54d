//! Due times in the patient's own zone, and what each reading was for.

use std::num::NonZeroU8;

use alert_rules::facts::{Day, Due, Pause, Slot};
use alert_rules::schedule::{DueSlot, For, Taken, due_slots, kept, resolve};
use alert_rules::slot_text::{self, days_in_words};
use alert_rules::{Facts, Vital};
use jiff::civil::{Date, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use proptest::prelude::*;

use crate::world::{at, dorothy};

/// Both changes of clocks, a half hour's change, half and quarter hours, a day that was skipped.
const ZONES: [&str; 6] =
    ["Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Australia/Lord_Howe", "Pacific/Apia"];
/// Before changes of clocks in one zone or another, and before a leap day.
const BEGINNINGS: [Date; 7] = [
    date(2026, 3, 1),
    date(2026, 3, 22),
    date(2026, 9, 20),
    date(2026, 10, 20),
    date(2026, 10, 28),
    date(2028, 2, 20),
    date(2011, 12, 24),
];
const DAYS: i64 = 16;

fn weight() -> Due {
    Due::Vital(Vital::Weight)
}

fn day_after(day: Date, days: i64) -> Date {
    day.saturating_add(Span::new().days(days))
}

fn slot(first: Date) -> impl Strategy<Value = Slot> {
    let days = proptest::collection::vec(proptest::sample::select(Day::ALL.to_vec()), 0..3);
    let every = proptest::option::of((1_u8..6).prop_map(|days| NonZeroU8::new(days).expect("not zero")));
    let course = (proptest::option::of(-9..DAYS), proptest::option::of(-2..DAYS));
    (0..24_i8, 0..12_i8, days, every, course).prop_map(move |(hour, fives, days, every_days, (from, until))| Slot {
        days,
        every_days,
        from: from.or(every_days.map(|_| 0)).map(|days| day_after(first, days)),
        until: until.map(|days| day_after(first, days)),
        ..Slot::daily(weight(), time(hour, fives * 5, 0, 0))
    })
}

fn facts_with() -> impl Strategy<Value = (Facts, Date)> {
    (proptest::sample::select(BEGINNINGS.to_vec()), proptest::sample::select(ZONES.to_vec())).prop_flat_map(
        |(first, zone)| {
            proptest::collection::vec(slot(first), 1..4).prop_map(move |slots| {
                let mut facts = dorothy();
                facts.time_zone = TimeZone::get(zone).expect("bundled");
                facts.plan.slots = slots;
                (facts, first)
            })
        },
    )
}

/// Walks along a wall clock in steps of five minutes until it shows this day and time, or leaps over them.
fn on_the_wall(zone: &TimeZone, day: Date, slot: &Slot) -> Timestamp {
    let step = SignedDuration::from_mins(5);
    let wanted = day.to_datetime(slot.at);
    let mut now = TimeZone::UTC.to_timestamp(wanted).expect("a usual year") - SignedDuration::from_hours(16);
    loop {
        let (shown, next) = (zone.to_datetime(now), zone.to_datetime(now + step));
        if shown == wanted {
            return now;
        }
        if shown < wanted && next > wanted {
            return now + wanted.duration_since(shown);
        }
        now += step;
    }
}

/// Day by day, counting.
fn naive(facts: &Facts, first: Date) -> Vec<Timestamp> {
    let mut found = Vec::new();
    for slot in &facts.plan.slots {
        let mut day = day_after(first, -30);
        let mut next = slot.from.unwrap_or(day);
        while day < day_after(first, DAYS) {
            if day == next {
                let is_day = slot.days.is_empty() || slot.days.iter().any(|on| day.weekday() == (*on).into());
                if is_day && slot.until.is_none_or(|until| day <= until) && day >= first {
                    found.push(on_the_wall(&facts.time_zone, day, slot));
                }
                next = day_after(day, slot.every_days.map_or(1, |days| i64::from(days.get())));
            }
            day = day_after(day, 1);
        }
    }
    found.sort();
    found
}

fn due(facts: &Facts, first: Date) -> Vec<DueSlot<'_>> {
    due_slots(facts, first, day_after(first, DAYS - 1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn due_times_are_those_on_the_patients_wall((facts, first) in facts_with()) {
        let times: Vec<Timestamp> = due(&facts, first).iter().map(|due| due.due_at).collect();
        prop_assert_eq!(times, naive(&facts, first));
    }

    #[test]
    fn a_reading_is_for_one_slot_and_a_slot_is_taken_once(
        (facts, first) in facts_with(),
        minutes in proptest::collection::vec(-600_i64..DAYS * 24 * 60, 0..40),
        turned in 0_usize..40,
    ) {
        let slots = due(&facts, first);
        let begin = facts.time_zone.to_timestamp(first.to_datetime(time(0, 0, 0, 0))).expect("a usual year");
        let mut minutes = minutes;
        minutes.sort_unstable();
        minutes.dedup();
        let mut taken: Vec<Taken> = minutes
            .iter()
            .map(|minutes| Taken { what: weight(), at: begin + SignedDuration::from_mins(*minutes) })
            .collect();
        let resolved = resolve(&slots, &taken);
        prop_assert_eq!(resolved.len(), taken.len());
        for index in 0..slots.len() {
            let of = |wanted: For| resolved.iter().positions_of(wanted);
            let (took, extra) = (of(For::Slot(index)), of(For::Extra(index)));
            prop_assert!(took.len() <= 1);
            // The first takes it, and there are others only where one did.
            prop_assert!(extra.iter().all(|extra| took.first().is_some_and(|took| took < extra)));
        }
        for (item, what_for) in taken.iter().zip(&resolved) {
            let open = |slot: &DueSlot<'_>| slot.opens_at() <= item.at && item.at <= slot.closes_at();
            match what_for {
                For::Slot(index) | For::Extra(index) => {
                    let far = |slot: &DueSlot<'_>| slot.due_at.duration_since(item.at).abs();
                    prop_assert!(open(&slots[*index]));
                    let nearer = slots.iter().any(|slot| open(slot) && far(slot) < far(&slots[*index]));
                    prop_assert!(!nearer);
                }
                For::AdHoc => prop_assert!(!slots.iter().any(open)),
            }
        }
        let by = turned.min(taken.len());
        taken.rotate_left(by);
        let mut again = resolve(&slots, &taken);
        again.rotate_right(by);
        prop_assert_eq!(again, resolved);
    }
}

trait Positions {
    fn positions_of(self, wanted: For) -> Vec<usize>;
}

impl<'a, I: Iterator<Item = &'a For>> Positions for I {
    fn positions_of(self, wanted: For) -> Vec<usize> {
        self.enumerate().filter(|(_, is)| **is == wanted).map(|(index, _)| index).collect()
    }
}

#[test]
fn twice_in_a_morning_is_not_the_noon_one() {
    let mut facts = dorothy();
    facts.plan.slots = [8, 12].map(|hour| Slot::daily(weight(), time(hour, 0, 0, 0))).to_vec();
    let day = date(2026, 3, 26);
    let slots = due_slots(&facts, day, day);
    let weighed = |text: &str| Taken { what: weight(), at: at(text) };
    let taken = ["2026-03-26T08:12:00Z", "2026-03-26T08:00:00Z", "2026-03-26T02:00:00Z", "2026-03-26T16:01:00Z"];
    let resolved = resolve(&slots, &taken.map(weighed));
    assert_eq!(resolved, [For::Extra(0), For::Slot(0), For::AdHoc, For::AdHoc]);
    let other = Taken { what: Due::Vital(Vital::Glucose), at: at("2026-03-26T08:00:00Z") };
    assert_eq!(resolve(&slots, &[other]), [For::AdHoc]);
}

fn pause(from: &str, until: &str) -> Pause {
    Pause { from: at(from), until: at(until), by: "Ida".to_owned(), why: "away".to_owned(), asked: false }
}

#[test]
fn nothing_is_due_while_the_patient_is_away() {
    let mut facts = dorothy();
    facts.plan.slots = vec![Slot::daily(weight(), time(8, 0, 0, 0))];
    facts.pauses = vec![pause("2026-03-27T00:00:00Z", "2026-03-28T08:00:00Z")];
    let days = |slots: Vec<DueSlot<'_>>| slots.iter().map(|slot| slot.date.day()).collect::<Vec<_>>();
    assert_eq!(days(due_slots(&facts, date(2026, 3, 26), date(2026, 3, 29))), [26, 28, 29]);
}

#[test]
fn a_slot_reads_as_it_is_written() {
    let first = date(2026, 3, 1);
    let words = |text: &str| days_in_words(&slot_text::read(text).expect("a slot").beginning(first));
    assert_eq!(words("weight 07:30"), "every day");
    assert_eq!(words("weight 07:30 Mon,thu"), "on mon, thu");
    assert_eq!(words("weight 07:30 every 2 days"), "every 2 days from 1 March 2026");
    assert_eq!(words("weight 07:30 every 2 days from 2026-02-01"), "every 2 days from 1 February 2026");
    assert_eq!(words("weight 07:30 for 14 days"), "every day from 1 March 2026 until 14 March 2026");
    assert_eq!(words("weight 07:30 for 1 day"), "every day from 1 March 2026 until 1 March 2026");
    assert_eq!(words("weight 07:30 mon until 2026-03-31"), "on mon until 31 March 2026");
    let written = slot_text::read("weight 07:30 every 2 days for 14 days").expect("a slot");
    assert_eq!(written.words(), "07:30 every 2 days for 14 days");
}

#[test]
fn what_is_no_slot_is_refused_with_the_reason() {
    for (text, why) in [
        ("", "nothing here"),
        ("weight", "no time of day"),
        ("weight 8", "write it as 08:00"),
        ("weight 25:00", "write it as 08:00"),
        ("weight 08:00 someday", "someday is no day"),
        ("weight 08:00 mon tue", "said twice"),
        ("weight 08:00 every day", "from 2 to 28"),
        ("weight 08:00 every 1 days", "from 2 to 28"),
        ("weight 08:00 every 29 days", "from 2 to 28"),
        ("weight 08:00 every 2 weeks", "from 2 to 28"),
        ("weight 08:00 every 2 days mon", "either"),
        ("weight 08:00 for 0 days", "from 1 to 366"),
        ("weight 08:00 for 3 days until 2026-03-03", "a last day or a number of days"),
        ("weight 08:00 from 1.3.2026", "write it as 2026-03-01"),
        ("weight 08:00 from 2026-02-30", "write it as 2026-03-01"),
        ("weight 08:00 from 2026-03-02 until 2026-03-01", "before the first"),
    ] {
        let refused = slot_text::read(text).expect_err(text);
        assert!(refused.contains(why), "{text}: {refused}");
    }
}

#[test]
fn a_stored_slot_of_before_still_reads() {
    let stored = serde_json::json!({ "vital": "weight", "at": "07:30", "days": ["mon"] });
    let slot: Slot = serde_json::from_value(stored).expect("a slot");
    assert_eq!((slot.every_days, slot.from, slot.until), (None, None, None));
    let again = serde_json::to_value(&slot).expect("plain data");
    assert_eq!(again.as_object().map(|fields| fields.len()), Some(4), "{again}");
}

#[test]
fn missed_is_what_closed_and_nothing_took_as_the_plan_then_was() {
    let mut once = dorothy();
    once.plan.since = at("2026-03-01T00:00:00Z");
    once.plan.slots = vec![Slot::daily(weight(), time(8, 0, 0, 0))];
    let mut twice = once.clone();
    twice.plan.slots.push(Slot::daily(weight(), time(18, 0, 0, 0)));
    let versions = [(at("2026-03-01T00:00:00Z"), &once), (at("2026-03-12T12:00:00Z"), &twice)];
    let taken = ["2026-03-11T08:10:00Z", "2026-03-12T03:00:00Z", "2026-03-13T17:50:00Z"].map(at);
    let of = |versions: &[(Timestamp, &Facts)], now: &str| {
        let kept = kept(versions, &weight(), at("2026-03-11T00:00:00Z"), at(now), &taken);
        (kept.due, kept.missed.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let morning = "2026-03-12T08:00:00Z";
    assert_eq!(of(&versions, "2026-03-12T11:59:00Z"), (1, vec![]), "it can still be taken");
    assert_eq!(
        of(&versions, "2026-03-12T12:01:00Z"),
        (2, vec![morning.to_owned()]),
        "at three in the night was ad hoc"
    );
    let all = [morning, "2026-03-12T18:00:00Z", "2026-03-13T08:00:00Z"].map(str::to_owned);
    assert_eq!(of(&versions, "2026-03-14T00:00:00Z"), (5, all.to_vec()));
    // That they were away was said afterwards.
    let mut away = twice.clone();
    away.pauses = vec![pause("2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z")];
    let versions = [versions[0], versions[1], (at("2026-03-13T12:00:00Z"), &away)];
    assert_eq!(of(&versions, "2026-03-14T00:00:00Z"), (3, vec!["2026-03-13T08:00:00Z".to_owned()]));
}
