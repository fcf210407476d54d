//! `derwent admin reading`: what somebody tells by phone, or what is taken on a home visit, goes the same way as what a phone sends:
//! accepted, written, judged.

use std::collections::BTreeMap;

use alert_rules::{Component, Vital};
use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, Args, FromArgMatches};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mobile_api::decode::ReceivedItem;
use mobile_api::item::{Body, Comparator, Item, Method, Quantity};
use mobile_api::time::PhoneTime;
use serde_json::json;
use uuid::Uuid;

use super::{Desk, Done, parse, patient};
use crate::ingest::accept::{Accepted, Asked, Person, Sender, accept};
use crate::ingest::writer::Writer;
use crate::random;
use crate::store::audit::Act;
use crate::store::staff;
use crate::store::submission::{Decision, Entry};

#[derive(Args, Debug)]
pub struct Reading {
    #[arg(long)]
    patient: Uuid,
    /// As on the wire: blood_pressure, weight, glucose, …
    #[arg(long, value_parser = vital)]
    vital: Vital,
    /// The member of staff who was told it, by id or e-mail address
    #[arg(long)]
    staff: String,
    /// When it was taken, RFC 3339; without it, now
    #[arg(long)]
    taken_at: Option<Timestamp>,
    /// Something a person should read: a row on the worklist
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    values: Values,
}

/// One flag for every number of the catalogue.
#[derive(Clone, Debug, Default)]
struct Values(BTreeMap<Component, Quantity>);

fn vital(text: &str) -> Result<Vital, String> {
    let is_measured = |vital: &Vital| !vital.is_score();
    Vital::named(text).filter(is_measured).ok_or_else(|| {
        let all: Vec<&str> = Vital::ALL.into_iter().filter(is_measured).map(Vital::name).collect();
        format!("{text:?} is no vital; there are {}", all.join(", "))
    })
}

/// Numbers of readings: `dose` belongs to an event, a score is made of answers, and how it was taken is no number.
fn components() -> impl Iterator<Item = Component> {
    let of_a_reading = |component: &Component| component.vital().is_some_and(|vital| !vital.is_score());
    Component::ALL.into_iter().filter(of_a_reading).filter(|component| !component.is_circumstance())
}

/// `148`, `24.6 kPa`, `HI`, `LO`. Without a unit, the catalogue's own.
fn quantity(component: Component, text: &str) -> Result<Quantity, String> {
    let off_scale = match text.to_ascii_uppercase().as_str() {
        "HI" => Some(Comparator::High),
        "LO" => Some(Comparator::Low),
        _ => None,
    };
    if off_scale.is_some() {
        return Ok(Quantity { value: None, unit: None, comparator: off_scale });
    }
    let (value, unit) = parse::number_and_unit(text).ok_or_else(|| {
        format!(
            "{text:?} is no {}; write a number, with its unit if it is another than {}, or HI or LO",
            component.words(),
            component.dimension().display()
        )
    })?;
    let unit = if unit.is_empty() { component.dimension().unit().to_owned() } else { unit };
    Ok(Quantity { value: Some(value), unit: Some(unit), comparator: None })
}

impl Args for Values {
    fn augment_args(command: clap::Command) -> clap::Command {
        components().fold(command, |command, component| {
            let name = component.name();
            command.arg(
                Arg::new(name)
                    .long(name)
                    .value_name("VALUE")
                    .value_parser(move |text: &str| quantity(component, text))
                    .help(format!(
                        "{}, in {} unless a unit is given",
                        component.words(),
                        component.dimension().display()
                    )),
            )
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Values {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |component: Component| Some((component, matches.get_one::<Quantity>(component.name())?.clone()));
        Ok(Self(components().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Reading {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let now = desk.clock.care_now();
        let (who, entered_by) = {
            let mut db = desk.store.owner.acquire().await?;
            let who = patient::known(&mut db, self.patient).await?;
            let wanted = self.staff.trim().to_lowercase();
            let staff = staff::list(&mut db, Some(who.organisation)).await?;
            let person = staff.into_iter().find(|person| person.email == wanted || person.staff.to_string() == wanted);
            (who, person.with_context(|| format!("{wanted} is not on the staff of this patient's organisation"))?)
        };
        let zone = TimeZone::get(&who.time_zone).unwrap_or(TimeZone::UTC);
        let taken_at = self.taken_at.unwrap_or(now);
        let received = self.item(PhoneTime { at: taken_at, offset: zone.to_offset(taken_at) })?;
        let sender = Sender {
            organisation: who.organisation,
            device: None,
            entered_by: Some(entered_by.staff),
            own: Some(self.patient),
            people: vec![Person {
                handle: "p1".to_owned(),
                patient: self.patient,
                organisation: who.organisation,
                ended: false,
            }],
            skew: SignedDuration::ZERO,
            received_at: now,
            numbers: Vec::new(),
        };
        let submission = match accept(&received, &sender, |_| Asked::Unknown) {
            Accepted::Submission(submission) => *submission,
            Accepted::Refused { refusal, .. } => bail!("{}", refusal.detail),
        };
        let writer = Writer::start(&desk.store, desk.signals.clone(), &desk.lifecycle);
        let decision = writer.submit(vec![Entry::Submission(submission)]).await?.pop();
        drop(writer);
        let Some(Decision::Stored { seq, flags }) = decision else {
            bail!("the reading was not stored; try again");
        };
        let mut db = desk.store.owner.begin().await?;
        let detail = json!({ "seq": seq, "vital": self.vital.name(), "staff": entered_by.staff });
        desk.record(&mut db, who.organisation, Some(self.patient), Act::ReadingEntered, detail).await?;
        db.commit().await?;
        let mut text = format!("stored as number {seq}: {}", self.in_words());
        if !flags.is_empty() {
            text.push_str(&format!(" ({})", flags.join(", ")));
        }
        Ok(Done {
            text,
            json: json!({ "id": received.id, "patient": self.patient, "state": "stored", "seq": seq, "flags": flags }),
        })
    }

    fn item(&self, taken_at: PhoneTime) -> anyhow::Result<ReceivedItem> {
        let values = self.values.0.iter().map(|(component, quantity)| (component.name().to_owned(), quantity.clone()));
        let context = json!({ "told": "by phone or at a visit" });
        let body = Body::Reading(mobile_api::item::Reading {
            taken_at,
            age_ms: None,
            vital: self.vital.name().to_owned(),
            values: values.collect(),
            absent: None,
            method: Some(Method::Manual),
            instrument: None,
            context: context.as_object().cloned(),
        });
        let item = Item { id: random::new_id(), whom: None, note: self.note.clone(), body };
        Ok(ReceivedItem {
            id: item.id.to_string(),
            whom: None,
            as_sent: serde_json::to_string(&item).context("an item is plain data")?,
            item: Ok(item),
        })
    }

    /// Said back, so that a slip is heard.
    fn in_words(&self) -> String {
        let values = self.values.0.iter().map(|(component, quantity)| {
            let number = quantity.value.map_or_else(
                || if quantity.comparator == Some(Comparator::High) { "HI".to_owned() } else { "LO".to_owned() },
                |value| format!("{value} {}", quantity.unit.as_deref().unwrap_or_default()),
            );
            format!("{} {number}", component.words())
        });
        values.collect::<Vec<_>>().join(", ")
    }
}
