//! A small world to test the engine in: a patient with the built-in packs, things that arrive, and a monitor without a
//! database that keeps spells and findings by the contract of `evaluate`.

use std::collections::BTreeMap;

use alert_rules::facts::{Due, Plan, Slot};
use alert_rules::finding::Finding;
use alert_rules::reading::{Answer, Circumstances, Flags, Measured};
use alert_rules::{
    Acceptance, Answers, Ask, Component, Correction, Event, Facts, History, Priority, Reading, Rulebook, Shown, Vital,
    Watch, evaluate,
};
use jiff::{SignedDuration, Timestamp};

pub const SINCE: &str = "2026-03-26T00:00:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a test writes proper times")
}

/// Seventy, in London, all three packs, blood pressure and weight each morning, glucose morning and evening.
pub fn dorothy() -> Facts {
    let slot = |vital, hour| Slot::daily(Due::Vital(vital), jiff::civil::time(hour, 0, 0, 0));
    Facts {
        version: 1,
        valid_from: None,
        date_of_birth: jiff::civil::date(1956, 2, 14),
        time_zone: jiff::tz::TimeZone::get("Europe/London").expect("bundled"),
        tags: BTreeMap::from([("on_sglt2_inhibitor".to_owned(), true), ("pregnant".to_owned(), false)]),
        plan: Plan {
            since: at(SINCE),
            packs: ["hypertension", "heart-failure", "diabetes"].map(str::to_owned).to_vec(),
            slots: vec![
                slot(Vital::BloodPressure, 8),
                slot(Vital::Weight, 8),
                slot(Vital::Glucose, 8),
                slot(Vital::Glucose, 18),
            ],
            limits: BTreeMap::new(),
            absence_priority: Priority::Medium,
        },
        spo2_scale_2: None,
        pauses: Vec::new(),
        service_gaps: Vec::new(),
    }
}

/// Rules written for one test, as pack `x`.
pub fn rules(text: &str) -> Rulebook {
    let text = format!("[pack]\ntitle='x'\ncover='x'\nsource='x'\nversion='1'\n{text}");
    Rulebook::from_files(BTreeMap::from([("x/rules.toml".to_owned(), text)])).expect("the rules read")
}

#[derive(Debug, Clone)]
pub enum Thing {
    Reading(Reading),
    Answers(Answers),
    Event(Event),
    Correction(Correction),
    Acceptance(Acceptance),
    Shown(Shown),
}

impl Thing {
    /// The earliest instant it touches.
    fn touches(&self, history: &History) -> Timestamp {
        match self {
            Thing::Reading(reading) => reading.effective_at,
            Thing::Answers(answers) => answers.effective_at,
            Thing::Event(event) => event.effective_at,
            Thing::Shown(shown) => shown.at,
            Thing::Acceptance(acceptance) => acceptance.effective_at,
            Thing::Correction(correction) => {
                let readings = history.readings.iter().map(|reading| (reading.seq, reading.effective_at));
                let answers = history.answers.iter().map(|answers| (answers.seq, answers.effective_at));
                let events = history.events.iter().map(|event| (event.seq, event.effective_at));
                let mut known = readings.chain(answers).chain(events);
                known.find(|(seq, _)| *seq == correction.corrects_seq).map_or(Timestamp::MAX, |(_, at)| at)
            }
        }
    }

    pub fn put(self, history: &mut History) {
        match self {
            Thing::Reading(reading) => history.readings.push(reading),
            Thing::Answers(answers) => history.answers.push(answers),
            Thing::Event(event) => history.events.push(event),
            Thing::Correction(correction) => history.corrections.push(correction),
            Thing::Acceptance(acceptance) => history.acceptances.push(acceptance),
            Thing::Shown(shown) => history.shown.push(shown),
        }
    }
}

