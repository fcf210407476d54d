//! `derwent rules print`: a pack on a page, in sentences, for a clinical safety officer to read and sign.
//!
//! Markdown that reads well as plain text. Everything the pack does stands on the page; what is code in the files is
//! words here, and each code has its display beside it.

mod questions;
pub mod sentence;

use std::fmt::Write as _;

use crate::advice::{Advice, Band, Threshold};
use crate::finding::{Kind, Side};
use crate::problem::Problem;
use crate::rule::{Limit, Pack, Rule, RulePriority, Rulebook};
use crate::scenario::Scenario;
use crate::template::{self, Template};
use crate::unit::in_words;
use crate::vital::{Code, Vital};
use crate::{advice, scenario};

/// The page of one pack. None: the rulebook has no such pack.
pub fn page(rulebook: &Rulebook, pack: &str) -> Option<Result<String, Vec<Problem>>> {
    let pack = rulebook.pack(pack)?;
    let files = rulebook.files();
    let read = || {
        let advice = advice::of_pack(files, pack)?;
        let template = template::of_pack(files, pack)?;
        let scenarios = scenario::of_pack(files, pack)?;
        Ok(Page { rulebook, pack, advice, template, scenarios }.text())
    };
    Some(read())
}

struct Page<'a> {
    rulebook: &'a Rulebook,
    pack: &'a Pack,
    advice: Advice,
    template: Option<Template>,
    scenarios: Vec<Scenario>,
}

