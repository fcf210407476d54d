//! Every number has a reason, every pack an owner, and every rule somebody who is told.

use crate::finding::{Kind, Priority};
use crate::problem::Problem;
use crate::rule::RulePriority;

use super::{Whole, logic};

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let pack = whole.pack;
    let mut pack_says = |missing: bool, message: &str, hint: &str| {
        if missing {
            problems.push(whole.problem(&pack.place, "", message).hint(hint));
        }
    };
    pack_says(
        pack.source.trim().is_empty(),
        "this pack names no source",
        "source = \"NICE NG136 (2019, updated 2023)\"",
    );
    pack_says(
        pack.review.is_none(),
        "nobody is named who reviews this pack",
        "review = { by = \"2027-06-01\", owner = \"clinical safety officer\" }",
    );
    pack_says(
        pack.applies.is_none(),
        "this pack does not say whom it may watch",
        "for = \"age_of_patient >= 18 years\"",
    );
    pack_says(
        !is_cover(&pack.cover),
        "nobody is paged for this pack: it does not say which cover a team must offer",
        "cover = \"08:00-20:00 daily\"",
    );
    for limit in &pack.limits {
        if limit.why.as_ref().is_none_or(|why| why.trim().is_empty()) {
            problems.push(
                whole
                    .problem(&limit.place, &limit.name, format!("{} has no reason", limit.name))
                    .hint("why = \"…\", with a † if nobody checked the primary source"),
            );
        }
        let used = pack.rules.iter().any(|rule| logic::names_limit(rule, pack, &limit.name));
        if !used {
            problems.push(
                whole
                    .problem(&limit.place, &limit.name, format!("no rule uses {}", limit.name))
                    .hint("a plan could set it, and nothing would change"),
            );
        }
    }
    for rule in &pack.rules {
        let mut rule_says = |wrong: bool, needle: &str, message: String, hint: &str| {
            if wrong {
                problems.push(whole.problem(&rule.place, needle, message).hint(hint));
            }
        };
        let empty = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
        rule_says(
            empty(&rule.why),
            &rule.name,
            format!("{} names no source for its numbers", rule.name),
            "why = \"…\", with a † if nobody checked the primary source",
        );
        rule_says(
            empty(&rule.team),
            &rule.name,
            format!("{} does not tell the team what to do", rule.name),
            "team = \"…\": who is paged reads it first",
        );
        rule_says(
            rule.kind == Kind::Service,
            "kind",
            format!("nobody in the team is paged for {}: kind service goes to the operator", rule.name),
            "use clinical, absence or equipment",
        );
        rule_says(
            rule.priority == RulePriority::FromPlan && rule.kind != Kind::Absence,
            "priority",
            format!("{} takes its priority from the plan, and is no absence rule", rule.name),
            "only silence may be ranked by the plan: name high, medium or low",
        );
        rule_says(
            rule.closes_itself && rule.priority != RulePriority::Fixed(Priority::Low),
            "closes_itself",
            format!("{} closes itself, and is not of low priority", rule.name),
            "only a low alert may end without a person",
        );
    }
}

/// `08:00-20:00 daily`, `09:00-17:00 weekdays`, or `24 h daily`.
fn is_cover(text: &str) -> bool {
    let Some((hours, days)) = text.rsplit_once(' ') else { return false };
    let time = |text: &str| format!("{text}:00").parse::<jiff::civil::Time>().ok();
    let hours = hours == "24 h"
        || hours
            .split_once('-')
            .is_some_and(|(from, to)| matches!((time(from), time(to)), (Some(from), Some(to)) if from < to));
    hours && ["daily", "weekdays"].contains(&days)
}
