//! Findings → alerts: open, raise, worsen, renew, annotate. What people were told is never rewritten, only annotated.

use jiff::Timestamp;

use super::clock::{close, nobody, start_over};
use super::{Alert, Decision, Duty, Entry, Happened, Known, KnownFiring, Note, PageRequest, PageWhy};
use crate::evaluate::Evaluation;
use crate::finding::{Finding, Firing, Priority};

/// What an evaluation means for the patient's alerts. `alerts`: every open one, and those closed in the last `REACH`.
///
/// Calling it again with what it decided changes nothing more. At most one alert of a problem is open.
pub fn judge(evaluation: &Evaluation, alerts: &[Alert], duty: &Duty, at: Timestamp) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let mut problems: Vec<&str> = evaluation.findings.iter().map(|finding| finding.problem.as_str()).collect();
    problems.extend(alerts.iter().filter(|alert| alert.closed_at.is_none()).map(|alert| alert.problem.as_str()));
    problems.sort_unstable();
    problems.dedup();
    for problem in problems {
        let findings: Vec<&Finding> = evaluation.findings.iter().filter(|finding| finding.problem == problem).collect();
        decisions.extend(judge_problem(&findings, alerts, problem, evaluation.folded_from, duty, at));
    }
    decisions
}

fn judge_problem(
    findings: &[&Finding],
    alerts: &[Alert],
    problem: &str,
    from: Timestamp,
    duty: &Duty,
    at: Timestamp,
) -> Option<Decision> {
    let told: Vec<&Alert> = alerts.iter().filter(|alert| alert.problem == problem).collect();
    let open = alerts.iter().position(|alert| alert.problem == problem && alert.closed_at.is_none());
    let alarming = findings.iter().filter(|finding| !finding.pending);
    let newest = alarming
        .filter(|finding| news(finding, &told).is_some())
        .max_by_key(|finding| (finding.priority, finding.start));
    match (open, newest) {
        (None, None) => None,
        (None, Some(finding)) => Some(open_alert(finding, duty, at)),
        (Some(index), Some(finding)) => Some(tell_again(index, &alerts[index], finding, &told, duty, at)),
        (Some(index), None) => annotate(index, &alerts[index], findings, from, at),
    }
}

/// What is new in a finding, most pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Firing,
    Worse,
    AtOnce,
    Priority,
}

fn news(finding: &Finding, told: &[&Alert]) -> Option<News> {
    let known = || told.iter().map(|alert| &alert.known);
    let loudest = told.iter().filter(|alert| concerns(alert, finding)).map(|alert| alert.priority).max();
    let alarming = || finding.firings.iter().filter(|firing| !firing.pending);
    let is_known = |firing: &Firing| known().flat_map(|known| &known.firings).any(|old| overlaps(old, firing));
    let at_once_known = |firing: &Firing| {
        known().flat_map(|known| &known.firings).any(|old| overlaps(old, firing) && old.at_once.is_some())
    };
    let new_firing = alarming().any(|firing| !is_known(firing));
    if loudest.is_some_and(|loudest| finding.alarm_priority() > loudest) && new_firing {
        Some(News::Priority)
    } else if alarming().any(|firing| firing.at_once.is_some() && !at_once_known(firing)) {
        Some(News::AtOnce)
    } else if finding.worst.iter().any(|worst| is_worse(worst, finding, told)) {
        Some(News::Worse)
    } else {
        new_firing.then_some(News::Firing)
    }
}

/// Worse, by the vital's step, than the worst that was then known of this finding.
fn is_worse(worst: &crate::finding::Extreme, finding: &Finding, told: &[&Alert]) -> bool {
    let mut known = told
        .iter()
        .filter(|alert| concerns(alert, finding))
        .flat_map(|alert| &alert.known.worst)
        .filter(|known| known.component == worst.component && known.side == worst.side)
        .peekable();
    known.peek().is_some() && known.all(|known| worst.is_worse_than(known, worst.component.facts().step))
}

/// The alert is about this very finding, wherever later data have moved its start.
fn concerns(alert: &Alert, finding: &Finding) -> bool {
    alert.known.firings.iter().any(|old| finding.firings.iter().any(|firing| overlaps(old, firing)))
}

fn overlaps(old: &KnownFiring, firing: &Firing) -> bool {
    old.rule == firing.rule
        && old.until.is_none_or(|until| firing.since <= until)
        && firing.until.is_none_or(|until| old.since <= until)
}

fn open_alert(finding: &Finding, duty: &Duty, at: Timestamp) -> Decision {
    let mut alert = Alert {
        problem: finding.problem.clone(),
        rule: finding.rule.clone(),
        kind: finding.kind,
        priority: finding.alarm_priority(),
        sentence: finding.sentence.clone(),
        opened_at: at,
        late_minutes: finding.late_minutes,
        finding_start: Some(finding.start),
        owner: None,
        acknowledged_at: None,
        closed_at: None,
        outcome: None,
        act_by: at,
        step: 0,
        next_step_at: None,
        known: Known::default(),
    };
    learn(&mut alert, finding);
    let pages = start_over(&mut alert, duty, PageWhy::Opened, at);
    let mut text = finding.sentence.clone();
    if let Some(late) = late_in_words(finding.late_minutes) {
        text = format!("{text} ({late})");
    }
    Decision { of: None, alert, entries: vec![Entry { what: Happened::Opened, text }], pages, operator: nobody(duty) }
}

