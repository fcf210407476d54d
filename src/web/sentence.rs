//! What a chart says in one sentence: `Last 148/92 today 08:05; 30-day mean 141/86; at or above 135/85 on 19 of 27 days.`

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::{Component, Vital};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::api::{LimitStep, PointState, SeriesPoint, Side};
use super::words;

/// What the mean and the days are about, however long the stretch that is shown.
pub const MEAN_OVER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// `shown` are the points of the chart's stretch; `recent` those of the last `MEAN_OVER`, with the limits in force then.
pub fn sentence(
    vital: Vital,
    shown: &[SeriesPoint],
    recent: &[SeriesPoint],
    limits: &[LimitStep],
    now: Timestamp,
    zone: &TimeZone,
) -> String {
    let required = vital.facts().required;
    let unit = words::unit(vital);
    let mut parts = vec![match standing(shown).next_back() {
        Some(last) => format!(
            "Last {} {}",
            words::with_unit(&joined(required.iter().map(|component| value(last, *component))), unit),
            words::moment(last.at, now, zone)
        ),
        None => format!("No {} in this stretch of time", vital.words()),
    }];
    let recent: Vec<&SeriesPoint> = standing(recent).collect();
    let means: Vec<Option<String>> = required
        .iter()
        .map(|component| mean(&recent, *component).map(|mean| words::number(*component, mean)))
        .collect();
    // There is no middle between words.
    let are_numbers = words::levels(vital).is_empty();
    if are_numbers && recent.len() > 1 && means.iter().all(Option::is_some) {
        parts.push(format!("30-day mean {}", joined(means.into_iter().map(Option::unwrap_or_default))));
    }
    if recent.is_empty() {
        return format!("{}.", parts.join("; "));
    }
    parts.extend(
        [Side::Above, Side::Below].into_iter().filter_map(|side| days_beyond(required, &recent, limits, side, zone)),
    );
    format!("{}.", parts.join("; "))
}

fn standing(points: &[SeriesPoint]) -> impl DoubleEndedIterator<Item = &SeriesPoint> {
    points.iter().filter(|point| point.state == PointState::Standing && point.absent.is_none())
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("/")
}

fn value(point: &SeriesPoint, component: Component) -> String {
    match (point.comparators.get(component.name()), point.values.get(component.name())) {
        (Some(comparator), _) => words::off_scale(comparator).to_owned(),
        (None, Some(value)) => words::number(component, *value),
        (None, None) => "–".to_owned(),
    }
}

/// Of confirmed values only.
fn mean(points: &[&SeriesPoint], component: Component) -> Option<f64> {
    let values: Vec<f64> = points
        .iter()
        .filter(|point| !point.unconfirmed)
        .filter_map(|point| point.values.get(component.name()).copied())
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// `at or above 135/85 on 19 of 27 days`: against the limits nearest to what is usual, in force at each reading.
fn days_beyond(
    required: &[Component],
    points: &[&SeriesPoint],
    limits: &[LimitStep],
    side: Side,
    zone: &TimeZone,
) -> Option<String> {
    let mut named: BTreeMap<Component, f64> = BTreeMap::new();
    let mut beyond: BTreeSet<Date> = BTreeSet::new();
    let mut days: BTreeSet<Date> = BTreeSet::new();
    for point in points {
        let day = point.at.to_zoned(zone.clone()).date();
        days.insert(day);
        for component in required {
            let Some(limit) = nearest(limits, *component, side, point.at) else { continue };
            named.insert(*component, limit);
            let reached = match (point.comparators.get(component.name()), point.values.get(component.name())) {
                (Some(comparator), _) => (comparator == "high") == (side == Side::Above),
                (None, Some(value)) => {
                    if side == Side::Above {
                        *value >= limit
                    } else {
                        *value < limit
                    }
                }
                (None, None) => false,
            };
            if reached {
                beyond.insert(day);
            }
        }
    }
    if named.is_empty() {
        return None;
    }
    let limit = joined(required.iter().filter_map(|component| Some(words::number(*component, *named.get(component)?))));
    let words = if side == Side::Above { "at or above" } else { "below" };
    Some(format!("{words} {limit} on {} of {} days", beyond.len(), days.len()))
}

/// The limit a value meets first on its way out.
fn nearest(limits: &[LimitStep], component: Component, side: Side, at: Timestamp) -> Option<f64> {
    let in_force = limits
        .iter()
        .filter(|step| step.component == component.name() && step.side == side)
        .filter(|step| step.from <= at && step.until.is_none_or(|until| at < until))
        .map(|step| step.value);
    match side {
        Side::Above => in_force.reduce(f64::min),
        Side::Below => in_force.reduce(f64::max),
    }
}
