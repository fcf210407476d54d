//! Some patients judged again from the beginning, and what is said of it: the second half of `--reconcile`. The judging itself is
//! `monitor/refold.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use alert_rules::Rulebook;
use jiff::SignedDuration;
use serde::Serialize;

use super::Report;
use super::reconcile::some;
use crate::monitor::refold::{self, Difference, Skipped, What};
use crate::store::record::Record;
use crate::store::{Store, rulebook};

/// Patients judged again from the beginning.
#[derive(Debug, Default, Serialize)]
pub struct Sample {
    seed: u64,
    patients: usize,
    /// Of which all that could be was compared.
    compared: usize,
    findings: usize,
    days: i64,
    not_on_record: usize,
    unreadable: usize,
    /// Of patients compared: of before their episode was taken up again or of what was erased, and tasks that depend on when
    /// somebody looked.
    findings_left_out: usize,
    differences: usize,
}

/// Those that the records name. One that cannot be read is left out, and so are the patients it judged.
pub async fn rulebooks(store: &Store, records: &[Record]) -> Result<refold::Rulebooks, sqlx::Error> {
    let hashes: BTreeSet<[u8; 32]> =
        records.iter().flat_map(|record| &record.evaluations).map(|evaluation| evaluation.rulebook).collect();
    let published = rulebook::questionnaires(&mut *store.owner.acquire().await?).await?;
    let mut rulebooks = BTreeMap::new();
    for hash in hashes {
        if let Ok(rulebook) = Rulebook::from_files(rulebook::files(&store.owner, hash).await?) {
            rulebooks.insert(hash, rulebook.knowing(&published));
        }
    }
    Ok(rulebooks)
}

/// Pure, and long for many patients.
pub fn judge_again(records: &[Record], rulebooks: &refold::Rulebooks, seed: u64) -> (Sample, Vec<Difference>) {
    let mut sample = Sample { seed, patients: records.len(), ..Sample::default() };
    let mut differences = Vec::new();
    let mut event_time = SignedDuration::ZERO;
    for record in records {
        match refold::compare(record, rulebooks) {
            Ok(compared) => {
                sample.compared += 1;
                sample.findings += compared.findings;
                sample.findings_left_out += compared.findings_left_out;
                event_time += compared.event_time;
                differences.extend(compared.differences);
            }
            Err(Skipped::NotOnRecord) => sample.not_on_record += 1,
            Err(Skipped::Unreadable) => sample.unreadable += 1,
        }
    }
    sample.days = event_time.as_hours() / 24;
    sample.differences = differences.len();
    (sample, differences)
}

pub fn report_sample(sample: &Sample, differences: &[Difference], report: &mut Report) {
    let mut sentence = format!(
        "{} of {} patients judged again from the beginning (--seed {}): {} findings over {} days",
        sample.compared, sample.patients, sample.seed, sample.findings, sample.days
    );
    for (count, why) in [
        (
            sample.not_on_record,
            "patients were judged by a version that did not write down from where, and are not compared",
        ),
        (sample.unreadable, "patients have a record that this version cannot read, and are not compared"),
        (
            sample.findings_left_out,
            "findings are from before an episode was taken up again, stand on what was erased because it was old, or are tasks \
             about the plan, and are not compared",
        ),
    ] {
        if count > 0 {
            // A string takes everything.
            let _ = write!(sentence, "; {count} {why}");
        }
    }
    if differences.is_empty() {
        return report.good("judged again", format!("{sentence}; nothing differs"));
    }
    let named = some(differences.iter().map(|difference| {
        let Difference { patient, problem, start, what } = difference;
        let what = match what {
            What::Missing => "is missing".to_owned(),
            What::Unfounded => "should not be there".to_owned(),
            What::Differs(fields) => format!("differs in {}", fields.join(", ")),
        };
        format!("{patient}: {problem} since {start} {what}")
    }));
    report.wrong(
        "judged again",
        format!(
            "{sentence}; {named}. Run `derwent admin patient judge --patient …` for each, which puts it right for the last 30 \
             days; if it differs again it is a fault of Derwent: keep the database and report it"
        ),
    );
}
