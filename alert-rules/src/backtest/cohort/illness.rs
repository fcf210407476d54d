//! How somebody falls ill: what changes in their body, and the label that says so.

use jiff::{SignedDuration, Timestamp};

use super::super::body::{Body, Change, Size};
use super::super::dice::Dice;
use super::super::person::{Label, LabelKind};
use super::{Days, Group};
use crate::calendar::after;
use crate::finding::Priority;
use crate::vital::{Component, Vital};

/// Episodes begin after a baseline of three weeks, and are over before the end.
const FIRST_DAYS: (i64, i64) = (22, 50);
/// An oxygen level at which somebody should be at hospital (NHS England).
const EMERGENCY_SPO2: f64 = 92.0;
/// Averages at home below this are on target; from this on a single value is severe (NICE NG136).
const TARGET_SYSTOLIC: f64 = 135.0;
const SEVERE_SYSTOLIC: f64 = 180.0;

/// Changes the body, and says how.
pub(super) fn strike(group: Group, body: &mut Body, days: &Days<'_>, dice: &mut Dice) -> Vec<Label> {
    let began = days.at(dice.whole(FIRST_DAYS.0, FIRST_DAYS.1), dice.whole(0, 24 * 60 - 1));
    match group {
        Group::Pressure if dice.chance(0.5) => vec![severe_pressure(body, began, dice)],
        Group::Pressure => vec![rising_pressure(body, began, dice)],
        Group::Heart => vec![fluid_gain(body, began, dice)],
        Group::Oxygen => vec![falling_oxygen(body, began, dice)],
        Group::Diabetes => {
            let hypos = dice.whole(1, 3);
            // Ten days apart or more, at any hour.
            let began =
                |n: i64, dice: &mut Dice| days.at(FIRST_DAYS.0 + 15 * n + dice.whole(0, 5), dice.whole(0, 24 * 60 - 1));
            (0..hypos)
                .map(|n| {
                    let began = began(n, dice);
                    hypo(body, began, dice)
                })
                .collect()
        }
    }
}

/// 0.3 to 0.8 kg a day until 2.5 to 4.5 kg are gained; two days later somebody has to have noticed. Then treated.
fn fluid_gain(body: &mut Body, began: Timestamp, dice: &mut Dice) -> Label {
    let (rate, gain) = (dice.between(0.3, 0.8), dice.between(2.5, 4.5));
    let whole = after(began, days(gain / rate));
    let going = after(whole, days(2.0));
    let over = after(going, days(6.0));
    change(body, Component::Weight, Change { began, whole, going, over, size: Size::By(gain) });
    Label { kind: LabelKind::FluidGain, vital: Vital::Weight, at_least: Priority::Medium, began, until: going }
}

/// 25 to 50 mmHg (and half of it diastolic) over 6 to 20 days. Above target it is an episode; when it has been whole for a
/// week, somebody has to have noticed, if only as a task: it is no emergency. Then treated.
fn rising_pressure(body: &mut Body, risen_from: Timestamp, dice: &mut Dice) -> Label {
    let by = dice.between(25.0, 50.0);
    let whole = after(risen_from, days(dice.between(6.0, 20.0)));
    let going = after(whole, days(7.0));
    let over = after(going, days(7.0));
    let began = pressure(body, Change { began: risen_from, whole, going, over, size: Size::By(by) }, TARGET_SYSTOLIC);
    let kind = LabelKind::RisingPressure;
    Label { kind, vital: Vital::BloodPressure, at_least: Priority::Low, began, until: going }
}

/// To 186 to 205 mmHg within 1 to 3 days. From 180 on it is an episode, and a day later somebody has to have been alarmed.
/// Treated two days later.
fn severe_pressure(body: &mut Body, risen_from: Timestamp, dice: &mut Dice) -> Label {
    let by = dice.between(186.0, 205.0) - usual(body, Component::Systolic);
    let whole = after(risen_from, days(dice.between(1.0, 3.0)));
    let going = after(whole, days(2.0));
    let over = after(going, days(3.0));
    let began = pressure(body, Change { began: risen_from, whole, going, over, size: Size::By(by) }, SEVERE_SYSTOLIC);
    let kind = LabelKind::SeverePressure;
    Label { kind, vital: Vital::BloodPressure, at_least: Priority::High, began, until: after(began, days(1.0)) }
}

/// Systolic, and half of it diastolic. When the usual systolic passes `threshold`.
fn pressure(body: &mut Body, rise: Change, threshold: f64) -> Timestamp {
    let Size::By(by) = rise.size else { return rise.began };
    let share = ((threshold - usual(body, Component::Systolic)) / by).clamp(0.0, 1.0);
    change(body, Component::Systolic, rise);
    change(body, Component::Diastolic, Change { size: Size::By(by / 2.0), ..rise });
    after(rise.began, SignedDuration::from_secs_f64(rise.whole.duration_since(rise.began).as_secs_f64() * share))
}

/// To 86 to 90 % over 3 to 7 days; a day after it passed 92 somebody has to have noticed. Then at hospital, and back.
fn falling_oxygen(body: &mut Body, began: Timestamp, dice: &mut Dice) -> Label {
    let to = dice.between(86.0, 90.0);
    let takes = dice.between(3.0, 7.0);
    let whole = after(began, days(takes));
    let going = after(whole, days(2.0));
    let over = after(going, days(5.0));
    let usual =
        body.courses.iter().find(|course| course.component == Component::Spo2).map_or(96.0, |course| course.usual);
    let passes = takes * (usual - EMERGENCY_SPO2) / (usual - to);
    change(body, Component::Spo2, Change { began, whole, going, over, size: Size::To(to) });
    Label {
        kind: LabelKind::FallingOxygen,
        vital: Vital::Spo2,
        at_least: Priority::Medium,
        began,
        until: after(began, days(passes + 1.0)),
    }
}

/// To 2.2 to 3.6 mmol/L within 10 minutes, for 25 to 70; back within 15. Within an hour and a half somebody has to know.
fn hypo(body: &mut Body, began: Timestamp, dice: &mut Dice) -> Label {
    let to = dice.between(2.2, 3.6);
    let whole = after(began, SignedDuration::from_mins(10));
    let going = after(whole, SignedDuration::from_mins(dice.whole(15, 60)));
    let over = after(going, SignedDuration::from_mins(15));
    change(body, Component::Glucose, Change { began, whole, going, over, size: Size::To(to) });
    let until = after(began, SignedDuration::from_mins(90));
    Label { kind: LabelKind::Hypo, vital: Vital::Glucose, at_least: Priority::Medium, began, until }
}

fn usual(body: &Body, component: Component) -> f64 {
    body.courses.iter().find(|course| course.component == component).map_or(0.0, |course| course.usual)
}

fn change(body: &mut Body, component: Component, change: Change) {
    for course in body.courses.iter_mut().filter(|course| course.component == component) {
        course.changes.push(change);
    }
}

fn days(days: f64) -> SignedDuration {
    SignedDuration::from_secs_f64(days * 86_400.0)
}
