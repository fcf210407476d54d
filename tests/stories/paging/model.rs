//! Who should be paged, when, worked out by hand: minute by minute, on a clock on the wall, in the words of those who wait for it.
//! It knows nothing of the service's code. Everything happens on whole minutes.
//!
//! A high alert is told at once to whoever is on duty, after 15 minutes to the next, after 30 to everybody, and then every 15
//! minutes, with the operator hearing of it from then on. A medium one waits for cover, and has four hours of it for each step. Who
//! acknowledges is left in peace for two hours (high) or four hours of cover (medium). News that is worse goes round from the start.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// A notice to the operator is not said again for so long.
const NOTICE: SignedDuration = SignedDuration::from_hours(24);

/// One page: to whom, over what, about which alerts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Paged {
    pub at: Timestamp,
    pub who: String,
    pub over: &'static str,
    /// Of people; the operator's have none.
    pub about: Vec<String>,
}

pub struct Model {
    /// `08:00-20:00`, on a clock on a wall in London.
    pub cover: String,
    /// In their order.
    pub shifts: Vec<(String, String)>,
    /// Of the team, and on no roster.
    pub others: Vec<String>,
    pub events: BTreeMap<Timestamp, Vec<Event>>,
    /// The service did not run.
    pub down: Vec<(Timestamp, Timestamp)>,
    /// Over this nobody can be reached.
    pub dead: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub enum Event {
    High(String),
    Medium(String),
    Acknowledges(String, String),
    /// To whom.
    Offers(String, String),
    /// Who.
    Declines(String, String),
    Closes(String),
    /// Something worse than anybody knew came in.
    Worse(String),
}

#[derive(Clone, Debug)]
struct Alert {
    high: bool,
    state: State,
    /// Since it was told from the start.
    told: BTreeSet<String>,
}

#[derive(Clone, Debug)]
enum State {
    /// `step` was told; the next is due then (high), or after so many minutes of cover.
    Rings {
        step: usize,
        due: Due,
    },
    /// This step is told when cover is back.
    Waits {
        step: usize,
    },
    Has {
        who: String,
        offered: Option<String>,
        due: Due,
    },
    Closed,
}

#[derive(Clone, Debug)]
enum Due {
    At(Timestamp),
    MinutesOfCover(i64),
}

impl Model {
    pub fn new(cover: &str, shifts: &[(&str, &str)]) -> Self {
        Self {
            cover: cover.to_owned(),
            shifts: shifts.iter().map(|(name, hours)| ((*name).to_owned(), (*hours).to_owned())).collect(),
            others: Vec::new(),
            events: BTreeMap::new(),
            down: Vec::new(),
            dead: None,
        }
    }

    pub fn with(mut self, at: Timestamp, event: Event) -> Self {
        self.events.entry(at).or_default().push(event);
        self
    }

    /// Everything that should be sent from `from` to `until`, both included.
    pub fn paged(&self, from: Timestamp, until: Timestamp) -> BTreeSet<Paged> {
        let zone = TimeZone::get("Europe/London").expect("a zone");
        let mut all = BTreeSet::new();
        let mut alerts: BTreeMap<String, Alert> = BTreeMap::new();
        let mut notices: BTreeMap<&str, Timestamp> = BTreeMap::new();
        let mut bundled: BTreeMap<String, Timestamp> = BTreeMap::new();
        // A clock that is never put back: what it showed once it has shown.
        let mut wall = DateTime::MIN;
        // Was the minute before within cover?
        let mut covered = false;
        let mut now = from;
        while now <= until {
            wall = wall.max(zone.to_datetime(now));
            let up = !self.down.iter().any(|(from, until)| *from <= now && now < *until);
            let mut minute =
                Minute { model: self, now, wall: wall.time(), told: Vec::new(), operator: BTreeSet::new() };
            for (name, alert) in &mut alerts {
                minute.passes(name, alert, covered, up);
            }
            covered = minute.is_covered();
            if now == from && self.has_hole() {
                minute.operator.insert("hole ahead");
            }
            for event in self.events.get(&now).into_iter().flatten() {
                minute.happens(event, &mut alerts);
            }
            let Minute { told, operator, .. } = minute;
            let mut bundles: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (who, name) in told {
                if alerts[&name].high {
                    for over in ["email", "pager"] {
                        all.insert(Paged { at: now, who: who.clone(), over, about: vec![name.clone()] });
                    }
                } else {
                    bundles.entry(who).or_default().push(name);
                }
            }
            for (who, about) in bundles {
                assert!(
                    bundled.get(&who).is_none_or(|last| now >= *last + MINUTE * 10),
                    "the model knows no bundles that wait"
                );
                bundled.insert(who.clone(), now);
                all.insert(Paged { at: now, who, over: "email", about });
            }
            for problem in operator {
                if notices.get(problem).is_none_or(|told| now >= *told + NOTICE) {
                    notices.insert(problem, now);
                    let about = vec![problem.to_owned()];
                    all.insert(Paged { at: now, who: "operator".to_owned(), over: "email", about });
                }
            }
            now += MINUTE;
        }
        all.retain(|paged| Some(paged.over) != self.dead);
        all
    }
}

impl Model {
    /// On an ordinary day there is a minute of cover in which nobody is on duty.
    fn has_hole(&self) -> bool {
        let minutes = (0..24 * 60).map(|minute| Time::midnight() + MINUTE * minute);
        let on_duty = |wall| self.shifts.iter().any(|(_, hours)| is_within(hours, wall));
        minutes.into_iter().any(|wall| is_within(&self.cover, wall) && !on_duty(wall))
    }
}

fn is_within(hours: &str, wall: Time) -> bool {
    let (from, until) = hours.split_once('-').expect("hours");
    let time = |text: &str| -> Time { text.parse().expect("a time") };
    let (from, until) = (time(from), time(until));
    if from < until { from <= wall && wall < until } else { from <= wall || wall < until }
}

/// One minute of the day.
struct Minute<'a> {
    model: &'a Model,
    now: Timestamp,
    wall: Time,
    /// Who is told of which alert.
    told: Vec<(String, String)>,
    operator: BTreeSet<&'static str>,
}

