//! What the engine concludes, told as stories of one morning.

use alert_rules::reading::{Absent, Comparator, Measured};
use alert_rules::{Component, Event, Kind, Priority, Shown, Vital};

use crate::morning::{HIGH, Morning};
use crate::world::{Thing, answers, at, reading};

#[test]
fn one_severe_reading_asks_and_alarms_nobody_yet() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 186.0, 101.0);
    let ask = &morning.monitor.asks[0];
    assert_eq!((ask.rule.as_str(), ask.vital), ("hypertension/severe", Vital::BloodPressure));
    assert_eq!(ask.until, at("2026-03-26T08:16:01Z"));
    assert!(morning.finding(HIGH).pending);
    assert_eq!(morning.monitor.asks.len(), 1);
    // Looking again asks nothing again.
    morning.monitor.look(&morning.rulebook, at("2026-03-26T08:00:00Z"), at("2026-03-26T08:00:30Z"));
    assert_eq!(morning.monitor.asks.len(), 1);
}

#[test]
fn the_repeat_clock_runs_from_when_the_phone_showed_it() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 186.0, 101.0);
    let shown = Shown { ask: morning.monitor.asks[0].id, at: at("2026-03-26T08:00:40Z") };
    morning.then("2026-03-26T08:00:40Z", Thing::Shown(shown));
    morning.pass("2026-03-26T08:15:39Z");
    assert!(morning.finding(HIGH).pending, "fifteen minutes are not over");
    morning.pass("2026-03-26T08:15:40Z");
    let finding = morning.finding(HIGH);
    assert_eq!((finding.pending, finding.unconfirmed, finding.priority), (false, true, Priority::High));
    assert_eq!(finding.sentence, "Blood pressure high: 186/101 mmHg, unconfirmed");
}

#[test]
fn confirmed_by_the_worst_of_both() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 186.0, 101.0);
    morning.pressure("2026-03-26T08:00:50Z", 181.0, 104.0);
    let finding = morning.finding(HIGH);
    assert_eq!((finding.priority, finding.pending, finding.unconfirmed), (Priority::High, false, false));
    let worst: Vec<_> = finding.worst.iter().map(|worst| (worst.component, worst.value)).collect();
    assert_eq!(worst, [(Component::Systolic, Some(186.0)), (Component::Diastolic, Some(104.0))]);
    assert_eq!(finding.sentence, "Blood pressure high: 186/101, then 181/104 mmHg, confirmed");
    assert_eq!(
        finding.reasons[0].sentence(),
        "systolic 186 mmHg, at or above 180 mmHg (severe systolic, the pack's default)"
    );
}

#[test]
fn a_clear_repeat_leaves_a_low_finding() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 186.0, 101.0);
    morning.pressure("2026-03-26T08:00:50Z", 140.0, 84.0);
    let finding = morning.finding(HIGH);
    assert_eq!((finding.priority, finding.pending), (Priority::Low, false));
    assert_eq!(finding.sentence, "Blood pressure high: 186/101 mmHg, clear when measured again");
    assert_eq!(finding.end, Some(at("2026-03-26T08:00:50Z")));
}

#[test]
fn a_warning_sign_fires_at_once() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 186.0, 101.0);
    let yes = answers(morning.next(), at("2026-03-26T08:00:30Z"), 1, "bp-warning-signs|1", "chest_pain", true);
    morning.then("2026-03-26T08:00:30Z", Thing::Answers(yes));
    let finding = morning.finding(HIGH);
    assert!(!finding.pending);
    assert_eq!(finding.firings[0].at_once, Some(at("2026-03-26T08:00:30Z")));
}

#[test]
fn a_doubtful_value_raises_and_does_not_clear() {
    let mut morning = Morning::of("diabetes");
    morning.glucose("2026-03-26T08:00:00Z", Measured::value(2.5));
    // 29 is outside the hold range: it may raise, it may not end the low.
    morning.glucose("2026-03-26T08:30:00Z", Measured::value(29.0));
    assert_eq!(morning.finding("glucose low").end, None);
    assert!(morning.finding("glucose very high").unconfirmed);
    morning.glucose("2026-03-26T08:40:00Z", Measured::value(29.5));
    assert_eq!(morning.finding("glucose low").end, Some(at("2026-03-26T08:40:00Z")), "a second reading agrees");
    assert!(!morning.finding("glucose very high").unconfirmed);
}

#[test]
fn a_reading_dated_by_arrival_raises_and_does_not_clear() {
    let mut morning = Morning::of("diabetes");
    morning.glucose("2026-03-26T08:00:00Z", Measured::value(2.5));
    let mut undated = reading(9, at("2026-03-26T09:00:00Z"), 0, Vital::Glucose, &[(Component::Glucose, 6.0)]);
    undated.flags.dated_by_arrival = true;
    morning.then("2026-03-26T09:00:00Z", Thing::Reading(undated));
    assert_eq!(morning.finding("glucose low").end, None);
}

