//! The people who are paged: some take an alert within minutes, some after hours, some never.

use std::time::Duration;

use alert_rules::escalation::act::{self, By};
use alert_rules::{Facts, Priority};
use uuid::Uuid;

use super::event::{Event, Work};
use super::world::World;
use crate::store::roster;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Colleague {
    pub staff: Uuid,
    pub name: &'static str,
    pub manner: Manner,
    /// The address is wrong: nothing is ever accepted there.
    pub unreachable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Prompt,
    Slow,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Takes,
    Rings,
    PutsOff,
    Offers(Uuid),
    Accepts,
    Declines,
    Releases,
    Closes,
}

impl Act {
    fn words(self) -> &'static str {
        match self {
            Act::Takes => "takes",
            Act::Rings => "rings in vain about",
            Act::PutsOff => "puts off",
            Act::Offers(_) => "hands over",
            Act::Accepts => "accepts",
            Act::Declines => "declines",
            Act::Releases => "lets go of",
            Act::Closes => "closes",
        }
    }
}

impl World {
    pub fn name_of(&self, staff: Option<Uuid>) -> &'static str {
        staff.and_then(|staff| self.names.get(&staff).copied()).unwrap_or("the operator")
    }

    /// A page is in somebody's hands.
    pub fn reaches(&mut self, page: usize) {
        let page = &self.database.pages[page].page;
        let Some(who) = self.staff.iter().position(|colleague| Some(colleague.staff) == page.staff) else { return };
        let longest = match self.staff[who].manner {
            Manner::Prompt => 12 * MINUTE,
            Manner::Slow => 300 * MINUTE,
            Manner::Never => return,
        };
        for alert in page.alerts.clone() {
            let after = self.dice.up_to(longest);
            self.after(after, Event::Acts { who, alert, act: Act::Takes });
        }
    }

    pub fn acts(&mut self, who: usize, alert: Uuid, act: Act) {
        let (staff, name) = (self.staff[who].staff, self.staff[who].name);
        let now = self.care();
        let Some(row) = self.database.alerts.get(&alert) else { return };
        let (stored, reference) = (row.stored.clone(), row.reference);
        let duty = roster::duty_of(&self.database.rosters, stored.owner.team);
        let state = &stored.state;
        let by = By { staff, saw: state.told, at: now };
        let half_hour = now + jiff::SignedDuration::from_mins(30);
        let decision = match act {
            Act::Takes => act::acknowledge(state, by, &duty),
            Act::Rings => act::rang_no_answer(state, by, &duty),
            Act::PutsOff => act::snooze(state, by, half_hour, "at the surgery"),
            Act::Offers(to) => act::offer(state, by, to, &duty),
            Act::Accepts => act::accept(state, by),
            Act::Declines => act::decline(state, by),
            Act::Releases => act::release(state, by, &duty),
            Act::Closes => act::close(state, by, "advice given"),
        };
        let Ok(decision) = decision else { return };
        if self.database_is_down() {
            return self.after(MINUTE, Event::Acts { who, alert, act });
        }
        self.database.write_alert(Some(alert), stored.owner, &decision, now);
        self.say(name, act.words(), format_args!("A{reference}"));
        match act {
            Act::Offers(to) => {
                let to = self.staff.iter().position(|colleague| colleague.staff == to);
                if let Some(to) = to.filter(|to| self.staff[*to].manner != Manner::Never) {
                    let answer = if self.dice.chance(500) { Act::Accepts } else { Act::Declines };
                    let after = self.dice.up_to(30 * MINUTE);
                    self.after(after, Event::Acts { who: to, alert, act: answer });
                }
            }
            Act::Closes | Act::Releases => {}
            _ => {
                let next = self.goes_on(who);
                let after = self.dice.up_to(240 * MINUTE);
                if let Some(act) = next {
                    self.after(after, Event::Acts { who, alert, act });
                }
            }
        }
        self.poke(Work::Escalate);
        self.poke(Work::Form);
    }

    /// What somebody who has an alert does with it next; nothing more, once in a while.
    fn goes_on(&mut self, who: usize) -> Option<Act> {
        match self.dice.below(20) {
            0..10 => Some(Act::Closes),
            10 | 11 => Some(Act::Rings),
            12 => Some(Act::PutsOff),
            13 => Some(Act::Releases),
            14 | 15 => {
                let other = self.dice.below(self.staff.len() as u64) as usize;
                (other != who).then(|| Act::Offers(self.staff[other].staff))
            }
            _ => None,
        }
    }

    /// Somebody opens a patient's plan and saves it: mostly as it was, now and then with other packs and priorities.
    pub fn saves_plan(&mut self, patient: Uuid) {
        if self.database_is_down() {
            return self.after(MINUTE, Event::SavesPlan { patient });
        }
        let person = &self.database.patients[&patient].person;
        let mut facts: Facts =
            serde_json::from_value(person.facts.clone().unwrap_or_default()).expect("facts are plain");
        let changes = self.dice.chance(300);
        if changes {
            facts.plan.absence_priority = self.dice.one_of(&[Priority::Low, Priority::Medium, Priority::High]);
            if facts.plan.packs.len() > 1 {
                facts.plan.packs.pop();
            }
        }
        let now = self.care();
        let in_force_since = person.facts_since;
        self.database.save_facts(patient, &facts, now);
        if let Some(row) = self.database.patients.get_mut(&patient) {
            row.plan_changed |= changes;
            // What is the same as before is no look of its own: `judged_otherwise` knows of the last version only.
            if !changes {
                row.person.facts_since = in_force_since;
            }
        }
        let name = self.names[&patient];
        self.say("staff", "saves", format_args!("the plan of {name}{}", if changes { ", changed" } else { "" }));
        self.poke(Work::Judge);
    }
}
