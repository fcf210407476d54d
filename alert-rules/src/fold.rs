//! One rule, one patient, walked through event time: when it opens, what happens while it is open, when it ends.
//!
//! Rules are folded apart from each other; `compose.rs` puts their spells together into findings.

mod at_once;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::calendar::{Calendar, after, before};
use crate::expression::Condition;
use crate::expression::describe;
use crate::expression::evaluator::{Instant, Mode};
use crate::facts::Facts;
use crate::finding::{Extreme, Side};
use crate::limits::Limits;
use crate::reason::Reason;
use crate::rule::{Pack, Rule, RulePriority};
use crate::timeline::{Item, Sample, Submitted, Timeline};
use crate::vital::{Component, Vital};
use crate::watch::{Step, Terms, Watch, What};

/// A reading that took longer than this to reach us is too late to ask about.
pub(crate) const ASK_WITHIN: SignedDuration = SignedDuration::from_mins(5);
/// A phone that has not shown an ask by then will not be waited for.
pub(crate) const SHOW_WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// What every fold of one patient shares.
#[derive(Clone, Copy)]
pub(crate) struct Person<'a> {
    pub patient: Uuid,
    pub facts: &'a Facts,
    pub timeline: &'a Timeline<'a>,
    pub calendar: &'a Calendar<'a>,
    /// When each ask was shown.
    pub shown: &'a BTreeMap<Uuid, Timestamp>,
    /// Event time walked: both ends are inside.
    pub from: Timestamp,
    pub at: Timestamp,
}

pub(crate) struct Fold<'a> {
    pub person: Person<'a>,
    pub pack: &'a Pack,
    pub rule: &'a Rule,
    pub limits: &'a Limits<'a>,
    /// When the rule looked again after it had been stopped: an instant at which to look although nothing was submitted.
    pub resumed: Option<Timestamp>,
}

/// Why the fold stops at an instant.
enum Stop<'a> {
    Item(&'a Item<'a>),
    Timer,
}

impl<'a> Fold<'a> {
    /// Walks from `person.from`, with the spell that was open there. Returns it, if any, and all that began since.
    pub fn run(&self, open: Option<Watch>) -> Vec<Watch> {
        let items = &self.person.timeline.items;
        let mut done = Vec::new();
        let mut watch = open;
        let mut order = self.person.timeline.first_at(self.person.from);
        let mut last: Option<Timestamp> = None;
        loop {
            while items.get(order).is_some_and(|item| !self.concerns(item)) {
                order += 1;
            }
            let item = items.get(order).filter(|item| item.at <= self.person.at);
            let timer = self.timer(watch.as_ref(), order, last).filter(|timer| *timer <= self.person.at);
            let (at, stop) = match (item, timer) {
                (Some(item), Some(timer)) if timer < item.at => (timer, Stop::Timer),
                (Some(item), _) => (item.at, Stop::Item(item)),
                (None, Some(timer)) => (timer, Stop::Timer),
                (None, None) => break,
            };
            order += usize::from(matches!(stop, Stop::Item(_)));
            watch = self.step(watch, at, order, &stop, &mut done);
            last = Some(at);
        }
        done.extend(watch);
        done
    }

    /// The same, blind from the stop's beginning to its end: what was open then is watched no more, and what is so when the
    /// rule looks again begins anew.
    pub fn run_but_for(&self, stop: &crate::stop::Stop, open: Option<Watch>) -> Vec<Watch> {
        let Person { from, at, .. } = self.person;
        let mut spells = Vec::new();
        if from < stop.from {
            let before = Person { at: at.min(after(stop.from, SignedDuration::from_nanos(-1))), ..self.person };
            spells.extend(Fold { person: before, ..*self }.run(open));
        } else {
            spells.extend(open);
        }
        if at < stop.from {
            return spells;
        }
        for watch in spells.iter_mut().filter(|watch| watch.until.is_none()) {
            // What began after the stop was over goes on.
            if watch.since < stop.until {
                let end = stop.from.max(from).max(watch.since);
                watch.until = Some(end);
                watch.steps.push(Step { at: end, what: What::Unwatched });
            }
        }
        if at >= stop.until {
            let open = spells.iter().position(|watch| watch.until.is_none()).map(|index| spells.swap_remove(index));
            let resumed = Person { from: from.max(stop.until), ..self.person };
            let looks = (from <= stop.until).then_some(stop.until);
            spells.extend(Fold { person: resumed, resumed: looks, ..*self }.run(open));
        }
        spells
    }