impl Page<'_> {
    fn text(&self) -> String {
        let parts = [
            self.head(),
            self.measured(),
            self.limits(),
            self.template.as_ref().map(plan).unwrap_or_default(),
            self.rules(),
            self.pack.questionnaires.iter().map(questions::of).collect(),
            self.phone(),
            self.stories(),
            self.signature(),
        ];
        let filled: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
        let mut text = filled.join("\n\n");
        text.push('\n');
        text
    }

    fn head(&self) -> String {
        let pack = self.pack;
        let whom = pack.applies.as_ref().map(|clause| sentence::clause(clause, &pack.limits).1.join("; "));
        let review = pack.review.as_ref().map(|review| format!("{}, by {}", review.owner, review.by));
        let rows = [
            ("Version", Some(pack.version.clone())),
            ("Source", Some(pack.source.clone())),
            ("For patients of whom", whom),
            ("Cover a team must offer", Some(pack.cover.clone())),
            ("To be reviewed", review),
        ];
        let mut text = format!("# {}\n\n", pack.title);
        if let Some(why) = &pack.draft {
            let _ = writeln!(text, "**A draft, which no plan may name yet:** {why}\n");
        }
        for (name, value) in rows {
            let _ = writeln!(text, "- {name}: {}", value.unwrap_or_else(|| "not said".to_owned()));
        }
        text + "\nA † marks a number that nobody has checked against its primary source.\n"
    }

    fn measured(&self) -> String {
        let mut vitals: Vec<Vital> = self.pack.rules.iter().flat_map(|rule| rule.vitals().iter().copied()).collect();
        vitals.sort_unstable();
        vitals.dedup();
        let mut text = "## What is measured\n\n| | LOINC | display | unit | looked at twice outside | not possible outside |\n|---|---|---|---|---|---|\n".to_owned();
        for vital in vitals {
            let facts = vital.facts();
            if facts.required.len() > 1 {
                let (code, display) = coded(facts.loinc);
                let _ = writeln!(text, "| {} | {code} | {display} | | | |", facts.words);
            }
            for component in facts.required {
                let facts = component.facts();
                let (code, display) = coded(facts.loinc);
                let range = |range: crate::vital::Range| {
                    format!("{:.*}–{}", component.facts().decimals, range.from, in_words(*component, range.to))
                };
                let hold = facts.hold.map_or_else(|| "–".to_owned(), range);
                let _ = writeln!(
                    text,
                    "| {} | {code} | {display} | {} | {hold} | {} |",
                    facts.words,
                    facts.dimension.unit(),
                    range(facts.possible)
                );
            }
        }
        for (component, why) in &self.pack.one_sided {
            let _ = write!(text, "\nNot watched on both sides: {}. {why}\n", component.words());
        }
        text
    }

    fn limits(&self) -> String {
        if self.pack.limits.is_empty() {
            return String::new();
        }
        let mut text = "## Limits a plan may set for one patient\n\n| limit | unless set | may be set to | why |\n|---|---|---|---|\n".to_owned();
        for limit in &self.pack.limits {
            let by_age = limit
                .by_age
                .iter()
                .map(|step| format!("; from {} years {}", step.from_years, value(limit, step.value)));
            let usual = value(limit, limit.default) + &by_age.collect::<String>();
            let range = format!("{} to {}", value(limit, limit.range.from), value(limit, limit.range.to));
            let _ = writeln!(
                text,
                "| {} | {usual} | {range} | {} |",
                limit.name.replace('_', " "),
                limit.why.as_deref().unwrap_or("–")
            );
        }
        text
    }

    fn rules(&self) -> String {
        self.pack.rules.iter().fold("## Rules\n\n".to_owned(), |text, rule| text + &self.rule(rule))
    }

    fn rule(&self, rule: &Rule) -> String {
        let limits = &self.pack.limits;
        let priority = match rule.priority {
            RulePriority::Fixed(priority) => priority.name(),
            RulePriority::FromPlan => "priority from the plan",
        };
        let kind = if rule.kind == Kind::Clinical { String::new() } else { format!(", {}", rule.kind.name()) };
        let mut text = format!("### {}: {} ({priority}{kind})\n\n", rule.name, rule.problem);
        let mut clause = |verb: &str, clause: &crate::rule::Clause| {
            let (join, conditions) = sentence::clause(clause, limits);
            match conditions.as_slice() {
                [one] => {
                    let _ = writeln!(text, "{verb} {join} {one}.\n");
                }
                many => {
                    let _ = writeln!(text, "{verb} {join}:\n");
                    many.iter().for_each(|condition| {
                        let _ = writeln!(text, "- {condition}");
                    });
                    text.push('\n');
                }
            }
        };
        clause("Fires", &rule.when);
        if let Some(at_once) = &rule.at_once {
            let verb = match &rule.repeat {
                Some(repeat) if !repeat.alert_at_once => "Fires at once, without asking first,",
                _ => "Is told again, at most once a day,",
            };
            clause(verb, at_once);
        }
        if let Some(cleared) = &rule.clear {
            clause("Is clear", cleared);
        }
        if let Some(repeat) = &rule.repeat {
            let order = if repeat.alert_at_once {
                "The team is told at once, and the patient is asked"
            } else {
                "The patient is asked first, before the team is told"
            };
            let symptoms = repeat
                .symptoms
                .as_ref()
                .map(|id| format!(" With it come the questions of {id}; any yes fires at once."))
                .unwrap_or_default();
            let _ = writeln!(
                text,
                "{order}: “{} {}” The repeat is waited for {}.{symptoms}\n",
                repeat.first,
                repeat.ask,
                sentence::duration(repeat.within)
            );
        }
        let says = [
            ("To the patient", &rule.advice),
            ("To the team", &rule.team),
            ("May not apply, because", &rule.may_skip),
            ("Why", &rule.why),
        ];
        for (name, said) in says {
            if let Some(said) = said {
                let _ = writeln!(text, "- {name}: {said}");
            }
        }
        text.push('\n');
        text
    }

    fn phone(&self) -> String {
        let Advice { bands, answers, education } = &self.advice;
        if bands.is_empty() && answers.is_empty() && education.is_empty() {
            return String::new();
        }
        let mut text = "## What the phone says, with or without signal\n\n".to_owned();
        for band in &self.advice.bands {
            let call = band.call.map(|call| format!(" Offers to call {}.", call.words())).unwrap_or_default();
            let _ = writeln!(text, "- {}: “{}”{call} ({})", self.edge(band), band.say, band.why);
        }
        for answer in &self.advice.answers {
            let call = answer.call.map(|call| format!(" Offers to call {}.", call.words())).unwrap_or_default();
            let any_of = questions::in_words(&answer.any_of);
            let _ = writeln!(
                text,
                "- {} answered {any_of}: “{}”{call} The answers so far are sent at that tap. ({})",
                answer.link, answer.say, answer.why
            );
        }
        for education in &self.advice.education {
            let _ = writeln!(text, "- {}: “{}” ({})", education.title, education.say, education.why);
        }
        text
    }

    fn edge(&self, band: &Band) -> String {
        let side = match band.side {
            Side::High => "at or above",
            Side::Low => "below",
        };
        let threshold = match &band.threshold {
            Threshold::Value(value) => in_words(band.component, *value),
            Threshold::Limit(name) => {
                let default = self
                    .pack
                    .limits
                    .iter()
                    .find(|limit| limit.name == *name)
                    .map(|limit| format!(" ({})", value(limit, limit.default)));
                format!("the {}{}", name.replace('_', " "), default.unwrap_or_default())
            }
        };
        format!("{} {side} {threshold}", capital(band.component.words()))
    }

    fn stories(&self) -> String {
        if self.scenarios.is_empty() {
            return String::new();
        }
        let mut text = format!("## Scenarios ({}): what was tried\n\n", self.scenarios.len());
        for scenario in &self.scenarios {
            let outcome: Vec<String> = scenario.expect.iter().map(|moment| moment.what.words()).collect();
            let outcome = if outcome.is_empty() { "silence".to_owned() } else { outcome.join(", then ") };
            let _ = writeln!(text, "- {}: {outcome}", capital(&scenario.name));
        }
        text
    }

    fn signature(&self) -> String {
        let hash: String =
            self.rulebook.pack_hash(&self.pack.name).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!(
            "## Signature\n\nPack {} {}, files {hash}…\n\n\
             I have read this page, its sources and its scenarios, and release this pack for live use.\n\n\
             Name:  ______________________   Profession and registration:  ______________________\n\n\
             Date:  ______________________   Signature:  ______________________\n",
            self.pack.name, self.pack.version
        )
    }
}

fn plan(template: &Template) -> String {
    let mut text = "## What a plan begins with\n\n".to_owned();
    for (slot, _) in &template.slots {
        let _ = writeln!(text, "- {} {}", capital(&slot.due().words()), slot.words());
    }
    let spaced = |names: &[String]| names.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>().join(", ");
    let asked =
        [("To be known before", &template.tags), ("Whether the patient has their own is asked", &template.limits)];
    for (what, names) in asked.into_iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(text, "- {what}: {}", spaced(names));
    }
    let _ = writeln!(text, "- Why: {}", template.why);
    text
}

fn value(limit: &Limit, value: f64) -> String {
    sentence::number(limit.dimension, value)
}

fn coded(code: Option<Code>) -> (&'static str, &'static str) {
    code.map_or(("–", ""), |code| (code.code, code.display))
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
