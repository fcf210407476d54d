//! A team's escalation policy in words, and whether it reaches somebody at every hour: pure.

use std::collections::BTreeSet;

use alert_rules::escalation::Policies;
use alert_rules::escalation::policy::Target;
use alert_rules::{Kind, Priority};
use jiff::{SignedDuration, Timestamp};

use crate::roster::Roster;

/// Looked ahead, hour by hour.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What of the roster's policies would tell nobody within the cover of the next 14 days, in sentences. `rosters`: of this
/// team and of those that the policies name.
pub fn untold(roster: &Roster, rosters: &[Roster], from: Timestamp) -> Vec<String> {
    let hours: Vec<Timestamp> = (0..AHEAD.as_hours())
        .map(|hour| from + SignedDuration::from_hours(hour))
        .filter(|at| roster.cover.holds(*at))
        .collect();
    let mut untold = Vec::new();
    for (kind, priority, policy) in roster.policies.each() {
        let steps = policy.steps.iter().enumerate().map(|(n, step)| (format!("step {}", n + 1), &step.to));
        for (place, targets) in steps.chain([("the welfare step".to_owned(), &policy.welfare)]) {
            let place = format!("{}, {place}", alerts(kind, priority));
            let is_nobody = |target: &&Target| {
                let named = |at: &Timestamp| {
                    !roster.named(std::slice::from_ref(*target), rosters, *at, &BTreeSet::new()).is_empty()
                };
                !hours.iter().any(named)
            };
            if let Some(nobody) = targets.iter().find(is_nobody) {
                untold.push(format!("{place}: {}", whom(nobody)));
            } else if let Some(at) =
                hours.iter().find(|at| roster.named(targets, rosters, **at, &BTreeSet::new()).is_empty())
            {
                let at = at.to_zoned(roster.zone().clone()).strftime("%a %-d %b %H:%M");
                untold.push(format!("{place}: nobody is there on {at}"));
            }
        }
    }
    untold
}

/// Of each priority, and of each kind that has its own: for what it is, and its steps.
pub fn in_words(policies: &Policies) -> Vec<(String, Vec<String>)> {
    let names = |targets: &[Target]| targets.iter().map(Target::words).collect::<Vec<_>>().join(", ");
    let each = policies.each().map(|(kind, priority, policy)| {
        let (acknowledge, deal) = (policy.acknowledge.words(), policy.deal.words());
        let title =
            format!("{}: acknowledged within {acknowledge}, then dealt with within {deal}", alerts(kind, priority));
        let steps = policy.steps.iter().enumerate().map(|(n, step)| {
            let again = if n + 1 == policy.steps.len() { ", and again" } else { "" };
            format!("{}. {}{again}: {}", n + 1, step.after.words(), names(&step.to))
        });
        (title, steps.chain([format!("welfare step: {}", names(&policy.welfare))]).collect())
    });
    each.collect()
}

/// `high alerts`, `low alerts of kind equipment`.
pub fn alerts(kind: Option<Kind>, priority: Priority) -> String {
    let of_kind = kind.map_or_else(String::new, |kind| format!(" of kind {}", kind.name()));
    format!("{} alerts{of_kind}", priority.name())
}

fn whom(target: &Target) -> String {
    match target {
        Target::OnDuty => "nobody is on duty".to_owned(),
        Target::Next => "nobody is next".to_owned(),
        Target::Everyone => "there is nobody in the team".to_owned(),
        Target::Role(role) => format!("nobody of the team has the role {role}"),
        Target::Staff(email) => format!("{email} is nobody of the team"),
        Target::Team(name) => format!("the organisation has no team {name}, or nobody is on duty there"),
    }
}
