//! How many readings a second are received, stored, receipted and judged while phones push as fast as they are answered;
//! and what raw COPY does on the same machine in the same run.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::SignedDuration;
use mobile_api::message::{ClientMessage, Outcome, ServerMessage, Submit};
use serde::Serialize;

use super::Load;
use super::world::{World, ordinary};
use crate::clock::Clock;
use crate::phone::Line;
use crate::store::{seed, tally};

const COPY_ROWS: u32 = 200_000;
/// After the push, the rest is judged within this, or it is an error.
const DRAIN_LIMIT: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Debug, Serialize)]
pub struct Throughput {
    pub readings_a_batch: usize,
    pub phones: usize,
    pub seconds: f64,
    pub stored_per_s: f64,
    /// Judged while the phones pushed.
    pub judged_per_s: f64,
    /// Stored and judged, from the first reading sent to the last one judged.
    pub stored_and_judged_per_s: f64,
    pub drained_after_s: f64,
}

pub async fn measure(world: &World, options: &Load, batch: usize) -> anyhow::Result<Throughput> {
    let lines = world.phones(options.phones).await?;
    let phones = lines.len();
    let (stored_before, judged_before) = tally::progress(&world.store.owner).await?;
    let counter = Arc::new(AtomicU64::new(0));
    let begin = world.clock.instant();
    let end = begin + Duration::from_secs(options.seconds);
    let pushing: Vec<_> = lines
        .into_iter()
        .map(|line| tokio::spawn(push(line, world.clock.clone(), batch, end, Arc::clone(&counter))))
        .collect();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let (stored_then, judged_then) = tally::progress(&world.store.owner).await?;
    let pushed_for = world.clock.instant().duration_since(begin);
    for push in pushing {
        push.await.context("a phone broke")??;
    }
    let (drained, stored_after) = drained(world, begin).await?;
    let stored = stored_after - stored_before;
    if u64::try_from(stored) != Ok(counter.load(Ordering::Relaxed)) {
        bail!("phones saw {} readings stored, the database holds {stored}", counter.load(Ordering::Relaxed));
    }
    Ok(Throughput {
        readings_a_batch: batch,
        phones,
        seconds: pushed_for.as_secs_f64(),
        stored_per_s: rate(stored_then - stored_before, pushed_for),
        judged_per_s: rate(judged_then - judged_before, pushed_for),
        stored_and_judged_per_s: rate(stored, drained),
        drained_after_s: drained.saturating_sub(pushed_for).as_secs_f64(),
    })
}

/// One batch after another until the time is over.
async fn push(mut line: Line, clock: Clock, batch: usize, end: Instant, stored: Arc<AtomicU64>) -> anyhow::Result<()> {
    let mut number = 0;
    while clock.instant() < end {
        number += 1;
        let now = clock.care_now();
        let items = (0..batch as u64).map(|item| ordinary(number * batch as u64 + item, now)).collect();
        line.say(&ClientMessage::Submit(Submit { batch: number, items })).await?;
        loop {
            match line.hear().await? {
                ServerMessage::Receipt(receipt) if receipt.batch == Some(number) => {
                    let count =
                        receipt.items.iter().filter(|item| matches!(item.outcome, Outcome::Stored { .. })).count();
                    stored.fetch_add(count as u64, Ordering::Relaxed);
                    break;
                }
                ServerMessage::Refused(refused) => bail!("a batch was refused: {}", refused.refusal.detail),
                _ => {}
            }
        }
    }
    line.close().await;
    Ok(())
}

/// Until everything stored is judged: how long since `begin`, and how much is stored.
async fn drained(world: &World, begin: Instant) -> anyhow::Result<(Duration, i64)> {
    let limit = world.clock.instant() + DRAIN_LIMIT;
    loop {
        let (stored, judged) = tally::progress(&world.store.owner).await?;
        let now = world.clock.instant();
        if stored == judged {
            return Ok((now.duration_since(begin), stored));
        }
        if now > limit {
            bail!("{} readings are still not judged after {DRAIN_LIMIT:?}", stored - judged);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Rows a second that COPY puts into a hypertable like `reading`.
pub async fn copy(world: &World) -> anyhow::Result<f64> {
    seed::make_copy_target(&world.store.owner).await?;
    let now = world.clock.machine_now();
    let mut lines = String::new();
    for row in 0..COPY_ROWS {
        let patient = world.patients[row as usize % world.patients.len()];
        let at = now - SignedDuration::from_secs(i64::from(row) * 30);
        // A writer into a String cannot fail.
        let _ = writeln!(
            lines,
            "{}\t{patient}\t{row}\tpulse\t{at}\tpulse\t70\t/min\t70\t0\t{at}\t{{}}\tinstrument",
            world.organisation
        );
    }
    let begin = world.clock.instant();
    let rows = seed::copy(&world.store.owner, &lines).await?;
    Ok(rate(i64::try_from(rows)?, world.clock.instant().duration_since(begin)))
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn rate(count: i64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
