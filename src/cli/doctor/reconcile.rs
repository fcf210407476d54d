//! `derwent doctor --reconcile`: received, stored, judged, found, alerted, paged. Each step's number is the sum of what became of
//! it, by name, and the next step begins with one of those names; what does not add up is a finding of the doctor's, with what to
//! do. All is counted in one snapshot, beside a running service.

use std::fmt::Write;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Report;
use super::sample::{self, Sample};
use crate::random;
use crate::store::reconcile::{self, Counts};
use crate::store::{Store, decision_count, record};

/// Patients or findings named in one sentence; the JSON has no more either.
const NAMED: usize = 5;

#[derive(Args, Debug)]
pub struct Reconcile {
    /// Also count what was received, stored, judged, alerted and paged, and whether it adds up
    #[arg(long)]
    reconcile: bool,

    /// Only what came in since then, in whole hours, such as 2026-11-01T00:00:00Z
    #[arg(long, requires = "reconcile")]
    since: Option<Timestamp>,

    /// How many patients to judge again from the beginning and compare
    #[arg(long, default_value_t = 20, requires = "reconcile")]
    sample: u16,

    /// Which patients: the same number chooses the same ones (default: by chance)
    #[arg(long, requires = "reconcile")]
    seed: Option<u64>,
}

/// What became of everything.
#[derive(Debug, Serialize)]
pub struct Reconciled {
    since: Option<Timestamp>,
    steps: Vec<Step>,
    sample: Sample,
}

#[derive(Debug, Serialize)]
struct Step {
    step: &'static str,
    count: i64,
    /// What became of them. Those of value 0 are left out, but for what the next step begins with.
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Part {
    name: String,
    count: i64,
}

impl Reconcile {
    /// Adds what does not add up to the report.
    pub async fn run(
        &self,
        store: &Store,
        now: Timestamp,
        report: &mut Report,
    ) -> Result<Option<Reconciled>, sqlx::Error> {
        if !self.reconcile {
            return Ok(None);
        }
        let since = self.since.map(decision_count::hour);
        let seed = self.seed.unwrap_or_else(|| u64::from(u32::from_le_bytes(random::bytes())));
        let mut tx = store.owner.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        reconcile::make_room(&mut tx).await?;
        let steps = steps(&mut tx, since, report).await?;
        disorder(&mut tx, since, report).await?;
        let records = record::sample(&mut tx, i64::from(self.sample), seed, now).await?;
        tx.commit().await?;
        let rulebooks = sample::rulebooks(store, &records).await?;
        let judging = tokio::task::spawn_blocking(move || sample::judge_again(&records, &rulebooks, seed));
        let (judged, differences) = judging.await.unwrap_or_default();
        sample::report_sample(&judged, &differences, report);
        Ok(Some(Reconciled { since, steps, sample: judged }))
    }
}

fn of(counts: &Counts, name: &str) -> i64 {
    counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count)
}

fn sum(counts: &Counts) -> i64 {
    counts.iter().map(|(_, count)| count).sum()
}

/// A step whose parts are given by name; the first is what the next step begins with.
fn step(step: &'static str, count: i64, parts: &[(&str, i64)]) -> Step {
    let told = |(place, (_, count)): &(usize, &(&str, i64))| *place == 0 || *count != 0;
    let part = |(_, (name, count)): (usize, &(&str, i64))| Part { name: (*name).to_owned(), count: *count };
    Step { step, count, parts: parts.iter().enumerate().filter(told).map(part).collect() }
}

