//! What a backtest says, for people and as JSON: for each pack both columns side by side, what was caught and what work it
//! made; beside them, if asked, the same of other rules. Recordings and cohort are never added up.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::Outcome;
use super::compare::{Difference, compare};
use super::figures::{Figures, OfEpisodes};
use super::person::Person;
use crate::finding::Priority;

/// Names that are said; the others are counted.
const NAMED: usize = 12;
/// Least to most.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Over one set of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `recordings`, `cohort of seed 1`.
    pub over: String,
    pub people: usize,
    /// No pack of the rules fits what they measure.
    pub watched_by_none: usize,
    /// Everybody who is watched at all, then by pack.
    pub everybody: Side,
    pub packs: Vec<OfPack>,
    pub difference: Option<Difference>,
}

/// Of the people whom one pack watches: all their alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfPack {
    pub pack: String,
    #[serde(flatten)]
    pub side: Side,
}

/// These rules, and those that they are held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    pub rules: Figures,
    pub against: Option<Figures>,
}

impl Report {
    /// `outcomes` and `against` are of these people, in this order.
    pub fn new(over: &str, people: &[Person], outcomes: &[Outcome], against: Option<&[Outcome]>) -> Report {
        let side = |is_in: &dyn Fn(&Outcome) -> bool| {
            let figures = |of: &[Outcome]| Figures::of(people.iter().zip(of).filter(|(_, outcome)| is_in(outcome)));
            Side { rules: figures(outcomes), against: against.map(figures) }
        };
        let packs: BTreeSet<&String> =
            outcomes.iter().chain(against.unwrap_or_default()).flat_map(|outcome| &outcome.packs).collect();
        let of_pack = |pack: &String| OfPack {
            pack: pack.clone(),
            side: side(&|outcome: &Outcome| outcome.packs.contains(pack)),
        };
        Report {
            over: over.to_owned(),
            people: people.len(),
            watched_by_none: outcomes.iter().filter(|outcome| outcome.packs.is_empty()).count(),
            everybody: side(&|_| true),
            packs: packs.into_iter().map(of_pack).collect(),
            difference: against.map(|against| compare(people, outcomes, against)),
        }
    }

    /// As a table for a terminal, 100 columns at most. Real patients are counted and not named.
    pub fn text(&self, named: bool) -> String {
        let mut out = format!("{}: {} people", self.over, self.people);
        if self.watched_by_none > 0 {
            let _ = write!(out, ", {} of whom measure what no pack here watches", self.watched_by_none);
        }
        out.push('\n');
        if self.difference.is_some() {
            let _ = writeln!(out, "{:>70}{:>20}", "these rules", "against");
        }
        for of in &self.packs {
            lines(&mut out, &of.pack, &of.side);
        }
        if self.packs.len() > 1 {
            lines(&mut out, "all packs", &self.everybody);
        }
        if let Some(difference) = &self.difference {
            out.push('\n');
            let _ = writeln!(
                out,
                "more hand-dealt alerts than against: {} people; fewer: {}",
                difference.more, difference.fewer
            );
            let mut names = |what: &str, people: &[String]| match named {
                true => names(&mut out, what, people),
                false => out.push_str(&format!("{what}: {} people\n", people.len())),
            };
            names("newly alerted", &difference.newly_alerted);
            names("no longer alerted", &difference.no_longer_alerted);
            if named {
                names("episodes told in time by these only", &difference.told_by_these_only);
                names("episodes told in time by against only", &difference.told_by_against_only);
            }
            later(&mut out, difference);
        }
        out
    }

    /// Rows of a Markdown table with the columns of [`HEADING`].
    pub fn rows(&self) -> String {
        let mut out = String::new();
        for OfPack { pack, side } in &self.packs {
            let cell = |of: &dyn Fn(&Figures) -> String| match &side.against {
                Some(against) => format!("{} / {}", of(&side.rules), of(against)),
                None => of(&side.rules),
            };
            let _ = writeln!(
                out,
                "| {} | {pack} | {} | {} | {} | {} | {} | {} |",
                self.over,
                side.rules.people,
                cell(&|figures| in_time(&figures.all_episodes())),
                cell(&|figures| hours(&figures.all_episodes())),
                cell(&alarmed),
                cell(&|figures| format!("{:.3}", figures.hand_dealt_per_patient_day)),
                cell(&|figures| format!("{:.3}", per_day(figures.asks, figures))),
            );
        }
        out
    }
}

/// Of the table whose rows [`Report::rows`] gives.
pub const HEADING: &str = "\
| over | pack | people | episodes told in time | hours to it, median | artefacts that alarmed somebody | hand-dealt alerts per patient-day | asks per patient-day |
|---|---|--:|--:|--:|--:|--:|--:|
";