/// There is an open alert, and something people have not been told.
fn tell_again(index: usize, old: &Alert, finding: &Finding, told: &[&Alert], duty: &Duty, at: Timestamp) -> Decision {
    let mut alert = old.clone();
    let acknowledged = alert.acknowledged_at.is_some();
    let what = news(finding, told).unwrap_or(News::Firing);
    let raised = finding.alarm_priority() > alert.priority;
    let (happened, why) = match what {
        _ if raised => (Happened::Raised, PageWhy::Raised),
        News::Priority | News::Firing => (Happened::Renewed, PageWhy::Renewed),
        News::AtOnce | News::Worse => (Happened::Worsened, PageWhy::Worsened),
    };
    if finding.alarm_priority() >= alert.priority {
        alert.rule = finding.rule.clone();
        alert.priority = finding.alarm_priority();
        alert.kind = finding.kind;
        alert.sentence = finding.sentence.clone();
        alert.late_minutes = finding.late_minutes;
    }
    learn(&mut alert, finding);
    // A new finding no louder than one that people are being told about anyway adds a line, not a page.
    let pages = if happened == Happened::Renewed && (!acknowledged || finding.alarm_priority() < alert.priority) {
        Vec::new()
    } else {
        start_over(&mut alert, duty, why, at)
    };
    let operator = if pages.is_empty() { None } else { nobody(duty) };
    Decision {
        of: Some(index),
        alert,
        entries: vec![Entry { what: happened, text: finding.sentence.clone() }],
        pages,
        operator,
    }
}

/// Nothing new to tell: is what was told still so?
fn annotate(index: usize, old: &Alert, findings: &[&Finding], from: Timestamp, at: Timestamp) -> Option<Decision> {
    let start = old.finding_start?;
    let about: Vec<&&Finding> = findings.iter().filter(|finding| concerns(old, finding)).collect();
    let loudest = about.iter().max_by_key(|finding| (finding.end.is_none(), finding.start));
    let note = match loudest {
        None if findings.is_empty() && start >= from => Some(Note::Withdrawn),
        None => return None,
        Some(finding) if finding.pending => return None,
        Some(finding) if about.iter().all(|finding| finding.priority < old.priority) && finding.end.is_some() => {
            Some(Note::Explained)
        }
        Some(finding) => finding.end.map(|_| Note::Ended),
    };
    let mut alert = old.clone();
    for finding in &about {
        follow(&mut alert, finding);
    }
    let itself = about.iter().all(|finding| finding.closes_itself) && alert.priority == Priority::Low;
    if let (Some(Note::Ended), true) = (note, itself) {
        return close(&alert, "ended by itself", at).map(|decision| Decision { of: Some(index), ..decision });
    }
    let changed = note != old.known.note;
    alert.known.note = note;
    if alert == *old {
        return None;
    }
    let entries =
        note.filter(|_| changed).map(|note| Entry { what: Happened::Annotated, text: note.sentence().to_owned() });
    let pages: Vec<PageRequest> = Vec::new();
    Some(Decision { of: Some(index), alert, entries: entries.into_iter().collect(), pages, operator: None })
}

/// From now on people have been told this.
fn learn(alert: &mut Alert, finding: &Finding) {
    follow(alert, finding);
    alert.known.note = finding.end.map(|_| Note::Ended);
    for worst in &finding.worst {
        match alert.known.worst.iter_mut().find(|old| old.component == worst.component && old.side == worst.side) {
            Some(old) if worst.is_worse_than(old, 0.0) => *old = *worst,
            Some(_) => {}
            None => alert.known.worst.push(*worst),
        }
    }
}

/// Keeps up with how long each firing lasts. The worst that people were told stays as it was: many small steps that
/// nobody was told about must add up to news.
fn follow(alert: &mut Alert, finding: &Finding) {
    for firing in finding.firings.iter().filter(|firing| !firing.pending) {
        match alert.known.firings.iter_mut().find(|old| overlaps(old, firing)) {
            Some(old) => {
                old.since = old.since.min(firing.since);
                old.until = firing.until;
                old.at_once = old.at_once.or(firing.at_once);
            }
            None => alert.known.firings.push(KnownFiring {
                rule: firing.rule.clone(),
                since: firing.since,
                until: firing.until,
                at_once: firing.at_once,
            }),
        }
    }
}

/// `late by 9 h`.
fn late_in_words(minutes: i64) -> Option<String> {
    match minutes {
        ..=0 => None,
        1..120 => Some(format!("late by {minutes} min")),
        _ => Some(format!("late by {} h", minutes / 60)),
    }
}
