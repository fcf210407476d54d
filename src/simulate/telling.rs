//! Telling people, on each replica: alerts nobody acts on move on, requests become pages, pages are sent and settled. Models
//! `monitor/escalate.rs`, `notify/form.rs`, `notify/deliver.rs` and the mail and pager services; what they decide is
//! decided by their own pure functions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alert_rules::escalation::{Life, Whom};
use jiff::Timestamp;
use uuid::Uuid;

use super::database::{Page, PageState};
use super::event::{Event, Work};
use super::world::{Broken, World};
use crate::monitor::escalate;
use crate::notify::deliver::LANES;
use crate::notify::form::{self, Before, Plan};
use crate::notify::office::Office;
use crate::notify::retry::{self, Failure, Next};
use crate::store::alert_row::Stored;
use crate::store::page::Channel;
use crate::store::page_request::Waiting;
use crate::store::roster;

const LEASE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);
/// What every send ends within.
const SEND_LIMIT: Duration = Duration::from_secs(20);
/// Pages one lane sends at the same time.
const AT_ONCE: usize = 16;

/// What the mail server or the pager service makes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// It went to the person, whatever we were told.
    pub accepted: bool,
    pub failure: Option<Failure>,
}

impl World {
    pub fn escalate(&mut self, replica: usize) {
        if self.transaction(replica, "escalates").is_none() {
            return self.turn_in(replica, Work::Escalate, PAUSE);
        }
        let now = self.care_of(replica);
        let due: Vec<Stored> = self
            .database
            .alerts
            .values()
            .map(|row| &row.stored)
            .filter(|stored| stored.state.next_step_at.is_some_and(|at| at <= now))
            .cloned()
            .collect();
        for stored in due {
            let duty = roster::duty_of(&self.database.rosters, stored.owner.team);
            if self.broken == Broken::NeverEscalates {
                let state = &mut self.database.alerts.get_mut(&stored.alert).expect("it was due").stored.state;
                state.next_step_at = state.next_step_at.map(|at| at + jiff::SignedDuration::from_hours(24 * 365));
                continue;
            }
            if let Some(decision) = escalate::next(&stored, &duty, now) {
                self.count.steps += 1;
                self.database.write_alert(Some(stored.alert), stored.owner, &decision, now);
                self.say_alert(stored.alert, &decision);
            }
        }
        self.poke(Work::Form);
        self.plan_work(replica, Work::Escalate);
    }

    pub fn form_pages(&mut self, replica: usize) {
        let now = self.care_of(replica);
        let office = Office {
            origin: "https://derwent.example".to_owned(),
            operator: "operator@example.org".to_owned(),
            operator_pager: None,
            test: None,
            channels: if self.has_pager { vec![Channel::Email, Channel::Pager] } else { vec![Channel::Email] },
            answers: Vec::new(),
            down: Vec::new(),
        };
        for high in [true, false] {
            let waiting = self.waiting(high, now);
            if waiting.is_empty() {
                continue;
            }
            if self.transaction(replica, "forms pages").is_none() {
                return self.turn_in(replica, Work::Form, PAUSE);
            }
            let before = Before { bundles: self.last_bundles(), told: self.told(), highs: BTreeMap::new() };
            let plan = form::plan(&waiting, &self.database.rosters, before, &office, now).expect("texts have no holes");
            self.carry_out(plan, now);
        }
        for lane in 0..LANES.len() {
            self.poke(Work::Deliver(lane));
        }
        self.poke(Work::Escalate);
        self.plan_work(replica, Work::Form);
    }

    fn carry_out(&mut self, plan: Plan, now: Timestamp) {
        for page in plan.pages {
            let to = self.name_of(page.staff);
            let alerts: Vec<String> =
                page.alerts.iter().map(|alert| format!("A{}", self.database.alerts[alert].reference)).collect();
            let number = self.database.pages.len();
            self.count.pages += 1;
            self.say(
                "page",
                &format!("P{number}"),
                format_args!("to {to} by {}: {}", page.channel.name(), alerts.join(" ")),
            );
            self.database.pages.push(Page {
                page,
                made_at: now,
                state: PageState::Ready,
                attempts: 0,
                next_at: self.now,
                lease: None,
                lease_until: Duration::ZERO,
            });
        }
        for (request, _) in plan.formed {
            if let Some(request) = self.database.requests.get_mut(&request) {
                request.formed = true;
            }
        }
        for postponed in plan.postponed {
            if let Some(request) = self.database.requests.get_mut(&postponed.page_request) {
                request.at = postponed.until;
            }
        }
        for (problem, sentence) in plan.operator {
            self.database.open_operator(&problem, &sentence, now);
        }
    }

