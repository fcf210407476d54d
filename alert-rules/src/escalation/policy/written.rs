//! Policies as people write them (TOML), and what of it would leave somebody untold.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::{ByPriority, Parts, Policies, Policy, STANDARD, Span, Step, Target};
use crate::finding::{Kind, Priority};
use crate::problem::Problem;

const MOST_STEPS: usize = 12;
const MOST_TARGETS: usize = 20;
const MOST_DEAL: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    high: Option<Clocks>,
    medium: Option<Clocks>,
    low: Option<Clocks>,
    clinical: Option<OfKind>,
    absence: Option<OfKind>,
    equipment: Option<OfKind>,
    service: Option<OfKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfKind {
    high: Option<Clocks>,
    medium: Option<Clocks>,
    low: Option<Clocks>,
}

type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clocks {
    acknowledge: Text,
    deal: Text,
    steps: Spanned<Vec<WrittenStep>>,
    welfare: Spanned<Vec<Text>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStep {
    after: Text,
    to: Spanned<Vec<Text>>,
}

/// A team's policies. Priorities of which nothing is written go by the standard one. Errors: everything that cannot be read
/// or would leave somebody untold, each at its place.
pub fn read(file: &str, text: &str) -> Result<Policies, Vec<Problem>> {
    let standard = Policies::standard();
    let fill = |priority| standard.0.all.of(priority).clone();
    let mut reader = Reader { file, text, problems: Vec::new() };
    let (written, kinds) = reader.file()?;
    let [high, medium, low] = written;
    let all = ByPriority {
        high: high.unwrap_or_else(|| fill(Priority::High)),
        medium: medium.unwrap_or_else(|| fill(Priority::Medium)),
        low: low.unwrap_or_else(|| fill(Priority::Low)),
    };
    Ok(Policies(Arc::new(Parts { all, kinds })))
}

/// The file of this crate, which says something of each priority: a test reads it.
pub(super) fn standard() -> Policies {
    let mut reader = Reader { file: "standard.toml", text: STANDARD, problems: Vec::new() };
    match reader.file() {
        Ok(([Some(high), Some(medium), Some(low)], kinds)) => {
            Policies(Arc::new(Parts { all: ByPriority { high, medium, low }, kinds }))
        }
        Ok(_) => unreachable!("the standard policy says nothing of some priority"),
        Err(problems) => unreachable!("the standard policy cannot be read: {problems:?}"),
    }
}

type ByKind = BTreeMap<(Kind, Priority), Policy>;

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn file(&mut self) -> Result<([Option<Policy>; 3], ByKind), Vec<Problem>> {
        let written: File =
            toml::from_str(self.text).map_err(|error| vec![Problem::of_toml(self.file, self.text, &error)])?;
        let mut read = |clocks: Option<Clocks>, priority| clocks.map(|clocks| self.policy(clocks, priority));
        let all = [
            read(written.high, Priority::High),
            read(written.medium, Priority::Medium),
            read(written.low, Priority::Low),
        ];
        let mut kinds = BTreeMap::new();
        let of_kinds = [
            (Kind::Clinical, written.clinical),
            (Kind::Absence, written.absence),
            (Kind::Equipment, written.equipment),
            (Kind::Service, written.service),
        ];
        for (kind, of) in of_kinds.into_iter().filter_map(|(kind, of)| Some((kind, of?))) {
            for (priority, clocks) in
                [(Priority::High, of.high), (Priority::Medium, of.medium), (Priority::Low, of.low)]
            {
                kinds.extend(read(clocks, priority).map(|policy| ((kind, priority), policy)));
            }
        }
        if self.problems.is_empty() { Ok((all, kinds)) } else { Err(std::mem::take(&mut self.problems)) }
    }

    fn policy(&mut self, clocks: Clocks, priority: Priority) -> Policy {
        let longest = longest(priority);
        let acknowledge = self.span(&clocks.acknowledge, priority, longest);
        let deal = self.span(&clocks.deal, priority, MOST_DEAL);
        let place = clocks.steps.span();
        let written = clocks.steps.into_inner();
        if written.is_empty() || written.len() > MOST_STEPS {
            let hint = "name at least who is on duty, and go on to everyone";
            self.say(place, format!("a policy has 1 to {MOST_STEPS} steps: without one nobody is told"), hint);
        }
        let last = written.len().saturating_sub(1);
        let mut steps = Vec::new();
        for (n, step) in written.into_iter().enumerate() {
            let after = self.span(&step.after, priority, longest);
            let is_at_once = matches!(after, Span::Elapsed(time) | Span::Cover(time) if time.is_zero());
            if is_at_once && (n > 0 || n == last) {
                let hint = if n == 0 { "add a step, as in after = \"15 min\"" } else { "as in after = \"15 min\"" };
                self.say(step.after.span(), "the last step repeats, and no step comes with the one before", hint);
            }
            let to = self.targets(step.to);
            steps.push(Step { after, to });
        }
        Policy { acknowledge, deal, steps, welfare: self.targets(clocks.welfare) }
    }

    fn span(&mut self, written: &Text, priority: Priority, longest: SignedDuration) -> Span {
        let span = match Span::read(written.get_ref()) {
            Ok(span) => span,
            Err(fault) => {
                self.say(written.span(), fault.message, fault.hint.unwrap_or_default());
                return Span::Elapsed(SignedDuration::ZERO);
            }
        };
        let too_long = match span {
            Span::Elapsed(time) | Span::Cover(time) => time > longest,
            Span::NextWorkingDay => priority != Priority::Low,
        };
        if too_long {
            let longest = crate::print::sentence::duration(longest);
            let hint = format!("at most {longest}, or make the rule's priority lower");
            self.say(written.span(), format!("a {} alert does not wait that long", priority.name()), hint);
        }
        if priority == Priority::High && span.waits_for_cover() {
            let hint = "as in 15 min; who is told outside cover is the team's cover";
            self.say(written.span(), "the clock of a high alert runs at any hour", hint);
        }
        span
    }

    fn targets(&mut self, written: Spanned<Vec<Text>>) -> Vec<Target> {
        let place = written.span();
        let written = written.into_inner();
        if written.is_empty() || written.len() > MOST_TARGETS {
            self.say(place, format!("a step names 1 to {MOST_TARGETS} targets: this one tells nobody"), EXAMPLES);
        }
        written.iter().filter_map(|target| self.target(target)).collect()
    }

    fn target(&mut self, written: &Text) -> Option<Target> {
        let text = written.get_ref().trim();
        let named = text.split_once(':').map(|(what, name)| (what.trim(), name.trim().to_owned()));
        let target = match (text, named) {
            ("on duty", _) => Some(Target::OnDuty),
            ("next", _) => Some(Target::Next),
            ("everyone", _) => Some(Target::Everyone),
            (_, Some(("role", name))) if !name.is_empty() => Some(Target::Role(name)),
            (_, Some(("staff", name))) if !name.is_empty() => Some(Target::Staff(name)),
            (_, Some(("team", name))) if !name.is_empty() => Some(Target::Team(name)),
            _ => None,
        };
        if target.is_none() {
            self.say(written.span(), format!("nobody is called {text:?}"), EXAMPLES);
        }
        target
    }

    fn say(&mut self, place: std::ops::Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::at(self.file, self.text, place.start, place.end, message).hint(hint));
    }
}

const EXAMPLES: &str = "on duty, next, everyone, role: coordinator, staff: ida@example.org, team: Belper nights";

/// Between two steps, and until somebody acknowledges.
fn longest(priority: Priority) -> SignedDuration {
    match priority {
        Priority::High => SignedDuration::from_mins(30),
        Priority::Medium => SignedDuration::from_hours(12),
        Priority::Low => SignedDuration::from_hours(72),
    }
}
