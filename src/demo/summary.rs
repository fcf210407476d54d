//! What a whole play came to: every row accounted for, as a table that is the same on every day and every machine.
//!
//! `demo/summary.txt` is that table as committed. It holds counts, names of rules, and lines of files; no dates.

use std::collections::BTreeMap;
use std::fmt::Write;

use uuid::Uuid;

use super::actor::Seen;
use super::inbox::Channel;
use super::recordings::Recording;
use super::timeline::{Timeline, refused_here};
use crate::store::tally::{Counts, Tally};

/// Lines of files that have something in common.
type Lines = Vec<(String, usize)>;

#[derive(Debug)]
pub struct Summary {
    rows: usize,
    sent: usize,
    /// Refused by the reader, by reason.
    refused_here: BTreeMap<String, Lines>,
    /// Refused by the service, by reason, as the phones heard it.
    refused_there: BTreeMap<String, Lines>,
    stored_as_seen: usize,
    stored_flags_as_seen: BTreeMap<String, i64>,
    asks_as_seen: usize,
    tally: Tally,
    received: BTreeMap<Channel, usize>,
}

impl Summary {
    pub fn of(
        recordings: &[Recording],
        timeline: &Timeline,
        seen: &[Seen],
        tally: Tally,
        received: BTreeMap<Channel, usize>,
    ) -> Self {
        let lines: BTreeMap<Uuid, (String, usize)> = timeline
            .windows
            .iter()
            .flat_map(|window| &window.sendings)
            .map(|sending| (sending.id, (sending.file.clone(), sending.line)))
            .collect();
        let mut refused_there: BTreeMap<String, Lines> = BTreeMap::new();
        for (id, reason) in seen.iter().flat_map(|seen| &seen.refused) {
            let line = lines.get(id).cloned().unwrap_or_else(|| ("nobody's".into(), 0));
            refused_there.entry(reason.clone()).or_default().push(line);
        }
        refused_there.values_mut().for_each(|lines| lines.sort());
        let mut stored_flags_as_seen = BTreeMap::new();
        for flag in seen.iter().flat_map(|seen| seen.stored.values()).flatten() {
            *stored_flags_as_seen.entry(flag.clone()).or_default() += 1;
        }
        Self {
            rows: recordings.iter().map(|recording| recording.rows.len()).sum(),
            sent: timeline.sendings(),
            refused_here: refused_here(recordings),
            refused_there,
            stored_as_seen: seen.iter().map(|seen| seen.stored.len()).sum(),
            stored_flags_as_seen,
            asks_as_seen: seen.iter().map(|seen| seen.asks).sum(),
            tally,
            received,
        }
    }

    /// What does not add up; nothing, if all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut equal = |what: &str, left: i64, right: i64| {
            if left != right {
                problems.push(format!("{what}: {left} and {right}"));
            }
        };
        let count = |lines: &BTreeMap<String, Lines>| lines.values().map(Vec::len).sum::<usize>();
        let (here, there) = (count(&self.refused_here), count(&self.refused_there));
        let tally = &self.tally;
        equal("rows read, and rows sent or refused by the reader", long(self.rows), long(self.sent + here));
        equal("items sent, and receipts", long(self.sent), long(self.stored_as_seen + there));
        equal("stored as the phones saw it, and in the database", long(self.stored_as_seen), sum(&tally.stored));
        equal("refused as the phones saw it, and in the database", long(there), sum(&tally.refused));
        for (reason, lines) in &self.refused_there {
            equal(&format!("refused as {reason}"), long(lines.len()), named(&tally.refused, reason));
        }
        for (flag, seen) in &self.stored_flags_as_seen {
            equal(&format!("flagged {flag}"), *seen, named(&tally.flagged, flag));
        }
        equal(
            "flags as the phones saw them, and in the database",
            self.stored_flags_as_seen.values().sum(),
            sum(&tally.flagged),
        );
        equal("asks the phones showed, and asks in the database", long(self.asks_as_seen), tally.asks);
        for (channel, name) in [(Channel::Email, "email"), (Channel::Pager, "pager")] {
            let pages =
                tally.pages.iter().filter(|(of, _)| of.split(' ').next() == Some(name)).map(|(_, count)| count).sum();
            equal(
                &format!("pages received by {name}, and sent"),
                long(self.received.get(&channel).copied().unwrap_or(0)),
                pages,
            );
        }
        equal("pages not sent", tally.pages_unsent, 0);
        equal("patients not judged to the end", tally.unjudged, 0);
        equal("patients whose evaluations do not tile 1…last", tally.untiled, 0);
        equal("patients whose submissions are not numbered 1…last", tally.with_gaps, 0);
        problems
    }

    /// The table.
    pub fn render(&self) -> String {
        let mut out = String::new();
        let tally = &self.tally;
        line(&mut out, "rows read", long(self.rows));
        line(&mut out, "  sent by phones", long(self.sent));
        line(&mut out, "  refused by the reader", long(self.refused_here.values().map(Vec::len).sum()));
        section(&mut out, "stored", &tally.stored);
        section(&mut out, "of these flagged", &tally.flagged);
        section(&mut out, "refused by the service", &tally.refused);
        section(&mut out, "findings", &tally.findings);
        section(&mut out, "alerts", &tally.alerts);
        line(&mut out, "  still open", tally.alerts_open);
        section(&mut out, "pages", &tally.pages);
        let _ = writeln!(out);
        line(&mut out, "asked to measure again", tally.asks);
        lines(&mut out, "refused by the reader", &self.refused_here);
        lines(&mut out, "refused by the service", &self.refused_there);
        out
    }
}

