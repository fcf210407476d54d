//! Whether what a plan assigns can be applied: the pack is there and is for this patient, its limits are there and in
//! range. What cannot be applied is a task for a person, never passed over in silence.

use jiff::Timestamp;

use crate::calendar::Calendar;
use crate::everybody::{CANNOT_APPLY, reason, terms};
use crate::expression::evaluator::{Instant, Mode};
use crate::facts::{Facts, Pause};
use crate::finding::{Kind, Priority};
use crate::fold::Person;
use crate::limits::{self, Limits};
use crate::print::sentence;
use crate::questionnaire::Asked;
use crate::reading::History;
use crate::rule::{Pack, Rulebook};
use crate::stop::Stop;
use crate::timeline::Timeline;
use crate::vital::Vital;
use crate::watch::{Step, Terms, Watch, What};

impl Pack {
    /// Whether it may watch somebody of whom this is known. None: not known, which refuses a plan as well.
    pub fn applies_to(&self, facts: &Facts, at: Timestamp) -> Option<bool> {
        let Some(applies) = &self.applies else { return Some(true) };
        let history = History::default();
        let asked = Asked::default();
        let (timeline, calendar) = (Timeline::new(&history, facts.plan.since, &asked), Calendar::new(facts));
        let limits = Limits::new(self, facts);
        let instant = Instant {
            timeline: &timeline,
            calendar: &calendar,
            facts,
            limits: &limits,
            at,
            order: 0,
            mode: Mode::Raise,
            stretch: jiff::SignedDuration::ZERO,
            only: None,
        };
        instant.clause(applies)
    }

    /// It is for this person, who measures all that its rules cannot do without.
    pub fn fits(&self, facts: &Facts, measures: &[Vital], at: Timestamp) -> bool {
        let needed = self.rules.iter().filter(|rule| rule.may_skip.is_none()).flat_map(|rule| rule.vitals());
        let mut needed = needed.peekable();
        needed.peek().is_some()
            && needed.all(|vital| measures.contains(vital))
            && self.applies_to(facts, at) == Some(true)
    }

    /// Whom it is for, in words: `when age is at or above 18 and the patient is not marked “pregnant”`.
    pub fn applies_in_words(&self) -> String {
        self.applies.as_ref().map_or_else(
            || "for everybody".to_owned(),
            |applies| {
                let (join, conditions) = sentence::clause(applies, &self.limits);
                format!("{join} {}", conditions.join("; "))
            },
        )
    }
}

/// The rule of the task that a pause the patient asks for makes. Like what cannot be applied it begins and ends when somebody
/// looks, and is named among that.
pub const ASKED_PAUSE: &str = "built-in/cannot-apply/asked-pause";

/// A task for a person.
struct Task {
    rule: String,
    problem: String,
    priority: Priority,
    why: String,
    closes_itself: bool,
}

impl Task {
    fn cannot_apply(name: &str, priority: Priority, why: String) -> Task {
        let (rule, problem) = (format!("{CANNOT_APPLY}{name}"), format!("{name} cannot be applied"));
        Task { rule, problem, priority, why, closes_itself: false }
    }

    /// Nobody has said yes or no, and until somebody does it stays, also when the days are over. Each wish is a problem of its own:
    /// what the patient asks for next takes its place, and must be heard.
    fn asked_pause(facts: &Facts, pause: &Pause) -> Task {
        let day = |at| facts.time_zone.to_datetime(at).strftime("%-d %B");
        let problem = format!("asks to pause measuring from {} until {}", day(pause.from), day(pause.until));
        let why = format!("{problem}: say yes or no");
        Task { rule: ASKED_PAUSE.to_owned(), problem, priority: Priority::Low, why, closes_itself: true }
    }
}

