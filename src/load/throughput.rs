//! P1: received, stored, receipted and judged at a steady backlog, phones in turn; and the same SQL without the service.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;

use super::fleet::{Fleet, Measures, Order};
use super::items::What;
use super::latency::{Percentiles, short};
use super::machine::Cores;
use super::replay::{self, Replay};
use super::report::{Measured, Row};
use super::site::{HISTORY_READINGS, Site};
use super::world::World;
use super::{Load, progress};
use crate::clock::Clock;
use crate::store::seed;

/// The judging of what was received in the time may take as long again, many times over.
const PATIENCE: Duration = Duration::from_secs(600);

/// How phones push, and what is promised.
struct Case {
    what: What,
    /// Batches on their way at the same time: fewer than `UNDECIDED_BYTES` has room for, which is 437 of 20 readings or 80 of 200.
    backlog: usize,
    promised_per_s: f64,
    words: &'static str,
}

const CASES: [Case; 3] = [
    Case { what: What::ONE, backlog: 2_000, promised_per_s: 10_000.0, words: "one reading a submission" },
    Case {
        what: What::Ordinary { readings: 20, apart: SignedDuration::from_hours(6) },
        backlog: 400,
        promised_per_s: 25_000.0,
        words: "batches of 20 (five days at four a day)",
    },
    Case {
        what: What::Ordinary { readings: 200, apart: SignedDuration::from_secs(7 * 86_400 / 200) },
        backlog: 60,
        promised_per_s: 40_000.0,
        words: "batches of 200 (a week away)",
    },
];
const PROMISED_RATIO: f64 = 0.4;

#[derive(Debug, Serialize)]
struct Pushed {
    readings_a_batch: usize,
    batches_on_their_way: usize,
    phones: usize,
    seconds_pushed: f64,
    readings: u64,
    stored_per_s: f64,
    unjudged_when_the_push_ended: i64,
    seconds_until_all_judged: f64,
    /// Received, stored, receipted and judged, over the whole time until the last one is judged.
    readings_per_s: f64,
    readings_a_commit: f64,
    sent_to_stored: Percentiles,
    cores: Cores,
    replay: Replay,
    ratio_to_replay: f64,
}

