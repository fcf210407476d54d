//! What the engine concludes: a problem of a patient, from – to, its worst, its reasons. Pure, and re-computed when data change.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fold::ASK_WITHIN;
use crate::reading::Comparator;
use crate::reason::Reason;
use crate::vital::Component;

/// IEC 60601-1-8. Ordered: low < medium < high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    Medium,
    High,
}

impl Priority {
    /// As stored and as on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Medium => "medium",
            Priority::High => "high",
        }
    }

    pub fn named(name: &str) -> Option<Priority> {
        [Priority::Low, Priority::Medium, Priority::High].into_iter().find(|priority| priority.name() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Clinical,
    Absence,
    Equipment,
    Service,
}

impl Kind {
    /// As stored and as on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Clinical => "clinical",
            Kind::Absence => "absence",
            Kind::Equipment => "equipment",
            Kind::Service => "service",
        }
    }

    pub fn named(name: &str) -> Option<Kind> {
        [Kind::Clinical, Kind::Absence, Kind::Equipment, Kind::Service].into_iter().find(|kind| kind.name() == name)
    }
}

/// Which way is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    High,
    Low,
}

/// The worst value of one component while the finding lasted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    pub component: Component,
    pub side: Side,
    /// None: off the meter's scale, see `comparator`.
    pub value: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparator: Option<Comparator>,
    pub at: Timestamp,
}

impl Extreme {
    /// Worse than `known` by at least `margin` (0: at all), on the same side of the same component.
    pub fn is_worse_than(&self, known: &Extreme, margin: f64) -> bool {
        if self.component != known.component || self.side != known.side {
            return false;
        }
        let (new, old) = (self.on_its_side(), known.on_its_side());
        new > old && new >= old + margin
    }

    /// Larger is worse, whichever the side.
    fn on_its_side(&self) -> f64 {
        let value = match self.comparator {
            Some(Comparator::High) => f64::INFINITY,
            Some(Comparator::Low) => f64::NEG_INFINITY,
            None => self.value.unwrap_or(f64::NAN),
        };
        match self.side {
            Side::High => value,
            Side::Low => -value,
        }
    }
}

/// One spell of one rule within a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// `pack/rule`.
    pub rule: String,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    pub priority: Priority,
    /// When `at_once` or a symptom was last newly met, if it was: breaks acknowledgement.
    pub at_once: Option<Timestamp>,
    /// The patient was asked first, and nobody has been alarmed yet.
    pub pending: bool,
    /// It ended because no rule looks at it any more, not because anything was clear.
    #[serde(default)]
    pub unwatched: bool,
}

/// A problem of a patient, for as long as any rule of that problem fires. Its key is (patient, problem, start).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub problem: String,
    pub start: Timestamp,
    /// None: still firing at the time of the evaluation.
    pub end: Option<Timestamp>,
    pub kind: Kind,
    /// The highest of its firings.
    pub priority: Priority,
    /// `pack/rule` of the firing that gives the priority.
    pub rule: String,
    /// One line for the worklist.
    pub sentence: String,
    /// What the rule tells the team, if it says something.
    pub team: Option<String>,
    pub worst: Vec<Extreme>,
    pub reasons: Vec<Reason>,
    /// It rests on readings that no second reading has confirmed.
    pub unconfirmed: bool,
    /// How long after it was taken the reading that started it reached us; 0 when that was soon.
    pub late_minutes: i64,
    /// Every firing is still waiting for the patient to measure again: no alert yet.
    pub pending: bool,
    /// Its alert needs no person to close it: all its rules are low and say so, or all it rests on was doubted, measured
    /// again as asked, and clear.
    pub closes_itself: bool,
    pub firings: Vec<Firing>,
}

impl Finding {
    /// Nobody has to hear of it: the patient measures again first, or it is over and would have closed its alert itself.
    pub fn needs_nobody(&self) -> bool {
        self.pending || self.end.is_some() && self.closes_itself
    }

    /// How loudly people who hear of it at `at` are told: a breach that was late to reach us, and that later readings
    /// have cleared, is at most medium. The finding itself keeps its priority, for it must not depend on when data
    /// arrived.
    pub fn alarm_priority(&self, at: Timestamp) -> Priority {
        let late_and_over = self.end.is_some() && self.late_by(at) > 0;
        if late_and_over { self.priority.min(Priority::Medium) } else { self.priority }
    }

    /// How late, in minutes, people are who first hear of it at `at`: its reading reached us late, or a late one made it
    /// what it is long after it was over.
    pub fn late_by(&self, at: Timestamp) -> i64 {
        match self.end {
            Some(end) if at.duration_since(end) > ASK_WITHIN => at.duration_since(self.start).as_mins(),
            _ => self.late_minutes,
        }
    }
}
