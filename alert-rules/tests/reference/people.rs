//! Random patients and histories.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use alert_rules::facts::{Day, Due, Facts, Gap, Pause, Plan, PlanLimit, SetBy, Slot};
use alert_rules::reading::{Absent, Acceptance, Answer, Circumstances, Comparator, Flags, Measured};
use alert_rules::{Answers, Component, Correction, Event, History, Priority, Reading, Vital};
use jiff::{SignedDuration, Span, Timestamp};

use crate::known::CODES;
use crate::random::{EVENTS, LINKS, Random, TAGS, levels};

/// Worlds with nothing special, both changes of clocks of each zone that has them, a leap day; zones of half and quarter hours.
const BEGINNINGS: [&str; 6] = [
    "2026-03-25T00:00:00Z",
    "2026-10-21T05:00:00Z",
    "2028-02-26T12:00:00Z",
    "2026-06-10T00:00:00Z",
    "2026-03-31T00:00:00Z",
    "2026-10-28T00:00:00Z",
];
const ZONES: [&str; 6] =
    ["Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Australia/Lord_Howe", "Pacific/Apia"];
pub const DAYS: i64 = 8;
const SCORED: [Vital; 6] = [
    Vital::RespiratoryRate,
    Vital::Spo2,
    Vital::OxygenFlow,
    Vital::BloodPressure,
    Vital::Consciousness,
    Vital::Temperature,
];

