//! What people do to an alert. Each act names what its author saw (`told`), so that nobody acts on what they have not
//! read; of two people at once one has it and the other is told who.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::clock::{deal_by, plus, start_over};
use super::life::{Calls, Life};
use super::{Alert, Decision, Duty, Entry, Happened, PageRequest, PageWhy, Whom};
use crate::finding::Priority;

/// Rings again after this (people.md; local sign-off).
pub const RING_AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// A high alert is put off once, for no longer.
const SNOOZE_HIGH: SignedDuration = SignedDuration::from_hours(2);
const SNOOZE_MEDIUM: SignedDuration = SignedDuration::from_hours(24);
const SNOOZE_LOW: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Who acts, on what they saw, when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    pub staff: Uuid,
    /// [`Alert::told`] as it was on their screen.
    pub saw: i64,
    pub at: Timestamp,
}

/// Why an act changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Closed,
    /// There is something new in it since.
    Stale,
    /// This colleague has it.
    Theirs(Uuid),
    /// Nobody has it; the act is for whoever has.
    Nobodys,
    /// It was not offered to them.
    NotOffered,
    /// A high alert is put off once.
    SnoozedBefore,
    /// At most this long, and not into the past.
    SnoozeLength(SignedDuration),
}

pub type Outcome = Result<Decision, Refused>;

/// They take it: also whoever it is put off by, before its time. Again by whoever has it changes nothing.
pub fn acknowledge(alert: &Alert, by: By, duty: &Duty) -> Outcome {
    may_act(alert, by)?;
    if let Life::Acknowledged { .. } = alert.life {
        return Ok(unchanged(alert));
    }
    let mut alert = alert.clone();
    hold(&mut alert, by, duty);
    Ok(decided(alert, Happened::Acknowledged, ""))
}

/// They put it off until then, for a reason. Whoever does so has it meanwhile.
pub fn snooze(alert: &Alert, by: By, until: Timestamp, reason: &str) -> Outcome {
    may_act(alert, by)?;
    let longest = longest_snooze(alert.priority);
    if until <= by.at || until > plus(by.at, longest) {
        return Err(Refused::SnoozeLength(longest));
    }
    if alert.priority == Priority::High && alert.snoozes > 0 {
        return Err(Refused::SnoozedBefore);
    }
    let mut alert = alert.clone();
    alert.snoozes = alert.snoozes.saturating_add(1);
    alert.life = Life::Snoozed { by: by.staff, at: by.at, until, reason: reason.to_owned() };
    alert.act_by = until;
    alert.next_step_at = Some(until);
    Ok(decided(alert, Happened::Snoozed, reason))
}

pub fn longest_snooze(priority: Priority) -> SignedDuration {
    match priority {
        Priority::High => SNOOZE_HIGH,
        Priority::Medium => SNOOZE_MEDIUM,
        Priority::Low => SNOOZE_LOW,
    }
}

/// They want a colleague to have it, and have it until the colleague accepts. Its clock runs on. Whom it was offered to
/// before may not accept any more.
pub fn offer(alert: &Alert, by: By, to: Uuid, duty: &Duty) -> Outcome {
    may_act(alert, by)?;
    if to == by.staff {
        return Ok(unchanged(alert));
    }
    let mut alert = alert.clone();
    if !matches!(alert.life, Life::Acknowledged { .. }) {
        hold(&mut alert, by, duty);
    }
    if let Life::Acknowledged { offered, .. } = &mut alert.life {
        if *offered == Some(to) {
            return Ok(unchanged(&alert));
        }
        *offered = Some(to);
    }
    let page = page(&alert, Whom::Staff(to), PageWhy::Offered, by.at);
    Ok(Decision { pages: vec![page], ..decided(alert, Happened::Offered, "") })
}

/// It is theirs now, and is due when it was.
pub fn accept(alert: &Alert, by: By) -> Outcome {
    let from = offered(alert, by)?;
    if from == by.staff {
        return Ok(unchanged(alert));
    }
    let mut alert = alert.clone();
    if let Life::Acknowledged { by: owner, at, offered, .. } = &mut alert.life {
        (*owner, *at, *offered) = (by.staff, by.at, None);
    }
    Ok(decided(alert, Happened::Accepted, ""))
}

