//! What must be true in every world: looked at where something could have broken it, and once more at the end, when
//! everything must have come to its end.

use std::time::Duration;

use alert_rules::{Finding, Priority};
use jiff::{SignedDuration, Timestamp};
use mobile_api::item::Body;
use mobile_api::message::Outcome;
use uuid::Uuid;

use super::database::{Database, PageState, Patient};
use super::world::World;
use crate::monitor::judgement::Judged;
use crate::notify::deliver::LANES;

/// A loop that is due is late by no more than this once nothing fails any more: the replicas' clocks may both be slow.
const SOON: SignedDuration = SignedDuration::from_secs(70);

impl World {
    fn violate(&mut self, what: String) {
        self.violated.get_or_insert(what);
    }

    /// A phone forgets an item only after it is stored, once, or refused for good and on record.
    pub fn check_settled(&mut self, phone: usize, id: Uuid, outcome: &Outcome) {
        let patient = self.phones[phone].sent.iter().find(|(item, _)| item.id == id).map(|(_, patient)| *patient);
        let name = &self.phones[phone].name;
        let row = patient.and_then(|patient| self.database.patients[&patient].ledger.get(&id));
        let wrong = match outcome {
            Outcome::Stored { seq, .. } | Outcome::Duplicate { seq, .. } => match row {
                None => Some(format!("{name} was told that {id} is stored, and it is not")),
                Some(row) if u64::try_from(row.seq) != Ok(*seq) => {
                    Some(format!("{name} was told that {id} is {seq}, and it is {}", row.seq))
                }
                Some(_) => None,
            },
            Outcome::Refused(refusal) if refusal.retry => {
                Some(format!("{name} forgot {id}, which it is to send again"))
            }
            Outcome::Refused(refusal) => {
                let record = (id.to_string(), refusal.reason.wire().to_owned());
                (!self.database.refusals.contains_key(&record))
                    .then(|| format!("{id} was refused ({}) and that is not on record", refusal.reason))
            }
        };
        if let Some(wrong) = wrong {
            self.violate(wrong);
        }
    }

    /// *Checked* never comes before the judgement.
    pub fn check_checked(&mut self, patient: Uuid, through: u64) {
        let judged = self.database.patients[&patient].well_judged;
        if i64::try_from(through).is_ok_and(|through| through > judged) {
            let name = self.names[&patient];
            self.violate(format!("{name} was told of checks through {through}, and judged is only {judged}"));
        }
    }

    /// Numbers have no gaps.
    pub fn check_numbers(&mut self) {
        for (id, patient) in &self.database.patients {
            let mut numbers: Vec<i64> = patient.ledger.values().map(|row| row.seq).collect();
            numbers.sort_unstable();
            let wanted = 1..=patient.person.last_seq;
            if !numbers.iter().copied().eq(wanted) {
                let wrong =
                    format!("{}'s numbers are not 1 to {}: {numbers:?}", self.names[id], patient.person.last_seq);
                return self.violate(wrong);
            }
        }
    }

    /// After a judgement: ranges tile, and what should alarm somebody has an alert with a request.
    pub fn check_judged(&mut self, judged: &Judged) {
        let patient = judged.case.person.patient;
        if let Some(wrong) = self.database.patients[&patient].untiled() {
            let name = self.names[&patient];
            return self.violate(format!("{name}: {wrong}"));
        }
        let (version, in_force) =
            (judged.case.person.facts_version, self.database.patients[&patient].person.facts_version);
        if version != in_force {
            let name = self.names[&patient];
            return self.violate(format!("{name} was judged by facts {version}, and {in_force} are in force"));
        }
        if let Some(wrong) = self.database.unrequested(patient) {
            return self.violate(wrong);
        }
        let Ok(evaluation) = &judged.outcome else { return };
        for finding in evaluation.findings.iter().filter(|finding| !finding.needs_nobody()) {
            if let Some(wrong) = self.database.untold(patient, finding) {
                return self.violate(wrong);
            }
        }
    }

    /// Cheap, and so after every event.
    pub fn check_step(&mut self) {
        for handset in &self.phones {
            let waiting = i64::try_from(handset.phone.outbox().count()).unwrap_or(i64::MAX);
            let [sent, settled] = [handset.sent.len(), handset.settled].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
            if waiting != sent - settled + handset.restored {
                let wrong = format!(
                    "{} was given {} and settled {}, but has {waiting} in its outbox",
                    handset.name,
                    handset.sent.len(),
                    handset.settled
                );
                return self.violate(wrong);
            }
        }
        for patient in self.database.patients.values() {
            if patient.judged_through > patient.person.last_seq {
                let wrong = format!("judged through {} of {}", patient.judged_through, patient.person.last_seq);
                return self.violate(wrong);
            }
            if patient.judged_through < patient.person.last_seq && patient.arrivals.is_empty() {
                let name = self.names[&patient.person.patient];
                return self.violate(format!("{name} has numbers that nobody judged and nothing in the queue"));
            }
        }
        for row in self.database.alerts.values() {
            let state = &row.stored.state;
            let wrong = match (state.closed_at(), state.next_step_at) {
                (None, None) => "is open and nothing will ever happen to it",
                (Some(_), Some(_)) => "is closed and has a next step",
                _ if row.requests == 0 => "was never to be paged",
                _ => continue,
            };
            let wrong = format!("A{} ({}) {wrong}", row.reference, state.problem);
            return self.violate(wrong);
        }
    }

