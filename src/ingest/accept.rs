//! From the wire to the domain: the only place where what a phone said becomes something we store.
//!
//! It goes by static facts alone: the catalogue's units and ranges, whose device it is, and how the item is dated. What a value
//! *means* for this patient is the monitor's business. Odd values are kept and flagged; only what is not a reading is refused.

mod asked;

use std::collections::BTreeMap;

use alert_rules::reading::{Comparator, Flags, Measured};
use alert_rules::unit::normalise;
use alert_rules::vital::{Component, Vital};
use jiff::{SignedDuration, Timestamp};
use mobile_api::content::ContentHash;
use mobile_api::decode::ReceivedItem;
use mobile_api::item::{self, Item, Quantity};
use mobile_api::limits::{DATED_AHEAD_S, DATED_BACK_DAYS};
use mobile_api::refusal::{Reason, Refusal};
use mobile_api::time::PhoneTime;
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub use asked::Asked;

use crate::store::device::{self, Device};
use crate::store::instrument::{Bound, Instrument};
use crate::store::submission::{self, Body, Submission};

const OLDEST: SignedDuration = SignedDuration::from_hours(DATED_BACK_DAYS * 24);
const AHEAD: SignedDuration = SignedDuration::from_secs(DATED_AHEAD_S);
/// The events of this version; the phone keeps others and tries again after the service was updated.
const EVENTS: &[&str] = &["insulin", "meal", "exercise", "hypo_symptoms"];

/// The flag of what was stored for somebody whose episode is over.
pub const NOT_MONITORED: &str = "not_monitored";
/// The flag of a reading that an instrument keeps under somebody else's user number: stored and shown, never used as this person's.
pub const NOT_THEIRS: &str = "not_theirs";

/// A person this device may submit for.
#[derive(Clone, Debug)]
pub struct Person {
    /// What `for` says on this device.
    pub handle: String,
    pub patient: Uuid,
    pub organisation: Uuid,
    /// The episode is over: stored, but nobody is watching.
    pub ended: bool,
}

/// Who submits, and when it reached us.
#[derive(Clone, Debug)]
pub struct Sender {
    pub organisation: Uuid,
    pub device: Option<Uuid>,
    /// Staff who enter what they were told.
    pub entered_by: Option<Uuid>,
    /// The device's own patient; none on a carer's device.
    pub own: Option<Uuid>,
    pub people: Vec<Person>,
    /// The service's care time minus the phone's clock; zero when they are within two minutes.
    pub skew: SignedDuration,
    pub received_at: Timestamp,
    /// Whose the user numbers are of the instruments that were used.
    pub numbers: Vec<Bound>,
}

impl Sender {
    /// What a proven device sends, now.
    pub fn of_device(device: &Device, people: &[device::Person], skew: SignedDuration, received_at: Timestamp) -> Self {
        let people = people.iter().map(|person| Person {
            handle: person.handle.clone(),
            patient: person.patient,
            organisation: person.organisation,
            ended: person.ended,
        });
        Self {
            organisation: device.organisation,
            device: Some(device.device),
            entered_by: None,
            own: device.own,
            people: people.collect(),
            skew,
            received_at,
            numbers: Vec::new(),
        }
    }
}

/// The instrument that a reading was taken with, if it says which one it is.
pub fn instrument(received: &ReceivedItem) -> Option<Instrument> {
    let item::Body::Reading(item::Reading { instrument, .. }) = &received.item.as_ref().ok()?.body else { return None };
    named(instrument.as_ref()?)
}

fn named(sent: &item::Instrument) -> Option<Instrument> {
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let serial = text(&sent.serial);
    (!serial.is_empty()).then(|| Instrument { make: text(&sent.make), model: text(&sent.model), serial })
}

/// What is to be done with one item.
#[derive(Clone, Debug)]
pub enum Accepted {
    Submission(Box<Submission>),
    /// Answer it so, and put it on record unless the phone is to try again.
    Refused {
        refusal: Refusal,
        patient: Option<Uuid>,
    },
}

/// Turns one received item into what is stored. `asked` knows questionnaires by name and version: `bp-warning-signs|1`.
pub fn accept<'q>(received: &ReceivedItem, sender: &Sender, asked: impl Fn(&str) -> Asked<'q>) -> Accepted {
    let item = match &received.item {
        Ok(item) => item,
        Err(refusal) => {
            let patient = whose(received.whom.as_deref(), sender).ok().map(|person| person.patient);
            return Accepted::Refused { refusal: refusal.clone(), patient };
        }
    };
    let person = match whose(item.whom.as_deref(), sender) {
        Ok(person) => person,
        Err(refusal) => return Accepted::Refused { refusal, patient: None },
    };
    match body(item, sender, asked) {
        Ok((body, dated, mut flags)) => {
            if dated.by_arrival {
                flags.push("dated_by_arrival".to_owned());
            }
            if person.ended {
                flags.push(NOT_MONITORED.to_owned());
            }
            flags.extend(
                of_number(item, person, &sender.numbers).map(str::to_owned).filter(|flag| !flags.contains(flag)),
            );
            Accepted::Submission(Box::new(Submission {
                organisation: person.organisation,
                patient: person.patient,
                client_id: item.id,
                content_hash: ContentHash::of(item, person.patient).as_bytes().to_vec(),
                effective_at: dated.at,
                received_at: sender.received_at,
                device: sender.device,
                entered_by: sender.entered_by,
                flags,
                note: item.note.clone(),
                as_sent: received.as_sent.clone(),
                body,
            }))
        }
        Err(refusal) => Accepted::Refused { refusal, patient: Some(person.patient) },
    }
}

