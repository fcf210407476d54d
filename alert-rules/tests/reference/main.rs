//! The engine against another that is written the slow, obvious way from the same description: on random rules, patients
//! and histories both must find the same.
//!
//! What differs is made as small as it gets, and printed as a rule and a history.

mod early_warning;
mod known;
mod names;
mod people;
mod random;
mod series;
mod together;
mod truth;
mod walk;

use std::collections::BTreeMap;

use alert_rules::facts::Facts;
use alert_rules::finding::Finding;
use alert_rules::{History, Rulebook, Shown, Watch, evaluate};
use jiff::{SignedDuration, Timestamp};

use people::DAYS;
use random::{Random, Written};
use together::Found;

/// How many random cases agree, in each of the threads.
const CASES: u64 = 3_100;
const THREADS: u64 = 4;

#[derive(Clone, Debug)]
struct Case {
    rules: Vec<Written>,
    facts: Facts,
    history: History,
    /// Which asks were shown, and how late.
    shown: u64,
}

impl Case {
    /// None: its rules cannot be read.
    fn random(seed: u64) -> Option<Case> {
        let mut random = Random(seed);
        let rules = (0..1 + random.below(3)).map(|number| random.rule(&format!("r{number}"))).collect();
        let facts = random.facts();
        let history = random.history(&facts);
        let case = Case { rules, facts, history, shown: seed };
        case.rulebook().map(|_| case)
    }

    fn rulebook(&self) -> Option<Rulebook> {
        let text = random::pack(&self.rules);
        let anxiety = include_str!("../../packs/mood/questionnaires/gad7.json").to_owned();
        let files = [("x/rules.toml".to_owned(), text), ("x/questionnaires/gad7.json".to_owned(), anxiety)];
        Rulebook::from_files(BTreeMap::from(files)).ok()
    }

    fn end(&self) -> Timestamp {
        self.facts.plan.since + SignedDuration::from_hours(24 * DAYS)
    }

    /// What both find, if it differs: the engine's first.
    fn differs(&self) -> Option<(Vec<Found>, Vec<Found>)> {
        let rulebook = self.rulebook()?;
        let (facts, end) = (&self.facts, self.end());
        let first = evaluate(&rulebook, facts, facts.plan.since, &[], &self.history, end);
        let (mut history, mut shown) = (self.history.clone(), together::Shown::new());
        let mut random = Random(self.shown);
        for watch in &first.watches {
            if let (Some(ask), true) = (watch.ask, random.percent(60)) {
                let late = random.pick(&[0, 20, 60, 600, 4_000]);
                let at = watch.received_at + SignedDuration::from_secs(late);
                history.shown.push(Shown { ask, at });
                shown.insert((watch.rule.clone(), watch.since), at);
            }
        }
        let evaluation = evaluate(&rulebook, facts, facts.plan.since, &[], &history, end);
        assert!(evaluation.findings.iter().all(|finding| !finding.reasons.is_empty()), "a finding without a reason");
        let engine: Vec<Found> = sorted(evaluation.findings);
        let slow = walk::findings(&rulebook, facts, &history, &shown, end);
        if engine != slow {
            return Some((engine, slow));
        }
        let as_it_came = as_it_came(&rulebook, facts, &history, end);
        (as_it_came != slow).then_some((as_it_came, slow))
    }

    /// The same with as little as differs too.
    fn smallest(mut self) -> Case {
        loop {
            let Some(smaller) = self.smaller().into_iter().find(|case| case.differs().is_some()) else { return self };
            self = smaller;
        }
    }

    fn smaller(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        let mut with = |change: &dyn Fn(&mut Case)| {
            let mut case = self.clone();
            change(&mut case);
            cases.push(case);
        };
        (0..self.rules.len()).for_each(|at| with(&|case| drop(case.rules.remove(at))));
        (0..self.history.readings.len()).for_each(|at| with(&|case| drop(case.history.readings.remove(at))));
        (0..self.history.answers.len()).for_each(|at| with(&|case| drop(case.history.answers.remove(at))));
        (0..self.history.events.len()).for_each(|at| with(&|case| drop(case.history.events.remove(at))));
        (0..self.history.corrections.len()).for_each(|at| with(&|case| drop(case.history.corrections.remove(at))));
        (0..self.history.acceptances.len()).for_each(|at| with(&|case| drop(case.history.acceptances.remove(at))));
        (0..self.facts.pauses.len()).for_each(|at| with(&|case| drop(case.facts.pauses.remove(at))));
        (0..self.facts.service_gaps.len()).for_each(|at| with(&|case| _ = case.facts.service_gaps.remove(at)));
        (0..self.facts.plan.slots.len()).for_each(|at| with(&|case| drop(case.facts.plan.slots.remove(at))));
        for (rule, written) in self.rules.iter().enumerate() {
            (2..written.lines.len()).for_each(|at| with(&|case| drop(case.rules[rule].lines.remove(at))));
        }
        cases
    }
}