async fn steps(db: &mut PgConnection, since: Option<Timestamp>, report: &mut Report) -> Result<Vec<Step>, sqlx::Error> {
    let decided = reconcile::decisions(db, since).await?;
    let stored = reconcile::submissions(db, since).await?;
    let (numbered, in_ranges) = reconcile::numbers(db).await?;
    let evaluations = reconcile::evaluations(db, since).await?;
    let findings = reconcile::findings(db, since).await?;
    let alerts = reconcile::alerts(db, since).await?;
    let (requests, distinct) = reconcile::requests(db, since).await?;
    let (on_record, beside) = reconcile::pages(db, since).await?;

    let mut received = vec![("stored", sum(&stored)), ("duplicate", of(&decided, "duplicate"))];
    let reasons: Vec<(String, i64)> = decided.iter().filter(|(name, _)| name != "duplicate").cloned().collect();
    let named: Vec<(String, i64)> =
        reasons.into_iter().map(|(name, count)| (format!("refused: {name}"), count)).collect();
    received.extend(named.iter().map(|(name, count)| (name.as_str(), *count)));
    let unjudged = of(&stored, "waiting") + of(&stored, "failed");
    let judged = sum(&stored) - unjudged;
    let to_page = of(&requests, "page");
    let steps = vec![
        step("received", received.iter().map(|(_, count)| count).sum(), &received),
        step(
            "stored",
            // Of the whole the heads have counted on their own.
            if since.is_none() { numbered } else { sum(&stored) },
            &[
                ("judged", judged),
                ("waiting in the queue", of(&stored, "waiting")),
                ("could not be judged, with a task", of(&stored, "failed")),
            ],
        ),
        step(
            "judged",
            // So have the evaluation ranges.
            if since.is_none() { in_ranges - of(&stored, "failed") } else { judged },
            &[
                ("by the rules", of(&stored, "judged")),
                ("impossible, never used as a value", of(&stored, "impossible")),
                ("over 30 days old, on the chart alone", of(&stored, "old")),
                ("nobody watched any more", of(&stored, "unwatched")),
                ("erased because they were old", of(&stored, "erased")),
            ],
        ),
        step(
            "evaluations",
            sum(&evaluations),
            &[
                ("took new numbers in", of(&evaluations, "new")),
                ("looked again", of(&evaluations, "again")),
                ("failed", of(&evaluations, "failed")),
            ],
        ),
        step(
            "found",
            sum(&findings),
            &[
                ("told in an alert", of(&findings, "told")),
                ("asked to measure again first", of(&findings, "asked")),
                ("over before anybody had to hear", of(&findings, "over")),
                ("without an alert", of(&findings, "untold")),
            ],
        ),
        step(
            "alerted",
            alerts.of_findings + alerts.of_tasks,
            &[("waiting", alerts.waiting), ("acknowledged", alerts.acknowledged), ("closed", alerts.closed)],
        ),
        step(
            "page requests",
            sum(&requests),
            &[
                ("came to a page", distinct),
                ("bundled with another", to_page - distinct),
                ("taken before anybody was told", of(&requests, "taken")),
                ("nobody to tell", of(&requests, "nobody")),
                ("for later", of(&requests, "waiting")),
                ("of before this was written down", of(&requests, "unknown")),
            ],
        ),
        step(
            "paged",
            distinct + sum(&beside),
            &[
                ("sent", of(&on_record, "sent") + of(&beside, "sent")),
                ("given up", of(&on_record, "given_up") + of(&beside, "given_up")),
                ("to be sent", [&on_record, &beside].map(|by| of(by, "ready") + of(by, "sending")).iter().sum()),
            ],
        ),
    ];
    let uneven: Vec<String> = steps.iter().filter_map(uneven).collect();
    if uneven.is_empty() {
        report.good("sums", "received, stored, judged, found, alerted and paged add up");
    } else {
        report.wrong("sums", format!("{}; the lines below say where to look", uneven.join("; ")));
    }
    Ok(steps)
}

fn uneven(step: &Step) -> Option<String> {
    let parts: i64 = step.parts.iter().map(|part| part.count).sum();
    (parts != step.count).then(|| format!("{} are {}, and what became of them is {parts}", step.step, step.count))
}

