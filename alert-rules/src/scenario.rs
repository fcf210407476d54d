//! Scenarios: what a pack promises, as readings over time and what should follow. Read here, replayed in `replay.rs`.
//!
//! Times are the patient's local ones. A line of `at` is said in `scenario/line.rs`.

mod line;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::Deserialize;
use toml::Spanned;

use crate::facts::{Facts, Plan, PlanLimit, SetBy, Slot};
use crate::finding::Priority;
use crate::problem::{Place, Problem, place_of};
use crate::questionnaire::Questionnaire;
use crate::rule::Pack;
use crate::slot_text;
pub use line::{Input, Submitted};

const ZONE: &str = "Europe/London";
const AGE_YEARS: i16 = 65;
/// How long a scenario goes on after its last line, unless it says `until`.
const AFTERWARDS: SignedDuration = SignedDuration::from_hours(1);

/// One story about one patient whom one pack watches.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub pack: String,
    pub name: String,
    /// Which of a repeat's five cases it is: the rule, and the case.
    pub case: Option<(String, Case)>,
    pub facts: Facts,
    /// The phone shows an ask as soon as it comes.
    pub shows_asks: bool,
    /// In the order they come.
    pub inputs: Vec<Input>,
    pub until: Timestamp,
    pub expect: Vec<Moment>,
    pub place: Place,
}

/// What becomes of a request to measure again: a pack shows all five.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    Confirmed,
    Cleared,
    NeverCame,
    Symptom,
    CameLate,
}

impl Case {
    pub const ALL: [Case; 5] = [Case::Confirmed, Case::Cleared, Case::NeverCame, Case::Symptom, Case::CameLate];

    pub fn name(self) -> &'static str {
        match self {
            Case::Confirmed => "confirmed",
            Case::Cleared => "cleared",
            Case::NeverCame => "never came",
            Case::Symptom => "symptom",
            Case::CameLate => "came late",
        }
    }
}

/// Something a person would notice, and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub at: Timestamp,
    pub what: Outcome,
}

/// Rules are named without their pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The patient is asked to measure again.
    Ask(String),
    /// Somebody is told, or told that it became worse.
    Alert(Priority, String),
    /// The finding is over.
    Ends(String),
    /// Nobody waits any longer for what was asked.
    Lapses(String),
}

impl Outcome {
    pub fn words(&self) -> String {
        match self {
            Outcome::Ask(rule) => format!("ask {rule}"),
            Outcome::Alert(priority, rule) => format!("{} {rule}", priority.name()),
            Outcome::Ends(rule) => format!("ends {rule}"),
            Outcome::Lapses(rule) => format!("lapses {rule}"),
        }
    }

    /// With rules of this pack named without it.
    pub fn within(self, pack: &str) -> Outcome {
        let short = |rule: String| {
            rule.strip_prefix(pack).and_then(|rest| rest.strip_prefix('/')).map(str::to_owned).unwrap_or(rule)
        };
        match self {
            Outcome::Ask(rule) => Outcome::Ask(short(rule)),
            Outcome::Alert(priority, rule) => Outcome::Alert(priority, short(rule)),
            Outcome::Ends(rule) => Outcome::Ends(short(rule)),
            Outcome::Lapses(rule) => Outcome::Lapses(short(rule)),
        }
    }

