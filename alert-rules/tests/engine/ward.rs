//! Dorothy, her alerts, and what evaluations do to them.

use alert_rules::escalation::act::{self, By};
use alert_rules::escalation::{Alert, Cover, Decision, Duty, Happened, Hours, PageWhy, Policies, Whom, judge};
use alert_rules::{Evaluation, Reading, Rulebook, evaluate};
use jiff::Timestamp;
use uuid::Uuid;

use crate::world::{Monitor, Thing, answers, at, dorothy, pressure};

pub const IDA: Uuid = Uuid::from_u128(1);

pub fn duty() -> Duty {
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("bundled");
    let hours = Hours { from: jiff::civil::time(8, 0, 0, 0), until: jiff::civil::time(20, 0, 0, 0) };
    Duty { cover: Cover::daily(hours, zone), people: 2, policies: Policies::standard() }
}

/// Dorothy, her alerts, and what an evaluation did to them.
pub struct Ward {
    pub rulebook: Rulebook,
    pub monitor: Monitor,
    pub alerts: Vec<Alert>,
    pub duty: Duty,
    seq: i64,
}

impl Ward {
    pub fn new() -> Ward {
        let mut facts = dorothy();
        facts.plan.packs.retain(|pack| pack == "hypertension");
        let monitor = Monitor::new(facts);
        Ward { rulebook: Rulebook::built_in(), monitor, alerts: Vec::new(), duty: duty(), seq: 0 }
    }

    pub fn measures(&mut self, taken: &str, came: &str, systolic: f64, diastolic: f64) -> Vec<Decision> {
        self.seq += 1;
        let (taken, came) = (at(taken), at(came));
        let reading = pressure(self.seq, taken, came.duration_since(taken).as_secs(), systolic, diastolic);
        Thing::Reading(reading).put(&mut self.monitor.history);
        self.look(taken.min(self.monitor.folded_through), came)
    }

    /// What any reading does, as soon as it has come.
    pub fn reads(&mut self, reading: Reading) -> Vec<Decision> {
        let (taken, came) = (reading.effective_at, reading.received_at);
        Thing::Reading(reading).put(&mut self.monitor.history);
        self.look(taken.min(self.monitor.folded_through), came)
    }

    pub fn look(&mut self, from: Timestamp, now: Timestamp) -> Vec<Decision> {
        let evaluation = self.evaluation(from, now);
        self.monitor.look(&self.rulebook, from, now);
        let decisions = judge(&evaluation, &self.alerts, &self.duty, now);
        self.write(&decisions);
        let evaluation = self.evaluation(from, now);
        assert_eq!(judge(&evaluation, &self.alerts, &self.duty, now), [], "the same is never news twice");
        decisions
    }

    pub fn evaluation(&self, from: Timestamp, now: Timestamp) -> Evaluation {
        evaluate(&self.rulebook, &self.monitor.facts, from, &self.monitor.watches, &self.monitor.history, now)
    }

    /// A patient's readings that come together, and one look at them.
    pub fn takes(&mut self, came: &str, readings: &[(&str, f64, f64)]) -> Vec<Decision> {
        let came = at(came);
        for (taken, systolic, diastolic) in readings {
            self.seq += 1;
            let late = came.duration_since(at(taken)).as_secs();
            Thing::Reading(pressure(self.seq, at(taken), late, *systolic, *diastolic)).put(&mut self.monitor.history);
        }
        let first = readings.iter().map(|(taken, ..)| at(taken)).min().unwrap_or(came);
        self.look(first.min(self.monitor.folded_through), came)
    }

    /// Staff take a reading as it is.
    pub fn accepts(&mut self, seq: i64, came: &str) -> Vec<Decision> {
        let reading = self.monitor.history.readings.iter().find(|reading| reading.seq == seq).expect("sent");
        let (effective_at, values) = (reading.effective_at, reading.components.clone());
        let acceptance = alert_rules::Acceptance { seq, effective_at, values };
        Thing::Acceptance(acceptance).put(&mut self.monitor.history);
        self.look(effective_at, at(came))
    }

    pub fn withdraws(&mut self, seq: i64, came: &str) -> Vec<Decision> {
        let taken = self.monitor.history.readings.iter().find(|reading| reading.seq == seq).expect("sent").effective_at;
        let reason = "not_mine".to_owned();
        let correction = alert_rules::Correction { seq: 1_000 + seq, corrects_seq: seq, reason, values: None };
        self.monitor.history.corrections.push(correction);
        self.look(taken, at(came))
    }

    pub fn answers(&mut self, taken: &str, link: &str) -> Vec<Decision> {
        self.seq += 1;
        Thing::Answers(answers(self.seq, at(taken), 1, "bp-warning-signs|1", link, true))
            .put(&mut self.monitor.history);
        let mut decisions = self.look(at(taken), at(taken) + jiff::SignedDuration::from_secs(1));
        decisions.retain(|decision| decision.alert.problem == "blood pressure high");
        decisions
    }

    pub fn write(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            match decision.of {
                Some(index) => self.alerts[index] = decision.alert.clone(),
                None => self.alerts.push(decision.alert.clone()),
            }
        }
    }
}

/// Why people are paged, and at which step; -1: somebody is, by name.
pub fn pages(decisions: &[Decision]) -> Vec<(PageWhy, i16)> {
    let step = |to: Whom| if let Whom::Step(step) = to { step } else { -1 };
    decisions.iter().flat_map(|decision| &decision.pages).map(|page| (page.why, step(page.to))).collect()
}

/// Who has read all there is in it.
pub fn by(staff: Uuid, alert: &Alert, when: &str) -> By {
    By { staff, saw: alert.told, at: at(when) }
}

/// Ida takes it.
pub fn taken(alert: &Alert, when: &str) -> Alert {
    act::acknowledge(alert, by(IDA, alert, when), &duty()).expect("nobody has it").alert
}

/// Ida closes it.
pub fn closed(alert: &Alert, outcome: &str, when: &str) -> Alert {
    act::close(alert, by(IDA, alert, when), outcome).expect("open").alert
}

pub fn happened(decisions: &[Decision]) -> Vec<Happened> {
    decisions.iter().flat_map(|decision| &decision.entries).map(|entry| entry.what).collect()
}