fn lines(out: &mut String, title: &str, side: &Side) {
    let Side { rules, against } = side;
    let mut line = |what: &str, of: &dyn Fn(&Figures) -> String| {
        let against = against.as_ref().map_or_else(String::new, |against| format!("{:>20}", of(against)));
        let text = format!("  {what:<48}{:>20}{against}", of(rules));
        let _ = writeln!(out, "{}", text.trim_end());
    };
    line("", &|_| String::new());
    let days = |figures: &Figures| format!("{:.0} patient-days", figures.patient_days);
    line(&format!("{title}, {} people", rules.people), &days);
    let mut kinds: Vec<&str> = rules.episodes.iter().map(|of| of.kind.as_str()).collect();
    if kinds.len() > 1 {
        kinds.push("all");
    }
    for kind in kinds {
        let of = |figures: &Figures| match kind {
            "all" => Some(figures.all_episodes()),
            _ => figures.episodes.iter().find(|of| of.kind == kind).cloned(),
        };
        line(&format!("{kind}: told in time"), &|figures| of(figures).map_or_else(String::new, |of| in_time(&of)));
        line("  hours from the true start, median", &|figures| of(figures).map_or_else(String::new, |of| hours(&of)));
    }
    for kind in rules.artefacts.iter().map(|of| &of.kind) {
        line(&format!("{kind}: alarmed somebody"), &|figures| {
            let of = figures.artefacts.iter().find(|of| of.kind == *kind);
            of.map_or_else(String::new, |of| format!("{} of {}", of.alarmed, of.artefacts))
        });
    }
    line("hand-dealt alerts per patient-day", &|figures| format!("{:.3}", figures.hand_dealt_per_patient_day));
    line("asks to patients per patient-day", &|figures| format!("{:.3}", per_day(figures.asks, figures)));
    line("hand-dealt alerts, by week", &|figures| chart(&figures.weekly));
    let both = rules.by_rule.iter().chain(against.iter().flat_map(|against| &against.by_rule));
    let mut named: Vec<(Priority, &str)> = both.map(|of| (of.priority, of.rule.as_str())).collect();
    named.sort_by_key(|(priority, rule)| (std::cmp::Reverse(*priority), *rule));
    named.dedup();
    if !named.is_empty() {
        line("alerts per 100 patients a day", &|_| String::new());
    }
    for (priority, rule) in named {
        line(&format!("  {:<7}{rule}", priority.name()), &|figures| {
            let of = figures.by_rule.iter().find(|of| of.rule == rule && of.priority == priority);
            format!("{:.2}", of.map_or(0.0, |of| of.per_100_patients_a_day))
        });
    }
}

fn in_time(of: &OfEpisodes) -> String {
    if of.episodes == 0 { "–".to_owned() } else { format!("{} of {}", of.alerted, of.episodes) }
}

fn hours(of: &OfEpisodes) -> String {
    of.median_hours().map_or_else(|| "–".to_owned(), |hours| format!("{hours:.1}"))
}

fn alarmed(figures: &Figures) -> String {
    let (alarmed, all) =
        figures.artefacts.iter().fold((0, 0), |(alarmed, all), of| (alarmed + of.alarmed, all + of.artefacts));
    if all == 0 { "–".to_owned() } else { format!("{alarmed} of {all}") }
}

#[expect(clippy::cast_precision_loss, reason = "counts of asks")]
fn per_day(count: usize, figures: &Figures) -> f64 {
    if figures.patient_days > 0.0 { count as f64 / figures.patient_days } else { 0.0 }
}

/// One bar a week, as high as the alerts; of longer times one bar for several weeks, so that 14 are enough.
fn chart(weekly: &[usize]) -> String {
    let together = weekly.len().div_ceil(14).max(1);
    let bars: Vec<usize> = weekly.chunks(together).map(|weeks| weeks.iter().sum()).collect();
    let highest = bars.iter().copied().max().unwrap_or(0);
    let bar = |alerts: &usize| match (*alerts * (BARS.len() - 1)).checked_div(highest) {
        Some(height) => BARS[height],
        None => BARS[0],
    };
    bars.iter().map(bar).collect()
}

/// Of episodes that both tell of: which tells first, and whether that matters.
fn later(out: &mut String, difference: &Difference) {
    let Difference { later_by_hours, hours_left, hours_left_against, .. } = difference;
    let middle = |hours: &[f64]| hours.get(hours.len() / 2).copied();
    let (Some(most), Some(all_middle)) = (later_by_hours.last(), middle(later_by_hours)) else { return };
    let sooner = later_by_hours.iter().filter(|hours| **hours < 0.0).count();
    let later: Vec<f64> = later_by_hours.iter().copied().filter(|hours| *hours > 0.0).collect();
    let same = later_by_hours.len() - sooner - later.len();
    let _ = writeln!(
        out,
        "episodes told in time by both ({}): {sooner} sooner, {same} at the same time, {} later; {all_middle:.1} h later in the middle of all",
        later_by_hours.len(),
        later.len()
    );
    if let Some(middle) = middle(&later) {
        let _ = writeln!(out, "  of those that are later: by {middle:.1} h in the middle, {most:.1} h at most");
    }
    for (who, left) in [("these rules", hours_left), ("against", hours_left_against)] {
        if let (Some(least), Some(middle)) = (left.first(), middle(left)) {
            let _ = writeln!(
                out,
                "  hours left until it had to be known, {who}: {least:.1} at the least, {middle:.1} in the middle"
            );
        }
    }
}

fn names(out: &mut String, what: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let said = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let rest = names.len().saturating_sub(NAMED);
    let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    let _ = writeln!(out, "{what} ({}): {said}{rest}", names.len());
}
