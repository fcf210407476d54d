//! What is stored, made plain: one list of everything that happened, in order of time, with corrections looked up.

use alert_rules::finding::Side;
use alert_rules::reading::{Answer, Measured};
use alert_rules::{Answers, Component, Facts, History, Vital};
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Span, Timestamp};

/// One patient's world, as the slow evaluator sees it.
pub struct World<'a> {
    pub facts: &'a Facts,
    pub history: &'a History,
    /// In order of time; those of one instant in order of what they say.
    pub items: Vec<Item>,
    /// Of each five minutes since a day before the plan: whether the patient was there and we listened.
    listened: Vec<bool>,
}

/// Slots, pauses, gaps and graces are all multiples of it.
pub const STEP: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub at: Timestamp,
    pub received: Timestamp,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Event(String),
    Answers { questionnaire: String, answers: Vec<(String, Answer)>, score: Option<Value> },
    Reading { vital: Vital, could_not: bool, impossible: bool, undated: bool, measured: bool, values: Vec<Value> },
}

/// A number that can be used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    pub component: Component,
    pub measured: Measured,
    /// HI and LO are beyond every number.
    pub number: f64,
    /// Flagged when it came, and nothing is odd about it today.
    pub held_back: bool,
    /// Of a reading that says so.
    pub standing: bool,
}

/// A value with the item it came with.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub item: usize,
    pub at: Timestamp,
    pub undated: bool,
    pub value: Value,
}

/// Of a world of two weeks, and the day before.
const STEPS: i32 = 15 * 24 * 12;

pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