impl Minute<'_> {
    fn is_within(&self, hours: &str) -> bool {
        is_within(hours, self.wall)
    }

    fn is_covered(&self) -> bool {
        self.is_within(&self.model.cover)
    }

    /// Those on duty in their order, and then the others of the roster in theirs.
    fn roster(&self) -> Vec<String> {
        let (on, off): (Vec<_>, Vec<_>) = self.model.shifts.iter().partition(|(_, hours)| self.is_within(hours));
        on.into_iter().chain(off).map(|(name, _)| name.clone()).collect()
    }

    /// Tells this step, or waits until somebody is there.
    fn tell(&mut self, name: &str, alert: &mut Alert, step: usize) {
        if !alert.high && !self.is_covered() {
            alert.state = State::Waits { step };
            return;
        }
        let roster = self.roster();
        let nobody_on_duty = !self.model.shifts.iter().any(|(_, hours)| self.is_within(hours));
        if nobody_on_duty && self.is_covered() {
            self.operator.insert("hole");
        }
        let whom: Vec<String> = match (roster.len(), step) {
            (0, _) => self.model.others.iter().take(1).cloned().collect(),
            (_, 0) => vec![roster[0].clone()],
            // Whoever has not heard of it, and where all have, the second.
            (len, 1) => {
                let next = roster.iter().find(|who| !alert.told.contains(*who)).unwrap_or(&roster[1 % len]);
                vec![next.clone()]
            }
            _ => roster,
        };
        alert.told.extend(whom.iter().cloned());
        self.told.extend(whom.into_iter().map(|who| (who, name.to_owned())));
        alert.state = State::Rings { step, due: self.after(alert.high, 15) };
    }

    /// From the first step on.
    fn begins(&mut self, name: &str, alert: &mut Alert) {
        alert.told.clear();
        self.tell(name, alert, 0);
    }

    fn after(&self, high: bool, minutes: i32) -> Due {
        if high { Due::At(self.now + MINUTE * minutes) } else { Due::MinutesOfCover(4 * 60) }
    }

    /// The minute before this one is over; `covered`: it was within cover.
    fn passes(&mut self, name: &str, alert: &mut Alert, covered: bool, up: bool) {
        let now = self.now;
        let is_due = |due: &mut Due| match due {
            Due::At(at) => *at <= now,
            Due::MinutesOfCover(left) => {
                *left -= i64::from(covered);
                *left <= 0
            }
        };
        match &mut alert.state {
            State::Rings { step, due } => {
                if is_due(due) && up {
                    let next = *step + 1;
                    if next > 2 {
                        let high = "a high alert nobody answers";
                        self.operator.insert(if alert.high { high } else { "a medium alert nobody answers" });
                    } else if self.model.shifts.is_empty() {
                        self.operator.insert("nobody on a roster");
                    }
                    self.tell(name, alert, next);
                }
            }
            State::Has { due, .. } => {
                if is_due(due) && up {
                    self.begins(name, alert);
                }
            }
            State::Waits { step } if up => {
                let step = *step;
                self.tell(name, alert, step);
            }
            State::Waits { .. } | State::Closed => {}
        }
    }

    fn happens(&mut self, event: &Event, alerts: &mut BTreeMap<String, Alert>) {
        match event {
            Event::High(name) | Event::Medium(name) => {
                let high = matches!(event, Event::High(_));
                let mut alert = Alert { high, state: State::Closed, told: BTreeSet::new() };
                self.begins(name, &mut alert);
                alerts.insert(name.clone(), alert);
            }
            Event::Worse(name) => {
                let mut alert = alerts.remove(name).expect("an alert");
                self.begins(name, &mut alert);
                alerts.insert(name.clone(), alert);
            }
            Event::Acknowledges(name, who) => {
                let alert = alerts.get_mut(name).expect("an alert");
                alert.state = State::Has { who: who.clone(), offered: None, due: self.after(alert.high, 120) };
            }
            Event::Offers(name, to) => {
                let State::Has { offered, .. } = &mut alerts.get_mut(name).expect("an alert").state else {
                    panic!("{event:?}")
                };
                *offered = Some(to.clone());
                self.told.push((to.clone(), name.clone()));
            }
            Event::Declines(name, by) => {
                let State::Has { offered, who, .. } = &mut alerts.get_mut(name).expect("an alert").state else {
                    panic!("{event:?}")
                };
                assert_eq!(offered.take().as_ref(), Some(by));
                self.told.push((who.clone(), name.clone()));
            }
            Event::Closes(name) => alerts.get_mut(name).expect("an alert").state = State::Closed,
        }
    }
}
