//! Fewer points where there are too many to draw. Of every stretch of time its first, last, highest and lowest reading
//! stay, so that extremes and gaps are those of the raw readings.

use std::collections::BTreeSet;

use super::api::SeriesPoint;

/// More than any screen has columns.
pub const POINTS: usize = 4_000;

pub fn thin(points: Vec<SeriesPoint>, components: &[String], most: usize) -> Vec<SeriesPoint> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return points };
    // Per stretch at most: first, last, and two for each component.
    let stretches = most / (2 + 2 * components.len());
    if points.len() <= most || stretches == 0 {
        return points;
    }
    let start = first.at;
    let length = (last.at.duration_since(start).as_millis() / stretches as i128).max(1) + 1;
    let stretch = |point: &SeriesPoint| point.at.duration_since(start).as_millis() / length;
    let kept: BTreeSet<usize> = {
        let places: Vec<usize> = (0..points.len()).collect();
        places
            .chunk_by(|a, b| stretch(&points[*a]) == stretch(&points[*b]))
            .flat_map(|places| corners(&points, places, components))
            .collect()
    };
    points.into_iter().enumerate().filter_map(|(place, point)| kept.contains(&place).then_some(point)).collect()
}

/// The places within one stretch that must stay.
fn corners(points: &[SeriesPoint], places: &[usize], components: &[String]) -> Vec<usize> {
    let mut kept: Vec<usize> = places.first().into_iter().chain(places.last()).copied().collect();
    for component in components {
        let value = |place: &usize| points[*place].values.get(component).copied();
        let measured = || places.iter().filter(|place| value(place).is_some());
        let by_value = |a: &&usize, b: &&usize| value(a).partial_cmp(&value(b)).unwrap_or(std::cmp::Ordering::Equal);
        kept.extend(measured().min_by(by_value));
        kept.extend(measured().max_by(by_value));
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::web::api::PointState;

    fn point(seq: usize, minutes: i64, value: f64) -> SeriesPoint {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
        let at = at + SignedDuration::from_mins(minutes);
        SeriesPoint {
            seq: i64::try_from(seq).expect("small"),
            at,
            received_at: at,
            values: BTreeMap::from([("weight".to_owned(), value)]),
            comparators: BTreeMap::new(),
            given: Vec::new(),
            state: PointState::Standing,
            late: false,
            unconfirmed: false,
            dated_by_arrival: false,
            method: None,
            context: None,
            absent: None,
        }
    }

    fn extremes(points: &[SeriesPoint]) -> (f64, f64) {
        points
            .iter()
            .map(|point| point.values["weight"])
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    }

    proptest! {
        #[test]
        fn thinned_points_keep_the_ends_the_extremes_and_the_limit(
            readings in prop::collection::vec((1_i64..600, 30.0_f64..250.0), 1..600),
            most in 8_usize..200,
        ) {
            let mut minutes = 0;
            let points: Vec<SeriesPoint> = readings.iter().enumerate().map(|(seq, (gap, value))| {
                minutes += gap;
                point(seq, minutes, *value)
            }).collect();
            let thinned = thin(points.clone(), &["weight".to_owned()], most);
            prop_assert!(thinned.len() <= most.max(1));
            prop_assert_eq!(extremes(&thinned), extremes(&points));
            prop_assert_eq!(thinned.first().map(|p| p.seq), points.first().map(|p| p.seq));
            prop_assert_eq!(thinned.last().map(|p| p.seq), points.last().map(|p| p.seq));
            prop_assert!(thinned.windows(2).all(|pair| pair[0].at <= pair[1].at));
        }
    }
}
