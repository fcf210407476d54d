//! Event time that is gone over anew, from a beginning and with no memory of before: what each stretch was judged by is an argument.

use std::collections::BTreeMap;

use alert_rules::{Facts, Finding, History, Rulebook, Watch, evaluate};
use jiff::{SignedDuration, Timestamp};

/// A fold reaches back thirty days at most, so a longer stretch is gone over in pieces: looking in between changes nothing.
const PIECE: SignedDuration = SignedDuration::from_hours(20 * 24);

/// What has been concluded so far.
#[derive(Debug, Default)]
pub struct Over {
    watches: Vec<Watch>,
    /// By problem and start.
    pub findings: BTreeMap<(String, Timestamp), Finding>,
}

impl Over {
    /// Goes over one more stretch, both ends inside.
    pub fn go(&mut self, rulebook: &Rulebook, facts: &Facts, history: &History, from: Timestamp, to: Timestamp) {
        let mut from = from;
        loop {
            let at = from.saturating_add(PIECE).unwrap_or(to).min(to);
            let evaluation = evaluate(rulebook, facts, from, &self.watches, history, at);
            let from_there = evaluation.folded_from;
            self.watches.retain(|watch| watch.until.is_some_and(|until| until < from_there));
            self.watches.extend(evaluation.watches);
            self.findings.retain(|(_, start), _| *start < from_there);
            let keyed = |finding: Finding| ((finding.problem.clone(), finding.start), finding);
            self.findings.extend(evaluation.findings.into_iter().map(keyed));
            if at >= to {
                break;
            }
            from = at;
        }
    }
}
