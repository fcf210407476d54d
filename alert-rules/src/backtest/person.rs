//! Who is replayed: what came from them and when, how their phone answers, and what is known to have been the matter.

use jiff::Timestamp;

use super::body::Body;
use crate::evaluate::Ask;
use crate::facts::Facts;
use crate::finding::Priority;
use crate::rule::{Pack, Rulebook};
use crate::scenario::Submitted;
use crate::vital::Vital;

#[derive(Debug, Clone)]
pub struct Person {
    /// How a report calls them: `cohort 017`, `glucose/data-01`.
    pub name: String,
    pub facts: Facts,
    pub watched: Watched,
    /// The replay is counted from here on, or from when the plan begins. What came before is known then.
    pub from: Timestamp,
    /// What the plan asks them to measure.
    pub measures: Vec<Vital>,
    /// In the order in which they come.
    pub arrivals: Vec<Arrival>,
    /// The replay ends here.
    pub until: Timestamp,
    pub phone: Phone,
    pub labels: Vec<Label>,
}

/// Which packs watch somebody.
#[derive(Debug, Clone)]
pub enum Watched {
    /// The plan's packs are passed over: everybody gets those of a rulebook that fit them.
    ByWhatFits,
    /// The plan's, and what was set later, with `valid_from`, in that order.
    AsPlanned { later: Vec<Facts> },
}

/// What a phone sent, and when it came.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub came: Timestamp,
    pub what: Submitted,
}

#[derive(Debug, Clone)]
pub enum Phone {
    /// It shows an ask at once. Nobody was there to hear it when this was recorded: what came next is what came next.
    Recorded,
    /// Somebody sees it or not, and measures again or not.
    Held(Box<Body>),
}

impl Phone {
    /// Whether it shows this ask now, and what comes of it.
    pub(super) fn answers(&self, ask: &Ask, now: Timestamp) -> (bool, Option<Arrival>) {
        match self {
            Phone::Recorded => (true, None),
            Phone::Held(body) => body.answers(ask, now),
        }
    }
}

/// What is known to have been the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    pub kind: LabelKind,
    pub vital: Vital,
    /// Told less loudly than this, nobody was told.
    pub at_least: Priority,
    /// When it truly began.
    pub began: Timestamp,
    /// An episode is caught if somebody is told by then; an artefact raised a false alarm if somebody was.
    pub until: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelKind {
    FluidGain,
    /// Slowly, to above target and on.
    RisingPressure,
    /// Within days, to 180 and on.
    SeverePressure,
    FallingOxygen,
    Hypo,
    /// A cuff that was loose, or an arm that moved.
    CuffArtefact,
    ColdFinger,
    /// mg/dL typed as mmol/L.
    TimesEighteen,
    /// Pounds typed as kilograms.
    Pounds,
    /// °F typed as °C.
    Fahrenheit,
}

impl LabelKind {
    pub const ALL: [LabelKind; 10] = [
        LabelKind::FluidGain,
        LabelKind::RisingPressure,
        LabelKind::SeverePressure,
        LabelKind::FallingOxygen,
        LabelKind::Hypo,
        LabelKind::CuffArtefact,
        LabelKind::ColdFinger,
        LabelKind::TimesEighteen,
        LabelKind::Pounds,
        LabelKind::Fahrenheit,
    ];

    pub fn words(self) -> &'static str {
        match self {
            LabelKind::FluidGain => "fluid gain",
            LabelKind::RisingPressure => "rising pressure",
            LabelKind::SeverePressure => "severe pressure",
            LabelKind::FallingOxygen => "falling oxygen",
            LabelKind::Hypo => "hypo",
            LabelKind::CuffArtefact => "cuff artefact",
            LabelKind::ColdFinger => "cold finger",
            LabelKind::TimesEighteen => "glucose × 18",
            LabelKind::Pounds => "pounds typed as kg",
            LabelKind::Fahrenheit => "°F typed as °C",
        }
    }

    /// Somebody falls ill; else an instrument or a hand was wrong, and nobody should be alarmed.
    pub fn is_episode(self) -> bool {
        matches!(
            self,
            LabelKind::FluidGain
                | LabelKind::RisingPressure
                | LabelKind::SeverePressure
                | LabelKind::FallingOxygen
                | LabelKind::Hypo
        )
    }
}

impl Person {
    /// The packs of a rulebook that fit: for this person, and all that their rules cannot do without is measured.
    pub fn fitting(&self, rulebook: &Rulebook) -> Vec<String> {
        let fits = |pack: &&Pack| pack.fits(&self.facts, &self.measures, self.facts.plan.since);
        rulebook.packs().iter().filter(fits).map(|pack| pack.name.clone()).collect()
    }
}