/// Evaluated again and again as things arrived, by the contract of `evaluate`.
fn as_it_came(rulebook: &Rulebook, facts: &Facts, history: &History, end: Timestamp) -> Vec<Found> {
    let mut arrivals: Vec<(Timestamp, Timestamp, i64)> = Vec::new();
    arrivals.extend(history.readings.iter().map(|reading| (reading.received_at, reading.effective_at, reading.seq)));
    arrivals.extend(history.answers.iter().map(|answers| (answers.received_at, answers.effective_at, answers.seq)));
    arrivals.extend(history.events.iter().map(|event| (event.received_at, event.effective_at, event.seq)));
    arrivals.sort_unstable();
    let (mut watches, mut findings): (Vec<Watch>, BTreeMap<(String, Timestamp), Finding>) = Default::default();
    let mut through = facts.plan.since;
    let mut look = |from: Timestamp, known: &History, at: Timestamp| {
        let evaluation = evaluate(rulebook, facts, from.min(through), &watches, known, at);
        watches.retain(|watch| watch.until.is_some_and(|until| until < evaluation.folded_from));
        watches.extend(evaluation.watches);
        findings.retain(|(_, start), _| *start < evaluation.folded_from);
        let new = evaluation.findings.into_iter().map(|finding| ((finding.problem.clone(), finding.start), finding));
        findings.extend(new);
        through = evaluation.folded_through;
        findings.values().cloned().collect::<Vec<_>>()
    };
    let mut known = history.clone();
    known.readings.clear();
    known.answers.clear();
    known.events.clear();
    known.corrections.clear();
    known.acceptances.clear();
    for (came, taken, seq) in arrivals.into_iter().filter(|(came, ..)| *came <= end) {
        known.readings.extend(history.readings.iter().filter(|reading| reading.seq == seq).cloned());
        known.answers.extend(history.answers.iter().filter(|answers| answers.seq == seq).cloned());
        known.events.extend(history.events.iter().filter(|event| event.seq == seq).cloned());
        look(taken, &known, came);
    }
    // What was corrected, accepted, or comes after the end, comes last.
    sorted(look(facts.plan.since, history, end))
}

fn sorted(findings: Vec<Finding>) -> Vec<Found> {
    let mut found: Vec<Found> = findings
        .into_iter()
        .map(|finding| Found {
            problem: finding.problem,
            start: finding.start,
            end: finding.end,
            kind: finding.kind,
            priority: finding.priority,
            rule: finding.rule,
            unconfirmed: finding.unconfirmed,
            late_minutes: finding.late_minutes,
            pending: finding.pending,
            worst: finding.worst,
            firings: finding.firings,
        })
        .collect();
    found.sort_by(|one, other| (&one.problem, one.start).cmp(&(&other.problem, other.start)));
    found
}

/// How many of these seeds have rules that can be read, and how many of those find something.
fn agree(seeds: impl Iterator<Item = u64>) -> (u64, u64) {
    let (mut read, mut found) = (0, 0);
    for seed in seeds {
        let Some(case) = Case::random(seed) else { continue };
        read += 1;
        if case.differs().is_some() {
            let case = case.smallest();
            let (engine, slow) = case.differs().expect("it is as small as differs");
            panic!(
                "seed {seed}\n{}\n{:#?}\n{:#?}\nthe engine: {engine:#?}\nthe reference: {slow:#?}",
                random::pack(&case.rules),
                case.facts,
                case.history
            );
        }
        let findings = case.rulebook().map(|rulebook| {
            evaluate(&rulebook, &case.facts, case.facts.plan.since, &[], &case.history, case.end()).findings.len()
        });
        found += u64::from(findings > Some(0));
    }
    (read, found)
}

#[test]
fn the_engine_and_the_reference_agree() {
    let seeds = |thread| (0..CASES).map(move |case| thread * CASES + case);
    let counted = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || agree(seeds(thread)))).collect();
        threads.into_iter().map(|thread| thread.join().expect("they differ, see above")).collect::<Vec<_>>()
    });
    let (read, found) = counted.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(read >= 10_000, "only {read} cases had rules that could be read");
    assert!(found > read / 2, "only {found} of {read} cases find anything");
}
