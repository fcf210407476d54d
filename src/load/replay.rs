//! The other side of P1's ratio: the writer's own SQL over one connection, from entries that are ready beforehand, in commits as
//! full as the writer makes them; no sockets, no decoding, no judging. And raw COPY.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use mobile_api::decode::{self, Incoming};
use serde::Serialize;

use super::items::{Forms, What};
use super::world::World;
use crate::ingest::accept::{Accepted, Asked, Person, Sender, accept};
use crate::ingest::writer::COMMIT_ROWS;
use crate::store::ledger::Ledger;
use crate::store::seed::{Member, copy};
use crate::store::submission::{Decision, Entry};

/// Ready in memory at the same time.
const READY_READINGS: usize = 40_000;
const COPY_ROWS: u32 = 400_000;

#[derive(Debug, Serialize)]
pub struct Replay {
    pub readings: usize,
    pub commits: usize,
    pub seconds: f64,
    pub readings_per_s: f64,
}

/// For about so long, not counting the making of entries. What it stores is never judged: the service is stopped.
pub async fn measure(world: &World, what: What, time: Duration) -> anyhow::Result<Replay> {
    let mut ledger = Ledger::connect(&world.store.ingest_session()).await?;
    let forms = Forms::new()?;
    let mut turn = (0..world.phones.members.len()).cycle().enumerate();
    let (mut readings, mut count, mut spent) = (0, 0, Duration::ZERO);
    while spent < time {
        let mut commits = Vec::new();
        let mut ready = 0;
        while ready < READY_READINGS {
            let mut entries = Vec::new();
            while entries.iter().map(Entry::rows).sum::<usize>() < COMMIT_ROWS {
                let (number, phone) = turn.next().context("it turns for ever")?;
                entries.extend(ready_made(&forms, &world.phones.members[phone], what, number, world.clock.care_now())?);
            }
            ready += entries.len();
            commits.push(entries);
        }
        let begin = world.clock.instant();
        for entries in &commits {
            let decisions = ledger.store(entries).await?;
            let stored = decisions.iter().all(|decision| matches!(decision, Decision::Stored { .. }));
            ensure!(stored, "the ledger did not store what was new");
        }
        spent += world.clock.instant().duration_since(begin);
        readings += ready;
        count += commits.len();
    }
    ledger.close().await;
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let readings_per_s = readings as f64 / spent.as_secs_f64();
    Ok(Replay { readings, commits: count, seconds: spent.as_secs_f64(), readings_per_s })
}

/// What the service would make of such a frame.
fn ready_made(forms: &Forms, member: &Member, what: What, number: usize, now: Timestamp) -> anyhow::Result<Vec<Entry>> {
    let (text, _) = forms.frame(1, what, number, now)?;
    let Ok(Incoming::Submit { items, .. }) = decode::frame(&text) else { bail!("a frame of ours cannot be read") };
    let sender = Sender {
        organisation: member.organisation,
        device: Some(member.device),
        entered_by: None,
        own: Some(member.patient),
        people: vec![Person {
            handle: "p1".into(),
            patient: member.patient,
            organisation: member.organisation,
            ended: false,
        }],
        skew: SignedDuration::ZERO,
        received_at: now,
        numbers: Vec::new(),
    };
    items
        .iter()
        .map(|item| match accept(item, &sender, |_| Asked::Unknown) {
            Accepted::Submission(submission) => Ok(Entry::Submission(*submission)),
            Accepted::Refused { refusal, .. } => bail!("an item of ours was refused: {}", refusal.detail),
        })
        .collect()
}

/// Rows a second that COPY puts into a hypertable like `reading`.
pub async fn copied_rows_per_s(world: &World) -> anyhow::Result<f64> {
    copy::make_target(&world.store.owner).await?;
    let now = world.clock.machine_now();
    let mut lines = String::new();
    for row in 0..COPY_ROWS {
        let Member { organisation, patient, .. } = world.phones.members[row as usize % world.phones.members.len()];
        let at = now - SignedDuration::from_secs(i64::from(row) * 15);
        // A writer into a String cannot fail.
        let _ = writeln!(
            lines,
            "{organisation}\t{patient}\t{row}\tpulse\t{at}\tpulse\t70\t/min\t70\t0\t{at}\t{{}}\tinstrument"
        );
    }
    let begin = world.clock.instant();
    let rows = u32::try_from(copy::rows(&world.store.owner, &lines).await?)?;
    Ok(f64::from(rows) / world.clock.instant().duration_since(begin).as_secs_f64())
}
