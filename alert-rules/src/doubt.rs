//! Which values are doubted, and what takes the doubt away.
//!
//! A value is doubted outside its person's band: the catalogue's hold range, and what is near the person's own last week,
//! where a unit is easily taken for another. Both are widened by what staff have accepted. All of it is a matter of event
//! time, so the order of arrival changes nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::calendar::before;
use crate::finding::Side;
use crate::reading::{Acceptance, Correction, Measured};
use crate::timeline::Sample;
use crate::unit::in_words;
use crate::vital::{Component, Range, Vital};

/// Two values beyond the same end of the hold range within this time of each other agree.
const AGREE_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// Two that are far from the person's own in the same way: who weighs once a day may be late on the next.
pub(crate) const OWN_AGREE_WITHIN: SignedDuration = SignedDuration::from_hours(48);
/// Own values of this long before say what is to be expected.
pub(crate) const OWN_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Weights of one week are not further apart, in kg; pounds taken for kilograms are.
const WEIGHT_APART: f64 = 4.0;
/// Glucose in mg/dL is 18 times that in mmol/L; two thirds of it are far enough for a suspicion.
const GLUCOSE_TIMES: f64 = 12.0;
const POUNDS_TIMES: f64 = 2.204_622_6;

/// Why a value is doubted, and from when on it is not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Doubt {
    /// The order from which a second reading agrees (`usize::MAX`: none does).
    pub agreed: usize,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Why {
    /// Beyond this end of what is usual.
    Beyond(f64),
    /// Far from the middle of the person's own last week: a unit is suspected.
    FarFrom(f64),
    /// Nothing is odd about it today; it was held back when it came.
    HeldBack,
}

/// What the values of one component are held against.
pub(crate) struct Band<'a> {
    pub component: Component,
    pub samples: &'a [Sample],
    pub accepted: &'a [Accepted],
}

/// A value that staff took as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    pub component: Component,
    pub at: Timestamp,
    pub value: f64,
}

/// What still counts of the acceptances: one is of the values as they were, and a correction of those voids it.
pub(crate) fn accepted(acceptances: &[Acceptance], corrections: &BTreeMap<i64, &Correction>) -> Vec<Accepted> {
    let of = |acceptance: &Acceptance| {
        let stands = |component, measured| match corrections.get(&acceptance.seq).map(|correction| &correction.values) {
            None => true,
            Some(values) => values.iter().flatten().any(|value| *value == (component, measured)),
        };
        let values = acceptance.values.iter().filter(|(component, measured)| stands(*component, *measured));
        let number = |(component, measured): &(Component, Measured)| {
            let value = measured.compared().filter(|value| value.is_finite())?;
            Some(Accepted { component: *component, at: acceptance.effective_at, value })
        };
        values.filter_map(number).collect::<Vec<_>>()
    };
    acceptances.iter().flat_map(of).collect()
}

/// Readings whose values are held against the person's own last week.
pub(crate) fn has_own(vital: Vital) -> bool {
    vital.components().any(|component| near(component, 1.0).is_some())
}

