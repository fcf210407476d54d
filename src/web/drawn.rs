//! What a chart draws of a vital or a score, and what stands on its axis.

use std::collections::BTreeMap;

use alert_rules::facts::Due;
use alert_rules::schedule::{self, Kept};
use alert_rules::{Acceptance, Component, Facts, Rulebook, Vital};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::api::{Given, LimitStep, PointState, SeriesBand, SeriesPoint};
use super::scores::Scored;
use super::sentence::{MEAN_OVER, sentence};
use super::{doubted, limits, words};
use crate::store::acceptance;
use crate::store::facts::Version;
use crate::store::reading_seen::{self, Reading};

/// A reading that arrives later than this after it was taken is marked.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// What can be drawn over time.
#[derive(Clone, Copy, Debug)]
pub enum Charted {
    Measured(Vital),
    Score(Scored),
}

impl Charted {
    pub fn named(name: &str) -> Option<Self> {
        Scored::named(name).map(Self::Score).or_else(|| Vital::named(name).map(Self::Measured))
    }

    pub fn title(self) -> String {
        match self {
            Self::Measured(vital) => words::sentence_case(vital.words()),
            Self::Score(score) => score.title(),
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Self::Measured(vital) => words::unit(vital),
            Self::Score(_) => "",
        }
    }

    /// What its values are called where they are no numbers.
    pub fn levels(self) -> Vec<String> {
        match self {
            Self::Measured(vital) => words::levels(vital),
            Self::Score(_) => Vec::new(),
        }
    }

    /// What a plan asks for by a slot. NEWS2 is made of several.
    pub fn due(self) -> Option<Due> {
        match self {
            Self::Measured(vital) => Some(Due::Vital(vital)),
            Self::Score(Scored::Questionnaire(vital)) => Some(Due::Questionnaire(vital.name().to_owned())),
            Self::Score(Scored::News2) => None,
        }
    }

    pub async fn drawn(self, db: &mut PgConnection, about: &About<'_>) -> Result<Drawn, sqlx::Error> {
        let (mut drawn, taken) = match self {
            Self::Measured(vital) => measured(db, about, vital).await?,
            Self::Score(score) => scored(db, about, score).await?,
        };
        if let Some(due) = self.due() {
            let (words, missed) = about.missed(&due, &taken);
            drawn.sentence.push_str(&words);
            drawn.missed = missed;
        }
        Ok(drawn)
    }
}

/// Whose chart, of which time.
#[derive(Debug)]
pub struct About<'a> {
    pub patient: Uuid,
    pub rulebook: &'a Rulebook,
    pub versions: &'a [Version],
    pub from: Timestamp,
    pub until: Timestamp,
    /// What is older was erased.
    pub erased: Option<Timestamp>,
    pub now: Timestamp,
    pub zone: &'a TimeZone,
}

#[derive(Debug)]
pub struct Drawn {
    pub points: Vec<SeriesPoint>,
    /// How many there were before any were thinned.
    pub readings: u32,
    pub components: Vec<String>,
    pub limits: Vec<LimitStep>,
    pub bands: Vec<SeriesBand>,
    pub sentence: String,
    /// When it was due and nothing came.
    pub missed: Vec<Timestamp>,
}

impl About<'_> {
    /// ` Missed 3 of 28 times that it was due.`, and when. `taken`: when something came that takes a slot.
    fn missed(&self, due: &Due, taken: &[Timestamp]) -> (String, Vec<Timestamp>) {
        let versions: Vec<(Timestamp, &Facts)> =
            self.versions.iter().map(|version| (version.valid_from, &version.facts)).collect();
        let from = self.erased.map_or(self.from, |erased| self.from.max(erased));
        let Kept { due, missed } = schedule::kept(&versions, due, from, self.until.min(self.now), taken);
        let words = match missed.len() {
            0 => String::new(),
            many => format!(" Missed {many} of {due} times that it was due."),
        };
        (words, missed)
    }
}

type WithTaken = (Drawn, Vec<Timestamp>);

async fn measured(db: &mut PgConnection, about: &About<'_>, vital: Vital) -> Result<WithTaken, sqlx::Error> {
    let About { patient, rulebook, versions, from, until, now, zone, .. } = *about;
    // Around a stretch lies what decides whether something in it is doubted.
    let (first, last) = (from - doubted::BEFORE, until + doubted::AFTER);
    let around = reading_seen::between(db, patient, Some(vital.name()), first, last).await?;
    let first = now - MEAN_OVER - doubted::BEFORE;
    let around_recent = reading_seen::between(db, patient, Some(vital.name()), first, now).await?;
    let accepted = acceptance::of(db, &[patient]).await?.remove(&patient).unwrap_or_default();
    let accepted_by = acceptance::by(db, patient).await?;
    let since = versions.last().map_or(Timestamp::MIN, |version| version.facts.plan.since);
    let known = Known { accepted, accepted_by, since };
    let (readings, points) = known.points(&around, from, until);
    let limits = limits::steps(rulebook, versions, vital, from, until);
    let sentence = {
        let (_, recent) = known.points(&around_recent, now - MEAN_OVER, now);
        let limits = limits::steps(rulebook, versions, vital, now - MEAN_OVER, now);
        sentence(vital, &points, &recent, &limits, now, zone)
    };
    let takes = |point: &&SeriesPoint| point.state == PointState::Standing && point.absent.is_none();
    let taken = points.iter().filter(takes).map(|point| point.at).collect();
    let drawn = Drawn {
        components: drawn(vital, &points),
        points,
        readings: u32::try_from(readings).unwrap_or(u32::MAX),
        limits,
        bands: Vec::new(),
        sentence,
        missed: Vec::new(),
    };
    Ok((drawn, taken))
}

async fn scored(db: &mut PgConnection, about: &About<'_>, score: Scored) -> Result<WithTaken, sqlx::Error> {
    let About { patient, rulebook, versions, from, until, now, zone, .. } = *about;
    let (totals, taken) = score.totals(db, rulebook, versions, patient, (from, until)).await?;
    let bands = score.bands(rulebook);
    let drawn = Drawn {
        points: score.points(&totals, &bands),
        readings: u32::try_from(totals.len()).unwrap_or(u32::MAX),
        components: vec![score.name().to_owned()],
        limits: Vec::new(),
        sentence: score.sentence(&totals, &bands, now, zone),
        bands,
        missed: Vec::new(),
    };
    Ok((drawn, taken))
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
            let as_sent = match (component.comparator.as_deref(), number) {
                (Some(comparator), None) => words::off_scale(comparator).to_owned(),
                (Some(comparator), Some(bound)) => {
                    format!("{} ({})", words::off_scale(comparator), words::with_unit(bound, unit))
                }
                (None, number) => words::with_unit(number.unwrap_or_default(), unit),
            };
            let level = component.value.filter(|_| component.component == Component::Consciousness.name());
            let text = level.map_or(as_sent, |level| words::number(Component::Consciousness, level));
            Given { component: component.component.clone(), text }
        })
        .collect()
}

/// `{"arm": "left", "irregular_pulse": true, "posture": "standing"}` → `left, irregular pulse, standing`; what is not so goes
/// without saying, and the instrument is not for reading.
fn context(context: &serde_json::Value) -> Option<String> {
    let said = |(name, value): (&String, &serde_json::Value)| match value {
        serde_json::Value::String(word) => Some(word.replace('_', " ")),
        serde_json::Value::Bool(true) => Some(name.replace('_', " ")),
        _ => None,
    };
    let said: Vec<String> = context.as_object()?.iter().filter_map(said).collect();
    (!said.is_empty()).then(|| said.join(", "))
}
