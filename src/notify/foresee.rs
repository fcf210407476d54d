//! Who would be told of an alert that opens at some instant and that nobody takes. Pure: the alert steps by the clocks of every
//! alert, and what it asks for becomes pages by `form::plan`, as if it were there.

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::escalation::{self, Decision, PageRequest, PageWhy, Whom};
use alert_rules::{Kind, Priority};
use jiff::Timestamp;
use uuid::Uuid;

use crate::notify::form::{self, Before};
use crate::notify::office::Office;
use crate::random;
use crate::roster::{Answer, Member, Roster, answer};
use crate::store::page::{Channel, NewPage};
use crate::store::page_request::Waiting;
use crate::store::roster::duty_of;

/// More than any policy comes to, each of whose steps waits a few times at most.
const MOST_MOMENTS: usize = 500;

/// What happens at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: Timestamp,
    /// Of the policy, the first as 0; beyond the last is the last once more.
    pub steps: Vec<i16>,
    pub came: Came,
    /// What the operator hears for the first time, in sentences.
    pub operator: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// Nobody is told before then.
    Waits { until: Timestamp },
    /// To whoever it would go something went a little before: it goes with their next bundle, then.
    Bundled { until: Timestamp },
    /// By this team's roster. Nobody: there is nobody.
    Told { team: Uuid, people: Vec<Person> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub staff: Uuid,
    pub name: String,
    pub ways: Vec<Way>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub channel: Channel,
    /// Not: the address they sign in with, of which nobody knows whether it reaches them.
    pub proven: bool,
}

/// Moment by moment, until the last step has been repeated. `rosters`: of the team and of those that it and its policies name, with
/// contact points.
///
/// # Errors
/// The words of a page that cannot be written.
pub fn foresee(
    rosters: &[Roster],
    team: Uuid,
    (priority, kind): (Priority, Kind),
    office: &Office,
    from: Timestamp,
) -> anyhow::Result<Vec<Moment>> {
    let duty = duty_of(rosters, Some(team));
    let mut decision = escalation::open(kind, priority, &duty, from);
    let mut ahead = Ahead {
        rosters,
        team,
        office,
        waiting: Vec::new(),
        sent: BTreeMap::new(),
        heard: BTreeSet::new(),
        told: BTreeSet::new(),
    };
    let mut moments = Vec::new();
    let mut at = from;
    while moments.len() < MOST_MOMENTS {
        if decision.pages.iter().any(|page| page.why == PageWhy::Repeated) {
            // What is asked for now is asked for again and again.
            decision.alert.next_step_at = None;
        }
        ahead.ask(&decision);
        moments.push(ahead.moment(decision.operator.as_ref(), at)?);
        let steps = decision.alert.next_step_at;
        let Some(next) = ahead.waiting.iter().map(|(from, _)| *from).chain(steps).min().filter(|next| *next > at)
        else {
            break;
        };
        at = next;
        decision = escalation::step(&decision.alert, &duty, at).unwrap_or(Decision {
            alert: decision.alert,
            of: None,
            entries: Vec::new(),
            pages: Vec::new(),
            operator: None,
        });
    }
    Ok(moments)
}

struct Ahead<'a> {
    rosters: &'a [Roster],
    team: Uuid,
    office: &'a Office,
    /// With the instant before which they make no page.
    waiting: Vec<(Timestamp, Waiting)>,
    /// When each person was last sent a bundle.
    sent: BTreeMap<(Uuid, String), Timestamp>,
    /// Who heard of the alert.
    heard: BTreeSet<Uuid>,
    /// Problems that the operator knows.
    told: BTreeSet<String>,
}

