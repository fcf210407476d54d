//! The database as the rest of the service can tell: tables that change only in whole transactions, and outlive everybody.
//!
//! A transaction happens at one instant. What the real one does with locks between begin and commit, so that this is true,
//! is shown against the real one (`tests/store/`).

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use alert_rules::escalation::{self, Decision as AlertDecision, Life, Operator, Whom};
use alert_rules::{Facts, Shown};
use jiff::{SignedDuration, Timestamp};
use mobile_api::message::Ask;
use serde_json::Value;
use uuid::Uuid;

use crate::roster::Roster;
use crate::store::alert_row::{Belongs, Stored};
use crate::store::page::{Channel, NewPage};
use crate::store::person::Person;
use crate::store::roster;
use crate::store::submission::{Body, Decision, Entry, Refusal, Submission};
use crate::store::verdict::{self, Known, Verdict};

/// An operator's notice lapses after this.
const OPERATOR_NOTICE: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Default)]
pub struct Database {
    pub patients: BTreeMap<Uuid, Patient>,
    /// By client id and reason, as the unique index has it.
    pub refusals: BTreeMap<(String, String), Refusal>,
    pub devices: BTreeMap<Uuid, DeviceRow>,
    pub rosters: Vec<Roster>,
    pub alerts: BTreeMap<Uuid, AlertRow>,
    pub requests: BTreeMap<Uuid, Request>,
    pub pages: Vec<Page>,
    last_arrival: u64,
    last_id: u128,
}

#[derive(Debug)]
pub struct Patient {
    /// Facts among it, as stored.
    pub person: Person,
    /// By client id.
    pub ledger: BTreeMap<Uuid, Row>,
    pub arrivals: BTreeMap<u64, Arrival>,
    pub shown: Vec<Shown>,
    pub judged_through: i64,
    /// The last number at a judgement that did not fail.
    pub well_judged: i64,
    pub folded_through: Option<Timestamp>,
    pub failed_from: Option<i64>,
    pub attempts: i16,
    pub lease: Option<u64>,
    pub lease_until: Duration,
    /// By rule and since.
    pub watches: BTreeMap<(String, Timestamp), Value>,
    /// By problem and start: its end, and all of it.
    pub findings: BTreeMap<(String, Timestamp), (Option<Timestamp>, Value)>,
    pub timers: BTreeMap<String, Timestamp>,
    /// Its facts say something else than at the beginning.
    pub plan_changed: bool,
    /// First and last number, and whether it failed.
    pub ranges: Vec<(i64, i64, bool)>,
}

#[derive(Debug)]
pub struct Row {
    pub seq: i64,
    pub submission: Submission,
    pub effective_at: Timestamp,
    pub corrects_seq: Option<i64>,
}

#[derive(Debug)]
pub struct Arrival {
    /// It came with numbers: a commit's, of this patient.
    pub numbered: bool,
    pub cause: String,
    pub earliest: Timestamp,
    pub received_at: Timestamp,
}

#[derive(Debug, Default)]
pub struct DeviceRow {
    pub connection: i64,
    pub last_push: u64,
    /// Not acknowledged.
    pub pushes: Vec<Ask>,
    /// Of whom it has had asks, by ask.
    pub asked: BTreeMap<Uuid, Uuid>,
}

#[derive(Debug)]
pub struct AlertRow {
    pub stored: Stored,
    pub reference: i64,
    /// Page requests made for it, ever.
    pub requests: u32,
}

#[derive(Debug)]
pub struct Request {
    pub alert: Uuid,
    pub priority: String,
    pub to: Whom,
    pub why: String,
    pub at: Timestamp,
    pub formed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageState {
    Ready,
    Sending,
    Sent,
    GivenUp,
}

#[derive(Debug)]
pub struct Page {
    pub page: NewPage,
    pub made_at: Timestamp,
    pub state: PageState,
    pub attempts: u32,
    pub next_at: Duration,
    pub lease: Option<u64>,
    pub lease_until: Duration,
}

impl Page {
    pub fn is_due(&self, channel: Channel, high: bool, now: Duration) -> bool {
        matches!(self.state, PageState::Ready | PageState::Sending)
            && self.page.channel == channel
            && (self.page.priority == "high") == high
            && self.due_at() <= now
    }

