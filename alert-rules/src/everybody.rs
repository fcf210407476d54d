//! What is watched for everybody, whatever the packs: a vital that could not be measured, a value that was not possible,
//! a rule that cannot be judged. Each becomes a task, so nothing is passed over in silence.

use jiff::{SignedDuration, Timestamp};

use crate::calendar::after;
use crate::finding::{Kind, Priority};
use crate::fold::{ASK_WITHIN, Fold, Person, ask_id};
use crate::reason::Reason;
use crate::timeline::{Item, Submitted};
use crate::vital::Vital;
use crate::watch::{Step, Terms, Watch, What};

/// A value that was not possible is measured anew in this time, or a person looks.
const IMPOSSIBLE_TASK_AFTER: SignedDuration = SignedDuration::from_mins(60);
/// A rule is asked this often, counted from the plan's beginning, whether it can be judged at all.
pub(crate) const JUDGED_EVERY: SignedDuration = SignedDuration::from_hours(14 * 24);
/// For that question a value is fresh this long.
pub(crate) const JUDGED_WITHIN: SignedDuration = SignedDuration::from_hours(8 * 24);

pub(crate) const COULD_NOT_MEASURE: &str = "built-in/could-not-measure/";
pub(crate) const IMPOSSIBLE: &str = "built-in/impossible/";
pub(crate) const CANNOT_JUDGE: &str = "built-in/cannot-judge/";
pub(crate) const CANNOT_APPLY: &str = "built-in/cannot-apply/";

/// Vitals with a reading that has no usable value, or with a spell that is open: all others need no walk.
pub(crate) fn vitals_without_value(person: &Person<'_>, watches: &[Watch]) -> Vec<Vital> {
    let open = |vital: &Vital| {
        let name = |prefix: &str, rule: &str| rule.strip_prefix(prefix) == Some(vital.name());
        watches.iter().any(|watch| name(COULD_NOT_MEASURE, &watch.rule) || name(IMPOSSIBLE, &watch.rule))
    };
    let first = person.timeline.first_at(person.from);
    let odd = |item: &Item<'_>| match &item.what {
        Submitted::Reading { reading, flags, .. } if flags.impossible || !item.is_measured(reading.vital) => {
            Some(reading.vital)
        }
        _ => None,
    };
    let mut vitals: Vec<Vital> = person.timeline.items[first..].iter().filter_map(odd).collect();
    vitals.extend(Vital::ALL.iter().filter(|vital| open(vital)));
    vitals.sort_unstable();
    vitals.dedup();
    vitals
}

/// From a reading without a value until the next with one. A second in a row is logged as `Confirmed`.
pub(crate) fn could_not_measure(person: &Person<'_>, vital: Vital, open: Option<Watch>) -> Vec<Watch> {
    let rule = format!("{COULD_NOT_MEASURE}{}", vital.name());
    let problem = format!("could not measure {}", vital.words());
    let has_value = |item: &Item<'_>| item.is_measured(vital);
    walk(person, vital, open, has_value, |item, watch| {
        let Submitted::Reading { reading, .. } = &item.what else { return None };
        reading.absent?;
        let reason = reason(&rule, item.at, format!("{} could not be measured", vital.words()));
        match watch {
            Some(mut watch) => {
                watch.steps.push(Step { at: item.at, what: What::Confirmed(vec![reason]) });
                Some(watch)
            }
            None => Some(begin(&rule, terms(&problem, Kind::Equipment), item, reason)),
        }
    })
}

/// From a value that was not possible until the next one that is. The patient is asked; an hour later it is a task.
pub(crate) fn impossible(person: &Person<'_>, vital: Vital, open: Option<Watch>) -> Vec<Watch> {
    let rule = format!("{IMPOSSIBLE}{}", vital.name());
    let problem = format!("{} value not possible", vital.words());
    let is_right = |item: &Item<'_>| item.is_measured(vital) && !item.is_impossible();
    walk(person, vital, open, is_right, |item, watch| {
        let Submitted::Reading { reading, flags, .. } = &item.what else { return None };
        if !flags.impossible {
            return None;
        }
        if watch.is_some() {
            return watch;
        }
        let mut sentence = format!("a {} that is not possible was sent, and none since", vital.words());
        let looks = reading.components.iter().find_map(|(component, measured)| component.suspicion(measured.value?));
        if let Some(looks) = looks {
            sentence = format!("{sentence}: {looks}");
        }
        let terms = Terms { after_s: IMPOSSIBLE_TASK_AFTER.as_secs(), ..terms(&problem, Kind::Equipment) };
        let mut watch = begin(&rule, terms, item, reason(&rule, item.at, sentence));
        if item.received_at.duration_since(item.at) <= ASK_WITHIN {
            watch.ask = Some(ask_id(person.patient, &rule, item.at));
        }
        Some(watch)
    })
}

