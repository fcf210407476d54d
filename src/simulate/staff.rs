//! The people who are paged: some take an alert within minutes, some after hours, some never.

use std::time::Duration;

use alert_rules::{Facts, Priority, escalation};
use uuid::Uuid;

use super::event::{Event, Work};
use super::world::World;
use crate::roster::Roster;
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
    Closes,
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
        let duty = self.database.roster(stored.owner.team).map_or_else(roster::nobody, Roster::duty);
        let decision = match act {
            Act::Takes => escalation::acknowledge(&stored.state, staff, &duty, now),
            Act::Closes => escalation::close(&stored.state, "advice given", now),
        };
        let Some(decision) = decision else { return };
        if self.database_is_down() {
            return self.after(MINUTE, Event::Acts { who, alert, act });
        }
        self.database.write_alert(Some(alert), stored.owner, &decision, now);
        self.say(name, if act == Act::Takes { "takes" } else { "closes" }, format_args!("A{reference}"));
        if act == Act::Takes && self.dice.chance(600) {
            let after = self.dice.up_to(240 * MINUTE);
            self.after(after, Event::Acts { who, alert, act: Act::Closes });
        }
        self.poke(Work::Escalate);
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
