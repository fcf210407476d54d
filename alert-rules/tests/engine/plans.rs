//! What people have set for a patient: pauses, limits, packs, and what of it cannot be applied.

use alert_rules::{Component, Kind, Priority, Rulebook, Vital};

use crate::morning::{HIGH, Morning};
use crate::world::{Thing, at, dorothy, reading};

#[test]
fn our_own_outage_is_not_the_patients_silence() {
    let mut morning = Morning::of("hypertension");
    let gap = alert_rules::facts::Gap { from: at("2026-03-27T12:00:00Z"), until: at("2026-03-27T18:00:00Z") };
    morning.monitor.facts.service_gaps = vec![gap];
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    morning.pass("2026-03-30T12:00:00Z");
    assert_eq!(morning.finding("no blood pressure").start, at("2026-03-29T02:00:00Z"));
}

#[test]
fn a_pause_stops_silence_and_never_a_value() {
    let mut morning = Morning::of("hypertension");
    morning.monitor.facts.pauses = vec![alert_rules::facts::Pause {
        from: at("2026-03-26T12:00:00Z"),
        until: at("2026-03-31T12:00:00Z"),
        by: "Ida".to_owned(),
        why: "visiting her sister".to_owned(),
        asked: false,
    }];
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    morning.pass("2026-03-31T12:00:00Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
    morning.pressure("2026-03-31T12:30:00Z", 224.0, 118.0);
    assert_eq!(morning.problems(), [HIGH]);
}

fn away(from: &str, until: &str) -> alert_rules::facts::Pause {
    let (by, why) = ("Ida".to_owned(), "visiting her sister".to_owned());
    alert_rules::facts::Pause { from: at(from), until: at(until), by, why, asked: false }
}

#[test]
fn after_a_pause_silence_is_found_as_ever() {
    let mut morning = Morning::of("hypertension");
    morning.monitor.facts.pauses = vec![away("2026-03-26T12:00:00Z", "2026-03-31T12:00:00Z")];
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    morning.pass("2026-04-02T18:59:59Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
    morning.pass("2026-04-02T20:00:00Z");
    assert_eq!(
        morning.finding("no blood pressure").start,
        at("2026-04-02T19:00:00Z"),
        "due on the 1st at 8, 36 h later"
    );
}

#[test]
fn a_pause_ends_no_silence_that_was_found_before_it() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    morning.pass("2026-03-28T20:00:00Z");
    morning.monitor.facts.pauses = vec![away("2026-03-28T21:00:00Z", "2026-04-04T12:00:00Z")];
    morning.monitor.facts.valid_from = Some(at("2026-03-28T21:00:00Z"));
    morning.pass("2026-04-03T12:00:00Z");
    assert_eq!(morning.finding("no blood pressure").end, None);
}

fn asked(from: &str, until: &str) -> alert_rules::facts::Pause {
    alert_rules::facts::Pause { by: "the patient".to_owned(), asked: true, ..away(from, until) }
}

#[test]
fn a_pause_the_patient_asked_for_is_a_task_and_stops_nothing_until_staff_take_it_on() {
    const TASK: &str = "asks to pause measuring from 26 March until 31 March";
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    let pause = ("2026-03-26T12:00:00Z", "2026-03-30T23:00:00Z");
    morning.monitor.facts.pauses = vec![asked(pause.0, pause.1)];
    morning.pass("2026-03-28T20:00:00Z");
    let task = morning.finding(TASK);
    assert_eq!((task.kind, task.priority, task.end), (Kind::Service, Priority::Low, None));
    assert_eq!(task.sentence, "Asks to pause measuring from 26 March until 31 March: say yes or no");
    morning.finding("no blood pressure");
    morning.pass("2026-04-02T20:00:00Z");
    assert_eq!(morning.finding(TASK).end, None, "the days are over, and nobody said yes or no");

    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    morning.monitor.facts.pauses = vec![asked(pause.0, pause.1)];
    morning.pass("2026-03-26T13:00:00Z");
    morning.monitor.facts.pauses = vec![away(pause.0, pause.1)];
    morning.pass("2026-03-28T20:00:00Z");
    let task = morning.finding(TASK);
    assert!(task.end.is_some() && task.closes_itself, "{task:?}");
    assert_eq!(morning.problems(), [TASK]);
}

#[test]
fn what_a_patient_asks_for_next_takes_the_place_of_what_they_asked_for_before() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    morning.monitor.facts.pauses = vec![asked("2026-03-27T00:00:00Z", "2026-03-28T00:00:00Z")];
    morning.pass("2026-03-26T13:00:00Z");
    morning.monitor.facts.pauses = vec![asked("2026-03-27T00:00:00Z", "2026-03-30T23:00:00Z")];
    morning.pass("2026-03-26T14:00:00Z");
    assert!(morning.finding("asks to pause measuring from 27 March until 28 March").end.is_some());
    assert_eq!(morning.finding("asks to pause measuring from 27 March until 31 March").end, None);
}

