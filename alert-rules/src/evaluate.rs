//! The one question: given what is stored, what is wrong with this patient, and when must we look again?
//!
//! `evaluate` is pure and total: no clock, no chance, no I/O, no panic. The same history, facts, rulebook and instant
//! give the same findings, in whatever order the history arrived.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::applies;
use crate::calendar::{Calendar, after, before};
use crate::compose::{compose, wait_until};
use crate::doubt::{self, OWN_AGREE_WITHIN, OWN_WITHIN};
use crate::everybody::{self, CANNOT_APPLY, CANNOT_JUDGE, COULD_NOT_MEASURE, IMPOSSIBLE, JUDGED_WITHIN};
use crate::expression::walk::SLOTS_APART;
use crate::facts::Facts;
use crate::finding::{Finding, Firing};
use crate::fold::{Fold, Person, SHOW_WITHIN};
use crate::limits::Limits;
use crate::reading::{History, Shown};
use crate::rule::{Rule, Rulebook};
use crate::timeline::Timeline;
use crate::vital::Vital;
use crate::watch::{Step, Watch, What};

/// Re-judging reaches this far back; older arrivals are charted only.
pub const REACH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What `evaluate` concludes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// All findings that overlap [from, at]. Stored ones of this patient with `start >= from` that are not among these
    /// are no more: delete them (their alerts stay, annotated).
    pub findings: Vec<Finding>,
    /// All spells that overlap [from, ∞): they replace the stored ones that do.
    pub watches: Vec<Watch>,
    /// To send now; asks that were in `watches` before are not repeated.
    pub asks: Vec<Ask>,
    /// When to evaluate again although nothing arrived: all of them; they replace the patient's stored timers.
    pub timers: Vec<Timer>,
    /// Event time up to which everything is folded: the next evaluation's `from`, unless something earlier is touched.
    pub folded_through: Timestamp,
    /// Spells that ended before this may be forgotten: no re-judging and no open finding needs them.
    pub forget_before: Timestamp,
    /// Where this fold began: `from`, but not before the plan and not more than `REACH` before `at`.
    pub folded_from: Timestamp,
}

/// A request to the patient to measure again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub id: Uuid,
    /// `pack/rule`, or `built-in/…` for a value that was not possible.
    pub rule: String,
    pub vital: Vital,
    /// What to do before.
    pub first: Option<String>,
    pub text: String,
    /// A questionnaire to ask along with it.
    pub symptoms: Option<String>,
    /// After this nobody waits for the answer any more.
    pub until: Timestamp,
}

/// When to look again. `why` is unique within one evaluation: `repeat:hypertension/severe`, `slot:…`, `day`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    pub why: String,
    pub at: Timestamp,
}