#[test]
fn hi_is_high_and_lo_is_low() {
    let mut morning = Morning::of("diabetes");
    morning.glucose("2026-03-26T08:00:00Z", Measured::off_scale(Comparator::High));
    assert_eq!(morning.problems(), ["glucose very high"]);
    assert_eq!(morning.finding("glucose very high").priority, Priority::High);
    let mut morning = Morning::of("diabetes");
    morning.glucose("2026-03-26T08:00:00Z", Measured::off_scale(Comparator::Low));
    assert_eq!(morning.problems(), ["glucose low"]);
    assert_eq!(morning.finding("glucose low").priority, Priority::High);
    assert_eq!(morning.finding("glucose low").sentence, "Glucose low: LO");
}

#[test]
fn an_impossible_value_is_asked_again_and_is_a_task_after_an_hour() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 1_850.0, 90.0);
    assert_eq!(morning.problems(), Vec::<&str>::new(), "never used as a value");
    assert_eq!(morning.monitor.asks[0].text, Vital::BloodPressure.facts().ask_again);
    morning.pass("2026-03-26T09:00:00Z");
    let task = morning.finding("blood pressure value not possible");
    assert_eq!((task.start, task.priority), (at("2026-03-26T09:00:00Z"), Priority::Low));
}

#[test]
fn an_impossible_value_measured_anew_within_the_hour_is_no_task() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T08:00:00Z", 80.0, 120.0);
    morning.pressure("2026-03-26T08:10:00Z", 128.0, 80.0);
    morning.pass("2026-03-26T12:00:00Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
}

#[test]
fn could_not_measure_is_a_task_and_the_second_time_more() {
    let mut morning = Morning::of("heart-failure");
    let absent = |seq, time| {
        let mut reading = reading(seq, at(time), 1, Vital::Weight, &[]);
        reading.absent = Some(Absent::CouldNotMeasure);
        Thing::Reading(reading)
    };
    morning.then("2026-03-26T08:00:00Z", absent(1, "2026-03-26T08:00:00Z"));
    assert_eq!(morning.finding("could not measure weight").priority, Priority::Low);
    morning.then("2026-03-27T08:00:00Z", absent(2, "2026-03-27T08:00:00Z"));
    assert_eq!(morning.finding("could not measure weight").priority, Priority::Medium);
    // The slot stays open: what is due is still due.
    morning.pass("2026-03-27T20:00:00Z");
    assert_eq!(morning.finding("no weight").start, at("2026-03-27T20:00:00Z"));
}

#[test]
fn silence_is_found_once_at_due_plus_grace_and_ends_with_a_reading() {
    let mut morning = Morning::of("hypertension");
    morning.pressure("2026-03-26T07:40:00Z", 128.0, 80.0);
    morning.pass("2026-03-28T19:59:59Z");
    assert_eq!(morning.problems(), Vec::<&str>::new());
    morning.pass("2026-03-30T12:00:00Z");
    let silent = morning.finding("no blood pressure");
    assert_eq!((silent.start, silent.kind), (at("2026-03-28T20:00:00Z"), Kind::Absence), "due on the 27th, 36 h later");
    morning.pressure("2026-03-30T13:00:00Z", 128.0, 80.0);
    assert_eq!(morning.finding("no blood pressure").end, Some(at("2026-03-30T13:00:00Z")));
}

#[test]
fn an_event_is_a_condition_too() {
    let mut morning = Morning::of("diabetes");
    let effective_at = at("2026-03-26T09:00:00Z");
    let event =
        Event { seq: 1, effective_at, received_at: effective_at, event: "hypo_symptoms".to_owned(), quantity: None };
    morning.then("2026-03-26T09:00:00Z", Thing::Event(event));
    assert_eq!(morning.finding("glucose low").sentence, "Glucose low: reported hypo symptoms");
}

#[test]
fn one_ask_per_finding() {
    let mut morning = Morning::of("hypertension");
    for (time, systolic) in
        [("2026-03-26T08:00:00Z", 186.0), ("2026-03-26T08:00:40Z", 188.0), ("2026-03-26T08:30:00Z", 189.0)]
    {
        morning.pressure(time, systolic, 101.0);
    }
    assert_eq!(morning.monitor.asks.len(), 1);
}

