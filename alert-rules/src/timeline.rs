//! History made ready: corrections resolved, everything in one order of event time, values by component.
//!
//! The order depends on what was measured and when, never on the order of arrival: that is half of the order property.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::doubt::{self, Accepted, Band, Doubt, Why};
use crate::questionnaire::Asked;
use crate::reading::{Answers, Comparator, Correction, Event, Flags, History, Measured, Reading, not_possible};
use crate::vital::{Component, Vital};

pub(crate) struct Timeline<'h> {
    pub items: Vec<Item<'h>>,
    samples: [Vec<Sample>; Component::COUNT],
    accepted: Vec<Accepted>,
    pub asked: &'h Asked,
}

/// One submission, at its place in event time. Its index is its order: what is known "as of" an item is all up to it.
pub(crate) struct Item<'h> {
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub what: Submitted<'h>,
}

pub(crate) enum Submitted<'h> {
    /// `is_measured`: what the vital is measured for can be used.
    Reading {
        reading: &'h Reading,
        flags: Flags,
        is_measured: bool,
    },
    Answers(&'h Answers),
    Event(&'h Event),
}

/// One value that rules may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub at: Timestamp,
    /// Index of its item.
    pub order: usize,
    /// Infinite for HI and LO.
    pub value: f64,
    pub measured: Measured,
    /// None: nothing is odd about it.
    pub doubt: Option<Doubt>,
    pub dated_by_arrival: bool,
    /// Taken standing. What does not say counts as seated, as the plan asks.
    pub standing: bool,
}

impl Sample {
    /// Seen by `clear` and by means, as of `order`.
    pub fn is_trusted(&self, order: usize) -> bool {
        self.doubt.is_none_or(|doubt| doubt.agreed < order)
    }
}