/// What of the plan cannot be applied at this instant, and what waits to become a part of it.
fn tasks(rulebook: &Rulebook, facts: &Facts, at: Timestamp) -> Vec<Task> {
    let mut found = Vec::new();
    for name in &facts.plan.packs {
        match rulebook.pack(name) {
            None => {
                let why = format!(
                    "the plan names the pack {name}, and the rules in force have none: nothing of it is watched"
                );
                found.push(Task::cannot_apply(name, Priority::Medium, why));
            }
            Some(pack) if pack.applies_to(facts, at) == Some(false) => {
                let why = format!("the pack {name} watches this person, and is only {}", pack.applies_in_words());
                found.push(Task::cannot_apply(name, Priority::Low, why));
            }
            Some(_) => {}
        }
    }
    let watched = |stop: &&Stop| {
        stop.rule.split_once('/').is_some_and(|(pack, _)| facts.plan.packs.iter().any(|own| own == pack))
    };
    for stop in rulebook.stops.iter().filter(|stop| stop.from <= at && at < stop.until).filter(watched) {
        let until = facts.time_zone.to_datetime(stop.until).strftime("%-d %B %Y at %H:%M");
        let why = format!(
            "the rule {} is stopped until {until} ({}, by {}): nothing of it is watched",
            stop.rule, stop.why, stop.by
        );
        found.push(Task::cannot_apply(&stop.rule, Priority::Medium, why));
    }
    let asked = facts.pauses.iter().rev().find(|pause| pause.asked);
    found.extend(asked.map(|pause| Task::asked_pause(facts, pause)));
    for (name, own) in facts.plan.limits.iter().filter(|(_, own)| own.until.is_none_or(|until| at < until)) {
        let Some((pack, limit)) = name.split_once('/') else { continue };
        let Some(pack) = rulebook.pack(pack).filter(|pack| facts.plan.packs.contains(&pack.name)) else { continue };
        let known = pack.limits.iter().find(|known| known.name == limit);
        let why = match known.map(|known| (known, limits::canonical(known, own))) {
            None => "the rules in force have no such limit: the pack's own rules apply",
            Some((_, None)) => "it is in a unit that the limit does not have: the pack's own limit applies",
            Some((known, Some(value))) if !known.range.holds(value) => {
                "it is outside what the pack allows: it applies only if it is the stricter"
            }
            Some(_) => continue,
        };
        let why = format!("the plan's own {name} cannot be applied: {why}");
        found.push(Task::cannot_apply(name, Priority::Medium, why));
    }
    found
}

/// A spell for each, from when it is first seen until it is so no more. `kept`: every spell known before this evaluation.
pub(crate) fn watch(person: &Person<'_>, rulebook: &Rulebook, kept: &[Watch]) -> Vec<Watch> {
    let tasks = tasks(rulebook, person.facts, person.at);
    let is_ours = |watch: &&Watch| watch.rule.starts_with(CANNOT_APPLY) && watch.until.is_none();
    let is_of = |task: &Task, watch: &Watch| task.rule == watch.rule && task.problem == watch.terms.problem;
    let open: Vec<&Watch> = kept.iter().filter(is_ours).collect();
    let over = open.iter().filter(|watch| !tasks.iter().any(|task| is_of(task, watch)));
    // One that was over in the instant in which it began leaves no trace: another of its rule may begin there.
    let over = over.filter(|watch| watch.since != person.at);
    let mut spells: Vec<Watch> =
        over.map(|watch| Watch { until: Some(person.at.max(watch.since)), ..(*watch).clone() }).collect();
    for task in tasks {
        if let Some(known) = open.iter().find(|watch| is_of(&task, watch)) {
            spells.push((*known).clone());
            continue;
        }
        let Task { rule, problem, priority, why, closes_itself } = task;
        let since = if rule == ASKED_PAUSE {
            // It is not a part of the facts, and what is asked for again must begin after what was answered before.
            person.at
        } else {
            person.facts.valid_from.unwrap_or(person.from).max(person.from).min(person.at)
        };
        let terms = Terms { priority, closes_itself, ..terms(&problem, Kind::Service) };
        let opened = What::Opened(vec![reason(&rule, since, why)]);
        spells.push(Watch {
            rule,
            terms,
            since,
            until: None,
            received_at: since,
            doubtful: false,
            accepted: false,
            ask: None,
            steps: vec![Step { at: since, what: opened }],
        });
    }
    spells
}
