//! A phone's silence is a task: nothing was heard for a week of any phone of somebody who is looked after, or the last phone was revoked.
//!
//! It is about phones, not about slots: what was due and did not come is `overdue`'s, and while that is open nothing is said here.
//! So this finds whom no rule would miss: a plan that asks for nothing, or readings that come by telephone while the phone lies dead.

use alert_rules::{Finding, Kind, Priority};
use jiff::{SignedDuration, Timestamp};

use super::case::Case;
use super::task;
use crate::store::alert_row::Stored;
use crate::store::contact::Contact;

/// The name of the timer at which a patient's phones are looked at.
pub const TIMER: &str = "phone";
/// A phone that is in use is heard daily; a week is a holiday nobody told of, or a phone in a drawer.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Whether the phones are to be looked at in this evaluation.
pub fn is_due(case: &Case) -> bool {
    let person = &case.person;
    person.live && !person.ended && (phone_gone(case) || case.timers.get(TIMER).is_none_or(|at| *at <= case.at))
}

/// When to look again.
pub fn next_look(case: &Case) -> Option<Timestamp> {
    let Some(contact) = &case.contact else {
        // The first reading makes them live, and is heard just now.
        let first = (case.intake.measured && !case.person.live).then_some(case.at + LONGEST);
        return case.timers.get(TIMER).copied().filter(|at| *at > case.at).or(first);
    };
    let silent_from = contact.heard_at.map(|heard_at| heard_at + LONGEST);
    Some(silent_from.filter(|at| *at > case.at).unwrap_or(case.at + LONGEST))
}

/// `stored`: the patient's alerts that are open, and those closed lately.
pub fn task(case: &Case, stored: &[&Stored]) -> Option<Finding> {
    let (facts, contact) = (case.facts.as_ref()?, case.contact?);
    let task = |sentence: String, priority| task::of_phone(sentence, priority, case.at);
    match contact {
        Contact { phones: 0, .. } if phone_gone(case) => {
            let sentence = "No phone is left that may send for this person: give them a new code, or ring";
            Some(task(sentence.to_owned(), Priority::Medium))
        }
        Contact { phones: 1.., heard_at: Some(heard_at) } if heard_at + LONGEST <= case.at => {
            let is_away = facts.pauses.iter().any(|pause| pause.from <= case.at && case.at < pause.until);
            let is_missed = |stored: &&Stored| stored.state.kind == Kind::Absence && stored.state.closed_at.is_none();
            let days = case.at.duration_since(heard_at).as_hours() / 24;
            let sentence = format!("Nothing was heard of this person's phone for {days} days: see that it works");
            (!is_away && !stored.iter().any(is_missed)).then(|| task(sentence, Priority::Low))
        }
        Contact { .. } => None,
    }
}

fn phone_gone(case: &Case) -> bool {
    case.waiting.as_ref().is_some_and(|waiting| waiting.phone_gone)
}
