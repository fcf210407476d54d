//! From page requests to pages: whom, over which channels, alone or together. The decision is pure (`plan`);
//! `form` reads, decides and writes in one transaction.
//!
//! A high request becomes a page at once, alone, over two channels of different kind. Medium and low ones wait for cover and go
//! out as one message a person, over one. Outside a team's cover the roster of whichever team took the hours is paged.

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::escalation::Whom;
use alert_rules::escalation::policy::Target;
use alert_rules::{Kind, Priority};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::notify::office::Office;
use crate::notify::text::{self, Setting};
use crate::parts::Parts;
use crate::random;
use crate::roster::{Answer, ContactPoint, Member, Roster, Turn, answer};
use crate::signal::Signal;
use crate::store::alert_event::{self, NewEvent};
use crate::store::page::{self, Channel, NewPage};
use crate::store::page_request::{self, CameTo, Postponed, Waiting};
use crate::store::pools::BEGIN_BY_KEY;
use crate::store::{alert, contact_point, roster, synthetic};

/// Requests taken in one transaction. High ones: what comes after does not wait for long. Others: what does not fit waits for the next
/// bundle, so this is more than there ever are.
pub fn at_once(high: bool) -> usize {
    if high { 500 } else { 20_000 }
}

/// Least time between two bundles to one person (care time).
fn apart(priority: &str) -> SignedDuration {
    match priority {
        "medium" => SignedDuration::from_mins(10),
        _ => SignedDuration::from_hours(4),
    }
}

/// High pages: first what rings, then what is read; two of them.
pub const HIGH_FIRST: [Channel; 5] = [Channel::Pager, Channel::Email, Channel::Sms, Channel::Webhook, Channel::WebPush];
/// Others: first what waits to be read.
pub const OTHERS_FIRST: [Channel; 5] =
    [Channel::Email, Channel::Webhook, Channel::WebPush, Channel::Sms, Channel::Pager];
const HIGH_WAYS: usize = 2;

/// What people were told before.
#[derive(Debug, Default)]
pub struct Before {
    /// When someone was last sent a bundle of a priority.
    pub bundles: BTreeMap<(Uuid, String), Timestamp>,
    /// Who heard of an alert since it was last told from the first step on.
    pub told: BTreeMap<Uuid, BTreeSet<Uuid>>,
    /// High alerts that are open and theirs: they took them, or were paged about them and nobody took them.
    pub highs: BTreeMap<Uuid, BTreeSet<Uuid>>,
}

/// What to do about the requests that wait.
#[derive(Debug, Default)]
pub struct Plan {
    pub pages: Vec<NewPage>,
    pub formed: Vec<(Uuid, CameTo)>,
    pub postponed: Vec<Postponed>,
    pub events: Vec<NewEvent>,
    /// What the operator must hear: problem, and the sentence that is mailed.
    pub operator: BTreeMap<String, String>,
}

/// Forms pages from what waits now, at most `at_once`. How many requests there were.
pub async fn form(parts: &Parts, office: &Office, high: bool) -> anyhow::Result<usize> {
    let now = parts.clock.care_now();
    let mut tx = parts.store.monitor.begin_with(BEGIN_BY_KEY).await?;
    let waiting = page_request::lock_waiting(&mut tx, high, now, at_once(high)).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let teams: BTreeSet<Uuid> = waiting.iter().filter_map(|waiting| waiting.team).collect();
    let mut rosters = roster::load(&mut tx, &Vec::from_iter(teams), now).await?;
    contact_point::fill(&mut tx, &mut rosters).await?;
    let mut before = Before::default();
    let people: Vec<Uuid> = rosters.iter().flat_map(Roster::everybody).map(|member| member.staff).collect();
    before.told = page_request::told(&mut tx, &Vec::from_iter(waiting.iter().map(|waiting| waiting.alert))).await?;
    // A bundle does not say how many there are.
    if high || waiting.iter().any(|waiting| !matches!(waiting.to, Whom::Step(_))) {
        before.highs = alert::highs_of(&mut tx, &people).await?;
    }
    if !high {
        before.bundles = page::last_made(&mut tx, &people, &["medium", "low"]).await?;
    }
    let plan = plan(&waiting, &rosters, before, office, now)?;
    page::insert(&mut tx, &plan.pages, now, parts.clock.machine_now()).await?;
    page_request::mark_formed(&mut tx, &plan.formed).await?;
    page_request::postpone(&mut tx, &plan.postponed).await?;
    alert_event::append(&mut tx, &plan.events).await?;
    for (problem, sentence) in &plan.operator {
        alert::open_operator(&mut tx, problem, sentence, now).await?;
    }
    tx.commit().await?;
    let mut signals: BTreeSet<Signal> =
        plan.pages.iter().map(|page| Signal::Formed { channel: page.channel, high }).collect();
    signals.extend((!plan.operator.is_empty()).then_some(Signal::Requested { high: true }));
    signals.extend(plan.postponed.iter().filter_map(|postponed| Some(Signal::Work { patient: postponed.patient? })));
    signals.into_iter().for_each(|signal| parts.signals.send(signal));
    Ok(waiting.len())
}

