//! What is true of an invented person, whether anybody measures it or not: what is usual, how it varies from day to day,
//! and how it changes when they fall ill. A reading is the truth and the error of an instrument.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::dice::Dice;
use super::person::Arrival;
use crate::calendar::after;
use crate::evaluate::Ask;
use crate::reading::{Circumstances, Flags, Measured, Reading};
use crate::scenario::Submitted;
use crate::vital::{Component, Vital};

/// One person, from one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    pub seed: u64,
    pub time_zone: TimeZone,
    pub courses: Vec<Course>,
    pub habits: Habits,
}

/// What one component does. All in its canonical unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    pub component: Component,
    pub usual: f64,
    /// Standard deviation from one local day to the next, and from one quarter of a day to the next.
    pub day_sd: f64,
    pub quarter_sd: f64,
    /// Of one measurement of the same truth.
    pub error_sd: f64,
    /// While well it stays within these.
    pub while_well: (f64, f64),
    pub changes: Vec<Change>,
}

/// It begins, is whole, begins to go, and is over; in between it goes straight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub began: Timestamp,
    pub whole: Timestamp,
    pub going: Timestamp,
    pub over: Timestamp,
    pub size: Size,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// So much more (or less) than while well.
    By(f64),
    /// To this, whatever it was.
    To(f64),
}

/// How likely the person sees an ask at once, and then does as asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    pub sees: f64,
    pub measures_again: f64,
}

impl Change {
    /// How much of it there is: 0 to 1.
    fn share(&self, at: Timestamp) -> f64 {
        let part = |from: Timestamp, to: Timestamp| {
            let whole = to.duration_since(from).as_secs_f64();
            if whole <= 0.0 { 1.0 } else { at.duration_since(from).as_secs_f64() / whole }
        };
        if at < self.began || at >= self.over {
            0.0
        } else if at < self.whole {
            part(self.began, self.whole)
        } else if at < self.going {
            1.0
        } else {
            1.0 - part(self.going, self.over)
        }
    }
}

impl Course {
    fn truth(&self, seed: u64, zone: &TimeZone, at: Timestamp) -> f64 {
        let local = zone.to_datetime(at);
        let day = i64::from(local.date().year()) * 400 + i64::from(local.date().day_of_year());
        let quarter = day * 4 + i64::from(local.hour() / 6);
        let varies = |name: i64, instant: i64| Dice::at(seed, &[self.component as i64, name, instant]).normal();
        let well = self.usual + self.day_sd * varies(1, day) + self.quarter_sd * varies(2, quarter);
        let well = well.clamp(self.while_well.0, self.while_well.1);
        self.changes.iter().fold(well, |value, change| match change.size {
            Size::By(by) => value + by * change.share(at),
            Size::To(to) => value + (to - value) * change.share(at),
        })
    }
}

impl Body {
    /// What is true at an instant. None: the model says nothing about this component.
    pub fn truth(&self, component: Component, at: Timestamp) -> Option<f64> {
        let course = self.courses.iter().find(|course| course.component == component)?;
        Some(course.truth(self.seed, &self.time_zone, at))
    }

    /// One act of measuring, as exact as the instrument shows it.
    pub fn measure(&self, vital: Vital, at: Timestamp) -> Option<Vec<(Component, f64)>> {
        let values = vital.components().filter_map(|component| {
            let course = self.courses.iter().find(|course| course.component == component)?;
            let error = Dice::at(self.seed, &[component as i64, 3, at.as_second()]).normal() * course.error_sd;
            let shown = 10_f64.powi(i32::try_from(component.facts().decimals).unwrap_or(0));
            let value = course.truth(self.seed, &self.time_zone, at) + error;
            Some((component, (value * shown).round() / shown))
        });
        let values: Vec<_> = values.collect();
        let whole = vital.facts().required.iter().all(|needed| values.iter().any(|(given, _)| given == needed));
        whole.then_some(values)
    }

    /// Whether the person sees an ask now, and what comes of it.
    pub fn answers(&self, ask: &Ask, now: Timestamp) -> (bool, Option<Arrival>) {
        let mut dice = Dice::at(self.seed, &[4, ask.vital as i64, now.as_second()]);
        if !dice.chance(self.habits.sees) {
            return (false, None);
        }
        let minutes = match ask.vital {
            // Sugar first, then a quarter of an hour.
            Vital::Glucose => dice.whole(15, 19),
            _ => dice.whole(3, 12),
        };
        let at = after(now, SignedDuration::from_mins(minutes));
        let does = dice.chance(self.habits.measures_again);
        let values = self.measure(ask.vital, at).filter(|_| does);
        (true, values.map(|values| Arrival { came: at, what: reading(ask.vital, at, at, &values) }))
    }
}

/// A reading as the service accepts it.
pub(super) fn reading(vital: Vital, at: Timestamp, came: Timestamp, values: &[(Component, f64)]) -> Submitted {
    let components: Vec<_> = values.iter().map(|(component, value)| (*component, Measured::value(*value))).collect();
    Submitted::Reading(Reading {
        seq: 0,
        vital,
        effective_at: at,
        received_at: came,
        flags: Flags::of_values(&components),
        components,
        absent: None,
        circumstances: Circumstances::default(),
    })
}
