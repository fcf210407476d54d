//! The rules in force, and what waits to be.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `GET /api/rules`, and what every change of the rules answers.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RulesInForce {
    /// Of all files, in hexadecimal.
    pub hash: String,
    pub since: Timestamp,
    pub by: String,
    pub packs: Vec<PackRow>,
    pub stops: Vec<RuleStop>,
    /// Oldest first.
    pub proposals: Vec<RulesProposal>,
    /// Whoever asks owns the rules: proposes, approves, goes back, stops.
    pub owner: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PackRow {
    /// The folder's name.
    pub pack: String,
    pub title: String,
    pub version: String,
    /// Of the pack's own files: what is signed.
    pub files: String,
    /// Why no plan may name it yet.
    pub draft: Option<String>,
    /// `pack/rule`, in the order of the file.
    pub rules: Vec<String>,
    pub signatures: Vec<PackSignature>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PackSignature {
    pub name: String,
    pub registration: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RuleStop {
    pub rule: String,
    pub until: Timestamp,
    pub by: String,
    pub why: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RulesProposal {
    pub hash: String,
    pub by: String,
    pub at: Timestamp,
    pub why: String,
    /// Paths that differ from the rules in force.
    pub changed: Vec<String>,
    /// Whoever asks made it, so somebody else approves it.
    pub own: bool,
}

/// `GET /api/rules/page`: a pack in plain sentences, to read and sign. Markdown.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RulesPage {
    pub text: String,
}

/// `POST /api/rules/proposals`. Larger changes than a request holds are proposed by command.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProposeRules {
    /// What the changes begin from.
    pub from: RulesFrom,
    /// By path, as in `hypertension/rules.toml`: the new text, or null to take the file out.
    #[serde(default)]
    pub changes: BTreeMap<String, Option<String>>,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RulesFrom {
    InForce,
    /// The packs that came with this version of the service.
    ThisVersion,
}

/// `POST /api/rules/proposals/approve`, `POST /api/rules/proposals/withdraw`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProposedRules {
    pub hash: String,
}

/// `POST /api/rules/undo`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct UndoRules {
    pub why: String,
}

/// `POST /api/rules/stops`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct StopRule {
    /// `pack/rule`.
    pub rule: String,
    /// 1 to 24.
    pub hours: u8,
    pub why: String,
}

/// `POST /api/rules/stops/end`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct ResumeRule {
    /// `pack/rule`.
    pub rule: String,
}

/// `POST /api/rules/signatures`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignPack {
    pub pack: String,
    /// As the page that was read shows it.
    pub files: String,
    /// Of one's profession, as in "GMC 1234567".
    pub registration: String,
}

/// `GET /api/patients/{patient}/rule`: what each part of a rule saw of one patient at one time, in lines.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RuleExplained {
    pub at: Timestamp,
    pub text: String,
}
