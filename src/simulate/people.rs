//! What people at home do: they measure, answer, mistype, correct, and look at their phones when these ask.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use mobile_api::item::{Absent, Answer, Answers, Body, Comparator, Correction, CorrectionReason, Event as Happening};
use mobile_api::item::{Item, Quantity, Reading};
use mobile_api::message::Ask;
use mobile_api::phone::Input;
use mobile_api::time::PhoneTime;
use serde_json::json;
use uuid::Uuid;

use super::event::Event;
use super::world::World;

const MINUTE: Duration = Duration::from_secs(60);

impl World {
    /// Whom the phone speaks for: one of its people, by chance.
    pub fn somebody(&mut self, phone: usize) -> (Option<String>, Uuid) {
        let handset = &self.phones[phone];
        let index = usize::try_from(self.dice.below(handset.people.len() as u64)).unwrap_or(0);
        let (handle, patient) = handset.people[index].clone();
        // An own patient needs no name; a carer who forgets it is refused.
        let unnamed = if handset.own.is_some() { self.dice.chance(500) } else { self.dice.chance(20) };
        ((!unnamed).then_some(handle), patient)
    }

    /// A person sits down with the phone.
    pub fn measures(&mut self, phone: usize) {
        let stays = MINUTE + self.dice.up_to(12 * MINUTE);
        self.opens_app(phone, stays);
        for _ in 0..=self.dice.below(3) {
            let (whom, patient) = self.somebody(phone);
            let item = self.item(phone, whom, patient);
            self.submits(phone, patient, item);
        }
        if self.dice.chance(self.faults.phone_dies) {
            let after = self.dice.up_to(stays);
            self.after(after, Event::PhoneDies { phone });
        }
    }

    /// The phone asks to measure again: mostly people see it, mostly they do it.
    pub fn answers_ask(&mut self, phone: usize, ask: &Ask) {
        if !self.dice.chance(800) {
            return;
        }
        let seen = self.dice.up_to(2 * MINUTE);
        self.after(seen, Event::Looks { phone, ask: ask.id });
        if self.dice.chance(700) {
            let Some((_, patient)) = self.phones[phone].people.iter().find(|(handle, _)| *handle == ask.whom) else {
                return;
            };
            let again = Event::MeasuresAgain {
                phone,
                patient: *patient,
                whom: ask.whom.clone(),
                vital: ask.vital.clone().unwrap_or_default(),
                symptoms: ask.symptoms.clone(),
            };
            let after = seen + MINUTE + self.dice.up_to(18 * MINUTE);
            self.after(after, again);
        }
    }

    pub fn looks(&mut self, phone: usize, ask: Uuid) {
        let stays = 2 * MINUTE;
        self.opens_app(phone, stays);
        self.phone(phone, Input::Shown { ask });
    }

    pub fn measures_again(&mut self, phone: usize, patient: Uuid, whom: String, vital: &str, symptoms: Option<String>) {
        let stays = 2 * MINUTE;
        self.opens_app(phone, stays);
        let body = self.reading(phone, vital);
        let item = Item { id: self.dice.id(), whom: Some(whom.clone()), note: None, body };
        self.submits(phone, patient, item);
        if let Some(questionnaire) = symptoms.filter(|_| self.dice.chance(600)) {
            let body = self.answers(phone, &questionnaire);
            let item = Item { id: self.dice.id(), whom: Some(whom), note: None, body };
            self.submits(phone, patient, item);
        }
    }

    fn item(&mut self, phone: usize, whom: Option<String>, patient: Uuid) -> Item {
        let (id, chance) = (self.dice.id(), self.dice.below(100));
        let body = match chance {
            0..5 => {
                let questionnaire = self.dice.one_of(&["bp-warning-signs", "heart-failure-daily", "diabetes-today"]);
                self.answers(phone, questionnaire)
            }
            5..8 => {
                let taken_at = self.taken_at(phone, SignedDuration::ZERO);
                let event = self.dice.one_of(&["hypo_symptoms", "meal", "exercise"]).to_owned();
                Body::Event(Happening { taken_at, age_ms: None, event, values: BTreeMap::new(), context: None })
            }
            8..14 => return self.correction(phone, whom, patient),
            // An app gone wrong says something else under an id that it used before.
            14..16 => {
                let own: Vec<Uuid> = self.own_earlier(phone, patient);
                let body = self.any_reading(phone);
                let id = if own.is_empty() { id } else { self.dice.one_of(&own) };
                return Item { id, whom, note: None, body };
            }
            _ => self.any_reading(phone),
        };
        let note = self.dice.chance(30).then(|| "It was a long night.".to_owned());
        Item { id, whom, note, body }
    }

