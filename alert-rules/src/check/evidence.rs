//! Every number has a reason, every pack an owner, and every rule somebody who is told. (Texts that must be there at
//! all, such as a pack's source, are asked for as the file is read.)

use crate::finding::Kind;
use crate::problem::Problem;
use crate::rule::RulePriority;

use super::{Whole, logic};

const CHECKED: &str = "why = \"…\", with a † if nobody checked the primary source";

pub(super) fn check(whole: &Whole, problems: &mut Vec<Problem>) {
    let pack = whole.pack;
    let mut says = |place, needle: &str, wrong: bool, message: String, hint: &str| {
        if wrong {
            problems.push(whole.problem(place, needle, message).hint(hint));
        }
    };
    let (nobody, review) = ("nobody is named who reviews this pack", "review = { by = \"2027-06-01\", owner = \"…\" }");
    says(&pack.place, "", pack.review.is_none(), nobody.to_owned(), review);
    let (anybody, whom) = ("this pack does not say whom it may watch", "for = \"age_of_patient >= 18 years\"");
    says(&pack.place, "", pack.applies.is_none(), anybody.to_owned(), whom);
    let uncovered = "nobody is paged for this pack: it does not say which cover a team must offer";
    says(&pack.place, "cover", !is_cover(&pack.cover), uncovered.to_owned(), "cover = \"08:00-20:00 daily\"");
    let used = logic::limits_used(pack);
    for (index, limit) in pack.limits.iter().enumerate() {
        let name = &limit.name;
        says(&limit.place, name, limit.why.is_none(), format!("{name} has no reason"), CHECKED);
        let unused = !used.contains(&index);
        says(
            &limit.place,
            name,
            unused,
            format!("no rule uses {name}"),
            "a plan could set it, and nothing would change",
        );
    }
    for rule in &pack.rules {
        let name = &rule.name;
        says(&rule.place, name, rule.why.is_none(), format!("{name} names no source for its numbers"), CHECKED);
        let (silent, team) = (rule.team.is_none(), "team = \"…\": who is paged reads it first");
        says(&rule.place, name, silent, format!("{name} does not tell the team what to do"), team);
        let ranked = rule.priority == RulePriority::FromPlan && rule.kind != Kind::Absence;
        let message = format!("{name} takes its priority from the plan, and is no absence rule");
        says(&rule.place, "from plan", ranked, message, "only silence is ranked by the plan: say high, medium or low");
    }
}

/// `08:00-20:00 daily`, `09:00-17:00 weekdays`, or `24 h daily`.
fn is_cover(text: &str) -> bool {
    let Some((hours, days)) = text.rsplit_once(' ') else { return false };
    let time = |text: &str| format!("{text}:00").parse::<jiff::civil::Time>().ok();
    let window = || hours.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
    ["daily", "weekdays"].contains(&days) && (hours == "24 h" || window().is_some_and(|(from, to)| from < to))
}
