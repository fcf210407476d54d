//! What an alert does over time, told as stories: who is paged when, what breaks an acknowledgement, what comes back.

use crate::world::{Monitor, Thing, answers, at, dorothy, pressure};
use alert_rules::escalation::{
    Alert, Cover, Decision, Duty, Happened, Note, PageWhy, acknowledge, close, judge, next_now, step,
};
use alert_rules::{Evaluation, Priority, Rulebook, evaluate};
use jiff::Timestamp;
use uuid::Uuid;

const IDA: Uuid = Uuid::from_u128(1);

fn duty() -> Duty {
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("bundled");
    let cover = Cover { from: jiff::civil::time(8, 0, 0, 0), until: jiff::civil::time(20, 0, 0, 0), zone };
    Duty { cover, people: 2 }
}

/// Dorothy, her alerts, and what an evaluation did to them.
struct Ward {
    rulebook: Rulebook,
    monitor: Monitor,
    alerts: Vec<Alert>,
    duty: Duty,
    seq: i64,
}

impl Ward {
    fn new() -> Ward {
        let mut facts = dorothy();
        facts.plan.packs.retain(|pack| pack == "hypertension");
        let monitor = Monitor::new(facts);
        Ward { rulebook: Rulebook::built_in(), monitor, alerts: Vec::new(), duty: duty(), seq: 0 }
    }

    fn measures(&mut self, taken: &str, came: &str, systolic: f64, diastolic: f64) -> Vec<Decision> {
        self.seq += 1;
        let (taken, came) = (at(taken), at(came));
        let reading = pressure(self.seq, taken, came.duration_since(taken).as_secs(), systolic, diastolic);
        Thing::Reading(reading).put(&mut self.monitor.history);
        self.look(taken.min(self.monitor.folded_through), came)
    }

    fn look(&mut self, from: Timestamp, now: Timestamp) -> Vec<Decision> {
        let evaluation = self.evaluation(from, now);
        self.monitor.look(&self.rulebook, from, now);
        let decisions = judge(&evaluation, &self.alerts, &self.duty, now);
        self.write(&decisions);
        let evaluation = self.evaluation(from, now);
        assert_eq!(judge(&evaluation, &self.alerts, &self.duty, now), [], "the same is never news twice");
        decisions
    }

    fn evaluation(&self, from: Timestamp, now: Timestamp) -> Evaluation {
        evaluate(&self.rulebook, &self.monitor.facts, from, &self.monitor.watches, &self.monitor.history, now)
    }

    fn write(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            match decision.of {
                Some(index) => self.alerts[index] = decision.alert.clone(),
                None => self.alerts.push(decision.alert.clone()),
            }
        }
    }
}

fn pages(decisions: &[Decision]) -> Vec<(PageWhy, i16)> {
    decisions.iter().flat_map(|decision| &decision.pages).map(|page| (page.why, page.step)).collect()
}

fn happened(decisions: &[Decision]) -> Vec<Happened> {
    decisions.iter().flat_map(|decision| &decision.entries).map(|entry| entry.what).collect()
}

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
    let mut operator = 0;
    for _ in 0..5 {
        let due = alert.next_step_at.expect("an open alert is never without a next step");
        let decision = step(&alert, &ward.duty, due).expect("due");
        told.extend(decision.pages.iter().map(|page| (page.why, page.step)));
        operator += usize::from(decision.operator.is_some());
        assert_eq!(decision.alert.next_step_at, Some(due + jiff::SignedDuration::from_mins(15)));
        alert = decision.alert;
    }
    use PageWhy::{Escalated, Repeated};
    assert_eq!(told, [(Escalated, 1), (Repeated, 2), (Repeated, 3), (Repeated, 4), (Repeated, 5)]);
    assert_eq!(operator, 2, "each time everybody was told");
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
    let taken = acknowledge(&ward.alerts[0], IDA, &ward.duty, at("2026-03-27T09:05:00Z")).expect("nobody has it");
    assert_eq!(taken.alert.act_by, at("2026-03-27T11:05:00Z"), "dealt with in two hours");
    ward.alerts[0] = taken.alert;
    assert_eq!(acknowledge(&ward.alerts[0], Uuid::from_u128(2), &ward.duty, at("2026-03-27T09:06:00Z")), None);

    let same = ward.measures("2026-03-27T09:30:00Z", "2026-03-27T09:30:05Z", 228.0, 118.0);
    assert_eq!(pages(&same), [], "less than a step of 10 mmHg worse");
    let worse = ward.measures("2026-03-27T09:40:00Z", "2026-03-27T09:40:05Z", 238.0, 119.0);
    assert_eq!(pages(&worse), [(PageWhy::Worsened, 0)]);
    assert_eq!(happened(&worse), [Happened::Worsened]);
    assert_eq!(ward.alerts[0].acknowledged_at, None);
}

