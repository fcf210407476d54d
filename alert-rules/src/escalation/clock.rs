//! Time passes: the clocks of an alert. Which they are, the policy says.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::life::{Calls, Life};
use super::{Alert, Decision, Duty, Entry, Happened, Operator, PageRequest, PageWhy, Whom};
use crate::escalation::act::RING_AGAIN;
use crate::finding::{Kind, Priority};

/// However a policy reads, no alert is stepped more often.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

/// An alert of this kind and priority opens: about nobody, to see whom it would come to.
pub fn open(kind: Kind, priority: Priority, duty: &Duty, at: Timestamp) -> Decision {
    let mut alert = Alert::new(kind, priority, at);
    let pages = start_over(&mut alert, duty, PageWhy::Opened, at);
    Decision { of: None, alert, entries: Vec::new(), pages, operator: nobody(duty) }
}

/// Its `next_step_at` has come: the next step of its policy, a reminder, or back from whoever had it and did not close it.
/// Nothing to do (`None`) before that time and for a closed alert.
pub fn step(alert: &Alert, duty: &Duty, at: Timestamp) -> Option<Decision> {
    if alert.next_step_at.is_none_or(|due| due > at) {
        return None;
    }
    match &alert.life {
        Life::Closed { .. } => None,
        Life::Open => Some(escalate(alert, duty, at)),
        Life::Acknowledged { by, calls, .. } if calls.tried > 0 && !calls.reminded && at < alert.act_by => {
            Some(remind(alert, *by, *calls, at))
        }
        Life::Acknowledged { calls, .. } if calls.tried > 0 && at < alert.act_by => {
            Some(come_back(alert, duty, "nobody answered the phone, and nothing was done since", at))
        }
        Life::Acknowledged { .. } => Some(come_back(alert, duty, "acknowledged, but not closed in time", at)),
        Life::Snoozed { .. } => Some(come_back(alert, duty, "it was put off until now", at)),
    }
}

/// Every page of the step it is at was given up: the next step is due now. After the last, its ordinary clock runs on, and
/// whoever has it has been told.
pub fn undelivered(alert: &Alert, duty: &Duty, at: Timestamp) -> Option<Decision> {
    let last = duty.policies.of(alert.priority, alert.kind).last();
    if alert.life != Life::Open || alert.step >= last || alert.next_step_at.is_some_and(|due| due <= at) {
        return None;
    }
    let mut alert = alert.clone();
    alert.next_step_at = Some(at);
    Some(Decision { of: None, alert, entries: Vec::new(), pages: Vec::new(), operator: None })
}

/// Nobody has it any more, and people are told from the first step on.
pub(super) fn start_over(alert: &mut Alert, duty: &Duty, why: PageWhy, at: Timestamp) -> Vec<PageRequest> {
    let policy = duty.policies.of(alert.priority, alert.kind);
    let page_at = policy.step(0).after.begins(&duty.cover, at);
    alert.life = Life::Open;
    alert.step = 0;
    alert.act_by = policy.acknowledge.ends(&duty.cover, at);
    alert.next_step_at = Some(policy.step(1).after.begins(&duty.cover, page_at).max(plus(at, SHORTEST)));
    vec![PageRequest { priority: alert.priority, to: Whom::Step(0), why, at: page_at }]
}

/// When an alert that is acknowledged at `at` comes back unless it is closed.
pub(super) fn deal_by(alert: &Alert, duty: &Duty, at: Timestamp) -> Timestamp {
    duty.policies.of(alert.priority, alert.kind).deal.ends(&duty.cover, at).max(plus(at, SHORTEST))
}

pub(super) fn nobody(duty: &Duty) -> Option<Operator> {
    (duty.people == 0).then(|| Operator {
        problem: "nobody on a roster".to_owned(),
        sentence: "A team has an alert and nobody on its roster to be told".to_owned(),
    })
}

