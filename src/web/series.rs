//! One vital over time, for a chart and the table beside it.

use std::collections::BTreeMap;
use std::sync::Arc;

use alert_rules::facts::Due;
use alert_rules::{Acceptance, Component, Vital};
use axum::Json;
use axum::extract::State;
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::api::{Gap, Given, PointState, Series, SeriesAlert, SeriesEvent, SeriesPoint};
use super::extract::{Path, Query};
use super::failure::{Answer, Failure};
use super::sentence::{MEAN_OVER, sentence};
use super::session::SignedIn;
use super::thin::{POINTS, thin};
use super::{Web, alerts, doubted, limits, reach, words};
use crate::store::audit::Act;
use crate::store::reading_seen::{self, Reading};
use crate::store::{self, acceptance, alert_seen, chart, facts::Version};

const USUAL_STRETCH: SignedDuration = SignedDuration::from_hours(90 * 24);
/// What is longer begins later: that is how a page asks for all there is.
const LONGEST_STRETCH: SignedDuration = SignedDuration::from_hours(24 * 366 * 11);
/// Nobody who is looked after was measured before.
const OLDEST: SignedDuration = SignedDuration::from_hours(24 * 366 * 130);
/// A reading that arrives later than this after it was taken is marked.
const LATE: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Deserialize, JsonSchema)]
pub struct Asked {
    vital: String,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

pub async fn series(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Answer<Json<Series>> {
    let vital = Vital::named(&asked.vital).ok_or_else(|| {
        Failure::bad_request(format!("{:?} is no vital. The patient's page lists the vitals there are.", asked.vital))
    })?;
    let now = web.parts.clock.care_now();
    let rulebook = web.rulebook.in_force(&web.parts.store).await?;
    let (from, until) = stretch(&asked, now).ok_or_else(|| {
        Failure::bad_request("A chart runs forward in time, and not far into the future. Choose another stretch.")
    })?;
    let about = json!({ "vital": vital.name() });
    let (mut db, patient) = reach::patient(&web, &who, id, Act::SeriesRead, about).await?;
    // Around a stretch lies what decides whether something in it is doubted.
    let (first, last) = (from - doubted::BEFORE, until + doubted::AFTER);
    let around = reading_seen::of_vital(&mut db, id, vital.name(), first, last).await?;
    let first = now - MEAN_OVER - doubted::BEFORE;
    let around_recent = reading_seen::of_vital(&mut db, id, vital.name(), first, now).await?;
    let versions = store::facts::versions(&mut db, id).await?;
    let accepted = acceptance::of(&mut db, &[id]).await?.remove(&id).unwrap_or_default();
    let accepted_by = acceptance::by(&mut db, id).await?;
    let events = chart::events(&mut db, id, from, until).await?;
    let marks = alert_seen::between(&mut db, id, from, until).await?;
    let service_gaps = chart::service_gaps(&mut db, from, until).await?;
    let erased = store::retention::of(&mut db, id).await?.map(|erased| erased.before);
    db.commit().await?;

    let zone = words::zone(&patient.time_zone);
    let since = versions.last().map_or(Timestamp::MIN, |version| version.facts.plan.since);
    let known = Known { accepted, accepted_by, since };
    let (readings, points) = known.points(&around, from, until);
    let limits = limits::steps(&rulebook, &versions, vital, from, until);
    let sentence = {
        let (_, recent) = known.points(&around_recent, now - MEAN_OVER, now);
        let limits = limits::steps(&rulebook, &versions, vital, now - MEAN_OVER, now);
        sentence(vital, &points, &recent, &limits, now, &zone)
    };
    let components = drawn(vital, &points);
    Ok(Json(Series {
        vital: vital.name().to_owned(),
        title: words::sentence_case(vital.words()),
        unit: words::unit(vital).to_owned(),
        from,
        until,
        readings: u32::try_from(readings).unwrap_or(u32::MAX),
        usual_interval_hours: usual_interval_hours(vital, versions.last()),
        points: thin(points, &components, POINTS),
        components,
        limits,
        events: events.into_iter().map(event).collect(),
        alerts: marks.into_iter().map(mark).collect(),
        gaps: gaps(versions.last(), &service_gaps, erased, from, until),
        sentence,
    }))
}

/// The stretch asked for, if it can be drawn.
fn stretch(asked: &Asked, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let until = asked.until.unwrap_or(now);
    let near = now.duration_since(until) <= OLDEST && until.duration_since(now) <= USUAL_STRETCH;
    if !near {
        return None;
    }
    let from = asked.from.unwrap_or(until - USUAL_STRETCH).max(until - LONGEST_STRETCH);
    (from <= until).then_some((from, until))
}

/// The components in the vital's unit that were ever measured (a pulse beside a blood pressure is of another unit).
fn drawn(vital: Vital, points: &[SeriesPoint]) -> Vec<String> {
    let unit = words::unit(vital);
    vital
        .components()
        .filter(|component| component.dimension().display() == unit)
        .map(|component| component.name().to_owned())
        .filter(|name| {
            vital.facts().required.iter().any(|required| required.name() == name)
                || points.iter().any(|point| point.values.contains_key(name))
        })
        .collect()
}

/// What decides which values are doubted, beside the readings themselves.
struct Known {
    accepted: Vec<Acceptance>,
    accepted_by: BTreeMap<i64, acceptance::By>,
    /// What is from before the plan is judged by nobody, and is doubted as it was when it came.
    since: Timestamp,
}

impl Known {
    /// How many readings of the stretch there are, and its points; `around` holds what lies around it, too.
    fn points(&self, around: &[Reading], from: Timestamp, until: Timestamp) -> (usize, Vec<SeriesPoint>) {
        let judged = &around[around.partition_point(|reading| reading.effective_at < self.since)..];
        let doubted = doubted::why(judged, self.accepted.clone());
        let is_unconfirmed = |reading: &Reading| {
            doubted.contains_key(&reading.seq) || reading.effective_at < self.since && flagged(reading, "unconfirmed")
        };
        let readings = around.iter().filter(|reading| (from..=until).contains(&reading.effective_at));
        let of = |reading| points(reading, is_unconfirmed(reading), &self.accepted_by);
        (readings.clone().count(), readings.flat_map(of).collect())
    }
}

fn flagged(reading: &Reading, name: &str) -> bool {
    reading.flags.iter().any(|flag| flag == name)
}

/// A corrected reading is two points: the old one, faint, and the one that stands.
fn points(reading: &Reading, unconfirmed: bool, accepted_by: &BTreeMap<i64, acceptance::By>) -> Vec<SeriesPoint> {
    let accepted_by = |values| accepted_by.get(&values).map(|by: &acceptance::By| by.name.clone());
    let original = SeriesPoint {
        seq: reading.seq,
        at: reading.effective_at,
        received_at: reading.received_at,
        values: values(&reading.components),
        comparators: comparators(&reading.components),
        given: given(&reading.components),
        state: match &reading.correction {
            Some(correction) if correction.values.is_some() => PointState::Corrected,
            Some(_) => PointState::Withdrawn,
            None if words::is_not_theirs(reading) => PointState::NotTheirs,
            None if words::cannot_be_right(reading) => PointState::Impossible,
            None => PointState::Standing,
        },
        late: reading.received_at.duration_since(reading.effective_at) > LATE,
        unconfirmed: unconfirmed && reading.correction.is_none(),
        accepted_by: accepted_by(reading.seq),
        dated_by_arrival: flagged(reading, "dated_by_arrival"),
        method: reading.method.clone(),
        context: reading.context.as_ref().and_then(context),
        absent: reading.absent.clone(),
    };
    let replacement = reading.correction.as_ref().and_then(|correction| {
        let new = correction.values.as_deref()?;
        Some(SeriesPoint {
            seq: correction.seq,
            values: values(new),
            comparators: comparators(new),
            given: given(new),
            state: PointState::Standing,
            unconfirmed,
            accepted_by: accepted_by(correction.seq),
            absent: None,
            ..original.clone()
        })
    });
    std::iter::once(original).chain(replacement).collect()
}

fn values(components: &[reading_seen::Component]) -> BTreeMap<String, f64> {
    let measured = components.iter().filter(|component| component.comparator.is_none());
    measured.filter_map(|component| Some((component.component.clone(), component.value?))).collect()
}

fn comparators(components: &[reading_seen::Component]) -> BTreeMap<String, String> {
    components
        .iter()
        .filter_map(|component| Some((component.component.clone(), component.comparator.clone()?)))
        .collect()
}

fn given(components: &[reading_seen::Component]) -> Vec<Given> {
    components
        .iter()
        .map(|component| {
            let number = component.value_given.as_deref();
            let unit = component.unit_given.as_deref().unwrap_or_default();
            let text = match (component.comparator.as_deref(), number) {
                (Some(comparator), None) => words::off_scale(comparator).to_owned(),
                (Some(comparator), Some(bound)) => {
                    format!("{} ({})", words::off_scale(comparator), words::with_unit(bound, unit))
                }
                (None, number) => words::with_unit(number.unwrap_or_default(), unit),
            };
            Given { component: component.component.clone(), text }
        })
        .collect()
}

/// `{"meal": "before_breakfast", "arm": "left"}` → `before breakfast, left`; the instrument is not for reading.
fn context(context: &serde_json::Value) -> Option<String> {
    let said: Vec<String> = context
        .as_object()?
        .iter()
        .filter_map(|(_, value)| value.as_str())
        .map(|value| value.replace('_', " "))
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn event(event: chart::Event) -> SeriesEvent {
    let name = words::sentence_case(&event.event.replace('_', " "));
    let text = match (&event.value_given, &event.unit_given) {
        (Some(number), Some(unit)) => {
            let unit = if unit == "[iU]" { Component::Dose.dimension().display() } else { unit };
            format!("{name} {}", words::with_unit(number, unit))
        }
        _ => name,
    };
    SeriesEvent { at: event.effective_at, event: event.event, text }
}

fn mark(alert: alert_seen::Alert) -> SeriesAlert {
    SeriesAlert {
        alert: alert.alert,
        reference: alerts::reference(alert.reference),
        at: alert.finding_start.unwrap_or(alert.opened_at),
        kind: alerts::kind(&alert.kind),
        priority: alerts::priority(&alert.priority),
        sentence: alert.sentence,
        closed_at: alert.closed_at,
    }
}

fn gaps(
    version: Option<&Version>,
    service: &[(Timestamp, Timestamp)],
    erased_before: Option<Timestamp>,
    from: Timestamp,
    until: Timestamp,
) -> Vec<Gap> {
    let pauses = version.into_iter().flat_map(|version| version.facts.pauses_in_force());
    let mut gaps: Vec<Gap> = pauses
        .filter(|pause| pause.until >= from && pause.from <= until)
        .map(|pause| Gap { from: pause.from, until: pause.until, text: pause.why.clone() })
        .chain(service.iter().map(|(from, until)| Gap {
            from: *from,
            until: *until,
            text: "the service was down".to_owned(),
        }))
        .chain(erased_before.filter(|before| *before > from).map(|before| Gap {
            from,
            until: before.min(until),
            text: "erased".to_owned(),
        }))
        .collect();
    gaps.sort_by_key(|gap| gap.from);
    gaps
}

/// The longest wait between two readings that the plan asks for, in its first weeks.
fn usual_interval_hours(vital: Vital, version: Option<&Version>) -> f64 {
    const WITHOUT_PLAN: f64 = 24.0;
    const DAYS: usize = 8 * 7;
    let Some(Version { valid_from, facts, .. }) = version else { return WITHOUT_PLAN };
    let first = facts.time_zone.to_datetime(*valid_from).date();
    let slots = || facts.plan.slots.iter().filter(|slot| slot.due == Due::Vital(vital));
    let of_day =
        |date: Date| slots().filter(move |slot| slot.falls_on(date)).map(move |slot| date.to_datetime(slot.at));
    let mut due: Vec<DateTime> = first.series(1.day()).take(DAYS).flat_map(of_day).collect();
    due.sort_unstable();
    let waits = due.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64() / 3600.0);
    waits.reduce(f64::max).unwrap_or(WITHOUT_PLAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(slots: &serde_json::Value) -> f64 {
        let facts = serde_json::from_value(serde_json::json!({
            "date_of_birth": "1944-11-02",
            "time_zone": "Europe/London",
            "plan": { "since": "2026-01-01T00:00:00Z", "packs": [], "slots": slots },
        }));
        let facts = facts.expect("facts");
        let version = Version { facts, valid_from: Timestamp::UNIX_EPOCH, made_by: String::new(), why: String::new() };
        usual_interval_hours(Vital::Weight, Some(&version))
    }

    #[test]
    fn the_usual_interval_is_the_longest_wait_that_the_plan_asks_for() {
        let of = |slots: serde_json::Value| hours(&slots);
        assert_eq!(of(serde_json::json!([{ "vital": "weight", "at": "08:00" }])), 24.0);
        assert_eq!(
            of(serde_json::json!([{ "vital": "weight", "at": "08:00" }, { "vital": "weight", "at": "18:00" }])),
            14.0
        );
        assert_eq!(of(serde_json::json!([{ "vital": "weight", "at": "08:00", "days": ["mon", "thu"] }])), 96.0);
        assert_eq!(of(serde_json::json!([{ "vital": "weight", "at": "08:00", "days": ["mon"] }])), 168.0);
        let every_third =
            serde_json::json!([{ "vital": "weight", "at": "08:00", "every_days": 3, "from": "1969-12-01" }]);
        assert_eq!(of(every_third), 72.0);
        assert_eq!(of(serde_json::json!([{ "vital": "blood_pressure", "at": "08:00" }])), 24.0);
    }
}
