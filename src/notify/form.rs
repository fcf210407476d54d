//! From page requests to pages: whom, over which channels, alone or together. The decision is pure (`plan`);
//! `form` reads, decides and writes in one transaction.
//!
//! A high request becomes a page at once, alone, over e-mail and pager both. Medium and low ones wait for cover and go
//! out as one e-mail a person.

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::escalation::Whom;
use alert_rules::escalation::policy::Target;
use alert_rules::{Kind, Priority};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::notify::text::{self, Setting};
use crate::parts::Parts;
use crate::random;
use crate::roster::{Duty, Member, Roster};
use crate::secret::Secret;
use crate::store::alert_event::{self, NewEvent};
use crate::store::page::{self, Channel, NewPage};
use crate::store::page_request::{self, CameTo, Waiting};
use crate::store::pools::BEGIN_BY_KEY;
use crate::store::{alert, roster, synthetic};

/// Requests taken in one transaction.
const BATCH_REQUESTS: i64 = 500;

/// Least time between two bundles to one person (care time).
fn apart(priority: &str) -> SignedDuration {
    match priority {
        "medium" => SignedDuration::from_mins(10),
        _ => SignedDuration::from_hours(4),
    }
}

/// What does not change from page to page.
#[derive(Debug)]
pub struct Office {
    pub origin: String,
    /// Who is told when the service itself needs a person.
    pub operator: String,
    /// Where test pages go.
    pub test: Option<String>,
    pub has_pager: bool,
}

/// When someone was last sent a bundle of a priority.
pub type LastBundles = BTreeMap<(Uuid, String), Timestamp>;

/// What to do about the requests that wait.
#[derive(Debug, Default)]
pub struct Plan {
    pub pages: Vec<NewPage>,
    pub formed: Vec<(Uuid, CameTo)>,
    pub postponed: Vec<(Uuid, Timestamp)>,
    pub events: Vec<NewEvent>,
    /// Names of teams with nobody on the roster within their cover.
    pub holes: BTreeSet<String>,
}