    fn waiting(&self, high: bool, now: Timestamp) -> Vec<Waiting> {
        let due = self
            .database
            .requests
            .iter()
            .filter(|(_, request)| !request.formed && request.at <= now && (request.priority == "high") == high);
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(id, request)| (request.at, **id));
        due.into_iter()
            .map(|(id, request)| {
                let row = &self.database.alerts[&request.alert];
                let Stored { owner, state, .. } = &row.stored;
                Waiting {
                    page_request: *id,
                    alert: request.alert,
                    organisation: owner.organisation,
                    team: owner.team,
                    patient: owner.patient,
                    priority: request.priority.clone(),
                    to: request.to,
                    why: request.why.clone(),
                    reference: row.reference,
                    kind: state.kind.name().to_owned(),
                    sentence: state.sentence.clone(),
                    opened_at: state.opened_at,
                    act_by: state.next_step_at.map_or(state.act_by, |next| next.max(state.act_by)),
                    told: state.told,
                    owner: state.owner().map(|(owner, _)| owner),
                    offered_to: match state.life {
                        Life::Acknowledged { offered, .. } => offered,
                        _ => None,
                    },
                    closed: !state.is_open(),
                }
            })
            .collect()
    }

    fn last_bundles(&self) -> BTreeMap<(Uuid, String), Timestamp> {
        let mut last = BTreeMap::new();
        for page in &self.database.pages {
            if let Some(staff) = page.page.staff {
                let at = last.entry((staff, page.page.priority.clone())).or_insert(page.made_at);
                *at = page.made_at.max(*at);
            }
        }
        last
    }

    /// Who heard of an alert since it was last told from the first step on.
    fn told(&self) -> BTreeMap<Uuid, BTreeSet<Uuid>> {
        let mut since = BTreeMap::new();
        for request in self.database.requests.values().filter(|request| request.formed && request.to == Whom::Step(0)) {
            let at = since.entry(request.alert).or_insert(request.at);
            *at = request.at.max(*at);
        }
        let mut told: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
        for page in &self.database.pages {
            let alerts = page.page.alerts.iter().filter(|alert| since.get(alert).is_some_and(|at| page.made_at >= *at));
            alerts.for_each(|alert| told.entry(*alert).or_default().extend(page.page.staff));
        }
        told
    }

    pub fn deliver(&mut self, replica: usize, lane: usize) {
        if self.replicas[replica].sending.get(&lane).is_some_and(|sending| *sending > 0) {
            return;
        }
        if self.transaction(replica, "takes pages").is_none() {
            return self.turn_in(replica, Work::Deliver(lane), PAUSE);
        }
        let boot = self.replicas[replica].boot;
        let of_lane = |page: &Page| page.is_due(LANES[lane].channel, LANES[lane].high, self.now);
        let due: Vec<usize> =
            (0..self.database.pages.len()).filter(|page| of_lane(&self.database.pages[*page])).take(AT_ONCE).collect();
        if due.is_empty() {
            return self.plan_work(replica, Work::Deliver(lane));
        }
        self.replicas[replica].sending.insert(lane, due.len());
        for page in due {
            let lease = self.next_lease;
            self.next_lease += 1;
            let row = &mut self.database.pages[page];
            row.state = PageState::Sending;
            row.attempts += 1;
            row.lease = Some(lease);
            row.lease_until = self.now + LEASE;
            let (delay, sent) = self.outside(page);
            self.after(delay, Event::Sent { replica, boot, lane, page, lease, sent });
        }
    }

    /// The mail server or the pager service.
    fn outside(&mut self, page: usize) -> (Duration, Sent) {
        let staff = self.database.pages[page].page.staff;
        let reachable = self.staff.iter().find(|colleague| Some(colleague.staff) == staff);
        let delay = self.dice.up_to(Duration::from_secs(2));
        if reachable.is_some_and(|colleague| colleague.unreachable) {
            return (delay, Sent { accepted: false, failure: Some(Failure::Permanent) });
        }
        if self.dice.chance(self.faults.mail_passing) {
            return (delay, Sent { accepted: false, failure: Some(Failure::Passing) });
        }
        if self.dice.chance(self.faults.mail_silent) {
            return (SEND_LIMIT, Sent { accepted: false, failure: Some(Failure::Passing) });
        }
        let unheard = self.dice.chance(self.faults.mail_unheard);
        (delay, Sent { accepted: true, failure: unheard.then_some(Failure::Passing) })
    }

    /// A send has ended; whoever sent it may be gone.
    pub fn sent(&mut self, replica: usize, boot: u32, lane: usize, page: usize, lease: u64, sent: Sent) {
        if sent.accepted {
            self.count.letters += 1;
            self.reaches(page);
        }
        if !self.is_alive(replica, boot) {
            return;
        }
        if let Some(sending) = self.replicas[replica].sending.get_mut(&lane) {
            *sending -= 1;
        }
        self.settle(replica, lane, page, lease, sent);
        self.poke(Work::Deliver(lane));
        self.plan_work(replica, Work::Deliver(lane));
    }

    fn settle(&mut self, replica: usize, lane: usize, page: usize, lease: u64, sent: Sent) {
        if self.transaction(replica, "settles a page").is_none() {
            // It is taken again when its lease has ended.
            return;
        }
        let care_now = self.care_of(replica);
        let jitter = self.dice.fraction();
        let row = &mut self.database.pages[page];
        if row.lease != Some(lease) || row.state != PageState::Sending {
            return;
        }
        row.lease = None;
        let what = match (row.page.organisation, LANES[lane].high) {
            (None, _) => retry::Page::ToOperator,
            (_, true) => retry::Page::High,
            (_, false) => retry::Page::Other,
        };
        let attempts = row.attempts;
        let became =
            match sent.failure.map(|failure| retry::after(LANES[lane].channel, failure, attempts, what, jitter)) {
                None => {
                    row.state = PageState::Sent;
                    "is sent"
                }
                Some(Next::Again { after }) => {
                    row.state = PageState::Ready;
                    row.next_at = self.now + after;
                    "fails"
                }
                Some(Next::GiveUp) => {
                    row.state = PageState::GivenUp;
                    "is given up"
                }
            };
        self.say("page", &format!("P{page}"), format_args!("{became} after {attempts} attempts"));
        if self.database.pages[page].state == PageState::GivenUp {
            self.count.given_up += 1;
            self.database.hasten_undelivered(page, care_now);
            let channel = LANES[lane].channel.name();
            let problem = format!("pages over {channel} are not delivered");
            self.database.open_operator(&problem, "A page was given up", care_now);
            self.poke(Work::Escalate);
            self.poke(Work::Form);
        }
    }
}
