use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;

/// What each row is, without the service's opinion of it.
fn outcome(row: &Row) -> String {
    match &row.read {
        Err(refusal) => format!("refused here: {}", refusal.reason()),
        Ok(item) => {
            let what = item.body["kind"].as_str().expect("a kind");
            let detail =
                ["vital", "event", "questionnaire"].iter().find_map(|key| item.body[*key].as_str()).expect("a name");
            let odd = match &item.taken {
                Taken::Impossible { .. } => ", at no possible time",
                Taken::At(_) => "",
            };
            let values = item.body["values"].as_object();
            let comparator =
                values.is_some_and(|values| values.values().any(|value| value.get("comparator").is_some()));
            let text = values.is_some_and(|values| values.values().any(|value| value["value"].is_string()));
            let given = match (comparator, text) {
                (true, _) => ", off the scale",
                (_, true) => ", not a number",
                _ => "",
            };
            format!("{what} {detail}{given}{odd}")
        }
    }
}

#[test]
fn every_line_of_every_file_is_accounted_for() {
    let recordings = all();
    assert_eq!(recordings.len(), 40 + 1 + 8);
    let mut lines: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for row in recordings.iter().flat_map(|recording| &recording.rows) {
        lines.entry(&row.file).or_default().push(row.line);
        *outcomes.entry(outcome(row)).or_default() += 1;
    }
    for (file, seen) in &lines {
        let text = String::from_utf8(Files::get(file).expect("the file").data.into_owned()).expect("text");
        let expected: Vec<usize> = (1..=text.lines().count()).collect();
        assert_eq!(seen, &expected, "lines of {file}");
    }
    assert_eq!(lines.values().map(Vec::len).sum::<usize>(), outcomes.values().sum::<usize>());
    let table: Vec<String> = outcomes.iter().map(|(outcome, count)| format!("{count:5}  {outcome}")).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
      251  answers diabetes-today|1
      210  event exercise
     8199  event insulin
        5  event insulin, at no possible time
      293  event meal
      150  reading blood_pressure
     7320  reading glucose
        4  reading glucose, at no possible time
        1  reading glucose, not a number
        7  reading glucose, off the scale
      448  reading weight
       33  refused here: code 0 is in no table
        1  refused here: code 36 is in no table
        1  refused here: code 4 is in no table
       75  refused here: code 56 is in no table
       65  refused here: code 72 is in no table
        3  refused here: header line
       33  refused here: no date
    ");
}

#[test]
fn ids_are_the_same_each_time_and_no_two_rows_share_one() {
    let ids = || all().into_iter().flat_map(|recording| recording.rows).filter_map(|row| Some(row.read.ok()?.id));
    assert_eq!(ids().collect::<Vec<_>>(), ids().collect::<Vec<_>>());
    assert_eq!(ids().collect::<BTreeSet<_>>().len(), ids().count());
}

fn items(file: &str, text: &str) -> Vec<Item> {
    glucose::recording(file, text).rows.into_iter().map(|row| row.read.expect("an item")).collect()
}

#[test]
fn a_recording_moves_by_whole_weeks_and_keeps_its_wall_clock() {
    let items = items("glucose/x", "04-21-1991\t9:09\t58\t100\n12-25-1990\t22:00\t48\t0Hi\n");
    let zone = TimeZone::get("Europe/London").expect("a zone");
    let write = Write::ending_by(date(2026, 3, 31), date(1991, 4, 21), zone);
    // 21 April 1991 was a Sunday; so is 29 March 2026, when British clocks changed at 01:00.
    assert_eq!(
        items[0].write(&write),
        serde_json::json!({
            "id": items[0].id,
            "taken_at": "2026-03-29T09:09:00+01:00",
            "kind": "reading",
            "vital": "glucose",
            "values": { "glucose": { "value": 100, "unit": "mg/dL" } },
            "method": "instrument",
            "context": { "meal": "before_breakfast" },
        })
    );
    let high = items[1].write(&write);
    assert_eq!(high["taken_at"], "2025-12-02T22:00:00+00:00");
    assert_eq!(high["values"]["glucose"], serde_json::json!({ "comparator": "high" }));
}

#[test]
fn a_recording_that_ends_on_that_weekday_ends_on_that_very_day() {
    let zone = TimeZone::UTC;
    let write = Write::ending_by(date(2026, 3, 29), date(1991, 4, 21), zone.clone());
    assert_eq!(write.moved(date(1991, 4, 21)), date(2026, 3, 29));
    let write = Write::ending_by(date(2026, 3, 28), date(1991, 4, 21), zone);
    assert_eq!(write.moved(date(1991, 4, 21)), date(2026, 3, 22));
}

#[test]
fn what_cannot_be_a_time_is_sent_as_it_was_written() {
    let items =
        items("glucose/x", "06-31-1991\t07:50\t58\t149\n08-20-1990\t11:0\t60\t194\n11-06-1989\t11:00\t57\t0''\n");
    let write = Write { weeks: 1, zone: TimeZone::UTC };
    assert_eq!(items[0].write(&write)["taken_at"], "1991-06-31T07:50:00Z");
    assert_eq!(items[1].write(&write)["taken_at"], "1990-08-27T11:0:00Z");
    assert_eq!(items[2].write(&write)["values"]["glucose"]["value"], "0''");
}
