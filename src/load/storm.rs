//! P5: the service is killed and started again, and everybody's phone comes back at the same instant, each with an outbox.
//! These phones are the crate's own, with an outbox that loses nothing (`phone/driven.rs`): whoever is turned away at the
//! door comes again by its own patience.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::SignedDuration;
use mobile_api::message::Outcome;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::items;
use super::latency::{Latencies, short};
use super::report::{Measured, Row};
use super::site::Site;
use super::world::World;
use super::{Load, progress};
use crate::clock::Clock;
use crate::phone::{Happening, Phone};

/// Five days at four a day.
const ITEMS: usize = 20;
const APART: SignedDuration = SignedDuration::from_hours(6);
/// Phones that connect at the same time, before the storm.
const CALMLY: usize = 200;
const PATIENCE: Duration = Duration::from_secs(300);

const PROMISED_STORED: Duration = Duration::from_secs(15);
const PROMISED_JUDGED: Duration = Duration::from_secs(60);

/// What the phones report to whoever counts.
enum News {
    Resumed,
    Stored { duplicate: bool },
    Broken(String),
}

pub async fn measure(site: &Site, options: &Load) -> anyhow::Result<Measured> {
    let mut world = site.world().await?;
    let mut phones = connect(&world).await?;
    world.kill_service().await?;
    for phone in &mut phones {
        phone.signal(false);
    }
    for phone in &mut phones {
        let lost = async { while !matches!(phone.next().await, Some(Happening::Disconnected) | None) {} };
        tokio::time::timeout(PATIENCE, lost).await.context("a phone does not notice that the service is gone")?;
    }
    let now = world.clock.care_now();
    for (number, phone) in phones.iter().enumerate() {
        for item in 0..ITEMS {
            let back = APART * i32::try_from(ITEMS - 1 - item)?;
            phone.submit(items::ordinary(number + item, now - back));
        }
    }
    world.start_service().await?;
    let meter = world.meter()?;
    let count = phones.len();
    let (told, news) = mpsc::unbounded_channel();
    let begin = world.clock.instant();
    let mut living = JoinSet::new();
    for phone in phones {
        phone.signal(true);
        living.spawn(live(phone, told.clone()));
    }
    drop(told);
    let counting = tokio::time::timeout(PATIENCE, count_all(&world.clock, news, count, begin));
    let counted = progress::during(&format!("{count} phones come back at once"), PROMISED_STORED, counting).await;
    let counted = counted.with_context(|| format!("after {PATIENCE:?} not everything is stored"))??;
    progress::during("judging", PROMISED_JUDGED, world.quiet(PATIENCE)).await?;
    let judged = world.clock.instant().duration_since(begin);
    let cores = meter.read()?;
    living.abort_all();
    world.check(&vec![ITEMS as u64; count], 0).await?;
    world.dispose().await?;

    let stored_in_time = counted.resumed.max(counted.stored) <= PROMISED_STORED;
    let rows = vec![
        Row {
            promise: "P5".into(),
            what: format!(
                "{count} phones with {ITEMS} items each come back at once after a restart: all resumed and stored"
            ),
            target: format!("≤ {} s", PROMISED_STORED.as_secs()),
            measured: format!("resumed {} s, stored {} s", seconds(counted.resumed), seconds(counted.stored)),
            met: options.is_w().then_some(stored_in_time),
        },
        Row {
            promise: "P5".into(),
            what: "… all judged".into(),
            target: format!("≤ {} s", PROMISED_JUDGED.as_secs()),
            measured: format!("{} s", seconds(judged)),
            met: options.is_w().then_some(judged <= PROMISED_JUDGED),
        },
        Row {
            promise: "P5".into(),
            what: "… lost".into(),
            target: "0".into(),
            measured: "0 (or there would be no figure)".into(),
            met: options.is_w().then_some(true),
        },
    ];
    let details = vec![
        format!(
            "{} readings; {} heard *duplicate* after their first receipt was lost. Back: {}. The service was killed (SIGKILL) with all of \
             them connected, and started again; time counts from the instant at which all phones have signal again.",
            count * ITEMS,
            counted.duplicates,
            counted.resumed_latencies.percentiles()
        ),
        String::new(),
        format!(
            "Cores until all was judged: client {}, service {}, database {}, others {}, idle {}; the service had {} MB resident then.",
            cores.client, cores.service, cores.database, cores.others, cores.idle, cores.service_resident_mb
        ),
    ];
    let raw = json!({
        "phones": count, "items": ITEMS, "resumed_s": counted.resumed.as_secs_f64(), "stored_s": counted.stored.as_secs_f64(),
        "judged_s": judged.as_secs_f64(), "duplicates": counted.duplicates, "resumed": counted.resumed_latencies.percentiles(),
        "cores": cores,
    });
    Ok(Measured { rows, details, raw })
}