    /// When somebody may take it to send it.
    pub fn due_at(&self) -> Duration {
        if self.lease.is_some() { self.next_at.max(self.lease_until) } else { self.next_at }
    }
}

impl Database {
    pub fn new_id(&mut self) -> Uuid {
        self.last_id += 1;
        Uuid::from_u128(self.last_id)
    }

    /// What a transaction of the writer would decide now.
    pub fn verdict<'a>(&self, entries: &'a [Entry]) -> Verdict<'a> {
        let mut heads = HashMap::new();
        let mut ledger = HashMap::new();
        for submission in entries.iter().filter_map(Entry::submission) {
            let Some(patient) = self.patients.get(&submission.patient) else { continue };
            heads.insert(submission.patient, patient.person.last_seq);
            let target = match &submission.body {
                Body::Correction(correction) => Some(correction.corrects),
                _ => None,
            };
            for id in [Some(submission.client_id), target].into_iter().flatten() {
                if let Some(row) = patient.ledger.get(&id) {
                    ledger.insert((submission.patient, id), row.known());
                }
            }
        }
        verdict::on(entries, heads, ledger)
    }

    /// The transaction of the writer.
    pub fn store(&mut self, entries: &[Entry]) -> Vec<Decision> {
        let Verdict { decisions, new, refusals } = self.verdict(entries);
        // One arrival for each patient of the commit.
        let mut queued: BTreeMap<Uuid, Arrival> = BTreeMap::new();
        for numbered in new {
            let submission = numbered.submission.clone();
            let patient = self.patients.get_mut(&submission.patient).expect("its head was found");
            let arrival = queued.entry(submission.patient).or_insert_with(|| Arrival {
                numbered: true,
                cause: submission.body.kind().to_owned(),
                earliest: numbered.effective_at,
                received_at: submission.received_at,
            });
            arrival.cause = arrival.cause.as_str().min(submission.body.kind()).to_owned();
            arrival.earliest = arrival.earliest.min(numbered.effective_at);
            arrival.received_at = arrival.received_at.max(submission.received_at);
            patient.person.last_seq = patient.person.last_seq.max(numbered.seq);
            let row = Row {
                seq: numbered.seq,
                effective_at: numbered.effective_at,
                corrects_seq: numbered.corrects_seq,
                submission,
            };
            patient.ledger.insert(row.submission.client_id, row);
        }
        for (patient, arrival) in queued {
            self.queue(patient, arrival);
        }
        for refusal in refusals {
            let key = (refusal.client_id.clone().unwrap_or_default(), refusal.reason.clone());
            self.refusals.entry(key).or_insert(refusal);
        }
        decisions
    }

    /// An ask was shown. True if that was news.
    pub fn show(&mut self, device: Uuid, ask: Uuid, at: Timestamp) -> bool {
        let Some(patient) = self.devices.get(&device).and_then(|device| device.asked.get(&ask)) else { return false };
        let Some(patient) = self.patients.get_mut(patient) else { return false };
        if patient.shown.iter().any(|shown| shown.ask == ask) {
            return false;
        }
        patient.shown.push(Shown { ask, at });
        let arrival = Arrival { numbered: false, cause: "shown".to_owned(), earliest: at, received_at: at };
        let patient = patient.person.patient;
        self.queue(patient, arrival);
        true
    }

    /// A new version of somebody's facts, in force from now on.
    pub fn save_facts(&mut self, patient: Uuid, facts: &Facts, at: Timestamp) {
        let Some(row) = self.patients.get_mut(&patient) else { return };
        row.person.facts_version += 1;
        row.person.facts_since = Some(at);
        row.person.facts = Some(serde_json::to_value(facts).expect("facts are plain"));
        let arrival = Arrival { numbered: false, cause: "facts".to_owned(), earliest: at, received_at: at };
        self.queue(patient, arrival);
    }

    fn queue(&mut self, patient: Uuid, arrival: Arrival) {
        self.last_arrival += 1;
        if let Some(patient) = self.patients.get_mut(&patient) {
            patient.arrivals.insert(self.last_arrival, arrival);
        }
    }

    pub fn acknowledge_pushes(&mut self, device: Uuid, through: u64) {
        if let Some(device) = self.devices.get_mut(&device) {
            device.pushes.retain(|push| push.n > through);
        }
    }

    /// An alert, its page requests and its operator notice: one transaction.
    pub fn write_alert(
        &mut self,
        about: Option<Uuid>,
        belongs: Belongs,
        decision: &AlertDecision,
        at: Timestamp,
    ) -> Uuid {
        let alert = about.unwrap_or_else(|| self.new_id());
        let reference = 1000 + i64::try_from(self.alerts.len()).unwrap_or(0);
        let row = self.alerts.entry(alert).or_insert_with(|| AlertRow {
            stored: Stored { alert, owner: belongs, state: decision.alert.clone() },
            reference,
            requests: 0,
        });
        row.stored.state = decision.alert.clone();
        for page in &decision.pages {
            self.request(alert, page.priority.name(), page.to, page.why.name(), page.at);
        }
        if let Some(Operator { problem, sentence }) = &decision.operator {
            self.open_operator(problem, sentence, at);
        }
        alert
    }

    fn request(&mut self, alert: Uuid, priority: &str, to: Whom, why: &str, at: Timestamp) {
        let request = Request { alert, priority: priority.to_owned(), to, why: why.to_owned(), at, formed: false };
        let id = self.new_id();
        self.requests.insert(id, request);
        if let Some(row) = self.alerts.get_mut(&alert) {
            row.requests += 1;
        }
    }

    /// One open notice a problem.
    pub fn open_operator(&mut self, problem: &str, sentence: &str, at: Timestamp) {
        let is_open = |row: &AlertRow| {
            let Stored { owner, state, .. } = &row.stored;
            owner.patient.is_none() && state.problem == problem && state.is_open()
        };
        if self.alerts.values().any(is_open) {
            return;
        }
        let lapses_at = at + OPERATOR_NOTICE;
        let state = escalation::Alert {
            problem: problem.to_owned(),
            rule: "built-in/operator".to_owned(),
            kind: alert_rules::Kind::Service,
            priority: alert_rules::Priority::High,
            sentence: sentence.to_owned(),
            opened_at: at,
            late_minutes: 0,
            finding_start: None,
            life: Life::Open,
            snoozes: 0,
            told: 1,
            act_by: lapses_at,
            step: 0,
            next_step_at: Some(lapses_at),
            known: escalation::Known::default(),
        };
        let alert = self.new_id();
        let owner = Belongs { organisation: None, team: None, patient: None };
        let reference = 1000 + i64::try_from(self.alerts.len()).unwrap_or(0);
        self.alerts.insert(alert, AlertRow { stored: Stored { alert, owner, state }, reference, requests: 0 });
        self.request(alert, "high", Whom::Step(0), "opened", at);
    }

    /// A page about these alerts was given up: `store::alert::hasten_undelivered`.
    pub fn hasten_undelivered(&mut self, given_up: usize, at: Timestamp) {
        let made_at = self.pages[given_up].made_at;
        for alert in self.pages[given_up].page.alerts.clone() {
            let under_way = self.pages.iter().any(|page| {
                page.page.alerts.contains(&alert) && page.state != PageState::GivenUp && page.made_at >= made_at
            });
            let Some(row) = self.alerts.get(&alert) else { continue };
            let Stored { owner, state, .. } = &row.stored;
            if under_way || owner.patient.is_none() {
                continue;
            }
            let duty = roster::duty_of(&self.rosters, owner.team);
            if let Some(decision) = escalation::undelivered(state, &duty, at)
                && let Some(row) = self.alerts.get_mut(&alert)
            {
                row.stored.state = decision.alert;
            }
        }
    }

    pub fn roster(&self, team: Option<Uuid>) -> Option<&Roster> {
        self.rosters.iter().find(|roster| Some(roster.team) == team)
    }
}

impl Row {
    fn known(&self) -> Known {
        Known {
            seq: self.seq,
            content_hash: self.submission.content_hash.clone(),
            flags: self.submission.flags.clone(),
            kind: self.submission.body.kind().to_owned(),
            vital: self.submission.body.vital().map(str::to_owned),
            effective_at: self.effective_at,
        }
    }
}