/// The device decides whose it is: its own patient, or one of its carer's list.
fn whose<'a>(whom: Option<&str>, sender: &'a Sender) -> Result<&'a Person, Refusal> {
    let found = match whom {
        Some(handle) => sender.people.iter().find(|person| person.handle == handle),
        None if sender.own.is_none() => {
            return Err(Refusal::new(Reason::ForMissing, "this device submits for several people: say `for` whom"));
        }
        None => sender.people.iter().find(|person| Some(person.patient) == sender.own),
    };
    found.ok_or_else(|| Refusal::new(Reason::ForUnknown, "this device may not submit for that person"))
}

/// What the instrument's user number says: it is somebody else's; or it is nobody's, though another number of the same instrument is
/// this person's, so that a second reading must agree.
fn of_number(item: &Item, person: &Person, numbers: &[Bound]) -> Option<&'static str> {
    let item::Body::Reading(item::Reading { instrument: Some(sent), .. }) = &item.body else { return None };
    let instrument = named(sent)?;
    let mut of_instrument = numbers.iter().filter(|bound| bound.instrument == instrument);
    let whose = of_instrument.clone().find(|bound| sent.user.is_some_and(|user| bound.user == i16::from(user)));
    match whose {
        Some(bound) => (bound.patient != person.patient).then_some(NOT_THEIRS),
        None => of_instrument.any(|bound| bound.patient == person.patient).then_some("unconfirmed"),
    }
}

/// When it happened, as far as we believe the phone.
struct Dated {
    at: Timestamp,
    by_arrival: bool,
}

fn date(taken_at: PhoneTime, age_ms: Option<u64>, sender: &Sender) -> Dated {
    let arrival = sender.received_at;
    let claimed = match age_ms.map(i64::try_from) {
        Some(Ok(age)) => arrival.checked_sub(SignedDuration::from_millis(age)),
        Some(Err(_)) => return Dated { at: arrival, by_arrival: true },
        None => taken_at.at.checked_add(sender.skew),
    };
    match claimed {
        Ok(at) if at.duration_since(arrival) <= AHEAD && arrival.duration_since(at) <= OLDEST => {
            Dated { at, by_arrival: false }
        }
        _ => Dated { at: arrival, by_arrival: true },
    }
}

fn body<'q>(
    item: &Item,
    sender: &Sender,
    asked: impl Fn(&str) -> Asked<'q>,
) -> Result<(Body, Dated, Vec<String>), Refusal> {
    match &item.body {
        item::Body::Reading(sent) => {
            let dated = date(sent.taken_at, sent.age_ms, sender);
            let (reading, flags) = reading(sent)?;
            Ok((Body::Reading(reading), dated, flags))
        }
        item::Body::Event(sent) => {
            let dated = date(sent.taken_at, sent.age_ms, sender);
            let (event, flags) = event(sent)?;
            Ok((Body::Event(event), dated, flags))
        }
        item::Body::Answers(sent) => {
            let flags = asked(&sent.questionnaire).flags(sent)?;
            let dated = date(sent.taken_at, sent.age_ms, sender);
            let answers = submission::Answers {
                questionnaire: sent.questionnaire.clone(),
                partial: sent.partial,
                answers: json!(sent.answers),
            };
            Ok((Body::Answers(answers), dated, flags))
        }
        item::Body::Correction(sent) => {
            let correction = submission::Correction {
                corrects: sent.corrects,
                reason: wire_name(&sent.reason),
                values: corrected_values(&sent.values)?,
            };
            // The writer gives it the effective time of what it corrects.
            Ok((Body::Correction(correction), Dated { at: sender.received_at, by_arrival: false }, Vec::new()))
        }
    }
}