impl<'a> World<'a> {
    pub fn new(facts: &'a Facts, history: &'a History) -> World<'a> {
        let mut items: Vec<(String, Item)> = Vec::new();
        let counts = |at: &Timestamp| *at >= facts.plan.since;
        for event in history.events.iter().filter(|event| counts(&event.effective_at)) {
            if correction(history, event.seq) == Corrected::Withdrawn {
                continue;
            }
            let what = What::Event(event.event.clone());
            items.push((
                format!("0 {}", event.event),
                Item { at: event.effective_at, received: event.received_at, what },
            ));
        }
        for given in history.answers.iter().filter(|given| counts(&given.effective_at)) {
            // What was answered to a sensitive questionnaire stands.
            let stands = given.questionnaire.starts_with("gad7|");
            if correction(history, given.seq) != Corrected::No && !stands {
                continue;
            }
            let (questionnaire, answers) = (given.questionnaire.clone(), given.answers.clone());
            let what = What::Answers { questionnaire, answers, score: anxiety(given) };
            let said = format!("1 {} {:?}", given.questionnaire, given.answers);
            items.push((said, Item { at: given.effective_at, received: given.received_at, what }));
        }
        for reading in history.readings.iter().filter(|reading| counts(&reading.effective_at)) {
            let (values, as_sent) = match correction(history, reading.seq) {
                Corrected::No => (&reading.components, true),
                Corrected::To(values) => (values, false),
                Corrected::Withdrawn => continue,
            };
            let wrong = wrong(values);
            let odd = values.iter().any(|(component, measured)| {
                is_number(measured) && !wrong.contains(component) && beyond_hold(*component, measured.value).is_some()
            });
            let unconfirmed = odd || as_sent && reading.flags.unconfirmed;
            let impossible = !wrong.is_empty() || as_sent && reading.flags.impossible;
            let all_wrong = impossible && wrong.is_empty();
            let can_use = |component: &Component| !all_wrong && !wrong.contains(component);
            let mut usable = Vec::new();
            for (component, measured) in values {
                let number = match (measured.comparator, measured.value) {
                    (Some(alert_rules::reading::Comparator::High), _) => f64::INFINITY,
                    (Some(alert_rules::reading::Comparator::Low), _) => f64::NEG_INFINITY,
                    (None, Some(number)) if number.is_finite() => number,
                    (None, _) => continue,
                };
                let own = reading.vital.components().any(|own| own == *component);
                if own && can_use(component) && reading.absent.is_none() {
                    let held_back = unconfirmed && !odd;
                    let standing = reading.circumstances.standing == Some(true);
                    usable.push(Value { component: *component, measured: *measured, number, held_back, standing });
                }
            }
            if let (Some(first), Vital::BloodPressure) = (usable.first().copied(), reading.vital) {
                let said = reading.circumstances;
                for (component, said) in
                    [(Component::IrregularPulse, said.irregular_pulse), (Component::Standing, said.standing)]
                {
                    let number = match said {
                        None => continue,
                        Some(true) => 1.0,
                        Some(false) => 0.0,
                    };
                    usable.push(Value { component, measured: Measured::value(number), number, ..first });
                }
            }
            let lost = |component: &Component| values.iter().any(|(has, _)| has == component) && !can_use(component);
            let measured = reading.absent.is_none()
                && !reading.vital.facts().required.iter().any(lost)
                && !(impossible && values.iter().all(|(component, _)| !can_use(component)));
            // Numbers so written sort like the numbers, all of them being positive.
            let said = format!(
                "2 {:02} {} {} {} {} {} {} {}",
                reading.vital as u8,
                u8::from(reading.absent.is_some()),
                u8::from(impossible),
                u8::from(reading.flags.dated_by_arrival),
                u8::from(unconfirmed),
                said(reading.circumstances.irregular_pulse),
                said(reading.circumstances.standing),
                values
                    .iter()
                    .map(|(component, measured)| {
                        let comparator = match measured.comparator {
                            None => 0,
                            Some(alert_rules::reading::Comparator::Low) => 1,
                            Some(alert_rules::reading::Comparator::High) => 2,
                        };
                        format!("{:02} {comparator} {:012.4}", *component as u8, measured.value.unwrap_or(0.0))
                    })
                    .collect::<Vec<_>>()
                    .join(" ")
            );
            let what = What::Reading {
                vital: reading.vital,
                could_not: reading.absent.is_some(),
                impossible,
                undated: reading.flags.dated_by_arrival,
                measured,
                values: usable,
            };
            items.push((said, Item { at: reading.effective_at, received: reading.received_at, what }));
        }
        items.sort_by(|one, other| (one.1.at, &one.0, one.1.received).cmp(&(other.1.at, &other.0, other.1.received)));
        let begin = facts.plan.since - hours(24);
        let mut gaps: Vec<_> = facts.pauses.iter().map(|pause| (pause.from, pause.until)).collect();
        gaps.extend(facts.service_gaps.iter().map(|gap| (gap.from, gap.until)));
        let there = |step: i32| {
            let at = begin + STEP * step;
            !gaps.iter().any(|(from, until)| *from <= at && at < *until)
        };
        let listened = (0..STEPS).map(there).collect();
        World { facts, history, items: items.into_iter().map(|(_, item)| item).collect(), listened }
    }

    /// For how long, since a day before the plan, the patient was there and we listened.
    pub fn listened_until(&self, at: Timestamp) -> SignedDuration {
        let passed = at.duration_since(self.facts.plan.since - hours(24));
        let steps = (passed.as_secs() / STEP.as_secs()) as usize;
        let heard = self.listened.iter().take(steps).filter(|heard| **heard).count();
        let rest = SignedDuration::from_secs(passed.as_secs() % STEP.as_secs());
        STEP * heard as i32 + if self.listened.get(steps) == Some(&true) { rest } else { SignedDuration::ZERO }
    }

    /// Values of a component among the first `known` items, oldest first.
    pub fn values(&self, component: Component, known: usize) -> Vec<Known> {
        let mut found = Vec::new();
        for (index, item) in self.items.iter().enumerate().take(known) {
            if let What::Answers { score: Some(score), .. } = &item.what
                && score.component == component
            {
                found.push(Known { item: index, at: item.at, undated: false, value: *score });
            }
            if let What::Reading { values, undated, .. } = &item.what {
                for value in values.iter().filter(|value| value.component == component) {
                    found.push(Known { item: index, at: item.at, undated: *undated, value: *value });
                }
            }
        }
        found
    }

    /// The latest reading of a vital that gave what it is measured for.
    pub fn last_measured(&self, vital: Vital, known: usize, count_undated: bool) -> Option<Timestamp> {
        let mut last = None;
        for item in self.items.iter().take(known) {
            match &item.what {
                What::Reading { vital: of, measured: true, undated, .. }
                    if *of == vital && (count_undated || !*undated) =>
                {
                    last = Some(item.at);
                }
                _ => {}
            }
        }
        last
    }

    /// The latest answers to a questionnaire, to all of it or to a part.
    pub fn last_answered(&self, id: &str, known: usize) -> Option<Timestamp> {
        let mut last = None;
        for item in self.items.iter().take(known) {
            if let What::Answers { questionnaire, .. } = &item.what
                && questionnaire.starts_with(&format!("{id}|"))
            {
                last = Some(item.at);
            }
        }
        last
    }

    /// Whether, of what is known, nothing takes away the doubt that there is about a value.
    pub fn is_doubted(&self, value: &Known, known: usize) -> bool {
        let Known { at, item, value: Value { component, number, held_back, .. }, .. } = *value;
        if matches!(component, Component::IrregularPulse | Component::Standing) {
            let accepted = Component::ALL.into_iter().flat_map(|of| self.accepted(of)).any(|(when, _)| when == at);
            return held_back && !accepted;
        }
        let accepted = self.accepted(component);
        if !number.is_finite() || accepted.contains(&(at, number)) {
            return false;
        }
        let all = self.values(component, known);
        let agreed = |within: SignedDuration, from: f64, to: f64| {
            let other_is_too = |other: &Known| {
                other.item != item
                    && other.at.duration_since(at).abs() <= within
                    && side(other.value.number, from, to) == side(number, from, to)
            };
            all.iter().any(other_is_too)
        };
        if let Some(hold) = component.facts().hold {
            let (mut from, mut to) = (hold.from, hold.to);
            for (when, value) in &accepted {
                if *when <= at {
                    (from, to) = (from.min(*value), to.max(*value));
                }
            }
            if side(number, from, to).is_some() {
                return !agreed(hours(24), from, to);
            }
        }
        if held_back {
            return true;
        }
        let near = |own: f64| match component {
            Component::Weight => Some((own - 4.0, own + 4.0)),
            Component::Glucose => Some((own / 12.0, own * 12.0)),
            _ => None,
        };
        let week = |when: Timestamp| when <= at && at.duration_since(when) <= hours(7 * 24);
        let mut own: Vec<f64> = Vec::new();
        for before in all.iter().filter(|before| before.item < item && week(before.at)) {
            if before.value.number.is_finite() && beyond_hold(component, Some(before.value.number)).is_none() {
                own.push(before.value.number);
            }
        }
        if own.len().is_multiple_of(2) {
            own.pop();
        }
        own.sort_by(f64::total_cmp);
        let Some((mut from, mut to)) = own.get(own.len() / 2).and_then(|middle| near(*middle)) else { return false };
        for (_, value) in accepted.iter().filter(|(when, _)| week(*when)) {
            let (near_from, near_to) = near(*value).unwrap_or((from, to));
            (from, to) = (from.min(near_from), to.max(near_to));
        }
        side(number, from, to).is_some() && !agreed(hours(48), from, to)
    }

    /// What staff accepted, as far as no correction has changed it since: when it was taken, and the number.
    pub fn accepted(&self, component: Component) -> Vec<(Timestamp, f64)> {
        let mut accepted = Vec::new();
        for acceptance in &self.history.acceptances {
            for value in acceptance.values.iter().filter(|(of, _)| *of == component) {
                let stands = match correction(self.history, acceptance.seq) {
                    Corrected::No => true,
                    Corrected::To(values) => values.contains(value),
                    Corrected::Withdrawn => false,
                };
                if let (true, true, Some(number)) = (stands, is_number(&value.1), value.1.value) {
                    accepted.push((acceptance.effective_at, number));
                }
            }
        }
        accepted
    }

    pub fn local(&self, at: Timestamp) -> Date {
        self.facts.time_zone.to_datetime(at).date()
    }

    pub fn instant(&self, date: Date, time: Time) -> Timestamp {
        self.facts.time_zone.to_timestamp(date.to_datetime(time)).expect("a usual year")
    }

    pub fn midnight(&self, at: Timestamp, days_before: i64) -> Timestamp {
        self.instant(self.local(at).saturating_sub(Span::new().days(days_before)), Time::midnight())
    }

    /// The next 04:00 of the patient's own clock.
    pub fn next_morning(&self, at: Timestamp) -> Timestamp {
        let today = self.local(at).saturating_sub(Span::new().days(1));
        let mornings =
            (0..4).map(|days| self.instant(today.saturating_add(Span::new().days(days)), Time::constant(4, 0, 0, 0)));
        mornings.into_iter().find(|morning| *morning > at).expect("there is a morning in three days")
    }
}