/// Forms pages from what waits now. True if there was anything.
pub async fn form(parts: &Parts, office: &Office, high: bool) -> anyhow::Result<bool> {
    let now = parts.clock.care_now();
    let mut tx = parts.store.monitor.begin_with(BEGIN_BY_KEY).await?;
    let waiting = page_request::lock_waiting(&mut tx, high, now, BATCH_REQUESTS).await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    let teams: BTreeSet<Uuid> = waiting.iter().filter_map(|waiting| waiting.team).collect();
    let rosters = roster::load(&mut tx, &Vec::from_iter(teams)).await?;
    let mut last = LastBundles::new();
    if !high {
        for staff in rosters.iter().flat_map(people) {
            for priority in ["medium", "low"] {
                if let Some(at) = page::last_made(&mut tx, staff, priority).await? {
                    last.insert((staff, priority.to_owned()), at);
                }
            }
        }
    }
    let plan = plan(&waiting, &rosters, &last, office, now)?;
    page::insert(&mut tx, &plan.pages, now, parts.clock.machine_now()).await?;
    page_request::mark_formed(&mut tx, &plan.formed).await?;
    page_request::postpone(&mut tx, &plan.postponed).await?;
    alert_event::append(&mut tx, &plan.events).await?;
    for team in &plan.holes {
        let sentence = format!(
            "Nobody is on the roster of {team} although its cover is declared for this hour. Pages go to someone of the \
             team; add a shift to the roster."
        );
        alert::open_operator(&mut tx, &format!("roster hole: {team}"), &sentence, now).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Whom a roster names, and the rest of the team.
pub fn people(roster: &Roster) -> impl Iterator<Item = Uuid> {
    roster.shifts.iter().map(|shift| shift.member.staff).chain(roster.members.iter().map(|member| member.staff))
}

/// Whom to page about what waits, over which channels, alone or together.
pub fn plan(
    waiting: &[Waiting],
    rosters: &[Roster],
    last: &LastBundles,
    office: &Office,
    now: Timestamp,
) -> anyhow::Result<Plan> {
    let mut plan = Plan::default();
    // Steps that piled up while nobody was there are one page to whoever is there now.
    let mut told: BTreeMap<(Uuid, Uuid), Uuid> = BTreeMap::new();
    // By person and priority.
    let mut bundles: BTreeMap<(Uuid, &str), Bundle<'_>> = BTreeMap::new();

    for request in waiting {
        // Whatever breaks an acknowledgement takes it away before it asks for a page: this one came after.
        if is_settled(request) {
            plan.formed.push((request.page_request, CameTo::Taken));
            continue;
        }
        if request.organisation == Some(synthetic::ORGANISATION) {
            match &office.test {
                Some(address) => {
                    plan.page(&[request], None, Channel::Email, address.clone().into(), text::test(office), now)
                }
                None => plan.formed.push((request.page_request, CameTo::Nobody)),
            }
            continue;
        }
        let roster = request.team.and_then(|team| rosters.iter().find(|roster| roster.team == team));
        let Some(roster) = roster else {
            plan.page(&[request], None, Channel::Email, office.operator.clone().into(), text::operator(request)?, now);
            continue;
        };
        let high = request.priority == "high";
        // What is somebody's by name is about work they have in hand, and a welfare step about a person whom nobody can reach:
        // at whatever hour.
        let at_once = high || !matches!(request.to, Whom::Step(_));
        if !at_once && !roster.cover.holds(now) {
            plan.postponed.push((request.page_request, roster.cover.next(now)));
            continue;
        }
        let members = match whom(request, roster, rosters, now) {
            Found::People(members) => members,
            Found::Hole(members) => {
                plan.holes.insert(roster.team_name.clone());
                members
            }
            Found::OutsideCover { opens } => {
                plan.postponed.push((request.page_request, opens));
                continue;
            }
        };
        if members.is_empty() {
            plan.formed.push((request.page_request, CameTo::Nobody));
        }
        let several = members.len() > 1;
        for member in members {
            if !at_once {
                let key = (member.staff, request.priority.as_str());
                let new = || Bundle { roster, member, requests: Vec::new(), at_once: false };
                let bundle = bundles.entry(key).or_insert_with(new);
                bundle.requests.push(request);
                // What waits for one of several people cannot wait for another.
                bundle.at_once |= several;
                continue;
            }
            let page = match told.get(&(request.alert, member.staff)) {
                Some(page) => *page,
                None => {
                    let text = setting(roster, office, now).alone(request)?;
                    if let (Some(key), true) = (&member.pager_key, office.has_pager) {
                        let text = text::Text { subject: text.subject.clone(), body: text.body.clone() };
                        plan.send(&[request], Some(member), Channel::Pager, key.clone(), text, now);
                    }
                    plan.send(&[request], Some(member), Channel::Email, member.email.clone().into(), text, now)
                }
            };
            told.insert((request.alert, member.staff), page);
            plan.formed.push((request.page_request, CameTo::Page(page)));
        }
    }

    for ((staff, priority), Bundle { roster, member, requests, at_once }) in bundles {
        let next = last.get(&(staff, priority.to_owned())).map(|last| *last + apart(priority));
        match next {
            Some(next) if next > now && !at_once => {
                plan.postponed.extend(requests.iter().map(|request| (request.page_request, next)))
            }
            _ => {
                let text = setting(roster, office, now).bundle(&requests)?;
                plan.page(&requests, Some(member), Channel::Email, member.email.clone().into(), text, now);
            }
        }
    }
    // Of several people, the first one's page is that on record.
    let mut on_record = BTreeSet::new();
    plan.formed.retain(|(request, _)| on_record.insert(*request));
    Ok(plan)
}

/// What is told to one person in one message.
struct Bundle<'a> {
    /// It named the person.
    roster: &'a Roster,
    member: &'a Member,
    requests: Vec<&'a Waiting>,
    at_once: bool,
}

fn setting<'a>(roster: &'a Roster, office: &'a Office, now: Timestamp) -> Setting<'a> {
    Setting { origin: &office.origin, team: &roster.team_name, zone: roster.zone(), now }
}

/// It needs nobody's attention any more, or is no news to whom it is for.
fn is_settled(request: &Waiting) -> bool {
    request.closed
        || match request.to {
            Whom::Step(_) => request.owner.is_some(),
            Whom::Staff(staff) => ![request.owner, request.offered_to].contains(&Some(staff)),
            Whom::Welfare => false,
        }
}

/// Whom a request comes to.
enum Found<'a> {
    People(Vec<&'a Member>),
    /// Cover is declared and nobody is there as the policy names them: somebody of the team, and the operator must hear.
    Hole(Vec<&'a Member>),
    OutsideCover {
        opens: Timestamp,
    },
}

fn whom<'a>(request: &Waiting, roster: &'a Roster, rosters: &'a [Roster], now: Timestamp) -> Found<'a> {
    let policy = roster.policies.of(
        Priority::named(&request.priority).unwrap_or(Priority::High),
        Kind::named(&request.kind).unwrap_or(Kind::Clinical),
    );
    let targets = match request.to {
        Whom::Staff(staff) => {
            let everybody = roster.members.iter().chain(roster.shifts.iter().map(|shift| &shift.member));
            return Found::People(everybody.filter(|member| member.staff == staff).take(1).collect());
        }
        Whom::Welfare => {
            let named = roster.named(&policy.welfare, rosters, now);
            let everyone = || roster.named(&[Target::Everyone], rosters, now);
            return Found::People(if named.is_empty() { everyone() } else { named });
        }
        Whom::Step(step) => &policy.step(step).to,
    };
    match roster.on_duty(now, 0) {
        Duty::OutsideCover { opens } => Found::OutsideCover { opens },
        Duty::Hole(anyone) => {
            let named = roster.named(targets, rosters, now);
            Found::Hole(if named.is_empty() { anyone.into_iter().collect() } else { named })
        }
        Duty::Person(on_duty) => {
            let named = roster.named(targets, rosters, now);
            if named.is_empty() { Found::Hole(vec![on_duty]) } else { Found::People(named) }
        }
    }
}

impl Plan {
    /// One page that all of these come to.
    fn page(
        &mut self,
        requests: &[&Waiting],
        to: Option<&Member>,
        channel: Channel,
        address: Secret,
        text: text::Text,
        now: Timestamp,
    ) {
        let page = self.send(requests, to, channel, address, text, now);
        let formed = requests.iter().map(|request| (request.page_request, CameTo::Page(page)));
        self.formed.extend(formed);
    }

    fn send(
        &mut self,
        requests: &[&Waiting],
        to: Option<&Member>,
        channel: Channel,
        address: Secret,
        text: text::Text,
        now: Timestamp,
    ) -> Uuid {
        let page = random::new_id();
        let first = requests.first();
        self.pages.push(NewPage {
            page,
            alerts: requests.iter().map(|request| request.alert).collect(),
            organisation: first.and_then(|first| first.organisation),
            staff: to.map(|member| member.staff),
            channel,
            address,
            priority: first.map_or_else(String::new, |first| first.priority.clone()),
            subject: text.subject,
            body: text.body,
        });
        let to = to.map_or("the operator", |member| member.name.as_str());
        for request in requests {
            self.events.push(NewEvent {
                alert: request.alert,
                organisation: request.organisation,
                at: now,
                what: "paged",
                by_staff: None,
                detail: json!({ "to": to, "channel": channel.name(), "page": page, "why": request.why }),
            });
        }
        page
    }
}