const NO_WEIGHT: &str =
    "[rule.silent]\nproblem='no weight'\nkind='absence'\npriority='low'\nwhen='overdue(weight, 24 h)'\n";

/// Watched by one rule of silence, with one slot.
fn asked_for(slot: &str) -> Morning {
    let mut morning = Morning::watched_by(NO_WEIGHT);
    let slot = alert_rules::slot_text::read(slot).expect("a slot");
    morning.monitor.facts.plan.slots = vec![slot.beginning(jiff::civil::date(2026, 3, 26))];
    morning
}

#[test]
fn a_fortnights_silence_lasts_until_something_comes() {
    let mut morning = asked_for("weight 08:00 every 14 days");
    morning.measures("2026-03-26T07:40:00Z", Vital::Weight, &[(Component::Weight, 80.0)]);
    morning.pass("2026-04-22T12:00:00Z");
    let silent = morning.finding("no weight");
    assert_eq!((silent.start, silent.end), (at("2026-04-10T07:00:00Z"), None));
}

#[test]
fn early_for_a_fortnights_slot_is_in_time() {
    let mut morning = asked_for("weight 08:00 every 14 days");
    morning.measures("2026-03-26T07:40:00Z", Vital::Weight, &[(Component::Weight, 80.0)]);
    morning.measures("2026-04-09T05:00:00Z", Vital::Weight, &[(Component::Weight, 80.0)]);
    morning.pass("2026-04-22T12:00:00Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
}

#[test]
fn nothing_is_overdue_when_a_course_is_over() {
    let mut morning = asked_for("weight 08:00 for 3 days");
    for day in 26..29 {
        morning.measures(&format!("2026-03-{day}T07:40:00Z"), Vital::Weight, &[(Component::Weight, 80.0)]);
    }
    morning.pass("2026-04-22T12:00:00Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
}

#[test]
fn silence_that_is_complete_as_an_outage_begins_is_found_then() {
    let mut morning = Morning::of("hypertension");
    let gap = alert_rules::facts::Gap { from: at("2026-03-28T20:00:00Z"), until: at("2026-03-29T04:00:00Z") };
    morning.monitor.facts.service_gaps = vec![gap];
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    morning.pass("2026-03-30T12:00:00Z");
    assert_eq!(morning.finding("no blood pressure").start, at("2026-03-28T20:00:00Z"));
}

#[test]
fn a_limit_lowered_for_one_patient_is_looked_at_when_it_comes_into_force() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 172.0, 90.0);
    assert_eq!(morning.problems(), Vec::<&str>::new());
    let limit = alert_rules::facts::PlanLimit {
        value: 165.0,
        unit: "mm[Hg]".to_owned(),
        by: "Dr Ahmed".to_owned(),
        why: "kidneys".to_owned(),
        until: None,
    };
    morning.monitor.facts.plan.limits.insert("hypertension/severe_systolic".to_owned(), limit);
    morning.monitor.facts.valid_from = Some(at("2026-03-26T10:00:00Z"));
    morning.pass("2026-03-26T10:05:00Z");
    let finding = morning.finding(HIGH);
    assert_eq!(finding.start, at("2026-03-26T10:00:00Z"));
    assert!(finding.reasons[0].sentence().ends_with("165 mmHg (severe systolic, set by Dr Ahmed)"));
}

