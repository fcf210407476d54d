//! What came of judging one patient, and what it changes in what is stored: pure. `evaluate.rs` writes it down.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use alert_rules::escalation::{self, Decision, Duty};
use alert_rules::{Evaluation, Finding, Rulebook, Watch};
use jiff::{SignedDuration, Timestamp};

use crate::monitor::case::Case;
use crate::monitor::{silence, task};
use crate::store::alert_row::Stored;
use crate::store::judged::Settled;
use crate::store::synthetic;

/// A timer that is not in the future would be due again at once, for ever.
const SOONEST_TIMER: SignedDuration = SignedDuration::from_secs(1);
/// When a patient that could not be judged is tried again although nothing arrived.
const TRY_FAILED_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// A case and what came of it. `Err` says why it could not be judged.
#[derive(Debug)]
pub struct Judged {
    pub case: Case,
    pub outcome: Result<Evaluation, String>,
}

/// What differs from what is stored about the patient.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// Rule and since.
    pub old_watches: Vec<(&'a str, Timestamp)>,
    pub watches: Vec<&'a Watch>,
    /// Problem and start.
    pub old_findings: Vec<(&'a str, Timestamp)>,
    pub findings: Vec<&'a Finding>,
    pub old_timers: Vec<&'a str>,
    pub timers: Vec<(String, Timestamp)>,
}

impl Judged {
    /// Runs the engine. A panic in it costs its own patient only.
    pub fn by(rulebook: &Rulebook, case: Case) -> Self {
        let outcome = match (&case.problem, &case.facts) {
            (Some(problem), _) => Err(problem.clone()),
            (None, None) => Ok(Evaluation { folded_through: case.at, folded_from: case.at, ..Evaluation::default() }),
            (None, Some(facts)) => {
                let evaluate =
                    || alert_rules::evaluate(rulebook, facts, case.from, &case.watches, &case.history, case.at);
                catch_unwind(AssertUnwindSafe(evaluate)).map_err(|_| "the rule engine panicked".to_owned())
            }
        };
        Self { case, outcome }
    }

    /// Where the patient stands from now on.
    pub fn settled(&self) -> Settled {
        let Self { case, outcome } = self;
        let (folded_through, failed_from) = match outcome {
            Ok(evaluation) => (Some(evaluation.folded_through), None),
            // What could not be judged is looked at again together with whatever comes next.
            Err(_) => (
                case.folded_through.map(|folded| folded.min(case.from)),
                case.failed_from.or(case.range().map(|(from, _)| from)),
            ),
        };
        let judged_through = case.person.last_seq.max(case.judged_through);
        Settled { patient: case.person.patient, judged_through, folded_through, failed_from }
    }

    pub fn changes(&self) -> Changes<'_> {
        let mut changes = Changes::default();
        if let Ok(evaluation) = &self.outcome {
            self.change_watches(evaluation, &mut changes);
            self.change_findings(evaluation, &mut changes);
        }
        self.change_timers(&mut changes);
        changes
    }

    fn change_watches<'a>(&'a self, evaluation: &'a Evaluation, changes: &mut Changes<'a>) {
        for old in &self.case.watches {
            let touched = old.until.is_none_or(|until| until >= evaluation.folded_from);
            let gone = touched && !evaluation.watches.iter().any(|new| new.rule == old.rule && new.since == old.since);
            let outlived = old.until.is_some_and(|until| until < evaluation.forget_before);
            if gone || outlived {
                changes.old_watches.push((&old.rule, old.since));
            }
        }
        changes.watches.extend(evaluation.watches.iter().filter(|new| !self.case.watches.contains(new)));
    }

    fn change_findings<'a>(&'a self, evaluation: &'a Evaluation, changes: &mut Changes<'a>) {
        for old in &self.case.findings {
            let gone = !evaluation.findings.iter().any(|new| new.problem == old.problem && new.start == old.start);
            if gone && old.start >= evaluation.folded_from {
                changes.old_findings.push((&old.problem, old.start));
            }
        }
        changes.findings.extend(evaluation.findings.iter().filter(|new| !self.case.findings.contains(new)));
    }

    fn change_timers<'a>(&'a self, changes: &mut Changes<'a>) {
        let Self { case, outcome } = self;
        let mut timers: Vec<(String, Timestamp)> = match outcome {
            Ok(evaluation) => evaluation
                .timers
                .iter()
                .map(|timer| (timer.why.clone(), timer.at.max(case.at + SOONEST_TIMER)))
                .collect(),
            // Whatever else was to come still does: a repeat that is not answered must alert.
            Err(_) => {
                let to_come = case.timers.iter().filter(|(_, at)| **at > case.at).map(|(why, at)| (why.clone(), *at));
                to_come.chain([("failed".to_owned(), case.at + TRY_FAILED_AGAIN)]).collect()
            }
        };
        timers.retain(|(why, _)| why != silence::TIMER);
        timers.extend(silence::next_look(case).map(|at| (silence::TIMER.to_owned(), at)));
        let kept: BTreeSet<&str> = timers.iter().map(|(why, _)| why.as_str()).collect();
        changes.old_timers.extend(case.timers.keys().map(String::as_str).filter(|why| !kept.contains(why)));
        changes.timers.extend(timers.into_iter().filter(|(why, at)| case.timers.get(why) != Some(at)));
    }

    /// Whether *checked* has something to say: new numbers, or earlier ones that failed, are judged.
    pub fn is_news(&self) -> bool {
        self.outcome.is_ok() && (self.case.range().is_some() || self.case.failed_from.is_some())
    }

    /// Whether the patient's first reading made the round trip.
    pub fn goes_live(&self) -> bool {
        self.outcome.is_ok() && self.case.intake.measured && !self.case.person.live
    }

    fn is_test(&self) -> bool {
        self.case.person.organisation == synthetic::ORGANISATION
    }

    fn tasks(&self, stored: &[&Stored]) -> Vec<Finding> {
        let Self { case, outcome } = self;
        let mut tasks = task::of_intake(&case.intake, case.at);
        tasks.extend(silence::task(case, stored));
        if outcome.is_err() {
            tasks.push(task::not_judged(case.at));
        }
        tasks.extend((self.is_test() && !case.history.readings.is_empty()).then(|| task::of_test(case.at)));
        tasks
    }

    /// Whether there may be work for people: only then matters who is there. `stored` as for `alerts`.
    pub fn may_be_work(&self, stored: &[&Stored]) -> bool {
        let no_findings = self.outcome.as_ref().is_ok_and(|evaluation| evaluation.findings.is_empty());
        !(stored.is_empty() && no_findings && self.tasks(stored).is_empty())
    }

    /// Findings and tasks become work for people. `stored`: every open alert of the patient, and those closed within
    /// `REACH`. Each decision comes with the alert that it is about, if that is there already. `duty` is asked only when
    /// there may be work; without it there is none.
    pub fn alerts<'s>(
        &self,
        stored: &'s [&'s Stored],
        duty: impl FnOnce() -> Option<Duty>,
        at: Timestamp,
    ) -> Vec<(Option<&'s Stored>, Decision)> {
        let Self { case, outcome } = self;
        if !self.may_be_work(stored) {
            return Vec::new();
        }
        let Some(mut duty) = duty() else { return Vec::new() };
        let tasks = self.tasks(stored);
        if self.is_test() {
            // No roster names the address that gets the page.
            duty.people = 1;
        }

        let problems: BTreeSet<String> = tasks.iter().map(|task| task.problem.clone()).collect();
        let (of_tasks, of_rules): (Vec<&Stored>, Vec<&Stored>) =
            stored.iter().copied().partition(|stored| task::is_task(&stored.state));
        let of_tasks = of_tasks.into_iter().filter(|stored| problems.contains(&stored.state.problem)).collect();
        let tasks = task::evaluation(tasks, case.at);
        let mut decisions = Vec::new();
        for (evaluation, stored) in [(outcome.as_ref().ok(), of_rules), (Some(&tasks), of_tasks)] {
            let Some(evaluation) = evaluation else { continue };
            let states: Vec<escalation::Alert> = stored.iter().map(|stored| stored.state.clone()).collect();
            for decision in escalation::judge(evaluation, &states, &duty, at) {
                decisions.push((decision.of.map(|index| stored[index]), decision));
            }
        }
        decisions
    }
}