impl Random {
    pub fn facts(&mut self) -> Facts {
        let since: Timestamp = self.pick(&BEGINNINGS).parse().expect("a timestamp");
        let zone = jiff::tz::TimeZone::get(self.pick(&ZONES)).expect("bundled");
        let spot = |random: &mut Random| since + SignedDuration::from_mins(5 * random.from(0, DAYS * 24 * 12));
        let mut slots = Vec::new();
        let vitals = [Vital::BloodPressure, Vital::Weight, Vital::Glucose].map(Due::Vital);
        for due in vitals.into_iter().chain([Due::Questionnaire("today".to_owned())]) {
            for _ in 0..self.below(3) {
                let days = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];
                let (in_course, every) = (self.percent(30), self.percent(30));
                let first = zone.to_datetime(since).date();
                let day = |random: &mut Random, from| first.saturating_add(Span::new().days(random.from(from, DAYS)));
                slots.push(Slot {
                    due: due.clone(),
                    at: jiff::civil::time(self.below(24) as i8, self.pick(&[0, 30, 45]), 0, 0),
                    days: if self.percent(30) { vec![self.pick(&days), self.pick(&days)] } else { Vec::new() },
                    every_days: NonZeroU8::new(self.pick(&[2, 3, 5, 9])).filter(|_| every),
                    from: (in_course || every).then(|| day(self, -10)),
                    until: in_course.then(|| day(self, -2)),
                    early_min: self.pick(&[0, 60, 240]),
                });
            }
        }
        let stretch = |random: &mut Random| {
            let from = spot(random);
            (from, from + SignedDuration::from_mins(5 * random.from(1, 500)))
        };
        let pauses = (0..self.below(3)).map(|_| stretch(self)).collect::<Vec<_>>();
        let gaps = (0..self.below(3)).map(|_| stretch(self)).collect::<Vec<_>>();
        let mut limits = BTreeMap::new();
        for (name, value, unit) in
            [("high", 140.0, "mm[Hg]"), ("high", 18.7, "kPa"), ("fast", 60.0, "/min"), ("sweet", 4.0, "mmol/L")]
        {
            if self.percent(15) {
                let until = self.percent(50).then(|| spot(self));
                let (by, why) = ("Ida".to_owned(), "so".to_owned());
                limits.insert(format!("x/{name}"), PlanLimit { value, unit: unit.to_owned(), by, why, until });
            }
        }
        let birthday = self.zone_day(since, &zone);
        Facts {
            spo2_scale_2: self.percent(20).then(|| SetBy { by: "Ida".to_owned(), at: since, why: "COPD".to_owned() }),
            version: 1,
            valid_from: None,
            date_of_birth: birthday,
            time_zone: zone,
            tags: TAGS
                .into_iter()
                .filter_map(|tag| Some((tag.to_owned(), self.pick(&[Some(true), Some(false), None])?)))
                .collect(),
            plan: Plan {
                since,
                packs: vec!["x".to_owned()],
                slots,
                limits,
                absence_priority: self.pick(&[Priority::Low, Priority::High]),
            },
            pauses: pauses
                .into_iter()
                .map(|(from, until)| Pause { from, until, by: "Ida".to_owned(), why: "away".to_owned(), asked: false })
                .collect(),
            service_gaps: gaps.into_iter().map(|(from, until)| Gap { from, until }).collect(),
        }
    }

    /// A birth date whose birthday is near or within the world.
    fn zone_day(&mut self, since: Timestamp, zone: &jiff::tz::TimeZone) -> jiff::civil::Date {
        let day = zone.to_datetime(since).date().saturating_add(jiff::Span::new().days(self.from(-3, DAYS)));
        day.saturating_sub(jiff::Span::new().years(self.pick(&[16_i64, 60, 60, 70, 70, 80])))
    }

    pub fn history(&mut self, facts: &Facts) -> History {
        let mut history = History::default();
        let as_nice_asks = self.percent(10);
        let count = if as_nice_asks { 24 } else { 2 + self.below(22) };
        let mut taken = Vec::new();
        for seq in 1..=count as i64 {
            let at = match taken.last() {
                // Twice each morning and evening.
                _ if as_nice_asks => {
                    let (day, of_day) = ((seq - 1) / 4, (seq - 1) % 4);
                    let minutes = (day * 24 + 8 + of_day / 2 * 10) * 60 + of_day % 2 * self.pick(&[0, 1, 1, 1]);
                    facts.plan.since + SignedDuration::from_mins(minutes)
                }
                // Soon after another, or at the very same time.
                Some(last) if self.percent(45) => {
                    *last + SignedDuration::from_secs(self.pick(&[0, 30, 60, 300, 900, 960, 1_200, 7_200, 86_400]))
                }
                _ => facts.plan.since + SignedDuration::from_mins(self.from(-120, DAYS * 24 * 60)),
            };
            taken.push(at);
            let late = self.pick(&[1, 1, 1, 30, 299, 300, 301, 4_000, 90_000]);
            self.item(&mut history, seq, at, at + SignedDuration::from_secs(late), as_nice_asks);
        }
        for seq in 1..=count as i64 {
            if self.percent(6) {
                let reading = history.readings.iter().find(|reading| reading.seq == seq);
                let values = reading.filter(|reading| reading.absent.is_none()).map(|reading| reading.vital);
                let values = values.filter(|_| self.percent(60)).map(|vital| self.values(vital));
                let seq = (100 + self.below(20) as i64, seq);
                history.corrections.push(Correction {
                    seq: seq.0,
                    corrects_seq: seq.1,
                    reason: "wrong_entry".to_owned(),
                    values,
                });
            }
        }
        if self.percent(25) {
            self.observations(&mut history, facts);
        }
        for reading in history.readings.clone() {
            if self.percent(if reading.flags.unconfirmed { 30 } else { 3 }) {
                let Reading { seq, effective_at, components: values, .. } = reading;
                history.acceptances.push(Acceptance { seq, effective_at, values });
            }
        }
        history
    }

    /// Rounds of all that NEWS2 looks at, a few minutes between one and the next, some of it left out.
    fn observations(&mut self, history: &mut History, facts: &Facts) {
        for round in 0..1 + self.below(4) as i64 {
            let mut at = facts.plan.since + SignedDuration::from_mins(self.from(0, DAYS * 24 * 60));
            for (number, vital) in (0..).zip(SCORED) {
                at += SignedDuration::from_mins(self.pick(&[0, 0, 1, 5, 29, 30]));
                if self.percent(10) {
                    continue;
                }
                let components = self.values(vital);
                let (seq, received_at) = (200 + round * 10 + number, at + SignedDuration::from_secs(1));
                let flags = Flags::of_values(&components);
                let circumstances = self.circumstances();
                let reading = Reading {
                    seq,
                    vital,
                    effective_at: at,
                    received_at,
                    components,
                    absent: None,
                    flags,
                    circumstances,
                };
                history.readings.push(reading);
            }
        }
    }

    fn item(&mut self, history: &mut History, seq: i64, effective_at: Timestamp, received_at: Timestamp, twice: bool) {
        match self.below(10) {
            0 if !twice => {
                let answers = (0..1 + self.below(2)).map(|_| (self.pick(&LINKS).to_owned(), self.answer())).collect();
                let questionnaire = self.pick(&["signs|1", "today|2"]).to_owned();
                history.answers.push(Answers {
                    seq,
                    effective_at,
                    received_at,
                    questionnaire,
                    partial: false,
                    answers,
                });
            }
            1 if !twice && self.percent(50) => {
                let mut answers: Vec<(String, Answer)> = (1..=7)
                    .map(|question| (format!("gad7_{question}"), Answer::Text(self.pick(&CODES).to_owned())))
                    .collect();
                if self.percent(20) {
                    answers.pop();
                }
                let questionnaire = "gad7|1".to_owned();
                history.answers.push(Answers {
                    seq,
                    effective_at,
                    received_at,
                    questionnaire,
                    partial: false,
                    answers,
                });
            }
            1 if !twice => {
                let event = self.pick(&EVENTS).to_owned();
                history.events.push(Event { seq, effective_at, received_at, event, quantity: None });
            }
            _ => {
                let vital = self.pick(&[
                    Vital::BloodPressure,
                    Vital::BloodPressure,
                    Vital::Pulse,
                    Vital::Spo2,
                    Vital::Temperature,
                    Vital::Weight,
                    Vital::Weight,
                    Vital::Glucose,
                ]);
                let vital = if twice { Vital::BloodPressure } else { vital };
                let mut components = self.values(vital);
                let absent = self.percent(5).then_some(Absent::CouldNotMeasure);
                if absent.is_some() {
                    components.clear();
                }
                let mut flags = Flags::of_values(&components);
                flags.unconfirmed |= self.percent(3);
                flags.impossible |= self.percent(1);
                flags.dated_by_arrival = self.percent(6);
                let circumstances = self.circumstances();
                history.readings.push(Reading {
                    seq,
                    vital,
                    effective_at,
                    received_at,
                    components,
                    absent,
                    flags,
                    circumstances,
                });
            }
        }
    }

    /// Mostly nothing is said.
    fn circumstances(&mut self) -> Circumstances {
        let said = [None, None, Some(true), Some(true), Some(false)];
        Circumstances { irregular_pulse: self.pick(&said), standing: self.pick(&said) }
    }

    fn values(&mut self, vital: Vital) -> Vec<(Component, Measured)> {
        let mut components: Vec<_> = vital.facts().required.to_vec();
        components.extend(vital.facts().optional.iter().filter(|_| self.percent(40)));
        components.into_iter().map(|component| (component, self.value(component))).collect()
    }

    fn value(&mut self, component: Component) -> Measured {
        match self.below(100) {
            0..5 if component == Component::Glucose => {
                Measured::off_scale(self.pick(&[Comparator::High, Comparator::Low]))
            }
            5..8 => Measured::value(self.pick(&[1_000.0, 0.01])),
            _ if matches!(component, Component::Consciousness | Component::OxygenFlow) => {
                Measured::value(self.pick(levels(component)))
            }
            _ => {
                let beside = self.pick(&[0.0, 0.0, 0.0, 1.0, -1.0, 0.1]);
                Measured::value(((self.pick(levels(component)) + beside) * 10.0).round() / 10.0)
            }
        }
    }

    fn answer(&mut self) -> Answer {
        match self.below(5) {
            0 | 1 => Answer::YesNo(true),
            2 => Answer::YesNo(false),
            3 => Answer::Number(self.pick(&[2.0, 3.0, 5.0])),
            _ => Answer::Text(self.pick(&["more", "yes", "3"]).to_owned()),
        }
    }
}
