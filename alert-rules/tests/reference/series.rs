//! What several readings make together.

use std::collections::BTreeMap;

use alert_rules::Component;
use alert_rules::expression::{Condition, Function, Length, Window};
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};

use crate::known::{Known, hours};
use crate::truth::Moment;

impl Moment<'_> {
    /// What a condition is worth for each reading of a window by itself.
    pub fn each(&self, condition: &Condition, of: Component, window: Window) -> Vec<Option<bool>> {
        let readings = self.window(of, window);
        readings.iter().map(|reading| Moment { only: Some(reading.item), ..*self }.truth(condition)).collect()
    }

    /// NICE's: four days of the last seven with two readings a minute apart in each half; the average of all but those of
    /// the first day.
    pub fn home_average(&self, component: Component) -> Option<f64> {
        let week = self.window(component, Window { length: Length::Days(6), before: None });
        if self.clearing && week.iter().any(|known| known.value.number.is_infinite()) {
            return None;
        }
        let mut days: BTreeMap<Date, Vec<Known>> = BTreeMap::new();
        for known in week {
            let seated = !known.value.standing;
            if seated && known.value.number.is_finite() && self.is_certain(&known) && !(self.clearing && known.undated)
            {
                days.entry(self.world.local(known.at)).or_default().push(known);
            }
        }
        let noon = |day: Date| self.world.instant(day, Time::constant(12, 0, 0, 0));
        let twice = |half: Vec<Timestamp>| match (half.iter().min(), half.iter().max()) {
            (Some(first), Some(last)) => last.duration_since(*first) >= SignedDuration::from_mins(1),
            _ => false,
        };
        let mut whole = 0;
        for (day, taken) in &days {
            let (morning, evening) = taken.iter().map(|known| known.at).partition(|at| *at < noon(*day));
            if twice(morning) && twice(evening) {
                whole += 1;
            }
        }
        let numbers: Vec<f64> = days.values().skip(1).flatten().map(|known| known.value.number).collect();
        if whole >= 4 { Some(sum(&numbers) / numbers.len() as f64) } else { None }
    }

    /// The last one, if standing, and the last one that was not.
    pub fn postural_fall(&self, component: Component) -> Option<f64> {
        let mut seated = None;
        let mut last = None;
        for known in self.world.values(component, self.known) {
            if !known.value.standing {
                seated = Some(known);
            }
            last = Some(known);
        }
        let (sitting, standing) = (seated?, last?);
        let no_use = |known: &Known| self.clearing && (known.undated || !self.is_certain(known));
        let too_old = self.at.duration_since(standing.at) > hours(24);
        if !standing.value.standing || too_old || no_use(&sitting) || no_use(&standing) {
            return None;
        }
        let fall = sitting.value.number - standing.value.number;
        if standing.at.duration_since(sitting.at).as_secs() > 600 || fall.is_nan() { None } else { Some(fall) }
    }

    fn is_certain(&self, known: &Known) -> bool {
        !self.world.is_doubted(known, self.known)
    }

    pub fn aggregate(&self, function: Function, window: &[Known], at_least: usize) -> Option<f64> {
        let averages = matches!(function, Function::Mean | Function::Median | Function::StdDev | Function::Slope);
        let from_before = matches!(function, Function::Rise | Function::Fall);
        let (mut numbers, mut days) = (Vec::new(), Vec::new());
        for (index, known) in window.iter().enumerate() {
            let number = known.value.number;
            if from_before && index + 1 < window.len() && !self.is_certain(known) {
                // Nothing rises from, or falls to the latest from, a value that nobody is sure of.
                continue;
            }
            if averages {
                // An average has no place for HI and LO, and takes nothing that is doubted.
                if number.is_infinite() && self.clearing {
                    return None;
                }
                let seated = !known.value.standing;
                if seated && number.is_finite() && self.is_certain(known) && !(self.clearing && known.undated) {
                    numbers.push(number);
                    days.push(known.at.duration_since(self.world.facts.plan.since).as_secs_f64() / 86_400.0);
                }
            } else {
                if self.clearing && (!self.is_certain(known) || known.undated) {
                    return None;
                }
                numbers.push(number);
            }
        }
        if numbers.is_empty() || numbers.len() < at_least {
            return None;
        }
        let last = *numbers.last()?;
        let mut sorted = numbers.clone();
        sorted.sort_by(f64::total_cmp);
        let (lowest, highest) = (*sorted.first()?, *sorted.last()?);
        let count = numbers.len() as f64;
        let result = match function {
            Function::Mean => sum(&numbers) / count,
            Function::StdDev if numbers.len() < 2 => return None,
            Function::StdDev => {
                let squares: Vec<f64> = numbers.iter().map(|number| (number - sum(&numbers) / count).powi(2)).collect();
                (sum(&squares) / (count - 1.0)).sqrt()
            }
            Function::Slope => {
                let (day, number) = (sum(&days) / count, sum(&numbers) / count);
                let with: Vec<f64> = days.iter().zip(&numbers).map(|(d, n)| (d - day) * (n - number)).collect();
                let spread: Vec<f64> = days.iter().map(|d| (d - day).powi(2)).collect();
                if days.iter().all(|day| *day == days[0]) {
                    return None;
                }
                sum(&with) / sum(&spread)
            }
            Function::Median => {
                let (one, other) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
                if sorted.len() % 2 == 1 { one } else { (one + other) / 2.0 }
            }
            Function::Min => lowest,
            Function::Max => highest,
            Function::Last => last,
            Function::Rise => last - lowest,
            Function::Fall => highest - last,
        };
        if result.is_nan() { None } else { Some(result) }
    }
}

fn sum(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |sum, number| sum + number)
}
