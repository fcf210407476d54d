//! `rules.toml` → `Pack`. Every mistake becomes a problem with its place; a pack is only made when there is none.
//!
//! Only what cannot be read at all is said here; whether a pack is sensible is `check.rs`'s to say.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::SignedDuration;
use toml::de::{DeTable, DeValue};

use crate::expression::numbers;
use crate::expression::parser::{self, Scope};
use crate::expression::{Condition, walk};
use crate::facts::Due;
use crate::finding::{Kind, Priority};
use crate::problem::Problem;
use crate::rule::{AgeStep, Clause, Join, Limit, Pack, Repeat, Review, Rule, RulePriority, Uses, Written};
use crate::toml_reader::{Reader, Value};
use crate::unit::Dimension;
use crate::vital::{Component, Vital};

/// Reads one pack's `rules.toml`. `name` is its folder.
pub(crate) fn read(name: &str, file: &str, text: &str) -> Result<Pack, Vec<Problem>> {
    let root = match DeTable::parse(text) {
        Ok(root) => root.into_inner(),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            return Err(vec![Problem::at(
                file,
                text,
                span.start,
                span.end,
                format!("this is not TOML: {}", error.message()),
            )]);
        }
    };
    let mut reader = Reader { file, text, problems: Vec::new() };
    let pack = reader.pack(name, &root);
    match pack {
        Some(pack) if reader.problems.is_empty() => Ok(pack),
        _ => Err(reader.problems),
    }
}

impl<'t> Reader<'t> {
    fn pack(&mut self, name: &str, root: &DeTable<'t>) -> Option<Pack> {
        self.only(root, &["pack", "limits", "rule", "one_sided"]);
        let Some((head, place)) = root.get("pack").and_then(|head| Some((head.get_ref().as_table()?, head.span())))
        else {
            self.problems
                .push(Problem::of_file(self.file, "there is no [pack]").hint("begin with [pack] and its title"));
            return None;
        };
        self.only(head, &["title", "for", "cover", "source", "version", "draft", "review"]);
        let names = self.names(root.get("limits"));
        let limits = self.limits(root.get("limits"));
        let applies = head.get("for").and_then(|value| self.clause_of(std::slice::from_ref(value), Join::All, &names));
        let review = head.get("review").and_then(|review| self.review(review));
        let draft = head.get("draft").and_then(|draft| self.string(draft));
        let mut required = |key| self.required_text(head, key, &place);
        let (title, cover, source, version) =
            (required("title"), required("cover"), required("source"), required("version"));
        let rules = self.rules(name, root.get("rule"), &names);
        Some(Pack {
            name: name.to_owned(),
            title: title?,
            applies,
            cover: cover?,
            source: source?,
            version: version?,
            draft,
            review,
            one_sided: self.one_sided(root.get("one_sided")),
            limits,
            rules,
            questionnaires: Vec::new(),
            place: self.place(&place),
        })
    }

    fn one_sided(&mut self, table: Option<&Value<'t>>) -> BTreeMap<Component, String> {
        let mut reasons = BTreeMap::new();
        for (key, value) in table.and_then(|table| table.get_ref().as_table()).into_iter().flatten() {
            match (Component::named(key.get_ref()), self.string(value)) {
                (Some(component), Some(reason)) => {
                    reasons.insert(component, reason);
                }
                (None, _) => self.unknown_name(key, Component::ALL.map(Component::name)),
                (Some(_), None) => {}
            }
        }
        reasons
    }

    fn review(&mut self, value: &Value<'t>) -> Option<Review> {
        let table = self.table(value)?;
        self.only(table, &["by", "owner"]);
        let (by, owner) =
            (self.required_text(table, "by", &value.span()), self.required_text(table, "owner", &value.span()));
        Some(Review { by: by?, owner: owner? })
    }

