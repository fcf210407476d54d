//! Silence that rules watch for, and that a plan begun with the pack's own times would never notice.

use crate::template::Template;

use super::Whole;

pub(super) fn check(whole: &Whole, template: &Template, problems: &mut Vec<crate::Problem>) {
    for rule in &whole.pack.rules {
        for (due, _) in &rule.uses.overdue {
            if !template.slots.iter().any(|(slot, _)| slot.due() == due) {
                let message = format!("{} waits for {}, and nothing here asks for it", rule.name, due.words());
                let problem = whole.problem(&template.place, "", message);
                problems.push(problem.hint("what is not due is never overdue: add a slot for it"));
            }
        }
    }
}