    fn concerns(&self, item: &Item<'_>) -> bool {
        match &item.what {
            Submitted::Reading { reading, .. } => {
                let watched = |vital: Vital| self.rule.uses.vitals.contains(&vital);
                watched(reading.vital) || reading.vital.components().filter_map(Component::vital).any(watched)
            }
            Submitted::Answers(answers) => self.rule.uses.answers || self.is_symptoms(answers),
            Submitted::Event(_) => self.rule.uses.answers,
        }
    }

    /// The next instant to look at although nothing was submitted.
    fn timer(&self, watch: Option<&Watch>, order: usize, last: Option<Timestamp>) -> Option<Timestamp> {
        let begin = self.person.from;
        let is_next = |at: &Timestamp| last.map_or(*at >= begin, |last| *at > last);
        let changed = self.person.facts.valid_from.into_iter().chain(self.resumed);
        match watch {
            None => {
                let instant = self.instant(last.unwrap_or(begin), order, Mode::Raise);
                let overdue = self.rule.uses.overdue.iter().filter_map(|(due, grace)| instant.overdue_at(due, *grace));
                // What was overdue before the walk began, and has not fired, fires as it begins: a plan has changed.
                let overdue = overdue.map(|due| if last.is_none() { due.max(begin) } else { due });
                overdue.chain(changed).filter(is_next).min()
            }
            Some(watch) => {
                let look = match last {
                    Some(last) => self.person.calendar.next_look(last),
                    // `begin` itself may be a look.
                    None => self.person.calendar.next_look(after(begin, SignedDuration::from_nanos(-1))),
                };
                [self.waits_until(watch), Some(look)].into_iter().flatten().chain(changed).filter(is_next).min()
            }
        }
    }

    fn step(
        &self,
        watch: Option<Watch>,
        at: Timestamp,
        order: usize,
        stop: &Stop<'_>,
        done: &mut Vec<Watch>,
    ) -> Option<Watch> {
        match watch {
            None => self.open(at, order, stop),
            Some(mut watch) => {
                self.go_on(&mut watch, at, order, stop);
                if watch.until.is_some() {
                    done.push(watch);
                    return None;
                }
                Some(watch)
            }
        }
    }

    fn open(&self, at: Timestamp, order: usize, stop: &Stop<'_>) -> Option<Watch> {
        let instant = self.instant(at, order, Mode::Raise);
        if instant.clause(&self.rule.when) != Some(true) {
            return None;
        }
        let doubtful = self.instant(at, order, Mode::Clear).clause(&self.rule.when) != Some(true);
        let received_at = match stop {
            Stop::Item(item) => item.received_at.max(at),
            Stop::Timer => at,
        };
        let mut reasons = self.reasons(&instant, &self.rule.when.conditions);
        if doubtful {
            reasons.extend(self.doubts(&instant));
        }
        let mut watch = Watch {
            rule: self.rule.id.clone(),
            terms: self.terms(),
            since: at,
            until: None,
            received_at,
            doubtful,
            accepted: !doubtful
                && self.rule.uses.vitals.iter().any(|vital| self.person.timeline.is_accepted(*vital, at)),
            ask: None,
            steps: vec![Step { at, what: What::Opened(reasons) }],
        };
        self.note_worst(&mut watch, at, order, stop);
        self.note_at_once(&mut watch, &instant, stop);
        let in_time = received_at.duration_since(at) <= ASK_WITHIN;
        let waits = self.rule.repeat.as_ref().is_some_and(|repeat| repeat.alert_at_once || watch.at_once().is_none());
        if waits && in_time {
            watch.ask = Some(ask_id(self.person.patient, &self.rule.id, at));
        }
        Some(watch)
    }

