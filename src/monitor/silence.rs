//! A phone's silence is a task: nothing was heard for a week of any phone of somebody who is looked after, or the last phone was
//! revoked; or somebody was set up a week ago, and no phone was heard at all.
//!
//! It is about phones, not about slots: what was due and did not come is `overdue`'s, and while that is open nothing is said here.
//! So this finds whom no rule would miss: a plan that asks for nothing, or readings that come by telephone while the phone lies dead.
//! A plan that has not begun misses nothing yet.

use alert_rules::{Finding, Kind, Priority};
use jiff::{SignedDuration, Timestamp};

use super::case::Case;
use super::task;
use crate::store::alert_row::Stored;
use crate::store::contact::Contact;

/// The name of the timer at which a patient's phones are looked at.
pub const TIMER: &str = "phone";
/// A phone that is in use is heard daily; a week is a holiday nobody told of, or a phone in a drawer.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Whether the phones are to be looked at in this evaluation.
pub fn is_due(case: &Case) -> bool {
    !case.person.ended && (phone_gone(case) || case.timers.get(TIMER).is_none_or(|at| *at <= case.at))
}

/// When to look again.
pub fn next_look(case: &Case) -> Option<Timestamp> {
    let Some(contact) = &case.contact else {
        return case.timers.get(TIMER).copied().filter(|at| *at > case.at);
    };
    let since = if contact.phones == 0 { contact.code_at } else { contact.heard_at };
    Some(since.map(|since| silent_from(case, since)).filter(|at| *at > case.at).unwrap_or(case.at + LONGEST))
}

/// `stored`: the patient's alerts that are open, and those closed lately.
pub fn task(case: &Case, stored: &[&Stored]) -> Option<Finding> {
    let (facts, contact) = (case.facts.as_ref()?, case.contact?);
    let task = |sentence: String, priority| task::of_phone(sentence, priority, case.at);
    let days = |since: Timestamp| case.at.duration_since(since).as_hours() / 24;
    let is_long_ago = |since: &Timestamp| silent_from(case, *since) <= case.at;
    let sentence = match contact {
        Contact { phones: 0, .. } if phone_gone(case) => {
            let sentence = "No phone is left that may send for this person: give them a new code, or ring";
            return Some(task(sentence.to_owned(), Priority::Medium));
        }
        Contact { phones: 0, code_at, .. } => {
            let days = days(code_at.filter(is_long_ago)?);
            format!(
                "A code for this person's phone was made {days} days ago and never used: see what keeps them from it"
            )
        }
        Contact { heard_at, .. } => {
            let days = days(heard_at.filter(is_long_ago)?);
            if case.person.live {
                format!("Nothing was heard of this person's phone for {days} days: see that it works")
            } else {
                format!(
                    "Set up, and no reading came yet; nothing was heard of the phone for {days} days: see that it works"
                )
            }
        }
    };
    let is_away = facts.pauses_in_force().any(|pause| pause.from <= case.at && case.at < pause.until);
    let is_missed = |stored: &&Stored| stored.state.kind == Kind::Absence && stored.state.is_open();
    (!is_away && !stored.iter().any(is_missed)).then(|| task(sentence, Priority::Low))
}

/// When whoever was heard at `since` was not heard for so long, the time in which we did not listen left out.
fn silent_from(case: &Case, since: Timestamp) -> Timestamp {
    let Some(facts) = &case.facts else { return since + LONGEST };
    let since = since.max(facts.plan.since);
    facts.service_gaps.iter().filter(|gap| gap.until > since).fold(since + LONGEST, |end, gap| {
        if gap.from < end { end + gap.until.duration_since(gap.from.max(since)) } else { end }
    })
}

fn phone_gone(case: &Case) -> bool {
    case.waiting.as_ref().is_some_and(|waiting| waiting.phone_gone)
}