#[test]
fn creeping_up_below_the_step_is_news_once_it_adds_up() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.alerts[0] = acknowledge(&ward.alerts[0], IDA, &ward.duty, at("2026-03-27T09:05:00Z")).expect("free").alert;
    assert_eq!(pages(&ward.measures("2026-03-27T09:20:00Z", "2026-03-27T09:20:05Z", 230.0, 118.0)), []);
    let added_up = ward.measures("2026-03-27T09:40:00Z", "2026-03-27T09:40:05Z", 236.0, 118.0);
    assert_eq!(pages(&added_up), [(PageWhy::Worsened, 0)], "12 mmHg above what people were told");
}

#[test]
fn acknowledged_and_not_closed_comes_back() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    let held = acknowledge(&ward.alerts[0], IDA, &ward.duty, at("2026-03-27T09:05:00Z")).expect("free").alert;
    let back = step(&held, &ward.duty, at("2026-03-27T11:05:00Z")).expect("two hours are over");
    assert_eq!(pages(std::slice::from_ref(&back)), [(PageWhy::CameBack, 0)]);
    assert_eq!((back.alert.owner, back.alert.acknowledged_at), (None, None));
    let closed = close(&held, "treatment changed", at("2026-03-27T10:00:00Z")).expect("open").alert;
    assert_eq!(closed.next_step_at, None);
    assert_eq!(step(&closed, &ward.duty, at("2026-03-28T10:00:00Z")), None);
    assert_eq!(next_now(&closed, &ward.duty, at("2026-03-28T10:00:00Z")), None);
}

#[test]
fn a_finding_that_ends_leaves_its_alert_open_with_a_note() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    let ended = ward.measures("2026-03-27T10:00:00Z", "2026-03-27T10:00:05Z", 140.0, 80.0);
    assert_eq!(happened(&ended), [Happened::Annotated]);
    assert_eq!(ward.alerts[0].known.note, Some(Note::Ended));
    assert_eq!(ward.alerts[0].closed_at, None);
    assert!(ward.alerts[0].next_step_at.is_some(), "an unacknowledged high escalates on");
}

#[test]
fn a_closed_alert_stays_closed_until_there_is_news() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    ward.alerts[0] = close(&ward.alerts[0], "999", at("2026-03-27T09:10:00Z")).expect("open").alert;
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
    assert_eq!(ward.alerts[0].closed_at, None, "a person closes it");
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
    // The clocks go forward on the 29th: eight o'clock is seven in UTC.
    assert_eq!(cover.after(at("2026-03-28T18:00:00Z"), four_hours), at("2026-03-29T09:00:00Z"));
    // A Friday's low waits for Monday.
    assert_eq!(cover.next_working_day(at("2026-03-27T10:00:00Z")).0, at("2026-03-30T07:00:00Z"));
}

#[test]
fn cover_may_run_over_midnight_or_all_day() {
    let night = Cover { from: jiff::civil::time(20, 0, 0, 0), until: jiff::civil::time(8, 0, 0, 0), ..duty().cover };
    assert!(night.holds(at("2026-03-27T03:00:00Z")));
    assert!(!night.holds(at("2026-03-27T12:00:00Z")));
    let always = Cover { until: duty().cover.from, ..duty().cover };
    assert!(always.holds(at("2026-03-27T03:00:00Z")));
    assert_eq!(always.next(at("2026-03-27T03:00:00Z")), at("2026-03-27T03:00:00Z"));
}

const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

