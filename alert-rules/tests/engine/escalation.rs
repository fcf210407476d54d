//! What an alert does over time, told as stories: who is paged when, what breaks an acknowledgement, what comes back.

use alert_rules::escalation::{Happened, Life, Note, PageWhy, step};
use alert_rules::{Kind, Priority};

use crate::ward::{Ward, closed, duty, happened, pages, taken};
use crate::world::at;

#[test]
fn a_high_alert_nobody_answers_goes_round_and_round() {
    let mut ward = Ward::new();
    // Far above what anybody is asked about first.
    let opened = ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    assert_eq!(pages(&opened), [(PageWhy::Opened, 0)]);
    let mut alert = ward.alerts.remove(0);
    assert_eq!(alert.priority, Priority::High);
    assert_eq!(alert.act_by, at("2026-03-27T09:15:05Z"));
    assert_eq!(step(&alert, &ward.duty, at("2026-03-27T09:15:04Z")), None, "not yet");

    let mut told = Vec::new();
    let mut operator = Vec::new();
    for _ in 0..5 {
        let due = alert.next_step_at.expect("an open alert is never without a next step");
        let decision = step(&alert, &ward.duty, due).expect("due");
        told.extend(pages(std::slice::from_ref(&decision)));
        operator.extend(decision.operator.iter().map(|_| decision.alert.step));
        assert_eq!(decision.alert.next_step_at, Some(due + jiff::SignedDuration::from_mins(15)));
        alert = decision.alert;
    }
    use PageWhy::{Escalated, Repeated};
    assert_eq!(told, [(Escalated, 1), (Escalated, 2), (Repeated, 3), (Repeated, 4), (Repeated, 5)]);
    assert_eq!(operator, [3, 4, 5], "each time everybody was told and nobody answered");
}

#[test]
fn a_high_alert_goes_on_by_night_and_a_medium_waits_for_cover() {
    let mut ward = Ward::new();
    let opened = ward.measures("2026-03-27T22:00:00Z", "2026-03-27T22:00:05Z", 224.0, 118.0);
    let due = opened[0].alert.next_step_at.expect("open");
    let high = step(&opened[0].alert, &ward.duty, due).expect("due");
    assert_eq!(high.pages[0].at, due);
    let medium = alert_rules::escalation::Alert { priority: Priority::Medium, ..opened[0].alert.clone() };
    let medium = step(&medium, &ward.duty, due).expect("due");
    assert_eq!(medium.pages[0].at, at("2026-03-28T08:00:00Z"));
}

#[test]
fn asked_first_nobody_is_paged_until_it_is_confirmed() {
    let mut ward = Ward::new();
    assert_eq!(ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 186.0, 101.0), []);
    let confirmed = ward.measures("2026-03-27T09:00:50Z", "2026-03-27T09:00:55Z", 184.0, 100.0);
    assert_eq!(pages(&confirmed), [(PageWhy::Opened, 0)]);
    assert_eq!(ward.alerts[0].priority, Priority::High);
}

#[test]
fn asked_first_and_never_shown_pages_after_a_minute() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 186.0, 101.0);
    let next = ward.monitor.timers.iter().min().copied();
    assert_eq!(next, Some(at("2026-03-27T09:01:05Z")));
    let fired = ward.look(ward.monitor.folded_through, at("2026-03-27T09:01:05Z"));
    assert_eq!(pages(&fired), [(PageWhy::Opened, 0)]);
}

#[test]
fn worse_breaks_an_acknowledgement_and_the_same_does_not() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.alerts[0] = taken(&ward.alerts[0], "2026-03-27T09:05:00Z");
    assert_eq!(ward.alerts[0].act_by, at("2026-03-27T11:05:00Z"), "dealt with in two hours");

    let same = ward.measures("2026-03-27T09:30:00Z", "2026-03-27T09:30:05Z", 228.0, 118.0);
    assert_eq!(pages(&same), [], "less than a step of 10 mmHg worse");
    let worse = ward.measures("2026-03-27T09:40:00Z", "2026-03-27T09:40:05Z", 238.0, 119.0);
    assert_eq!(pages(&worse), [(PageWhy::Worsened, 0)]);
    assert_eq!(happened(&worse), [Happened::Worsened]);
    assert_eq!(ward.alerts[0].owner(), None);
}

