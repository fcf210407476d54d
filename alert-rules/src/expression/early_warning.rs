//! NEWS2 of what was measured together. The table is in `news2.rs`.

use jiff::SignedDuration;

use super::evaluator::{Instant, Mode};
use crate::news2::{Inputs, Score};
use crate::timeline::Sample;
use crate::vital::Component;

/// Further apart, and they are not one set of observations.
pub(crate) const NEWS2_TOGETHER: SignedDuration = SignedDuration::from_mins(30);
/// NEWS2 is not for anybody younger.
const FROM_YEARS: i16 = 16;

/// What it looks at, besides what facts say.
pub(crate) const NEWS2_COMPONENTS: [Component; 7] = [
    Component::RespiratoryRate,
    Component::Spo2,
    Component::OxygenFlow,
    Component::Systolic,
    Component::Pulse,
    Component::Consciousness,
    Component::Temperature,
];

impl Instant<'_> {
    /// Of the newest fresh input and all that were measured within 30 minutes before it. None: nothing was, or the score
    /// is not for this person.
    pub fn news2(&self) -> Option<Score> {
        let is_pregnant = self.facts.tags.get("pregnant") == Some(&true);
        if is_pregnant || self.calendar.age_at(self.at) < FROM_YEARS {
            return None;
        }
        let latest = NEWS2_COMPONENTS.map(|component| self.latest(component));
        let newest = latest.iter().flatten().map(|sample| sample.at).max()?;
        let of_the_set = |sample: Option<&Sample>| {
            let sample = sample.filter(|sample| newest.duration_since(sample.at) <= NEWS2_TOGETHER)?;
            Some(sample.value)
        };
        let [respiratory_rate, spo2, flow, systolic, pulse, consciousness, temperature] = latest.map(of_the_set);
        let inputs = Inputs {
            respiratory_rate,
            spo2,
            spo2_scale_2: self.facts.spo2_scale_2.is_some(),
            on_oxygen: flow.map(|flow| flow > 0.0).or_else(|| self.facts.tags.get("on_oxygen").copied()),
            systolic,
            pulse,
            consciousness,
            temperature,
        };
        Some(inputs.score())
    }

    pub(super) fn news2_total(&self) -> Option<f64> {
        self.news2()?.total.map(f64::from)
    }

    /// It may raise with inputs missing, and clears only when it is the total.
    pub(super) fn news2_lower_bound(&self) -> Option<f64> {
        let score = self.news2()?;
        match self.mode {
            Mode::Raise => Some(f64::from(score.lower_bound)),
            Mode::Clear => score.total.map(f64::from),
        }
    }
}