/// They do not take it: whoever offered it has it still, and is told.
pub fn decline(alert: &Alert, by: By) -> Outcome {
    let from = offered(alert, by)?;
    if from == by.staff {
        return Err(Refused::NotOffered);
    }
    let mut alert = alert.clone();
    if let Life::Acknowledged { offered, .. } = &mut alert.life {
        *offered = None;
    }
    let page = page(&alert, Whom::Staff(from), PageWhy::Declined, by.at);
    Ok(Decision { pages: vec![page], ..decided(alert, Happened::Declined, "") })
}

/// They let go of it: people are told from the first step on.
pub fn release(alert: &Alert, by: By, duty: &Duty) -> Outcome {
    may_act(alert, by)?;
    if !alert.is_held() {
        return Err(Refused::Nobodys);
    }
    let mut alert = alert.clone();
    let pages = start_over(&mut alert, duty, PageWhy::Released, by.at);
    Ok(Decision { pages, ..decided(alert, Happened::Released, "") })
}

/// They rang and nobody answered. The clock runs on: in ten minutes they are reminded to ring again, then to ring the
/// emergency contact; after that whoever the policy names takes the welfare step. Whoever rings has it.
pub fn rang_no_answer(alert: &Alert, by: By, duty: &Duty) -> Outcome {
    may_act(alert, by)?;
    let mut alert = alert.clone();
    if !matches!(alert.life, Life::Acknowledged { .. }) {
        hold(&mut alert, by, duty);
    }
    let mut tried = 0;
    if let Life::Acknowledged { calls, .. } = &mut alert.life {
        tried = calls.tried.saturating_add(1);
        *calls = Calls { tried, reminded: false };
    }
    alert.next_step_at = Some(alert.act_by.min(plus(by.at, RING_AGAIN)));
    let welfare = (tried >= 3).then(|| page(&alert, Whom::Welfare, PageWhy::WelfareStep, by.at));
    Ok(Decision { pages: welfare.into_iter().collect(), ..decided(alert, Happened::RangNoAnswer, "") })
}

/// Dealt with.
pub fn close(alert: &Alert, by: By, outcome: &str) -> Outcome {
    if !alert.is_open() {
        return Err(Refused::Closed);
    }
    if alert.told != by.saw {
        return Err(Refused::Stale);
    }
    Ok(super::clock::close(alert, Some(by.staff), outcome, by.at))
}

/// It is open, they have seen all there is in it, and nobody else has it.
fn may_act(alert: &Alert, by: By) -> Result<(), Refused> {
    match alert.owner() {
        _ if !alert.is_open() => Err(Refused::Closed),
        Some((owner, _)) if owner != by.staff => Err(Refused::Theirs(owner)),
        _ if alert.told != by.saw => Err(Refused::Stale),
        _ => Ok(()),
    }
}

/// Who offers it to them; or has it by now, where that is they themselves.
fn offered(alert: &Alert, by: By) -> Result<Uuid, Refused> {
    match &alert.life {
        Life::Closed { .. } => Err(Refused::Closed),
        Life::Acknowledged { by: owner, .. } if *owner == by.staff => Ok(*owner),
        Life::Acknowledged { offered, .. } if *offered != Some(by.staff) => Err(Refused::NotOffered),
        Life::Acknowledged { .. } if alert.told != by.saw => Err(Refused::Stale),
        Life::Acknowledged { by: owner, .. } => Ok(*owner),
        Life::Open | Life::Snoozed { .. } => Err(Refused::NotOffered),
    }
}

fn hold(alert: &mut Alert, by: By, duty: &Duty) {
    let until = deal_by(alert, duty, by.at);
    alert.life = Life::Acknowledged { by: by.staff, at: by.at, offered: None, calls: Calls::default() };
    alert.act_by = until;
    alert.next_step_at = Some(until);
}

fn page(alert: &Alert, to: Whom, why: PageWhy, at: Timestamp) -> PageRequest {
    PageRequest { priority: alert.priority, to, why, at }
}

fn unchanged(alert: &Alert) -> Decision {
    Decision { of: None, alert: alert.clone(), entries: Vec::new(), pages: Vec::new(), operator: None }
}

fn decided(alert: Alert, what: Happened, text: &str) -> Decision {
    let entries = vec![Entry { what, text: text.to_owned() }];
    Decision { of: None, alert, entries, pages: Vec::new(), operator: None }
}
