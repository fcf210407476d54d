//! P9: very many slots close at one instant, 95 % of them satisfied. Who measured was judged when the reading came, and the
//! timer moved on to the next slot then; what falls due together is the timers of the silent. Each becomes an alert, while
//! phones of others go on sending.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use uuid::Uuid;

use super::arrivals;
use super::fleet::{Fleet, Measures};
use super::latency::short;
use super::machine::Cores;
use super::report::{Measured, Row};
use super::site::Site;
use super::world::World;
use super::{Load, SLOTS_PROMISED, people, progress};
use crate::phone::Key;
use crate::random;
use crate::store::seed::{self, Crowd, slots};

/// One in so many is silent.
const SILENT_EVERY: usize = 20;
/// The pack's `silent`: overdue by so much.
const GRACE: SignedDuration = SignedDuration::from_hours(36);
/// A reading counts for a slot up to four hours before it, so the slot may be set a little later than it was made for.
const BEFORE_SLOT: SignedDuration = SignedDuration::from_hours(2);
/// Phones that send meanwhile, of people who measured.
const PHONES: usize = 2_000;
const RATE: u32 = 500;
const AT_ONCE: usize = 25_000;
const PROMISED: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

pub async fn measure(site: &Site, options: &Load) -> anyhow::Result<Measured> {
    let mut world = World::serve(site, site.folder.join("world"), Key::generate()?).await?;
    // Its statements take long, and are meant to.
    let crowd = make(&world, options).with_subscriber(NoSubscriber::new()).await?;
    world.introduce().await?;
    let bar = progress::bar("phones connect", 1);
    let fleet = Arc::new(Fleet::connect(&world, 0..world.phones.len(), &bar).await?);
    bar.finish_and_clear();

    let warm = Measures::new()?;
    let planned = arrivals::at_random(RATE, options.warm_up(), fleet.len(), options.seed);
    arrivals::play(&world.clock, &fleet, planned, &warm).await?;
    fleet.settled(&warm, PATIENCE).await?;

    let lead = SignedDuration::try_from(Duration::from_secs(options.seconds + 10))?;
    wait_until(&world, crowd.closes - lead).await;
    let time = Duration::from_secs(options.seconds);
    let before = Measures::new()?;
    let planned = arrivals::at_random(RATE, time, fleet.len(), options.seed);
    progress::during("before", time, arrivals::play(&world.clock, &fleet, planned, &before)).await?;
    fleet.settled(&before, PATIENCE).await?;
    ensure!(
        world.clock.care_now() < crowd.closes,
        "the slots closed before the measurement began; too much else is going on"
    );
    let untouched = slots::due(&world.store.owner, crowd.closes).await?;
    ensure!(usize::try_from(untouched)? == crowd.silent, "{untouched} timers are due, not {}", crowd.silent);

    wait_until(&world, crowd.closes).await;
    let meanwhile = Measures::new()?;
    let planned = arrivals::at_random(RATE, PATIENCE, fleet.len(), options.seed + 1);
    let judging = async {
        tokio::select! {
            played = arrivals::play(&world.clock, &fleet, planned, &meanwhile) => {
                played?;
                bail!("after {PATIENCE:?} the silent are not judged")
            }
            judged = judged(&world, &crowd) => judged,
        }
    };
    let (judged, cores) = progress::during("the silent are judged", PROMISED, judging).await?;
    let told = told(&world, &crowd).await?;
    fleet.settled(&meanwhile, PATIENCE).await?;
    world.quiet(PATIENCE).await?;
    world.check(&fleet.stored(), crowd.silent).await?;
    drop(fleet);
    world.dispose().await?;

    let (before, meanwhile) = (before.due_to_stored.percentiles(), meanwhile.due_to_stored.percentiles());
    let ratio = meanwhile.p99_ms / before.p99_ms;
    let promised = options.is_w() && options.slots == SLOTS_PROMISED;
    let rows = vec![
        Row {
            promise: "P9".into(),
            what: format!(
                "{} slots close at one instant, {} silent: all judged and their alerts open",
                options.slots, crowd.silent
            ),
            target: format!("≤ {} s", PROMISED.as_secs()),
            measured: format!("{} s", short(judged.as_secs_f64())),
            met: promised.then_some(judged <= PROMISED),
        },
        Row {
            promise: "P9".into(),
            what: format!("… *stored* p99 at {RATE}/s meanwhile, against before ({} ms)", short(before.p99_ms)),
            target: "≤ 2 ×".into(),
            measured: format!("{} ms, {} ×", short(meanwhile.p99_ms), short(ratio)),
            met: promised.then_some(ratio <= 2.0),
        },
    ];
    let Cores { client, service, database, others, idle, .. } = cores;
    let details = vec![
        format!(
            "{} people with a daily slot at the same minute; made in {:.0} s.",
            options.slots,
            crowd.made_in.as_secs_f64()
        ),
        format!(
            "{} measured for the slot that closes (their timers moved on when that was judged), {} did not.",
            options.slots - crowd.silent,
            crowd.silent
        ),
        format!("Before, for {} s: {before}. Meanwhile: {meanwhile}.", options.seconds),
        format!(
            "Every page request was looked at (sent, or put off to the nurse's next bundle) after {} s.",
            short(told.as_secs_f64())
        ),
        format!(
            "Cores until all were judged: client {client}, service {service}, database {database}, others {others}, idle {idle}."
        ),
    ];
    let raw = json!({
        "slots": options.slots, "silent": crowd.silent, "made_in_s": crowd.made_in.as_secs_f64(), "judged_s": judged.as_secs_f64(),
        "told_s": told.as_secs_f64(), "before": before, "meanwhile": meanwhile, "cores": cores, "seed": options.seed,
    });
    Ok(Measured { rows, details, raw })
}

