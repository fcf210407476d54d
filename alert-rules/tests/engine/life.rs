//! The life of an alert, explored whole: every state that acts of two colleagues, news and the passing of time can lead
//! to, from an alert of each priority. Whatever was done or left undone, time moves it on (R5).

use std::collections::{BTreeMap, VecDeque};

use alert_rules::escalation::act::{self, By, Refused};
use alert_rules::escalation::{
    Alert, Calls, Cover, Decision, Duty, Happened, Hours, Life, PageWhy, Policies, Whom, judge, step, undelivered,
};
use alert_rules::finding::Firing;
use alert_rules::{Evaluation, Finding, Kind, Priority};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::ward::IDA;
use crate::world::at;

const TOM: Uuid = Uuid::from_u128(2);
const STAFF: [Uuid; 2] = [IDA, TOM];
/// Between acts of people. Every clock of the standard policy is a multiple of it; that of low alerts goes by days.
fn tick(priority: Priority) -> SignedDuration {
    match priority {
        Priority::High | Priority::Medium => SignedDuration::from_mins(5),
        Priority::Low => SignedDuration::from_hours(8),
    }
}
const WEEK_SECONDS: i64 = 7 * 24 * 3600;
/// More than this, and the exploration would not end.
const MOST_STATES: usize = 400_000;

/// Cover at every hour, so that what happens depends on how long ago things were, and not on when.
fn always() -> Duty {
    let cover = Cover::daily(Hours::ALL_DAY, jiff::tz::TimeZone::UTC);
    Duty { cover, people: 2, policies: Policies::standard() }
}

fn evaluation(priority: Priority, began: Timestamp) -> Evaluation {
    let rule = "pack/rule".to_owned();
    let firing = Firing {
        rule: rule.clone(),
        since: began,
        until: None,
        priority,
        at_once: None,
        pending: false,
        unwatched: false,
    };
    let finding = Finding {
        problem: "a problem".to_owned(),
        start: began,
        end: None,
        kind: Kind::Clinical,
        priority,
        rule,
        sentence: "Something is so".to_owned(),
        team: None,
        worst: Vec::new(),
        reasons: Vec::new(),
        unconfirmed: false,
        late_minutes: 0,
        pending: false,
        closes_itself: false,
        firings: vec![firing],
    };
    Evaluation { findings: vec![finding], folded_through: began, folded_from: began, ..Evaluation::default() }
}

fn opened(priority: Priority, now: Timestamp) -> Alert {
    let decisions = judge(&evaluation(priority, now), &[], &always(), now);
    decisions.into_iter().next().expect("opens").alert
}

/// An alert, and what time it is.
#[derive(Debug, Clone)]
struct State {
    alert: Alert,
    now: Timestamp,
}

/// What of a state decides all that can follow: its clocks as from now, and the steps as far as they differ.
type Key = (
    Option<(u128, Option<Uuid>, Calls)>,
    Option<(u128, SignedDuration)>,
    i16,
    i16,
    SignedDuration,
    SignedDuration,
    i64,
);

impl State {
    fn key(&self) -> Key {
        let from_now = |at: Timestamp| at.duration_since(self.now);
        let (held, snoozed) = match &self.alert.life {
            Life::Acknowledged { by, offered, calls, .. } => {
                let calls = Calls { tried: calls.tried.min(4), ..*calls };
                (Some((by.as_u128(), *offered, calls)), None)
            }
            Life::Snoozed { by, until, .. } => (None, Some((by.as_u128(), from_now(*until)))),
            Life::Open | Life::Closed { .. } => (None, None),
        };
        // Being late is being late, however late.
        let act_by = from_now(self.alert.act_by).max(SignedDuration::ZERO);
        let next = from_now(self.alert.next_step_at.expect("open"));
        // What goes by working days depends on where in the week it is.
        let in_week = match self.alert.priority {
            Priority::High | Priority::Medium => 0,
            Priority::Low => self.now.as_second().rem_euclid(WEEK_SECONDS),
        };
        (held, snoozed, self.alert.step.min(4), self.alert.snoozes.min(2), act_by, next, in_week)
    }
}

