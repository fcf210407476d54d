//! A rule that no scenario shows has never been seen to work, and a scenario of a rule that is gone shows nothing.

use crate::problem::Problem;
use crate::scenario::Outcome;

use super::Whole;

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let pack = whole.pack;
    let Some(scenarios) = &whole.scenarios else { return };
    if !whole.files.contains_key(&format!("{}/scenarios.toml", pack.name)) {
        problems.push(
            whole
                .problem_in_file("scenarios.toml", "this pack has no scenarios")
                .hint("a rule ships with the stories that show it"),
        );
        return;
    }
    let is_rule = |name: &str| pack.rules.iter().any(|rule| rule.name == name) || name.contains('/');
    for scenario in scenarios {
        let named = scenario.expect.iter().map(|moment| match &moment.what {
            Outcome::Ask(rule) | Outcome::Alert(_, rule) | Outcome::Ends(rule) | Outcome::Lapses(rule) => rule,
        });
        for rule in
            named.chain(scenario.case.as_ref().map(|(rule, _)| rule)).filter(|rule| !rule.is_empty() && !is_rule(rule))
        {
            problems.push(whole.problem(&scenario.place, rule, format!("this pack has no rule {rule}")));
        }
        for limit in scenario.facts.plan.limits.keys() {
            let name = limit.rsplit('/').next().unwrap_or(limit);
            if !pack.limits.iter().any(|known| known.name == name) {
                problems.push(whole.problem(&scenario.place, name, format!("this pack has no limit {name}")));
            }
        }
    }
    for rule in &pack.rules {
        let shown = scenarios.iter().any(|scenario| {
            scenario.expect.iter().any(|moment| matches!(&moment.what, Outcome::Alert(_, of) if *of == rule.name))
        });
        if !shown {
            let problem = whole.problem(&rule.place, &rule.name, format!("no scenario shows {} firing", rule.name));
            problems.push(problem.hint("write one in scenarios.toml"));
        }
    }
}
