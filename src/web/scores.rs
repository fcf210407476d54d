//! Scores as charts draw them: the totals of questionnaires, and NEWS2. Every total and every band is `alert_rules`' to say.

use alert_rules::questionnaire::{self, Score};
use alert_rules::reading::Answer;
use alert_rules::totals::{self, Total};
use alert_rules::{Answers, Component, Correction, Facts, History, Rulebook, Vital, news2};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::api::{LastReading, PointState, SeriesBand, SeriesPoint, VitalSummary};
use super::{as_judged, words};
use crate::store::answers_seen::{self, Answered};
use crate::store::facts::Version;
use crate::store::reading_seen;

/// More than anybody answers in ten years.
const ANSWERS_AT_MOST: i64 = 10_000;
const NEWS2: &str = "news2";
/// A score without a total for longer is not listed.
const LISTED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What a chart can draw beside what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scored {
    /// The total of the questionnaire of this name.
    Questionnaire(Vital),
    News2,
}

impl Scored {
    pub fn named(name: &str) -> Option<Self> {
        match Vital::named(name) {
            Some(vital) => vital.is_score().then_some(Self::Questionnaire(vital)),
            None => (name == NEWS2).then_some(Self::News2),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Questionnaire(vital) => vital.name(),
            Self::News2 => NEWS2,
        }
    }

    pub fn title(self) -> String {
        match self {
            Self::Questionnaire(vital) => words::sentence_case(vital.words()),
            Self::News2 => "NEWS2".to_owned(),
        }
    }

    fn component(self) -> Option<Component> {
        match self {
            Self::Questionnaire(vital) => vital.facts().required.first().copied(),
            Self::News2 => None,
        }
    }

    /// Each band reaches to where the next begins, the last to the most that there can be.
    pub fn bands(self, rulebook: &Rulebook) -> Vec<SeriesBand> {
        let (bands, most) = match self.component() {
            Some(component) => (questionnaire::bands(component), most(rulebook, component)),
            None => (&news2::RESPONSES[..], news2::MOST),
        };
        let ends = bands.iter().skip(1).map(|(from, _)| *from).chain([most]);
        bands
            .iter()
            .zip(ends)
            .map(|((from, words), until)| SeriesBand { from: *from, until, words: (*words).to_owned() })
            .collect()
    }

