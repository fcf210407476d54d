//! All recordings laid on one calendar, and cut into windows of at most ten minutes, in the order of care time.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::recordings::{Recording, Taken, Write};

/// Phones gather what was measured this long, and send it together.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// Something a phone sends, and when.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Whose: an index into the recordings.
    pub person: usize,
    pub file: String,
    pub line: usize,
    pub id: Uuid,
    /// When it is sent: when it was taken, or for an impossible time, with the row before it.
    pub at: Timestamp,
    pub item: Value,
}

/// What is sent at one moment.
#[derive(Debug)]
pub struct Window {
    pub at: Timestamp,
    pub sendings: Vec<Sending>,
}

#[derive(Debug)]
pub struct Timeline {
    /// Midnight of each person's first day, where they live.
    pub begins: Vec<Timestamp>,
    pub windows: Vec<Window>,
}

impl Timeline {
    /// Every recording ends on `last_day` or up to six days before it.
    pub fn new(recordings: &[Recording], last_day: Date, zone: &TimeZone) -> anyhow::Result<Self> {
        let mut begins = Vec::new();
        let mut sendings = Vec::new();
        for (person, recording) in recordings.iter().enumerate() {
            let write = Write::ending_by(last_day, recording.last_day(), zone.clone());
            begins.push(write.moved(recording.first_day()).to_zoned(zone.clone())?.timestamp());
            sendings.extend(sendings_of(person, recording, &write));
        }
        // Rows of the same minute stay in the order of their files.
        sendings.sort_by_key(|sending| sending.at);
        let mut windows: Vec<Window> = Vec::new();
        let mut opened = Timestamp::MIN;
        for sending in sendings {
            match windows.last_mut() {
                Some(window) if sending.at.duration_since(opened) <= WINDOW => {
                    window.at = sending.at;
                    window.sendings.push(sending);
                }
                _ => {
                    opened = sending.at;
                    windows.push(Window { at: sending.at, sendings: vec![sending] });
                }
            }
        }
        Ok(Self { begins, windows })
    }

    pub fn sendings(&self) -> usize {
        self.windows.iter().map(|window| window.sendings.len()).sum()
    }
}

fn sendings_of(person: usize, recording: &Recording, write: &Write) -> Vec<Sending> {
    let sound = |row: &super::recordings::Row| row.read.as_ref().ok().and_then(|item| item.at(write));
    let first = recording.rows.iter().find_map(sound);
    let mut before = first;
    let mut sendings = Vec::new();
    for row in &recording.rows {
        let Ok(item) = &row.read else { continue };
        if let Taken::At(_) = item.taken {
            before = item.at(write);
        }
        let Some(at) = before else { continue };
        sendings.push(Sending {
            person,
            file: row.file.clone(),
            line: row.line,
            id: item.id,
            at,
            item: item.write(write),
        });
    }
    sendings
}

/// How many rows each reason of the reader's refused, and where they are.
pub fn refused_here(recordings: &[Recording]) -> BTreeMap<String, Vec<(String, usize)>> {
    let mut refused: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for row in recordings.iter().flat_map(|recording| &recording.rows) {
        if let Err(refusal) = &row.read {
            refused.entry(refusal.reason()).or_default().push((row.file.clone(), row.line));
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::demo::recordings;

    #[test]
    fn every_item_is_in_one_window_of_at_most_ten_minutes() {
        let recordings = recordings::all();
        let items = recordings.iter().flat_map(|recording| &recording.rows).filter(|row| row.read.is_ok()).count();
        let zone = TimeZone::get("Europe/London").expect("a zone");
        let timeline = Timeline::new(&recordings, date(2026, 3, 1), &zone).expect("a timeline");
        assert_eq!(timeline.sendings(), items);
        let end = date(2026, 3, 2).to_zoned(zone).expect("a day").timestamp();
        for pair in timeline.windows.windows(2) {
            assert!(pair[0].at < pair[1].sendings[0].at);
        }
        for window in &timeline.windows {
            assert!(window.at < end, "nothing lies after the last day");
            let first = window.sendings[0].at;
            assert!(
                window.at.duration_since(first) <= WINDOW
                    && window.sendings.iter().all(|sending| sending.at <= window.at)
            );
            for sending in &window.sendings {
                assert!(timeline.begins[sending.person] <= sending.at);
            }
        }
        let first_begins = timeline.begins.iter().min().expect("people");
        assert!(
            end.duration_since(*first_begins) < SignedDuration::from_hours(400 * 24),
            "an outbox reaches that far back"
        );
        // Each costs some round trips: this is what plays all of it in some minutes.
        assert!(timeline.windows.len() < 4_000, "{} windows", timeline.windows.len());
    }
}