/// Folds event time from `from` (the earliest touched instant or the last `folded_through`, whichever is earlier) to
/// `at`, given every kept spell of the patient and the history since `from` minus `Rulebook::lookback`.
pub fn evaluate(
    rulebook: &Rulebook,
    facts: &Facts,
    from: Timestamp,
    watches: &[Watch],
    history: &History,
    at: Timestamp,
) -> Evaluation {
    let from = from.max(facts.plan.since).max(before(at, REACH)).min(at);
    let timeline = Timeline::new(history, facts.plan.since, &rulebook.asked);
    let calendar = Calendar::new(facts);
    let shown = first_shown(history);
    let person =
        Person { patient: history.patient, facts, timeline: &timeline, calendar: &calendar, shown: &shown, from, at };
    let kept: Vec<Watch> = watches.iter().filter_map(|watch| watch.before(from)).collect();
    let (over, mut open): (Vec<Watch>, Vec<Watch>) = kept.into_iter().partition(|watch| watch.until.is_some());
    let mut take_open =
        |rule: &str| open.iter().position(|watch| watch.rule == rule).map(|index| open.swap_remove(index));

    let mut spells = Vec::new();
    let mut timers = Timers { at, timers: Vec::new() };
    if at >= facts.plan.since {
        spells.extend(applies::watch(&person, rulebook, watches));
        for pack in rulebook.packs().iter().filter(|pack| facts.plan.packs.contains(&pack.name)) {
            let limits = Limits::new(pack, facts);
            for rule in &pack.rules {
                let fold = Fold { person, pack, rule, limits: &limits, resumed: None };
                let stop = rulebook.stop(&rule.id);
                let folded = match stop {
                    None => fold.run(take_open(&rule.id)),
                    Some(stop) => fold.run_but_for(stop, take_open(&rule.id)),
                };
                if let Some(stop) = stop {
                    timers.add(|| "stopped".to_owned(), Some(stop.until));
                    if at < stop.until {
                        spells.extend(folded);
                        continue;
                    }
                }
                if folded.last().is_none_or(|watch| watch.until.is_some()) {
                    timers.add(|| format!("slot:{}", rule.id), fold.overdue_next());
                }
                spells.extend(folded);
                if rule.may_skip.is_none() {
                    let open = take_open(&format!("{CANNOT_JUDGE}{}", rule.id));
                    spells.extend(everybody::cannot_judge(&fold, open));
                    timers.add(|| "judged".to_owned(), Some(everybody::judged_next(&person)));
                }
            }
        }
        for vital in everybody::vitals_without_value(&person, watches) {
            spells.extend(everybody::could_not_measure(
                &person,
                vital,
                take_open(&format!("{COULD_NOT_MEASURE}{}", vital.name())),
            ));
            spells.extend(everybody::impossible(&person, vital, take_open(&format!("{IMPOSSIBLE}{}", vital.name()))));
        }
    }
    open.retain(|watch| !watch.rule.starts_with(CANNOT_APPLY));
    // What is left belongs to rules that no longer watch this patient.
    spells.extend(open.into_iter().map(|mut watch| {
        watch.until = Some(from);
        watch.steps.push(Step { at: from, what: What::Unwatched });
        watch
    }));
    spells.sort_unstable_by(|one, other| (one.since, &one.rule).cmp(&(other.since, &other.rule)));

    let returned = spells.len();
    spells.extend(over);
    let all_findings = compose(&spells, &shown, at);
    let keep_from = all_findings.iter().filter(|finding| finding.end.is_none_or(|end| end >= before(at, REACH)));
    let forget_before = keep_from.map(|finding| finding.start).min().unwrap_or(at).min(before(at, REACH));
    let findings: Vec<Finding> =
        all_findings.into_iter().filter(|finding| finding.end.is_none_or(|end| end >= from)).collect();
    spells.truncate(returned);

    let asks = asks(rulebook, &findings, &spells, watches, at);
    for watch in &spells {
        timers.of_spell(watch, &shown, &calendar);
    }
    timers.add(|| "future".to_owned(), timeline.items.iter().map(|item| item.at).find(|item| *item > at));
    Evaluation {
        findings,
        watches: spells,
        asks,
        timers: timers.timers,
        folded_through: at,
        folded_from: from,
        forget_before,
    }
}

impl Rulebook {
    /// How far before the fold's `from` the history must reach.
    pub fn lookback(&self, facts: &Facts) -> SignedDuration {
        let packs = self.packs().iter().filter(|pack| facts.plan.packs.contains(&pack.name));
        // What a value is held against lies before it.
        let held_against = |rule: &Rule| {
            if rule.uses.vitals.iter().any(|vital| doubt::has_own(*vital)) { OWN_WITHIN } else { SignedDuration::ZERO }
        };
        let longest = packs.flat_map(|pack| &pack.rules).map(|rule| rule.uses.lookback + held_against(rule)).max();
        // What a rule looks back for slots is for those of a week.
        let slots_apart = facts.plan.slots_apart().saturating_sub(SLOTS_APART).max(SignedDuration::ZERO);
        // Two days more, for odd values that agree across the edge.
        let edge = OWN_AGREE_WITHIN + SignedDuration::from_hours(1);
        longest.unwrap_or_default().max(JUDGED_WITHIN).saturating_add(slots_apart).saturating_add(edge)
    }
}

fn first_shown(history: &History) -> BTreeMap<Uuid, Timestamp> {
    let mut shown: BTreeMap<Uuid, Timestamp> = BTreeMap::new();
    for Shown { ask, at } in &history.shown {
        shown.entry(*ask).and_modify(|known| *known = (*known).min(*at)).or_insert(*at);
    }
    shown
}