impl<'h> Timeline<'h> {
    /// Of everything since the plan began.
    pub fn new(history: &'h History, since: Timestamp, asked: &'h Asked) -> Timeline<'h> {
        let corrections = last_corrections(&history.corrections);
        let mut drafts: Vec<(Item<'h>, &'h [(Component, Measured)])> = Vec::new();
        for reading in history.readings.iter().filter(|reading| reading.effective_at >= since) {
            let values = match corrections.get(&reading.seq) {
                None => &reading.components,
                Some(Correction { values: Some(values), .. }) => values,
                Some(Correction { values: None, .. }) => continue,
            };
            let computed = Flags::of_values(values);
            let untouched = std::ptr::eq(values, &reading.components);
            let flags = Flags {
                unconfirmed: computed.unconfirmed || untouched && reading.flags.unconfirmed,
                impossible: computed.impossible || untouched && reading.flags.impossible,
                dated_by_arrival: reading.flags.dated_by_arrival,
            };
            let usable = usable(values, flags);
            let required = reading.vital.facts().required;
            let is_missing =
                |component: &Component| values.iter().any(|(has, _)| has == component) && !usable.contains(component);
            let is_measured = reading.absent.is_none()
                && !required.iter().any(is_missing)
                && !(flags.impossible && usable.is_empty());
            let what = Submitted::Reading { reading, flags, is_measured };
            drafts.push((Item { at: reading.effective_at, received_at: reading.received_at, what }, values));
        }
        for answers in history.answers.iter().filter(|answers| answers.effective_at >= since) {
            if !corrections.contains_key(&answers.seq) || asked.is_lasting(answers) {
                let what = Submitted::Answers(answers);
                drafts.push((Item { at: answers.effective_at, received_at: answers.received_at, what }, &[]));
            }
        }
        for event in history.events.iter().filter(|event| event.effective_at >= since) {
            // A corrected dose is still the same event to a rule; one without new values never happened.
            if corrections.get(&event.seq).is_none_or(|correction| correction.values.is_some()) {
                let what = Submitted::Event(event);
                drafts.push((Item { at: event.effective_at, received_at: event.received_at, what }, &[]));
            }
        }
        drafts.sort_unstable_by(|one, other| in_event_order(one, other));
        let accepted = doubt::accepted(&history.acceptances, &corrections);
        let items = Vec::with_capacity(drafts.len());
        let mut timeline = Timeline { items, samples: Default::default(), accepted, asked };
        for (order, (item, values)) in drafts.into_iter().enumerate() {
            if let Submitted::Reading { reading, flags, .. } = item.what
                && reading.absent.is_none()
            {
                timeline.add_samples(&item, reading, order, values, flags);
            }
            if let Submitted::Answers(answers) = item.what
                && let Some((component, value)) = asked.score(answers)
            {
                let measured = Measured::value(value);
                let sample = Sample {
                    at: item.at,
                    order,
                    value,
                    measured,
                    doubt: None,
                    dated_by_arrival: false,
                    standing: false,
                };
                timeline.samples[component as usize].push(sample);
            }
            timeline.items.push(item);
        }
        timeline.find_doubts();
        timeline
    }

    fn add_samples(
        &mut self,
        item: &Item<'h>,
        reading: &Reading,
        order: usize,
        values: &[(Component, Measured)],
        flags: Flags,
    ) {
        // The flag is of the whole reading; the doubt is of the value that is odd, or of all if none is.
        let held_back = flags.unconfirmed && !Flags::of_values(values).unconfirmed;
        let doubt = held_back.then_some(Doubt { agreed: usize::MAX, why: Why::HeldBack });
        let usable = usable(values, flags);
        let standing = reading.circumstances.standing == Some(true);
        let sample = |measured: Measured| {
            let dated_by_arrival = flags.dated_by_arrival;
            Some(Sample {
                at: item.at,
                order,
                value: measured.compared()?,
                measured,
                doubt,
                dated_by_arrival,
                standing,
            })
        };
        // A correction cannot make a weight into a glucose.
        let own = |component: &Component| reading.vital.components().any(|own| own == *component);
        let measured: Vec<(Component, Sample)> = values
            .iter()
            .filter(|(component, _)| usable.contains(component) && own(component))
            .filter_map(|(component, measured)| Some((*component, sample(*measured)?)))
            .collect();
        // Said of what was measured: if none of it can be used, of nothing. A correction of the numbers leaves it as it is.
        let said = reading.circumstances.components().filter_map(|(component, said)| {
            let sample = sample(Measured::value(f64::from(u8::from(said))))?;
            (!measured.is_empty() && component.vital() == Some(reading.vital)).then_some((component, sample))
        });
        let said: Vec<(Component, Sample)> = said.collect();
        for (component, sample) in measured.into_iter().chain(said) {
            self.samples[component as usize].push(sample);
        }
    }

    fn find_doubts(&mut self) {
        for component in Component::ALL {
            let samples = &self.samples[component as usize];
            let band = Band { component, samples, accepted: &self.accepted };
            let doubts: Vec<Option<Doubt>> = (0..samples.len()).map(|index| band.doubt(index)).collect();
            for (sample, doubt) in self.samples[component as usize].iter_mut().zip(doubts) {
                sample.doubt = doubt;
            }
        }
    }

    /// Staff took what was measured of this vital at this instant as it is.
    pub fn is_accepted(&self, vital: Vital, at: Timestamp) -> bool {
        self.accepted.iter().any(|known| known.at == at && vital.components().any(|own| own == known.component))
    }

    /// Values of a component known before `order` (exclusive), oldest first.
    pub fn samples(&self, component: Component, order: usize) -> &[Sample] {
        let samples = &self.samples[component as usize];
        &samples[..samples.partition_point(|sample| sample.order < order)]
    }

    /// Index of the first item at or after `at`.
    pub fn first_at(&self, at: Timestamp) -> usize {
        self.items.partition_point(|item| item.at < at)
    }

    /// Readings of a vital among the items before `order`, newest first; with a value that can be used.
    pub fn measured(&self, vital: Vital, order: usize) -> impl Iterator<Item = &Item<'h>> {
        self.items[..order.min(self.items.len())].iter().rev().filter(move |item| item.is_measured(vital))
    }

    /// The newest answers to a questionnaire among the items before `order`, to all of it or to a part.
    pub fn answered(&self, questionnaire: &str, order: usize) -> Option<&Item<'h>> {
        self.items[..order.min(self.items.len())].iter().rev().find(|item| match item.what {
            Submitted::Answers(answers) => answers.questionnaire.split('|').next() == Some(questionnaire),
            Submitted::Reading { .. } | Submitted::Event(_) => false,
        })
    }
}

