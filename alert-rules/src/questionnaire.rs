//! A pack's questions: the part of a FHIR R4 Questionnaire that phones show and rules name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// One questionnaire. `id` is what a rule's `symptoms` and a plan's slot name; link ids are what `answer("…")` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Questionnaire {
    pub resource_type: String,
    pub id: String,
    pub version: String,
    pub title: String,
    pub status: String,
    #[serde(default)]
    pub purpose: String,
    pub item: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    pub link_id: String,
    /// FHIR's item type; phones know `boolean`, `integer`, `choice` and `string`.
    #[serde(rename = "type")]
    pub kind: String,
    pub text: String,
    #[serde(default)]
    pub required: bool,
}

/// The types of question that phones can show.
pub const KINDS: [&str; 4] = ["boolean", "integer", "choice", "string"];

/// The questionnaire of a pack, if it has one.
pub fn of_pack(files: &BTreeMap<String, String>, pack: &str) -> Result<Option<Questionnaire>, Problem> {
    let file = format!("{pack}/questionnaire.json");
    let Some(text) = files.get(&file) else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|error| {
        let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = line_start + error.column().saturating_sub(1);
        Problem::at(&file, text, at.min(text.len()), at.min(text.len()), error.to_string())
            .hint("a questionnaire is one FHIR R4 Questionnaire with id, version, title, status and item")
    })
}

impl Questionnaire {
    /// As submissions name it: `bp-warning-signs|1`.
    pub fn reference(&self) -> String {
        format!("{}|{}", self.id, self.version)
    }

    pub fn asks(&self, link: &str) -> bool {
        self.item.iter().any(|item| item.link_id == link)
    }
}