/// A reading that arrives `late_s` after it was taken.
pub fn reading(seq: i64, taken: Timestamp, late_s: i64, vital: Vital, values: &[(Component, f64)]) -> Reading {
    let components: Vec<_> = values.iter().map(|(component, value)| (*component, Measured::value(*value))).collect();
    Reading {
        seq,
        vital,
        effective_at: taken,
        received_at: taken + SignedDuration::from_secs(late_s),
        flags: Flags::of_values(&components),
        components,
        absent: None,
        circumstances: Circumstances::default(),
    }
}

pub fn pressure(seq: i64, taken: Timestamp, late_s: i64, systolic: f64, diastolic: f64) -> Reading {
    let values = [(Component::Systolic, systolic), (Component::Diastolic, diastolic)];
    reading(seq, taken, late_s, Vital::BloodPressure, &values)
}

pub fn answers(seq: i64, taken: Timestamp, late_s: i64, questionnaire: &str, link: &str, yes: bool) -> Answers {
    Answers {
        seq,
        effective_at: taken,
        received_at: taken + SignedDuration::from_secs(late_s),
        questionnaire: questionnaire.to_owned(),
        partial: false,
        answers: vec![(link.to_owned(), Answer::YesNo(yes))],
    }
}

/// What the monitor keeps between evaluations of one patient.
#[derive(Debug, Clone)]
pub struct Monitor {
    pub facts: Facts,
    pub history: History,
    pub watches: Vec<Watch>,
    pub findings: BTreeMap<(String, Timestamp), Finding>,
    pub asks: Vec<Ask>,
    pub timers: Vec<Timestamp>,
    pub folded_through: Timestamp,
}

impl Monitor {
    pub fn new(facts: Facts) -> Monitor {
        let folded_through = facts.plan.since;
        Monitor {
            facts,
            history: History::default(),
            watches: Vec::new(),
            findings: BTreeMap::new(),
            asks: Vec::new(),
            timers: Vec::new(),
            folded_through,
        }
    }

    /// Takes things in and evaluates once.
    pub fn take(&mut self, rulebook: &Rulebook, things: Vec<Thing>, at: Timestamp) {
        let mut from = self.folded_through;
        for thing in things {
            from = from.min(thing.touches(&self.history));
            thing.put(&mut self.history);
        }
        self.look(rulebook, from, at);
    }

    /// Evaluates with no more history than the contract promises, and keeps what it says.
    pub fn look(&mut self, rulebook: &Rulebook, from: Timestamp, at: Timestamp) {
        let lookback = rulebook.lookback(&self.facts);
        let oldest = from.max(at - alert_rules::REACH) - lookback;
        let mut loaded = self.history.clone();
        loaded.readings.retain(|reading| reading.effective_at >= oldest);
        loaded.answers.retain(|answers| answers.effective_at >= oldest);
        loaded.events.retain(|event| event.effective_at >= oldest);
        loaded.shown.retain(|shown| shown.at >= oldest);
        let evaluation = evaluate(rulebook, &self.facts, from, &self.watches, &loaded, at);
        let from = evaluation.folded_from;
        self.watches.retain(|watch| watch.until.is_some_and(|until| until < from));
        self.watches.extend(evaluation.watches);
        self.watches.retain(|watch| watch.until.is_none_or(|until| until >= evaluation.forget_before));
        self.findings.retain(|(_, start), _| *start < from);
        for finding in evaluation.findings {
            self.findings.insert((finding.problem.clone(), finding.start), finding);
        }
        self.asks.extend(evaluation.asks);
        self.timers = evaluation.timers.into_iter().map(|timer| timer.at).collect();
        self.folded_through = evaluation.folded_through;
    }

    /// Lets time pass, looking whenever a timer asks for it.
    pub fn pass(&mut self, rulebook: &Rulebook, until: Timestamp) {
        while let Some(next) = self.timers.iter().copied().filter(|timer| *timer > self.folded_through).min() {
            if next > until {
                break;
            }
            self.look(rulebook, self.folded_through, next);
        }
        self.look(rulebook, self.folded_through, until.max(self.folded_through));
    }
}