impl Item<'_> {
    /// A reading of this vital with values that can be used.
    pub fn is_measured(&self, vital: Vital) -> bool {
        matches!(&self.what, Submitted::Reading { reading, is_measured: true, .. } if reading.vital == vital)
    }

    /// Some value of it is not possible.
    pub fn is_impossible(&self) -> bool {
        matches!(&self.what, Submitted::Reading { flags, .. } if flags.impossible)
    }

    pub fn is_dated_by_arrival(&self) -> bool {
        matches!(&self.what, Submitted::Reading { flags, .. } if flags.dated_by_arrival)
    }
}

/// The components of a reading that rules may use. One that was flagged when it was accepted, with values that are
/// possible today, has none.
fn usable(values: &[(Component, Measured)], flags: Flags) -> Vec<Component> {
    let not_possible = not_possible(values);
    let none = flags.impossible && not_possible.is_empty();
    let all = values.iter().map(|(component, _)| *component).filter(|_| !none);
    all.filter(|component| !not_possible.contains(component)).collect()
}

/// For each corrected submission the correction that counts: the last sequence number.
fn last_corrections(corrections: &[Correction]) -> BTreeMap<i64, &Correction> {
    let mut last: BTreeMap<i64, &Correction> = BTreeMap::new();
    for correction in corrections {
        last.entry(correction.corrects_seq)
            .and_modify(|known| {
                if correction.seq > known.seq {
                    *known = correction;
                }
            })
            .or_insert(correction);
    }
    last
}

type Draft<'h> = (Item<'h>, &'h [(Component, Measured)]);

/// By time; at the same time by content; arrival decides only between equals.
fn in_event_order(one: &Draft<'_>, other: &Draft<'_>) -> Ordering {
    let (one_item, other_item) = (&one.0, &other.0);
    let content = || match (&one_item.what, &other_item.what) {
        (Submitted::Reading { reading: a, flags: fa, .. }, Submitted::Reading { reading: b, flags: fb, .. }) => {
            let content = (a.vital, a.absent, fa.impossible, fa.dated_by_arrival, fa.unconfirmed, a.circumstances);
            content
                .cmp(&(b.vital, b.absent, fb.impossible, fb.dated_by_arrival, fb.unconfirmed, b.circumstances))
                .then_with(|| by_values(one.1, other.1))
        }
        (Submitted::Answers(a), Submitted::Answers(b)) => {
            let words = |answers: &Answers| format!("{:?}", answers.answers);
            a.questionnaire.cmp(&b.questionnaire).then_with(|| words(a).cmp(&words(b)))
        }
        (Submitted::Event(a), Submitted::Event(b)) => a.event.cmp(&b.event),
        (a, b) => a.rank().cmp(&b.rank()),
    };
    let arrival = || one_item.received_at.cmp(&other_item.received_at);
    one_item.at.cmp(&other_item.at).then_with(content).then_with(arrival)
}

impl Submitted<'_> {
    fn rank(&self) -> u8 {
        match self {
            Submitted::Event(_) => 0,
            Submitted::Answers(_) => 1,
            Submitted::Reading { .. } => 2,
        }
    }
}

fn by_values(one: &[(Component, Measured)], other: &[(Component, Measured)]) -> Ordering {
    let key = |(component, measured): &(Component, Measured)| (*component, measured.comparator.map(comparator_rank));
    for (a, b) in one.iter().zip(other) {
        let number = |measured: &Measured| measured.value.unwrap_or(0.0);
        let by = key(a).cmp(&key(b)).then_with(|| number(&a.1).total_cmp(&number(&b.1)));
        if by.is_ne() {
            return by;
        }
    }
    one.len().cmp(&other.len())
}

fn comparator_rank(comparator: Comparator) -> u8 {
    match comparator {
        Comparator::Low => 0,
        Comparator::High => 1,
    }
}
