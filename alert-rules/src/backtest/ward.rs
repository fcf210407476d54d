//! Whoever deals with alerts, by a routine so plain that two rulebooks meet the same: a high alert is closed half an hour
//! after people were last told, at any hour; everything else at the next round, at 09:00 and 16:30.
//!
//! Opening, raising and renewing alerts is what the service does: `escalation::judge`.

use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::calendar::{after, before};
use crate::escalation::{self, Alert, Cover, Duty, Entry, Happened, Hours, Policies};
use crate::evaluate::{Evaluation, REACH};
use crate::finding::{Kind, Priority};

const DEALING: SignedDuration = SignedDuration::from_mins(30);
const ROUNDS: [Time; 2] = [time(9, 0, 0, 0), time(16, 30, 0, 0)];
const COVER: Hours = Hours { from: time(8, 0, 0, 0), until: time(20, 0, 0, 0) };
const STAFF: u16 = 3;
const BY_HAND: &str = "dealt with";

/// One alert, as it was in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dealt {
    /// `pack/rule`.
    pub rule: String,
    /// The highest it had.
    pub priority: Priority,
    pub kind: Kind,
    pub opened_at: Timestamp,
    /// A person had to deal with it; else it closed itself.
    pub by_hand: bool,
}

/// People heard something new.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub at: Timestamp,
    pub rule: String,
    pub priority: Priority,
    pub kind: Kind,
}

pub(super) struct Ward {
    duty: Duty,
    /// Open, or closed no longer ago than an evaluation reaches back.
    alerts: Vec<Alert>,
    /// When each of them is dealt with; of one that is closed, nothing more.
    dealt_at: Vec<Timestamp>,
    done: Vec<Alert>,
    told: Vec<Told>,
}

impl Ward {
    pub fn new(zone: &TimeZone) -> Ward {
        let cover = Cover::daily(COVER, zone.clone());
        Ward {
            duty: Duty { cover, people: STAFF, policies: Policies::standard() },
            alerts: Vec::new(),
            dealt_at: Vec::new(),
            done: Vec::new(),
            told: Vec::new(),
        }
    }

    /// When something is next dealt with.
    pub fn next(&self) -> Option<Timestamp> {
        let open = self.alerts.iter().zip(&self.dealt_at).filter(|(alert, _)| alert.is_open());
        open.map(|(_, at)| *at).min()
    }

    /// Closes what is due.
    pub fn deal(&mut self, now: Timestamp) {
        for (alert, at) in self.alerts.iter_mut().zip(&self.dealt_at).filter(|(_, at)| **at <= now) {
            if let Some(closed) = escalation::end(alert, BY_HAND, *at) {
                *alert = closed.alert;
            }
        }
    }

    /// What an evaluation means for people.
    pub fn learn(&mut self, evaluation: &Evaluation, now: Timestamp) {
        self.put_away(now);
        for decision in escalation::judge(evaluation, &self.alerts, &self.duty, now) {
            let alert = decision.alert;
            let dealt_at = self.dealt_with(alert.priority, now);
            let is_news = |entry: &Entry| {
                matches!(entry.what, Happened::Opened | Happened::Raised | Happened::Worsened | Happened::Renewed)
            };
            let news = decision.entries.iter().any(is_news);
            if news {
                let (rule, priority, kind) = (alert.rule.clone(), alert.priority, alert.kind);
                self.told.push(Told { at: now, rule, priority, kind });
            }
            match decision.of {
                None => {
                    self.alerts.push(alert);
                    self.dealt_at.push(dealt_at);
                }
                Some(index) => {
                    if news {
                        self.dealt_at[index] = dealt_at;
                    }
                    self.alerts[index] = alert;
                }
            }
        }
    }

    /// Everything that was opened, in that order, and everything that people heard.
    pub fn sums(mut self) -> (Vec<Dealt>, Vec<Told>) {
        self.done.append(&mut self.alerts);
        self.done.sort_by_key(|alert| alert.opened_at);
        let dealt = self.done.into_iter().map(|alert| Dealt {
            by_hand: alert.outcome().is_none_or(|outcome| outcome == BY_HAND),
            rule: alert.rule,
            priority: alert.priority,
            kind: alert.kind,
            opened_at: alert.opened_at,
        });
        (dealt.collect(), self.told)
    }

    fn dealt_with(&self, priority: Priority, now: Timestamp) -> Timestamp {
        if priority == Priority::High { after(now, DEALING) } else { self.next_round(now) }
    }

    fn next_round(&self, now: Timestamp) -> Timestamp {
        let zone = &self.duty.cover.calendar.zone;
        let today = zone.to_datetime(now).date();
        let days = today.series(jiff::Span::new().days(1)).take(3);
        let rounds = days.flat_map(|day| ROUNDS.map(|round| zone.to_timestamp(day.to_datetime(round))));
        rounds.flatten().find(|round| *round > now).unwrap_or(after(now, SignedDuration::from_hours(24)))
    }

    fn put_away(&mut self, now: Timestamp) {
        let long_ago = before(now, REACH);
        let mut index = 0;
        while index < self.alerts.len() {
            if self.alerts[index].closed_at().is_some_and(|closed| closed < long_ago) {
                self.done.push(self.alerts.remove(index));
                self.dealt_at.remove(index);
            } else {
                index += 1;
            }
        }
    }
}
