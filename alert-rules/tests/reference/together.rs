//! What people would call a finding: spells put together, and those that need no rule.

use std::collections::BTreeMap;

use alert_rules::finding::{Extreme, Firing, Side};
use alert_rules::{Kind, Priority, Vital};
use jiff::{SignedDuration, Timestamp};

use crate::known::{What, World};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
pub const SOON: SignedDuration = SignedDuration::from_mins(5);

/// When the ask of a rule's spell was first shown, by rule and beginning.
pub type Shown = BTreeMap<(String, Timestamp), Timestamp>;

/// One stretch of time in which a rule is not quiet.
#[derive(Debug, Clone)]
pub struct Spell {
    pub rule: String,
    pub problem: String,
    pub kind: Kind,
    pub priority: Priority,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    pub received: Timestamp,
    pub doubtful: bool,
    /// Staff took what it began with as it is.
    pub accepted: bool,
    /// The patient was asked.
    pub asked: bool,
    /// Nobody is alarmed before the patient had this long to measure again.
    pub first: Option<SignedDuration>,
    /// It counts only after this long.
    pub after: SignedDuration,
    pub met: BTreeMap<String, Timestamp>,
    pub at_once: Option<Timestamp>,
    pub confirmed: bool,
    pub cleared: bool,
    pub unanswered: bool,
    /// When there was last something to tell people.
    pub heard: Timestamp,
    pub worst: Vec<Extreme>,
}

/// What is compared with the engine's finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub problem: String,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    pub kind: Kind,
    pub priority: Priority,
    pub rule: String,
    pub unconfirmed: bool,
    pub late_minutes: i64,
    pub pending: bool,
    pub worst: Vec<Extreme>,
    pub firings: Vec<Firing>,
}

pub fn is_waiting(spell: &Spell) -> bool {
    spell.first.is_some() && !is_settled(spell)
}

/// When its ask was shown, unless the wait was over by then anyway.
pub fn shown_in_time(spell: &Spell, shown: &Shown) -> Option<Timestamp> {
    let given_up = spell.since + MINUTE + spell.first?;
    let shown = shown.get(&(spell.rule.clone(), spell.since)).copied();
    shown.filter(|shown| spell.asked && *shown <= given_up)
}

pub fn keep_worst(worst: &mut Vec<Extreme>, now: Extreme) {
    let number = |extreme: &Extreme| match (extreme.comparator, extreme.value) {
        (Some(alert_rules::reading::Comparator::High), _) => f64::INFINITY,
        (Some(alert_rules::reading::Comparator::Low), _) => f64::NEG_INFINITY,
        (None, value) => value.unwrap_or(f64::NAN),
    };
    match worst.iter_mut().find(|known| (known.component, known.side) == (now.component, now.side)) {
        None => worst.push(now),
        Some(known) => {
            let is_worse = match now.side {
                Side::High => number(&now) > number(known),
                Side::Low => number(&now) < number(known),
            };
            if is_worse {
                *known = now;
            }
        }
    }
}

fn task(rule: String, problem: String, at: Timestamp, received: Timestamp) -> Spell {
    Spell {
        rule,
        problem,
        kind: Kind::Equipment,
        priority: Priority::Low,
        since: at,
        until: None,
        received: received.max(at),
        doubtful: false,
        accepted: false,
        asked: false,
        first: None,
        after: SignedDuration::ZERO,
        met: BTreeMap::new(),
        at_once: None,
        confirmed: false,
        cleared: false,
        unanswered: false,
        heard: at,
        worst: Vec::new(),
    }
}

/// From a reading without a value to the next with one.
pub fn could_not_measure(world: &World<'_>, vital: Vital, until: Timestamp) -> Vec<Spell> {
    let mut spells: Vec<Spell> = Vec::new();
    for item in world.items.iter().filter(|item| item.at <= until) {
        let What::Reading { vital: of, could_not, measured, .. } = &item.what else { continue };
        let open = spells.last_mut().filter(|spell| spell.until.is_none());
        match open {
            _ if *of != vital => {}
            Some(spell) if *measured => spell.until = Some(item.at),
            Some(spell) if *could_not => spell.confirmed = true,
            None if *could_not => spells.push(task(
                format!("built-in/could-not-measure/{}", vital.name()),
                format!("could not measure {}", vital.words()),
                item.at,
                item.received,
            )),
            _ => {}
        }
    }
    spells
}