#[test]
fn a_rule_that_cannot_be_judged_is_one_task_after_two_weeks() {
    let mut morning =
        Morning::watched_by("[rule.hot]\nproblem='fever'\npriority='high'\nwhen='temperature >= 39.0 Cel'\n");
    morning.monitor.look(&morning.rulebook, at("2026-03-26T00:00:00Z"), at("2026-03-26T00:00:00Z"));
    morning.pass("2026-04-08T23:59:59Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
    morning.pass("2026-04-20T00:00:00Z");
    let task = morning.finding("rule x/hot cannot be judged");
    assert_eq!((task.kind, task.priority, task.end), (Kind::Service, Priority::Low, None));
    let mut cool = reading(1, at("2026-04-20T08:00:00Z"), 1, Vital::Temperature, &[(Component::Temperature, 36.6)]);
    cool.seq = 1;
    morning.then("2026-04-20T08:00:00Z", Thing::Reading(cool));
    assert!(morning.finding("rule x/hot cannot be judged").end.is_some());
}

#[test]
fn what_a_plan_assigns_and_cannot_be_applied_is_a_task_until_it_can() {
    let own = |value, unit: &str| alert_rules::facts::PlanLimit {
        value,
        unit: unit.to_owned(),
        by: "Dr Ahmed".to_owned(),
        why: "kidneys".to_owned(),
        until: None,
    };
    let mut morning = Morning::of("hypertension");
    let facts = &mut morning.monitor.facts;
    facts.plan.packs.push("headache".to_owned());
    facts.plan.limits.insert("hypertension/gone".to_owned(), own(5.0, "mm[Hg]"));
    facts.plan.limits.insert("hypertension/severe_systolic".to_owned(), own(230.0, "mm[Hg]"));
    facts.plan.limits.insert("hypertension/low_systolic".to_owned(), own(115.0, "mm[Hg]"));
    facts.tags.insert("pregnant".to_owned(), true);
    morning.pass("2026-03-26T07:00:00Z");
    let task = morning.finding("headache cannot be applied");
    assert_eq!((task.kind, task.priority, task.end), (Kind::Service, Priority::Medium, None));
    morning.finding("hypertension/gone cannot be applied");
    morning.finding("hypertension/severe_systolic cannot be applied");
    assert!(
        morning.finding("hypertension cannot be applied").sentence.contains("not marked"),
        "it is watched all the same"
    );
    // Looser than the pack allows: the pack's own holds. Stricter: it holds.
    morning.pressure("2026-03-26T08:00:00Z", 222.0, 100.0);
    morning.finding(HIGH);
    morning.pressure("2026-03-26T09:00:00Z", 112.0, 70.0);
    morning.finding("blood pressure low");

    morning.monitor.facts.plan.packs.pop();
    morning.monitor.facts.tags.insert("pregnant".to_owned(), false);
    morning.pass("2026-03-26T12:00:00Z");
    assert!(morning.finding("headache cannot be applied").end.is_some());
    assert!(morning.finding("hypertension cannot be applied").end.is_some());
    assert_eq!(morning.finding("hypertension/gone cannot be applied").end, None);
}

#[test]
fn a_pack_says_whom_it_is_for() {
    let (rulebook, mut facts, now) = (Rulebook::built_in(), dorothy(), at("2026-03-26T08:00:00Z"));
    let pack = rulebook.pack("hypertension").expect("built in");
    assert_eq!(pack.applies_to(&facts, now), Some(true));
    facts.tags.clear();
    assert_eq!(pack.applies_to(&facts, now), None, "nobody said");
    facts.date_of_birth = jiff::civil::date(2015, 1, 1);
    assert_eq!(pack.applies_to(&facts, now), Some(false), "a child, pregnant or not");
}

#[test]
fn a_pack_taken_away_ends_its_findings_and_claims_no_recovery() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 224.0, 118.0);
    morning.monitor.facts.plan.packs.clear();
    morning.pass("2026-03-26T12:00:00Z");
    let finding = morning.finding(HIGH);
    assert!(finding.end.is_some() && finding.firings[0].unwatched);
}

#[test]
fn a_vital_measured_within_the_week_is_enough_to_judge_a_rule() {
    let mut morning =
        Morning::watched_by("[rule.hot]\nproblem='fever'\npriority='high'\nwhen='temperature >= 39.0 Cel'\n");
    morning.measures("2026-04-03T08:00:00Z", Vital::Temperature, &[(Component::Temperature, 36.6)]);
    morning.pass("2026-04-09T12:00:00Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
}
