//! Backtests: what would these rules have done to these people? Many people are replayed through `evaluate` as the
//! service would have judged them, with asks, timers, alerts and somebody who deals with them.
//!
//! Pure, like the rest: who is replayed, and over which readings, is an argument. `cohort` makes 200 invented people who
//! are known to fall ill, or not, from a seed; recordings of real people come from outside. `figures` adds up, `compare`
//! holds two rulebooks against each other, `report` says it.

mod body;
pub mod cohort;
mod compare;
mod dice;
mod figures;
mod person;
mod report;
mod ward;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

pub use body::{Body, Change, Course, Habits, Size};
pub use compare::{Difference, compare};
pub use figures::{ByRule, Figures, OfArtefacts, OfEpisodes};
pub use person::{Arrival, Label, LabelKind, Person, Phone, Watched};
pub use report::{HEADING, OfPack, Report, Side};
pub use ward::Dealt;

use crate::calendar::before;
use crate::finding::Kind;
use crate::memory::Memory;
use crate::rule::Rulebook;
use crate::scenario::Submitted;
use ward::{Told, Ward};

/// What these rules did to one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Those that fit: none, and nothing was replayed.
    pub packs: Vec<String>,
    /// From the beginning of the plan to the end of the replay.
    pub days: f64,
    /// When the person was asked to measure again, and by which rule. No work for anybody else.
    pub asks: Vec<(Timestamp, String)>,
    /// Every alert there was, in the order in which they were opened.
    pub alerts: Vec<Dealt>,
    /// For each label of the person: when somebody was first told of it by a clinical alert that is loud enough.
    pub told: Vec<Option<Timestamp>>,
}

/// Replays one person under these rules.
pub fn replay(rulebook: &Rulebook, person: &Person) -> Outcome {
    let mut facts = person.facts.clone();
    let later = match &person.watched {
        Watched::ByWhatFits => {
            facts.plan.packs = person.fitting(rulebook);
            &[][..]
        }
        Watched::AsPlanned { later } => later,
    };
    let from = person.from.max(facts.plan.since);
    let span = person.until.duration_since(from);
    let days = span.max(SignedDuration::ZERO).as_secs_f64() / 86_400.0;
    let ever: BTreeSet<&String> = later.iter().flat_map(|later| &later.plan.packs).chain(&facts.plan.packs).collect();
    let mut outcome = Outcome {
        packs: ever.into_iter().filter(|name| rulebook.pack(name).is_some()).cloned().collect(),
        days,
        asks: Vec::new(),
        alerts: Vec::new(),
        told: vec![None; person.labels.len()],
    };
    if outcome.packs.is_empty() {
        return outcome;
    }
    let mut memory = Memory::new(rulebook, &facts, from);
    let mut ward = Ward::new(&facts.time_zone);
    let mut inbox = Inbox::of(person);
    if from > facts.plan.since {
        inbox.take(before(from, SignedDuration::from_nanos(1))).into_iter().for_each(|what| memory.store(what));
    }
    let mut later = later.iter().filter_map(|facts| Some((facts.valid_from?, facts))).peekable();
    while let Some(now) =
        [memory.next_timer(), inbox.next(), ward.next(), later.peek().map(|(at, _)| *at)].into_iter().flatten().min()
        && now <= person.until
    {
        while let Some((at, facts)) = later.next_if(|(at, _)| *at <= now) {
            memory.set_facts(facts, at);
        }
        ward.deal(now);
        let arrived = inbox.take(now);
        if arrived.is_empty() && memory.next_timer().is_none_or(|timer| timer > now) {
            continue;
        }
        arrived.into_iter().for_each(|what| memory.store(what));
        let mut asks = Vec::new();
        let shows = |ask: &crate::Ask| {
            let (shown, again) = person.phone.answers(ask, now);
            inbox.extend(again);
            shown
        };
        memory.look(now, shows, |evaluation| {
            asks.extend(evaluation.asks.iter().map(|ask| (now, ask.rule.clone())));
            ward.learn(evaluation, now);
        });
        outcome.asks.extend(asks);
    }
    let (alerts, told) = ward.sums();
    outcome.told = person.labels.iter().map(|label| first_told(rulebook, &told, label)).collect();
    outcome.alerts = alerts;
    if from > facts.plan.since {
        // Those that were open when it began.
        outcome.alerts.retain(|alert| alert.opened_at > from);
        outcome.asks.retain(|(at, _)| *at > from);
    }
    outcome
}

/// When people first heard of what the label says, while it counted.
fn first_told(rulebook: &Rulebook, told: &[Told], label: &Label) -> Option<Timestamp> {
    let concerns = |told: &&Told| {
        let looks_at_it = || rulebook.rule(&told.rule).is_some_and(|(_, rule)| rule.vitals().contains(&label.vital));
        told.kind == Kind::Clinical && told.priority >= label.at_least && looks_at_it()
    };
    told.iter().filter(concerns).map(|told| told.at).filter(|at| (label.began..=label.until).contains(at)).min()
}

/// What is still to come from a phone, by when it comes.
struct Inbox(BTreeMap<(Timestamp, usize), Submitted>);

impl Inbox {
    fn of(person: &Person) -> Inbox {
        let mut inbox = Inbox(BTreeMap::new());
        inbox.extend(person.arrivals.iter().cloned());
        inbox
    }

    /// What comes at the same time comes in this order.
    fn extend(&mut self, arrivals: impl IntoIterator<Item = Arrival>) {
        for Arrival { came, what } in arrivals {
            let same_time = self.0.range((came, 0)..=(came, usize::MAX)).next_back();
            let next = same_time.map_or(0, |((_, last), _)| last + 1);
            self.0.insert((came, next), what);
        }
    }

    fn next(&self) -> Option<Timestamp> {
        self.0.first_key_value().map(|((came, _), _)| *came)
    }

    fn take(&mut self, now: Timestamp) -> Vec<Submitted> {
        let later = self.0.split_off(&(now, usize::MAX));
        std::mem::replace(&mut self.0, later).into_values().collect()
    }
}
