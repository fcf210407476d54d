//! The `plan` a phone shows, made from the facts in force, the packs that watch the patient, and what was done already.
//!
//! It says what to do and what to say at entry. What readings mean is the monitor's business; nothing here judges.

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::advice::{self, Threshold};
use alert_rules::facts::Due as DueOf;
use alert_rules::finding::Side;
use alert_rules::rule::{Pack, Rulebook};
use alert_rules::schedule::{self, DueSlot, For, Taken};
use alert_rules::unit::{ACVPU, accepted};
use alert_rules::vital::{Component, Vital};
use alert_rules::{Facts, normalise};
use jiff::civil::Time;
use jiff::{Timestamp, ToSpan};
use mobile_api::plan::{
    AdviceBand, AnswerAdvice, Call, Cover, Due, DueWhat, Plan, PlanChoice, PlanComponent, PlanUnit, PlanVital,
    Questionnaire, Team,
};
use serde_json::json;
use uuid::Uuid;

use super::lookups::Lookups;
use super::together::NoAnswer;
use crate::store::plan::{Done, InForce, Stretch};

/// On every screen.
/// How far ahead a phone knows when people look: as long as it may be without signal and still speak of it.
const COVER_DAYS: i64 = 14;
const EMERGENCY: &str = "If you have chest pain, cannot get your breath, or your face or arm is weak: call 999. \
                         If you feel worse and nobody answers here: call 111.";

/// What the packs contribute, read once: thousands of phones ask for it at a restart.
#[derive(Clone, Debug)]
pub struct Plans {
    packs: BTreeMap<String, OfPack>,
}

#[derive(Clone, Debug)]
struct OfPack {
    pack: Pack,
    advice: advice::Advice,
    vitals: BTreeSet<Vital>,
    questionnaires: Vec<Questionnaire>,
}

impl Plans {
    pub fn of_rulebook(rulebook: &Rulebook) -> Self {
        let packs = rulebook.packs().iter().map(|pack| (pack.name.clone(), OfPack::read(rulebook, pack)));
        Self { packs: packs.collect() }
    }

    /// What a rule (`pack/rule`) looks at: vitals, and the names of questionnaires. None: no rule of these packs.
    pub fn looked_at(&self, rule: &str) -> Option<(Vec<&'static str>, Vec<&str>)> {
        let (pack, _) = rule.split_once('/')?;
        let of_pack = self.packs.get(pack)?;
        let known = of_pack.pack.rules.iter().find(|known| known.id == rule)?;
        let read = of_pack.pack.questionnaires.iter().filter(|questionnaire| known.reads(questionnaire));
        let questionnaires = read.map(|questionnaire| questionnaire.id.as_str()).collect();
        Some((known.vitals().iter().map(|vital| vital.name()).collect(), questionnaires))
    }

    /// The plan of a patient as it stands now; none before the first facts. Facts that cannot be read are an error of the row.
    /// `is_own`: on the patient's own phone. A carer's asks no sensitive questions.
    pub async fn of_patient(
        &self,
        lookups: &Lookups,
        patient: Uuid,
        handle: &str,
        is_own: bool,
        now: Timestamp,
    ) -> Result<Option<Plan>, NoAnswer> {
        let Some(in_force) = lookups.in_force.ask(patient).await? else { return Ok(None) };
        let facts: Facts =
            serde_json::from_value(in_force.facts.clone()).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let mut slots = slots_of_three_days(&facts, now);
        if !is_own {
            slots.retain(|slot| !matches!(&slot.slot.due, DueOf::Questionnaire(id) if self.is_sensitive(id)));
        }
        let (opens, closes) = (slots.iter().map(DueSlot::opens_at).min(), slots.iter().map(DueSlot::closes_at).max());
        let done = match (opens, closes) {
            (Some(from), Some(until)) => lookups.done.ask(Stretch { patient, from, until }).await?,
            _ => Vec::new(),
        };
        let mut plan = self.assemble(handle, &in_force, &facts, &slots, &done, now);
        if !is_own {
            plan.questionnaires.retain(|questionnaire| !self.is_sensitive(name_of(questionnaire)));
            plan.answer_advice
                .retain(|advice| plan.questionnaires.iter().any(|of| of.questionnaire == advice.questionnaire));
        }
        Ok(Some(plan))
    }

    pub fn any_sensitive(&self, questionnaires: &[&str]) -> bool {
        questionnaires.iter().any(|id| self.is_sensitive(id))
    }

    fn is_sensitive(&self, id: &str) -> bool {
        let mut all = self.packs.values().flat_map(|pack| &pack.pack.questionnaires);
        all.any(|questionnaire| questionnaire.id == id && questionnaire.is_sensitive)
    }