pub async fn measure(site: &Site, options: &Load) -> anyhow::Result<Measured> {
    let mut rows = Vec::new();
    let mut details = vec![
        "| | stored /s while pushed | unjudged at its end | to the last judged | same SQL replayed /s | readings a commit | client | service | database | others | idle |".into(),
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|".into(),
    ];
    let mut raw = Vec::new();
    let mut copied = 0.0;
    for case in &CASES {
        let mut world = site.world().await?;
        let pushed = push(&mut world, case, options).await?;
        if raw.len() + 1 == CASES.len() {
            progress::say("COPY");
            copied = replay::copied_rows_per_s(&world).await?;
        }
        world.dispose().await?;
        let Pushed { readings_per_s: rate, ratio_to_replay: ratio, replay, cores, .. } = &pushed;
        rows.push(Row {
            promise: "P1".into(),
            what: format!("stored and judged for {} s, {}", options.seconds, case.words),
            target: format!("≥ {}/s", case.promised_per_s),
            measured: format!("{rate:.0}/s"),
            met: options.is_w().then_some(*rate >= case.promised_per_s),
        });
        rows.push(Row {
            promise: "P1".into(),
            what: format!("… against the same SQL replayed by a script ({:.0}/s)", replay.readings_per_s),
            target: format!("≥ {PROMISED_RATIO}"),
            measured: short(*ratio),
            met: options.is_w().then_some(*ratio >= PROMISED_RATIO),
        });
        details.push(format!(
            "| {} | {:.0} | {} | {:.1} s | {:.0} | {:.0} | {} | {} | {} | {} | {} |",
            case.words,
            pushed.stored_per_s,
            pushed.unjudged_when_the_push_ended,
            pushed.seconds_until_all_judged,
            replay.readings_per_s,
            pushed.readings_a_commit,
            cores.client,
            cores.service,
            cores.database,
            cores.others,
            cores.idle
        ));
        raw.push(pushed);
    }
    details.push(String::new());
    details.push(format!("Raw `COPY` into a hypertable of the same shape, in the same run: {copied:.0} rows/s."));
    Ok(Measured { rows, details, raw: json!({ "cases": raw, "copied_rows_per_s": copied }) })
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
async fn push(world: &mut World, case: &Case, options: &Load) -> anyhow::Result<Pushed> {
    let time = Duration::from_secs(options.seconds);
    let bar = progress::bar("phones connect", 1);
    let fleet = Arc::new(Fleet::connect(world, 0..world.phones.members.len(), &bar).await?);
    bar.finish_and_clear();
    let backlog = case.backlog.min(fleet.len());
    let warm = Measures::new()?;
    let warming = keep_busy(&world.clock, &fleet, case.what, backlog, world.clock.instant() + options.warm_up(), &warm);
    progress::during("a few seconds that do not count", options.warm_up(), warming).await?;
    fleet.settled(&warm, PATIENCE).await?;

    let measures = Measures::new()?;
    let meter = world.meter()?;
    let begin = world.clock.instant();
    let pushing = keep_busy(&world.clock, &fleet, case.what, backlog, begin + time, &measures);
    progress::during(&format!("pushing, {}", case.words), time, pushing).await?;
    let pushed_for = world.clock.instant().duration_since(begin);
    let waiting = seed::waiting(&world.store.owner).await?;
    let judging = async {
        world.quiet(PATIENCE).await?;
        let all_judged = world.clock.instant().duration_since(begin);
        let cores = meter.read()?;
        // Every phone has heard of it, too.
        fleet.settled(&measures, PATIENCE).await?;
        anyhow::Ok((all_judged, cores))
    };
    let (all_judged, cores) = progress::during("judging the rest", time, judging).await?;
    world.check(&fleet.stored(), 0).await?;
    drop(fleet);
    let (commits, committed) = seed::commits(&world.store.owner, HISTORY_READINGS.into()).await?;
    world.stop_service().await?;
    let replaying = replay::measure(world, case.what, time / 2);
    let replay = progress::during("the same SQL replayed", time / 2, replaying).await?;
    let readings = measures.readings.load(Ordering::Acquire);
    let rate = |count: u64, time: Duration| count as f64 / time.as_secs_f64();
    let readings_per_s = rate(readings, all_judged);
    Ok(Pushed {
        readings_a_batch: case.what.readings(),
        batches_on_their_way: backlog,
        phones: world.phones.members.len(),
        seconds_pushed: pushed_for.as_secs_f64(),
        readings,
        stored_per_s: rate(readings, pushed_for),
        unjudged_when_the_push_ended: waiting,
        seconds_until_all_judged: all_judged.as_secs_f64(),
        readings_per_s,
        readings_a_commit: committed as f64 / commits as f64,
        sent_to_stored: measures.due_to_stored.percentiles(),
        cores,
        ratio_to_replay: readings_per_s / replay.readings_per_s,
        replay,
    })
}

/// As soon as one batch has its receipt, the next phone in turn sends one. Returns when the last has its receipt.
async fn keep_busy(
    clock: &Clock,
    fleet: &Fleet,
    what: What,
    backlog: usize,
    end: Instant,
    measures: &Arc<Measures>,
) -> anyhow::Result<()> {
    let turns = Arc::new(Semaphore::new(backlog));
    for phone in (0..fleet.len()).cycle() {
        let turn = Arc::clone(&turns).acquire_owned().await?;
        let due = clock.instant();
        if due >= end {
            break;
        }
        fleet.order(phone, Order { due, what, measures: Arc::clone(measures), turn: Some(turn) })?;
    }
    let all = turns.acquire_many(u32::try_from(backlog)?);
    tokio::time::timeout(PATIENCE, all).await.context("receipts do not come")??.forget();
    Ok(())
}