/// The codes of GAD-7, in order of what they count.
pub const CODES: [&str; 4] = ["not-at-all", "several-days", "more-than-half-the-days", "nearly-every-day"];

/// The total of seven answers; of fewer there is none.
fn anxiety(given: &Answers) -> Option<Value> {
    if !given.questionnaire.starts_with("gad7|") {
        return None;
    }
    let mut total = 0.0;
    for question in 1..=7 {
        let link = format!("gad7_{question}");
        let (_, answer) = given.answers.iter().rev().find(|(name, _)| *name == link)?;
        let Answer::Text(code) = answer else { return None };
        total += CODES.iter().position(|known| known == code)? as f64;
    }
    let measured = Measured::value(total);
    Some(Value { component: Component::Gad7, measured, number: total, held_back: false, standing: false })
}

#[derive(PartialEq)]
enum Corrected<'a> {
    No,
    Withdrawn,
    To(&'a Vec<(Component, Measured)>),
}

/// The correction with the highest number counts.
fn correction(history: &History, seq: i64) -> Corrected<'_> {
    let mut of_this: Vec<_> = history.corrections.iter().filter(|correction| correction.corrects_seq == seq).collect();
    of_this.sort_by_key(|correction| correction.seq);
    match of_this.last() {
        None => Corrected::No,
        Some(correction) => correction.values.as_ref().map_or(Corrected::Withdrawn, Corrected::To),
    }
}