    fn assemble(
        &self,
        handle: &str,
        in_force: &InForce,
        facts: &Facts,
        slots: &[DueSlot<'_>],
        done: &[Done],
        now: Timestamp,
    ) -> Plan {
        let packs: Vec<&OfPack> = facts.plan.packs.iter().filter_map(|name| self.packs.get(name)).collect();
        let mut vitals: BTreeSet<Vital> = packs.iter().flat_map(|pack| pack.vitals.iter().copied()).collect();
        vitals.extend(facts.plan.slots.iter().filter_map(|slot| match slot.due {
            DueOf::Vital(vital) => Some(vital),
            DueOf::Questionnaire(_) => None,
        }));
        let questionnaires: Vec<Questionnaire> =
            packs.iter().flat_map(|pack| pack.questionnaires.iter().cloned()).collect();
        let (today, taken) = (facts.time_zone.to_datetime(now).date(), taken(slots, done));
        let is_shown = |slot: &DueSlot<'_>| slot.date >= today || slot.closes_at() > now;
        let shown = slots.iter().enumerate().filter(|(_, slot)| is_shown(slot));
        let due = shown.map(|(index, slot)| show(slot, &questionnaires, taken.contains(&index))).collect();
        let cover = &in_force.cover;
        let coming = cover.coming(now, COVER_DAYS);
        let hours = coming.first().copied();
        let local = |at: Timestamp| cover.calendar.zone.to_datetime(at).time();
        Plan {
            whom: handle.to_owned(),
            version: u64::try_from(in_force.version).unwrap_or_default(),
            time_zone: facts.time_zone.iana_name().unwrap_or("UTC").to_owned(),
            team: Team {
                name: in_force.team.clone(),
                phone: in_force.team_phone.clone(),
                cover_from: clock_face(hours.map_or(Time::midnight(), |(from, _)| local(from))),
                cover_until: clock_face(hours.map_or(Time::midnight(), |(_, until)| local(until))),
                cover: coming.into_iter().map(|(from, until)| Cover { from, until }).collect(),
                time_zone: cover.calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
            },
            due,
            vitals: vitals.into_iter().map(entry_of).collect(),
            questionnaires,
            advice: packs.iter().flat_map(|pack| pack.bands(facts, now)).collect(),
            answer_advice: packs.iter().flat_map(|pack| pack.answer_advice()).collect(),
            emergency: EMERGENCY.to_owned(),
        }
    }
}

impl OfPack {
    fn read(rulebook: &Rulebook, pack: &Pack) -> Self {
        // What does not read was refused when the rulebook was published.
        let advice = advice::of_pack(rulebook.files(), pack).unwrap_or_default();
        let questionnaires = pack.questionnaires.iter().map(|read| Questionnaire {
            questionnaire: read.reference(),
            title: read.title.text.clone(),
            content: read.content.clone(),
        });
        Self {
            pack: pack.clone(),
            advice,
            vitals: pack.rules.iter().flat_map(|rule| rule.vitals().iter().copied()).collect(),
            questionnaires: questionnaires.collect(),
        }
    }

    fn answer_advice(&self) -> impl Iterator<Item = AnswerAdvice> {
        self.advice.answers.iter().filter_map(|advice| {
            let of = self.pack.questionnaires.iter().find(|questionnaire| questionnaire.id == advice.questionnaire)?;
            Some(AnswerAdvice {
                questionnaire: of.reference(),
                link_id: advice.link.clone(),
                any_of: advice.any_of.iter().map(|answer| json!(answer)).collect(),
                say: advice.say.clone(),
                call: advice.call.map(call),
            })
        })
    }

    /// The advice with this patient's own limits in it.
    fn bands<'a>(&'a self, facts: &'a Facts, now: Timestamp) -> impl Iterator<Item = AdviceBand> + 'a {
        self.advice.bands.iter().filter_map(move |band| {
            let value = match &band.threshold {
                Threshold::Value(value) => *value,
                Threshold::Limit(name) => self.limit(name, band.component, facts, now)?,
            };
            let (at_or_above, below) = match band.side {
                Side::High => (Some(value), None),
                Side::Low => (None, Some(value)),
            };
            Some(AdviceBand {
                vital: band.component.vital()?.name().to_owned(),
                component: band.component.name().to_owned(),
                unit: band.component.dimension().unit().to_owned(),
                at_or_above,
                below,
                say: band.say.clone(),
                call: band.call.map(call),
            })
        })
    }

    /// The patient's own limit while it lasts, else the pack's for their age.
    fn limit(&self, name: &str, component: Component, facts: &Facts, now: Timestamp) -> Option<f64> {
        let own = facts.plan.limits.get(&format!("{}/{name}", self.pack.name));
        if let Some(own) = own.filter(|own| own.until.is_none_or(|until| now < until))
            && let Ok(value) = normalise(component, own.value, &own.unit)
        {
            return Some(value);
        }
        let limit = self.pack.limits.iter().find(|limit| limit.name == name)?;
        let today = facts.time_zone.to_datetime(now).date();
        let born = facts.date_of_birth;
        let age = today.year() - born.year() - i16::from((today.month(), today.day()) < (born.month(), born.day()));
        let by_age = limit.by_age.iter().rev().find(|step| age >= step.from_years);
        Some(by_age.map_or(limit.default, |step| step.value))
    }
}

/// Today's and tomorrow's, so that a phone that stays connected overnight knows its morning; and yesterday's, which may be
/// open still, or be what was measured late in the evening.
fn slots_of_three_days(facts: &Facts, now: Timestamp) -> Vec<DueSlot<'_>> {
    let today = facts.time_zone.to_datetime(now).date();
    schedule::due_slots(facts, today.saturating_sub(1.day()), today.saturating_add(1.day()))
}

