//! One patient's morning, told reading by reading.

use alert_rules::finding::Finding;
use alert_rules::reading::Measured;
use alert_rules::{Component, Rulebook, Vital};
use jiff::SignedDuration;

use crate::world::{Monitor, Thing, at, dorothy, pressure, reading, rules};

pub struct Morning {
    pub rulebook: Rulebook,
    pub monitor: Monitor,
    seq: i64,
}

impl Morning {
    pub fn of(pack: &str) -> Morning {
        let mut facts = dorothy();
        facts.plan.packs = vec![pack.to_owned()];
        Morning { rulebook: Rulebook::built_in(), monitor: Monitor::new(facts), seq: 0 }
    }

    /// Watched by nothing but rules written for one test.
    pub fn watched_by(text: &str) -> Morning {
        Morning { rulebook: rules(text), ..Morning::of("x") }
    }

    pub fn next(&mut self) -> i64 {
        self.seq += 1;
        self.seq
    }

    /// Something arrives a second after it happened; time has passed until then.
    pub fn then(&mut self, time: &str, thing: Thing) {
        let now = at(time) + SignedDuration::from_secs(1);
        self.monitor.pass(&self.rulebook, at(time).max(self.monitor.folded_through));
        self.monitor.take(&self.rulebook, vec![thing], now);
    }

    pub fn pressure(&mut self, time: &str, systolic: f64, diastolic: f64) {
        let reading = pressure(self.next(), at(time), 1, systolic, diastolic);
        self.then(time, Thing::Reading(reading));
    }

    pub fn glucose(&mut self, time: &str, measured: Measured) {
        let mut reading = reading(self.next(), at(time), 1, Vital::Glucose, &[]);
        reading.components = vec![(Component::Glucose, measured)];
        self.then(time, Thing::Reading(reading));
    }

    pub fn measures(&mut self, time: &str, vital: Vital, values: &[(Component, f64)]) {
        let reading = reading(self.next(), at(time), 1, vital, values);
        self.then(time, Thing::Reading(reading));
    }

    pub fn pass(&mut self, until: &str) {
        self.monitor.pass(&self.rulebook, at(until));
    }

    pub fn finding(&self, problem: &str) -> &Finding {
        let mut found = self.monitor.findings.values().filter(|finding| finding.problem == problem);
        let first = found.next().unwrap_or_else(|| panic!("no finding of {problem}"));
        assert!(found.next().is_none(), "more than one finding of {problem}");
        first
    }

    pub fn problems(&self) -> Vec<&str> {
        self.monitor.findings.values().map(|finding| finding.problem.as_str()).collect()
    }
}

pub const HIGH: &str = "blood pressure high";