    /// Names and dimensions of limits, first: rules and limits may name them in any order.
    fn names(&mut self, limits: Option<&Value<'t>>) -> Vec<(String, Dimension)> {
        let entries = in_file_order(limits);
        let dimension = |value: &Value<'t>| {
            let default = value.get_ref().as_table()?.get("default")?.get_ref().as_str()?.to_owned();
            numbers::literal(&default).ok().map(|(dimension, _)| dimension)
        };
        entries.into_iter().filter_map(|(name, _, value)| Some((name, dimension(value)?))).collect()
    }

    fn limits(&mut self, limits: Option<&Value<'t>>) -> Vec<Limit> {
        let entries = self.bounded(in_file_order(limits), "limits");
        entries.into_iter().filter_map(|(name, at, value)| self.limit(name, &at, value)).collect()
    }

    fn limit(&mut self, name: String, at: &Range<usize>, value: &Value<'t>) -> Option<Limit> {
        let table = self.table(value)?;
        let default = self.present(table, "default", at)?;
        let (dimension, default) = self.literal(default)?;
        let (range_dimension, from, to) = {
            let range = self.present(table, "range", at)?;
            self.parsed(range, numbers::literal_range)?
        };
        let mut by_age = Vec::new();
        for (key, value) in table {
            let steps = key.get_ref().strip_prefix("from_").and_then(|rest| rest.strip_suffix("_years"));
            match (key.get_ref().as_ref(), steps.map(str::parse)) {
                ("default" | "range" | "why", _) => {}
                (_, Some(Ok(from_years))) => {
                    let (found, step) = self.literal(value)?;
                    self.same(dimension, found, value);
                    by_age.push(AgeStep { from_years, value: step });
                }
                _ => self.unknown_name(key, ["default", "range", "why", "from_80_years"]),
            }
        }
        by_age.sort_unstable_by_key(|step| step.from_years);
        self.same(dimension, range_dimension, value);
        let range = crate::vital::Range { from, to };
        if !range.holds(default) || by_age.iter().any(|step| !range.holds(step.value)) {
            self.say(&value.span(), format!("the default of {name} is outside its range"));
        }
        let why = table.get("why").and_then(|why| self.string(why));
        Some(Limit { name, dimension, default, by_age, range, why, place: self.place(at) })
    }

    fn rules(&mut self, pack: &str, rules: Option<&Value<'t>>, names: &[(String, Dimension)]) -> Vec<Rule> {
        let entries = in_file_order(rules);
        if entries.is_empty() {
            self.problems.push(Problem::of_file(self.file, "there is no rule").hint("write [rule.name]"));
        }
        let entries = self.bounded(entries, "rules");
        entries.into_iter().filter_map(|(name, at, value)| self.rule(pack, name, &at, value, names)).collect()
    }

    fn rule(
        &mut self,
        pack: &str,
        name: String,
        at: &Range<usize>,
        value: &Value<'t>,
        names: &[(String, Dimension)],
    ) -> Option<Rule> {
        const KEYS: [&str; 13] = [
            "problem",
            "kind",
            "priority",
            "when",
            "at_once",
            "repeat",
            "clear",
            "may_skip",
            "closes_itself",
            "advice",
            "team",
            "why",
            "source",
        ];
        let table = self.table(value)?;
        self.only(table, &KEYS);
        let mut text = |key| table.get(key).and_then(|value| self.string(value));
        let (may_skip, advice, team, why) = (text("may_skip"), text("advice"), text("team"), text("why"));
        let problem = self.required_text(table, "problem", at);
        let kind = self.kind(table.get("kind"));
        let priority = self.priority(table, at);
        let when = self.present(table, "when", at).and_then(|when| self.clause(when, names));
        let at_once = table.get("at_once").and_then(|at_once| self.clause(at_once, names));
        let clear = table.get("clear").and_then(|clear| self.clause(clear, names));
        let repeat = table.get("repeat").and_then(|repeat| self.repeat(repeat));
        let closes_itself = match table.get("closes_itself").map(|value| (value.get_ref().as_bool(), value.span())) {
            None => false,
            Some((Some(closes), span)) => {
                if closes && priority != Some(RulePriority::Fixed(Priority::Low)) {
                    self.say(&span, "only a rule of low priority may close itself".to_owned());
                }
                closes
            }
            Some((None, span)) => {
                self.say(&span, "expected true or false".to_owned());
                false
            }
        };
        let (when, priority) = (when?, priority?);
        let uses = uses(&when, at_once.as_ref(), clear.as_ref());
        if let (Some(_), [] | [_, _, ..]) = (&repeat, uses.repeated.as_slice()) {
            self.say(
                at,
                format!("rule {name} asks for a repeat, but its `when` does not look at the latest value of one vital"),
            );
        }
        Some(Rule {
            id: format!("{pack}/{name}"),
            name,
            problem: problem?,
            kind,
            priority,
            when,
            at_once,
            repeat,
            clear,
            may_skip,
            closes_itself,
            advice,
            team,
            why,
            place: self.place(at),
            uses,
        })
    }

    fn kind(&mut self, value: Option<&Value<'t>>) -> Kind {
        let Some(value) = value else { return Kind::Clinical };
        let kind = self.string(value).and_then(|name| Kind::named(&name)).filter(|kind| *kind != Kind::Service);
        kind.unwrap_or_else(|| {
            self.say(&value.span(), "a rule's kind is clinical, absence or equipment".to_owned());
            Kind::Clinical
        })
    }

    fn priority(&mut self, table: &DeTable<'t>, at: &Range<usize>) -> Option<RulePriority> {
        let value = self.present(table, "priority", at)?;
        let name = self.string(value)?;
        let priority = match name.as_str() {
            "from plan" => Some(RulePriority::FromPlan),
            name => Priority::named(name).map(RulePriority::Fixed),
        };
        if priority.is_none() {
            self.say(&value.span(), "a priority is high, medium, low or \"from plan\"".to_owned());
        }
        priority
    }

    fn repeat(&mut self, value: &Value<'t>) -> Option<Repeat> {
        let table = self.table(value)?;
        self.only(table, &["alert", "within", "first", "ask", "symptoms"]);
        let alert_at_once = match table.get("alert").map(|alert| (self.string(alert), alert.span())) {
            None => false,
            Some((Some(alert), _)) if alert == "at once" => true,
            Some((_, span)) => {
                self.say(&span, "the only word here is \"at once\"".to_owned());
                false
            }
        };
        let within =
            self.present(table, "within", &value.span()).and_then(|within| self.parsed(within, numbers::duration));
        let (first, ask) =
            (self.required_text(table, "first", &value.span()), self.required_text(table, "ask", &value.span()));
        let symptoms = table.get("symptoms").and_then(|symptoms| self.string(symptoms));
        Some(Repeat { alert_at_once, within: within?, first: first?, ask: ask?, symptoms })
    }

    /// `"…"`, `["…"]`, `{ any = […] }` or `{ all = […] }`.
    fn clause(&mut self, value: &Value<'t>, names: &[(String, Dimension)]) -> Option<Clause> {
        match value.get_ref() {
            DeValue::String(_) => self.clause_of(std::slice::from_ref(value), Join::All, names),
            DeValue::Table(table) => {
                self.only(table, &["any", "all"]);
                let (join, list) = match (table.get("any"), table.get("all")) {
                    (Some(any), None) => (Join::Any, any),
                    (None, Some(all)) => (Join::All, all),
                    _ => {
                        self.say(&value.span(), "expected .any or .all, one of them".to_owned());
                        return None;
                    }
                };
                match list.get_ref().as_array() {
                    Some(list) if !list.is_empty() => self.clause_of(list, join, names),
                    _ => {
                        self.say(&list.span(), "expected a list of conditions".to_owned());
                        None
                    }
                }
            }
            _ => {
                self.say(&value.span(), "expected a condition in quotes, or .any = [ … ]".to_owned());
                None
            }
        }
    }

    fn clause_of(&mut self, values: &[Value<'t>], join: Join, names: &[(String, Dimension)]) -> Option<Clause> {
        let mut clause = Clause { join, conditions: Vec::new(), texts: Vec::new() };
        if let Some(beyond) = values.get(CONDITIONS_AT_MOST) {
            self.say(&beyond.span(), format!("a list holds at most {CONDITIONS_AT_MOST} conditions"));
            return None;
        }
        for value in values {
            let condition = self.parsed(value, |text| parser::condition(text, Scope { limits: names }));
            if let (Some(condition), Some(text)) = (condition, value.get_ref().as_str()) {
                let place = self.place(&(self.inner_start(value, text)..value.span().end));
                clause.conditions.push(condition);
                clause.texts.push(Written { text: text.to_owned(), place });
            }
        }
        (clause.conditions.len() == values.len()).then_some(clause)
    }

    fn literal(&mut self, value: &Value<'t>) -> Option<(Dimension, f64)> {
        self.parsed(value, numbers::literal)
    }
}