/// From a value that cannot be to the next reading that is right; it counts after an hour.
pub fn impossible(world: &World<'_>, vital: Vital, until: Timestamp) -> Vec<Spell> {
    let mut spells: Vec<Spell> = Vec::new();
    for item in world.items.iter().filter(|item| item.at <= until) {
        let What::Reading { vital: of, impossible, measured, .. } = &item.what else { continue };
        let open = spells.last_mut().filter(|spell| spell.until.is_none());
        match open {
            _ if *of != vital => {}
            Some(spell) if *measured && !*impossible => spell.until = Some(item.at),
            None if *impossible => {
                let mut spell = task(
                    format!("built-in/impossible/{}", vital.name()),
                    format!("{} value not possible", vital.words()),
                    item.at,
                    item.received,
                );
                spell.after = SignedDuration::from_mins(60);
                spell.asked = item.received.duration_since(item.at) <= SOON;
                spells.push(spell);
            }
            _ => {}
        }
    }
    spells
}

/// A finding lasts while any spell of its problem does, at the highest priority among them.
pub fn put_together(mut spells: Vec<Spell>, shown: &Shown, at: Timestamp) -> Vec<Found> {
    spells.retain(|spell| {
        let begins = spell.since + spell.after;
        begins <= at && spell.until.is_none_or(|until| begins < until)
    });
    spells.sort_by_key(|spell| {
        (spell.problem.clone(), spell.since + spell.after, std::cmp::Reverse(spell.priority), spell.rule.clone())
    });
    let everything = spells.clone();
    let mut groups: Vec<Vec<Spell>> = Vec::new();
    for spell in spells {
        let begins = spell.since + spell.after;
        let goes_on = |group: &&mut Vec<Spell>| {
            group[0].problem == spell.problem && group.iter().any(|other| other.until.is_none_or(|end| begins <= end))
        };
        match groups.last_mut().filter(goes_on) {
            Some(group) => group.push(spell),
            None => groups.push(vec![spell]),
        }
    }
    groups.iter().map(|group| found(group, &everything, shown, at)).collect()
}

fn found(group: &[Spell], everything: &[Spell], shown: &Shown, at: Timestamp) -> Found {
    let mut firings = Vec::new();
    // One ask a finding: whatever begins while it is out waits with it.
    let mut asked: Option<(&Spell, Timestamp)> = None;
    for spell in group {
        let waits_until = match asked {
            None if spell.asked => {
                let until = match shown_in_time(spell, shown) {
                    Some(shown) => shown + spell.first.unwrap_or_default(),
                    None => spell.received + MINUTE,
                };
                asked = Some((spell, until));
                is_waiting(spell).then_some(until)
            }
            None => None,
            Some((first, until)) => (is_waiting(spell) && !is_settled(first) && spell.since <= until).then_some(until),
        };
        let pending = waits_until.is_some_and(|until| at < until);
        firings.push(Firing {
            rule: spell.rule.clone(),
            since: spell.since + spell.after,
            until: spell.until,
            priority: priority(spell, everything),
            at_once: spell.at_once,
            pending,
            unwatched: false,
        });
    }
    let pending = firings.iter().all(|firing| firing.pending);
    let mut leader = None;
    let mut worst = Vec::new();
    for (spell, firing) in group.iter().zip(&firings).filter(|(_, firing)| pending || !firing.pending) {
        if leader.is_none_or(|(_, priority)| firing.priority > priority) {
            leader = Some((spell, firing.priority));
        }
        spell.worst.iter().for_each(|extreme| keep_worst(&mut worst, *extreme));
    }
    worst.sort_by_key(|extreme| (extreme.component, extreme.side));
    let (leader, priority) = leader.expect("a group has a spell");
    let end = if group.iter().any(|spell| spell.until.is_none()) {
        None
    } else {
        group.iter().filter_map(|spell| spell.until).max()
    };
    let late = leader.received.duration_since(leader.since);
    let asks_first = leader.first.is_some() && leader.at_once.is_none();
    Found {
        problem: leader.problem.clone(),
        start: group[0].since + group[0].after,
        end,
        kind: leader.kind,
        priority,
        rule: leader.rule.clone(),
        unconfirmed: (asks_first || leader.doubtful) && !leader.accepted && !leader.confirmed && !leader.cleared,
        late_minutes: if late > SOON { late.as_mins() } else { 0 },
        pending,
        worst,
        firings,
    }
}

fn is_settled(spell: &Spell) -> bool {
    spell.at_once.is_some() || spell.confirmed || spell.cleared || spell.unanswered
}

fn priority(spell: &Spell, everything: &[Spell]) -> Priority {
    if spell.cleared {
        return Priority::Low;
    }
    let beside = |other: &&Spell| {
        other.priority > Priority::Low
            && other.since <= spell.since
            && other.until.is_none_or(|until| until > spell.since)
    };
    let could_not = spell.rule.starts_with("built-in/could-not-measure/");
    if could_not && (spell.confirmed || everything.iter().any(|other| beside(&other))) {
        return Priority::Medium;
    }
    spell.priority
}
