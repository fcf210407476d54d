//! Replays a scenario through `evaluate`, on virtual time with its timers, as the service would: evaluation by
//! evaluation, keeping the spells in between. Then compares what happened with what the scenario expects.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::finding::{Finding, Priority};
use crate::memory::Memory;
use crate::problem::Problem;
use crate::rule::Rulebook;
use crate::scenario::{Moment, Outcome, Scenario};

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
        match crate::scenario::of_pack(rulebook.files(), pack) {
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
    let mut memory = Memory::new(rulebook, &scenario.facts, scenario.facts.plan.since);
    let mut told = Told::default();
    let mut happened = Vec::new();
    let mut inputs = scenario.inputs.iter().peekable();
    while let Some(now) = memory.next_timer().into_iter().chain(inputs.peek().map(|input| input.came)).min()
        && now <= scenario.until
    {
        while let Some(input) = inputs.next_if(|input| input.came <= now) {
            memory.store(input.what.clone());
        }
        memory.look(
            now,
            |_| scenario.shows_asks,
            |evaluation| {
                let asked = evaluation.asks.iter().flat_map(|ask| {
                    [(now, Outcome::Ask(ask.rule.clone())), (ask.until, Outcome::Lapses(ask.rule.clone()))]
                });
                let news = told.learn(&evaluation.findings, evaluation.folded_from, now);
                let all = asked.chain(news.into_iter().map(|what| (now, what)));
                happened.extend(all.map(|(at, what)| Moment { at, what: what.within(&scenario.pack) }));
            },
        );
    }
    happened
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

    /// Expected and happened, matched one to one. Ends and lapses count only where the scenario names one.
    fn compared(&self) -> Vec<(Mark, Moment)> {
        let expect = &self.scenario.expect;
        let names_ends = expect.iter().any(|moment| matches!(moment.what, Outcome::Ends(_)));
        let names_lapses = expect.iter().any(|moment| matches!(moment.what, Outcome::Lapses(_)));
        let counts = |moment: &&Moment| match moment.what {
            Outcome::Ends(_) => names_ends,
            Outcome::Lapses(_) => names_lapses,
            Outcome::Ask(_) | Outcome::Alert(..) => true,
        };
        let mut happened: Vec<Moment> = self.happened.iter().filter(counts).cloned().collect();
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
