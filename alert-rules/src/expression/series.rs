//! Numbers that several readings make together: means, spreads, slopes, and NICE's average of a pressure at home.

use jiff::SignedDuration;

use super::evaluator::{Instant, Mode};
use super::{Function, Length, Window};
use crate::timeline::Sample;
use crate::vital::Component;

const SECONDS_A_DAY: f64 = 86_400.0;

/// Today and the six days before: NICE NG136 asks for "ideally seven days".
pub(super) const HOME_AVERAGE_WINDOW: Window = Window { length: Length::Days(6), before: None };
/// NG136: for at least this many days.
const HOME_DAYS: usize = 4;
/// NG136: two readings each time, at least a minute apart.
const HOME_READINGS: usize = 2;
const HOME_APART: SignedDuration = SignedDuration::from_secs(60);
/// Before this local hour is the morning's, from then on the evening's.
const HOME_NOON: i8 = 12;

/// Sitting, a minute of standing, and two readings that somebody takes and types at home. NG136 asks for the minute; the
/// rest is local †.
pub(super) const STOOD_WITHIN: SignedDuration = SignedDuration::from_mins(10);

impl Instant<'_> {
    pub(super) fn aggregate(&self, function: Function, samples: &[Sample], at_least: u16) -> Option<f64> {
        let enough = |count: usize| count >= usize::from(at_least.max(1));
        match function {
            Function::Mean | Function::Median | Function::StdDev | Function::Slope => {
                let usable = || self.averaged(samples);
                if !self.may_average(samples) || !enough(usable().count()) {
                    return None;
                }
                match function {
                    Function::Median => median(&mut usable().map(|sample| sample.value).collect::<Vec<_>>()),
                    Function::StdDev => deviation(usable().map(|sample| sample.value)),
                    Function::Slope => slope(usable()),
                    _ => mean(usable().map(|sample| sample.value)),
                }
            }
            Function::Rise | Function::Fall => {
                let (latest, before) = samples.split_last().filter(|(latest, _)| self.may_use(latest))?;
                // What is doubted may itself have risen, and is nothing to have risen from.
                let references = before.iter().filter(|sample| sample.is_trusted(self.order));
                if !enough(references.clone().count() + 1) || !references.clone().all(|sample| self.may_use(sample)) {
                    return None;
                }
                let result = match function {
                    Function::Rise => latest.value - references.fold(latest.value, |least, one| least.min(one.value)),
                    _ => references.fold(latest.value, |most, one| most.max(one.value)) - latest.value,
                };
                (!result.is_nan()).then_some(result)
            }
            Function::Min | Function::Max | Function::Last => {
                if !enough(samples.len()) || !samples.iter().all(|sample| self.may_use(sample)) {
                    return None;
                }
                let values = samples.iter().map(|sample| sample.value);
                match function {
                    Function::Min => Some(values.fold(f64::INFINITY, f64::min)),
                    Function::Max => Some(values.fold(f64::NEG_INFINITY, f64::max)),
                    _ => samples.last().map(|latest| latest.value),
                }
            }
        }
    }

    /// HI and LO have no number to average: what is left without them may raise, and never clears.
    fn may_average(&self, samples: &[Sample]) -> bool {
        self.mode == Mode::Raise || samples.iter().all(|sample| sample.value.is_finite())
    }

    /// What averages see: numbers, nothing that is in doubt, and nothing taken standing, for NICE's are of pressures taken
    /// seated.
    fn averaged<'s>(&self, samples: &'s [Sample]) -> impl Iterator<Item = &'s Sample> + Clone {
        let (mode, order) = (self.mode, self.order);
        samples.iter().filter(move |sample| {
            let is_seated_number = sample.value.is_finite() && !sample.standing;
            is_seated_number && sample.is_trusted(order) && (mode == Mode::Raise || !sample.dated_by_arrival)
        })
    }

    /// NICE NG136: measured twice, a minute or more apart, morning and evening, on four days or more of the last seven;
    /// the first of those days is left out, and the average is of all the others. Unknown while fewer days are whole.
    pub(super) fn home_average(&self, component: Component) -> Option<f64> {
        let samples = self.window(component, HOME_AVERAGE_WINDOW)?;
        if !self.may_average(samples) {
            return None;
        }
        let local = |sample: &Sample| self.facts.time_zone.to_datetime(sample.at);
        let mut usable = self.averaged(samples).map(|sample| (local(sample), sample)).peekable();
        let first_day = usable.peek()?.0.date();
        let (mut whole_days, mut rest) = (0, Vec::new());
        let mut day = Vec::new();
        while let Some((when, sample)) = usable.next() {
            day.push((when.hour() < HOME_NOON, sample.at));
            if when.date() != first_day {
                rest.push(sample.value);
            }
            if usable.peek().is_none_or(|(next, _)| next.date() != when.date()) {
                let halves = [true, false].map(|morning| {
                    let mut taken = day.iter().filter(|(half, _)| *half == morning).map(|(_, at)| *at);
                    let first = taken.next()?;
                    let second = taken.find(|at| at.duration_since(first) >= HOME_APART);
                    second.map(|_| HOME_READINGS)
                });
                whole_days += usize::from(halves.iter().all(Option::is_some));
                day.clear();
            }
        }
        (whole_days >= HOME_DAYS).then(|| mean(rest.into_iter())).flatten()
    }
}

