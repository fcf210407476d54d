//! P8: from the start of the program to the first receipt, with the private database running, stopped or crashed; how big the
//! program is, and how much memory it takes when nothing happens.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use jiff::SignedDuration;
use mobile_api::message::{Outcome, ServerMessage};
use mobile_api::time::PhoneTime;
use serde_json::json;

use super::items::{Forms, What};
use super::latency::short;
use super::machine::resident_kb;
use super::report::{Measured, Row};
use super::site::Site;
use super::world::{Phones, Resting};
use super::{Load, progress};
use crate::clock::Clock;
use crate::demo::service::Service;
use crate::phone::Line;

const ROUNDS: usize = 5;
/// Batches that are stored before each crash.
const BATCHES: usize = 100;
const BATCH: What = What::Ordinary { readings: 200, apart: SignedDuration::from_secs(7 * 86_400 / 200) };
const SETTLE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(300);

const PROMISED_S: [(&str, f64); 3] = [("running", 0.5), ("stopped", 2.0), ("crashed", 5.0)];
const PROMISED_BINARY_MB: f64 = 40.0;
const PROMISED_RESIDENT_MB: f64 = 60.0;

pub async fn measure(site: &Site, options: &Load) -> anyhow::Result<Measured> {
    let (rounds, batches) = if options.is_w() { (ROUNDS, BATCHES) } else { (1, 5) };
    let mut world = site.world().await?;
    let clock = world.clock.clone();
    let mut senders =
        Senders { clock: clock.clone(), forms: Forms::new()?, next: 0, stored: vec![0; world.phones.len()] };
    let mut took: [Vec<f64>; 3] = Default::default();

    for round in 0..rounds {
        world.stop_service().await?;
        let begin = clock.instant();
        world.start_service().await?;
        senders.submit(&world.phones, world.service()?, What::ONE).await?;
        took[0].push(clock.instant().duration_since(begin).as_secs_f64());
        progress::say(&format!("started {} of {rounds}, the database running", round + 1));
    }
    let settle = SETTLE.min(Duration::from_secs(options.seconds));
    progress::during("nothing happens", settle, tokio::time::sleep(settle)).await;
    let resident_kib = resident_kb(world.watched()?.service)?;

    let resting = world.rest().await?;
    for round in 0..rounds {
        let (begin, service) = started(&resting, &mut senders).await?;
        took[1].push(begin);
        service.end().await?;
        progress::say(&format!("started {} of {rounds}, the database stopped", round + 1));
    }
    for round in 0..rounds {
        let service = resting.start().await?;
        for _ in 0..batches {
            senders.submit(&resting.phones, &service, BATCH).await?;
        }
        resting.crash(service).await?;
        let (begin, service) = started(&resting, &mut senders).await?;
        took[2].push(begin);
        service.end().await?;
        progress::say(&format!("started {} of {rounds}, the database crashed", round + 1));
    }
    let world = resting.wake(site).await?;
    world.quiet(PATIENCE).await?;
    world.check(&senders.stored, 0).await?;
    world.dispose().await?;

    let binary = std::fs::metadata(std::env::current_exe()?)?.len();
    let mut rows = Vec::new();
    for ((database, promised), took) in PROMISED_S.iter().zip(&took) {
        let median = median(took);
        rows.push(Row {
            promise: "P8".into(),
            what: format!("start to first receipt, the private database {database}"),
            target: format!("≤ {promised} s"),
            measured: format!("{} s", short(median)),
            met: options.is_w().then_some(median <= *promised),
        });
    }
    #[expect(clippy::cast_precision_loss, reason = "a file and a process")]
    let sizes = [
        ("the program's file", PROMISED_BINARY_MB, binary as f64 / 1e6),
        ("resident memory of an idle service", PROMISED_RESIDENT_MB, resident_kib as f64 * 1024.0 / 1e6),
    ];
    for (what, promised, is) in sizes {
        rows.push(Row {
            promise: "P8".into(),
            what: what.into(),
            target: format!("≤ {promised} MB"),
            measured: format!("{} MB", short(is)),
            met: options.is_w().then_some(is <= promised),
        });
    }
    let all = |took: &[f64]| took.iter().map(|seconds| short(*seconds)).collect::<Vec<_>>().join(", ");
    let details = vec![
        format!("Medians of: running {} s; stopped {} s; crashed {} s.", all(&took[0]), all(&took[1]), all(&took[2])),
        format!(
            "*Crashed*: SIGKILL for the service and for the database's first process right after {} readings were stored; started again at once. \
             Nothing of it was lost.",
            batches * BATCH.readings()
        ),
    ];
    let raw = json!({
        "running_s": took[0], "stopped_s": took[1], "crashed_s": took[2], "readings_before_a_crash": batches * BATCH.readings(),
        "binary_bytes": binary, "idle_resident_kib": resident_kib,
    });
    Ok(Measured { rows, details, raw })
}

/// Seconds from the start to the first receipt; and the service, which runs.
async fn started(resting: &Resting, senders: &mut Senders) -> anyhow::Result<(f64, Service)> {
    let begin = resting.clock.instant();
    let service = resting.start().await?;
    senders.submit(&resting.phones, &service, What::ONE).await?;
    Ok((resting.clock.instant().duration_since(begin).as_secs_f64(), service))
}

fn median(of: &[f64]) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// One phone after the other.
struct Senders {
    clock: Clock,
    forms: Forms,
    next: usize,
    stored: Vec<u64>,
}

impl Senders {
    /// The next phone connects, sends this, has its receipt, and goes.
    async fn submit(&mut self, phones: &Phones, service: &Service, what: What) -> anyhow::Result<()> {
        let (phone, now) = (self.next % phones.len(), self.clock.care_now());
        self.next += 1;
        let mut line = Line::open(&phones.device(&service.origin, phone)?, PhoneTime::utc(now), 0).await?;
        line.say_text(self.forms.frame(1, what, self.next, now)?.0).await?;
        loop {
            match line.hear().await? {
                ServerMessage::Receipt(receipt) => {
                    let stored = receipt.items.iter().all(|item| matches!(item.outcome, Outcome::Stored { .. }));
                    ensure!(stored && receipt.items.len() == what.readings(), "a reading was not stored");
                    self.stored[phone] += u64::try_from(receipt.items.len()).context("a count")?;
                    line.close().await;
                    return Ok(());
                }
                ServerMessage::Refused(refused) => bail!("a batch was refused: {}", refused.refusal.detail),
                _ => {}
            }
        }
    }
}