/// What can come of a state at this instant: acts of either of two people, something new, all pages given up.
fn moves(state: &State, priority: Priority) -> Vec<(String, Decision)> {
    let duty = always();
    let State { alert, now } = state;
    let mut moves = Vec::new();
    for staff in STAFF {
        let other = if staff == IDA { TOM } else { IDA };
        let by = By { staff, saw: alert.told, at: *now };
        let half_hour = *now + SignedDuration::from_mins(30);
        let acts = [
            ("acknowledges", act::acknowledge(alert, by, &duty)),
            ("puts it off", act::snooze(alert, by, *now + act::longest_snooze(priority), "at the surgery")),
            ("puts it off for half an hour", act::snooze(alert, by, half_hour, "at the surgery")),
            ("offers it", act::offer(alert, by, other, &duty)),
            ("accepts", act::accept(alert, by)),
            ("declines", act::decline(alert, by)),
            ("releases", act::release(alert, by, &duty)),
            ("rings in vain", act::rang_no_answer(alert, by, &duty)),
            ("closes", act::close(alert, by, "advice given")),
        ];
        // What takes minutes begins at a tick, or low alerts, which take days, would be found at every minute of the week.
        let at_tick = now.as_second().rem_euclid(tick(priority).as_secs()) == 0;
        let acts = acts
            .into_iter()
            .filter(|(name, _)| at_tick || !["rings in vain", "puts it off for half an hour"].contains(name));
        let may_take_it = alert.owner().is_none_or(|(owner, _)| owner == staff);
        for (name, outcome) in acts {
            let for_others = ["accepts", "declines", "closes"].contains(&name);
            match outcome {
                Err(Refused::Theirs(owner)) => {
                    assert_eq!((Some(owner), for_others), (alert.owner().map(|(owner, _)| owner), false));
                }
                Err(_) => {}
                Ok(decision) => {
                    assert!(may_take_it || for_others, "{name} what a colleague has");
                    moves.push((name.to_owned(), decision));
                }
            }
        }
        let stale = By { saw: alert.told - 1, ..by };
        assert!(act::close(alert, stale, "advice given").is_err(), "nobody acts on what they have not seen");
        assert!(act::acknowledge(alert, stale, &duty).is_err());
    }
    let news = judge(&evaluation(priority, *now), std::slice::from_ref(alert), &duty, *now);
    moves.extend(news.into_iter().map(|decision| ("news".to_owned(), decision)));
    moves.extend(undelivered(alert, &duty, *now).map(|decision| ("pages are given up".to_owned(), decision)));
    moves
}

/// With nobody doing anything from here on, people are told again, in time.
fn moves_on(state: &State, priority: Priority) -> Result<(), String> {
    let duty = always();
    let longest = match priority {
        // The longest anybody may have a high: two hours, put off or acknowledged.
        Priority::High => SignedDuration::from_hours(2),
        Priority::Medium => SignedDuration::from_hours(24),
        Priority::Low => SignedDuration::from_hours(7 * 24),
    };
    let mut alert = state.alert.clone();
    let mut told_at = None;
    let mut operator = false;
    for _ in 0..12 {
        let due = alert.next_step_at.ok_or("open, and no time at which it moves on")?;
        if step(&alert, &duty, due - SignedDuration::from_secs(1)).is_some() {
            return Err("it moved before its time".to_owned());
        }
        let moved = step(&alert, &duty, due).ok_or("its time came and nothing happened")?;
        if moved.alert.next_step_at <= Some(due) {
            return Err(format!("it would never wait: {:?}", moved.alert));
        }
        let told = moved.pages.iter().any(|page| matches!(page.to, Whom::Step(_)));
        told_at = told_at.or(told.then_some(due));
        operator |= moved.operator.is_some();
        alert = moved.alert;
    }
    match told_at {
        None => Err("nobody of the policy was told".to_owned()),
        Some(at) if at.duration_since(state.now) > longest => Err(format!("told only at {at}")),
        Some(_) if !operator => Err("the operator never heard of it".to_owned()),
        Some(_) => Ok(()),
    }
}

