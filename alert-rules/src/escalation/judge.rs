//! Findings → alerts: open, raise, worsen, renew, annotate. What people were told is never rewritten, only annotated.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::clock::{end, nobody, start_over};
use super::{Alert, Decision, Duty, Entry, Happened, Known, KnownFiring, Note, PageWhy};
use crate::compose::begins_large;
use crate::evaluate::Evaluation;
use crate::finding::{Finding, Firing, Priority};
use crate::reason::Reason;

/// What an evaluation means for the patient's alerts. `alerts`: every open one, and those closed in the last `REACH`.
///
/// Calling it again with what it decided changes nothing more. At most one alert of a problem is open.
pub fn judge(evaluation: &Evaluation, alerts: &[Alert], duty: &Duty, at: Timestamp) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let mut problems: Vec<&str> = evaluation.findings.iter().map(|finding| finding.problem.as_str()).collect();
    problems.extend(alerts.iter().filter(|alert| alert.is_open()).map(|alert| alert.problem.as_str()));
    problems.sort_unstable();
    problems.dedup();
    for problem in problems {
        let findings: Vec<&Finding> = evaluation.findings.iter().filter(|finding| finding.problem == problem).collect();
        decisions.extend(judge_problem(&findings, alerts, problem, evaluation.folded_from, duty, at));
    }
    decisions
}

fn judge_problem<'f>(
    findings: &[&'f Finding],
    alerts: &[Alert],
    problem: &str,
    from: Timestamp,
    duty: &Duty,
    at: Timestamp,
) -> Option<Decision> {
    let told: Vec<&Alert> = alerts.iter().filter(|alert| alert.problem == problem).collect();
    let open = alerts.iter().position(|alert| alert.problem == problem && alert.is_open());
    let alarming = findings.iter().filter(|finding| !finding.needs_nobody());
    let unheard_of = |finding: &&'f Finding| {
        let voice = Voice::of(finding, &told, at);
        Some(Unheard { finding, news: news(finding, &voice, &told)?, voice })
    };
    let mut unheard: Vec<Unheard<'_>> = alarming.filter_map(unheard_of).collect();
    let leader = (0..unheard.len()).reduce(|lead, next| {
        let leads = presses_more(&unheard[next], &unheard[lead]);
        if leads { next } else { lead }
    });
    if let Some(leader) = leader {
        unheard.swap(0, leader);
    }
    match (open, unheard.as_slice()) {
        (None, []) => None,
        (None, [first, others @ ..]) => Some(open_alert(first, others, duty, at)),
        (Some(index), []) => annotate(index, &alerts[index], findings, from, at),
        (Some(index), unheard) => {
            let mut decision = tell_again(index, &alerts[index], unheard, duty, at);
            let heard = findings.iter().filter(|finding| concerns(&alerts[index], finding));
            heard.clone().for_each(|finding| follow(&mut decision.alert, finding, at));
            let heard: Vec<&Finding> = heard.copied().collect();
            decision.entries.extend(no_longer_unconfirmed(&mut decision.alert, &heard));
            Some(decision)
        }
    }
}

/// A finding with something in it that people have not been told.
struct Unheard<'f> {
    finding: &'f Finding,
    news: News,
    voice: Voice,
}

impl Unheard<'_> {
    /// What people are told calls a value unconfirmed.
    fn says_unconfirmed(&self) -> bool {
        self.finding.unconfirmed && self.voice.sentence == self.finding.sentence
    }
}

/// How a finding speaks to people, who may know a part of it.
struct Voice {
    priority: Priority,
    rule: String,
    sentence: String,
}

impl Voice {
    /// By what still fires, and by what nobody was told of: what is over, and was told, lends its priority to nothing that is
    /// milder.
    fn of(finding: &Finding, told: &[&Alert], at: Timestamp) -> Voice {
        let counts = |firing: &&Firing| !firing.pending && (firing.until.is_none() || !is_known(firing, told));
        let loudest = finding.firings.iter().rev().filter(counts).max_by_key(|firing| firing.priority);
        let whole = finding.alarm_priority(at);
        match loudest.filter(|firing| firing.priority < whole) {
            None => Voice { priority: whole, rule: finding.rule.clone(), sentence: finding.sentence.clone() },
            Some(firing) => {
                let why = |reason: &&Reason| reason.rule == firing.rule && reason.at == firing.since;
                let why =
                    finding.reasons.iter().find(why).map(|reason| format!("{}: {}", finding.problem, reason.what));
                let sentence = why.map_or_else(|| finding.sentence.clone(), begins_large);
                Voice { priority: firing.priority, rule: firing.rule.clone(), sentence }
            }
        }
    }
}

