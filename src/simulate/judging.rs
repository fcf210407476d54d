//! The monitor of each replica: takes patients by lease, loads them, judges, and writes down what came of it, after
//! `monitor/sweep.rs`, `case.rs` and `evaluate.rs`, whose pure halves run here as they are.

use std::time::Duration;

use alert_rules::{Ask, Evaluation, REACH, Rulebook};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::database::{Database, Patient};
use super::event::{Event, Work};
use super::replica::Replica;
use super::world::{Broken, World};
use crate::monitor::case::Case;
use crate::monitor::judgement::Judged;
use crate::monitor::memory::Memory;
use crate::store::alert_row::{Belongs, Stored};
use crate::store::judged::Taken;

const LEASE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);
const AHEAD: SignedDuration = SignedDuration::from_mins(2);
const GIVE_UP_AT: i16 = 5;

#[derive(Debug)]
pub struct Sweep {
    lease: u64,
    taken: Vec<Taken>,
    judged: Vec<Judged>,
}

impl Patient {
    /// What a phone may be told.
    pub fn checked_through(&self) -> u64 {
        let through = self.failed_from.map_or(self.judged_through, |failed_from| failed_from - 1);
        u64::try_from(through).unwrap_or(0)
    }

    pub fn has_work(&self, care_now: Timestamp) -> bool {
        !self.arrivals.is_empty() || self.timers.values().any(|at| *at <= care_now)
    }
}

impl World {
    pub fn take_patients(&mut self, replica: usize) {
        if self.replicas[replica].sweep.is_some() {
            return;
        }
        if self.transaction(replica, "takes patients").is_none() {
            return self.turn_in(replica, Work::Judge, PAUSE);
        }
        let (now, care_now, lease) = (self.now, self.care_of(replica), self.next_lease);
        self.next_lease += 1;
        let mut taken = Vec::new();
        for patient in self.database.patients.values_mut() {
            if !patient.has_work(care_now) || patient.lease_until > now {
                continue;
            }
            patient.lease = Some(lease);
            patient.lease_until = now + LEASE;
            patient.attempts = patient.attempts.min(1000) + 1;
            taken.push(Taken {
                patient: patient.person.patient,
                judged_through: patient.judged_through,
                folded_through: patient.folded_through,
                failed_from: patient.failed_from,
                attempts: patient.attempts,
            });
        }
        if taken.is_empty() {
            return self.plan_work(replica, Work::Judge);
        }
        self.replicas[replica].sweep = Some(Sweep { lease, taken, judged: Vec::new() });
        let delay = self.dice.up_to(self.faults.commit_delay);
        let boot = self.replicas[replica].boot;
        self.after(delay, Event::LoadsPatients { replica, boot });
    }

    pub fn load_patients(&mut self, replica: usize, boot: u32) {
        if !self.is_alive(replica, boot) {
            return;
        }
        if self.transaction(replica, "loads patients").is_none() {
            return self.sweep_fails(replica);
        }
        let care_now = self.care_of(replica);
        let rulebook = self.rulebook.clone();
        let Replica { sweep: Some(sweep), memory, .. } = &mut self.replicas[replica] else { return };
        for taken in &sweep.taken {
            let patient = &self.database.patients[&taken.patient];
            let mut case = load(patient, memory, taken, &rulebook, care_now);
            if taken.attempts >= GIVE_UP_AT {
                case.problem.get_or_insert_with(|| "its judging never came to an end".to_owned());
            }
            sweep.judged.push(Judged::by(&rulebook, case));
        }
        let mut delay = self.dice.up_to(self.faults.commit_delay);
        if self.dice.chance(self.faults.slow_judging) {
            delay += self.dice.up_to(3 * LEASE);
        }
        // Just now somebody saves the plan of one of them.
        let taken = self.replicas[replica].sweep.as_ref().and_then(|sweep| sweep.taken.first());
        if let Some(patient) = taken.map(|taken| taken.patient).filter(|_| !self.healed)
            && self.dice.chance(30)
        {
            let meanwhile = self.dice.up_to(delay);
            self.after(meanwhile, Event::SavesPlan { patient });
        }
        self.after(delay, Event::Finishes { replica, boot });
    }

