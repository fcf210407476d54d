//! Fewer points where there are too many to draw. Of every stretch of time its first, last, highest and lowest reading
//! stay, so that extremes and gaps are those of the raw readings. Whatever is drawn in its own way always stays: HI and LO,
//! what is unconfirmed or could not be measured, and what does not stand, with that which stands in its place.

use std::collections::BTreeSet;

use super::api::{PointState, SeriesPoint};

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
    let stretch = |place: &usize| points[*place].at.duration_since(start).as_millis() / length;
    let (mut kept, plain): (BTreeSet<usize>, Vec<usize>) = {
        let (marked, plain): (Vec<usize>, Vec<usize>) = (0..points.len()).partition(|place| is_marked(&points, *place));
        (marked.into_iter().collect(), plain)
    };
    let stretches = plain.chunk_by(|a, b| stretch(a) == stretch(b));
    kept.extend(stretches.flat_map(|places| corners(&points, places, components)));
    points.into_iter().enumerate().filter_map(|(place, point)| kept.contains(&place).then_some(point)).collect()
}

fn is_marked(points: &[SeriesPoint], place: usize) -> bool {
    let point = &points[place];
    let replaces = place
        .checked_sub(1)
        .and_then(|before| points.get(before))
        .is_some_and(|before| before.state == PointState::Corrected && before.at == point.at);
    replaces
        || point.state != PointState::Standing
        || !point.comparators.is_empty()
        || point.unconfirmed
        || point.dated_by_arrival
        || point.absent.is_some()
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
            accepted_by: None,
            dated_by_arrival: false,
            method: None,
            context: None,
            absent: None,
        }
    }

    /// What is drawn in its own way: HI, and a value that cannot be.
    fn marked(mut point: SeriesPoint, how: u8) -> SeriesPoint {
        match how {
            0 => {
                point.values.clear();
                point.comparators.insert("weight".to_owned(), "high".to_owned());
            }
            1 => {
                point.values.insert("weight".to_owned(), 9_999.0);
                point.state = PointState::Impossible;
            }
            2 => point.state = PointState::Withdrawn,
            _ => {}
        }
        point
    }

    fn extremes(points: &[SeriesPoint]) -> (f64, f64) {
        points
            .iter()
            .filter(|point| point.state == PointState::Standing)
            .filter_map(|point| point.values.get("weight"))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
    }

    proptest! {
        #[test]
        fn thinned_points_keep_the_ends_the_extremes_what_is_marked_and_the_limit(
            readings in prop::collection::vec((1_i64..600, 30.0_f64..250.0, 0_u8..40), 1..600),
            most in 8_usize..200,
        ) {
            let mut minutes = 0;
            let points: Vec<SeriesPoint> = readings.iter().enumerate().map(|(seq, (gap, value, how))| {
                minutes += gap;
                marked(point(seq, minutes, *value), *how)
            }).collect();
            let thinned = thin(points.clone(), &["weight".to_owned()], most);
            let marked = |points: &[SeriesPoint]| -> Vec<i64> {
                (0..points.len()).filter(|place| is_marked(points, *place)).map(|place| points[place].seq).collect()
            };
            prop_assert_eq!(marked(&thinned), marked(&points));
            prop_assert!(thinned.len() <= most + marked(&points).len());
            prop_assert_eq!(extremes(&thinned), extremes(&points));
            prop_assert_eq!(thinned.first().map(|p| p.seq), points.first().map(|p| p.seq));
            prop_assert_eq!(thinned.last().map(|p| p.seq), points.last().map(|p| p.seq));
            prop_assert!(thinned.windows(2).all(|pair| pair[0].at <= pair[1].at));
        }
    }

    #[test]
    fn a_corrected_point_stays_with_what_replaced_it() {
        let mut points: Vec<SeriesPoint> =
            (0..100).map(|seq| point(seq, i64::try_from(seq).unwrap_or(0), 70.0)).collect();
        points[50].state = PointState::Corrected;
        points[51].at = points[50].at;
        let thinned = thin(points, &["weight".to_owned()], 8);
        let seqs: Vec<i64> = thinned.iter().map(|point| point.seq).collect();
        assert!(seqs.contains(&50) && seqs.contains(&51) && seqs.len() <= 10, "{seqs:?}");
    }
}
