//! Replays a scenario through `evaluate`, on virtual time with its timers, as the service would: evaluation by
//! evaluation, keeping the spells in between. Then compares what happened with what the scenario expects.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::evaluate::{Evaluation, evaluate};
use crate::finding::{Finding, Priority};
use crate::problem::Problem;
use crate::reading::{Correction, History, Shown};
use crate::rule::Rulebook;
use crate::scenario::{Input, Moment, Outcome, Scenario, Submitted};
use crate::watch::Watch;

/// Evaluations at one instant: a phone shows an ask, which is one more look. More than this is an engine that never rests.
const LOOKS_AT_ONCE_AT_MOST: usize = 20;

/// What came of one scenario.
#[derive(Debug)]
pub struct Outcomes {
    pub scenario: Scenario,
    pub happened: Vec<Moment>,
}

/// Replays every scenario of every pack among the rulebook's files.
pub fn replay_all(rulebook: &Rulebook) -> Result<Vec<Outcomes>, Vec<Problem>> {
    let mut outcomes = Vec::new();
    let mut problems = Vec::new();
    for pack in rulebook.packs() {
        match crate::scenario::of_pack(rulebook.files(), &pack.name) {
            Ok(scenarios) => outcomes.extend(
                scenarios.into_iter().map(|scenario| Outcomes { happened: replay(rulebook, &scenario), scenario }),
            ),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(outcomes) } else { Err(problems) }
}

/// What a person would have noticed, in order.
pub fn replay(rulebook: &Rulebook, scenario: &Scenario) -> Vec<Moment> {
    let mut service = Service::new(rulebook, scenario);
    let mut inputs = scenario.inputs.iter().peekable();
    while let Some(now) = service.next_look(inputs.peek().map(|input| input.came)) {
        let mut touched = service.folded_through;
        while let Some(input) = inputs.next_if(|input| input.came <= now) {
            touched = touched.min(service.store(input));
        }
        service.look(touched, now);
    }
    service.happened
}

/// The service's memory of one patient, without a database.
struct Service<'a> {
    rulebook: &'a Rulebook,
    scenario: &'a Scenario,
    history: History,
    watches: Vec<Watch>,
    timers: Vec<Timestamp>,
    folded_through: Timestamp,
    looked_at: Option<Timestamp>,
    told: Told,
    happened: Vec<Moment>,
}

impl<'a> Service<'a> {
    fn new(rulebook: &'a Rulebook, scenario: &'a Scenario) -> Service<'a> {
        let since = scenario.facts.plan.since;
        Service {
            rulebook,
            scenario,
            history: History::default(),
            watches: Vec::new(),
            timers: vec![since],
            folded_through: since,
            looked_at: None,
            told: Told::default(),
            happened: Vec::new(),
        }
    }

    /// The next arrival or timer, until the scenario ends.
    fn next_look(&self, arrival: Option<Timestamp>) -> Option<Timestamp> {
        let timer =
            self.timers.iter().copied().filter(|timer| self.looked_at.is_none_or(|looked| *timer > looked)).min();
        timer.into_iter().chain(arrival).min().filter(|next| *next <= self.scenario.until)
    }

    /// Takes in what a phone sent; the earliest instant it touches.
    fn store(&mut self, input: &Input) -> Timestamp {
        let history = &mut self.history;
        let seq =
            (history.readings.len() + history.answers.len() + history.events.len() + history.corrections.len() + 1)
                as i64;
        match input.what.clone() {
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
                return of;
            }
        }
        input.what.effective_at()
    }

    fn look(&mut self, touched: Timestamp, now: Timestamp) {
        self.looked_at = Some(now);
        let mut from = touched;
        for _ in 0..LOOKS_AT_ONCE_AT_MOST {
            let evaluation = evaluate(self.rulebook, &self.scenario.facts, from, &self.watches, &self.history, now);
            let asks: Vec<Uuid> = evaluation.asks.iter().map(|ask| ask.id).collect();
            self.keep(evaluation, now);
            if asks.is_empty() || !self.scenario.shows_asks {
                return;
            }
            self.history.shown.extend(asks.into_iter().map(|ask| Shown { ask, at: now }));
            from = now;
        }
    }

    fn keep(&mut self, evaluation: Evaluation, now: Timestamp) {
        self.watches.retain(|watch| watch.until.is_some_and(|until| until < evaluation.folded_from));
        self.watches.extend(evaluation.watches);
        self.timers = evaluation.timers.iter().map(|timer| timer.at).collect();
        self.folded_through = evaluation.folded_through;
        let asked = evaluation.asks.into_iter().map(|ask| Outcome::Ask(ask.rule));
        let news = asked.chain(self.told.learn(&evaluation.findings, evaluation.folded_from, now));
        let pack = &self.scenario.pack;
        self.happened.extend(news.map(|what| Moment { at: now, what: what.within(pack) }));
    }
}