/// It ends: by somebody, or by itself.
pub(super) fn close(alert: &Alert, by: Option<Uuid>, outcome: &str, at: Timestamp) -> Decision {
    let mut alert = alert.clone();
    // Whoever closes what a colleague has takes it for that instant.
    let had = alert.owner().filter(|(owner, _)| by.is_none_or(|by| by == *owner)).or(by.map(|by| (by, at)));
    alert.life = Life::Closed { at, outcome: outcome.to_owned(), by: had };
    alert.next_step_at = None;
    let entry = Entry { what: Happened::Closed, text: outcome.to_owned() };
    Decision { of: None, alert, entries: vec![entry], pages: Vec::new(), operator: None }
}

/// It ends by itself: it has come to nothing that a person must do, or nobody's name stands for it. `None` when it is closed already.
pub fn end(alert: &Alert, outcome: &str, at: Timestamp) -> Option<Decision> {
    alert.is_open().then(|| close(alert, None, outcome, at))
}

fn escalate(alert: &Alert, duty: &Duty, at: Timestamp) -> Decision {
    let policy = duty.policies.of(alert.priority, alert.kind);
    let mut alert = alert.clone();
    let all_told = alert.step >= policy.last();
    alert.step = alert.step.saturating_add(1);
    // A page that is due now is not put off to the next working day: its time has passed already.
    let page_at = if policy.step(alert.step).after.waits_for_cover() { duty.cover.next(at) } else { at };
    let next_at = policy.step(alert.step.saturating_add(1)).after.begins(&duty.cover, page_at);
    alert.next_step_at = Some(next_at.max(plus(at, SHORTEST)));
    let why = if all_told { PageWhy::Repeated } else { PageWhy::Escalated };
    let page = PageRequest { priority: alert.priority, to: Whom::Step(alert.step), why, at: page_at };
    let priority = alert.priority.name();
    let nobody_answers = || Operator {
        problem: format!("a {priority} alert nobody answers"),
        sentence: format!(
            "Everybody whom the policy names was told about a {priority} alert, and nobody acknowledged it"
        ),
    };
    let operator = if all_told { Some(nobody_answers()) } else { nobody(duty) };
    let text = "nobody acknowledged it in time".to_owned();
    Decision { of: None, alert, entries: vec![Entry { what: Happened::Escalated, text }], pages: vec![page], operator }
}

fn come_back(alert: &Alert, duty: &Duty, text: &str, at: Timestamp) -> Decision {
    let mut alert = alert.clone();
    let pages = start_over(&mut alert, duty, PageWhy::CameBack, at);
    let entries = vec![Entry { what: Happened::CameBack, text: text.to_owned() }];
    Decision { of: None, alert, entries, pages, operator: nobody(duty) }
}

/// What whoever has it does next about a patient who does not answer.
fn remind(alert: &Alert, owner: Uuid, calls: Calls, at: Timestamp) -> Decision {
    let mut alert = alert.clone();
    let (why, text) = match calls.tried {
        ..=1 => (PageWhy::RingAgain, "nobody answered ten minutes ago: ring again"),
        2 => (PageWhy::RingEmergencyContact, "nobody answered twice: ring the emergency contact"),
        _ => (PageWhy::WelfareStep, "nobody can be reached: take the welfare step"),
    };
    if let Life::Acknowledged { calls, .. } = &mut alert.life {
        calls.reminded = true;
    }
    alert.next_step_at = Some(alert.act_by.min(plus(at, RING_AGAIN)));
    let page = PageRequest { priority: alert.priority, to: Whom::Staff(owner), why, at };
    let entry = Entry { what: Happened::Reminded, text: text.to_owned() };
    Decision { of: None, alert, entries: vec![entry], pages: vec![page], operator: None }
}

pub(super) fn plus(at: Timestamp, more: SignedDuration) -> Timestamp {
    at.checked_add(more).unwrap_or(Timestamp::MAX)
}