/// Who was made.
struct Slots {
    silent: usize,
    /// When the slot's grace is over.
    closes: Timestamp,
    made_in: Duration,
}

async fn make(world: &World, options: &Load) -> anyhow::Result<Slots> {
    let (store, began) = (&world.store, world.clock.instant());
    let now = world.clock.care_now();
    let (organisation, team) = people::staff(store).await?;
    let patients: Vec<Uuid> = (0..options.slots).map(|_| random::new_id()).collect();
    let bar = progress::bar(&format!("{} people with a slot each", options.slots), 2 * options.slots as u64);
    let mut db = store.owner.acquire().await?;
    // About when the slot will be; it is settled when it is known how long this takes.
    let satisfied_at = now - GRACE - BEFORE_SLOT + SignedDuration::from_mins(10);
    // Nobody was silent before: the first slot is the one that the silent measured for.
    let since = satisfied_at - SignedDuration::from_hours(25);
    let crowd = Crowd { organisation, team, patients: &patients, now: since };
    let every = i64::try_from(SILENT_EVERY)?;
    for patients in patients.chunks(AT_ONCE) {
        seed::patients(&store.owner, &crowd.of(patients)).await?;
        slots::measured(&mut db, &crowd.of(patients), every, satisfied_at).await?;
        bar.inc(patients.len() as u64);
    }
    drop(db);
    let is_silent = |number: usize| number.is_multiple_of(SILENT_EVERY);
    let with_phone: Vec<Uuid> =
        (0..patients.len()).filter(|number| !is_silent(*number)).take(PHONES).map(|number| patients[number]).collect();
    let devices: Vec<Uuid> = with_phone.iter().map(|_| random::new_id()).collect();
    seed::devices(&store.owner, &crowd.of(&with_phone), &devices).await?;

    // What is left takes less than half of what was done; then a minute and more for the phones, and one to compare with.
    let left = world.clock.instant().duration_since(began) / 2 + Duration::from_secs(60 + options.seconds);
    let closes = whole_minute_after(world.clock.care_now() + SignedDuration::try_from(left)?);
    let slot = (closes - GRACE).to_zoned(TimeZone::get("Europe/London")?).time();
    let facts = serde_json::to_value(people::facts(crowd.now, slot))?;
    let (silent, satisfied) = (patients[0], with_phone[0]);
    let models = [(silent, true), (satisfied, false)];
    for (model, _) in models {
        seed::facts(&store.owner, &crowd.of(&[model]), &facts).await?;
        slots::ask_to_judge(&store.owner, model, world.clock.care_now()).await?;
    }
    world.quiet(PATIENCE).await?;
    let timer = slots::timer_at(&store.owner, silent, "slot:hypertension/silent").await?;
    ensure!(timer == Some(closes), "the service will look for silence at {timer:?}, not at {closes}");
    for (chunk, ids) in patients.chunks(AT_ONCE).enumerate() {
        let number = |place: usize| chunk * AT_ONCE + place;
        let others: Vec<Uuid> = ids.iter().filter(|id| models.iter().all(|(model, _)| model != *id)).copied().collect();
        seed::facts(&store.owner, &crowd.of(&others), &facts).await?;
        for (model, of_silent) in models {
            let alike = ids.iter().enumerate().filter(|(place, _)| is_silent(number(*place)) == of_silent);
            slots::timers_of(&store.owner, model, &alike.map(|(_, id)| *id).collect::<Vec<_>>()).await?;
        }
        bar.inc(ids.len() as u64);
    }
    seed::tidy(&store.owner).await?;
    bar.finish_and_clear();
    let made_in = world.clock.instant().duration_since(began);
    let left = closes.duration_since(world.clock.care_now());
    ensure!(
        left > SignedDuration::try_from(Duration::from_secs(options.seconds + 15))?,
        "making {} slots took longer than expected; there is too little time left before they close: take fewer --slots",
        options.slots
    );
    Ok(Slots { silent: patients.len().div_ceil(SILENT_EVERY), closes, made_in })
}

/// From the closing until nothing that closed waits any more.
async fn judged(world: &World, crowd: &Slots) -> anyhow::Result<(Duration, Cores)> {
    let (begin, meter) = (world.clock.instant(), world.meter()?);
    loop {
        if slots::due(&world.store.owner, crowd.closes).await? == 0 {
            return Ok((world.clock.instant().duration_since(begin), meter.read()?));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// From the closing until every page request was looked at.
async fn told(world: &World, crowd: &Slots) -> anyhow::Result<Duration> {
    let limit = world.clock.instant() + PATIENCE;
    while slots::requests(&world.store.owner, world.clock.care_now()).await? > 0 {
        ensure!(world.clock.instant() < limit, "page requests are not looked at within {PATIENCE:?}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(Duration::try_from(world.clock.care_now().duration_since(crowd.closes)).unwrap_or_default())
}

async fn wait_until(world: &World, at: Timestamp) {
    let left = Duration::try_from(at.duration_since(world.clock.care_now())).unwrap_or_default();
    progress::during("waiting for the hour", left, tokio::time::sleep(left)).await;
}

fn whole_minute_after(at: Timestamp) -> Timestamp {
    Timestamp::from_second((at.as_second() / 60 + 1) * 60).unwrap_or(at)
}