    fn said(text: &str) -> Result<Outcome, String> {
        let help = "say `ask RULE`, `high RULE`, `medium RULE`, `low RULE`, `ends RULE` or `lapses RULE`";
        let (verb, rule) = text.trim().split_once(' ').ok_or_else(|| help.to_owned())?;
        let rule = rule.trim().to_owned();
        match verb {
            "ask" => Ok(Outcome::Ask(rule)),
            "ends" => Ok(Outcome::Ends(rule)),
            "lapses" => Ok(Outcome::Lapses(rule)),
            _ => Priority::named(verb).map(|priority| Outcome::Alert(priority, rule)).ok_or_else(|| help.to_owned()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    scenario: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Spanned<String>,
    case: Option<Spanned<String>>,
    #[serde(default)]
    patient: Patient,
    phone: Option<Spanned<String>>,
    at: Vec<Spanned<String>>,
    until: Option<Spanned<String>>,
    expect: Vec<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Patient {
    age: Option<i16>,
    time_zone: Option<Spanned<String>>,
    #[serde(default)]
    tags: BTreeMap<String, bool>,
    #[serde(default)]
    limits: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    slots: Vec<Spanned<String>>,
    absence_priority: Option<Priority>,
    /// The clinician who set it.
    spo2_scale_2: Option<String>,
}

/// So that checking and replaying them cost a known maximum.
const MAX_SCENARIOS: usize = 500;

/// Reads a pack's `scenarios.toml`; without that file there are none.
pub fn of_pack(files: &BTreeMap<String, String>, pack: &Pack) -> Result<Vec<Scenario>, Vec<Problem>> {
    let file = &format!("{}/scenarios.toml", pack.name);
    let Some(text) = files.get(file) else { return Ok(Vec::new()) };
    let written: File = toml::from_str(text).map_err(|error| vec![Problem::of_toml(file, text, &error)])?;
    if let Some(beyond) = written.scenario.get(MAX_SCENARIOS) {
        let span = beyond.span();
        let message = format!("a pack has at most {MAX_SCENARIOS} scenarios");
        return Err(vec![Problem::at(file, text, span.start, span.end, message)]);
    }
    let mut reader =
        Reader { pack: &pack.name, file, text, questionnaires: &pack.questionnaires, problems: Vec::new() };
    let scenarios = written.scenario.iter().filter_map(|written| reader.scenario(written)).collect();
    if reader.problems.is_empty() { Ok(scenarios) } else { Err(reader.problems) }
}

struct Reader<'a> {
    pack: &'a str,
    file: &'a str,
    text: &'a str,
    questionnaires: &'a [Questionnaire],
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn scenario(&mut self, spanned: &Spanned<Written>) -> Option<Scenario> {
        let before = self.problems.len();
        let written = spanned.get_ref();
        let zone = self.zone(&written.patient);
        let mut inputs: Vec<Input> = written.at.iter().filter_map(|line| self.line(line, &zone)).collect();
        inputs.sort_by_key(|input| input.came);
        let Some(first) = inputs.iter().map(|input| input.what.effective_at()).min() else {
            if before == self.problems.len() {
                self.problem(
                    &written.name,
                    "this scenario has no line in `at`",
                    "say what the patient measures, and when",
                );
            }
            return None;
        };
        let last = inputs.last().map_or(first, |input| input.came);
        let expect: Vec<Moment> = written.expect.iter().filter_map(|line| self.moment(line, &zone)).collect();
        let until = match &written.until {
            Some(until) => self.instant(until, until.get_ref(), &zone)?,
            None => expect
                .iter()
                .map(|moment| moment.at)
                .chain([last])
                .max()
                .unwrap_or(last)
                .saturating_add(AFTERWARDS)
                .unwrap_or(last),
        };
        let case = match &written.case {
            None => None,
            Some(case) => Some(self.case(case)?),
        };
        let shows_asks = match &written.phone {
            None => true,
            Some(phone) if phone.get_ref() == "not shown" => false,
            Some(phone) => {
                self.problem(
                    phone,
                    "the phone either shows an ask at once or not at all",
                    "leave `phone` out, or say \"not shown\"",
                );
                true
            }
        };
        let facts = self.facts(&written.patient, &zone, first)?;
        let place = place_of(self.file, self.text, written.name.span().start);
        let name = written.name.get_ref().clone();
        (before == self.problems.len()).then(|| Scenario {
            pack: self.pack.to_owned(),
            name,
            case,
            facts,
            shows_asks,
            inputs,
            until,
            expect,
            place,
        })
    }

    fn zone(&mut self, patient: &Patient) -> TimeZone {
        let name = patient.time_zone.as_ref().map_or(ZONE, |zone| zone.get_ref());
        TimeZone::get(name).unwrap_or_else(|_| {
            if let Some(zone) = &patient.time_zone {
                self.problem(zone, &format!("{name} is not a time zone"), "use an IANA name such as Europe/London");
            }
            TimeZone::UTC
        })
    }

    fn facts(&mut self, patient: &Patient, zone: &TimeZone, first: Timestamp) -> Option<Facts> {
        let day = zone.to_datetime(first).date();
        let birth_year = day.saturating_sub(i32::from(patient.age.unwrap_or(AGE_YEARS)).years());
        let mut limits = BTreeMap::new();
        for (name, value) in &patient.limits {
            let Some((number, unit)) =
                value.get_ref().split_once(' ').and_then(|(number, unit)| Some((number.parse().ok()?, unit)))
            else {
                self.problem(value, "a limit is a number and its unit", "for example \"165 mmHg\"");
                continue;
            };
            let why = "this scenario".to_owned();
            limits.insert(
                format!("{}/{name}", self.pack),
                PlanLimit { value: number, unit: unit.to_owned(), by: "scenario".to_owned(), why, until: None },
            );
        }
        let mut tags = BTreeMap::from([("pregnant".to_owned(), false)]);
        tags.extend(patient.tags.clone());
        let spo2_scale_2 =
            patient.spo2_scale_2.clone().map(|by| SetBy { by, at: first, why: "this scenario".to_owned() });
        let slots = patient.slots.iter().filter_map(|slot| self.slot(slot, day)).collect();
        Some(Facts {
            valid_from: None,
            version: 1,
            date_of_birth: birth_year.saturating_sub(30.days()),
            time_zone: zone.clone(),
            tags,
            plan: Plan {
                since: day.to_zoned(zone.clone()).ok()?.timestamp(),
                packs: vec![self.pack.to_owned()],
                slots,
                limits,
                absence_priority: patient.absence_priority.unwrap_or(Priority::Medium),
            },
            spo2_scale_2,
            pauses: Vec::new(),
            service_gaps: Vec::new(),
        })
    }

    /// Counted from the scenario's first day, unless it says from when.
    fn slot(&mut self, spanned: &Spanned<String>, first: Date) -> Option<Slot> {
        slot_text::read(spanned.get_ref())
            .map(|slot| slot.beginning(first))
            .map_err(|sentence| self.problem(spanned, &sentence, slot_text::EXAMPLE))
            .ok()
    }

    fn case(&mut self, spanned: &Spanned<String>) -> Option<(String, Case)> {
        let read = spanned.get_ref().split_once(": ").and_then(|(rule, case)| {
            Some((rule.to_owned(), Case::ALL.into_iter().find(|known| known.name() == case)?))
        });
        if read.is_none() {
            self.problem(
                spanned,
                "this is not a case of a repeat",
                "say RULE: confirmed, cleared, never came, symptom or came late",
            );
        }
        read
    }

    fn line(&mut self, spanned: &Spanned<String>, zone: &TimeZone) -> Option<Input> {
        let example = "for example \"2026-03-01 08:00 systolic 184 mmHg, diastolic 101 mmHg\"";
        line::input(spanned.get_ref(), zone, self.questionnaires)
            .map_err(|sentence| self.problem(spanned, &sentence, example))
            .ok()
    }

    fn moment(&mut self, spanned: &Spanned<String>, zone: &TimeZone) -> Option<Moment> {
        let text = spanned.get_ref();
        let read =
            line::instant_and_rest(text, zone).and_then(|(at, rest)| Ok(Moment { at, what: Outcome::said(rest)? }));
        read.map_err(|sentence| self.problem(spanned, &sentence, "for example \"2026-03-01 08:12 high severe\"")).ok()
    }

    fn instant(&mut self, spanned: &Spanned<String>, text: &str, zone: &TimeZone) -> Option<Timestamp> {
        line::instant(text, zone)
            .map_err(|sentence| self.problem(spanned, &sentence, "for example \"2026-03-01 08:00\""))
            .ok()
    }

    fn problem<T>(&mut self, spanned: &Spanned<T>, message: &str, hint: &str) {
        let span = spanned.span();
        self.problems.push(Problem::at(self.file, self.text, span.start, span.end, message).hint(hint));
    }
}