fn reading(sent: &item::Reading) -> Result<(submission::Reading, Vec<String>), Refusal> {
    // A score is made of answers: as a number alone it has no answers behind it.
    let vital = Vital::named(&sent.vital).filter(|vital| !vital.is_score()).ok_or_else(|| {
        Refusal::new(Reason::VitalUnknown, format!("this service does not know the vital {:?} yet", sent.vital))
    })?;
    let mut components = Vec::with_capacity(sent.values.len());
    let mut measured = Vec::with_capacity(sent.values.len());
    for (name, quantity) in &sent.values {
        let component =
            Component::named(name).filter(|component| vital.components().any(|of| of == *component)).ok_or_else(
                || Refusal::new(Reason::ComponentUnknown, format!("{} has no component {name:?}", vital.name())),
            )?;
        let (kept, value) = quantity_of(component, quantity)?;
        components.push(kept);
        measured.push((component, value));
    }
    match (sent.absent, components.is_empty()) {
        (Some(_), false) => {
            return Err(Refusal::new(
                Reason::FieldInvalid,
                "a reading has values or says why not (`absent`), not both",
            ));
        }
        (None, true) => {
            let detail = "the reading has no values; send them, or `absent` to say why there are none";
            return Err(Refusal::new(Reason::ValueMissing, detail));
        }
        (Some(_), true) => {}
        (None, false) => {
            if let Some(missing) =
                vital.facts().required.iter().find(|component| !measured.iter().any(|(has, _)| has == *component))
            {
                let detail = format!("a reading of {} needs {}", vital.name(), missing.name());
                return Err(Refusal::new(Reason::ComponentMissing, detail));
            }
        }
    }
    let flags = Flags::of_values(&measured).names().into_iter().map(str::to_owned).collect();
    let mut context = sent.context.clone().unwrap_or_default();
    if let Some(instrument) = &sent.instrument {
        context.insert("instrument".to_owned(), json!(instrument));
    }
    let reading = submission::Reading {
        vital: vital.name().to_owned(),
        components,
        absent: sent.absent.map(|absent| wire_name(&absent)),
        offset_minutes: sent.taken_at.offset_minutes(),
        method: sent.method.map(|method| wire_name(&method)),
        context: object(context),
    };
    Ok((reading, flags))
}

fn event(sent: &item::Event) -> Result<(submission::Event, Vec<String>), Refusal> {
    if !EVENTS.contains(&sent.event.as_str()) {
        let detail = format!("this service does not know the event {:?} yet", sent.event);
        return Err(Refusal::new(Reason::EventUnknown, detail));
    }
    if sent.values.len() > 1 {
        return Err(Refusal::new(Reason::TooManyEntries, "an event has at most one quantity"));
    }
    let mut event = submission::Event {
        event: sent.event.clone(),
        quantity: None,
        value_given: None,
        unit_given: None,
        value: None,
        context: sent.context.clone().and_then(object),
    };
    let mut flags = Vec::new();
    if let Some((name, quantity)) = sent.values.first_key_value() {
        let component =
            Some(Component::Dose).filter(|dose| dose.name() == name && sent.event == "insulin").ok_or_else(|| {
                Refusal::new(Reason::ComponentUnknown, format!("the event {} has no quantity {name:?}", sent.event))
            })?;
        let (kept, value) = quantity_of(component, quantity)?;
        if Flags::of_values(&[(component, value)]).impossible {
            flags.push("impossible".to_owned());
        }
        event.quantity = Some(kept.component);
        event.value_given = kept.value_given;
        event.unit_given = kept.unit_given;
        event.value = kept.value;
    }
    Ok((event, flags))
}

/// The number as it was given beside the number in the component's own unit.
fn quantity_of(component: Component, sent: &Quantity) -> Result<(submission::Component, Measured), Refusal> {
    let comparator = sent.comparator.map(|comparator| match comparator {
        item::Comparator::High => Comparator::High,
        item::Comparator::Low => Comparator::Low,
    });
    let value = match (sent.value, sent.unit.as_deref()) {
        (None, _) if comparator.is_some() => None,
        (None, _) => {
            return Err(Refusal::new(
                Reason::ValueMissing,
                format!("{} has neither a value nor HI or LO", component.name()),
            ));
        }
        (Some(value), Some(unit)) => {
            Some(normalise(component, value, unit).map_err(|error| Refusal::new(Reason::UnitUnknown, error.sentence))?)
        }
        (Some(_), None) => {
            let detail =
                format!("the value of {} has no unit, and a number without one is not a reading", component.name());
            return Err(Refusal::new(Reason::UnitMissing, detail));
        }
    };
    let kept = submission::Component {
        component: component.name().to_owned(),
        value_given: sent.value.map(|value| value.to_string()),
        unit_given: sent.unit.clone(),
        value,
        comparator: sent.comparator.map(|comparator| wire_name(&comparator)),
    };
    Ok((kept, Measured { value, comparator }))
}

/// What should have been sent, normalised, with the given numbers beside; none withdraws.
fn corrected_values(sent: &BTreeMap<String, Quantity>) -> Result<Option<Value>, Refusal> {
    if sent.is_empty() {
        return Ok(None);
    }
    let mut values = Vec::with_capacity(sent.len());
    for (name, quantity) in sent {
        let component = Component::named(name)
            .ok_or_else(|| Refusal::new(Reason::ComponentUnknown, format!("there is no component {name:?}")))?;
        let (kept, _) = quantity_of(component, quantity)?;
        values.push(json!({
            "component": kept.component,
            "value": kept.value,
            "comparator": kept.comparator,
            "value_given": quantity.value,
            "unit_given": kept.unit_given,
        }));
    }
    Ok(Some(Value::Array(values)))
}

fn object(fields: Map<String, Value>) -> Option<Value> {
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// How the wire spells one of its own names, which is how we store it.
fn wire_name(name: &impl serde::Serialize) -> String {
    match serde_json::to_value(name) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
