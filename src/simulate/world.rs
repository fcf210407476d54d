//! A whole world on virtual time: what is to happen lies in one queue, and each event may put others into it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use alert_rules::Rulebook;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::cast::Cast;
use super::counts::Counts;
use super::database::Database;
use super::dice::Dice;
use super::event::{Event, Work};
use super::faults::Faults;
use super::handset::Handset;
use super::network::Line;
use super::replica::{Conversation, Replica};
use super::staff::Colleague;
use super::trace::Trace;
use super::writing::Transaction;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
/// Work that no signal told of is found within this.
const SWEEP: Duration = SECOND;
/// After the faults have ended, everything must have come to its end within this.
const HEALING: Duration = Duration::from_secs(30 * 3600);

/// A service that is broken on purpose, to see that it is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    Nothing,
    AnswersBeforeCommit,
    /// A disk that says it has what it has not.
    ForgetsCommits,
    IgnoresLeases,
    IgnoresNewFacts,
    LosesPageRequests,
    NeverEscalates,
}

#[derive(Debug)]
pub struct World {
    pub now: Duration,
    pub start: Timestamp,
    pub dice: Dice,
    pub faults: Faults,
    pub broken: Broken,
    pub healed: bool,
    pub healed_at: Duration,
    pub rulebook: Arc<Rulebook>,
    pub database: Database,
    pub database_up: bool,
    pub transactions: BTreeMap<u64, Transaction>,
    pub replicas: Vec<Replica>,
    pub lines: BTreeMap<u64, Line>,
    pub conversations: BTreeMap<u64, Conversation>,
    pub phones: Vec<Handset>,
    pub staff: Vec<Colleague>,
    pub names: BTreeMap<Uuid, &'static str>,
    pub has_pager: bool,
    pub next_line: u64,
    pub next_transaction: u64,
    pub next_lease: u64,
    pub trace: Trace,
    pub count: Counts,
    /// The first invariant that did not hold.
    pub violated: Option<String>,
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    events: BTreeMap<u64, Event>,
    made: u64,
    days: u64,
}

impl World {
    pub fn new(seed: u64, rulebook: Arc<Rulebook>, broken: Broken, print: bool) -> Self {
        let mut dice = Dice::new(seed);
        // Ordinary days, and both changes of the clocks.
        let start = dice.one_of(&[1_774_396_800, 1_774_656_000, 1_792_800_000, 1_782_000_000]);
        let start = Timestamp::from_second(start).expect("in this century");
        let faults = Faults::roll(&mut dice);
        let cast = Cast::roll(&mut dice, &faults, start);
        let skewed = dice.chance(300);
        let mut fast_by =
            || if skewed { SignedDuration::from_secs(dice.between(-50, 50)) } else { SignedDuration::ZERO };
        let replicas = vec![Replica::new("replica a", fast_by()), Replica::new("replica b", fast_by())];
        let days = 1 + dice.below(3);
        let mut world = Self {
            now: Duration::ZERO,
            start,
            dice,
            faults,
            broken,
            healed: false,
            healed_at: 24 * HOUR * u32::try_from(days).unwrap_or(1),
            rulebook,
            database: cast.database,
            database_up: true,
            transactions: BTreeMap::new(),
            replicas,
            lines: BTreeMap::new(),
            conversations: BTreeMap::new(),
            phones: cast.phones,
            staff: cast.staff,
            names: cast.names,
            has_pager: cast.has_pager,
            next_line: 1,
            next_transaction: 1,
            next_lease: 1,
            trace: Trace::new(print),
            count: Counts::default(),
            violated: None,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            made: 0,
            days,
        };
        world.set_going();
        world
    }