/// Readings of one vital in turn: one that `opens` begins or continues a spell, one that `ends` does.
fn walk(
    person: &Person<'_>,
    vital: Vital,
    open: Option<Watch>,
    ends: impl Fn(&Item<'_>) -> bool,
    mut opens: impl FnMut(&Item<'_>, Option<Watch>) -> Option<Watch>,
) -> Vec<Watch> {
    let mut done = Vec::new();
    let mut watch = open;
    let items = &person.timeline.items[person.timeline.first_at(person.from)..];
    for item in items.iter().take_while(|item| item.at <= person.at) {
        match &item.what {
            Submitted::Reading { reading, .. } if reading.vital == vital => {}
            _ => continue,
        }
        if ends(item) {
            if let Some(mut ended) = watch.take() {
                ended.until = Some(item.at);
                done.push(ended);
            }
            continue;
        }
        let before = watch.clone();
        watch = opens(item, watch).or(before);
    }
    done.extend(watch);
    done
}

/// A rule that must apply and cannot be judged: looked at every two weeks of the plan, until it can.
pub(crate) fn cannot_judge(fold: &Fold<'_>, open: Option<Watch>) -> Vec<Watch> {
    let person = &fold.person;
    let rule = format!("{CANNOT_JUDGE}{}", fold.rule.id);
    let order_at = |at: Timestamp| person.timeline.items.partition_point(|item| item.at <= at);
    let mut done = Vec::new();
    let mut watch = open;
    let mut instants: Vec<Timestamp> = judged_at(person).collect();
    let first = person.timeline.first_at(person.from);
    if watch.is_some() || !instants.is_empty() {
        instants.extend(person.timeline.items[first..].iter().map(|item| item.at).filter(|at| *at <= person.at));
    }
    instants.sort_unstable();
    instants.dedup();
    for at in instants {
        let is_check = at.duration_since(person.facts.plan.since).as_secs() % JUDGED_EVERY.as_secs() == 0;
        if watch.is_none() && !is_check {
            continue;
        }
        let known = fold.is_known(at, order_at(at), JUDGED_WITHIN);
        watch = match watch {
            None if !known => {
                let sentence =
                    format!("{} could not be judged: what it looks at is missing or too little", fold.rule.id);
                let opened = What::Opened(vec![reason(&rule, at, sentence)]);
                Some(Watch {
                    rule: rule.clone(),
                    terms: terms(&format!("rule {} cannot be judged", fold.rule.id), Kind::Service),
                    since: at,
                    until: None,
                    received_at: at,
                    doubtful: false,
                    accepted: false,
                    ask: None,
                    steps: vec![Step { at, what: opened }],
                })
            }
            Some(mut ended) if known => {
                ended.until = Some(at);
                done.push(ended);
                None
            }
            unchanged => unchanged,
        };
    }
    done.extend(watch);
    done
}

/// The instants of [from, at] at which rules are asked whether they can be judged.
fn judged_at(person: &Person<'_>) -> impl Iterator<Item = Timestamp> {
    let (since, from, at) = (person.facts.plan.since, person.from, person.at);
    let step = JUDGED_EVERY.as_secs();
    let elapsed = from.duration_since(since).as_secs().max(0);
    let first = (elapsed / step).max(1);
    (first..first + 8)
        .map(move |n| after(since, SignedDuration::from_secs(n * step)))
        .filter(move |look| *look >= from && *look <= at)
}

/// The next such instant.
pub(crate) fn judged_next(person: &Person<'_>) -> Timestamp {
    let elapsed = person.at.duration_since(person.facts.plan.since).as_secs().max(0);
    let next = (elapsed / JUDGED_EVERY.as_secs() + 1).saturating_mul(JUDGED_EVERY.as_secs());
    after(person.facts.plan.since, SignedDuration::from_secs(next))
}

fn begin(rule: &str, terms: Terms, item: &Item<'_>, reason: Reason) -> Watch {
    Watch {
        rule: rule.to_owned(),
        terms,
        since: item.at,
        until: None,
        received_at: item.received_at.max(item.at),
        doubtful: false,
        accepted: false,
        ask: None,
        steps: vec![Step { at: item.at, what: What::Opened(vec![reason]) }],
    }
}

pub(crate) fn terms(problem: &str, kind: Kind) -> Terms {
    Terms {
        problem: problem.to_owned(),
        kind,
        priority: Priority::Low,
        team: None,
        closes_itself: false,
        repeat_s: None,
        after_s: 0,
    }
}

pub(crate) fn reason(rule: &str, at: Timestamp, what: String) -> Reason {
    Reason {
        at,
        what,
        limit: None,
        rule: rule.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        source: "built in".to_owned(),
    }
}
