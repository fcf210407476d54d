//! What a torture run says at its end: aligned, readable alone.

use std::collections::BTreeMap;
use std::fmt;

use super::checker::Violation;
use super::history::Tally;
use super::nemesis::Fault;
use super::trial::told;

#[derive(Debug, Default)]
pub struct Report {
    pub seed: u64,
    pub seconds: u64,
    pub rounds: usize,
    pub phones: usize,
    pub replicas: usize,
    /// Submissions in flight each time a fault struck.
    pub struck: BTreeMap<Fault, Vec<usize>>,
    pub tally: Tally,
    /// Ranges that were handed to people because they could not be judged.
    pub given_up: i64,
    pub violations: Vec<Violation>,
}

impl Report {
    pub fn count(&self, of: impl Fn(&Violation) -> bool) -> usize {
        self.violations.iter().filter(|violation| of(violation)).count()
    }

    pub fn kills(&self) -> usize {
        self.struck.iter().filter(|(fault, _)| fault.kills()).map(|(_, in_flight)| in_flight.len()).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, seconds, rounds, phones, replicas, tally, .. } = self;
        writeln!(
            f,
            "seed {seed}: {rounds} rounds in {seconds} s, {phones} phones, {replicas} services on one database\n"
        )?;
        writeln!(f, "{:32}{:>8}{:>36}{:>8}", "fault", "times", "in flight as it struck: median", "most")?;
        let mut killed = Vec::new();
        for (fault, in_flight) in &self.struck {
            line_of(f, &fault.to_string(), in_flight)?;
            if fault.kills() {
                killed.extend_from_slice(in_flight);
            }
        }
        line_of(f, "all kills", &killed)?;
        writeln!(f)?;
        let sent = tally.stored + tally.duplicate + tally.refused + tally.not_now + tally.unknown;
        let lost = self.count(|violation| matches!(violation, Violation::Lost { .. }));
        let doubled = self.count(|violation| {
            matches!(violation, Violation::Doubled { .. } | Violation::StoredTwice { .. } | Violation::Numbers { .. })
        });
        let untiled = self.count(|violation| matches!(violation, Violation::Untiled { .. }));
        for (what, count) in [
            ("submissions", tally.submissions),
            ("  sent, counting each time", sent),
            ("  stored", tally.stored),
            ("  duplicate", tally.duplicate),
            ("  refused for good", tally.refused),
            ("  not now", tally.not_now),
            ("  unknown: the line or the service died", tally.unknown),
            ("lost", lost),
            ("doubled", doubled),
            ("patients whose ranges do not tile", untiled),
            ("anything else", self.violations.len() - lost - doubled - untiled),
        ] {
            writeln!(f, "{what:42}{count:>10}")?;
        }
        writeln!(f, "{:42}{:>10}", "ranges given up to people", self.given_up)?;
        if !self.violations.is_empty() {
            write!(f, "\n{}", told(&self.violations))?;
        }
        Ok(())
    }
}

fn line_of(f: &mut fmt::Formatter<'_>, what: &str, in_flight: &[usize]) -> fmt::Result {
    let mut sorted = in_flight.to_vec();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    let most = sorted.last().copied().unwrap_or(0);
    writeln!(f, "{what:32}{:>8}{median:>36}{most:>8}", sorted.len())
}
