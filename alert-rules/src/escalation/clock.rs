//! Time passes, people act: the clocks of an alert.
//!
//! High: acknowledged in 15 minutes or the next on the roster is told, round and round; dealt with in 2 hours. Medium: 4
//! hours of cover. Low: the next working day. Acknowledged and not closed comes back.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Alert, Cover, Decision, Duty, Entry, Happened, Operator, PageRequest, PageWhy};
use crate::finding::Priority;

/// A high alert unacknowledged for this long goes to the next on the roster.
const HIGH_STEP: SignedDuration = SignedDuration::from_mins(15);
/// An acknowledged high is dealt with in this time, or comes back.
const HIGH_DEALT: SignedDuration = SignedDuration::from_hours(2);
/// Medium: this much time of cover, for each.
const MEDIUM_STEP: SignedDuration = SignedDuration::from_hours(4);

/// When somebody is told first, and when the next is.
pub(super) struct Clock {
    pub page_at: Timestamp,
    pub act_by: Timestamp,
}

/// The clock of an alert that nobody has, from `at`.
pub(super) fn unacknowledged(priority: Priority, cover: &Cover, at: Timestamp) -> Clock {
    match priority {
        Priority::High => Clock { page_at: at, act_by: plus(at, HIGH_STEP) },
        Priority::Medium => Clock { page_at: cover.next(at), act_by: cover.after(at, MEDIUM_STEP) },
        Priority::Low => {
            let (from, until) = cover.next_working_day(at);
            Clock { page_at: from, act_by: until }
        }
    }
}

/// When an alert acknowledged at `at` comes back unless it is closed.
fn dealt_by(priority: Priority, cover: &Cover, at: Timestamp) -> Timestamp {
    match priority {
        Priority::High => plus(at, HIGH_DEALT),
        Priority::Medium => cover.after(at, MEDIUM_STEP),
        Priority::Low => cover.next_working_day(at).1,
    }
}

/// Its `next_step_at` has come: the next person, or back from whoever acknowledged and did not close. Nothing to do
/// (`None`) before that time and for a closed alert.
pub fn step(alert: &Alert, duty: &Duty, at: Timestamp) -> Option<Decision> {
    if alert.closed_at.is_some() || alert.next_step_at.is_none_or(|due| due > at) {
        return None;
    }
    if alert.acknowledged_at.is_none() {
        return Some(escalate(alert, duty, at));
    }
    let mut alert = alert.clone();
    let text = "acknowledged, but not closed in time".to_owned();
    let pages = start_over(&mut alert, duty, PageWhy::CameBack, at);
    let operator = nobody(duty);
    Some(Decision { of: None, alert, entries: vec![Entry { what: Happened::CameBack, text }], pages, operator })
}

fn escalate(alert: &Alert, duty: &Duty, at: Timestamp) -> Decision {
    let mut alert = alert.clone();
    alert.step = alert.step.saturating_add(1);
    let people = i16::try_from(duty.people).unwrap_or(i16::MAX);
    let all_told = people == 0 || alert.step >= people;
    let clock = unacknowledged(alert.priority, &duty.cover, at);
    alert.next_step_at = Some(clock.act_by.max(plus(at, SignedDuration::from_mins(1))));
    let why = if all_told { PageWhy::Repeated } else { PageWhy::Escalated };
    // A page that is due now is not put off to the next working day: its time has passed already.
    let page_at = if alert.priority == Priority::High { at } else { duty.cover.next(at) };
    let page = PageRequest { priority: alert.priority, step: alert.step, why, at: page_at };
    let operator = nobody(duty).or_else(|| {
        (alert.priority == Priority::High && all_told && alert.step % people == 0).then(|| Operator {
            problem: "a high alert nobody answers".to_owned(),
            sentence: "Everybody on the roster was told about a high alert, and nobody acknowledged it".to_owned(),
        })
    });
    let text = "nobody acknowledged it in time".to_owned();
    Decision { of: None, alert, entries: vec![Entry { what: Happened::Escalated, text }], pages: vec![page], operator }
}

/// Nobody has it any more, and people are told from the first on duty.
pub(super) fn start_over(alert: &mut Alert, duty: &Duty, why: PageWhy, at: Timestamp) -> Vec<PageRequest> {
    let clock = unacknowledged(alert.priority, &duty.cover, at);
    alert.owner = None;
    alert.acknowledged_at = None;
    alert.step = 0;
    alert.act_by = clock.act_by;
    alert.next_step_at = Some(clock.act_by);
    vec![PageRequest { priority: alert.priority, step: 0, why, at: clock.page_at }]
}

pub(super) fn nobody(duty: &Duty) -> Option<Operator> {
    (duty.people == 0).then(|| Operator {
        problem: "nobody on a roster".to_owned(),
        sentence: "A team has an alert and nobody on its roster to be told".to_owned(),
    })
}

/// Somebody takes it. `None` when it is closed or somebody else has it already.
pub fn acknowledge(alert: &Alert, by: Uuid, duty: &Duty, at: Timestamp) -> Option<Decision> {
    if alert.closed_at.is_some() || alert.acknowledged_at.is_some() && alert.owner != Some(by) {
        return None;
    }
    let mut alert = alert.clone();
    let dealt_by = dealt_by(alert.priority, &duty.cover, at);
    alert.owner = Some(by);
    alert.acknowledged_at = alert.acknowledged_at.or(Some(at));
    alert.act_by = dealt_by;
    alert.next_step_at = Some(dealt_by);
    let entry = Entry { what: Happened::Acknowledged, text: String::new() };
    Some(Decision { of: None, alert, entries: vec![entry], pages: Vec::new(), operator: None })
}

/// Dealt with. `None` when it is closed already.
pub fn close(alert: &Alert, outcome: &str, at: Timestamp) -> Option<Decision> {
    if alert.closed_at.is_some() {
        return None;
    }
    let mut alert = alert.clone();
    alert.closed_at = Some(at);
    alert.outcome = Some(outcome.to_owned());
    alert.next_step_at = None;
    let entry = Entry { what: Happened::Closed, text: outcome.to_owned() };
    Some(Decision { of: None, alert, entries: vec![entry], pages: Vec::new(), operator: None })
}

fn plus(at: Timestamp, more: SignedDuration) -> Timestamp {
    at.checked_add(more).unwrap_or(Timestamp::MAX)
}