    /// All totals of this stretch, oldest first; and when the questions were answered whole.
    pub async fn totals(
        self,
        db: &mut PgConnection,
        rulebook: &Rulebook,
        versions: &[Version],
        patient: Uuid,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<(Vec<Total>, Vec<Timestamp>), sqlx::Error> {
        let Some(component) = self.component() else {
            let history = readings(db, patient, from, until).await?;
            let versions: Vec<(Timestamp, &Facts)> =
                versions.iter().map(|version| (version.valid_from, &version.facts)).collect();
            return Ok((totals::of_news2(&history, &versions), Vec::new()));
        };
        let answered = answers_seen::between(db, patient, Some(self.name()), (from, until), ANSWERS_AT_MOST).await?;
        let whole =
            answered.iter().filter(|answered| !answered.partial).map(|answered| answered.effective_at).collect();
        Ok((totals::of_answers(rulebook, &history_of(answered), component), whole))
    }

    pub fn points(self, totals: &[Total], bands: &[SeriesBand]) -> Vec<SeriesPoint> {
        let point = |total: &Total| {
            let name = band_of(bands, total.value);
            SeriesPoint {
                seq: total.seq,
                at: total.at,
                received_at: total.received_at,
                values: [(self.name().to_owned(), total.value)].into(),
                comparators: Default::default(),
                given: Vec::new(),
                state: PointState::Standing,
                late: false,
                unconfirmed: false,
                accepted_by: None,
                dated_by_arrival: false,
                method: None,
                context: Some(if total.parts.is_empty() {
                    name.to_owned()
                } else {
                    format!("{name} ({})", total.parts)
                }),
                absent: None,
            }
        };
        totals.iter().map(point).collect()
    }

    /// `Last 14 (moderate) today 08:05; 9 (mild) 12 March 08:00 before that.`
    pub fn sentence(self, totals: &[Total], bands: &[SeriesBand], now: Timestamp, zone: &TimeZone) -> String {
        let said = |total: &Total| {
            format!("{} ({}) {}", total.value, band_of(bands, total.value), words::moment(total.at, now, zone))
        };
        match totals {
            [] => format!("No {} in this stretch of time.", self.title()),
            [only] => format!("Last {}.", said(only)),
            [.., before, last] => format!("Last {}; {} before that.", said(last), said(before)),
        }
    }

    pub fn summary(self, last: &Total, bands: &[SeriesBand]) -> VitalSummary {
        let text = format!("{} ({})", last.value, band_of(bands, last.value));
        VitalSummary {
            vital: self.name().to_owned(),
            title: self.title(),
            unit: String::new(),
            last: LastReading { vital: self.name().to_owned(), text, at: last.at },
        }
    }
}

/// Each score that this person has totals of, with the last one.
pub async fn summaries(
    db: &mut PgConnection,
    rulebook: &Rulebook,
    versions: &[Version],
    patient: Uuid,
    now: Timestamp,
) -> Result<Vec<VitalSummary>, sqlx::Error> {
    let questionnaires = Vital::ALL.into_iter().filter(|vital| vital.is_score()).map(Scored::Questionnaire);
    let mut found = Vec::new();
    for scored in questionnaires.chain([Scored::News2]) {
        let (totals, _) = scored.totals(db, rulebook, versions, patient, (now - LISTED, now)).await?;
        found.extend(totals.last().map(|last| scored.summary(last, &scored.bands(rulebook))));
    }
    Ok(found)
}

fn band_of(bands: &[SeriesBand], total: f64) -> &str {
    bands.iter().rev().find(|band| total >= band.from).map_or("", |band| &band.words)
}

/// The most that the questionnaire in force comes to; the catalogue's where there is none.
fn most(rulebook: &Rulebook, component: Component) -> f64 {
    let all = rulebook.packs().iter().flat_map(|pack| &pack.questionnaires);
    let score = all.filter_map(Score::of).find(|score| score.component == component);
    let catalogue = || component.facts().possible.to;
    score.map_or_else(catalogue, |score| score.range().1)
}

fn history_of(answered: Vec<Answered>) -> History {
    let withdrawn = answered.iter().filter_map(|answered| {
        let seq = answered.withdrawn_by?;
        Some(Correction { seq, corrects_seq: answered.seq, reason: String::new(), values: None })
    });
    let corrections = withdrawn.collect();
    let answers = answered.into_iter().map(|answered| Answers {
        seq: answered.seq,
        effective_at: answered.effective_at,
        received_at: answered.received_at,
        questionnaire: answered.questionnaire,
        partial: answered.partial,
        answers: answered
            .answers
            .iter()
            .filter_map(|(link, value)| Some((link.clone(), Answer::sent(value)?)))
            .collect(),
    });
    History { answers: answers.collect(), corrections, ..History::default() }
}

/// What NEWS2 is made of, as it stands now. What an instrument keeps for somebody else is not theirs.
async fn readings(
    db: &mut PgConnection,
    patient: Uuid,
    from: Timestamp,
    until: Timestamp,
) -> Result<History, sqlx::Error> {
    let mut history = History::default();
    for vital in totals::parts_of_news2() {
        let of_vital = reading_seen::between(db, patient, Some(vital.name()), from, until).await?;
        let theirs = of_vital.into_iter().filter(|reading| !words::is_not_theirs(reading));
        for reading in theirs {
            history.corrections.extend(as_judged::correction(&reading));
            history.readings.extend(as_judged::reading(&reading));
        }
        // The breathing rate comes first, and few people's is counted: without it there is no total.
        if history.readings.is_empty() {
            break;
        }
    }
    Ok(history)
}