    fn set_going(&mut self) {
        // The plan comes into force: everybody is looked at once.
        let start = self.start;
        for patient in self.database.patients.values_mut() {
            patient.timers.insert("day".to_owned(), start);
        }
        let healed_at = self.healed_at;
        self.at(healed_at, Event::Heals);
        for phone in 0..self.phones.len() {
            for day in 0..self.days + 1 {
                let morning = 24 * HOUR * u32::try_from(day).unwrap_or(0) + 7 * HOUR;
                let mut times = vec![morning + self.dice.up_to(2 * HOUR)];
                if self.dice.chance(500) {
                    times.push(morning + 10 * HOUR + self.dice.up_to(3 * HOUR));
                }
                if self.dice.chance(200) {
                    times.push(morning + self.dice.up_to(14 * HOUR));
                }
                // Some leave it for a day.
                for at in times.into_iter().filter(|at| *at < healed_at) {
                    if self.dice.chance(900) {
                        self.at(at, Event::Measures { phone });
                    }
                }
            }
        }
        let patients: Vec<Uuid> = self.database.patients.keys().copied().collect();
        for patient in patients {
            while self.dice.chance(400) {
                let at = self.dice.up_to(healed_at);
                self.at(at, Event::SavesPlan { patient });
            }
        }
        for replica in 0..self.replicas.len() {
            if !self.faults.replica_crashes.is_zero() {
                let at = self.dice.up_to(self.faults.replica_crashes * 2);
                self.at(at, Event::ReplicaCrashes { replica });
            }
            for work in Work::ALL {
                self.plan_work(replica, work);
            }
        }
        if !self.faults.database_stops.is_zero() {
            let at = self.dice.up_to(self.faults.database_stops * 2);
            self.at(at, Event::DatabaseStops);
        }
    }

