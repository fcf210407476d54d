//! What a row says, before it has a place in the calendar: when, and what. [`Item::write`] puts it into the words of the
//! mobile protocol.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub id: Uuid,
    pub taken: Taken,
    /// The item without `id` and `taken_at`.
    pub body: Value,
}

/// When it was taken, by the wall clock of whoever took it.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    At(DateTime),
    /// No such instant exists (31 June, 11:0): sent as written, where the calendar can still be moved with it moved.
    Impossible {
        date: Result<Date, String>,
        time: String,
    },
}

/// Where in the calendar a recording is put: moved by whole weeks, read in the patient's own time zone.
#[derive(Debug, Clone)]
pub struct Write {
    pub weeks: i32,
    pub zone: TimeZone,
}

impl Item {
    /// The id is made from file and line, so that the same row is the same submission however often it is sent.
    pub fn new(file: &str, line: usize, taken: Taken, body: Value) -> Self {
        let digest = Sha256::digest(format!("derwent recording {file}:{line}"));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self { id: uuid::Builder::from_custom_bytes(bytes).into_uuid(), taken, body }
    }

    /// The instant a sound row was taken at, once moved.
    pub fn at(&self, write: &Write) -> Option<Timestamp> {
        match self.taken {
            Taken::At(at) => Some(write.instant(at)),
            Taken::Impossible { .. } => None,
        }
    }

    /// The item as the phone sends it.
    pub fn write(&self, write: &Write) -> Value {
        let taken_at = match &self.taken {
            Taken::At(at) => {
                let zoned = write.instant(*at).to_zoned(write.zone.clone());
                zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
            }
            Taken::Impossible { date: Ok(date), time } => format!("{}T{time}:00Z", write.moved(*date)),
            Taken::Impossible { date: Err(date), time } => format!("{date}T{time}:00Z"),
        };
        let mut item = json!({ "id": self.id, "taken_at": taken_at });
        if let (Value::Object(item), Value::Object(body)) = (&mut item, &self.body) {
            item.extend(body.clone());
        }
        item
    }
}

impl Write {
    /// Moves a recording so that its last day is `last_day` or up to six days before it: weekdays stay weekdays.
    pub fn ending_by(last_day: Date, recorded_last: Date, zone: TimeZone) -> Self {
        let days = (last_day - recorded_last).get_days();
        Self { weeks: days.div_euclid(7), zone }
    }

    pub fn moved(&self, date: Date) -> Date {
        date.checked_add(Span::new().weeks(self.weeks)).expect("the calendar reaches that far")
    }

    fn instant(&self, at: DateTime) -> Timestamp {
        let moved = self.moved(at.date()).to_datetime(at.time());
        // A wall time that a clock change skipped is taken as the instant after it: jiff's own choice.
        moved.to_zoned(self.zone.clone()).expect("within the calendar").timestamp()
    }
}
