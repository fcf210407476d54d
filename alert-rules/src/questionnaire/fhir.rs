//! The part of FHIR R4's Questionnaire that is taken, as it is written. A field that does not stand here is refused: what
//! no phone shows must not look as if it did. Fields that begin with `_` here are for other systems.

use serde::Deserialize;
use serde::de::IgnoredAny;

pub(super) const TRANSLATION: &str = "http://hl7.org/fhir/StructureDefinition/translation";
pub(super) const ORDINAL_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
pub(super) const MIN_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/minValue";
pub(super) const MAX_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/maxValue";
pub(super) const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Questionnaire {
    #[serde(rename = "resourceType")]
    pub _resource_type: ResourceType,
    pub id: String,
    pub meta: Option<Meta>,
    pub version: String,
    pub title: String,
    #[serde(rename = "_title")]
    pub title_more: Option<Element>,
    #[serde(rename = "status")]
    pub _status: Status,
    #[serde(default)]
    pub purpose: String,
    pub item: Vec<Item>,
    #[serde(rename = "url")]
    pub _url: Option<IgnoredAny>,
    #[serde(rename = "name")]
    pub _name: Option<IgnoredAny>,
    #[serde(rename = "language")]
    pub _language: Option<IgnoredAny>,
    #[serde(rename = "date")]
    pub _date: Option<IgnoredAny>,
    #[serde(rename = "publisher")]
    pub _publisher: Option<IgnoredAny>,
    #[serde(rename = "description")]
    pub _description: Option<IgnoredAny>,
    #[serde(rename = "copyright")]
    pub _copyright: Option<IgnoredAny>,
    #[serde(rename = "subjectType")]
    pub _subject_type: Option<IgnoredAny>,
    #[serde(rename = "code")]
    pub _code: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) enum ResourceType {
    Questionnaire,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Draft,
    Active,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meta {
    #[serde(default)]
    pub security: Vec<Coding>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Item {
    pub link_id: String,
    #[serde(rename = "type")]
    pub kind: Type,
    #[serde(default)]
    pub text: String,
    #[serde(rename = "_text")]
    pub text_more: Option<Element>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub enable_when: Vec<EnableWhen>,
    pub enable_behavior: Option<Behavior>,
    #[serde(default)]
    pub initial: Vec<Typed>,
    #[serde(default)]
    pub answer_option: Vec<AnswerOption>,
    pub max_length: Option<usize>,
    #[serde(default)]
    pub extension: Vec<Extension>,
    #[serde(default)]
    pub item: Vec<Item>,
    #[serde(rename = "code")]
    pub _code: Option<IgnoredAny>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Type {
    Group,
    Display,
    Boolean,
    Integer,
    Decimal,
    Choice,
    String,
    Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EnableWhen {
    pub question: String,
    pub operator: Operator,
    pub answer_boolean: Option<bool>,
    pub answer_integer: Option<i64>,
    pub answer_decimal: Option<f64>,
    pub answer_string: Option<String>,
    pub answer_coding: Option<Coding>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    #[serde(rename = "exists")]
    Exists,
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "!=")]
    NotEqual,
    #[serde(rename = ">")]
    More,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "<=")]
    AtMost,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Behavior {
    All,
    Any,
}

/// `initial`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Typed {
    pub value_boolean: Option<bool>,
    pub value_integer: Option<i64>,
    pub value_decimal: Option<f64>,
    pub value_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AnswerOption {
    pub value_coding: Coding,
    #[serde(default)]
    pub initial_selected: bool,
    #[serde(default)]
    pub extension: Vec<Extension>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Coding {
    #[serde(default)]
    pub system: String,
    pub code: String,
    #[serde(default)]
    pub display: String,
    #[serde(rename = "_display")]
    pub display_more: Option<Element>,
}

/// What stands beside a text: its translations.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Element {
    #[serde(default)]
    pub extension: Vec<Extension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Extension {
    pub url: String,
    pub value_integer: Option<i64>,
    pub value_decimal: Option<f64>,
    pub value_code: Option<String>,
    pub value_string: Option<String>,
    #[serde(default)]
    pub extension: Vec<Extension>,
}