/// Of two findings with news, which one the alert speaks of: the louder, then the worse, then the later.
fn presses_more(one: &Unheard<'_>, other: &Unheard<'_>) -> bool {
    let worse = |one: &Finding, other: &Finding| {
        let alike = one.worst.iter().flat_map(|worst| other.worst.iter().map(move |known| (worst, known)));
        alike.into_iter().any(|(worst, known)| worst.is_worse_than(known, 0.0))
    };
    match one.voice.priority.cmp(&other.voice.priority) {
        Ordering::Equal => match (worse(one.finding, other.finding), worse(other.finding, one.finding)) {
            (true, false) => true,
            (false, true) => false,
            _ => one.finding.start > other.finding.start,
        },
        louder => louder.is_gt(),
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

fn news(finding: &Finding, voice: &Voice, told: &[&Alert]) -> Option<News> {
    let alarming = || finding.firings.iter().filter(|firing| !firing.pending);
    let last_at_once =
        |firing: &Firing| told.iter().flat_map(|alert| knows(alert, firing).map(|old| old.at_once)).max().flatten();
    let loudest = told.iter().filter(|alert| concerns(alert, finding)).map(|alert| alert.priority).max();
    if loudest.is_some_and(|loudest| voice.priority > loudest) {
        Some(News::Priority)
    } else if alarming().any(|firing| firing.at_once > last_at_once(firing)) {
        Some(News::AtOnce)
    } else if finding.worst.iter().any(|worst| is_worse(worst, finding, told)) {
        Some(News::Worse)
    } else {
        alarming().any(|firing| !is_known(firing, told)).then_some(News::Firing)
    }
}

fn is_known(firing: &Firing, told: &[&Alert]) -> bool {
    told.iter().any(|alert| knows(alert, firing).next().is_some())
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
    finding.firings.iter().any(|firing| knows(alert, firing).next().is_some())
}

/// What the alert knows of this firing.
fn knows<'a>(alert: &'a Alert, firing: &'a Firing) -> impl Iterator<Item = &'a KnownFiring> {
    alert.known.firings.iter().filter(|old| overlaps(old, firing, alert.closed_at()))
}

/// One that had not ended when people last heard of it reaches as far as they could know then, or until the alert was
/// closed: what began later is another.
fn overlaps(old: &KnownFiring, firing: &Firing, closed_at: Option<Timestamp>) -> bool {
    let reach = old.until.unwrap_or(closed_at.unwrap_or(old.through));
    old.rule == firing.rule && firing.since <= reach && firing.until.is_none_or(|until| old.since <= until)
}

fn open_alert(first: &Unheard<'_>, others: &[Unheard<'_>], duty: &Duty, at: Timestamp) -> Decision {
    let Unheard { finding, voice, .. } = first;
    let mut alert = Alert {
        problem: finding.problem.clone(),
        rule: voice.rule.clone(),
        sentence: voice.sentence.clone(),
        late_minutes: finding.late_by(at),
        finding_start: Some(finding.start),
        known: Known { unconfirmed: first.says_unconfirmed(), ..Known::default() },
        ..Alert::new(finding.kind, voice.priority, at)
    };
    let mut entries = vec![Entry { what: Happened::Opened, text: told_as(first, at) }];
    for other in others {
        learn(&mut alert, other.finding, at);
        entries.push(Entry { what: Happened::Renewed, text: told_as(other, at) });
    }
    learn(&mut alert, finding, at);
    let pages = start_over(&mut alert, duty, PageWhy::Opened, at);
    Decision { of: None, alert, entries, pages, operator: nobody(duty) }
}

/// There is an open alert, and something people have not been told; the most pressing first.
fn tell_again(index: usize, old: &Alert, unheard: &[Unheard<'_>], duty: &Duty, at: Timestamp) -> Decision {
    let mut alert = old.clone();
    let held = alert.is_held();
    alert.told = alert.told.saturating_add(1);
    let mut entries = Vec::new();
    let mut why = None;
    for (n, one) in unheard.iter().enumerate() {
        let Unheard { finding, news, voice } = one;
        let loud = voice.priority;
        let (happened, because) = match news {
            _ if loud > alert.priority => (Happened::Raised, PageWhy::Raised),
            News::Priority | News::Firing => (Happened::Renewed, PageWhy::Renewed),
            News::AtOnce | News::Worse => (Happened::Worsened, PageWhy::Worsened),
        };
        // A new finding no louder than one that people are being told about anyway adds a line, not a page.
        if happened != Happened::Renewed || held && loud >= alert.priority {
            why = why.or(Some(because));
        }
        if n == 0 && loud >= alert.priority {
            alert.rule = voice.rule.clone();
            alert.priority = loud;
            alert.kind = finding.kind;
            alert.sentence = voice.sentence.clone();
            alert.known.unconfirmed = one.says_unconfirmed();
            alert.late_minutes = finding.late_by(at);
        }
        entries.push(Entry { what: happened, text: told_as(one, at) });
    }
    // The one the alert speaks of has the last word about whether it is over.
    for one in unheard.iter().rev() {
        learn(&mut alert, one.finding, at);
    }
    let pages = why.map_or_else(Vec::new, |why| start_over(&mut alert, duty, why, at));
    let operator = if pages.is_empty() { None } else { nobody(duty) };
    Decision { of: Some(index), alert, entries, pages, operator }
}

/// What is told in one line, with how late that is.
fn told_as(unheard: &Unheard<'_>, at: Timestamp) -> String {
    let sentence = &unheard.voice.sentence;
    match late_in_words(unheard.finding.late_by(at)) {
        Some(late) => format!("{sentence} ({late})"),
        None => sentence.clone(),
    }
}

/// Nothing new to tell: is what was told still so?
fn annotate(index: usize, old: &Alert, findings: &[&Finding], from: Timestamp, at: Timestamp) -> Option<Decision> {
    let start = old.finding_start?;
    let about: Vec<&Finding> = findings.iter().copied().filter(|finding| concerns(old, finding)).collect();
    let loudest = about.iter().max_by_key(|finding| (finding.end.is_none(), finding.start));
    // What was over before this evaluation began was not judged anew, and stands as people were told it.
    let is_about = |known: &KnownFiring| {
        about.iter().flat_map(|of| &of.firings).any(|firing| overlaps(known, firing, old.closed_at()))
    };
    let stands = |known: &KnownFiring| known.until.is_some_and(|until| until < from) && !is_about(known);
    let is_less = !old.known.firings.iter().any(stands) && about.iter().all(|finding| finding.priority < old.priority);
    let note = match loudest {
        None if findings.is_empty() && start >= from => Some(Note::Withdrawn),
        None => return None,
        Some(finding) if finding.pending => return None,
        Some(finding) if is_less && finding.end.is_some() => Some(Note::Explained),
        Some(finding) => ending(finding),
    };
    let mut alert = old.clone();
    for finding in &about {
        follow(&mut alert, finding, at);
    }
    let itself = about.iter().all(|finding| finding.closes_itself) && alert.priority == Priority::Low;
    if let (Some(Note::Ended), true) = (note, itself) {
        return end(&alert, "ended by itself", at).map(|decision| Decision { of: Some(index), ..decision });
    }
    let changed = note != old.known.note;
    alert.known.note = note;
    let note =
        note.filter(|_| changed).map(|note| Entry { what: Happened::Annotated, text: note.sentence(old).to_owned() });
    let known_now = no_longer_unconfirmed(&mut alert, &about);
    if alert == *old {
        return None;
    }
    let entries = note.into_iter().chain(known_now).collect();
    Some(Decision { of: Some(index), alert, entries, pages: Vec::new(), operator: None })
}

/// The sentence of an alert is what is known: where it calls a value unconfirmed and staff accepted it, or it was measured
/// again, it says so. What people were told at first stays in the history. `about`: the findings that the alert is about.
fn no_longer_unconfirmed(alert: &mut Alert, about: &[&Finding]) -> Option<Entry> {
    if !alert.known.unconfirmed || about.iter().any(|finding| finding.unconfirmed) {
        return None;
    }
    let finding = about.iter().max_by_key(|finding| (finding.rule == alert.rule, finding.start))?;
    alert.known.unconfirmed = false;
    alert.sentence.clone_from(&finding.sentence);
    Some(Entry { what: Happened::Annotated, text: finding.sentence.clone() })
}

/// How it ended, if it did.
fn ending(finding: &Finding) -> Option<Note> {
    let unwatched = |firing: &Firing| firing.unwatched && firing.until == finding.end;
    finding.end.map(|_| if finding.firings.iter().any(unwatched) { Note::Unwatched } else { Note::Ended })
}

/// From now on people have been told this.
fn learn(alert: &mut Alert, finding: &Finding, at: Timestamp) {
    follow(alert, finding, at);
    alert.known.note = ending(finding);
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
fn follow(alert: &mut Alert, finding: &Finding, at: Timestamp) {
    let closed_at = alert.closed_at();
    for firing in finding.firings.iter().filter(|firing| !firing.pending) {
        match alert.known.firings.iter_mut().find(|old| overlaps(old, firing, closed_at)) {
            Some(old) => {
                let before = (old.since, old.until, old.at_once);
                old.since = old.since.min(firing.since);
                old.until = firing.until;
                old.at_once = old.at_once.max(firing.at_once);
                if before != (old.since, old.until, old.at_once) {
                    old.through = at;
                }
            }
            None => alert.known.firings.push(KnownFiring {
                rule: firing.rule.clone(),
                since: firing.since,
                until: firing.until,
                through: at,
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