/// So that looking at a rule, and checking it, cost a known maximum.
const CONDITIONS_AT_MOST: usize = 32;

/// Entries of a table as they stand in the file, each with where its name stands.
fn in_file_order<'v, 't>(table: Option<&'v Value<'t>>) -> Vec<(String, Range<usize>, &'v Value<'t>)> {
    let table = table.and_then(|table| table.get_ref().as_table());
    let mut entries: Vec<_> =
        table.into_iter().flatten().map(|(key, value)| (key.get_ref().to_string(), key.span(), value)).collect();
    entries.sort_by_key(|(_, span, _)| span.start);
    entries
}

fn uses(when: &Clause, at_once: Option<&Clause>, clear: Option<&Clause>) -> Uses {
    let all = || [Some(when), at_once, clear].into_iter().flatten().flat_map(|clause| &clause.conditions);
    let sorted = |mut vitals: Vec<Vital>| {
        vitals.sort_unstable();
        vitals.dedup();
        vitals
    };
    let overdue: Vec<(Due, SignedDuration)> = all().flat_map(walk::overdue).collect();
    let due = overdue.iter().filter_map(|(due, _)| match due {
        Due::Vital(vital) => Some(*vital),
        Due::Questionnaire(_) => None,
    });
    let measured = all().flat_map(walk::components).filter_map(Component::vital).chain(due);
    let scores: Vec<Component> = all().flat_map(walk::components).filter(|component| component.is_score()).collect();
    let mut worst: Vec<_> = when.conditions.iter().flat_map(walk::worse_sides).collect();
    worst.sort_unstable();
    worst.dedup();
    Uses {
        vitals: sorted(measured.filter(|vital| !vital.is_score()).collect()),
        repeated: sorted(when.conditions.iter().flat_map(walk::vitals_to_repeat).collect()),
        answers: all().any(walk::uses_answers) || !scores.is_empty(),
        scores,
        links: all().flat_map(walk::links).collect(),
        worst,
        overdue,
        lookback: all().map(|condition: &Condition| walk::lookback(condition)).max().unwrap_or(SignedDuration::ZERO),
    }
}