/// Which of the slots something took.
fn taken(slots: &[DueSlot<'_>], done: &[Done]) -> BTreeSet<usize> {
    // A questionnaire stands there with its version.
    let what_of = |done: &Done| DueOf::named(done.what.split('|').next().unwrap_or_default());
    let taken: Vec<Taken> = done.iter().map(|done| Taken { what: what_of(done), at: done.at }).collect();
    let resolved = schedule::resolve(slots, &taken).into_iter();
    resolved.filter_map(|what_for| if let For::Slot(slot) = what_for { Some(slot) } else { None }).collect()
}

fn show(slot: &DueSlot<'_>, questionnaires: &[Questionnaire], done: bool) -> Due {
    let (name, what, words) = match &slot.slot.due {
        DueOf::Vital(vital) => (vital.name().to_owned(), DueWhat::Vital(vital.name().to_owned()), title(*vital)),
        DueOf::Questionnaire(name) => {
            let known = questionnaires.iter().find(|known| name_of(known) == name);
            let reference = known.map_or_else(|| name.clone(), |known| known.questionnaire.clone());
            let title = known.map_or_else(|| name.clone(), |known| known.title.clone());
            (name.clone(), DueWhat::Questionnaire(reference), title)
        }
    };
    let part_of_day = match slot.slot.at.hour() {
        0..12 => "morning",
        12..17 => "afternoon",
        _ => "evening",
    };
    Due {
        slot: format!("{name}:{}T{}", slot.date, clock_face(slot.slot.at)),
        what,
        title: format!("{words}, {part_of_day}"),
        opens_at: slot.opens_at(),
        due_at: slot.due_at,
        closes_at: slot.closes_at(),
        done,
    }
}

fn call(call: advice::Call) -> Call {
    match call {
        advice::Call::Emergency => Call::Emergency,
        advice::Call::OutOfHours => Call::Nhs111,
        advice::Call::Team => Call::Team,
    }
}

/// What the phone calls it.
fn title(vital: Vital) -> String {
    match vital {
        Vital::Consciousness => "How awake".to_owned(),
        other => capital(other.words()),
    }
}

/// How to enter one vital.
fn entry_of(vital: Vital) -> PlanVital {
    let required = vital.facts().required;
    let components = vital.components().map(|component| PlanComponent {
        component: component.name().to_owned(),
        title: match component {
            Component::Systolic => "Top number (systolic)".to_owned(),
            Component::Diastolic => "Bottom number (diastolic)".to_owned(),
            Component::Consciousness => "How awake is the person?".to_owned(),
            other => capital(other.words()),
        },
        required: required.contains(&component),
        units: accepted(component).map(|unit| shown_unit(component, unit)).collect(),
        choices: choices(component).collect(),
    });
    PlanVital {
        vital: vital.name().to_owned(),
        title: title(vital),
        components: components.collect(),
        off_scale: matches!(vital, Vital::Glucose | Vital::Ketones),
    }
}

/// The levels of consciousness as somebody beside the person tells them apart.
fn choices(component: Component) -> impl Iterator<Item = PlanChoice> {
    let words = |level: &str| match level {
        "alert" => "Awake, and as clear as usual".to_owned(),
        "new_confusion" => "Awake, but more confused than usual".to_owned(),
        "responds_to_voice" => "Wakes only when spoken to".to_owned(),
        "responds_to_pain" => "Wakes only when pinched".to_owned(),
        "unresponsive" => "Cannot be woken".to_owned(),
        other => capital(&other.replace('_', " ")),
    };
    let levels = ACVPU.into_iter().filter(move |_| component == Component::Consciousness);
    levels.zip(0..).map(move |(level, value)| PlanChoice { value, title: words(level) })
}

fn shown_unit(component: Component, unit: &str) -> PlanUnit {
    let canonical = unit == component.dimension().unit();
    let (title, decimals) = match unit {
        _ if canonical => (component.dimension().display(), component.facts().decimals),
        "mg/dL" => (unit, 0),
        "[degF]" => ("°F", 1),
        "[lb_av]" => ("lb", 1),
        "[stone_av]" => ("st", 2),
        "[in_i]" => ("in", 1),
        "m" => (unit, 2),
        "g" => (unit, 0),
        other => (other, 1),
    };
    PlanUnit { unit: unit.to_owned(), title: title.to_owned(), decimals: u8::try_from(decimals).unwrap_or_default() }
}

fn name_of(questionnaire: &Questionnaire) -> &str {
    questionnaire.questionnaire.split('|').next().unwrap_or_default()
}

fn clock_face(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