    /// Until the end, or until an invariant does not hold.
    pub fn run(&mut self) {
        let end = self.healed_at + HEALING;
        while let Some(Reverse((at, number))) = self.queue.pop() {
            if at > end {
                break;
            }
            self.now = at;
            let event = self.events.remove(&number).expect("each is queued once");
            self.count.events += 1;
            self.happens(event);
            self.check_step();
            if self.violated.is_some() {
                return;
            }
        }
        self.now = end;
        self.check_end();
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Measures { phone } => self.measures(phone),
            Event::MeasuresAgain { phone, patient, whom, vital, symptoms } => {
                self.measures_again(phone, patient, whom, &vital, symptoms);
            }
            Event::Looks { phone, ask } => self.looks(phone, ask),
            Event::OpensApp { phone } => self.opens_app(phone, 120 * SECOND),
            Event::PhoneWakes { phone } => self.phone_wakes(phone),
            Event::PhoneSleeps { phone } => self.phone_sleeps(phone),
            Event::PhoneDies { phone } => self.phone_dies(phone),
            Event::Opens { line } => self.replica_opens(line),
            Event::Arrives { line, to, frame } => self.arrives(line, to, frame),
            Event::Learns { line, side, code } => self.learns(line, side, code),
            Event::GreetingEnds { line } => self.greeting_ends(line),
            Event::SessionWakes { line } => self.session_wakes(line),
            Event::SessionLooks { line, again } => self.session_looks(line, again),
            Event::Commits { transaction } => self.commits(transaction),
            Event::Committed { replica, boot, transaction, decisions } => {
                self.committed(replica, boot, transaction, decisions);
            }
            Event::CommitUnknown { replica, transaction } => self.commit_unknown(replica, transaction),
            Event::WritesAgain { replica, transaction } => self.writes_again(replica, transaction),
            Event::Turn { replica, boot, work } => self.turn(replica, boot, work),
            Event::LoadsPatients { replica, boot } => self.load_patients(replica, boot),
            Event::Finishes { replica, boot } => self.finish(replica, boot),
            Event::Sent { replica, boot, lane, page, lease, sent } => {
                self.sent(replica, boot, lane, page, lease, sent);
            }
            Event::Acts { who, alert, act } => self.acts(who, alert, act),
            Event::SavesPlan { patient } => self.saves_plan(patient),
            Event::ReplicaCrashes { replica } => self.replica_crashes(replica),
            Event::ReplicaStarts { replica } => self.replica_starts(replica),
            Event::DatabaseStops => self.database_stops(),
            Event::DatabaseStarts => self.database_starts(),
            Event::Heals => self.heals(),
        }
    }

    fn database_stops(&mut self) {
        if self.healed {
            return;
        }
        self.database_up = false;
        self.say("database", "stops", "");
        let down = self.dice.up_to(self.faults.database_down);
        self.after(down, Event::DatabaseStarts);
        let next = self.dice.up_to(self.faults.database_stops * 2);
        self.after(down + next, Event::DatabaseStops);
    }

    fn database_starts(&mut self) {
        if !self.database_up {
            self.database_up = true;
            self.say("database", "starts", "");
        }
    }

    pub fn database_is_down(&self) -> bool {
        !self.database_up
    }

    /// From here on nothing fails any more, and everything must come to an end.
    fn heals(&mut self) {
        self.healed = true;
        self.faults = Faults::none();
        self.say("world", "heals", "");
        self.database_starts();
        for replica in 0..self.replicas.len() {
            self.replica_starts(replica);
        }
        for colleague in &mut self.staff {
            colleague.unreachable = false;
        }
        for phone in 0..self.phones.len() {
            for hours in [0, 1, 2, 4, 8, 20] {
                let at = self.healed_at + hours * HOUR + self.dice.up_to(600 * SECOND);
                self.at(at, Event::OpensApp { phone });
            }
        }
    }

    fn turn(&mut self, replica: usize, boot: u32, work: Work) {
        let planned = self.replicas[replica].planned.get(&work) == Some(&self.now);
        if !planned || !self.is_alive(replica, boot) {
            return;
        }
        self.replicas[replica].planned.remove(&work);
        match work {
            Work::Judge => self.take_patients(replica),
            Work::Escalate => self.escalate(replica),
            Work::Form => self.form_pages(replica),
            Work::Deliver(lane) => self.deliver(replica, lane),
        }
    }

    /// There may be work: a replica that hears the signal looks at once, another at its next sweep.
    pub fn poke(&mut self, work: Work) {
        for replica in 0..self.replicas.len() {
            self.plan_work(replica, work);
        }
    }

    /// Plans the next turn, if there is ever anything to do.
    pub fn plan_work(&mut self, replica: usize, work: Work) {
        let Some(due) = self.due(replica, work).filter(|_| self.replicas[replica].up) else { return };
        let delay = if self.dice.chance(self.faults.signal_lost) { SWEEP } else { SECOND / 50 };
        let delay = self.dice.up_to(delay);
        self.turn_at(replica, work, due.max(self.now) + delay);
    }

    pub fn turn_in(&mut self, replica: usize, work: Work, pause: Duration) {
        self.turn_at(replica, work, self.now + pause);
    }

    fn turn_at(&mut self, replica: usize, work: Work, at: Duration) {
        let planned = &mut self.replicas[replica].planned;
        if planned.get(&work).is_none_or(|planned| *planned > at) {
            planned.insert(work, at);
            let boot = self.replicas[replica].boot;
            self.at(at, Event::Turn { replica, boot, work });
        }
    }

    fn due(&self, replica: usize, work: Work) -> Option<Duration> {
        let start = self.start + self.replicas[replica].fast_by;
        let true_time = |care: Timestamp| Duration::try_from(care.duration_since(start)).unwrap_or_default();
        match work {
            Work::Judge => self.database.judging_due(self.now, true_time),
            Work::Escalate => {
                let next = self.database.alerts.values().filter_map(|row| row.stored.state.next_step_at).min();
                next.map(true_time)
            }
            Work::Form => {
                let waiting = self.database.requests.values().filter(|request| !request.formed);
                waiting.map(|request| request.at).min().map(true_time)
            }
            Work::Deliver(lane) => self.database.sending_due(lane),
        }
    }

    /// News for one socket: at once, or lost, and then found by the socket's own sweep.
    pub fn hint(&mut self, event: Event) {
        if !self.dice.chance(self.faults.signal_lost) {
            let delay = self.dice.up_to(SECOND / 50);
            self.after(delay, event);
        }
    }

    pub fn care(&self) -> Timestamp {
        self.start + SignedDuration::try_from(self.now).expect("a few days")
    }

    pub fn care_of(&self, replica: usize) -> Timestamp {
        self.care() + self.replicas[replica].fast_by
    }

    pub fn after(&mut self, delay: Duration, event: Event) {
        self.at(self.now + delay, event);
    }

    pub fn at(&mut self, at: Duration, event: Event) {
        self.made += 1;
        self.queue.push(Reverse((at.max(self.now), self.made)));
        self.events.insert(self.made, event);
    }

    pub fn say(&mut self, who: &str, what: &str, details: impl Display) {
        let at = self.care();
        self.trace.line(at, who, what, details);
    }
}