/// From an alert of this priority, everything that can be reached. What was reached, by how many ways.
fn explore(priority: Priority) -> (usize, BTreeMap<String, u64>) {
    let start = at("2026-03-27T09:00:00Z");
    let first = State { alert: opened(priority, start), now: start };
    let mut seen = std::collections::HashSet::from([first.key()]);
    let mut waiting = VecDeque::from([first]);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(state) = waiting.pop_front() {
        if let Err(why) = moves_on(&state, priority) {
            panic!("{why}\nfrom {state:#?}");
        }
        let mut next: Vec<State> = Vec::new();
        for (name, decision) in moves(&state, priority) {
            check(&name, &state, &decision);
            *counts.entry(name).or_default() += 1;
            if decision.alert.is_open() {
                next.push(State { alert: decision.alert, now: state.now });
            }
        }
        let due = state.alert.next_step_at.expect("open");
        let since_tick = state.now.as_second().rem_euclid(tick(priority).as_secs());
        let sooner = state.now + tick(priority) - SignedDuration::from_secs(since_tick);
        if sooner < due {
            next.push(State { now: sooner, ..state.clone() });
        } else {
            let moved = step(&state.alert, &always(), due).expect("due");
            let what = moved.entries.first().expect("on the record").what.name();
            *counts.entry(format!("time: {what}")).or_default() += 1;
            next.push(State { alert: moved.alert, now: due });
        }
        for state in next {
            if seen.insert(state.key()) {
                waiting.push_back(state);
            }
        }
        assert!(seen.len() < MOST_STATES, "the exploration does not end");
    }
    (seen.len(), counts)
}

/// What any change keeps to.
fn check(name: &str, before: &State, decision: &Decision) {
    let after = &decision.alert;
    let told = |why| decision.pages.iter().any(|page| page.why == why);
    match after.next_step_at {
        None => assert!(!after.is_open(), "{name}: open without a next step"),
        Some(due) => assert!(after.is_open() && due >= before.now, "{name}: {due}"),
    }
    assert!(decision.pages.iter().all(|page| page.priority == after.priority));
    match name {
        "news" => {
            assert_eq!(after.told, before.alert.told + 1);
            if before.alert.is_held() {
                assert_eq!((after.life.clone(), after.step), (Life::Open, 0), "news breaks what anybody has");
                assert!(told(PageWhy::Renewed));
            }
        }
        "accepts" if decision.entries.iter().any(|entry| entry.what == Happened::Accepted) => {
            assert_ne!(after.owner().map(|(owner, _)| owner), before.alert.owner().map(|(owner, _)| owner));
            assert_eq!(after.act_by, before.alert.act_by, "its clock runs on");
        }
        "declines" => assert_eq!(
            after.owner().map(|(owner, _)| owner),
            before.alert.owner().map(|(owner, _)| owner),
            "whoever has it keeps it"
        ),
        "puts it off" | "puts it off for half an hour" => {
            assert!(after.priority != Priority::High || after.snoozes == 1, "a high is put off once");
        }
        "rings in vain" if before.alert.is_held() && !matches!(before.alert.life, Life::Snoozed { .. }) => {
            assert_eq!(after.act_by, before.alert.act_by, "its clock runs on");
        }
        "closes" => {
            let after = State { alert: after.clone(), now: before.now };
            assert!(step(&after.alert, &always(), before.now + SignedDuration::from_hours(9_999)).is_none());
            let by = By { staff: IDA, saw: after.alert.told, at: before.now };
            assert_eq!(act::acknowledge(&after.alert, by, &always()), Err(Refused::Closed));
            assert_eq!(act::close(&after.alert, by, "again"), Err(Refused::Closed));
        }
        _ => {}
    }
}

#[test]
fn whatever_is_done_with_a_high_alert_it_moves_on() {
    let (states, counts) = explore(Priority::High);
    assert!(states > 1_000, "only {states} states");
    for way in [
        "accepts",
        "declines",
        "news",
        "pages are given up",
        "puts it off",
        "releases",
        "rings in vain",
        "time: came_back",
        "time: escalated",
        "time: reminded",
    ] {
        assert!(counts.get(way).is_some_and(|count| *count > 10), "hardly ever: {way} in {counts:?}");
    }
}

#[test]
fn whatever_is_done_with_a_medium_alert_it_moves_on() {
    let (states, _) = explore(Priority::Medium);
    assert!(states > 1_000, "only {states} states");
}

#[test]
fn whatever_is_done_with_a_low_alert_it_moves_on() {
    let (states, counts) = explore(Priority::Low);
    assert!(states > 1_000, "only {states} states");
    for way in ["time: came_back", "time: escalated", "time: reminded"] {
        assert!(counts.get(way).is_some_and(|count| *count > 10), "hardly ever: {way} in {counts:?}");
    }
}