    fn any_reading(&mut self, phone: usize) -> Body {
        let vital = self.dice.one_of(&["blood_pressure", "blood_pressure", "weight", "glucose"]);
        self.reading(phone, vital)
    }

    /// Settled items of this phone about the patient, but for corrections.
    fn own_earlier(&self, phone: usize, patient: Uuid) -> Vec<Uuid> {
        let handset = &self.phones[phone];
        let waits = |id: Uuid| handset.phone.outbox().any(|item| item.id == id);
        let earlier = handset
            .sent
            .iter()
            .filter(|(item, whose)| *whose == patient && !matches!(item.body, Body::Correction(_)) && !waits(item.id));
        earlier.map(|(item, _)| item.id).collect()
    }

    /// Of anything sent about the patient, by whichever phone; it may not have arrived, or may itself be a correction.
    fn correction(&mut self, phone: usize, whom: Option<String>, patient: Uuid) -> Item {
        let id = self.dice.id();
        let sent = self.phones.iter().flat_map(|handset| &handset.sent).filter(|(_, whose)| *whose == patient);
        let earlier: Vec<(Uuid, Option<String>)> = sent
            .map(|(item, _)| {
                let vital = if let Body::Reading(reading) = &item.body { Some(reading.vital.clone()) } else { None };
                (item.id, vital)
            })
            .collect();
        if earlier.is_empty() {
            let body = self.any_reading(phone);
            return Item { id, whom, note: None, body };
        }
        let index = usize::try_from(self.dice.below(earlier.len() as u64)).unwrap_or(0);
        let (corrects, vital) = earlier[index].clone();
        let replaces = vital.filter(|_| self.dice.chance(600));
        let values = match replaces.map(|vital| self.reading(phone, &vital)) {
            Some(Body::Reading(reading)) => reading.values,
            _ => BTreeMap::new(),
        };
        let reason = self.dice.one_of(&[CorrectionReason::NotMine, CorrectionReason::Mistyped]);
        Item { id, whom, note: None, body: Body::Correction(Correction { corrects, reason, values }) }
    }

    fn reading(&mut self, phone: usize, vital: &str) -> Body {
        // Typed in at once, or remembered: some of it days later.
        let ago = match self.dice.below(20) {
            0 => SignedDuration::from_mins(self.dice.between(60, 60 * 40)),
            1..4 => SignedDuration::from_mins(self.dice.between(1, 60)),
            _ => SignedDuration::from_secs(self.dice.between(0, 50)),
        };
        let values = self.values(vital);
        let absent = values.is_empty().then_some(Absent::CouldNotMeasure);
        let age_ms = self.phones[phone].tells_age.then(|| u64::try_from(ago.as_millis()).unwrap_or(0));
        Body::Reading(Reading {
            taken_at: self.taken_at(phone, ago),
            age_ms,
            vital: vital.to_owned(),
            values,
            absent,
            method: None,
            instrument: None,
            context: None,
        })
    }

    fn taken_at(&self, phone: usize, ago: SignedDuration) -> PhoneTime {
        PhoneTime::utc(self.care() + self.phones[phone].fast_by - ago)
    }