/// A writer into a String cannot fail.
fn line(out: &mut String, what: &str, count: i64) {
    let _ = writeln!(out, "{what:48} {count:6}");
}

fn section(out: &mut String, title: &str, counts: &Counts) {
    let _ = writeln!(out);
    line(out, title, sum(counts));
    for (what, count) in counts {
        line(out, &format!("  {what}"), *count);
    }
}

/// Every refused line: `glucose/data-29: 208 210 434`, a run as `207-211`.
fn lines(out: &mut String, title: &str, refused: &BTreeMap<String, Lines>) {
    let _ = writeln!(out, "\n{title}, line by line");
    for (reason, lines) in refused {
        let mut files: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (file, line) in lines {
            files.entry(file).or_default().push(*line);
        }
        for (file, lines) in files {
            let _ = writeln!(out, "  {reason}: {file}: {}", runs(&lines));
        }
    }
}

fn runs(lines: &[usize]) -> String {
    let parts = lines.chunk_by(|before, after| before + 1 == *after).map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn sum(counts: &Counts) -> i64 {
    counts.iter().map(|(_, count)| count).sum()
}

fn named(counts: &Counts, name: &str) -> i64 {
    counts.iter().find(|(of, _)| of == name).map_or(0, |(_, count)| *count)
}

fn long(count: usize) -> i64 {
    i64::try_from(count).expect("fewer rows than that")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::demo::recordings;

    /// All of the recordings, as if the service had stored every item that was sent.
    fn all_stored() -> Summary {
        let recordings = recordings::all();
        let timeline = Timeline::new(&recordings, date(2026, 3, 1), &TimeZone::UTC).expect("a timeline");
        let mut seen = Seen::default();
        seen.stored
            .extend(timeline.windows.iter().flat_map(|window| &window.sendings).map(|sending| (sending.id, vec![])));
        let tally = Tally {
            stored: vec![("event".into(), 8_707), ("reading".into(), 7_930), ("answers".into(), 251)],
            flagged: vec![],
            refused: vec![],
            findings: vec![],
            alerts: vec![],
            alerts_open: 0,
            pages: vec![],
            pages_unsent: 0,
            asks: 0,
            evaluations: 0,
            unjudged: 0,
            untiled: 0,
            with_gaps: 0,
        };
        Summary::of(&recordings, &timeline, &[seen], tally, BTreeMap::new())
    }

    #[test]
    fn sums_that_agree_are_no_problem_and_one_row_missing_is() {
        let mut summary = all_stored();
        assert_eq!(summary.problems(), Vec::<String>::new());
        summary.tally.stored[0].1 -= 1;
        assert_eq!(summary.problems(), ["stored as the phones saw it, and in the database: 16888 and 16887"]);
    }

    #[test]
    fn a_refusal_is_listed_by_file_and_line() {
        let mut summary = all_stored();
        let listed = summary.render();
        assert!(listed.contains("  header line: glucose/data-01: 1\n"), "{listed}");
        summary.refused_there.insert("time_invalid".into(), vec![("f".into(), 3), ("f".into(), 4), ("f".into(), 9)]);
        assert!(summary.render().ends_with("  time_invalid: f: 3-4 9\n"));
    }

    #[test]
    fn a_page_that_never_arrived_is_a_problem() {
        let mut summary = all_stored();
        summary.tally.pages = vec![("email high".into(), 2)];
        summary.received.insert(Channel::Email, 1);
        assert_eq!(summary.problems(), ["pages received by email, and sent: 1 and 2"]);
    }
}