impl Band<'_> {
    /// What is doubtful about the sample at `index`, if anything is.
    pub fn doubt(&self, index: usize) -> Option<Doubt> {
        let Sample { at, value, doubt: held_back, .. } = self.samples[index];
        if self.component.is_circumstance() {
            // It is as good as the numbers it was said of.
            return held_back.filter(|_| !self.accepted.iter().any(|known| known.at == at));
        }
        if !value.is_finite() || self.accepted().any(|known| known.at == at && known.value == value) {
            return None;
        }
        let usual = self.usual(at);
        if let Some((side, end)) = usual.and_then(|usual| beyond(usual, value)) {
            return Some(Doubt { agreed: self.agreed(index, AGREE_WITHIN, usual, side), why: Why::Beyond(end) });
        }
        if held_back.is_some() {
            return held_back;
        }
        let (middle, band) = self.own(index)?;
        let (side, _) = beyond(band, value)?;
        let agreed = self.agreed(index, OWN_AGREE_WITHIN, Some(band), side);
        Some(Doubt { agreed, why: Why::FarFrom(middle) })
    }

    fn accepted(&self) -> impl Iterator<Item = &Accepted> {
        self.accepted.iter().filter(|accepted| accepted.component == self.component)
    }

    /// The hold range, widened by what was accepted until then.
    fn usual(&self, at: Timestamp) -> Option<Range> {
        let hold = self.component.facts().hold?;
        let known = self.accepted().filter(|accepted| accepted.at <= at);
        Some(known.fold(hold, |band, Accepted { value, .. }| around(band, Range { from: *value, to: *value })))
    }

    /// The middle of the week before, and what is near it or near what was accepted in that week.
    fn own(&self, index: usize) -> Option<(f64, Range)> {
        near(self.component, 1.0)?;
        let at = self.samples[index].at;
        let since = before(at, OWN_WITHIN);
        let known = self.samples[..index].iter().rev().take_while(|sample| sample.at >= since);
        let known =
            known.map(|sample| sample.value).filter(|value| value.is_finite() && self.component.is_usual(*value));
        let mut known: Vec<f64> = known.collect();
        // Of an even number the newest is left out: a first slip must not speak for the second.
        let newest = usize::from(known.len().is_multiple_of(2) && !known.is_empty());
        let mut known = known.split_off(newest);
        let middle = known.len().checked_sub(1)? / 2;
        let middle = *known.select_nth_unstable_by(middle, f64::total_cmp).1;
        let accepted = self.accepted().filter(|accepted| (since..=at).contains(&accepted.at));
        let near_accepted = accepted.filter_map(|accepted| near(self.component, accepted.value));
        Some((middle, near_accepted.fold(near(self.component, middle)?, around)))
    }

    /// From when on another sample is beyond the same end, before or after this one.
    fn agreed(&self, index: usize, within: SignedDuration, band: Option<Range>, side: Side) -> usize {
        let samples = self.samples;
        let Sample { at, order, .. } = samples[index];
        let agrees =
            |other: &&Sample| band.and_then(|band| beyond(band, other.value)).is_some_and(|(other, _)| other == side);
        // In order of time: none beyond these can agree.
        let mut earlier = samples[..index].iter().rev().take_while(|other| at.duration_since(other.at) <= within);
        if earlier.any(|other| agrees(&other)) {
            return order;
        }
        let mut later = samples[index + 1..].iter().take_while(|other| other.at.duration_since(at) <= within);
        later.find(agrees).map_or(usize::MAX, |later| later.order)
    }
}

/// On which side of a band a value lies, and that end.
fn beyond(band: Range, value: f64) -> Option<(Side, f64)> {
    if value > band.to {
        Some((Side::High, band.to))
    } else if value < band.from {
        Some((Side::Low, band.from))
    } else {
        None
    }
}

/// What is near an own value. None: one's own say nothing of another.
fn near(component: Component, own: f64) -> Option<Range> {
    match component {
        Component::Weight => Some(Range { from: own - WEIGHT_APART, to: own + WEIGHT_APART }),
        Component::Glucose => Some(Range { from: own / GLUCOSE_TIMES, to: own * GLUCOSE_TIMES }),
        _ => None,
    }
}

fn around(one: Range, other: Range) -> Range {
    Range { from: one.from.min(other.from), to: one.to.max(other.to) }
}

impl Why {
    /// `weight 176.0 kg is not confirmed: far from 80.0 kg, the middle of the week before; it may be pounds`.
    pub fn sentence(self, component: Component, value: f64) -> String {
        let said = format!("{} {} is not confirmed", component.words(), in_words(component, value));
        match self {
            Why::Beyond(end) => {
                let beyond = if value > end { "above" } else { "below" };
                format!("{said}: {beyond} {}, where one reading alone is doubted", in_words(component, end))
            }
            Why::FarFrom(middle) => {
                let far = format!("{said}: far from {}, the middle of the week before", in_words(component, middle));
                match other_unit(component, value / middle) {
                    Some(unit) => format!("{far}; unit suspected, {unit}"),
                    None => far,
                }
            }
            Why::HeldBack => format!("{said}: it was held back when it came"),
        }
    }
}

/// Which unit it looks like, by how many times the usual it is.
fn other_unit(component: Component, times: f64) -> Option<&'static str> {
    let is = |factor: f64| (times / factor - 1.0).abs() < 0.1;
    match component {
        Component::Weight if is(POUNDS_TIMES) => Some("pounds sent as kg"),
        Component::Weight if is(1.0 / POUNDS_TIMES) => Some("kg sent as pounds"),
        Component::Glucose if times > 1.0 => Some("mg/dL sent as mmol/L"),
        Component::Glucose => Some("mmol/L sent as mg/dL"),
        _ => None,
    }
}