/// What people have been told about each finding, so that only news becomes a moment.
#[derive(Default)]
struct Told {
    known: BTreeMap<(String, Timestamp), (Priority, bool)>,
}

impl Told {
    fn learn(&mut self, findings: &[Finding], from: Timestamp, now: Timestamp) -> Vec<Outcome> {
        let mut news = Vec::new();
        // A finding that late data moved to another start is the same to people: it takes over what they were told.
        let keys: BTreeSet<_> = findings.iter().map(|finding| (finding.problem.clone(), finding.start)).collect();
        let (gone, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.known).into_iter().partition(|(key, _)| key.1 >= from && !keys.contains(key));
        self.known = kept;
        for finding in findings.iter().filter(|finding| !finding.pending) {
            let key = (finding.problem.clone(), finding.start);
            let inherited = || gone.iter().find(|((problem, _), _)| *problem == finding.problem).map(|(_, told)| *told);
            let told = self.known.get(&key).copied().or_else(inherited);
            let loud = finding.alarm_priority(now);
            if told.is_none_or(|(priority, _)| loud > priority) {
                news.push(Outcome::Alert(loud, finding.rule.clone()));
            }
            if finding.end.is_some() && told.is_none_or(|(_, ended)| !ended) {
                news.push(Outcome::Ends(finding.rule.clone()));
            }
            let worst = told.map_or(loud, |(priority, _)| priority.max(loud));
            self.known.insert(key, (worst, finding.end.is_some()));
        }
        news
    }
}

impl Outcomes {
    pub fn passed(&self) -> bool {
        self.compared().iter().all(|(mark, _)| *mark == Mark::Same)
    }

    /// Expected and happened, matched one to one. Ends count only where the scenario names one.
    fn compared(&self) -> Vec<(Mark, Moment)> {
        let names_ends = self.scenario.expect.iter().any(|moment| matches!(moment.what, Outcome::Ends(_)));
        let mut happened: Vec<Moment> = self
            .happened
            .iter()
            .filter(|moment| names_ends || !matches!(moment.what, Outcome::Ends(_)))
            .cloned()
            .collect();
        let mut lines = Vec::new();
        for expected in &self.scenario.expect {
            match happened.iter().position(|moment| moment == expected) {
                Some(found) => lines.push((Mark::Same, happened.remove(found))),
                None => lines.push((Mark::Missing, expected.clone())),
            }
        }
        lines.extend(happened.into_iter().map(|moment| (Mark::Unexpected, moment)));
        lines
    }

    /// What came in and what happened, in order; `-` was expected and did not happen, `+` happened and was not expected.
    pub fn timeline(&self) -> String {
        let zone = &self.scenario.facts.time_zone;
        let inputs = self.scenario.inputs.iter().map(|input| {
            let taken = input.what.effective_at();
            let late = if taken == input.came { String::new() } else { format!(" (taken {})", local(taken, zone)) };
            (input.came, 0, format!("    {}  ← {}{late}", local(input.came, zone), input.text))
        });
        let compared = self.compared();
        let moments = compared.iter().map(|(mark, moment)| {
            let (mark, remark) = match mark {
                Mark::Same => (' ', ""),
                Mark::Missing => ('-', "   expected, did not happen"),
                Mark::Unexpected => ('+', "   happened, not expected"),
            };
            (moment.at, 1, format!("  {mark} {}  {}{remark}", local(moment.at, zone), moment.what.words()))
        });
        let mut lines: Vec<(Timestamp, u8, String)> = inputs.chain(moments).collect();
        lines.sort_by_key(|(at, rank, _)| (*at, *rank));
        lines.into_iter().fold(String::new(), |mut text, (_, _, line)| {
            let _ = writeln!(text, "{line}");
            text
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Same,
    Missing,
    Unexpected,
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}
