//! What happens next with what a phone sent, written from facts: a page counts as told when it was handed over to a channel, and a
//! wait is a request that may not be formed before its time. Nothing here says what people are going to do.

use jiff::Timestamp;
use mobile_api::message::{Next, Told, Work};
use uuid::Uuid;

use super::Ingest;
use super::talk::NOTE;
use super::together::NoAnswer;
use crate::store::device::Person;
use crate::store::next::{Event, Open, Team};
use crate::store::seen::{self, SentBy};

/// What nobody has acknowledged of what phones of this person sent; on a carer's phone only of what it sent itself. Questions whose
/// answers are not shown again say nothing here either.
pub async fn of(ingest: &Ingest, person: &Person, device: Uuid, is_own: bool) -> Result<Next, NoAnswer> {
    let now = ingest.parts.clock.care_now();
    let by = if is_own { SentBy::Phones } else { SentBy::Phone(device) };
    let pool = &ingest.parts.store.ingest;
    let mut work = Vec::new();
    for open in ingest.lookups.open.ask(person.patient).await? {
        let rules = ingest.rules.known();
        let items = match rules.plans.looked_at(&open.trouble.rule) {
            Some((_, questionnaires)) if rules.plans.any_sensitive(&questionnaires) => continue,
            Some((vitals, questionnaires)) => {
                seen::measured(pool, &open.trouble, now, &vitals, &questionnaires, by).await?
            }
            None if open.trouble.rule == NOTE => seen::noted(pool, &open.trouble, now, by).await?,
            None => continue,
        };
        if !items.is_empty() {
            work.push(as_work(open, items, now));
        }
    }
    Ok(Next { whom: person.handle.clone(), work })
}

fn as_work(open: Open, items: Vec<Uuid>, now: Timestamp) -> Work {
    let (told, Team { name, phone }) = told(&open, now);
    let by = open.high.then_some(open.act_by).filter(|_| !matches!(told, Told::Waits { .. }));
    Work { items, team: name, phone, told, by }
}

/// Whether people were told since they were last to be told anew, and whose people.
fn told(open: &Open, now: Timestamp) -> (Told, Team) {
    if let Some(sent) = first_sent(&open.history) {
        return (Told::Paged { at: sent.at }, sent.team.as_ref().unwrap_or(&open.team).clone());
    }
    match &open.waits {
        Some((until, team)) if *until > now => (Told::Waits { until: *until }, team.clone()),
        _ => (Told::PassedOn, open.team.clone()),
    }
}

/// The first page that was handed over since. A new finding that is no louder than what people are being told about anyway asks
/// for no page; one that breaks an acknowledgement does.
fn first_sent(history: &[Event]) -> Option<&Event> {
    let mut sent = None;
    let mut held = false;
    for event in history {
        match event.what.as_str() {
            "acknowledged" => held = true,
            "renewed" if !held => {}
            "sent" => sent = sent.or(Some(event)),
            _ => (sent, held) = (None, false),
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::seen::Trouble;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-02T{text}:00Z").parse().expect("a time")
    }

    fn team(name: &str) -> Team {
        Team { name: name.into(), phone: "1".into() }
    }

    /// As in `09:00 opened, 09:01 sent Night`.
    fn open(history: &str, waits: Option<(&str, &str)>) -> Open {
        let event = |text: &str| {
            let mut words = text.split_whitespace();
            let (when, what) = (words.next().expect("when"), words.next().expect("what"));
            Event { at: at(when), what: what.into(), team: words.next().map(team) }
        };
        let trouble = Trouble {
            alert: Uuid::nil(),
            patient: Uuid::nil(),
            rule: "hypertension/severe".into(),
            began_at: at("09:00"),
        };
        let waits = waits.map(|(until, name)| (at(until), team(name)));
        let history = history.split(", ").map(event).collect();
        Open { trouble, high: true, act_by: at("09:15"), team: team("Belper"), waits, history }
    }

    /// As in `paged 09:01 Night by 09:15`.
    fn said(open: Open) -> String {
        let Work { told, team, by, .. } = as_work(open, Vec::new(), at("12:00"));
        let clock = |at: Timestamp| at.strftime("%H:%M").to_string();
        let told = match told {
            Told::PassedOn => "passed on".into(),
            Told::Paged { at } => format!("paged {}", clock(at)),
            Told::Waits { until } => format!("waits {}", clock(until)),
        };
        let by = by.map_or(String::new(), |by| format!(" by {}", clock(by)));
        format!("{told} {team}{by}")
    }

    #[test]
    fn only_what_was_handed_over_was_told_and_the_first_counts() {
        let cases = [
            ("09:00 opened", None, "passed on Belper by 09:15"),
            ("09:00 opened", Some(("09:00", "Belper")), "passed on Belper by 09:15"),
            ("09:00 opened", Some(("20:00", "Night")), "waits 20:00 Night"),
            ("09:00 opened, 09:01 sent Night", None, "paged 09:01 Night by 09:15"),
            ("09:00 opened, 09:01 sent", None, "paged 09:01 Belper by 09:15"),
            // The next person is told too, and a later step waits: somebody was told all the same.
            (
                "09:00 opened, 09:01 sent Belper, 09:16 sent Night",
                Some(("20:00", "Night")),
                "paged 09:01 Belper by 09:15",
            ),
        ];
        for (history, waits, expected) in cases {
            assert_eq!(said(open(history, waits)), expected, "{history}");
        }
    }

    #[test]
    fn what_people_were_told_before_is_not_what_they_are_told_now() {
        let cases = [
            ("09:00 opened, 09:01 sent Belper, 10:00 worsened", "passed on Belper by 09:15"),
            ("09:00 opened, 09:01 sent Belper, 10:00 raised, 10:01 sent Belper", "paged 10:01 Belper by 09:15"),
            ("09:00 opened, 09:01 sent Belper, 10:00 renewed", "paged 09:01 Belper by 09:15"),
            ("09:00 opened, 09:01 sent Belper, 09:05 acknowledged, 10:00 renewed", "passed on Belper by 09:15"),
            (
                "09:00 opened, 09:01 sent Belper, 09:05 acknowledged, 11:05 came_back, 11:06 sent Belper",
                "paged 11:06 Belper by 09:15",
            ),
            ("09:00 opened, 09:01 sent Belper, 09:05 acknowledged, 11:05 released", "passed on Belper by 09:15"),
        ];
        for (history, expected) in cases {
            assert_eq!(said(open(history, None)), expected, "{history}");
        }
    }
}