/// Whom to page about what waits, over which channels, alone or together.
pub fn plan(
    waiting: &[Waiting],
    rosters: &[Roster],
    mut before: Before,
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
                    let test =
                        ContactPoint { contact_point: None, channel: Channel::Email, address: address.clone().into() };
                    plan.pages(&[request], None, &[(test, text::test(office))], now);
                }
                None => plan.formed.push((request.page_request, CameTo::Nobody)),
            }
            continue;
        }
        // One that is not known is told like the most pressing.
        let priority = Priority::named(&request.priority).unwrap_or(Priority::High);
        // What is somebody's by name is about work they have in hand, and a welfare step about a person whom nobody can reach:
        // at whatever hour.
        let at_any_hour = !matches!(request.to, Whom::Step(_));
        let at_once = priority == Priority::High || at_any_hour;
        let own = rosters.iter().find(|roster| Some(roster.team) == request.team);
        let answering = match request.team.and_then(|team| answer(rosters, team, priority, now)) {
            Some(Answer::Waits { .. }) if at_any_hour => own.map(Answer::Roster),
            answering => answering,
        };
        let roster = match answering {
            Some(Answer::Roster(roster)) => roster,
            Some(Answer::Waits { until, roster }) => {
                plan.postponed.push(request.postponed(until, roster.team));
                continue;
            }
            None => {
                let text = text::operator(request)?;
                let ways: Vec<_> = office.operator_ways().into_iter().map(|way| (way, text.clone())).collect();
                plan.pages(&[request], None, &ways, now);
                continue;
            }
        };
        let members = match whom(request, roster, rosters, now, before.told.entry(request.alert).or_default()) {
            Found::People(members) => members,
            Found::Hole(members) => {
                plan.hole(&roster.team_name);
                members
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
                    let highs = before.highs.entry(member.staff).or_default();
                    if priority == Priority::High {
                        highs.insert(request.alert);
                    }
                    let highs = highs.len();
                    let setting = setting(roster, office, now);
                    let ways: Vec<(ContactPoint, text::Text)> = plan
                        .ways(member, priority == Priority::High, office)
                        .into_iter()
                        .map(|way| {
                            let text = setting.alone(request, highs, way.channel)?;
                            Ok((way, text))
                        })
                        .collect::<Result<_, askama::Error>>()?;
                    let page = plan.pages(&[request], Some((roster, member)), &ways, now);
                    told.extend(page.map(|page| ((request.alert, member.staff), page)));
                    continue;
                }
            };
            plan.formed.push((request.page_request, CameTo::Page(page)));
        }
    }

    for ((staff, priority), Bundle { roster, member, requests, at_once }) in bundles {
        let next = before.bundles.get(&(staff, priority.to_owned())).map(|last| *last + apart(priority));
        match next {
            Some(next) if next > now && !at_once => {
                plan.postponed.extend(requests.iter().map(|request| request.postponed(next, roster.team)))
            }
            _ => {
                let setting = setting(roster, office, now);
                for way in plan.ways(member, false, office) {
                    let text = setting.bundle(&requests, way.channel)?;
                    plan.pages(&requests, Some((roster, member)), &[(way, text)], now);
                }
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
    Setting {
        origin: &office.origin,
        team: &roster.team_name,
        phone: &roster.phone,
        policies: &roster.policies,
        zone: roster.zone(),
        answers: &office.answers,
        now,
    }
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
}

fn whom<'a>(
    request: &Waiting,
    roster: &'a Roster,
    rosters: &'a [Roster],
    now: Timestamp,
    told: &BTreeSet<Uuid>,
) -> Found<'a> {
    let policy = roster.policies.of(
        Priority::named(&request.priority).unwrap_or(Priority::High),
        Kind::named(&request.kind).unwrap_or(Kind::Clinical),
    );
    let targets = match request.to {
        Whom::Staff(staff) => {
            let everybody = rosters.iter().flat_map(Roster::everybody);
            return Found::People(everybody.filter(|member| member.staff == staff).take(1).collect());
        }
        Whom::Welfare => {
            let named = roster.named(&policy.welfare, rosters, now, told);
            let everyone = || roster.named(&[Target::Everyone], rosters, now, told);
            return Found::People(if named.is_empty() { everyone() } else { named });
        }
        Whom::Step(step) => &policy.step(step).to,
    };
    match roster.turn(now, 0) {
        Turn::Hole(anyone) => {
            let named = roster.named(targets, rosters, now, told);
            Found::Hole(if named.is_empty() { anyone.into_iter().collect() } else { named })
        }
        Turn::Person(on_duty) => {
            let named = roster.named(targets, rosters, now, told);
            if named.is_empty() { Found::Hole(vec![on_duty]) } else { Found::People(named) }
        }
    }
}

