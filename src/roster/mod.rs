//! Who is on duty: pure. A team has declared cover and a roster: people in order of position, each with shifts that repeat by the
//! week in the organisation's time zone; overrides, in which somebody stands in for somebody; and leave. The tables are read in
//! `store/roster.rs`.
//!
//! `answer.rs` says whose roster answers at an instant, `stretch.rs` divides time where who is on duty changes, and so finds holes.

mod answer;
mod stretch;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::Priority;
use alert_rules::escalation::policy::Target;
use alert_rules::escalation::{self, Cover, Policies, Weekly};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

pub use self::answer::{Answer, answer};
pub use self::stretch::{AHEAD, Hole, Stretch};
pub use self::told::{News, ToldHole, look};
use crate::secret::Secret;
use crate::store::page::Channel;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub staff: Uuid,
    pub name: String,
    /// With which they sign in, and where they are told when they have proven nothing else.
    pub email: String,
    pub role: String,
    /// Proven ones, one of a kind; `store/contact_point.rs` fills them in.
    pub contacts: Vec<ContactPoint>,
}

/// Where somebody can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPoint {
    /// None: an address that nobody has proven.
    pub contact_point: Option<Uuid>,
    pub channel: Channel,
    pub address: Secret,
}

#[derive(Clone, Debug)]
pub struct Shift {
    pub weekly: Weekly,
    pub member: Member,
}

/// Somebody stands where the shifts say somebody else, or nobody.
#[derive(Clone, Debug)]
pub struct Override {
    pub id: Uuid,
    /// None: beside whoever is there.
    pub instead_of: Option<Uuid>,
    pub member: Member,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Somebody is away, from whichever roster.
#[derive(Clone, Debug)]
pub struct Leave {
    pub id: Uuid,
    pub staff: Uuid,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Who takes what comes outside a team's cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    Team(Uuid),
    /// It waits until cover opens.
    Waits,
}

/// A team as far as paging is concerned.
#[derive(Clone, Debug)]
pub struct Roster {
    pub team: Uuid,
    pub team_name: String,
    /// What its patients ring, and whoever was paged and cannot sign in.
    pub phone: String,
    pub cover: Cover,
    /// Other teams take these outside cover; what is not here waits.
    pub taken_by: BTreeMap<Priority, Uuid>,
    /// In order of position.
    pub shifts: Vec<Shift>,
    /// Newest first: of two for the same hours, what was said last holds.
    pub overrides: Vec<Override>,
    pub leave: Vec<Leave>,
    /// Everyone in the team, for when the roster names nobody.
    pub members: Vec<Member>,
    pub policies: Policies,
}

/// Whom to page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn<'a> {
    /// This person's shift, or this person's turn.
    Person(&'a Member),
    /// Nobody is on duty: someone of the team, and if cover is declared the operator must hear of it.
    Hole(Option<&'a Member>),
}

impl Roster {
    pub fn zone(&self) -> &TimeZone {
        &self.cover.calendar.zone
    }

    pub fn outside(&self, priority: Priority) -> Outside {
        self.taken_by.get(&priority).map_or(Outside::Waits, |team| Outside::Team(*team))
    }

    /// What the clocks of an alert need to know. `rosters`: those of the teams that take something outside cover, among others.
    pub fn duty(&self, rosters: &[Self]) -> escalation::Duty {
        let people: BTreeSet<Uuid> = self.shifts.iter().map(|shift| shift.member.staff).collect();
        let mut cover = self.cover.clone();
        // A high one waits for no cover, and a low one for a working day of the team's own.
        let taker =
            self.taken_by.get(&Priority::Medium).and_then(|team| rosters.iter().find(|taker| taker.team == *team));
        cover.taken = taker.map(|taker| Box::new(taker.cover.clone()));
        let people = u16::try_from(people.len()).unwrap_or(u16::MAX);
        escalation::Duty { cover, people, policies: self.policies.clone() }
    }

    /// Whom these targets of a policy name at this instant, each once, in their order. `rosters`: of this and of other
    /// teams; `told`: who heard of it from the steps before. Nobody: there is no such person, role or team any more, or nobody is there.
    pub fn named<'a>(
        &'a self,
        targets: &[Target],
        rosters: &'a [Roster],
        at: Timestamp,
        told: &BTreeSet<Uuid>,
    ) -> Vec<&'a Member> {
        let mut named: Vec<&Member> = Vec::new();
        for target in targets {
            let members: Vec<&Member> = match target {
                Target::OnDuty => self.in_turn(at, 0).into_iter().collect(),
                Target::Next => self.next_in_turn(at, told).into_iter().collect(),
                Target::Everyone if self.shifts.is_empty() => self.members.iter().collect(),
                Target::Everyone => self.order(at),
                Target::Role(role) => self.members.iter().filter(|member| member.role == *role).collect(),
                Target::Staff(email) => self.members.iter().filter(|member| member.email == *email).collect(),
                Target::Team(name) => {
                    let team = rosters.iter().find(|roster| roster.team_name == *name);
                    team.and_then(|roster| roster.in_turn(at, 0)).into_iter().collect()
                }
            };
            members.into_iter().for_each(|member| add(&mut named, Some(member)));
        }
        named
    }