    pub fn finish(&mut self, replica: usize, boot: u32) {
        if !self.is_alive(replica, boot) {
            return;
        }
        let Some(unheard) = self.transaction(replica, "writes down judgements") else {
            return self.sweep_fails(replica);
        };
        let Some(sweep) = self.replicas[replica].sweep.take() else { return };
        let at = self.care_of(replica);
        for judged in &sweep.judged {
            let person = &judged.case.person;
            let row = &self.database.patients[&person.patient];
            let ours = row.lease == Some(sweep.lease) || self.broken == Broken::IgnoresLeases;
            let current = row.person.facts_version == person.facts_version || self.broken == Broken::IgnoresNewFacts;
            let (name, patient) = (self.replicas[replica].name.clone(), self.names[&person.patient]);
            match (ours, current) {
                (false, _) => self.say(&name, "was too slow", format_args!("for {patient}: the lease is lost")),
                (true, false) => {
                    self.say(&name, "starts over", format_args!("with {patient}, whose facts are new"));
                    self.release(sweep.lease, &[person.patient], Duration::ZERO);
                }
                (true, true) => self.write_down(replica, judged, at),
            }
        }
        if unheard {
            let patients: Vec<Uuid> = sweep.taken.iter().map(|taken| taken.patient).collect();
            self.release(sweep.lease, &patients, PAUSE);
        }
        for Judged { case, outcome } in sweep.judged {
            if outcome.is_ok() && !unheard {
                case.remember(&self.replicas[replica].memory);
            }
        }
        for work in Work::ALL {
            self.poke(work);
        }
    }

    /// Nothing was written: whoever was taken is given back, and no nearer to being given up.
    fn sweep_fails(&mut self, replica: usize) {
        let Some(sweep) = self.replicas[replica].sweep.take() else { return };
        // If this fails too, the leases run out by themselves.
        if self.transaction(replica, "gives patients back").is_some() {
            let patients: Vec<Uuid> = sweep.taken.iter().map(|taken| taken.patient).collect();
            self.release(sweep.lease, &patients, PAUSE);
        }
        self.turn_in(replica, Work::Judge, PAUSE);
        self.poke(Work::Judge);
    }

    fn release(&mut self, lease: u64, patients: &[Uuid], pause: Duration) {
        for patient in patients {
            let Some(patient) = self.database.patients.get_mut(patient) else { continue };
            if patient.lease == Some(lease) {
                patient.lease = None;
                patient.lease_until = self.now + pause;
                patient.attempts -= 1;
            }
        }
    }

    /// The finishing transaction, for one patient.
    fn write_down(&mut self, replica: usize, judged: &Judged, at: Timestamp) {
        let case = &judged.case;
        let patient = case.person.patient;
        self.count.judgements += 1;
        self.say_judged(replica, judged);
        let alerts = self.alerts_of(judged, at);
        let row = self.database.patients.get_mut(&patient).expect("nobody is deleted");
        if let Some((from, to)) = case.range() {
            row.ranges.push((from, to, judged.outcome.is_err()));
        }
        let settled = judged.settled();
        row.judged_through = settled.judged_through;
        if judged.outcome.is_ok() {
            row.well_judged = row.well_judged.max(case.person.last_seq);
        }
        row.folded_through = settled.folded_through;
        row.failed_from = settled.failed_from;
        row.lease = None;
        row.lease_until = Duration::ZERO;
        row.attempts = 0;
        let changes = judged.changes();
        for (rule, since) in changes.old_watches {
            row.watches.remove(&(rule.to_owned(), since));
        }
        for watch in changes.watches {
            let stored = serde_json::to_value(watch).expect("a watch is plain");
            row.watches.insert((watch.rule.clone(), watch.since), stored);
        }
        for (problem, start) in changes.old_findings {
            row.findings.remove(&(problem.to_owned(), start));
        }
        for finding in changes.findings {
            let stored = serde_json::to_value(finding).expect("a finding is plain");
            row.findings.insert((finding.problem.clone(), finding.start), (finding.end, stored));
        }
        for why in changes.old_timers {
            row.timers.remove(why);
        }
        row.timers.extend(changes.timers);
        for arrival in case.waiting.iter().flat_map(|waiting| &waiting.arrivals) {
            row.arrivals.remove(&u64::try_from(*arrival).unwrap_or(0));
        }
        row.person.live |= judged.goes_live();
        for (about, belongs, decision) in alerts {
            self.count.alerts += u64::from(about.is_none());
            let alert = self.database.write_alert(about, belongs, &decision, at);
            if self.broken == Broken::LosesPageRequests && self.dice.chance(200) {
                self.database.requests.retain(|_, request| request.alert != alert || request.formed);
            }
            self.say_alert(alert, &decision);
        }
        if let Ok(evaluation) = &judged.outcome {
            self.push_asks(patient, evaluation);
        }
        self.check_judged(judged);
        self.tell_sockets(patient);
    }