/// Of somebody who has proven no contact point: problem, and the sentence that is mailed to the operator.
pub fn nobody_proven(name: &str) -> (String, String) {
    let sentence = format!(
        "{name} is to be paged and has proven no contact point. Pages go to the address they sign in with, which nobody has proven; they \
         add one on their account page and type in the code that is sent to it."
    );
    (format!("no contact point: {name}"), sentence)
}

impl Plan {
    fn hole(&mut self, team: &str) {
        self.operator.entry(format!("roster hole: {team}")).or_insert_with(|| {
            format!(
                "Nobody is on the roster of {team} although its cover is declared for this hour. Pages go to someone of the \
                 team; add a shift to the roster."
            )
        });
    }

    /// Over what to tell somebody, best first: high over two kinds, the rest over one. Never nothing: whoever has proven no contact
    /// point is told where they sign in, and the operator hears of it.
    fn ways(&mut self, member: &Member, high: bool, office: &Office) -> Vec<ContactPoint> {
        let (mut order, most) = if high { (HIGH_FIRST, HIGH_WAYS) } else { (OTHERS_FIRST, 1) };
        order.sort_by_key(|channel| office.down.contains(channel));
        let ways: Vec<ContactPoint> = order
            .iter()
            .filter(|channel| office.channels.contains(channel))
            .filter_map(|channel| member.contacts.iter().find(|point| point.channel == *channel))
            .take(most)
            .cloned()
            .collect();
        let name = &member.name;
        if ways.is_empty() {
            let (problem, sentence) = nobody_proven(name);
            self.operator.insert(problem, sentence);
            return vec![ContactPoint {
                contact_point: None,
                channel: Channel::Email,
                address: member.email.clone().into(),
            }];
        }
        if high && ways.len() < HIGH_WAYS && office.channels.len() >= HIGH_WAYS {
            self.operator.entry(format!("one contact point: {name}")).or_insert_with(|| {
                format!(
                    "{name} can be paged over one kind of channel only ({}); a high alert should always have two, so that one \
                     may fail. They add another on their account page.",
                    ways[0].channel.words()
                )
            });
        }
        ways
    }

    /// One page over each way. The first of them is the page on record.
    fn pages(
        &mut self,
        requests: &[&Waiting],
        to: Option<(&Roster, &Member)>,
        ways: &[(ContactPoint, text::Text)],
        now: Timestamp,
    ) -> Option<Uuid> {
        let first = requests.first()?;
        let mut on_record = None;
        for (way, text) in ways {
            let page = random::new_id();
            self.pages.push(NewPage {
                page,
                alerts: requests.iter().map(|request| request.alert).collect(),
                requests: requests.iter().map(|request| request.page_request).collect(),
                saw: requests.iter().map(|request| request.told).collect(),
                answers: None,
                organisation: first.organisation,
                team: to.map(|(roster, _)| roster.team),
                staff: to.map(|(_, member)| member.staff),
                channel: way.channel,
                contact_point: way.contact_point,
                address: way.address.clone(),
                priority: first.priority.clone(),
                subject: text.subject.clone(),
                body: text.body.clone(),
            });
            on_record.get_or_insert(page);
            let to = to.map_or("the operator", |(_, member)| member.name.as_str());
            self.events.extend(requests.iter().map(|request| NewEvent {
                alert: request.alert,
                organisation: request.organisation,
                at: now,
                what: "paged",
                by_staff: None,
                detail: json!({ "to": to, "channel": way.channel.name(), "page": page, "why": request.why }),
            }));
        }
        if let Some(page) = on_record {
            self.formed.extend(requests.iter().map(|request| (request.page_request, CameTo::Page(page))));
        }
        on_record
    }
}
