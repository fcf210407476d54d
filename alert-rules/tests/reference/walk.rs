//! One rule after the other, moment after moment.

use std::collections::BTreeMap;

use alert_rules::expression::{Condition, ConditionKind, Wanted};
use alert_rules::facts::{Due, Facts};
use alert_rules::finding::{Extreme, Side};
use alert_rules::rule::{Clause, Join, Pack, Rule, RulePriority};
use alert_rules::{Component, History, Kind, Priority, Rulebook, Vital};
use jiff::{SignedDuration, Timestamp};

use crate::known::{STEP, What, World};
use crate::names::{named, worse};
use crate::together::{
    Found, SOON, Shown, Spell, could_not_measure, impossible, is_waiting, keep_worst, put_together, shown_in_time,
};
use crate::truth::Moment;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// All findings at `at`.
pub fn findings(rulebook: &Rulebook, facts: &Facts, history: &History, shown: &Shown, at: Timestamp) -> Vec<Found> {
    let world = World::new(facts, history);
    let mut spells = Vec::new();
    for pack in rulebook.packs().iter().filter(|pack| facts.plan.packs.contains(&pack.name)) {
        for rule in &pack.rules {
            spells.extend(Walk { world: &world, pack, rule, shown, until: at }.spells());
        }
    }
    for vital in Vital::ALL {
        spells.extend(could_not_measure(&world, vital, at));
        spells.extend(impossible(&world, vital, at));
    }
    put_together(spells, shown, at)
}

struct Walk<'a> {
    world: &'a World<'a>,
    pack: &'a Pack,
    rule: &'a Rule,
    shown: &'a Shown,
    until: Timestamp,
}

