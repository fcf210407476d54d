//! One vital over time, for a chart and the table beside it.

use std::sync::Arc;

use alert_rules::Component;
use alert_rules::facts::Due;
use axum::Json;
use axum::extract::State;
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::api::{Gap, Series, SeriesAlert, SeriesEvent};
use super::drawn::{About, Charted};
use super::extract::{Path, Query};
use super::failure::{Answer, Failure};
use super::session::SignedIn;
use super::thin::{POINTS, thin};
use super::{Web, alerts, reach, words};
use crate::store::audit::Act;
use crate::store::{self, alert_seen, chart, facts::Version};

const USUAL_STRETCH: SignedDuration = SignedDuration::from_hours(90 * 24);
/// What is longer begins later: that is how a page asks for all there is.
const LONGEST_STRETCH: SignedDuration = SignedDuration::from_hours(24 * 366 * 11);
/// Nobody who is looked after was measured before.
const OLDEST: SignedDuration = SignedDuration::from_hours(24 * 366 * 130);

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
    let charted = Charted::named(&asked.vital).ok_or_else(|| {
        Failure::bad_request(format!("{:?} is no vital. The patient's page lists the vitals there are.", asked.vital))
    })?;
    let now = web.parts.clock.care_now();
    let rulebook = web.rulebook.in_force(&web.parts.store).await?;
    let (from, until) = stretch(&asked, now).ok_or_else(|| {
        Failure::bad_request("A chart runs forward in time, and not far into the future. Choose another stretch.")
    })?;
    let about = json!({ "vital": asked.vital });
    let (mut db, patient) = reach::patient(&web, &who, id, Act::SeriesRead, about).await?;
    let versions = store::facts::versions(&mut db, id).await?;
    let erased = store::retention::of(&mut db, id).await?.map(|erased| erased.before);
    let zone = words::zone(&patient.time_zone);
    let about = About { patient: id, rulebook: &rulebook, versions: &versions, from, until, erased, now, zone: &zone };
    let drawn = charted.drawn(&mut db, &about).await?;
    let events = chart::events(&mut db, id, from, until).await?;
    let marks = alert_seen::between(&mut db, id, from, until).await?;
    let service_gaps = chart::service_gaps(&mut db, from, until).await?;
    db.commit().await?;

    Ok(Json(Series {
        vital: asked.vital,
        title: charted.title(),
        unit: charted.unit().to_owned(),
        levels: charted.levels(),
        from,
        until,
        readings: drawn.readings,
        usual_interval_hours: usual_interval_hours(charted.due().as_ref(), versions.last()),
        points: thin(drawn.points, &drawn.components, POINTS),
        components: drawn.components,
        limits: drawn.limits,
        bands: drawn.bands,
        sentence: drawn.sentence,
        missed: drawn.missed,
        events: events.into_iter().map(event).collect(),
        alerts: marks.into_iter().map(mark).collect(),
        gaps: gaps(versions.last(), &service_gaps, erased, from, until),
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
            text: "the service was not there".to_owned(),
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
fn usual_interval_hours(due: Option<&Due>, version: Option<&Version>) -> f64 {
    const WITHOUT_PLAN: f64 = 24.0;
    const DAYS: usize = 8 * 7;
    let (Some(wanted), Some(Version { valid_from, facts, .. })) = (due, version) else { return WITHOUT_PLAN };
    let first = facts.time_zone.to_datetime(*valid_from).date();
    let slots = || facts.plan.slots.iter().filter(|slot| slot.due == *wanted);
    let of_day =
        |date: Date| slots().filter(move |slot| slot.falls_on(date)).map(move |slot| date.to_datetime(slot.at));
    let mut due: Vec<DateTime> = first.series(1.day()).take(DAYS).flat_map(of_day).collect();
    due.sort_unstable();
    let waits = due.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64() / 3600.0);
    waits.reduce(f64::max).unwrap_or(WITHOUT_PLAN)
}

#[cfg(test)]
mod tests {
    use alert_rules::Vital;

    use super::*;

    fn hours(slots: &serde_json::Value) -> f64 {
        let facts = serde_json::from_value(serde_json::json!({
            "date_of_birth": "1944-11-02",
            "time_zone": "Europe/London",
            "plan": { "since": "2026-01-01T00:00:00Z", "packs": [], "slots": slots },
        }));
        let facts = facts.expect("facts");
        let version = Version { facts, valid_from: Timestamp::UNIX_EPOCH, made_by: String::new(), why: String::new() };
        usual_interval_hours(Some(&Due::Vital(Vital::Weight)), Some(&version))
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