#[test]
fn an_alert_says_what_is_known_of_a_value_and_its_history_what_was_told() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    assert_eq!(ward.alerts[0].sentence, "Blood pressure high: 224/118 mmHg, unconfirmed");
    let again = ward.measures("2026-03-27T09:30:00Z", "2026-03-27T09:30:05Z", 223.0, 117.0);
    assert_eq!((pages(&again), happened(&again)), (vec![], vec![Happened::Annotated]));
    assert_eq!(ward.alerts[0].sentence, "Blood pressure high: 224/118 mmHg, confirmed");

    // Asked first, nobody measured again, and staff know that it is right: accepted is known, not unconfirmed.
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 186.0, 101.0);
    ward.look(ward.monitor.folded_through, at("2026-03-27T09:01:05Z"));
    assert_eq!(ward.alerts[0].sentence, "Blood pressure high: 186/101 mmHg, unconfirmed");
    let accepted = ward.accepts(1, "2026-03-27T09:05:00Z");
    assert_eq!((pages(&accepted), happened(&accepted)), (vec![], vec![Happened::Annotated]));
    assert_eq!(accepted[0].entries[0].text, "Blood pressure high: 186/101 mmHg, accepted by staff");
    assert_eq!(ward.alerts[0].sentence, "Blood pressure high: 186/101 mmHg, accepted by staff");
}

#[test]
fn creeping_up_below_the_step_is_news_once_it_adds_up() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.alerts[0] = taken(&ward.alerts[0], "2026-03-27T09:05:00Z");
    assert_eq!(pages(&ward.measures("2026-03-27T09:20:00Z", "2026-03-27T09:20:05Z", 230.0, 118.0)), []);
    let added_up = ward.measures("2026-03-27T09:40:00Z", "2026-03-27T09:40:05Z", 236.0, 118.0);
    assert_eq!(pages(&added_up), [(PageWhy::Worsened, 0)], "12 mmHg above what people were told");
}

#[test]
fn acknowledged_and_not_closed_comes_back() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    let held = taken(&ward.alerts[0], "2026-03-27T09:05:00Z");
    let back = step(&held, &ward.duty, at("2026-03-27T11:05:00Z")).expect("two hours are over");
    assert_eq!(pages(std::slice::from_ref(&back)), [(PageWhy::CameBack, 0)]);
    assert_eq!(back.alert.life, Life::Open);
    let closed = closed(&held, "treatment changed", "2026-03-27T10:00:00Z");
    assert_eq!(closed.next_step_at, None);
    assert_eq!(step(&closed, &ward.duty, at("2026-03-28T10:00:00Z")), None);
}

#[test]
fn a_finding_that_ends_leaves_its_alert_open_with_a_note() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    let ended = ward.measures("2026-03-27T10:00:00Z", "2026-03-27T10:00:05Z", 140.0, 80.0);
    assert_eq!(happened(&ended), [Happened::Annotated]);
    assert_eq!(ward.alerts[0].known.note, Some(Note::Ended));
    assert_eq!(ended[0].entries[0].text, "later readings are within limits");
    assert_eq!(ward.alerts[0].closed_at(), None);
    assert!(ward.alerts[0].next_step_at.is_some(), "an unacknowledged high escalates on");
}

#[test]
fn a_closed_alert_stays_closed_until_there_is_news() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.alerts[0] = closed(&ward.alerts[0], "999", "2026-03-27T09:10:00Z");
    assert_eq!(ward.measures("2026-03-27T09:20:00Z", "2026-03-27T09:20:05Z", 222.0, 117.0), []);
    let worse = ward.measures("2026-03-27T09:40:00Z", "2026-03-27T09:40:05Z", 240.0, 118.0);
    assert_eq!(happened(&worse), [Happened::Opened]);
    assert_eq!(ward.alerts.len(), 2);
}

#[test]
fn a_late_breach_that_is_over_pages_nobody_at_night() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T12:00:00Z", "2026-03-27T12:00:05Z", 130.0, 80.0);
    let late = ward.measures("2026-03-27T08:00:00Z", "2026-03-27T23:00:00Z", 190.0, 100.0);
    assert_eq!(late[0].alert.priority, Priority::Medium);
    assert_eq!(late[0].pages[0].at, at("2026-03-28T08:00:00Z"), "when cover begins");
    assert!(late[0].entries[0].text.contains("late by 15 h"), "{}", late[0].entries[0].text);
}

#[test]
fn a_late_breach_that_still_stands_is_told_at_once() {
    let mut ward = Ward::new();
    let late = ward.measures("2026-03-27T08:00:00Z", "2026-03-27T23:00:00Z", 190.0, 100.0);
    assert_eq!(late[0].alert.priority, Priority::High);
    assert_eq!(late[0].pages[0].at, at("2026-03-27T23:00:00Z"));
}