#[test]
fn a_negated_condition_counts_as_at_once_and_is_said() {
    let mut morning = Morning::watched_by(
        "[rule.hot]\nproblem='fever'\npriority='high'\nwhen='temperature >= 38.0 Cel'\n\
         at_once.any=['not (temperature < 40.0 Cel)']\n\
         repeat={ within='15 min', first='Rest.', ask='Measure again.' }\n",
    );
    let taken = at("2026-03-26T08:00:00Z");
    let hot = reading(1, taken, 1, Vital::Temperature, &[(Component::Temperature, 40.4)]);
    morning.then("2026-03-26T08:00:00Z", Thing::Reading(hot));
    let fever = morning.finding("fever");
    assert!(!fever.pending, "nobody is asked first");
    assert_eq!(fever.firings[0].at_once, Some(taken));
    let said: Vec<String> = fever.reasons.iter().map(|reason| reason.sentence()).collect();
    assert!(said.contains(&"temperature 40.4 °C, at or above 40.0 °C".to_owned()), "{said:?}");
}

#[test]
fn an_impossible_pulse_hides_neither_a_pressure_nor_a_saturation() {
    let mut morning = Morning::of("hypertension");
    let values = [(Component::Systolic, 230.0), (Component::Diastolic, 118.0), (Component::Pulse, 15.0)];
    let odd = reading(1, at("2026-03-26T08:00:00Z"), 1, Vital::BloodPressure, &values);
    assert!(odd.flags.impossible && odd.flags.unconfirmed);
    morning.then("2026-03-26T08:00:00Z", Thing::Reading(odd));
    let finding = morning.finding(HIGH);
    assert_eq!((finding.priority, finding.pending, finding.unconfirmed), (Priority::High, false, true));
    assert_eq!(morning.monitor.asks[0].text, Vital::BloodPressure.facts().ask_again, "and it is asked again");
    morning.pass("2026-03-26T09:00:00Z");
    assert_eq!(morning.finding("blood pressure value not possible").priority, Priority::Low);

    let mut morning = Morning::watched_by("[rule.low]\nproblem='oxygen low'\npriority='high'\nwhen='spo2 <= 92 %'\n");
    let values = [(Component::Spo2, 72.0), (Component::Pulse, 0.0)];
    let odd = reading(1, at("2026-03-26T08:00:00Z"), 1, Vital::Spo2, &values);
    morning.then("2026-03-26T08:00:00Z", Thing::Reading(odd));
    assert_eq!(morning.finding("oxygen low").priority, Priority::High);
}

#[test]
fn one_wrong_end_of_a_pressure_takes_the_other_with_it() {
    use alert_rules::reading::not_possible;
    let pressure = |upper, lower, pulse| {
        let values = [(Component::Systolic, upper), (Component::Diastolic, lower), (Component::Pulse, pulse)];
        not_possible(&values.map(|(component, value)| (component, Measured::value(value))))
    };
    assert_eq!(pressure(230.0, 125.0, 15.0), [Component::Pulse]);
    assert_eq!(pressure(1_850.0, 92.0, 70.0), [Component::Systolic, Component::Diastolic]);
    assert_eq!(pressure(92.0, 148.0, 70.0), [Component::Systolic, Component::Diastolic]);
    assert_eq!(pressure(148.0, 92.0, 70.0), []);
}

#[test]
fn a_mean_without_its_off_scale_values_never_clears() {
    let mut morning = Morning::watched_by(
        "[rule.high]\nproblem='glucose high'\npriority='medium'\n\
         when='mean(glucose, over 7 days, at least 2) >= 10.0 mmol/L'\n\
         clear='mean(glucose, over 7 days, at least 2) < 9.0 mmol/L'\n",
    );
    morning.glucose("2026-03-26T08:00:00Z", Measured::value(12.0));
    morning.glucose("2026-03-26T12:00:00Z", Measured::value(12.0));
    morning.glucose("2026-03-26T18:00:00Z", Measured::off_scale(Comparator::High));
    for hour in ["08", "10", "12", "14", "16"] {
        morning.glucose(&format!("2026-03-27T{hour}:00:00Z"), Measured::value(5.0));
    }
    assert_eq!(morning.finding("glucose high").end, None, "nobody knows how high HI was");
    morning.pass("2026-04-04T00:00:00Z");
    assert_eq!(morning.finding("glucose high").end, Some(at("2026-04-03T03:00:00Z")), "HI has left the window");
}

#[test]
fn the_sentence_holds_the_worst_reading_not_the_last_that_was_worse_in_something() {
    let said = |readings: &[(f64, f64)]| {
        let mut morning = Morning::of("hypertension");
        for (minute, (systolic, diastolic)) in readings.iter().enumerate() {
            morning.pressure(&format!("2026-03-26T08:0{minute}:00Z"), *systolic, *diastolic);
        }
        morning.finding(HIGH).sentence.clone()
    };
    assert_eq!(said(&[(228.0, 100.0), (181.0, 119.0)]), "Blood pressure high: 228/100, then 181/119 mmHg, confirmed");
    assert_eq!(said(&[(221.0, 100.0), (228.0, 118.0), (222.0, 110.0)]), "Blood pressure high: 228/118 mmHg, confirmed");
}
