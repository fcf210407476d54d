use alert_rules::escalation::{Calendar, Days, Hours};
use jiff::civil::{DateTime, Time, date, time};
use jiff::{SignedDuration, Span};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn member(name: &str, id: u128) -> Member {
    let email = format!("{name}@example.org");
    Member { staff: Uuid::from_u128(id), name: name.into(), email, role: "co-ordinator".into(), contacts: Vec::new() }
}

fn roster(cover: &str, shifts: &[(&str, u128, &str)]) -> Roster {
    let zone = TimeZone::get("Europe/London").expect("a zone");
    let shift = |(name, id, weekly): &(&str, u128, &str)| Shift {
        weekly: weekly.parse().expect("hours of the week"),
        member: member(name, *id),
    };
    Roster {
        team: Uuid::from_u128(99),
        team_name: "Belper".into(),
        phone: "01773 000000".into(),
        cover: Cover {
            calendar: Calendar { zone, keeps_bank_holidays: false },
            hours: vec![cover.parse().expect("hours of the week")],
            taken: None,
        },
        taken_by: BTreeMap::new(),
        shifts: shifts.iter().map(shift).collect(),
        overrides: Vec::new(),
        leave: Vec::new(),
        members: vec![member("anyone", 9)],
        policies: Policies::standard(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn instead(of: Option<u128>, name: &str, id: u128, from: &str, until: &str) -> Override {
    let (from, until) = (at(from), at(until));
    Override { id: Uuid::nil(), instead_of: of.map(Uuid::from_u128), member: member(name, id), from, until }
}

fn away(id: u128, from: &str, until: &str) -> Leave {
    Leave { id: Uuid::nil(), staff: Uuid::from_u128(id), from: at(from), until: at(until) }
}

fn names(people: &[&Member]) -> Vec<String> {
    people.iter().map(|member| member.name.clone()).collect()
}

#[test]
fn those_whose_shift_holds_come_first_and_the_rest_follow_around() {
    let roster =
        roster("08:00-20:00", &[("ida", 1, "08:00-14:00"), ("tom", 2, "14:00-20:00"), ("kay", 3, "08:00-20:00")]);
    let afternoon = at("2026-03-02T15:00:00Z");
    assert_eq!(names(&roster.on_duty(afternoon)), ["tom", "kay"]);
    let turns: Vec<Turn<'_>> = (0..4).map(|step| roster.turn(afternoon, step)).collect();
    let named = |name: &str| roster.shifts.iter().map(|shift| &shift.member).find(|member| member.name == name);
    let expected: Vec<Turn<'_>> =
        ["tom", "kay", "ida", "tom"].iter().filter_map(|name| named(name)).map(Turn::Person).collect();
    assert_eq!(turns, expected);
}

#[test]
fn shifts_follow_the_clocks_and_the_week_of_the_team() {
    let roster = roster("08:00-20:00", &[("ida", 1, "mon-fri 08:00-20:00"), ("tom", 2, "sat,sun 08:00-20:00")]);
    // 07:30 UTC is 08:30 in London in summer and 07:30 in winter. 2026-07-01 is a Wednesday, 2026-07-04 a Saturday.
    assert_eq!(names(&roster.on_duty(at("2026-07-01T07:30:00Z"))), ["ida"]);
    assert_eq!(names(&roster.on_duty(at("2026-07-04T07:30:00Z"))), ["tom"]);
    assert!(roster.on_duty(at("2026-01-05T07:30:00Z")).is_empty());
}

#[test]
fn a_night_shift_of_sunday_lasts_into_monday() {
    let roster = roster("all-day", &[("night", 1, "sun 20:00-08:00")]);
    for hour in ["2026-03-01T23:00:00Z", "2026-03-02T07:59:00Z"] {
        assert_eq!(names(&roster.on_duty(at(hour))), ["night"], "{hour}");
    }
    for hour in ["2026-03-01T07:00:00Z", "2026-03-02T08:00:00Z", "2026-03-02T23:00:00Z"] {
        assert!(roster.on_duty(at(hour)).is_empty(), "{hour}");
    }
}

#[test]
fn on_a_bank_holiday_that_is_a_day_of_its_own_only_its_shifts_hold() {
    let mut roster = roster("08:00-20:00", &[("ida", 1, "mon-sun 08:00-20:00"), ("tom", 2, "bank 08:00-20:00")]);
    let good_friday = at("2026-04-03T12:00:00Z");
    assert_eq!(names(&roster.on_duty(good_friday)), ["ida"]);
    roster.cover.calendar.keeps_bank_holidays = true;
    assert_eq!(names(&roster.on_duty(good_friday)), ["tom"]);
}

#[test]
fn somebody_stands_in_for_the_sick_and_somebody_else_for_them() {
    let mut roster = roster("08:00-20:00", &[("ida", 1, "08:00-20:00"), ("tom", 2, "20:00-08:00")]);
    let noon = at("2026-03-02T12:00:00Z");
    roster.overrides = vec![instead(Some(1), "kay", 3, "2026-03-02T08:00:00Z", "2026-03-02T20:00:00Z")];
    assert_eq!(names(&roster.on_duty(noon)), ["kay"]);
    assert_eq!(names(&roster.order(noon)), ["kay", "tom"], "nobody rings the sick");
    assert_eq!(names(&roster.on_duty(at("2026-03-03T12:00:00Z"))), ["ida"]);
    // Said later, so newer: stands first.
    roster.overrides.insert(0, instead(Some(3), "lee", 4, "2026-03-02T10:00:00Z", "2026-03-02T20:00:00Z"));
    assert_eq!(names(&roster.on_duty(noon)), ["lee"]);
    assert_eq!(names(&roster.on_duty(at("2026-03-02T09:00:00Z"))), ["kay"]);
    // And back.
    roster.overrides.insert(0, instead(Some(4), "ida", 1, "2026-03-02T11:00:00Z", "2026-03-02T20:00:00Z"));
    assert_eq!(names(&roster.on_duty(noon)), ["ida"]);
}

#[test]
fn whoever_is_away_is_on_no_duty_and_somebody_beside_fills_the_hole() {
    let mut roster = roster("08:00-20:00", &[("ida", 1, "08:00-20:00")]);
    roster.leave = vec![away(1, "2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z")];
    let from = at("2026-03-01T00:00:00Z");
    let hole = |from: &str, until: &str| Hole { from: at(from), until: at(until) };
    let holes = roster.holes(from, from + SignedDuration::from_hours(24 * 7));
    assert_eq!(
        holes,
        [hole("2026-03-02T08:00:00Z", "2026-03-02T20:00:00Z"), hole("2026-03-03T08:00:00Z", "2026-03-03T20:00:00Z")]
    );
    let noon = at("2026-03-02T12:00:00Z");
    assert!(matches!(roster.turn(noon, 0), Turn::Hole(Some(member)) if member.name == "anyone"));
    roster.overrides = vec![instead(None, "kay", 3, "2026-03-02T08:00:00Z", "2026-03-02T20:00:00Z")];
    assert_eq!(names(&roster.on_duty(noon)), ["kay"]);
    assert_eq!(roster.holes(from, from + SignedDuration::from_hours(24 * 7)).len(), 1);
}

#[test]
fn a_hole_within_cover_falls_to_one_after_the_other() {
    let with_shifts = roster("08:00-20:00", &[("ida", 1, "08:00-10:00"), ("tom", 2, "18:00-20:00")]);
    let noon = at("2026-03-02T12:00:00Z");
    assert!(matches!(with_shifts.turn(noon, 0), Turn::Hole(Some(member)) if member.name == "ida"));
    assert!(matches!(with_shifts.turn(noon, 1), Turn::Hole(Some(member)) if member.name == "tom"));
    let empty = roster("08:00-20:00", &[]);
    assert!(matches!(empty.turn(noon, 3), Turn::Hole(Some(member)) if member.name == "anyone"));
}

fn answers(rosters: &[Roster], priority: Priority, when: &str) -> String {
    match answer(rosters, Uuid::from_u128(99), priority, at(when)) {
        Some(Answer::Roster(roster)) => roster.team_name.clone(),
        Some(Answer::Waits { until, roster }) => format!("{until} {}", roster.team_name),
        None => "nobody knows this team".to_owned(),
    }
}

#[test]
fn outside_cover_the_team_that_took_it_answers_or_it_waits_until_the_first_is_back() {
    let own = roster("mon-fri 08:00-18:00", &[("ida", 1, "mon-fri 08:00-18:00")]);
    let evening = "2026-03-02T19:00:00Z";
    assert_eq!(answers(std::slice::from_ref(&own), Priority::High, evening), "2026-03-03T08:00:00Z Belper");
    let mut rosters = [own, roster("daily 18:00-22:00", &[("eve", 5, "daily 18:00-22:00")])];
    rosters[1].team = Uuid::from_u128(98);
    rosters[1].team_name = "Evening".to_owned();
    rosters[0].taken_by = BTreeMap::from([(Priority::High, rosters[1].team)]);
    for (priority, when, expected) in [
        (Priority::High, "2026-03-02T17:59:00Z", "Belper"),
        (Priority::High, evening, "Evening"),
        (Priority::Medium, evening, "2026-03-03T08:00:00Z Belper"),
        (Priority::High, "2026-03-02T22:30:00Z", "2026-03-03T08:00:00Z Belper"),
        (Priority::High, "2026-03-07T12:00:00Z", "2026-03-07T18:00:00Z Evening"),
    ] {
        assert_eq!(answers(&rosters, priority, when), expected, "{priority:?} {when}");
    }
    // Whoever has a shift is told of a high one, cover or not.
    rosters[0].shifts.push(Shift { weekly: "20:00-08:00".parse().expect("hours"), member: member("tom", 2) });
    assert_eq!(answers(&rosters, Priority::High, "2026-03-02T22:30:00Z"), "Belper");
    assert_eq!(answers(&rosters, Priority::High, "2026-03-02T21:00:00Z"), "Evening");
    assert_eq!(answers(&rosters, Priority::Medium, "2026-03-02T22:30:00Z"), "2026-03-03T08:00:00Z Belper");
}

#[test]
fn medium_clocks_run_in_the_hours_that_another_team_took() {
    let mut rosters = [roster("08:00-18:00", &[]), roster("18:00-22:00", &[])];
    rosters[1].team = Uuid::from_u128(98);
    rosters[0].taken_by = BTreeMap::from([(Priority::Medium, rosters[1].team)]);
    let duty = rosters[0].duty(&rosters);
    let until = duty.cover.after(at("2026-03-02T16:00:00Z"), SignedDuration::from_hours(4));
    assert_eq!(until, at("2026-03-02T20:00:00Z"));
}

#[test]
fn a_hole_is_told_once_and_once_more_shortly_before_and_again_if_it_comes_back() {
    let now = at("2026-03-02T12:00:00Z");
    let hole = |from: &str, until: &str| Hole { from: at(from), until: at(until) };
    let far = hole("2026-03-10T08:00:00Z", "2026-03-10T20:00:00Z");
    let first = look(&[], &[far], now);
    assert_eq!(first.news, [far]);
    assert!(look(&first.told, &[far], now).news.is_empty());
    let grown = Hole { until: at("2026-03-11T20:00:00Z"), ..far };
    assert!(look(&first.told, &[grown], now).news.is_empty());
    let near = look(&first.told, &[far], at("2026-03-08T12:00:00Z"));
    assert_eq!(near.news, [far]);
    assert!(look(&near.told, &[far], at("2026-03-09T12:00:00Z")).news.is_empty());
    // It has begun, and is seen from now on.
    let begun = Hole { from: at("2026-03-10T09:00:00Z"), ..far };
    assert!(look(&near.told, &[begun], begun.from).news.is_empty());
    let mended = look(&first.told, &[], now);
    assert_eq!(mended, News::default());
    assert_eq!(look(&mended.told, &[far], now).news, [far]);
    // What is near when it is found is told once.
    let soon = hole("2026-03-03T08:00:00Z", "2026-03-03T20:00:00Z");
    let found = look(&[], &[soon], now);
    assert_eq!(found.news, [soon]);
    assert!(look(&found.told, &[soon], now).news.is_empty());
}

/// Days in the middle of a walk: clock changes by an hour, by half an hour, none.
const WALKS: [(&str, Date); 7] = [
    ("Europe/London", date(2026, 3, 29)),
    ("Europe/London", date(2026, 10, 25)),
    ("Europe/London", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/St_Johns", date(2026, 11, 1)),
    ("Asia/Kolkata", date(2026, 3, 29)),
];

fn any_time() -> impl Strategy<Value = Time> {
    let minutes = |hours| (hours, select(vec![0_i8, 15, 30])).prop_map(|(hour, minute)| time(hour, minute, 0, 0));
    prop_oneof![minutes(0..4_i8), minutes(0..24_i8)]
}

fn any_weekly() -> impl Strategy<Value = Weekly> {
    let days = prop_oneof![Just(Days::ALL), (1..=255_i16).prop_map(|bits| Days::from_bits(bits).expect("a day"))];
    (days, any_time(), any_time()).prop_map(|(days, from, until)| Weekly { days, hours: Hours { from, until } })
}

/// Minutes from the start of the walk.
fn any_span() -> impl Strategy<Value = (i32, i32)> {
    (0..5 * 24 * 60, 1..2 * 24 * 60).prop_map(|(from, long)| (from, from + long))
}

#[derive(Debug, Clone)]
struct Drawn {
    cover: Vec<Weekly>,
    shifts: Vec<(Weekly, u128)>,
    overrides: Vec<(Option<u128>, u128, (i32, i32))>,
    leave: Vec<(u128, (i32, i32))>,
    keeps_bank_holidays: bool,
}

fn any_drawn() -> impl Strategy<Value = Drawn> {
    let whom = || 1..5_u128;
    (
        vec(any_weekly(), 1..3),
        vec((any_weekly(), whom()), 0..4),
        vec((proptest::option::of(whom()), whom(), any_span()), 0..4),
        vec((whom(), any_span()), 0..3),
        any::<bool>(),
    )
        .prop_map(|(cover, shifts, overrides, leave, keeps_bank_holidays)| Drawn {
            cover,
            shifts,
            overrides,
            leave,
            keeps_bank_holidays,
        })
}

impl Drawn {
    fn roster(&self, zone: TimeZone, start: Timestamp) -> Roster {
        let person = |id: u128| member(&format!("person {id}"), id);
        let when = |(from, until): (i32, i32)| (start + MINUTE * from, start + MINUTE * until);
        let mut roster = roster("all-day", &[]);
        let calendar = Calendar { zone, keeps_bank_holidays: self.keeps_bank_holidays };
        roster.cover = Cover { calendar, hours: self.cover.clone(), taken: None };
        let shifts = self.shifts.iter().map(|(weekly, id)| Shift { weekly: *weekly, member: person(*id) });
        roster.shifts = shifts.collect();
        let overrides = self.overrides.iter().map(|(of, id, span)| {
            let (from, until) = when(*span);
            Override { id: Uuid::nil(), instead_of: of.map(Uuid::from_u128), member: person(*id), from, until }
        });
        roster.overrides = overrides.collect();
        let leave = self.leave.iter().map(|(id, span)| {
            let (from, until) = when(*span);
            Leave { id: Uuid::nil(), staff: Uuid::from_u128(*id), from, until }
        });
        roster.leave = leave.collect();
        roster
    }

    /// Whether hours hold, by a clock that is read each minute: they begin and end when it first shows their time or passes it.
    fn holds(&self, weekly: &Weekly, shown: DateTime) -> bool {
        [-1_i64, 0].iter().any(|back| {
            let day = shown.date() + Span::new().days(*back);
            let bank = self.keeps_bank_holidays && alert_rules::escalation::bank_holidays::is_one(day);
            let bit = if bank { 7 } else { day.weekday().to_monday_zero_offset() };
            let last = if weekly.hours.until <= weekly.hours.from { day + Span::new().days(1) } else { day };
            weekly.days.bits() >> bit & 1 == 1
                && day.to_datetime(weekly.hours.from) <= shown
                && shown < last.to_datetime(weekly.hours.until)
        })
    }

    fn on_duty(&self, shown: DateTime, minute: i32) -> Vec<u128> {
        let now = |(from, until): (i32, i32)| from <= minute && minute < until;
        let mut named: Vec<u128> =
            self.shifts.iter().filter(|(weekly, _)| self.holds(weekly, shown)).map(|(_, id)| *id).collect();
        named.extend(self.overrides.iter().filter(|(of, _, span)| of.is_none() && now(*span)).map(|(_, id, _)| *id));
        let mut people = Vec::new();
        for mut id in named {
            let mut used = vec![false; self.overrides.len()];
            loop {
                let next = (0..used.len()).find(|n| {
                    let (of, _, span) = self.overrides[*n];
                    !used[*n] && now(span) && of == Some(id)
                });
                let Some(next) = next else { break };
                used[next] = true;
                id = self.overrides[next].1;
            }
            let away = self.leave.iter().any(|(who, span)| *who == id && now(*span));
            if !away && !people.contains(&id) {
                people.push(id);
            }
        }
        people
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Each minute of six days around a clock change: who is on duty is what the slow reckoning says, every minute of cover has
    /// somebody or lies in a hole that is named, and no hole is named that is none.
    #[test]
    fn no_minute_of_cover_is_without_somebody_or_a_hole_that_is_named((name, middle) in select(&WALKS[..]), drawn in any_drawn()) {
        let zone = TimeZone::get(name).expect("a zone");
        let start = (middle - Span::new().days(3)).to_zoned(zone.clone()).expect("a day").timestamp();
        let roster = drawn.roster(zone.clone(), start);
        let minutes = 6 * 24 * 60;
        let stretches = roster.stretches(start, start + MINUTE * minutes);
        let holes = roster.holes(start, start + MINUTE * minutes);
        prop_assert_eq!(stretches.first().map(|first| first.from), Some(start));
        prop_assert_eq!(stretches.last().map(|last| last.until), Some(start + MINUTE * minutes));
        prop_assert!(stretches.iter().zip(stretches.iter().skip(1)).all(|(one, next)| one.until == next.from));
        let mut shown = DateTime::MIN;
        for minute in 0..minutes {
            let instant = start + MINUTE * minute;
            shown = shown.max(zone.to_datetime(instant));
            let expected = drawn.on_duty(shown, minute);
            let covered = drawn.cover.iter().any(|weekly| drawn.holds(weekly, shown));
            let stretch = stretches.iter().find(|stretch| stretch.from <= instant && instant < stretch.until).expect("no gap");
            let found: Vec<u128> = stretch.people.iter().map(|member| member.staff.as_u128()).collect();
            prop_assert_eq!(&found, &expected, "{} in {}", instant, name);
            prop_assert_eq!(stretch.covered, covered, "{} in {}", instant, name);
            prop_assert_eq!(roster.cover.holds(instant), covered);
            let in_hole = holes.iter().any(|hole| hole.from <= instant && instant < hole.until);
            prop_assert_eq!(in_hole, covered && expected.is_empty(), "{} in {}", instant, name);
            if minute % 7 == 0 {
                let people: Vec<u128> = roster.on_duty(instant).iter().map(|member| member.staff.as_u128()).collect();
                prop_assert_eq!(people, expected);
            }
        }
    }
}
