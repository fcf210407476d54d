//! Rules that one person has stopped for at most a day: `stopped.toml`, beside the packs' folders.
//!
//! It is one of the rulebook's files, so a rulebook with a stopped rule is another rulebook, published and undone like any,
//! and an evaluation that names it can be made again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Path within the rulebook.
pub const FILE: &str = "stopped.toml";
/// Nobody stops a rule for longer alone.
pub const AT_MOST: SignedDuration = SignedDuration::from_hours(24);

/// One stopped rule. Of event time in [from, until) it sees nothing, and each patient it watched is a task for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// `pack/rule`.
    pub rule: String,
    pub from: Timestamp,
    pub until: Timestamp,
    pub by: String,
    pub why: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    stop: Vec<Stop>,
}

/// Those of a rulebook's files; without the file there are none.
pub(crate) fn read(files: &BTreeMap<String, String>) -> Result<Vec<Stop>, Problem> {
    let Some(text) = files.get(FILE) else { return Ok(Vec::new()) };
    let file: File = toml::from_str(text).map_err(|error| Problem::of_toml(FILE, text, &error))?;
    let too_long = |stop: &&Stop| stop.until <= stop.from || stop.until.duration_since(stop.from) > AT_MOST;
    match file.stop.iter().find(too_long) {
        Some(stop) => {
            Err(Problem::of_file(FILE, format!("{} is stopped for longer than a day, or not at all", stop.rule)).hint(
                "a stop ends within 24 h; a rule that must go is taken out of its pack, and published by two people",
            ))
        }
        None => Ok(file.stop),
    }
}

/// The same files with one more rule stopped, and without the stops that are over at `now`.
pub fn stopped(
    files: &BTreeMap<String, String>,
    stop: Stop,
    now: Timestamp,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut stops = read(files)?;
    stops.retain(|known| known.until > now && known.rule != stop.rule);
    stops.push(stop);
    Ok(with(files, stops))
}

/// The same files with no stop of this rule.
pub fn resumed(
    files: &BTreeMap<String, String>,
    rule: &str,
    now: Timestamp,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut stops = read(files)?;
    stops.retain(|known| known.until > now && known.rule != rule);
    Ok(with(files, stops))
}

fn with(files: &BTreeMap<String, String>, stop: Vec<Stop>) -> BTreeMap<String, String> {
    let mut files = files.clone();
    files.remove(FILE);
    if !stop.is_empty() {
        let text = toml::to_string(&File { stop }).expect("texts and times are TOML");
        files.insert(FILE.to_owned(), text);
    }
    files
}