fn said(said: Option<bool>) -> char {
    match said {
        None => ' ',
        Some(false) => 'n',
        Some(true) => 'y',
    }
}

fn is_number(measured: &Measured) -> bool {
    measured.comparator.is_none() && measured.value.is_some_and(f64::is_finite)
}

fn side(number: f64, from: f64, to: f64) -> Option<Side> {
    match number {
        number if number > to => Some(Side::High),
        number if number < from => Some(Side::Low),
        _ => None,
    }
}

fn beyond_hold(component: Component, value: Option<f64>) -> Option<Side> {
    let hold = component.facts().hold?;
    side(value?, hold.from, hold.to)
}

/// Values that cannot be: each by itself, and both ends of a pressure when one cannot be or they are upside down.
fn wrong(values: &[(Component, Measured)]) -> Vec<Component> {
    let mut wrong = Vec::new();
    for (component, measured) in values {
        let possible = component.facts().possible;
        if measured.comparator.is_none()
            && measured.value.is_some_and(|value| side(value, possible.from, possible.to).is_some())
        {
            wrong.push(*component);
        }
    }
    let value = |wanted| values.iter().find(|(component, _)| *component == wanted).and_then(|(_, given)| given.value);
    let upside_down = match (value(Component::Systolic), value(Component::Diastolic)) {
        (Some(upper), Some(lower)) => lower >= upper,
        _ => false,
    };
    if upside_down || wrong.contains(&Component::Systolic) || wrong.contains(&Component::Diastolic) {
        wrong.extend([Component::Systolic, Component::Diastolic]);
    }
    wrong
}