fn seconds(time: Duration) -> String {
    short(time.as_secs_f64())
}

/// All of them, some at a time.
async fn connect(world: &World) -> anyhow::Result<Vec<Phone>> {
    let bar = progress::bar("phones connect", world.phones.len() as u64);
    let mut phones: Vec<Phone> = Vec::with_capacity(world.phones.len());
    while phones.len() < world.phones.len() {
        let from = phones.len();
        for phone in from..world.phones.len().min(from + CALMLY) {
            phones.push(Phone::switch_on(world.device(phone)?, world.clock.clone()));
        }
        for phone in &mut phones[from..] {
            let connected = async { while !matches!(phone.next().await, Some(Happening::Connected { .. }) | None) {} };
            tokio::time::timeout(PATIENCE, connected).await.context("a phone does not get through")?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(phones)
}

/// One phone after the restart. It stays on until everything is over.
async fn live(mut phone: Phone, told: mpsc::UnboundedSender<News>) {
    let mut resumed = false;
    loop {
        let news = match phone.next().await {
            Some(Happening::Connected { .. }) if !std::mem::replace(&mut resumed, true) => News::Resumed,
            Some(Happening::Settled { outcome: Outcome::Stored { .. }, .. }) => News::Stored { duplicate: false },
            Some(Happening::Settled { outcome: Outcome::Duplicate { .. }, .. }) => News::Stored { duplicate: true },
            Some(Happening::Settled { outcome: Outcome::Refused(refusal), .. }) => News::Broken(refusal.detail),
            Some(Happening::Revoked) => News::Broken("a phone was revoked".into()),
            Some(_) => continue,
            None => News::Broken("a phone's task broke".into()),
        };
        if told.send(news).is_err() {
            // Everything is counted; the phone keeps its connection.
            std::future::pending::<()>().await;
        }
    }
}

struct Counted {
    resumed: Duration,
    stored: Duration,
    duplicates: usize,
    resumed_latencies: Latencies,
}

async fn count_all(
    clock: &Clock,
    mut news: mpsc::UnboundedReceiver<News>,
    phones: usize,
    begin: Instant,
) -> anyhow::Result<Counted> {
    let (mut back, mut kept) = (0, 0);
    let mut counted = Counted {
        resumed: Duration::ZERO,
        stored: Duration::ZERO,
        duplicates: 0,
        resumed_latencies: Latencies::new()?,
    };
    while back < phones || kept < phones * ITEMS {
        let heard = news.recv().await.context("the phones are gone")?;
        let now = clock.instant();
        match heard {
            News::Resumed => {
                back += 1;
                counted.resumed = now.duration_since(begin);
                counted.resumed_latencies.record(begin, now);
            }
            News::Stored { duplicate } => {
                kept += 1;
                counted.duplicates += usize::from(duplicate);
                counted.stored = now.duration_since(begin);
            }
            News::Broken(why) => bail!("{why}"),
        }
    }
    Ok(counted)
}