    fn terms(&self) -> Terms {
        let repeat = self.rule.repeat.as_ref().filter(|repeat| !repeat.alert_at_once);
        Terms {
            problem: self.rule.problem.clone(),
            kind: self.rule.kind,
            priority: match self.rule.priority {
                RulePriority::Fixed(priority) => priority,
                RulePriority::FromPlan => self.person.facts.plan.absence_priority,
            },
            team: self.rule.team.clone(),
            closes_itself: self.rule.closes_itself,
            repeat_s: repeat.map(|repeat| repeat.within.as_secs()),
            after_s: 0,
        }
    }

    /// What this instant means for an open spell.
    fn go_on(&self, watch: &mut Watch, at: Timestamp, order: usize, stop: &Stop<'_>) {
        let instant = self.instant(at, order, Mode::Raise);
        self.note_worst(watch, at, order, stop);
        self.note_at_once(watch, &instant, stop);
        let fires = instant.clause(&self.rule.when);
        let clears = || self.clears(at, order, fires);
        if self.is_waiting(watch) {
            if matches!(stop, Stop::Item(_)) && self.is_repeated(watch, order) {
                let certain = self.instant(at, order, Mode::Clear);
                if clears() {
                    let clear = self.rule.clear.as_ref();
                    let why = clear.map_or_else(Vec::new, |clear| self.reasons(&certain, &clear.conditions));
                    watch.steps.push(Step { at, what: What::Cleared(why) });
                    watch.until = Some(at);
                } else {
                    watch
                        .steps
                        .push(Step { at, what: What::Confirmed(self.reasons(&instant, &self.rule.when.conditions)) });
                }
            } else if self.waits_until(watch).is_some_and(|end| at >= end) {
                watch.steps.push(Step { at, what: What::Unanswered });
            }
            return;
        }
        if watch.doubtful
            && !watch.is_confirmed()
            && self.instant(at, order, Mode::Clear).clause(&self.rule.when) == Some(true)
        {
            watch.steps.push(Step { at, what: What::Confirmed(self.reasons(&instant, &self.rule.when.conditions)) });
        }
        // What is as old as the breach itself explains nothing away.
        if at > watch.since && clears() {
            watch.until = Some(at);
        }
    }

    /// Unknown never clears, and neither does anything while `when` is still true.
    fn clears(&self, at: Timestamp, order: usize, fires: Option<bool>) -> bool {
        if fires == Some(true) {
            return false;
        }
        let certain = self.instant(at, order, Mode::Clear);
        match &self.rule.clear {
            Some(clear) => certain.clause(clear) == Some(true),
            None => certain.clause(&self.rule.when) == Some(false),
        }
    }

    /// Waiting for the patient to measure again, in event time: whether they were really asked is another matter, for
    /// findings must not depend on when data arrived.
    fn is_waiting(&self, watch: &Watch) -> bool {
        watch.terms.repeat_s.is_some() && !watch.is_settled()
    }

    fn waits_until(&self, watch: &Watch) -> Option<Timestamp> {
        if !self.is_waiting(watch) {
            return None;
        }
        let within = SignedDuration::from_secs(watch.terms.repeat_s?);
        // From when the ask was shown, else from when it would have been at the latest.
        let shown = watch.shown_at(self.person.shown);
        Some(after(shown.unwrap_or(after(watch.since, SHOW_WITHIN)), within))
    }

    /// Every vital the rule names has been measured since the spell began, by itself or along with another: a cuff gives a
    /// pulse too. Not standing: who is asked sits down first, and a pressure that falls on standing up is no relief.
    fn is_repeated(&self, watch: &Watch, order: usize) -> bool {
        let measured_since = |component: &_| {
            let newest = self.person.timeline.samples(*component, order).iter().rev();
            newest.take_while(|sample| sample.at > watch.since).any(|sample| !sample.standing)
        };
        let repeated = &self.rule.uses.repeated;
        !repeated.is_empty() && repeated.iter().flat_map(|vital| vital.facts().required).all(measured_since)
    }