    /// Nothing fails any more, and time has passed.
    pub fn check_end(&mut self) {
        if self.violated.is_none() {
            self.violated =
                self.unsent().or_else(|| self.unjudged()).or_else(|| self.untold_at_end()).or_else(|| self.unpaged());
        }
    }

    fn unsent(&self) -> Option<String> {
        for handset in &self.phones {
            for item in handset.phone.outbox() {
                // What it corrects was never stored: it is kept, and tried again, for ever.
                let patient = handset.sent.iter().find(|(sent, _)| sent.id == item.id).map(|(_, patient)| *patient)?;
                let ledger = &self.database.patients[&patient].ledger;
                let waits = matches!(&item.body, Body::Correction(body) if !ledger.contains_key(&body.corrects));
                if !waits {
                    return Some(format!("{} still has {} in its outbox", handset.name, item.id));
                }
            }
            let waits = |id: Uuid| handset.phone.outbox().any(|item| item.id == id);
            for (item, patient) in handset.sent.iter().filter(|(item, _)| !waits(item.id)) {
                let stored = self.database.patients[patient].ledger.contains_key(&item.id);
                let id = item.id.to_string();
                let refused = || self.database.refusals.keys().any(|(refused, _)| *refused == id);
                if !stored && !refused() {
                    return Some(format!("{} of {} is neither stored nor refused", item.id, handset.name));
                }
            }
        }
        None
    }

    fn unjudged(&self) -> Option<String> {
        let now = self.care();
        for (id, patient) in &self.database.patients {
            let name = self.names[id];
            if !patient.arrivals.is_empty() || patient.judged_through != patient.person.last_seq {
                let (judged, last) = (patient.judged_through, patient.person.last_seq);
                return Some(format!("{name} is judged through {judged} of {last}"));
            }
            if let Some((why, at)) = patient.timers.iter().find(|(_, at)| **at < now - SOON) {
                return Some(format!("{name}'s timer {why} was due at {at} and nobody looked"));
            }
            if let Some(wrong) = self.judged_otherwise(patient) {
                return Some(format!("{name}: {wrong}"));
            }
        }
        None
    }

    /// One evaluation of the whole history at the same instant finds the same.
    fn judged_otherwise(&self, patient: &Patient) -> Option<String> {
        // Facts of now would judge what earlier ones did judge.
        if patient.plan_changed {
            return None;
        }
        let at = patient.folded_through?;
        let facts: alert_rules::Facts = serde_json::from_value(patient.person.facts.clone()?).ok()?;
        let facts = alert_rules::Facts { valid_from: patient.person.facts_since, ..facts };
        let mut history = patient.numbered(Timestamp::MIN, 0, Timestamp::MAX);
        history.shown = patient.shown_since(Timestamp::MIN);
        let anew = alert_rules::evaluate(&self.rulebook, &facts, facts.plan.since, &[], &history, at);
        let stored: Vec<Finding> = patient
            .findings
            .values()
            .map(|(_, finding)| serde_json::from_value(finding.clone()).expect("written by us"))
            .collect();
        let differs = |finding: &Finding, from: &[Finding]| {
            let same = |other: &&Finding| other.problem == finding.problem && other.start == finding.start;
            match from.iter().find(same) {
                None => Some("is not there".to_owned()),
                Some(other) if other != finding => Some(differing_fields(finding, other)),
                Some(_) => None,
            }
        };
        for (one, from, what) in [(&anew.findings, &stored, "stored"), (&stored, &anew.findings, "computed anew")] {
            for finding in one {
                if let Some(how) = differs(finding, from) {
                    return Some(format!("{} since {}, {what}, {how}", finding.problem, finding.start));
                }
            }
        }
        let open = anew.watches.iter().filter(|watch| watch.until.is_none());
        let open = open.map(|watch| (watch.rule.clone(), watch.since)).find(|key| !patient.watches.contains_key(key));
        open.map(|(rule, since)| format!("{rule} fires since {since} and has no watch"))
    }