/// Names a few of many.
pub(super) fn some(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let named: Vec<String> = all.take(NAMED).collect();
    let named = named.join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

fn patients(patients: &[Uuid]) -> String {
    some(patients.iter().map(Uuid::to_string))
}

/// What no sum shows: each thing where it should be, and only there.
async fn disorder(db: &mut PgConnection, since: Option<Timestamp>, report: &mut Report) -> Result<(), sqlx::Error> {
    let misnumbered = reconcile::misnumbered(db).await?;
    if misnumbered.is_empty() {
        report.good("ledger", "everybody's numbers run from 1 to the last without a hole");
    } else {
        let named = some(misnumbered.iter().map(|(patient, last)| format!("{patient} (last in the ledger: {last})")));
        report.wrong(
            "ledger",
            format!(
                "the numbers of {named} do not run from 1 to their head's last: readings were lost or a head is wrong; keep the \
                 database, restore the rows from a backup, or set patient_head.last_seq where the ledger is whole"
            ),
        );
    }
    let hollow = reconcile::hollow(db, since).await?;
    match hollow.as_slice() {
        [] => report.good("rows", "everything in the ledger has its values"),
        hollow => report.wrong(
            "rows",
            format!(
                "the ledger holds submissions whose own rows are gone ({}); restore them from a backup",
                some(hollow.iter().map(|(kind, count)| format!("{kind} {count}")))
            ),
        ),
    }
    let untiled = reconcile::untiled(db).await?;
    if untiled.is_empty() {
        report.good("ranges", "every number up to where a patient is judged lies in exactly one evaluation");
    } else {
        let named = some(untiled.iter().map(|of| {
            let (through, tiled) = (of.judged_through, of.tiled_through);
            format!("{} (judged through {through}, ranges end at {tiled}, {} holes)", of.patient, of.holes)
        }));
        report.wrong(
            "ranges",
            format!(
                "evaluations do not tile the numbers of {named}; set patient_judged.judged_through to where the ranges end, have \
                 the patient judged again with `derwent admin patient judge`, and report it as a fault of Derwent"
            ),
        );
    }
    let unqueued = reconcile::unqueued(db).await?;
    if unqueued.is_empty() {
        report.good("queued", "everything not judged yet is in the queue");
    } else {
        report.wrong(
            "queued",
            format!(
                "readings of {} are neither judged nor in the queue; run `derwent admin patient judge --patient …` for each, and \
                 report it as a fault of Derwent",
                patients(&unqueued)
            ),
        );
    }
    let silent = reconcile::failed_without_task(db).await?;
    if !silent.is_empty() {
        report.wrong(
            "failed",
            format!(
                "readings of {} could not be judged and nobody was given the task to look; look at the charts now, and report it \
                 as a fault of Derwent",
                patients(&silent)
            ),
        );
    }
    let untold = reconcile::untold(db).await?;
    if untold.is_empty() {
        report.good("told", "every finding has its alert, waits for a measurement that was asked for, or was over by then and needs nobody");
    } else {
        let named = some(untold.iter().map(|(patient, problem, start)| format!("{patient}: {problem} since {start}")));
        report.wrong(
            "told",
            format!(
                "nobody was told of {named}; run `derwent admin patient judge --patient …` for each, which opens the alert, and \
                 report it as a fault of Derwent"
            ),
        );
    }
    let unpaged = reconcile::unpaged(db).await?;
    if unpaged.is_empty() {
        report.good("to be paged", "every open alert that nobody has taken has a page to come");
    } else {
        let named = some(unpaged.iter().map(|reference| format!("A{reference}")));
        report.wrong(
            "to be paged",
            format!(
                "nobody is, or ever was, paged for {named}; open the worklist now, and report it as a fault of Derwent"
            ),
        );
    }
    Ok(())
}

/// The table.
pub fn in_words(reconciled: &Reconciled) -> String {
    let since = reconciled.since.map_or_else(|| "since the beginning".to_owned(), |since| format!("since {since}"));
    let mut text = format!("\n{since}\n");
    for step in &reconciled.steps {
        let parts: Vec<String> = step.parts.iter().map(|part| format!("{} {}", part.count, part.name)).collect();
        let sign = if uneven(step).is_some() { "≠" } else { "=" };
        // A string takes everything.
        let _ = writeln!(text, "  {:<14} {:>10} {sign} {}", step.step, step.count, parts.join(" + "));
    }
    text
}
