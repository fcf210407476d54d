//! Who is on the line, and what the database has to say to them: `checked`, `seen`, `next`, the plan, asks and messages.
//!
//! It looks; whether the phone heard it already is the session's to know. Signals only say where to look, and the sweep looks
//! everywhere.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mobile_api::close::Close;
use mobile_api::message::Seen;
use mobile_api::session::{Input, Push};
use uuid::Uuid;

use super::Ingest;
use super::line::Gone;
use super::next;
use super::registry::News;
use super::together::NoAnswer;
use crate::store::device::{Device, Person, Standing};
use crate::store::push;
use crate::store::seen::{self, SentBy};

/// Come back for another list.
const LIST_RETRY_S: u32 = 1;
/// The rule by which the monitor puts a note before a person.
pub const NOTE: &str = "task/note";

/// A proven device, and the people it may submit for.
#[derive(Debug)]
pub struct Talk {
    pub device: Device,
    pub connection: i64,
    pub people: Vec<Person>,
    pub skew: SignedDuration,
    told: Vec<Told>,
}

/// The plan that the phone has of one patient.
#[derive(Debug)]
struct Told {
    patient: Uuid,
    version: i64,
    /// Whose packs it is made of.
    rulebook: [u8; 32],
    /// Until when its days are today's and tomorrow's.
    until: Timestamp,
    /// From when a reading may fill a slot, so that the plan changes with it.
    slot_opens: Option<Timestamp>,
}

impl Talk {
    pub fn new(device: Device, connection: i64, people: Vec<Person>, skew: SignedDuration) -> Self {
        Self { device, connection, people, skew, told: Vec::new() }
    }

    /// What one piece of news says by itself.
    pub fn at_once(&self, news: News) -> Option<Input<'static>> {
        let News::Judged { patient, through } = news else { return None };
        Some(checked(&self.person(patient)?, through))
    }

    /// What it comes to when the database was asked.
    pub async fn hear(&mut self, ingest: &Ingest, news: News) -> Result<Vec<Input<'static>>, Gone> {
        match news {
            News::Judged { patient, .. } => {
                let Some(person) = self.person(patient) else { return Ok(Vec::new()) };
                let opens = self.told.iter().find(|told| told.patient == patient).and_then(|told| told.slot_opens);
                let may_be_filled = opens.is_some_and(|opens| opens <= ingest.parts.clock.care_now());
                Ok(if may_be_filled { self.plan(ingest, &person).await?.into_iter().collect() } else { Vec::new() })
            }
            News::Work { patient } => match self.person(patient) {
                Some(person) => {
                    let mut inputs = Vec::from_iter(seen_of(ingest, &person).await?);
                    inputs.push(self.next_of(ingest, &person).await?);
                    Ok(inputs)
                }
                None => Ok(Vec::new()),
            },
            News::Plan { patient } => match self.person(patient) {
                Some(person) => Ok(self.plan(ingest, &person).await?.into_iter().collect()),
                None => Ok(Vec::new()),
            },
            News::Pushes => Ok(vec![self.pushes(ingest).await?]),
            News::Standing => self.look_at_everything(ingest).await,
        }
    }

    /// Everything that signals only hint at, and first of all whether this is still the device's newest connection.
    pub async fn look_at_everything(&mut self, ingest: &Ingest) -> Result<Vec<Input<'static>>, Gone> {
        let before = self.patients();
        self.people = match ingest.lookups.standing.ask(self.device.device).await? {
            Some(Standing { revoked: false, newest_connection, people }) if newest_connection == self.connection => {
                people
            }
            Some(Standing { revoked: false, .. }) => return Err(Gone::Because(Close::Replaced)),
            _ => return Err(Gone::Because(Close::Revoked)),
        };
        if before != self.patients() {
            // Somebody agreed to this carer, or took it back: the phone comes again, and is told who is on its list now.
            return Err(Gone::Because(Close::ShuttingDown { retry_after_s: LIST_RETRY_S }));
        }
        let mut inputs = Vec::new();
        let now = ingest.parts.clock.care_now();
        let rulebook = ingest.rules.in_force(&ingest.lookups).await?.hash;
        for person in self.people.clone() {
            inputs.push(checked(&person, person.judged_through));
            inputs.extend(seen_of(ingest, &person).await?);
            inputs.push(self.next_of(ingest, &person).await?);
            let told = self.told.iter().find(|told| told.patient == person.patient);
            let is_old =
                |told: &Told| told.version != person.plan_version || told.rulebook != rulebook || told.until <= now;
            if told.is_none_or(is_old) {
                inputs.extend(self.plan(ingest, &person).await?);
            }
        }
        inputs.push(self.pushes(ingest).await?);
        Ok(inputs)
    }

    pub fn patients(&self) -> Vec<Uuid> {
        self.people.iter().map(|person| person.patient).collect()
    }

    fn person(&self, patient: Uuid) -> Option<Person> {
        self.people.iter().find(|person| person.patient == patient).cloned()
    }

    async fn plan(&mut self, ingest: &Ingest, person: &Person) -> Result<Option<Input<'static>>, NoAnswer> {
        let now = ingest.parts.clock.care_now();
        let is_own = self.device.own == Some(person.patient);
        let rules = ingest.rules.in_force(&ingest.lookups).await?;
        let plan = rules.plans.of_patient(&ingest.lookups, person.patient, &person.handle, is_own, now).await?;
        let Some(plan) = plan else { return Ok(None) };
        let midnight = TimeZone::get(&plan.time_zone)
            .ok()
            .and_then(|zone| now.to_zoned(zone).tomorrow().and_then(|tomorrow| tomorrow.start_of_day()).ok());
        let until = midnight.map_or(now + SignedDuration::from_hours(24), |midnight| midnight.timestamp());
        let slot_opens = plan.due.iter().filter(|due| !due.done && due.closes_at >= now).map(|due| due.opens_at).min();
        self.told.retain(|told| told.patient != person.patient);
        self.told.reserve_exact(1);
        let (patient, version, rulebook) = (person.patient, person.plan_version, rules.hash);
        self.told.push(Told { patient, version, rulebook, until, slot_opens });
        Ok(Some(Input::Plan(Box::new(plan))))
    }

    async fn next_of(&self, ingest: &Ingest, person: &Person) -> Result<Input<'static>, NoAnswer> {
        let is_own = self.device.own == Some(person.patient);
        Ok(Input::Next(next::of(ingest, person, self.device.device, is_own).await?))
    }

    async fn pushes(&self, ingest: &Ingest) -> Result<Input<'static>, NoAnswer> {
        let waiting = ingest.lookups.pushes.ask(self.device.device).await?;
        Ok(Input::Pushes(waiting.into_iter().filter_map(as_push).collect()))
    }
}