impl Ahead<'_> {
    fn ask(&mut self, decision: &Decision) {
        let alert = &decision.alert;
        let request = |page: &PageRequest| Waiting {
            page_request: random::new_id(),
            alert: Uuid::nil(),
            organisation: None,
            team: Some(self.team),
            patient: None,
            priority: page.priority.name().to_owned(),
            to: page.to,
            why: page.why.name().to_owned(),
            reference: 0,
            kind: alert.kind.name().to_owned(),
            sentence: String::new(),
            opened_at: alert.opened_at,
            act_by: alert.act_by,
            told: alert.told,
            owner: None,
            offered_to: None,
            closed: false,
        };
        let requests: Vec<(Timestamp, Waiting)> = decision.pages.iter().map(|page| (page.at, request(page))).collect();
        self.waiting.extend(requests);
    }

    fn moment(&mut self, operator: Option<&escalation::Operator>, at: Timestamp) -> anyhow::Result<Moment> {
        let (due, later) = std::mem::take(&mut self.waiting).into_iter().partition(|(from, _)| *from <= at);
        let due: Vec<(Timestamp, Waiting)> = due;
        self.waiting = later;
        let due: Vec<Waiting> = due.into_iter().map(|(_, request)| request).collect();
        let before = Before {
            bundles: self.sent.clone(),
            told: [(Uuid::nil(), self.heard.clone())].into(),
            ..Before::default()
        };
        let plan = form::plan(&due, self.rosters, before, self.office, at)?;
        self.heard.extend(plan.pages.iter().filter_map(|page| page.staff));
        self.sent.extend(plan.pages.iter().filter_map(|page| Some(((page.staff?, page.priority.clone()), at))));

        let postponed = plan.postponed.into_iter().map(|each| (each.page_request, each.until));
        let postponed: BTreeMap<Uuid, Timestamp> = postponed.collect();
        let (still, told): (Vec<Waiting>, Vec<Waiting>) =
            due.into_iter().partition(|request| postponed.contains_key(&request.page_request));
        let now = if told.is_empty() { &still } else { &told };
        let steps = now.iter().filter_map(|request| if let Whom::Step(step) = request.to { Some(step) } else { None });
        let steps = steps.collect();
        let priority = now.first().and_then(|request| Priority::named(&request.priority));
        let answering = priority.and_then(|priority| answer(self.rosters, self.team, priority, at));
        let is_there = matches!(answering, Some(Answer::Roster(_)));
        self.waiting.extend(still.into_iter().map(|request| {
            let until = postponed.get(&request.page_request).copied().unwrap_or(at);
            (until, request)
        }));
        let until = self.waiting.iter().map(|(until, _)| *until).min();
        let came = match (told.is_empty(), until) {
            (true, Some(until)) if is_there => Came::Bundled { until },
            (true, Some(until)) => Came::Waits { until },
            _ => {
                let team = if let Some(Answer::Roster(roster)) = answering { roster.team } else { self.team };
                Came::Told { team, people: people(&plan.pages, self.rosters) }
            }
        };
        let known = operator.map(|operator| (operator.problem.clone(), operator.sentence.clone()));
        let hears = known.into_iter().chain(plan.operator);
        let operator = hears.filter(|(problem, _)| self.told.insert(problem.clone())).map(|(_, said)| said).collect();
        Ok(Moment { at, steps, came, operator })
    }
}

/// In the order in which they are paged.
fn people(pages: &[NewPage], rosters: &[Roster]) -> Vec<Person> {
    let everybody: BTreeMap<Uuid, &Member> =
        rosters.iter().flat_map(Roster::everybody).map(|member| (member.staff, member)).collect();
    let mut people: Vec<Person> = Vec::new();
    for page in pages {
        let Some(member) = page.staff.and_then(|staff| everybody.get(&staff)) else { continue };
        let way = Way { channel: page.channel, proven: page.contact_point.is_some() };
        match people.iter_mut().find(|person| person.staff == member.staff) {
            Some(person) => person.ways.push(way),
            None => people.push(Person { staff: member.staff, name: member.name.clone(), ways: vec![way] }),
        }
    }
    people
}
