//! The two comma-separated files: one person's blood pressures, and eight people's weights.

use jiff::civil::{Date, DateTime, Time, date, time};
use serde_json::{Value, json};

use super::item::{Item, Taken};
use super::{Recording, Refusal, Row};

/// The weights are numbered by day only; they were taken each morning. The day the numbers count from is ours.
const WEIGHTS_BEGIN: Date = date(2019, 4, 1);
const WEIGHED_AT: Time = time(7, 30, 0, 0);

pub fn blood_pressure(file: &str, text: &str) -> Recording {
    let rows = text.lines().enumerate().map(|(index, line)| {
        let line_number = index + 1;
        let fields: Vec<&str> = line.split(',').collect();
        let read = match fields[..] {
            _ if index == 0 => Err(Refusal::Header),
            [taken, systolic, diastolic, pulse] => taken_at(taken).map(|taken| {
                let body = json!({
                    "kind": "reading",
                    "vital": "blood_pressure",
                    "values": {
                        "systolic": { "value": number(systolic), "unit": "mm[Hg]" },
                        "diastolic": { "value": number(diastolic), "unit": "mm[Hg]" },
                        "pulse": { "value": number(pulse), "unit": "/min" },
                    },
                    "method": "instrument",
                });
                Item::new(file, line_number, taken, body)
            }),
            _ => Err(Refusal::NoDate),
        };
        Row { file: file.to_owned(), line: line_number, read }
    });
    Recording { name: file.to_owned(), rows: rows.collect() }
}

/// One recording a subject; the header belongs to the first.
pub fn weights(file: &str, text: &str) -> Vec<Recording> {
    let mut recordings: Vec<Recording> = Vec::new();
    let mut header = None;
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        if index == 0 {
            header = Some(Row { file: file.to_owned(), line: line_number, read: Err(Refusal::Header) });
            continue;
        }
        let fields: Vec<&str> = line.split(',').collect();
        let subject = fields.first().copied().unwrap_or_default();
        let read = match (fields.get(1).and_then(|day| day.parse::<i32>().ok()), fields.get(2)) {
            (Some(day), Some(weight)) => {
                let taken = WEIGHTS_BEGIN.saturating_add(jiff::Span::new().days(day)).to_datetime(WEIGHED_AT);
                let body = json!({
                    "kind": "reading",
                    "vital": "weight",
                    "values": { "weight": { "value": number(weight), "unit": "kg" } },
                    "method": "instrument",
                });
                Ok(Item::new(file, line_number, Taken::At(taken), body))
            }
            _ => Err(Refusal::NoDate),
        };
        let name = format!("{file}#{subject}");
        if recordings.last().is_none_or(|recording| recording.name != name) {
            recordings.push(Recording { name, rows: Vec::new() });
        }
        let recording = recordings.last_mut().expect("just pushed");
        recording.rows.extend(header.take());
        recording.rows.push(Row { file: file.to_owned(), line: line_number, read });
    }
    recordings
}

fn taken_at(text: &str) -> Result<Taken, Refusal> {
    match text.parse::<DateTime>() {
        Ok(at) => Ok(Taken::At(at)),
        Err(_) => match text.split_once(' ') {
            Some((date, time)) => {
                Ok(Taken::Impossible { date: date.parse().map_err(|_| date.into()), time: time.into() })
            }
            None => Err(Refusal::NoDate),
        },
    }
}

/// A number where it is one, else the text as it stands: the service is to see what was written.
pub fn number(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ Value::Number(_)) => value,
        _ => match text.parse::<f64>() {
            // `009` is no JSON number, but it is nine.
            Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => json!(value as i64),
            Ok(value) => json!(value),
            Err(_) => json!(text),
        },
    }
}
