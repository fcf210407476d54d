//! Tasks: work for people that no rule finds. Each is put as a finding of one instant, so that it opens, renews and
//! escalates like any other alert.

use alert_rules::escalation;
use alert_rules::finding::Firing;
use alert_rules::{Evaluation, Finding, Kind, Priority};
use jiff::Timestamp;

use crate::store::intake::Intake;

/// Rules of this pack are made here; evaluations of the rulebook neither see nor end their alerts.
const PACK: &str = "task/";
/// Letters of a note that go onto the worklist; all of it stands beside the reading.
const NOTE_SHOWN: usize = 160;

/// Whether an alert came from here.
pub fn is_task(alert: &escalation::Alert) -> bool {
    alert.rule.starts_with(PACK)
}

/// What new numbers held that a person must look at.
pub fn of_intake(intake: &Intake, at: Timestamp) -> Vec<Finding> {
    let mut tasks = Vec::new();
    if let Some(note) = intake.notes.last() {
        let shown: String = note.chars().take(NOTE_SHOWN).collect();
        let more = if shown.len() < note.len() { "…" } else { "" };
        let sentence = match intake.notes.len() {
            1 => format!("A note to read: “{shown}{more}”"),
            count => format!("{count} notes to read, the last: “{shown}{more}”"),
        };
        tasks.push(task("note", "a note to read", Kind::Clinical, Priority::Medium, sentence, at));
    }
    if intake.too_old > 0 {
        let sentence = match intake.too_old {
            1 => "A reading more than 30 days old arrived: it is on the chart and was not judged".to_owned(),
            count => {
                format!("{count} readings more than 30 days old arrived: they are on the chart and were not judged")
            }
        };
        tasks.push(task("old-readings", "old readings to review", Kind::Clinical, Priority::Low, sentence, at));
    }
    if intake.not_theirs > 0 {
        let sentence = match intake.not_theirs {
            1 => "A reading came from an instrument's user number that is somebody else's: find out whose it is"
                .to_owned(),
            count => format!(
                "{count} readings came from an instrument's user number that is somebody else's: find out whose they are"
            ),
        };
        tasks.push(task("not-theirs", "readings of somebody else", Kind::Equipment, Priority::Medium, sentence, at));
    }
    tasks
}

/// The computer could not judge a patient, so a person must look.
pub fn not_judged(at: Timestamp) -> Finding {
    let sentence = "The computer could not judge this person's readings; look at them yourself".to_owned();
    task("not-judged", "readings not judged", Kind::Service, Priority::Medium, sentence, at)
}

/// The reading of a person who does not exist arrived here.
pub fn of_test(at: Timestamp) -> Finding {
    task(
        "test",
        "a test of the service",
        Kind::Service,
        Priority::High,
        "A test: nobody has to do anything".to_owned(),
        at,
    )
}

/// The patient's phones say nothing any more.
pub fn of_phone(sentence: String, priority: Priority, at: Timestamp) -> Finding {
    task("phone", "phone not heard of", Kind::Equipment, priority, sentence, at)
}

fn task(rule: &str, problem: &str, kind: Kind, priority: Priority, sentence: String, at: Timestamp) -> Finding {
    let rule = format!("{PACK}{rule}");
    let firing = Firing {
        rule: rule.clone(),
        since: at,
        until: Some(at),
        priority,
        at_once: None,
        pending: false,
        unwatched: false,
    };
    Finding {
        problem: problem.to_owned(),
        start: at,
        end: None,
        kind,
        priority,
        rule,
        sentence,
        team: None,
        worst: Vec::new(),
        reasons: Vec::new(),
        unconfirmed: false,
        late_minutes: 0,
        pending: false,
        closes_itself: false,
        firings: vec![firing],
    }
}

/// Tasks in the form that `escalation::judge` takes.
pub fn evaluation(tasks: Vec<Finding>, at: Timestamp) -> Evaluation {
    Evaluation { findings: tasks, folded_through: at, folded_from: at, ..Evaluation::default() }
}
