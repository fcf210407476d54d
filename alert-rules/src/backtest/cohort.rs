//! Two hundred invented people over ninety days, from one seed: how they usually are, who falls ill and when, which
//! readings are artefacts, and how they answer their phones. What is known of each stands in their labels.
//!
//! By number: 1–70 measure blood pressure, 71–120 weigh themselves with heart failure, 121–170 measure glucose, 171–200
//! oxygen and temperature. Of each ten, four fall ill, three have artefacts, three have neither; one in six pressures is
//! above target throughout, and nobody labels that. Nobody answers questionnaires: rules about symptoms stay quiet.

mod illness;
mod schedule;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::body::{Body, Course, Habits};
use super::dice::Dice;
use super::person::{Label, Person, Phone, Watched};
use crate::facts::{Facts, Plan};
use crate::finding::Priority;
use crate::vital::Component;

pub const PEOPLE: usize = 200;
pub const DAYS: i64 = 90;
const ZONE: &str = "Europe/London";
/// A Monday; British clocks go forward on day 83.
const FIRST_DAY: Date = date(2026, 1, 5);

/// What somebody is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Pressure,
    Heart,
    Diabetes,
    Oxygen,
}

/// What becomes of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    FallsIll,
    Artefacts,
    Neither,
}

/// The whole cohort. The same seed gives the same people.
pub fn cohort(seed: u64) -> Vec<Person> {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    (0..PEOPLE).map(|number| person(seed, number, &zone)).collect()
}

fn person(seed: u64, number: usize, zone: &TimeZone) -> Person {
    let group = match number {
        0..70 => Group::Pressure,
        70..120 => Group::Heart,
        120..170 => Group::Diabetes,
        _ => Group::Oxygen,
    };
    let fate = match number % 10 {
        0..4 => Fate::FallsIll,
        4..7 => Fate::Artefacts,
        _ => Fate::Neither,
    };
    let mut dice = Dice::at(seed, &[i64::try_from(number).unwrap_or(0)]);
    let days = Days { zone };
    let habits = Habits { sees: 0.9, measures_again: 0.85 };
    let mut body =
        Body { seed: dice.roll(), time_zone: zone.clone(), courses: courses(group, number, &mut dice), habits };
    let mut labels: Vec<Label> = Vec::new();
    if fate == Fate::FallsIll {
        labels = illness::strike(group, &mut body, &days, &mut dice);
    }
    let artefacts = (fate == Fate::Artefacts).then_some(group);
    let (arrivals, false_ones) = schedule::arrivals(group, &body, &days, &labels, artefacts, &mut dice);
    labels.extend(false_ones);
    Person {
        name: format!("cohort {:03}", number + 1),
        facts: facts(group, &days, &mut dice),
        watched: Watched::ByWhatFits,
        from: days.midnight(0),
        measures: schedule::measures(group).to_vec(),
        arrivals,
        until: days.midnight(DAYS),
        phone: Phone::Held(Box::new(body)),
        labels,
    }
}

/// The calendar of everybody in the cohort.
struct Days<'z> {
    zone: &'z TimeZone,
}

impl Days<'_> {
    fn midnight(&self, day: i64) -> Timestamp {
        self.at(day, 0)
    }

    /// A local time, in minutes from midnight.
    fn at(&self, day: i64, minute: i64) -> Timestamp {
        let date = FIRST_DAY.saturating_add(Span::new().days(day));
        let local = date.at(0, 0, 0, 0).saturating_add(Span::new().minutes(minute));
        self.zone.to_timestamp(local).unwrap_or(Timestamp::MIN)
    }
}

/// How somebody of the group is while well.
fn courses(group: Group, number: usize, dice: &mut Dice) -> Vec<Course> {
    let mut course = |component, usual: (f64, f64), day_sd, quarter_sd, error_sd, while_well| Course {
        component,
        usual: dice.between(usual.0, usual.1),
        day_sd,
        quarter_sd,
        error_sd,
        while_well,
        changes: Vec::new(),
    };
    match group {
        Group::Pressure => {
            let above_target = number % 6 == 5;
            let systolic = if above_target { (140.0, 152.0) } else { (114.0, 129.0) };
            let diastolic = if above_target { (84.0, 92.0) } else { (68.0, 79.0) };
            vec![
                course(Component::Systolic, systolic, 5.0, 3.0, 5.0, (96.0, 172.0)),
                course(Component::Diastolic, diastolic, 3.0, 2.0, 3.5, (55.0, 108.0)),
                course(Component::Pulse, (60.0, 84.0), 3.0, 3.0, 2.0, (48.0, 100.0)),
            ]
        }
        Group::Heart => vec![course(Component::Weight, (58.0, 105.0), 0.45, 0.0, 0.1, (45.0, 130.0))],
        Group::Diabetes => vec![course(Component::Glucose, (7.0, 9.5), 0.8, 1.6, 0.2, (4.8, 18.0))],
        Group::Oxygen => vec![
            course(Component::Spo2, (95.6, 97.4), 0.4, 0.3, 0.5, (94.6, 99.0)),
            course(Component::Pulse, (66.0, 88.0), 3.0, 3.0, 2.0, (50.0, 104.0)),
            course(Component::Temperature, (36.4, 36.9), 0.1, 0.1, 0.1, (36.0, 37.4)),
        ],
    }
}

fn facts(group: Group, days: &Days<'_>, dice: &mut Dice) -> Facts {
    let age = i16::try_from(dice.whole(45, 88)).unwrap_or(65);
    let mut tags: BTreeMap<String, bool> = crate::facts::TAGS.iter().map(|tag| ((*tag).to_owned(), false)).collect();
    tags.insert("heart_failure".to_owned(), group == Group::Heart);
    tags.insert("on_insulin".to_owned(), group == Group::Diabetes);
    tags.insert("lives_alone".to_owned(), dice.chance(0.4));
    Facts {
        version: 1,
        valid_from: None,
        date_of_birth: date(FIRST_DAY.year() - age, 7, 1),
        time_zone: days.zone.clone(),
        tags,
        plan: Plan {
            since: days.midnight(0),
            packs: Vec::new(),
            slots: schedule::slots(group),
            limits: BTreeMap::new(),
            absence_priority: Priority::Low,
        },
        spo2_scale_2: None,
        pauses: Vec::new(),
        service_gaps: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
