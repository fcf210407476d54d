//! Declared cover against a clock that is read minute by minute: over both clock changes, and where clocks differ by half hours.

use std::collections::BTreeSet;

use alert_rules::escalation::{Calendar, Cover, Days, Hours, Weekly};
use jiff::civil::{Date, DateTime, Time, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::at;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAYS_WALKED: i64 = 6;

/// Days in the middle of a walk: clock changes by an hour, by half an hour, none; Easter, and Christmas over a weekend.
const WALKS: [(&str, Date); 9] = [
    ("Europe/London", date(2026, 3, 29)),
    ("Europe/London", date(2026, 10, 25)),
    ("Europe/London", date(2026, 4, 5)),
    ("Europe/London", date(2026, 12, 27)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/St_Johns", date(2026, 3, 8)),
    ("Asia/Kolkata", date(2026, 3, 29)),
    ("Europe/London", date(2028, 2, 29)),
];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("bundled")
}

fn cover(zone_name: &str, hours: &[&str]) -> Cover {
    let calendar = Calendar { zone: zone(zone_name), keeps_bank_holidays: true };
    Cover { calendar, hours: hours.iter().map(|text| text.parse().expect(text)).collect(), taken: None }
}

/// A time of day, most often about the hour at which clocks change.
fn any_time() -> impl Strategy<Value = Time> {
    let minutes = |hours| (hours, select(vec![0_i8, 15, 30, 59])).prop_map(|(hour, minute)| time(hour, minute, 0, 0));
    prop_oneof![minutes(0..4_i8), minutes(0..24_i8)]
}

fn any_weekly() -> impl Strategy<Value = Weekly> {
    let days = (1..=255_i16).prop_map(|bits| Days::from_bits(bits).expect("a day"));
    (days, any_time(), any_time()).prop_map(|(days, from, until)| Weekly { days, hours: Hours { from, until } })
}

/// The minutes of cover, read off a clock: hours begin and end when it first shows their time, or passes it.
fn read_off(cover: &Cover, middle: Date) -> BTreeSet<Timestamp> {
    let zone = &cover.calendar.zone;
    let first = middle - Span::new().days(DAYS_WALKED);
    let start = first.to_zoned(zone.clone()).expect("a day").timestamp();
    let minutes: Vec<(Timestamp, DateTime)> = (0..DAYS_WALKED * 2 * 24 * 60)
        .map(|n| start + MINUTE * i32::try_from(n).expect("a few days"))
        .map(|minute| (minute, zone.to_datetime(minute)))
        .collect();
    let mut latest = DateTime::MIN;
    let clock: Vec<(Timestamp, DateTime)> = minutes
        .into_iter()
        .map(|(minute, shown)| {
            latest = latest.max(shown);
            (minute, latest)
        })
        .collect();
    let mut held = BTreeSet::new();
    for day in (-1..DAYS_WALKED * 2).map(|n| first + Span::new().days(n)) {
        let bank = cover.calendar.is_bank_holiday(day);
        let bit = if bank { 7 } else { day.weekday().to_monday_zero_offset() };
        for weekly in cover.hours.iter().filter(|weekly| weekly.days.bits() >> bit & 1 == 1) {
            let from = day.to_datetime(weekly.hours.from);
            let last = if weekly.hours.until <= weekly.hours.from { day + Span::new().days(1) } else { day };
            let until = last.to_datetime(weekly.hours.until);
            let within = clock.iter().filter(|(_, shown)| from <= *shown && *shown < until);
            held.extend(within.map(|(minute, _)| *minute));
        }
    }
    held
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn cover_is_what_a_clock_says_minute_by_minute(
        (name, middle) in select(&WALKS[..]),
        hours in vec(any_weekly(), 1..4),
        keeps_bank_holidays: bool,
        minutes in 0..600_i64,
    ) {
        let cover = Cover { calendar: Calendar { zone: zone(name), keeps_bank_holidays }, hours, taken: None };
        let held = read_off(&cover, middle);
        let noon = middle.to_datetime(time(12, 0, 0, 0)).to_zoned(zone(name)).expect("a day").timestamp();
        for n in (-36 * 60)..(36 * 60) {
            let minute = noon + MINUTE * n;
            prop_assert_eq!(cover.holds(minute), held.contains(&minute), "{} in {}", minute, name);
        }
        for n in (-36 * 60..36 * 60).step_by(53) {
            let minute = noon + MINUTE * n;
            // Within what was walked; beyond it there is nothing to compare with.
            if let Some(next) = held.range(minute..).next() {
                prop_assert_eq!(cover.next(minute), *next);
            }
            let counted = usize::try_from(minutes).expect("few");
            if let Some(after) = held.range(minute..).nth(counted) {
                // The clock runs until the last minute it counts is over, not until the next begins.
                let last = counted.checked_sub(1).and_then(|n| held.range(minute..).nth(n)).copied();
                let due = last.map_or(*after, |last| last + MINUTE);
                prop_assert_eq!(cover.after(minute, SignedDuration::from_mins(minutes)), due);
            }
        }
    }

    #[test]
    fn hours_are_read_as_they_are_written(weekly in any_weekly()) {
        prop_assert_eq!(weekly.to_string().parse::<Weekly>(), Ok(weekly));
    }
}

#[test]
fn cover_may_run_over_midnight_or_all_day() {
    let night = cover("Europe/London", &["20:00-08:00"]);
    assert!(night.holds(at("2026-03-27T03:00:00Z")));
    assert!(!night.holds(at("2026-03-27T12:00:00Z")));
    let always = cover("Europe/London", &["all-day"]);
    assert!(always.holds(at("2026-03-27T03:00:00Z")));
    assert_eq!(always.next(at("2026-03-27T03:00:00Z")), at("2026-03-27T03:00:00Z"));
}

#[test]
fn hours_that_the_clock_skips_are_no_cover() {
    // On Sunday the 29th of March 2026 the clock goes from 01:00 to 02:00.
    let skipped = cover("Europe/London", &["sun,mon 01:00-01:30"]);
    assert_eq!(skipped.next(at("2026-03-28T12:00:00Z")), at("2026-03-30T00:00:00Z"));
    let before_and_within = cover("Europe/London", &["sun 00:30-01:30"]);
    assert_eq!(before_and_within.next(at("2026-03-28T12:00:00Z")), at("2026-03-29T00:30:00Z"));
    assert!(!before_and_within.holds(at("2026-03-29T01:00:00Z")));
}

#[test]
fn a_week_and_its_bank_holidays() {
    let mut practice = cover("Europe/London", &["mon-fri 08:00-18:30", "sat,bank 09:00-12:00"]);
    // Good Friday is the third of April 2026, Easter Monday the sixth.
    assert!(practice.holds(at("2026-04-02T17:00:00Z")));
    assert!(practice.holds(at("2026-04-03T08:30:00Z")) && !practice.holds(at("2026-04-03T12:00:00Z")));
    assert_eq!(practice.next(at("2026-04-04T12:00:00Z")), at("2026-04-06T08:00:00Z"), "a bank holiday's morning");
    let (from, until) = practice.next_working_day(at("2026-04-02T10:00:00Z"));
    assert_eq!((from, until), (at("2026-04-07T07:00:00Z"), at("2026-04-07T17:30:00Z")));
    practice.calendar.keeps_bank_holidays = false;
    assert!(practice.holds(at("2026-04-03T12:00:00Z")), "to this team it is a Friday");
    assert_eq!(practice.next_working_day(at("2026-04-02T10:00:00Z")).0, at("2026-04-03T07:00:00Z"));
}

#[test]
fn who_works_on_no_working_day_answers_on_the_next_day_of_theirs() {
    let weekends = cover("Europe/London", &["sat,sun 09:00-17:00"]);
    assert_eq!(weekends.next_working_day(at("2026-03-27T10:00:00Z")).0, at("2026-03-28T09:00:00Z"));
}

#[test]
fn hours_that_another_team_took_count_but_make_no_working_day() {
    let mut practice = cover("Europe/London", &["mon-fri 08:00-18:00"]);
    practice.taken = Some(Box::new(cover("Europe/London", &["daily 16:00-22:00"])));
    assert!(practice.holds(at("2026-03-27T21:00:00Z")) && !practice.holds(at("2026-03-27T23:00:00Z")));
    // Friday 15:00 to 22:00 is seven hours, of which 16:00 to 18:00 counts once.
    assert_eq!(practice.after(at("2026-03-27T15:00:00Z"), SignedDuration::from_hours(7)), at("2026-03-27T22:00:00Z"));
    assert_eq!(practice.next_working_day(at("2026-03-27T15:00:00Z")).0, at("2026-03-30T07:00:00Z"));
}

#[test]
fn what_are_no_hours_is_refused_with_an_example() {
    for wrong in
        ["", "mon", "fri-mon 08:00-20:00", "mon 8-20", "mon 08:00-20:00 x", "montag 08:00-20:00", "mon,,tue all-day"]
    {
        let refused = wrong.parse::<Weekly>().expect_err(wrong);
        assert!(refused.contains("08:00-20:00"), "{refused}");
    }
}
