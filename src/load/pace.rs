//! P2 and P4: latencies at a steady rate, open loop, phones in turn; and beside it, severe readings of patients set aside,
//! whose mail is waited for at a real SMTP server.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::arrivals::{self, Handed};
use super::fleet::{Fleet, Measures};
use super::latency::{Latencies, Percentiles, short};
use super::machine::Cores;
use super::report::{Measured, Row};
use super::site::Site;
use super::world::World;
use super::{Load, alertmanager, progress};
use crate::store::seed;

/// Severe readings a second: far from queueing behind each other.
const SEVERE_PER_S: u64 = 10;
/// For the rest after the last was sent. At a rate beyond what the service can do it is long, and so are the latencies.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Debug, Serialize)]
struct Phase {
    readings_per_s: u32,
    seconds: u64,
    handed: Handed,
    due_to_stored: Percentiles,
    stored_to_checked: Percentiles,
    stored_to_mail: Option<Percentiles>,
    cores: Cores,
}

pub async fn measure(site: &Site, options: &Load) -> anyhow::Result<Measured> {
    let world = site.world().await?;
    let bar = progress::bar("phones connect", 1);
    let fleet = Arc::new(Fleet::connect(&world, 0..world.phones.members.len(), &bar).await?);
    bar.finish_and_clear();
    // Whoever is set aside is alerted about once.
    let severe = usize::try_from(options.seconds * SEVERE_PER_S)?.min(fleet.len() / 5).max(1);
    let others = fleet.len() - 2 * severe;
    let run = Run { world: &world, fleet: &fleet, options, others };

    let planned =
        arrivals::at_random(options.rates.first().copied().unwrap_or(1), options.warm_up(), others, options.seed);
    let warm = Measures::new()?;
    let warming = arrivals::play(&world.clock, &fleet, planned, &warm);
    progress::during("a few seconds that do not count", options.warm_up(), warming).await?;
    fleet.settled(&warm, PATIENCE).await?;

    let mut phases = vec![run.phase(0, others..others + severe).await?];
    for (turn, rate) in options.rates.iter().enumerate() {
        let severe = if turn == 0 { others + severe..fleet.len() } else { 0..0 };
        phases.push(run.phase(*rate, severe).await?);
    }
    let paged = severe * (1 + options.rates.len().min(1));
    world.check(&fleet.stored(), paged).await?;
    drop(fleet);
    world.dispose().await?;
    let every = Duration::from_secs(1) / u32::try_from(SEVERE_PER_S)?;
    let time = Duration::from_secs(options.seconds);
    let handing = alertmanager::measure(&site.folder, severe, every);
    let beside = progress::during("Alertmanager, idle", time, handing).await?;

    let mut rows = Vec::new();
    for phase in &phases {
        rows.extend(promised(phase, options));
    }
    if let (Some(theirs), Some(Phase { stored_to_mail: Some(ours), .. })) = (&beside, phases.first()) {
        rows.push(compared(ours, theirs));
    }
    rows.sort_by_key(|row| row.promise.clone());
    let mut details = vec![
        "| open loop (Poisson) | due → *stored* | *stored* → *checked* | *stored* → mail server | client late by (p99) | client | service | database | others | idle |".into(),
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|".into(),
    ];
    for Phase { readings_per_s, handed, due_to_stored, stored_to_checked, stored_to_mail, cores, .. } in &phases {
        let load = if *readings_per_s == 0 { "idle".to_owned() } else { format!("{readings_per_s}/s") };
        let mail = stored_to_mail.map_or_else(|| "–".to_owned(), |mail| mail.to_string());
        details.push(format!(
            "| {load} | {due_to_stored} | {stored_to_checked} | {mail} | {} ms | {} | {} | {} | {} | {} |",
            short(handed.late.p99_ms),
            cores.client,
            cores.service,
            cores.database,
            cores.others,
            cores.idle
        ));
    }
    let theirs =
        beside.map_or_else(|| "not on this machine; `scripts/alertmanager` brings it".to_owned(), |it| it.to_string());
    details.push(String::new());
    details.push(format!(
        "Debian's Alertmanager 0.25, idle, {severe} alerts evenly spread, answer → the same mail server: {theirs}. Each alert is a \
         group of its own and no group waits; it has stored nothing and judged nothing by then."
    ));
    details.push(String::new());
    details.push(format!(
        "Seed {}. Severe readings: {} a phase, evenly spread, each by a patient set aside for it; *idle* is these alone.",
        options.seed, severe
    ));
    Ok(Measured {
        rows,
        details,
        raw: json!({ "seed": options.seed, "severe_a_phase": severe, "phases": phases, "alertmanager": beside }),
    })
}

struct Run<'a> {
    world: &'a World,
    fleet: &'a Arc<Fleet>,
    options: &'a Load,
    /// Phones that send what is ordinary.
    others: usize,
}

