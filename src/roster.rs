//! Who is on duty: pure. A team has declared cover (each day, from – until) and a roster: people in order of position,
//! each with a daily shift, all in the organisation's time zone. The tables are read in `store/roster.rs`.

use std::collections::BTreeSet;

use alert_rules::escalation::policy::Target;
use alert_rules::escalation::{self, Cover, Policies};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::secret::Secret;

/// A daily stretch of hours. `from` equal to `until` is the whole day; `from` after `until` goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    pub from: Time,
    pub until: Time,
}

impl Hours {
    pub fn hold(&self, time: Time) -> bool {
        match self.from.cmp(&self.until) {
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Less => self.from <= time && time < self.until,
            std::cmp::Ordering::Greater => self.from <= time || time < self.until,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub staff: Uuid,
    pub name: String,
    pub email: String,
    pub role: String,
    pub pager_key: Option<Secret>,
}

#[derive(Clone, Debug)]
pub struct Shift {
    pub hours: Hours,
    pub member: Member,
}

/// A team as far as paging is concerned.
#[derive(Clone, Debug)]
pub struct Roster {
    pub team: Uuid,
    pub team_name: String,
    pub cover: Cover,
    /// In order of position.
    pub shifts: Vec<Shift>,
    /// Everyone in the team, for when the roster names nobody.
    pub members: Vec<Member>,
    pub policies: Policies,
}

/// Whom to page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty<'a> {
    /// This person's shift, or this person's turn.
    Person(&'a Member),
    /// Cover is declared and the roster names nobody: someone of the team, and the operator must hear of it.
    Hole(Option<&'a Member>),
    /// Outside declared cover, and nobody took the hours.
    OutsideCover { opens: Timestamp },
}

impl Roster {
    pub fn zone(&self) -> &TimeZone {
        &self.cover.zone
    }

    /// What the clocks of an alert need to know.
    pub fn duty(&self) -> escalation::Duty {
        let people: BTreeSet<Uuid> = self.shifts.iter().map(|shift| shift.member.staff).collect();
        escalation::Duty {
            cover: self.cover.clone(),
            people: u16::try_from(people.len()).unwrap_or(u16::MAX),
            policies: self.policies.clone(),
        }
    }

    /// Whom these targets of a policy name at this instant, each once, in their order. `rosters`: of this and of other
    /// teams. Nobody: there is no such person, role or team any more, or nobody is there.
    pub fn named<'a>(&'a self, targets: &[Target], rosters: &'a [Roster], at: Timestamp) -> Vec<&'a Member> {
        let mut named: Vec<&Member> = Vec::new();
        for target in targets {
            let members: Vec<&Member> = match target {
                Target::OnDuty => self.in_turn(at, 0).into_iter().collect(),
                Target::Next => self.in_turn(at, 1).into_iter().collect(),
                Target::Everyone if self.shifts.is_empty() => self.members.iter().collect(),
                Target::Everyone => self.shifts.iter().map(|shift| &shift.member).collect(),
                Target::Role(role) => self.members.iter().filter(|member| member.role == *role).collect(),
                Target::Staff(email) => self.members.iter().filter(|member| member.email == *email).collect(),
                Target::Team(name) => {
                    let team = rosters.iter().find(|roster| roster.team_name == *name);
                    team.and_then(|roster| roster.in_turn(at, 0)).into_iter().collect()
                }
            };
            for member in members {
                if !named.iter().any(|other| other.staff == member.staff) {
                    named.push(member);
                }
            }
        }
        named
    }

    fn in_turn(&self, at: Timestamp, place: usize) -> Option<&Member> {
        match self.on_duty(at, place) {
            Duty::Person(member) | Duty::Hole(Some(member)) => Some(member),
            Duty::Hole(None) | Duty::OutsideCover { .. } => None,
        }
    }

    /// The person for this step of an escalation: 0 is on duty, 1 the next on the roster, and so on around.
    pub fn on_duty(&self, at: Timestamp, step: usize) -> Duty<'_> {
        let time = self.local(at);
        let (holding, others): (Vec<&Shift>, Vec<&Shift>) =
            self.shifts.iter().partition(|shift| shift.hours.hold(time));
        if holding.is_empty() {
            return if self.cover.holds(at) {
                Duty::Hole(self.shifts.first().map(|shift| &shift.member).or(self.members.first()))
            } else {
                Duty::OutsideCover { opens: self.cover.next(at) }
            };
        }
        let mut order: Vec<&Member> = Vec::new();
        for shift in holding.into_iter().chain(others) {
            if !order.iter().any(|member| member.staff == shift.member.staff) {
                order.push(&shift.member);
            }
        }
        Duty::Person(order[step % order.len()])
    }

    fn local(&self, at: Timestamp) -> Time {
        at.to_zoned(self.zone().clone()).time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: &str, until: &str) -> Hours {
        Hours { from: from.parse().expect("a time"), until: until.parse().expect("a time") }
    }

    fn member(name: &str, id: u128) -> Member {
        Member {
            staff: Uuid::from_u128(id),
            name: name.into(),
            email: format!("{name}@example.org"),
            role: "coordinator".into(),
            pager_key: None,
        }
    }

    fn roster(shifts: &[(&str, u128, &str, &str)]) -> Roster {
        Roster {
            team: Uuid::from_u128(99),
            team_name: "Belper".into(),
            cover: Cover {
                from: "08:00".parse().expect("a time"),
                until: "20:00".parse().expect("a time"),
                zone: TimeZone::get("Europe/London").expect("a zone"),
            },
            shifts: shifts
                .iter()
                .map(|(name, id, from, until)| Shift { hours: hours(from, until), member: member(name, *id) })
                .collect(),
            members: vec![member("anyone", 9)],
            policies: Policies::standard(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn name(duty: Duty<'_>) -> String {
        match duty {
            Duty::Person(member) => member.name.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_first_whose_shift_holds_the_instant_is_on_duty_and_the_rest_follow_around() {
        let roster =
            roster(&[("ida", 1, "08:00", "14:00"), ("tom", 2, "14:00", "20:00"), ("kay", 3, "08:00", "20:00")]);
        let afternoon = at("2026-03-02T15:00:00Z");
        let names: Vec<String> = (0..4).map(|step| name(roster.on_duty(afternoon, step))).collect();
        assert_eq!(names, ["tom", "kay", "ida", "tom"]);
    }

    #[test]
    fn shifts_follow_the_clocks_of_the_organisation() {
        let roster = roster(&[("ida", 1, "08:00", "20:00")]);
        // 07:30 UTC is 08:30 in London in summer and 07:30 in winter.
        assert_eq!(name(roster.on_duty(at("2026-07-01T07:30:00Z"), 0)), "ida");
        assert_eq!(
            roster.on_duty(at("2026-01-05T07:30:00Z"), 0),
            Duty::OutsideCover { opens: at("2026-01-05T08:00:00Z") }
        );
    }

    #[test]
    fn a_night_shift_goes_over_midnight() {
        let roster = roster(&[("night", 1, "20:00", "08:00")]);
        for hour in ["2026-03-02T23:00:00Z", "2026-03-03T03:00:00Z"] {
            assert_eq!(name(roster.on_duty(at(hour), 0)), "night");
        }
    }

    #[test]
    fn a_hole_within_cover_falls_to_somebody_and_is_called_a_hole() {
        let with_shifts = roster(&[("ida", 1, "08:00", "10:00")]);
        assert!(
            matches!(with_shifts.on_duty(at("2026-03-02T12:00:00Z"), 0), Duty::Hole(Some(member)) if member.name == "ida")
        );
        let empty = roster(&[]);
        assert!(
            matches!(empty.on_duty(at("2026-03-02T12:00:00Z"), 0), Duty::Hole(Some(member)) if member.name == "anyone")
        );
    }
}