    fn alerts_of(
        &self,
        judged: &Judged,
        at: Timestamp,
    ) -> Vec<(Option<Uuid>, Belongs, alert_rules::escalation::Decision)> {
        let person = &judged.case.person;
        let belongs =
            Belongs { organisation: Some(person.organisation), team: Some(person.team), patient: Some(person.patient) };
        let stored: Vec<&Stored> = self
            .database
            .alerts
            .values()
            .map(|row| &row.stored)
            .filter(|stored| stored.owner.patient == Some(person.patient))
            .filter(|stored| stored.state.closed_at().is_none_or(|closed| closed >= at - REACH))
            .collect();
        let duty = || self.database.roster(Some(person.team)).map(|roster| roster.duty(&self.database.rosters));
        let decisions = judged.alerts(&stored, duty, at).into_iter();
        decisions.map(|(about, decision)| (about.map(|stored| stored.alert), belongs, decision)).collect()
    }

    /// A push for each device that speaks for the patient.
    fn push_asks(&mut self, patient: Uuid, evaluation: &Evaluation) {
        for handset in &self.phones {
            let Some((handle, _)) = handset.people.iter().find(|(_, whose)| *whose == patient) else { continue };
            let device = self.database.devices.entry(handset.device).or_default();
            for ask in &evaluation.asks {
                device.last_push += 1;
                device.asked.insert(ask.id, patient);
                device.pushes.push(message(ask, device.last_push, handle));
                self.count.asks += 1;
            }
        }
    }

    fn say_judged(&mut self, replica: usize, Judged { case, outcome }: &Judged) {
        let (name, patient) = (self.replicas[replica].name.clone(), self.names[&case.person.patient]);
        let range = case.range().map_or_else(|| "by a timer".to_owned(), |(from, to)| format!("{from} to {to}"));
        let came_of_it = match outcome {
            Ok(evaluation) => {
                let open = evaluation.findings.iter().filter(|finding| finding.end.is_none());
                let open: Vec<&str> = open.map(|finding| finding.problem.as_str()).collect();
                format!("{} watches; {}", evaluation.watches.len(), open.join(", "))
            }
            Err(why) => why.clone(),
        };
        self.say(&name, "judges", format_args!("{patient} {range}; {came_of_it}"));
    }

    pub fn say_alert(&mut self, alert: Uuid, decision: &alert_rules::escalation::Decision) {
        let reference = self.database.alerts[&alert].reference;
        let state = &decision.alert;
        let happened: Vec<&str> = decision.entries.iter().map(|entry| entry.what.name()).collect();
        let pages = if decision.pages.is_empty() { "" } else { ", to be paged" };
        let (priority, problem) = (state.priority.name(), state.problem.clone());
        self.say(
            "alert",
            &format!("A{reference}"),
            format_args!("{} {priority}: {problem}{pages}", happened.join(" ")),
        );
    }
}

/// One patient as `monitor::case::load` has it.
fn load(patient: &Patient, memory: &Memory, taken: &Taken, rulebook: &Rulebook, care_now: Timestamp) -> Case {
    let version = patient.person.facts_version;
    let mut remembered = memory.take(&[taken.patient]).remove(&taken.patient);
    remembered = remembered.filter(|remembered| remembered.facts_version == version);
    let facts = remembered.as_mut().and_then(|remembered| remembered.facts.take());
    let watches = patient.watches.values().cloned().collect();
    let timers = patient.timers.clone();
    let waiting = patient.waiting();
    let mut case = Case::new(patient.person.clone(), facts, taken, waiting, watches, timers, care_now);
    if let Some(since) = case.looks_back_to(rulebook) {
        let latest = case.at.max(care_now) + AHEAD;
        if let Some(wanted) = case.recall(remembered, since) {
            case.history.extend(patient.numbered(wanted.since, wanted.after, latest));
        }
        case.history.patient = taken.patient;
        case.history.shown = patient.shown_since(since);
    }
    let overlaps = |end: &Option<Timestamp>| end.is_none_or(|end| end >= case.from);
    let findings = patient.findings.values().filter(|(end, _)| overlaps(end)).map(|(_, finding)| finding.clone());
    case.has_findings(findings.collect());
    case.intake = patient.intake(case.range());
    case
}

fn message(ask: &Ask, n: u64, whom: &str) -> mobile_api::message::Ask {
    mobile_api::message::Ask {
        n,
        id: ask.id,
        whom: whom.to_owned(),
        first: ask.first.clone(),
        text: ask.text.clone(),
        vital: Some(ask.vital.name().to_owned()),
        symptoms: ask.symptoms.clone(),
        until: ask.until,
    }
}

impl Database {
    /// When there is something to judge, by the true time less `start`.
    pub fn judging_due(&self, now: Duration, care_to_now: impl Fn(Timestamp) -> Duration) -> Option<Duration> {
        let of_patient = |patient: &Patient| {
            let timer = patient.timers.values().min().map(|at| care_to_now(*at));
            let due = if patient.arrivals.is_empty() { timer? } else { now };
            Some(due.max(patient.lease_until))
        };
        self.patients.values().filter_map(of_patient).min()
    }
}
