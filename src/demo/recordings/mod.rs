//! The recordings in `demo/recordings` (`SOURCES.md` there says whose they are), read as a phone would have sent them.
//!
//! Every line of every file becomes exactly one [`Row`]: an [`Item`] to send, or a refusal by this reader that names its
//! reason. The reader refuses only what no phone could make an item of: a header, a row without a date, a code that no
//! table lists. Everything else goes out as it was written, zeros, impossible times and `0''` included, because it is the
//! service that has to say what it thinks of them.

mod csv;
mod glucose;
mod item;

use jiff::civil::Date;
use rust_embed::RustEmbed;

pub use item::{Item, Taken, Write};

/// Folder of the glucose files within the recordings.
const GLUCOSE: &str = "glucose/";

#[derive(RustEmbed)]
#[folder = "demo/recordings"]
struct Files;

/// One person's recording: a whole glucose file, the blood pressures, or one subject of the weights.
#[derive(Debug)]
pub struct Recording {
    /// `glucose/data-01`, `blood-pressure.csv`, `weight.csv#3`: what the cast calls it by.
    pub name: String,
    pub rows: Vec<Row>,
}

/// One line of a file, and what became of it here.
#[derive(Debug)]
pub struct Row {
    pub file: String,
    /// Counted from 1, as an editor does.
    pub line: usize,
    pub read: Result<Item, Refusal>,
}

/// Why a line cannot even be made into something to send.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    Header,
    NoDate,
    /// The code is in no table of the source, so nobody knows what was measured.
    CodeInNoTable(String),
}

impl Refusal {
    /// The reason as the summary counts it.
    pub fn reason(&self) -> String {
        match self {
            Self::Header => "header line".into(),
            Self::NoDate => "no date".into(),
            Self::CodeInNoTable(code) => format!("code {code} is in no table"),
        }
    }
}

/// All recordings, in the order of their names.
pub fn all() -> Vec<Recording> {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    let mut recordings = Vec::new();
    for name in names {
        let file = Files::get(&name).expect("a file that was just listed");
        let text = String::from_utf8_lossy(&file.data);
        match &*name {
            "blood-pressure.csv" => recordings.push(csv::blood_pressure(&name, &text)),
            "weight.csv" => recordings.extend(csv::weights(&name, &text)),
            _ if name.starts_with(GLUCOSE) => recordings.push(glucose::recording(&name, &text)),
            _ => {}
        }
    }
    recordings
}

impl Recording {
    pub fn last_day(&self) -> Date {
        self.days().max().expect("every recording has a sound row")
    }

    pub fn first_day(&self) -> Date {
        self.days().min().expect("every recording has a sound row")
    }

    fn days(&self) -> impl Iterator<Item = Date> {
        self.rows.iter().filter_map(|row| match row.read.as_ref().ok()?.taken {
            Taken::At(at) => Some(at.date()),
            Taken::Impossible { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests;