impl Walk<'_> {
    fn spells(&self) -> Vec<Spell> {
        let (mut over, mut open): (Vec<Spell>, Option<Spell>) = (Vec::new(), None);
        let (mut known, mut last) = (0, None::<Timestamp>);
        loop {
            // Items of a kind that the rule does not name are no reason to look.
            while self.world.items.get(known).is_some_and(|item| !self.names(&item.what)) {
                known += 1;
            }
            let item = self.world.items.get(known).filter(|item| item.at <= self.until);
            let timer = self.timer(open.as_ref(), known, last, item.map_or(self.until, |item| item.at));
            let (at, item) = match (item, timer) {
                (Some(item), Some(timer)) if timer < item.at => (timer, None),
                (Some(item), _) => (item.at, Some(&item.what)),
                (None, Some(timer)) => (timer, None),
                (None, None) => break,
            };
            let received = item.map_or(at, |_| self.world.items[known].received.max(at));
            known += usize::from(item.is_some());
            let moment = Moment { world: self.world, pack: self.pack, at, known, clearing: false, only: None };
            open = match open {
                None => self.begin(&moment, item, received),
                Some(spell) => {
                    let spell = self.go_on(spell, &moment, item);
                    if spell.until.is_some() {
                        over.push(spell);
                        None
                    } else {
                        Some(spell)
                    }
                }
            };
            last = Some(at);
        }
        over.extend(open);
        over
    }

    /// When it is looked at although nothing came: a quiet rule when something becomes overdue; one that is not, at four in
    /// the morning and when the patient had the time to measure again.
    fn timer(
        &self,
        open: Option<&Spell>,
        known: usize,
        last: Option<Timestamp>,
        before: Timestamp,
    ) -> Option<Timestamp> {
        let since = self.world.facts.plan.since;
        match open {
            Some(spell) => {
                let last = last.expect("a spell began somewhere");
                let waits = self.waits_until(spell).filter(|end| *end > last);
                waits.into_iter().chain([self.world.next_morning(last)]).min().filter(|timer| *timer <= self.until)
            }
            None => {
                let overdue = self.overdue();
                if overdue.is_empty() {
                    return None;
                }
                let is_overdue = |at: Timestamp, (due, grace): &(Due, SignedDuration)| {
                    let moment = Moment { world: self.world, pack: self.pack, at, known, clearing: false, only: None };
                    moment.is_overdue(due, *grace)
                };
                let passed = last.unwrap_or(since).duration_since(since).as_secs() / STEP.as_secs();
                let mut at = since + STEP * passed as i32;
                let mut was: Vec<bool> =
                    overdue.iter().map(|each| is_overdue(at.max(last.unwrap_or(since)), each)).collect();
                loop {
                    at += STEP;
                    if at > before {
                        return None;
                    }
                    let is: Vec<bool> = overdue.iter().map(|each| is_overdue(at, each)).collect();
                    if was.iter().zip(&is).any(|(was, is)| !was && *is) {
                        return Some(at);
                    }
                    was = is;
                }
            }
        }
    }

    fn begin(&self, moment: &Moment<'_>, item: Option<&What>, received: Timestamp) -> Option<Spell> {
        if moment.clause(&self.rule.when) != Some(true) {
            return None;
        }
        let repeat = self.rule.repeat.as_ref();
        let doubtful = Moment { clearing: true, ..*moment }.clause(&self.rule.when) != Some(true);
        let looked_at = self.rule.vitals().iter().flat_map(|vital| vital.components());
        let mut accepted = looked_at.flat_map(|component| self.world.accepted(component));
        let mut spell = Spell {
            rule: self.rule.id.clone(),
            problem: self.rule.problem.clone(),
            kind: self.rule.kind,
            priority: match self.rule.priority {
                RulePriority::Fixed(priority) => priority,
                RulePriority::FromPlan => self.world.facts.plan.absence_priority,
            },
            since: moment.at,
            until: None,
            received,
            doubtful,
            accepted: !doubtful && accepted.any(|(at, _)| at == moment.at),
            asked: false,
            first: repeat.filter(|repeat| !repeat.alert_at_once).map(|repeat| repeat.within),
            after: SignedDuration::ZERO,
            met: BTreeMap::new(),
            at_once: None,
            confirmed: false,
            cleared: false,
            unanswered: false,
            heard: moment.at,
            worst: Vec::new(),
        };
        self.see(&mut spell, moment, item);
        let in_time = received.duration_since(moment.at) <= SOON;
        spell.asked = in_time && repeat.is_some_and(|repeat| repeat.alert_at_once || spell.at_once.is_none());
        Some(spell)
    }

    fn go_on(&self, mut spell: Spell, moment: &Moment<'_>, item: Option<&What>) -> Spell {
        self.see(&mut spell, moment, item);
        let certain = Moment { clearing: true, ..*moment };
        let fires = moment.clause(&self.rule.when);
        let is_clear = match &self.rule.clear {
            Some(clear) => certain.clause(clear) == Some(true),
            None => certain.clause(&self.rule.when) == Some(false),
        };
        let is_clear = is_clear && fires != Some(true);
        if is_waiting(&spell) {
            if item.is_some() && self.measured_again(&spell, moment.known) {
                if is_clear {
                    spell.cleared = true;
                    spell.until = Some(moment.at);
                } else {
                    spell.confirmed = true;
                    spell.heard = moment.at;
                }
            } else if self.waits_until(&spell).is_some_and(|end| end <= moment.at) {
                spell.unanswered = true;
                spell.heard = moment.at;
            }
            return spell;
        }
        if spell.doubtful && !spell.confirmed && certain.clause(&self.rule.when) == Some(true) {
            spell.confirmed = true;
            spell.heard = moment.at;
        }
        if is_clear && moment.at > spell.since {
            spell.until = Some(moment.at);
        }
        spell
    }

    /// The worst values and what of `at_once` is newly so.
    fn see(&self, spell: &mut Spell, moment: &Moment<'_>, item: Option<&What>) {
        if let Some(What::Reading { .. } | What::Answers { .. }) = item {
            let is_of_answers = matches!(item, Some(What::Answers { .. }));
            for (component, side) in self.worse() {
                if is_of_answers != (component == Component::Gad7) {
                    continue;
                }
                let values = self.world.values(component, moment.known);
                let Some(last) = values.last().filter(|last| last.at == moment.at) else { continue };
                let (value, comparator) = (last.value.measured.value, last.value.measured.comparator);
                let now = Extreme { component, side, value, comparator, at: moment.at };
                keep_worst(&mut spell.worst, now);
            }
        }
        let mut met = Vec::new();
        if let Some(at_once) = &self.rule.at_once {
            let parts: Vec<&[Condition]> = match at_once.join {
                Join::Any => at_once.conditions.chunks(1).collect(),
                Join::All => vec![&at_once.conditions],
            };
            for (index, part) in parts.into_iter().enumerate() {
                if part.iter().all(|condition| moment.truth(condition) == Some(true)) {
                    met.push(match part {
                        [
                            Condition {
                                kind: ConditionKind::Answer { link, wanted: Wanted::Yes, negated: false }, ..
                            },
                        ] => link.clone(),
                        _ => format!("number {index}"),
                    });
                }
            }
        }
        if let Some(What::Answers { questionnaire, answers, .. }) = item
            && self.is_symptoms(questionnaire)
        {
            met.extend(answers.iter().filter(|(_, answer)| answer.yes() == Some(true)).map(|(link, _)| link.clone()));
        }
        for name in met {
            let again = |last: &Timestamp| item.is_some() && moment.at.duration_since(*last).as_hours() >= 18;
            if spell.met.get(&name).is_none_or(again) {
                spell.met.insert(name, moment.at);
                spell.at_once = Some(moment.at);
                spell.heard = moment.at;
            }
        }
        // Nothing new, and a reading that is no better: a high one is told again the next day, a medium one on the third. Averages are not.
        let hours = match spell.priority {
            Priority::High => 18,
            Priority::Medium => 3 * 24 - 6,
            Priority::Low => i64::MAX,
        };
        if spell.kind == Kind::Clinical
            && matches!(item, Some(What::Reading { .. }))
            && self.rule.when.conditions.iter().any(|condition| !named(condition).0.is_empty())
            && !is_waiting(spell)
            && moment.at.duration_since(spell.heard) >= SignedDuration::from_hours(hours.min(1_000_000))
            && moment.clause(&self.rule.when) == Some(true)
        {
            spell.at_once = Some(moment.at);
            spell.heard = moment.at;
        }
    }

    fn waits_until(&self, spell: &Spell) -> Option<Timestamp> {
        let within = spell.first.filter(|_| is_waiting(spell))?;
        Some(shown_in_time(spell, self.shown).unwrap_or(spell.since + MINUTE) + within)
    }

    /// All that the vitals which `when` names are measured for, by themselves or along with another.
    fn measured_again(&self, spell: &Spell, known: usize) -> bool {
        let mut components = Vec::new();
        for condition in &self.rule.when.conditions {
            let vitals = named(condition).0.into_iter().filter_map(Component::vital);
            components.extend(vitals.flat_map(|vital| vital.facts().required));
        }
        let again = |component: &&Component| {
            self.world.values(**component, known).iter().any(|known| known.at > spell.since && !known.value.standing)
        };
        !components.is_empty() && components.iter().all(again)
    }

    fn clauses(&self) -> Vec<&Condition> {
        let rule = self.rule;
        let clauses: [Option<&Clause>; 3] = [Some(&rule.when), rule.at_once.as_ref(), rule.clear.as_ref()];
        clauses.into_iter().flatten().flat_map(|clause| &clause.conditions).collect()
    }

    fn overdue(&self) -> Vec<(Due, SignedDuration)> {
        self.clauses().into_iter().flat_map(|condition| named(condition).2).collect()
    }

    fn is_symptoms(&self, questionnaire: &str) -> bool {
        let symptoms = self.rule.repeat.as_ref().and_then(|repeat| repeat.symptoms.as_deref());
        symptoms.is_some_and(|name| questionnaire.split('|').next() == Some(name))
    }

    /// Whether the rule names something that an item of this kind may say.
    fn names(&self, what: &What) -> bool {
        let (mut vitals, mut answers) = (Vec::new(), false);
        for condition in self.clauses() {
            let (bare, functions, overdue, asks) = named(condition);
            vitals.extend(bare.into_iter().chain(functions).filter_map(Component::vital));
            vitals.extend(overdue.into_iter().filter_map(|(due, _)| match due {
                Due::Vital(vital) => Some(vital),
                Due::Questionnaire(_) => None,
            }));
            answers |= asks;
        }
        match what {
            What::Event(_) => answers,
            What::Answers { questionnaire, .. } => answers || self.is_symptoms(questionnaire),
            What::Reading { vital, .. } => {
                vitals.contains(vital)
                    || vital.components().filter_map(Component::vital).any(|vital| vitals.contains(&vital))
            }
        }
    }

    /// Components whose single values make `when` true, and which way.
    fn worse(&self) -> Vec<(Component, Side)> {
        let mut found = Vec::new();
        for condition in &self.rule.when.conditions {
            worse(condition, true, &mut found);
        }
        found
    }
}
