//! When people measure, what they forget, what comes late, and which of their readings are artefacts.

use jiff::SignedDuration;
use jiff::civil::time;

use super::super::body::{Body, reading};
use super::super::dice::Dice;
use super::super::person::{Arrival, Label, LabelKind};
use super::{DAYS, Days, Group};
use crate::calendar::after;
use crate::facts::{Due, Slot};
use crate::finding::Priority;
use crate::vital::{Component, Vital};

/// How far from the due time people measure, in minutes.
const EARLY_OR_LATE_MIN: i64 = 40;
/// Of those who have no signal, so that a reading comes hours later.
const COMES_LATE: f64 = 0.02;
/// Whoever feels a hypo measures.
const FEELS_A_HYPO: f64 = 0.9;
/// An alert within this time of an artefact is put down to it.
const ARTEFACT_COUNTS: SignedDuration = SignedDuration::from_hours(24);
/// Exactly: the international pound, and glucose's molar mass over ten.
const POUNDS_A_KG: f64 = 1.0 / 0.453_592_37;
const MG_DL_A_MMOL_L: f64 = 18.016;

pub(super) fn measures(group: Group) -> &'static [Vital] {
    match group {
        Group::Pressure => &[Vital::BloodPressure],
        Group::Heart => &[Vital::Weight],
        Group::Diabetes => &[Vital::Glucose],
        Group::Oxygen => &[Vital::Spo2, Vital::Temperature],
    }
}

/// Due times of a day, in minutes from midnight.
fn due(vital: Vital) -> &'static [i64] {
    match vital {
        Vital::BloodPressure => &[8 * 60, 20 * 60],
        Vital::Weight => &[7 * 60 + 30],
        Vital::Glucose => &[7 * 60 + 30, 12 * 60, 18 * 60, 22 * 60],
        Vital::Spo2 => &[8 * 60, 14 * 60, 20 * 60],
        _ => &[8 * 60],
    }
}

pub(super) fn slots(group: Group) -> Vec<Slot> {
    let of = |vital: Vital| {
        due(vital).iter().map(move |minute| {
            let (hour, minute) = (i8::try_from(minute / 60).unwrap_or(0), i8::try_from(minute % 60).unwrap_or(0));
            Slot::daily(Due::Vital(vital), time(hour, minute, 0, 0))
        })
    };
    measures(group).iter().copied().flat_map(of).collect()
}

/// Everything that comes without being asked for, and the labels of what of it is an artefact.
pub(super) fn arrivals(
    group: Group,
    body: &Body,
    days: &Days<'_>,
    episodes: &[Label],
    artefacts: Option<Group>,
    dice: &mut Dice,
) -> (Vec<Arrival>, Vec<Label>) {
    let diligence = dice.between(0.8, 0.99);
    let twice = group == Group::Pressure && dice.chance(0.5);
    let mut wrong: Vec<(i64, LabelKind)> = Vec::new();
    if let Some(group) = artefacts {
        // Apart from each other by a fortnight or more.
        wrong.extend((0..dice.whole(1, 3)).map(|n| (20 + 20 * n + dice.whole(0, 5), a_kind_of(group, dice))));
    }
    let mut arrivals = Vec::new();
    let mut labels = Vec::new();
    for day in 0..DAYS {
        for vital in measures(group).iter().copied() {
            for (slot, minute) in due(vital).iter().enumerate() {
                let at = days.at(day, minute + dice.whole(-EARLY_OR_LATE_MIN, EARLY_OR_LATE_MIN));
                let comes_late = dice.chance(COMES_LATE);
                let late = SignedDuration::from_mins(if comes_late { dice.whole(60, 600) } else { 0 });
                let measured = dice.chance(diligence);
                let again_after = SignedDuration::from_mins(dice.whole(1, 3));
                let artefact = wrong.iter().find(|(on, kind)| *on == day && vital == of(*kind) && slot == 0);
                let Some(mut values) = body.measure(vital, at).filter(|_| measured || artefact.is_some()) else {
                    continue;
                };
                let mut came = after(at, late);
                if let Some((_, kind)) = artefact {
                    came = at;
                    spoil(*kind, &mut values, dice);
                    labels.push(Label {
                        kind: *kind,
                        vital,
                        at_least: Priority::Medium,
                        began: at,
                        until: after(at, ARTEFACT_COUNTS),
                    });
                }
                arrivals.push(Arrival { came, what: reading(vital, at, came, &values) });
                // An artefact is single: what is measured beside it is asked for.
                if twice && artefact.is_none() {
                    let (at, came) = (after(at, again_after), after(came, again_after));
                    let values = body.measure(vital, at).unwrap_or_default();
                    arrivals.push(Arrival { came, what: reading(vital, at, came, &values) });
                }
            }
        }
    }
    for hypo in episodes.iter().filter(|label| label.kind == LabelKind::Hypo) {
        let at = after(hypo.began, SignedDuration::from_mins(dice.whole(10, 25)));
        if let Some(values) = body.measure(hypo.vital, at).filter(|_| dice.chance(FEELS_A_HYPO)) {
            arrivals.push(Arrival { came: at, what: reading(hypo.vital, at, at, &values) });
        }
    }
    arrivals.sort_by_key(|arrival| arrival.came);
    (arrivals, labels)
}

fn a_kind_of(group: Group, dice: &mut Dice) -> LabelKind {
    match group {
        Group::Pressure => LabelKind::CuffArtefact,
        Group::Heart => LabelKind::Pounds,
        Group::Diabetes => LabelKind::TimesEighteen,
        Group::Oxygen if dice.chance(0.5) => LabelKind::ColdFinger,
        Group::Oxygen => LabelKind::Fahrenheit,
    }
}

fn of(kind: LabelKind) -> Vital {
    match kind {
        LabelKind::FluidGain | LabelKind::Pounds => Vital::Weight,
        LabelKind::RisingPressure | LabelKind::SeverePressure | LabelKind::CuffArtefact => Vital::BloodPressure,
        LabelKind::FallingOxygen | LabelKind::ColdFinger => Vital::Spo2,
        LabelKind::Hypo | LabelKind::TimesEighteen => Vital::Glucose,
        LabelKind::Fahrenheit => Vital::Temperature,
    }
}

/// What the reading says instead.
fn spoil(kind: LabelKind, values: &mut [(Component, f64)], dice: &mut Dice) {
    let lifted = dice.between(55.0, 85.0).round();
    let cold = dice.between(80.0, 89.0).round();
    for (component, value) in values {
        match (kind, *component) {
            (LabelKind::CuffArtefact, Component::Systolic) => *value += lifted,
            (LabelKind::CuffArtefact, Component::Diastolic) => *value += (lifted / 2.0).round(),
            (LabelKind::ColdFinger, Component::Spo2) => *value = cold,
            (LabelKind::TimesEighteen, _) => *value = (*value * MG_DL_A_MMOL_L).round(),
            (LabelKind::Pounds, _) => *value = (*value * POUNDS_A_KG * 10.0).round() / 10.0,
            (LabelKind::Fahrenheit, _) => *value = ((*value * 1.8 + 32.0) * 10.0).round() / 10.0,
            _ => {}
        }
    }
}
