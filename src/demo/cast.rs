//! Who takes part in the demo: `demo/cast.toml`, and which recording each person is given.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::civil::{Date, Time};
use serde::Deserialize;

const CAST: &str = include_str!("../../demo/cast.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    pub organisation: Organisation,
    pub team: Team,
    /// In the order of the roster.
    pub staff: Vec<Staff>,
    pub plan: BTreeMap<String, Plan>,
    /// The first one is Dorothy.
    pub person: Vec<Person>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    pub name: String,
    pub time_zone: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub name: String,
    pub phone: String,
    pub cover: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staff {
    pub name: String,
    pub email: String,
    pub profession: String,
    /// `08:00-20:00`, `mon-fri 08:00-16:00`, or `all-day`.
    pub shift: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub packs: Vec<String>,
    pub slots: Vec<Slot>,
    #[serde(default)]
    pub tags: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    pub vital: String,
    pub at: Time,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub recording: String,
    pub given_name: String,
    pub family_name: String,
    pub born: Date,
    pub phone: String,
    pub lives_alone: bool,
    /// A key of `plan`.
    pub plan: String,
}

impl Cast {
    pub fn read() -> anyhow::Result<Self> {
        toml::from_str(CAST).context("demo/cast.toml cannot be read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::recordings;

    #[test]
    fn every_recording_has_one_person_and_every_person_a_plan() {
        let cast = Cast::read().expect("a cast");
        let mut given: Vec<&str> = cast.person.iter().map(|person| person.recording.as_str()).collect();
        given.sort_unstable();
        let mut recorded: Vec<String> = recordings::all().into_iter().map(|recording| recording.name).collect();
        recorded.sort();
        assert_eq!(given, recorded);
        for person in &cast.person {
            assert!(cast.plan.contains_key(&person.plan), "{} {}", person.given_name, person.family_name);
        }
        assert_eq!(cast.person[0].given_name, "Dorothy");
    }
}