    fn note_worst(&self, watch: &mut Watch, at: Timestamp, order: usize, stop: &Stop<'_>) {
        // Answers make a score, and no other number.
        let vital = match stop {
            Stop::Item(Item { what: Submitted::Reading { reading, .. }, .. }) => Some(reading.vital),
            Stop::Item(Item { what: Submitted::Answers(_), .. }) => None,
            _ => return,
        };
        let measured_now = |component: &Component| {
            let last = self.person.timeline.samples(*component, order).last();
            last.filter(|sample| sample.at == at).map(|sample| sample.measured)
        };
        let mut extremes = Vec::new();
        let told = |(component, _): &&(Component, Side)| vital.is_some() || component.is_score();
        for (component, side) in self.rule.uses.worst.iter().filter(told) {
            let Some(measured) = measured_now(component) else { continue };
            let (value, comparator) = (measured.value, measured.comparator);
            let now = Extreme { component: *component, side: *side, value, comparator, at };
            if watch.worst().all(|known| {
                (known.component, known.side) != (now.component, now.side) || now.is_worse_than(known, 0.0)
            }) {
                extremes.push(now);
            }
        }
        let watched = |component: &Component| self.rule.uses.worst.iter().any(|(watched, _)| watched == component);
        let Some(vital) = extremes.first().and_then(|extreme| vital.or(extreme.component.vital())) else { return };
        let whole = vital.facts().required;
        let said: Vec<_> = if whole.iter().any(watched) {
            whole.iter().filter_map(|component| Some((*component, measured_now(component)?))).collect()
        } else {
            extremes.iter().filter_map(|extreme| Some((extreme.component, measured_now(&extreme.component)?))).collect()
        };
        let reading = describe::reading(vital, &said);
        watch.steps.push(Step { at, what: What::Worst { extremes, reading } });
    }

    fn instant(&self, at: Timestamp, order: usize, mode: Mode) -> Instant<'a> {
        Instant {
            timeline: self.person.timeline,
            calendar: self.person.calendar,
            facts: self.person.facts,
            limits: self.limits,
            at,
            order,
            mode,
            stretch: SignedDuration::ZERO,
            only: None,
        }
    }

    fn reasons(&self, instant: &Instant<'_>, conditions: &[Condition]) -> Vec<Reason> {
        describe::conditions(instant, conditions)
            .into_iter()
            .map(|(what, limit)| self.reason(instant, what, limit))
            .collect()
    }

    /// Why nobody can be sure yet: the newest values in the rule's sight that nothing confirms.
    fn doubts(&self, instant: &Instant<'_>) -> Vec<Reason> {
        let seen_since = before(instant.at, self.rule.uses.lookback);
        let components = self.rule.uses.vitals.iter().flat_map(|vital| vital.facts().required);
        let newest = components.filter_map(|component| {
            let samples = self.person.timeline.samples(*component, instant.order).iter().rev();
            let doubted = |sample: &&Sample| !sample.is_trusted(instant.order);
            let sample = samples.take_while(|sample| sample.at >= seen_since).find(doubted)?;
            Some(sample.doubt?.why.sentence(*component, sample.value))
        });
        newest.map(|what| self.reason(instant, what, None)).collect()
    }

    fn reason(&self, instant: &Instant<'_>, what: String, limit: Option<String>) -> Reason {
        let (version, source) = (self.pack.version.clone(), self.pack.source.clone());
        Reason { at: instant.at, what, limit, rule: self.rule.id.clone(), version, source }
    }

    /// Whether the rule can be judged when values count for as long as `stretch`, and nothing is asked of freshness.
    pub fn is_known(&self, at: Timestamp, order: usize, stretch: SignedDuration) -> bool {
        Instant { stretch, ..self.instant(at, order, Mode::Raise) }.clause(&self.rule.when).is_some()
    }

    /// When `overdue` becomes true for a quiet rule if nothing is measured.
    pub fn overdue_next(&self) -> Option<Timestamp> {
        let order = self.person.timeline.items.partition_point(|item| item.at <= self.person.at);
        let instant = self.instant(self.person.at, order, Mode::Raise);
        let overdue = self.rule.uses.overdue.iter();
        overdue.filter_map(|(due, grace)| instant.overdue_at(due, *grace)).filter(|due| *due > self.person.at).min()
    }
}

/// The same ask of the same person always has the same id, so nothing random is needed and nothing is asked twice.
pub(crate) fn ask_id(patient: Uuid, rule: &str, since: Timestamp) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(patient.as_bytes());
    hash.update(rule.as_bytes());
    hash.update(since.as_nanosecond().to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
