//! What the service keeps of one patient from one evaluation to the next, without a database. Scenarios and backtests
//! are replayed through it, so that both see what the service would have seen: submissions as they come, timers, asks.

use jiff::Timestamp;
use uuid::Uuid;

use crate::calendar::before;
use crate::evaluate::{Ask, Evaluation, REACH, evaluate};
use crate::facts::Facts;
use crate::reading::{Correction, History, Shown};
use crate::rule::Rulebook;
use crate::scenario::Submitted;
use crate::watch::Watch;

/// Evaluations at one instant: a phone shows an ask, which is one more look. More than this is an engine that never rests.
const LOOKS_AT_ONCE_AT_MOST: usize = 20;

pub(crate) struct Memory<'a> {
    rulebook: &'a Rulebook,
    facts: &'a Facts,
    history: History,
    watches: Vec<Watch>,
    timers: Vec<Timestamp>,
    folded_through: Timestamp,
    /// The earliest instant that was touched since the last look.
    touched: Timestamp,
    looked_at: Option<Timestamp>,
    /// How many submissions have a number.
    numbered: i64,
}

impl<'a> Memory<'a> {
    /// Looks for the first time at `from`, or when the plan begins, if that is later.
    pub fn new(rulebook: &'a Rulebook, facts: &'a Facts, from: Timestamp) -> Memory<'a> {
        let since = facts.plan.since.max(from);
        Memory {
            rulebook,
            facts,
            history: History::default(),
            watches: Vec::new(),
            timers: vec![since],
            folded_through: since,
            touched: since,
            looked_at: None,
            numbered: 0,
        }
    }

    /// From `now` on these are in force.
    pub fn set_facts(&mut self, facts: &'a Facts, now: Timestamp) {
        self.facts = facts;
        self.touched = self.touched.min(now);
        self.timers.push(now);
    }

    /// When to look although nothing came.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.timers.iter().copied().filter(|timer| self.looked_at.is_none_or(|looked| *timer > looked)).min()
    }

    /// Takes in what a phone sent, and numbers it.
    pub fn store(&mut self, what: Submitted) {
        let touches = self.touches(&what);
        self.touched = self.touched.min(touches);
        self.numbered += 1;
        let seq = self.numbered;
        let history = &mut self.history;
        match what {
            Submitted::Reading(mut reading) => {
                reading.seq = seq;
                history.readings.push(reading);
            }
            Submitted::Answers(mut answers) => {
                answers.seq = seq;
                history.answers.push(answers);
            }
            Submitted::Event(mut event) => {
                event.seq = seq;
                history.events.push(event);
            }
            Submitted::Withdrawal { of, .. } => {
                let withdrawn =
                    history.readings.iter().filter(|reading| reading.effective_at == of).map(|reading| reading.seq);
                let corrections = withdrawn.map(|corrects_seq| Correction {
                    seq,
                    corrects_seq,
                    reason: "not_mine".to_owned(),
                    values: None,
                });
                let corrections: Vec<Correction> = corrections.collect();
                history.corrections.extend(corrections);
            }
            Submitted::Correction { what, .. } => history.corrections.push(Correction { seq, ..what }),
            Submitted::Acceptance { what, .. } => history.acceptances.push(what),
        }
    }

    /// The earliest instant it says something new about.
    fn touches(&self, what: &Submitted) -> Timestamp {
        match what {
            Submitted::Withdrawal { of, .. } => *of,
            Submitted::Acceptance { what, .. } => what.effective_at,
            Submitted::Correction { what, .. } => {
                let History { readings, answers, events, .. } = &self.history;
                let readings = readings.iter().map(|reading| (reading.seq, reading.effective_at));
                let answers = answers.iter().map(|answers| (answers.seq, answers.effective_at));
                let events = events.iter().map(|event| (event.seq, event.effective_at));
                let mut all = readings.chain(answers).chain(events);
                // What is forgotten is touched no more.
                all.find(|(seq, _)| *seq == what.corrects_seq).map_or(Timestamp::MAX, |(_, at)| at)
            }
            taken => taken.effective_at(),
        }
    }

    /// Judges up to `now`. `shows`: whether the phone shows this ask, now; each that it shows is one more look. `learn`
    /// hears of every evaluation.
    pub fn look(&mut self, now: Timestamp, mut shows: impl FnMut(&Ask) -> bool, mut learn: impl FnMut(&Evaluation)) {
        self.looked_at = Some(now);
        for _ in 0..LOOKS_AT_ONCE_AT_MOST {
            let mut evaluation = evaluate(self.rulebook, self.facts, self.touched, &self.watches, &self.history, now);
            self.keep(&mut evaluation);
            learn(&evaluation);
            let shown: Vec<Uuid> = evaluation.asks.iter().filter(|ask| shows(ask)).map(|ask| ask.id).collect();
            if shown.is_empty() {
                break;
            }
            self.history.shown.extend(shown.into_iter().map(|ask| Shown { ask, at: now }));
        }
        self.forget(now);
    }

    fn keep(&mut self, evaluation: &mut Evaluation) {
        self.watches.retain(|watch| {
            watch.until.is_some_and(|until| until < evaluation.folded_from && until >= evaluation.forget_before)
        });
        self.watches.append(&mut evaluation.watches);
        self.timers = evaluation.timers.iter().map(|timer| timer.at).collect();
        self.folded_through = evaluation.folded_through;
        self.touched = self.folded_through;
    }

    /// What no evaluation will reach back to.
    fn forget(&mut self, now: Timestamp) {
        let since = before(before(now, REACH), self.rulebook.lookback(self.facts));
        let History { patient: _, readings, answers, events, corrections, acceptances: _, shown } = &mut self.history;
        readings.retain(|reading| reading.effective_at >= since);
        answers.retain(|answers| answers.effective_at >= since);
        events.retain(|event| event.effective_at >= since);
        shown.retain(|shown| shown.at >= since);
        corrections.retain(|correction| readings.iter().any(|reading| reading.seq == correction.corrects_seq));
    }
}
