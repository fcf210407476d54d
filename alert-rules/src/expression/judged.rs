//! Readings judged one by one: `count`, `all`, `any`, `sustained`.

use jiff::SignedDuration;

use super::evaluator::{Instant, Mode};
use super::{Condition, Which, Window};
use crate::timeline::Sample;
use crate::vital::Component;

impl Instant<'_> {
    /// How many readings of the window fulfil it. Unknown when fewer than `at_least` can be judged.
    pub(super) fn count(&self, condition: &Condition, of: Component, window: Window, at_least: u16) -> Option<f64> {
        let judged = self.judged(condition, of, window)?;
        // In `Clear`, one that cannot be judged leaves the count open.
        if self.mode == Mode::Clear && judged.unknown > 0 {
            return None;
        }
        (judged.yes + judged.no >= u32::from(at_least)).then(|| f64::from(judged.yes))
    }

    /// Unknown when fewer than `at_least` can be judged; then Kleene's `and` or `or` over all of them.
    pub(super) fn readings(
        &self,
        which: Which,
        condition: &Condition,
        of: Component,
        window: Window,
        at_least: u16,
    ) -> Option<bool> {
        let judged = self.judged(condition, of, window)?;
        if judged.yes + judged.no < u32::from(at_least.max(1)) {
            return None;
        }
        match which {
            Which::All if judged.no > 0 => Some(false),
            Which::Any if judged.yes > 0 => Some(true),
            _ if judged.unknown > 0 => None,
            Which::All => Some(true),
            Which::Any => Some(false),
        }
    }

    /// The run of readings up to the newest for which it is true. True: from the first of the run to the newest is at
    /// least `span`. Else false when a reading for which it is false ends the run, and unknown when nobody knows how it
    /// was before: no earlier reading, one that cannot be judged, or two further apart than a value stays fresh.
    pub(super) fn sustained(&self, condition: &Condition, of: Component, span: SignedDuration) -> Option<bool> {
        let samples = self.timeline.samples(of, self.order);
        let fresh = of.vital()?.fresh().max(self.stretch);
        let newest = samples.last()?.at;
        if self.at.duration_since(newest) > fresh {
            return None;
        }
        let mut later = newest;
        for sample in samples.iter().rev() {
            if later.duration_since(sample.at) > fresh {
                return None;
            }
            if !self.alone(condition, sample)? {
                return Some(false);
            }
            if newest.duration_since(sample.at) >= span {
                return Some(true);
            }
            later = sample.at;
        }
        None
    }

    /// What it is worth for this reading alone.
    fn alone(&self, condition: &Condition, sample: &Sample) -> Option<bool> {
        Instant { only: Some(sample.order), ..*self }.truth(condition)
    }

    fn judged(&self, condition: &Condition, of: Component, window: Window) -> Option<Judged> {
        let mut judged = Judged::default();
        for sample in self.window(of, window)? {
            match self.alone(condition, sample) {
                Some(true) => judged.yes += 1,
                Some(false) => judged.no += 1,
                None => judged.unknown += 1,
            }
        }
        Some(judged)
    }
}

#[derive(Default)]
struct Judged {
    yes: u32,
    no: u32,
    unknown: u32,
}