/// What to send now: one ask per finding, none twice, none that nobody would wait for.
fn asks(rulebook: &Rulebook, findings: &[Finding], spells: &[Watch], before: &[Watch], at: Timestamp) -> Vec<Ask> {
    let sent = |id: Uuid| before.iter().any(|watch| watch.ask == Some(id));
    let mut asks = Vec::new();
    for watch in spells {
        let Some(id) = watch.ask.filter(|id| !sent(*id)) else { continue };
        // Where people are alarmed at once as well, nothing that happened makes the question needless.
        let is_needless = watch.terms.repeat_s.is_some() && watch.is_settled();
        if watch.until.is_some() || is_needless || at > after(watch.received_at, SHOW_WITHIN) {
            continue;
        }
        let mut chain = findings.iter().filter(|finding| finding.problem == watch.terms.problem).flat_map(|finding| {
            let of_this = finding.firings.iter().any(|firing| firing.rule == watch.rule && firing.since == watch.since);
            finding.firings.iter().filter(move |_| of_this)
        });
        let is_other_ask = |firing: &Firing| {
            let asking =
                |other: &&Watch| other.rule == firing.rule && other.since == firing.since && other.ask.is_some();
            spells.iter().chain(before).any(|other| asking(&other))
        };
        // Firings stand in the order in which they began, and the first to ask asks for all.
        let first = chain.find(|firing| is_other_ask(firing));
        if first.is_some_and(|firing| firing.rule != watch.rule || firing.since != watch.since) {
            continue;
        }
        asks.extend(ask(rulebook, watch, id));
    }
    asks
}

fn ask(rulebook: &Rulebook, watch: &Watch, id: Uuid) -> Option<Ask> {
    let rule = watch.rule.clone();
    let shown_by = after(watch.received_at, SHOW_WITHIN);
    if let Some(vital) = watch.rule.strip_prefix(IMPOSSIBLE).and_then(Vital::named) {
        let until = after(watch.received_at, SignedDuration::from_secs(watch.terms.after_s));
        return Some(Ask {
            id,
            rule,
            vital,
            first: None,
            text: vital.facts().ask_again.to_owned(),
            symptoms: None,
            until,
        });
    }
    let (_, known) = rulebook.rule(&watch.rule)?;
    let repeat = known.repeat.as_ref()?;
    Some(Ask {
        id,
        rule,
        vital: *known.uses.repeated.first()?,
        first: Some(repeat.first.clone()),
        text: repeat.ask.clone(),
        symptoms: repeat.symptoms.clone(),
        until: after(shown_by, repeat.within),
    })
}

struct Timers {
    at: Timestamp,
    timers: Vec<Timer>,
}

impl Timers {
    /// Keeps the earliest of each `why` that is still to come.
    fn add(&mut self, why: impl FnOnce() -> String, at: Option<Timestamp>) {
        let Some(at) = at.filter(|at| *at > self.at && *at < Timestamp::MAX) else { return };
        let why = why();
        match self.timers.iter_mut().find(|timer| timer.why == why) {
            Some(timer) => timer.at = timer.at.min(at),
            None => self.timers.push(Timer { why, at }),
        }
    }

    fn of_spell(&mut self, watch: &Watch, shown: &BTreeMap<Uuid, Timestamp>, calendar: &Calendar<'_>) {
        if watch.until.is_some() {
            return;
        }
        self.add(|| "day".to_owned(), Some(calendar.next_look(self.at)));
        let task_at = after(watch.since, SignedDuration::from_secs(watch.terms.after_s));
        self.add(|| format!("task:{}", watch.rule), Some(task_at));
        if let (Some(repeat_s), false) = (watch.terms.repeat_s, watch.is_settled()) {
            let name = || format!("repeat:{}", watch.rule);
            let given_up = watch.shown_at(shown).unwrap_or(after(watch.since, SHOW_WITHIN));
            self.add(name, watch.ask.map(|_| wait_until(watch, shown)));
            self.add(name, Some(after(given_up, SignedDuration::from_secs(repeat_s))));
        }
    }
}