    /// Mostly ordinary. None: it could not be measured.
    fn values(&mut self, vital: &str) -> BTreeMap<String, Quantity> {
        let kind = self.dice.below(100);
        let number = |name: &str, value: f64, unit: &str| {
            (name.to_owned(), Quantity { value: Some(value), unit: Some(unit.to_owned()), comparator: None })
        };
        let tenths = |tenths: i64| f64::from(i32::try_from(tenths).unwrap_or(0)) / 10.0;
        if kind < 2 {
            return BTreeMap::new();
        }
        match vital {
            "weight" => {
                let value = tenths(if kind < 12 { self.dice.between(790, 860) } else { self.dice.between(800, 812) });
                let unit = if kind < 4 { "lb_av" } else { "kg" };
                let value = if kind < 4 { value * 2.2 } else { value };
                BTreeMap::from([number("weight", value, unit)])
            }
            "glucose" => {
                let comparator = match kind {
                    2..5 => Some(Comparator::High),
                    5..8 => Some(Comparator::Low),
                    _ => None,
                };
                if comparator.is_some() {
                    return BTreeMap::from([("glucose".to_owned(), Quantity { comparator, ..Quantity::default() })]);
                }
                let value = tenths(match kind {
                    8..18 => self.dice.between(10, 330),
                    18..26 => self.dice.between(30, 42),
                    _ => self.dice.between(50, 120),
                });
                // A slip of the unit: refused, because there is no such unit of glucose.
                let unit = if kind == 99 { "mmol" } else { "mmol/L" };
                BTreeMap::from([number("glucose", value, unit)])
            }
            _ => {
                let systolic = match kind {
                    2..10 => self.dice.between(176, 192),
                    10..14 => self.dice.between(215, 245),
                    14..20 => self.dice.between(66, 95),
                    // Typed without its point, or upside down: not possible.
                    20 => 1850,
                    21 => 60,
                    _ => self.dice.between(118, 150),
                };
                let diastolic = if kind < 14 { self.dice.between(95, 134) } else { self.dice.between(62, 90) };
                let unit = if kind == 98 { "mmHG" } else { "mm[Hg]" };
                BTreeMap::from([
                    number("systolic", tenths(systolic * 10), unit),
                    number("diastolic", tenths(diastolic * 10), unit),
                ])
            }
        }
    }

    fn answers(&mut self, phone: usize, questionnaire: &str) -> Body {
        let links: &[&str] = match questionnaire {
            "heart-failure-daily" => &["breathless_at_rest", "breathless_lying_flat", "more_swelling"],
            "diabetes-today" => &["hypo_symptoms", "ill_today"],
            "hypo-check" => &["needs_help", "while_asleep"],
            "sick-day" => &["vomiting_or_drowsy"],
            _ => &["warning_signs", "dizzy_or_fell"],
        };
        let mut answers = Vec::new();
        for link in links {
            answers.push(Answer { link_id: (*link).to_owned(), value: json!(self.dice.chance(150)) });
        }
        Body::Answers(Answers {
            taken_at: self.taken_at(phone, SignedDuration::ZERO),
            age_ms: None,
            questionnaire: format!("{questionnaire}|1"),
            partial: false,
            answers,
        })
    }
}

/// What the trace calls an item.
pub fn short(id: Uuid) -> String {
    let mut text = id.simple().to_string();
    text.truncate(6);
    text
}

pub fn in_words(item: &Item) -> String {
    let id = short(item.id);
    let whom = item.whom.as_deref().map(|whom| format!(" for {whom}")).unwrap_or_default();
    let words = match &item.body {
        Body::Reading(reading) if reading.values.is_empty() => format!("{} could not be measured", reading.vital),
        Body::Reading(reading) => format!("{} {}", reading.vital, values_in_words(&reading.values)),
        Body::Event(event) => event.event.clone(),
        Body::Answers(answers) => {
            let yes = answers.answers.iter().filter(|answer| answer.value == json!(true));
            let yes: Vec<&str> = yes.map(|answer| answer.link_id.as_str()).collect();
            format!(
                "{}, yes to {}",
                answers.questionnaire,
                if yes.is_empty() { "nothing".to_owned() } else { yes.join(", ") }
            )
        }
        Body::Correction(correction) => {
            let to =
                if correction.values.is_empty() { "nothing".to_owned() } else { values_in_words(&correction.values) };
            format!("correction of {} to {to}", short(correction.corrects))
        }
    };
    format!("{id} {words}{whom}")
}

fn values_in_words(values: &BTreeMap<String, Quantity>) -> String {
    // Systolic before diastolic.
    let each = values.values().rev().map(|quantity| match (quantity.comparator, quantity.value) {
        (Some(Comparator::High), _) => "HI".to_owned(),
        (Some(Comparator::Low), _) => "LO".to_owned(),
        (None, value) => value.map_or_else(|| "?".to_owned(), |value| format!("{value:.1}")),
    });
    let unit = values.values().find_map(|quantity| quantity.unit.clone()).unwrap_or_default();
    format!("{} {unit}", each.collect::<Vec<_>>().join("/"))
}