impl Ward {
    /// A patient's readings that come together, and one look at them.
    fn takes(&mut self, came: &str, readings: &[(&str, f64, f64)]) -> Vec<Decision> {
        let came = at(came);
        for (taken, systolic, diastolic) in readings {
            self.seq += 1;
            let late = came.duration_since(at(taken)).as_secs();
            Thing::Reading(pressure(self.seq, at(taken), late, *systolic, *diastolic)).put(&mut self.monitor.history);
        }
        let first = readings.iter().map(|(taken, ..)| at(taken)).min().unwrap_or(came);
        self.look(first.min(self.monitor.folded_through), came)
    }

    fn withdraws(&mut self, seq: i64, came: &str) -> Vec<Decision> {
        let taken = self.monitor.history.readings.iter().find(|reading| reading.seq == seq).expect("sent").effective_at;
        let reason = "not_mine".to_owned();
        let correction = alert_rules::Correction { seq: 1_000 + seq, corrects_seq: seq, reason, values: None };
        self.monitor.history.corrections.push(correction);
        self.look(taken, at(came))
    }
}

#[test]
fn the_same_breach_a_week_after_an_alert_was_closed_is_a_new_alert() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T08:00:00Z", "2026-03-27T08:00:05Z", 224.0, 118.0);
    ward.alerts[0] = close(&ward.alerts[0], "treatment changed", at("2026-03-27T08:10:00Z")).expect("open").alert;
    assert_eq!(ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0), [], "the same still");
    assert_eq!(ward.measures("2026-03-27T12:00:00Z", "2026-03-27T12:00:05Z", 140.0, 80.0), []);
    let mut again = ward.measures("2026-04-03T08:00:00Z", "2026-04-03T08:00:05Z", 224.0, 118.0);
    again.retain(|decision| decision.alert.problem == "blood pressure high");
    assert_eq!((happened(&again), pages(&again)), (vec![Happened::Opened], vec![(PageWhy::Opened, 0)]));
}

#[test]
fn a_clear_reading_and_a_new_breach_in_one_batch_are_news() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T08:00:00Z", "2026-03-27T08:00:05Z", 224.0, 118.0);
    ward.alerts[0] = acknowledge(&ward.alerts[0], IDA, &ward.duty, at("2026-03-27T08:05:00Z")).expect("free").alert;
    let batch = ward.takes(
        "2026-03-27T15:00:05Z",
        &[("2026-03-27T12:00:00Z", 140.0, 80.0), ("2026-03-27T15:00:00Z", 224.0, 118.0)],
    );
    assert_eq!(pages(&batch).len(), 1, "{batch:?}");
    assert_eq!(ward.alerts[0].acknowledged_at, None);
}

#[test]
fn a_late_reading_that_makes_a_cleared_finding_high_raises_its_alert() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:02Z", 184.0, 100.0);
    ward.measures("2026-03-27T09:01:00Z", "2026-03-27T09:01:02Z", 148.0, 88.0);
    assert_eq!(ward.alerts[0].priority, Priority::Low);
    let late = ward.measures("2026-03-27T09:00:30Z", "2026-03-27T09:02:00Z", 190.0, 100.0);
    assert_eq!((happened(&late), pages(&late)), (vec![Happened::Raised], vec![(PageWhy::Raised, 0)]));
    assert_eq!(ward.alerts[0].priority, Priority::High);
}

#[test]
fn the_same_hours_later_is_medium_and_says_how_late() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:02Z", 184.0, 100.0);
    ward.measures("2026-03-27T09:01:00Z", "2026-03-27T09:01:02Z", 148.0, 88.0);
    let late = ward.measures("2026-03-27T09:00:30Z", "2026-03-27T22:00:00Z", 190.0, 100.0);
    assert_eq!(happened(&late), [Happened::Raised]);
    assert_eq!((ward.alerts[0].priority, ward.alerts[0].late_minutes), (Priority::Medium, 780));
    assert!(late[0].entries[0].text.contains("late by 13 h"), "{}", late[0].entries[0].text);
}

#[test]
fn a_withdrawn_clearing_reading_raises_its_alert() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:02Z", 184.0, 100.0);
    ward.measures("2026-03-27T09:01:00Z", "2026-03-27T09:01:02Z", 148.0, 88.0);
    let withdrawn = ward.withdraws(2, "2026-03-27T11:00:00Z");
    assert_eq!((happened(&withdrawn), pages(&withdrawn)), (vec![Happened::Raised], vec![(PageWhy::Raised, 0)]));
    assert_eq!(ward.alerts[0].priority, Priority::High);
}