    fn untold_at_end(&self) -> Option<String> {
        for (id, patient) in &self.database.patients {
            for (_, finding) in patient.findings.values() {
                let finding: Finding = serde_json::from_value(finding.clone()).expect("written by us");
                if !finding.needs_nobody()
                    && let Some(wrong) = self.database.untold(*id, &finding)
                {
                    return Some(wrong);
                }
            }
        }
        None
    }

    /// Time moves every alert on, and every page comes to its end.
    fn unpaged(&self) -> Option<String> {
        let (care, now) = (self.care(), self.now);
        for (id, request) in &self.database.requests {
            if !request.formed && request.at < care - SOON {
                return Some(format!(
                    "request {id} of {} was due at {} and no page was formed",
                    request.alert, request.at
                ));
            }
        }
        for (number, page) in self.database.pages.iter().enumerate() {
            let ended = matches!(page.state, PageState::Sent | PageState::GivenUp);
            if !ended && page.due_at() + Duration::from_secs(30) < now {
                return Some(format!("P{number} was due {:?} ago and was not sent", now - page.due_at()));
            }
        }
        let healed = self.start + SignedDuration::try_from(self.healed_at).expect("a few days");
        for (alert, row) in &self.database.alerts {
            let state = &row.stored.state;
            if !state.is_open() {
                continue;
            }
            if state.next_step_at.is_some_and(|next| next < care - SOON) {
                return Some(format!(
                    "A{}'s next step was due at {:?} and was not taken",
                    row.reference, state.next_step_at
                ));
            }
            // A high one that nobody has is told to somebody again and again, within cover.
            let Some(roster) = self.database.roster(row.stored.owner.team) else { continue };
            let alone_since = state.opened_at.max(healed).max(care - SignedDuration::from_hours(24));
            let told_by = roster.cover.next(alone_since) + SignedDuration::from_hours(1);
            let is_high = state.priority == Priority::High && !roster.shifts.is_empty();
            if is_high && !state.is_held() && told_by < care {
                let told = self.database.pages.iter().filter(|page| page.page.alerts.contains(alert));
                if !told.map(|page| page.made_at).any(|made_at| made_at >= alone_since) {
                    return Some(format!(
                        "A{} is high, nobody has it, and nobody was told since {alone_since}",
                        row.reference
                    ));
                }
            }
        }
        None
    }
}

/// The fields in which two findings differ, each as the one and the other have it.
fn differing_fields(one: &Finding, other: &Finding) -> String {
    let [one, other] = [one, other].map(|finding| serde_json::to_value(finding).expect("a finding is plain"));
    let fields = one.as_object().into_iter().flatten();
    let differing = fields.filter(|(name, value)| other.get(name) != Some(value));
    let differing: Vec<String> =
        differing.map(|(name, value)| format!("has {name} {value}, not {}", other[name.as_str()])).collect();
    differing.join(" and ")
}

impl Patient {
    /// Ranges of judgements tile 1 … judged through.
    fn untiled(&self) -> Option<String> {
        let mut through = 0;
        for (from, to, _) in &self.ranges {
            if *from != through + 1 || to < from {
                return Some(format!("a judgement from {from} to {to} follows one through {through}"));
            }
            through = *to;
        }
        (through != self.judged_through)
            .then(|| format!("judged through {}, but the judgements end at {through}", self.judged_through))
    }
}

impl Database {
    /// An alert was written without the page requests that were decided with it.
    fn unrequested(&self, patient: Uuid) -> Option<String> {
        let of_patient = self.alerts.iter().filter(|(_, row)| row.stored.owner.patient == Some(patient));
        for (alert, row) in of_patient {
            let written = self.requests.values().filter(|request| request.alert == *alert).count();
            if u32::try_from(written) != Ok(row.requests) {
                return Some(format!("A{} has {written} of its {} page requests", row.reference, row.requests));
            }
        }
        None
    }

    /// A finding that alarms, and no alert that knows of it.
    fn untold(&self, patient: Uuid, finding: &Finding) -> Option<String> {
        let knows = |known: &alert_rules::escalation::KnownFiring| {
            finding.firings.iter().any(|firing| firing.rule == known.rule)
        };
        let tells = |state: &alert_rules::escalation::Alert| {
            state.problem == finding.problem && state.known.firings.iter().any(knows)
        };
        let told = self
            .alerts
            .values()
            .any(|row| row.stored.owner.patient == Some(patient) && tells(&row.stored.state) && row.requests > 0);
        (!told).then(|| format!("{} since {} has no alert", finding.problem, finding.start))
    }

    pub fn sending_due(&self, lane: usize) -> Option<Duration> {
        let of_lane = self.pages.iter().filter(|page| {
            matches!(page.state, PageState::Ready | PageState::Sending)
                && page.page.channel == LANES[lane].channel
                && (page.page.priority == "high") == LANES[lane].high
        });
        of_lane.map(|page| page.due_at()).min()
    }
}