impl Run<'_> {
    async fn phase(&self, rate: u32, severe: Range<usize>) -> anyhow::Result<Phase> {
        let Self { world, fleet, options, others } = self;
        let time = Duration::from_secs(options.seconds);
        let mut planned = arrivals::severe(time, severe.clone());
        if rate > 0 {
            planned.extend(arrivals::at_random(rate, time, *others, options.seed));
        }
        let (measures, meter) = (Measures::new()?, world.meter()?);
        let what = if rate == 0 { "otherwise idle".to_owned() } else { format!("{rate} readings a second, open loop") };
        let handing = arrivals::play(&world.clock, fleet, planned, &measures);
        let handed = progress::during(&what, time, handing).await?;
        fleet.settled(&measures, PATIENCE).await?;
        let cores = meter.read()?;
        let stored_to_mail = if severe.is_empty() { None } else { Some(self.mails(&measures).await?) };
        Ok(Phase {
            readings_per_s: rate,
            seconds: options.seconds,
            handed,
            due_to_stored: measures.due_to_stored.percentiles(),
            stored_to_checked: measures.stored_to_checked.percentiles(),
            stored_to_mail,
            cores,
        })
    }

    /// From stored to the mail server's having it, of every severe reading of a phase.
    async fn mails(&self, measures: &Measures) -> anyhow::Result<Percentiles> {
        let world = self.world;
        let severe = measures.severe.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let limit = world.clock.instant() + PATIENCE;
        loop {
            let arrived = self.arrived().await?;
            let latencies = Latencies::new()?;
            for (phone, stored_at) in &severe {
                if let Some(at) = arrived.get(&world.phones.members[*phone].patient) {
                    latencies.record_time(Duration::try_from(at.duration_since(*stored_at)).unwrap_or_default());
                }
            }
            let percentiles = latencies.percentiles();
            if usize::try_from(percentiles.count)? == severe.len() {
                return Ok(percentiles);
            }
            ensure!(world.clock.instant() < limit, "{} of {} mails came", percentiles.count, severe.len());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// When the first mail about a patient came.
    async fn arrived(&self) -> anyhow::Result<HashMap<Uuid, Timestamp>> {
        let patients: HashMap<Uuid, Uuid> = seed::pages(&self.world.store.owner).await?.into_iter().collect();
        let mut arrived = HashMap::new();
        // The newest first: an earlier one of the same patient takes its place.
        for message in self.world.inbox.newest(usize::MAX) {
            let page: Uuid = message.id.parse().context("a mail that is no page")?;
            if let Some(patient) = patients.get(&page) {
                arrived.insert(*patient, message.at);
            }
        }
        Ok(arrived)
    }
}

/// What it costs to store, to judge and to be able to say whom, over handing an alert on.
fn compared(ours: &Percentiles, theirs: &Percentiles) -> Row {
    let both = [("p50", ours.p50_ms, theirs.p50_ms), ("p99", ours.p99_ms, theirs.p99_ms)];
    let words = both.map(|(name, ours, theirs)| {
        format!("{name} {} ms, {} × of {} ms", short(ours), short(ours / theirs), short(theirs))
    });
    Row {
        promise: "P4".to_owned(),
        what: "… idle, against Debian's Alertmanager from its answer to the same mail server".to_owned(),
        target: "–".to_owned(),
        measured: words.join("; "),
        met: None,
    }
}

fn promised(phase: &Phase, options: &Load) -> Vec<Row> {
    let row = |promise: &str, what: String, limits: &[(&str, f64, f64)]| Row {
        promise: promise.to_owned(),
        what,
        target: limits.iter().map(|(name, limit, _)| format!("{name} ≤ {limit} ms")).collect::<Vec<_>>().join(", "),
        measured: limits.iter().map(|(name, _, is)| format!("{name} {} ms", short(*is))).collect::<Vec<_>>().join(", "),
        met: options.is_w().then(|| limits.iter().all(|(_, limit, is)| is <= limit)),
    };
    let Phase { due_to_stored: stored, stored_to_checked: checked, stored_to_mail, .. } = phase;
    let mut rows = Vec::new();
    match phase.readings_per_s {
        0 => {
            rows.push(row("P4", "*stored* → judged, idle".into(), &[("p99", 100.0, checked.p99_ms)]));
            if let Some(mail) = stored_to_mail {
                let limits = [("p50", 50.0, mail.p50_ms), ("p99", 250.0, mail.p99_ms)];
                rows.push(row("P4", "*stored* → handed to the mail server, idle".into(), &limits));
            }
        }
        2_000 => {
            let limits = [("p50", 5.0, stored.p50_ms), ("p99", 50.0, stored.p99_ms)];
            rows.push(row("P2", "receipt *stored* at 2,000/s, open loop".into(), &limits));
            rows.push(row("P4", "*stored* → judged at 2,000/s".into(), &[("p99", 250.0, checked.p99_ms)]));
            if let Some(mail) = stored_to_mail {
                let what = "*stored* → handed to the mail server at 2,000/s".into();
                rows.push(row("P4", what, &[("p99", 1_000.0, mail.p99_ms)]));
            }
        }
        4_000 => {
            rows.push(row("P2", "receipt *stored* at 4,000/s, open loop".into(), &[("p99", 150.0, stored.p99_ms)]))
        }
        _ => {}
    }
    rows
}