#[test]
fn a_second_could_not_measure_raises_the_task() {
    let mut ward = Ward::new();
    let absent = |ward: &mut Ward, seq, taken: &str| {
        let mut reading = pressure(seq, at(taken), 1, 0.0, 0.0);
        reading.components.clear();
        reading.flags = Default::default();
        reading.absent = Some(alert_rules::reading::Absent::CouldNotMeasure);
        Thing::Reading(reading).put(&mut ward.monitor.history);
        ward.look(at(taken), at(taken) + jiff::SignedDuration::from_secs(1))
    };
    assert_eq!(happened(&absent(&mut ward, 1, "2026-03-27T08:00:00Z")), [Happened::Opened]);
    assert_eq!(ward.alerts[0].priority, Priority::Low);
    assert_eq!(happened(&absent(&mut ward, 2, "2026-03-27T09:00:00Z")), [Happened::Raised]);
    assert_eq!(ward.alerts[0].priority, Priority::Medium);
}

#[test]
fn two_findings_in_one_batch_are_both_written_down_and_the_louder_leads() {
    let mut ward = Ward::new();
    let batch = ward.takes(
        "2026-03-27T15:00:05Z",
        &[
            ("2026-03-27T08:00:00Z", 236.0, 118.0),
            ("2026-03-27T12:00:00Z", 140.0, 80.0),
            ("2026-03-27T15:00:00Z", 224.0, 118.0),
        ],
    );
    assert_eq!(happened(&batch), [Happened::Opened, Happened::Renewed]);
    assert_eq!(pages(&batch), [(PageWhy::Opened, 0)]);
    assert!(batch[0].entries[0].text.contains("224/118"), "{}", batch[0].entries[0].text);
    assert!(
        batch[0].entries[1].text.contains("236/118 mmHg, unconfirmed (late by 7 h)"),
        "{}",
        batch[0].entries[1].text
    );
    assert_eq!(ward.alerts[0].known.firings.len(), 2);
    assert_eq!(ward.look(at("2026-03-27T08:00:00Z"), at("2026-03-27T15:00:05Z") + HOUR), [], "nothing is left unsaid");
}

impl Ward {
    fn answers(&mut self, taken: &str, link: &str) -> Vec<Decision> {
        self.seq += 1;
        Thing::Answers(answers(self.seq, at(taken), 1, "bp-warning-signs|1", link, true))
            .put(&mut self.monitor.history);
        let mut decisions = self.look(at(taken), at(taken) + jiff::SignedDuration::from_secs(1));
        decisions.retain(|decision| decision.alert.problem == "blood pressure high");
        decisions
    }
}

#[test]
fn a_new_symptom_breaks_an_acknowledgement_and_the_same_again_does_not() {
    let mut ward = Ward::new();
    ward.measures("2026-03-27T09:00:00Z", "2026-03-27T09:00:05Z", 224.0, 118.0);
    let held = |ward: &mut Ward, when: &str| {
        ward.alerts[0] = acknowledge(&ward.alerts[0], IDA, &ward.duty, at(when)).expect("free").alert;
    };
    held(&mut ward, "2026-03-27T09:05:00Z");
    let chest_pain = ward.answers("2026-03-27T09:10:00Z", "warning_signs");
    assert_eq!((happened(&chest_pain), pages(&chest_pain)), (vec![Happened::Worsened], vec![(PageWhy::Worsened, 0)]));
    held(&mut ward, "2026-03-27T09:15:00Z");
    assert_eq!(ward.answers("2026-03-27T09:20:00Z", "warning_signs"), [], "the same symptom");
    let fell = ward.answers("2026-03-27T09:30:00Z", "dizzy_or_fell");
    assert_eq!(pages(&fell), [(PageWhy::Worsened, 0)], "another");
    held(&mut ward, "2026-03-27T09:35:00Z");
    let next_day = ward.answers("2026-03-28T09:10:00Z", "warning_signs");
    assert_eq!(pages(&next_day), [(PageWhy::Worsened, 0)], "another day's");
}