impl Instant<'_> {
    /// Of the newest value, if it was taken standing and for as long as it is fresh: the newest seated one before it, minus
    /// it. Unknown if nobody sat within `STOOD_WITHIN` before they stood.
    pub(super) fn postural_fall(&self, component: Component) -> Option<f64> {
        let (sitting, standing) = self.sat_and_stood(component)?;
        let fall = sitting.value - standing.value;
        (!fall.is_nan()).then_some(fall)
    }

    /// The two readings that a postural fall is between.
    pub(crate) fn sat_and_stood(&self, component: Component) -> Option<(&Sample, &Sample)> {
        let standing = self.latest(component).filter(|newest| newest.standing)?;
        let samples = self.timeline.samples(component, self.order);
        let sitting = samples.iter().rfind(|sample| !sample.standing)?;
        let is_near = standing.at.duration_since(sitting.at) <= STOOD_WITHIN;
        (is_near && self.may_use(sitting)).then_some((sitting, standing))
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values.get(middle).copied()
    } else {
        Some((values.get(middle.checked_sub(1)?)? + values.get(middle)?) / 2.0)
    }
}

/// Of a sample: divided by one less than there are.
fn deviation(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let mean = mean(values.clone())?;
    let (count, squares) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + (value - mean).powi(2)));
    (count > 1).then(|| (squares / f64::from(count - 1)).sqrt())
}

/// Per day of elapsed time. None: all were taken at one instant.
fn slope<'s>(samples: impl Iterator<Item = &'s Sample> + Clone) -> Option<f64> {
    let first = samples.clone().next()?.at;
    let points = samples.map(|sample| (sample.at.duration_since(first).as_secs_f64() / SECONDS_A_DAY, sample.value));
    let (middle, level) = (mean(points.clone().map(|(day, _)| day))?, mean(points.clone().map(|(_, value)| value))?);
    let (with, spread) = points.fold((0.0, 0.0), |(with, spread), (day, value)| {
        (with + (day - middle) * (value - level), spread + (day - middle).powi(2))
    });
    (spread > 0.0).then(|| with / spread)
}

#[cfg(test)]
mod tests {
    use super::{deviation, mean, median};

    #[test]
    fn the_median_is_the_middle_one_or_lies_between_the_middle_two() {
        assert_eq!(median(&mut [190.0, 120.0, 150.0]), Some(150.0));
        assert_eq!(median(&mut [190.0, 150.0, 120.0, 130.0]), Some(140.0));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn the_deviation_is_of_a_sample() {
        assert_eq!(deviation([118.0, 122.0].into_iter()), Some(8.0_f64.sqrt()));
        assert_eq!(deviation([118.0].into_iter()), None);
        assert_eq!(mean(std::iter::empty()), None);
    }
}