#[test]
fn a_withdrawn_reading_leaves_a_question() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    let correction = alert_rules::Correction { seq: 9, corrects_seq: 1, reason: "not_mine".to_owned(), values: None };
    ward.monitor.history.corrections.push(correction);
    let withdrawn = ward.look(at("2026-03-27T09:00:00Z"), at("2026-03-27T09:30:00Z"));
    assert_eq!(happened(&withdrawn), [Happened::Annotated]);
    assert_eq!(ward.alerts[0].known.note, Some(Note::Withdrawn));
    assert_eq!(ward.alerts[0].closed_at(), None, "a person closes it");
}

#[test]
fn an_empty_roster_is_the_operators_alert() {
    let mut ward = Ward::new();
    ward.duty.people = 0;
    let opened = ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    assert_eq!(opened[0].operator.as_ref().expect("nobody is there").problem, "nobody on a roster");
}

#[test]
fn medium_waits_for_cover_and_counts_only_cover() {
    let cover = duty().cover;
    assert!(!cover.holds(at("2026-03-27T07:59:00Z")));
    assert_eq!(cover.next(at("2026-03-27T21:00:00Z")), at("2026-03-28T08:00:00Z"));
    let four_hours = jiff::SignedDuration::from_hours(4);
    assert_eq!(cover.after(at("2026-03-27T18:00:00Z"), four_hours), at("2026-03-28T10:00:00Z"));
    assert_eq!(cover.after(at("2026-03-27T16:00:00Z"), four_hours), at("2026-03-27T20:00:00Z"), "to its last second");
    assert!(cover.holds(at("2026-03-27T08:00:00Z")) && !cover.holds(at("2026-03-27T20:00:00Z")));
    assert_eq!(cover.next(at("2026-03-27T20:00:00Z")), at("2026-03-28T08:00:00Z"));
    // The clocks go forward on the 29th: eight o'clock is seven in UTC.
    assert_eq!(cover.after(at("2026-03-28T18:00:00Z"), four_hours), at("2026-03-29T09:00:00Z"));
    // A Friday's low waits for Monday.
    assert_eq!(cover.next_working_day(at("2026-03-27T10:00:00Z")).0, at("2026-03-30T07:00:00Z"));
}

#[test]
fn a_pack_taken_away_says_that_nobody_knows_whether_it_is_over() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.monitor.facts.plan.packs.clear();
    let ended = ward.look(at("2026-03-27T09:00:05Z"), at("2026-03-27T10:00:00Z"));
    assert_eq!(ward.alerts[0].known.note, Some(Note::Unwatched));
    assert!(ended[0].entries[0].text.contains("nobody knows"), "{}", ended[0].entries[0].text);
}

/// They stand in the rows of many years.
#[test]
fn the_words_that_are_stored_never_change() {
    use Happened::{Acknowledged, Annotated, CameBack, Closed, Escalated, Opened, Raised, Renewed, Worsened};
    let happened = [Opened, Raised, Worsened, Renewed, Acknowledged, CameBack, Escalated, Annotated, Closed];
    assert_eq!(
        happened.map(Happened::name).join(" "),
        "opened raised worsened renewed acknowledged came_back escalated annotated closed"
    );
    use Happened::{Accepted, Declined, Offered, RangNoAnswer, Released, Reminded, Snoozed};
    let happened = [Snoozed, Offered, Accepted, Declined, Released, RangNoAnswer, Reminded];
    assert_eq!(
        happened.map(Happened::name).join(" "),
        "snoozed offered accepted declined released rang_no_answer reminded"
    );
    use PageWhy as Why;
    let why = [Why::Opened, Why::Raised, Why::Worsened, Why::Renewed, Why::Escalated, Why::Repeated, Why::CameBack];
    assert_eq!(why.map(PageWhy::name).join(" "), "opened raised worsened renewed escalated repeated came_back");
    let why = [Why::Offered, Why::Declined, Why::Released, Why::RingAgain, Why::RingEmergencyContact, Why::WelfareStep];
    assert_eq!(
        why.map(PageWhy::name).join(" "),
        "offered declined released ring_again ring_emergency_contact welfare_step"
    );
    let priorities = ["low", "medium", "high"].map(|name| Priority::named(name).expect("stored").name());
    assert_eq!(priorities, ["low", "medium", "high"]);
    let kinds = ["clinical", "absence", "equipment", "service"];
    assert_eq!(kinds.map(|name| Kind::named(name).expect("stored").name()), kinds);
    assert_eq!((Priority::named("urgent"), Kind::named("urgent")), (None, None));
}