fn checked(person: &Person, through: i64) -> Input<'static> {
    Input::Checked { whom: person.handle.clone(), through: u64::try_from(through).unwrap_or_default() }
}

/// Says of no item that it was seen unless it was part of what somebody took.
async fn seen_of(ingest: &Ingest, person: &Person) -> Result<Option<Input<'static>>, NoAnswer> {
    let Some(taken) = ingest.lookups.taken.ask(person.patient).await? else { return Ok(None) };
    let (pool, trouble, until) = (&ingest.parts.store.ingest, &taken.trouble, taken.taken_at);
    let items = match ingest.rules.known().plans.looked_at(&trouble.rule) {
        Some((vitals, questionnaires)) => {
            seen::measured(pool, trouble, until, &vitals, &questionnaires, SentBy::Anybody).await?
        }
        None if trouble.rule == NOTE => seen::noted(pool, trouble, until, SentBy::Anybody).await?,
        None => Vec::new(),
    };
    let seen = Seen { whom: person.handle.clone(), items, by: taken.by };
    Ok((!seen.items.is_empty()).then_some(Input::Seen(seen)))
}

/// A stored push as the phone gets it: its number and the person's handle are the device's own.
fn as_push(waiting: push::Waiting) -> Option<Push> {
    let mut body = waiting.body;
    let fields = body.as_object_mut()?;
    fields.insert("n".to_owned(), waiting.n.into());
    fields.insert("for".to_owned(), waiting.handle.into());
    let push = match waiting.kind.as_str() {
        "ask" => serde_json::from_value(body).map(Push::Ask),
        _ => serde_json::from_value(body).map(Push::Message),
    };
    push.inspect_err(|error| tracing::error!(%error, n = waiting.n, "a stored push cannot be read; it is not sent"))
        .ok()
}
