//! The glucose files: tab-separated date, time, code and value. This is where a code gets its meaning.

use jiff::civil::{Date, Time};
use serde_json::{Value, json};

use super::csv::number;
use super::item::{Item, Taken};
use super::{Recording, Refusal, Row};

pub fn recording(file: &str, text: &str) -> Recording {
    let rows = text.lines().enumerate().map(|(index, line)| {
        let line_number = index + 1;
        Row { file: file.to_owned(), line: line_number, read: row(file, line_number, line) }
    });
    Recording { name: file.to_owned(), rows: rows.collect() }
}

fn row(file: &str, line_number: usize, line: &str) -> Result<Item, Refusal> {
    if line.starts_with("Date") {
        return Err(Refusal::Header);
    }
    let mut fields = line.split('\t');
    let mut field = || fields.next().unwrap_or_default();
    let (date, time, code, value) = (field(), field(), field(), field());
    if date.is_empty() {
        // A line broken in two: its first half has the date and no value, this half has a value and no date.
        return Err(Refusal::NoDate);
    }
    let body = body(code, value).ok_or_else(|| Refusal::CodeInNoTable(code.to_owned()))?;
    Ok(Item::new(file, line_number, taken(date, time), body))
}

/// `04-21-1991` and `9:09`.
fn taken(date: &str, time: &str) -> Taken {
    let parsed_date = Date::strptime("%m-%d-%Y", date);
    // `11:0` is not read as eleven o'clock: nobody knows which digit is missing.
    let whole = time.split_once(':').is_some_and(|(_, minutes)| minutes.len() == 2);
    let parsed_time = whole.then(|| Time::strptime("%H:%M", time)).and_then(Result::ok);
    match (parsed_date, parsed_time) {
        (Ok(date), Some(time)) => Taken::At(date.to_datetime(time)),
        (date_or_not, _) => {
            Taken::Impossible { date: date_or_not.map_err(|_| year_first(date)), time: time.to_owned() }
        }
    }
}

/// `06-31-1991` as `1991-06-31`, though there is no such day.
fn year_first(date: &str) -> String {
    let fields: Vec<&str> = date.split('-').collect();
    match fields[..] {
        [month, day, year] => format!("{year}-{month}-{day}"),
        _ => date.to_owned(),
    }
}

/// What a code means, as an item of the mobile protocol without its id and time. None: no table lists the code.
fn body(code: &str, value: &str) -> Option<Value> {
    Some(match code {
        "48" | "57" => glucose(value, None),
        "58" => glucose(value, Some("before_breakfast")),
        "59" => glucose(value, Some("after_breakfast")),
        "60" => glucose(value, Some("before_lunch")),
        "61" => glucose(value, Some("after_lunch")),
        "62" => glucose(value, Some("before_supper")),
        "63" => glucose(value, Some("after_supper")),
        "64" => glucose(value, Some("before_snack")),
        // The value of a symptom, a meal or exercise is 0 throughout: the code is all that was noted.
        "65" => json!({
            "kind": "answers",
            "questionnaire": "diabetes-today|1",
            "partial": true,
            "answers": [{ "link_id": "hypo_symptoms", "value": "yes" }],
        }),
        "33" => insulin(value, "regular"),
        "34" => insulin(value, "nph"),
        "35" => insulin(value, "ultralente"),
        "66" => event("meal", "typical"),
        "67" => event("meal", "more_than_usual"),
        "68" => event("meal", "less_than_usual"),
        "69" => event("exercise", "typical"),
        "70" => event("exercise", "more_than_usual"),
        "71" => event("exercise", "less_than_usual"),
        _ => return None,
    })
}

/// `0Hi` and `0Lo` are how these meters write that a value is off their scale.
fn glucose(value: &str, meal: Option<&str>) -> Value {
    let measured = match value {
        "0Hi" => json!({ "comparator": "high" }),
        "0Lo" => json!({ "comparator": "low" }),
        _ => json!({ "value": number(value), "unit": "mg/dL" }),
    };
    let mut body =
        json!({ "kind": "reading", "vital": "glucose", "values": { "glucose": measured }, "method": "instrument" });
    if let Some(meal) = meal {
        body["context"] = json!({ "meal": meal });
    }
    body
}

fn insulin(value: &str, kind: &str) -> Value {
    json!({
        "kind": "event",
        "event": "insulin",
        "values": { "dose": { "value": number(value), "unit": "[iU]" } },
        "context": { "insulin": kind },
    })
}

fn event(event: &str, amount: &str) -> Value {
    json!({ "kind": "event", "event": event, "context": { "amount": amount } })
}
