//! Escalation policies: who is told when, and in what time people answer and deal with it. A team has one for each
//! priority; kinds of alerts may have their own. The last step repeats until a person acts.

mod span;
mod written;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

pub use span::Span;
pub use written::read;

use crate::finding::{Kind, Priority};

/// The standard one, for whatever a team says nothing of.
const STANDARD: &str = include_str!("../../../policies/standard.toml");
/// Policies to begin with, by name.
pub const PRESETS: [(&str, &str); 2] = [
    ("standard", STANDARD),
    ("urgent-community-response", include_str!("../../../policies/urgent-community-response.toml")),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// In this time somebody acknowledges it.
    pub acknowledge: Span,
    /// In this time from then on it is closed, or comes back.
    pub deal: Span,
    /// At least one.
    pub steps: Vec<Step>,
    /// Who goes, or sends somebody, when neither the patient nor the emergency contact answers.
    pub welfare: Vec<Target>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Since the step before; of the first, since the alert was opened. Of the last, also between its repeats.
    pub after: Span,
    /// At least one.
    pub to: Vec<Target>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The first on duty.
    OnDuty,
    /// The one after, by the roster.
    Next,
    /// Everybody on the roster, on duty or not.
    Everyone,
    /// Everybody of the team in this role.
    Role(String),
    /// A member of staff, by e-mail address.
    Staff(String),
    /// Whoever is on duty in this other team, by name.
    Team(String),
}

impl Target {
    /// As it is written.
    pub fn words(&self) -> String {
        match self {
            Target::OnDuty => "on duty".to_owned(),
            Target::Next => "next".to_owned(),
            Target::Everyone => "everyone".to_owned(),
            Target::Role(role) => format!("role: {role}"),
            Target::Staff(email) => format!("staff: {email}"),
            Target::Team(name) => format!("team: {name}"),
        }
    }
}

impl Policy {
    /// The index of the last step.
    pub fn last(&self) -> i16 {
        i16::try_from(self.steps.len().saturating_sub(1)).unwrap_or(i16::MAX)
    }

    /// Steps beyond the last are the last again.
    pub fn step(&self, step: i16) -> &Step {
        let index = usize::try_from(step.clamp(0, self.last())).unwrap_or(0);
        &self.steps[index]
    }
}

/// One for each priority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByPriority {
    pub high: Policy,
    pub medium: Policy,
    pub low: Policy,
}

impl ByPriority {
    fn of(&self, priority: Priority) -> &Policy {
        match priority {
            Priority::High => &self.high,
            Priority::Medium => &self.medium,
            Priority::Low => &self.low,
        }
    }
}

/// All of a team's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies(Arc<Parts>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    all: ByPriority,
    /// Of some priorities of a kind.
    kinds: BTreeMap<(Kind, Priority), Policy>,
}

impl Policies {
    /// What a team with no policy of its own goes by.
    pub fn standard() -> Policies {
        static READ: LazyLock<Policies> = LazyLock::new(written::standard);
        READ.clone()
    }

    /// The policy for alerts of this priority and kind: the kind's own, else the priority's.
    pub fn of(&self, priority: Priority, kind: Kind) -> &Policy {
        self.0.kinds.get(&(kind, priority)).unwrap_or_else(|| self.0.all.of(priority))
    }

    /// Each, with the kind it is for where it is not for all.
    pub fn each(&self) -> impl Iterator<Item = (Option<Kind>, Priority, &Policy)> {
        let all = [Priority::High, Priority::Medium, Priority::Low].into_iter();
        let kinds = self.0.kinds.iter().map(|((kind, priority), policy)| (Some(*kind), *priority, policy));
        all.map(|priority| (None, priority, self.0.all.of(priority))).chain(kinds)
    }
}

impl Policies {
    /// Names of other teams whose people they name.
    pub fn teams(&self) -> impl Iterator<Item = &str> {
        let targets =
            self.each().flat_map(|(.., policy)| policy.steps.iter().flat_map(|step| &step.to).chain(&policy.welfare));
        targets.filter_map(|target| if let Target::Team(name) = target { Some(name.as_str()) } else { None })
    }
}

impl Default for Policies {
    fn default() -> Policies {
        Policies::standard()
    }
}