    fn in_turn(&self, at: Timestamp, place: usize) -> Option<&Member> {
        match self.turn(at, place) {
            Turn::Person(member) => Some(member),
            // Outside its cover nobody is missing.
            Turn::Hole(member) => member.filter(|_| self.cover.holds(at)),
        }
    }

    /// The first who has not heard of it: after a change of shifts that is whoever came. When all have, the one after who is on duty.
    fn next_in_turn(&self, at: Timestamp, told: &BTreeSet<Uuid>) -> Option<&Member> {
        self.in_turn(at, 0)?;
        self.order(at).into_iter().find(|member| !told.contains(&member.staff)).or_else(|| self.in_turn(at, 1))
    }

    /// Whoever it names, in whatever way.
    pub fn everybody(&self) -> impl Iterator<Item = &Member> {
        let shifts = self.shifts.iter().map(|shift| &shift.member);
        shifts.chain(self.overrides.iter().map(|over| &over.member)).chain(&self.members)
    }

    /// Whoever it names, to fill in how to reach them.
    pub fn everybody_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        let shifts = self.shifts.iter_mut().map(|shift| &mut shift.member);
        shifts.chain(self.overrides.iter_mut().map(|over| &mut over.member)).chain(&mut self.members)
    }

    /// The people on duty at this instant, in order.
    pub fn on_duty(&self, at: Timestamp) -> Vec<&Member> {
        let mut people = Vec::new();
        for shift in self.shifts.iter().filter(|shift| self.is_on(&shift.weekly, at)) {
            add(&mut people, self.standing(&shift.member, at));
        }
        for beside in self.overrides.iter().filter(|over| over.instead_of.is_none() && over.holds(at)) {
            add(&mut people, self.standing(&beside.member, at));
        }
        people
    }

    /// Whom to page at this instant, one after the other: those on duty, then everybody else on the roster who is not away.
    pub fn order(&self, at: Timestamp) -> Vec<&Member> {
        let mut people = self.on_duty(at);
        for shift in &self.shifts {
            add(&mut people, self.standing(&shift.member, at));
        }
        people
    }

    /// The person for this step of an escalation: 0 is on duty, 1 the next on the roster, and so on around.
    pub fn turn(&self, at: Timestamp, step: usize) -> Turn<'_> {
        let order = self.order(at);
        if order.is_empty() || self.on_duty(at).is_empty() {
            let anyone = self.members.iter().find(|member| !self.is_away(member.staff, at)).or(self.members.first());
            return Turn::Hole(order.get(step % order.len().max(1)).copied().or(anyone));
        }
        Turn::Person(order[step % order.len()])
    }

    /// Whoever stands in for this person; nobody if that one is away.
    fn standing<'a>(&'a self, member: &'a Member, at: Timestamp) -> Option<&'a Member> {
        let mut stands = member;
        let mut left: Vec<&Override> = self.overrides.iter().filter(|over| over.holds(at)).collect();
        while let Some(found) = left.iter().position(|over| over.instead_of == Some(stands.staff)) {
            stands = &left.remove(found).member;
        }
        (!self.is_away(stands.staff, at)).then_some(stands)
    }

    fn is_away(&self, staff: Uuid, at: Timestamp) -> bool {
        self.leave.iter().any(|leave| leave.staff == staff && leave.from <= at && at < leave.until)
    }

    fn is_on(&self, weekly: &Weekly, at: Timestamp) -> bool {
        let today = self.day(at);
        let days = [today.yesterday().ok(), Some(today)].into_iter().flatten();
        let mut stretches = days.filter_map(|day| self.cover.calendar.stretch(weekly, day));
        stretches.any(|(from, until)| from <= at && at < until)
    }

    /// On a shift, or in somebody's place.
    pub fn names(&self, staff: Uuid) -> bool {
        let overrides = self.overrides.iter().map(|over| &over.member);
        self.shifts.iter().map(|shift| &shift.member).chain(overrides).any(|member| member.staff == staff)
    }

    /// The date on the team's calendar.
    pub fn day(&self, at: Timestamp) -> Date {
        self.zone().to_datetime(at).date()
    }
}

impl Override {
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

fn add<'a>(people: &mut Vec<&'a Member>, person: Option<&'a Member>) {
    if let Some(person) = person
        && !people.iter().any(|known| known.staff == person.staff)
    {
        people.push(person);
    }
}

#[cfg(test)]
mod tests;
