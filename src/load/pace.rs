//! Latency at a fixed rate, one reading a submission, phones in turn. Each reading has an instant at which it is due to be
//! sent, whatever became of the one before; its latency counts from there.

use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use mobile_api::message::{ClientMessage, Outcome, ServerMessage, Submit};
use serde::Serialize;

use super::Load;
use super::world::{World, ordinary};
use crate::clock::Clock;
use crate::phone::Line;

#[derive(Debug, Serialize)]
pub struct Pace {
    pub readings_per_s: u32,
    pub readings: u64,
    /// From the instant it was due to its receipt.
    pub stored_ms: Percentiles,
    /// From its receipt to *checked*.
    pub stored_to_judged_ms: Percentiles,
}

#[derive(Debug, Serialize)]
pub struct Percentiles {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

impl Percentiles {
    /// Of microseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile: f64| Duration::from_micros(histogram.value_at_quantile(quantile)).as_secs_f64() * 1e3;
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) }
    }
}

/// Three significant digits; microseconds.
pub fn histogram() -> anyhow::Result<Histogram<u64>> {
    Histogram::new(3).context("a histogram")
}

pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

pub async fn measure(world: &World, options: &Load) -> anyhow::Result<Pace> {
    let lines = world.phones(options.phones).await?;
    let phones = u32::try_from(lines.len())?;
    let apart = Duration::from_secs(1) / options.rate;
    // Everybody is connected; the first reading is due a moment from now.
    let begin = world.clock.instant() + Duration::from_millis(100);
    let end = begin + Duration::from_secs(options.seconds);
    let mut running = Vec::new();
    for (turn, line) in (0..phones).zip(lines) {
        running.push(tokio::spawn(keep_pace(line, world.clock.clone(), begin + apart * turn, apart * phones, end)));
    }
    let (mut stored, mut judged) = (histogram()?, histogram()?);
    for phone in running {
        let (of_stored, of_judged) = phone.await.context("a phone broke")??;
        stored.add(of_stored).context("histograms of one shape")?;
        judged.add(of_judged).context("histograms of one shape")?;
    }
    Ok(Pace {
        readings_per_s: options.rate,
        readings: stored.len(),
        stored_ms: Percentiles::of(&stored),
        stored_to_judged_ms: Percentiles::of(&judged),
    })
}

async fn keep_pace(
    mut line: Line,
    clock: Clock,
    mut due: Instant,
    every: Duration,
    end: Instant,
) -> anyhow::Result<(Histogram<u64>, Histogram<u64>)> {
    let (mut stored, mut judged) = (histogram()?, histogram()?);
    let mut number = 0;
    while due < end {
        tokio::time::sleep_until(due.into()).await;
        number += 1;
        let items = vec![ordinary(number, clock.care_now())];
        line.say(&ClientMessage::Submit(Submit { batch: number, items })).await?;
        let (mut stored_at, mut waits_for) = (None, u64::MAX);
        loop {
            match line.hear().await? {
                ServerMessage::Receipt(receipt) => {
                    let now = clock.instant();
                    stored.record(micros(now.duration_since(due))).context("a latency")?;
                    stored_at = Some(now);
                    if let Some(Outcome::Stored { seq, .. }) = receipt.items.first().map(|item| &item.outcome) {
                        waits_for = *seq;
                    }
                }
                ServerMessage::Checked { through, .. } if through >= waits_for => {
                    let since = stored_at.context("judged before it was stored")?;
                    judged.record(micros(clock.instant().duration_since(since))).context("a latency")?;
                    break;
                }
                _ => {}
            }
        }
        due += every;
    }
    line.close().await;
    Ok((stored, judged))
}
