//! P3: what a silent connection costs, as the growth of the service's resident memory from a tenth of the connections to all.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::fleet::Fleet;
use super::machine::resident_kb;
use super::report::{Measured, Row};
use super::site::Site;
use super::{Load, progress};

/// Each silent connection is pinged every 30 s and looks around every 60 s: all of them have done both.
const SETTLE_SECONDS: u64 = 65;
const PROMISED_BYTES: f64 = 8_000.0;

pub async fn measure(site: &Site, options: &Load) -> anyhow::Result<Measured> {
    let world = site.world().await?;
    let pid = world.watched()?.service;
    let (all, tenth) = (world.phones.len(), world.phones.len() / 10);
    let settle = Duration::from_secs(SETTLE_SECONDS.min(options.seconds));
    let without = resident_kb(pid)?;
    let mut fleets = Vec::new();
    let mut resident = Vec::new();
    for phones in [0..tenth, tenth..all] {
        let bar = progress::bar(&format!("{} silent phones connect", phones.len()), 1);
        fleets.push(Fleet::connect(&world, phones.clone(), &bar).await?);
        bar.finish_and_clear();
        progress::during("they are silent", settle, tokio::time::sleep(settle)).await;
        resident.push(resident_kb(pid)?);
    }
    for fleet in &fleets {
        fleet.is_whole().context("a silent connection was lost")?;
    }
    world.check(&[], 0).await?;
    drop(fleets);
    world.dispose().await?;
    #[expect(clippy::cast_precision_loss, reason = "kilobytes of one process")]
    let bytes = resident[1].saturating_sub(resident[0]) as f64 * 1024.0 / (all - tenth) as f64;
    let row = Row {
        promise: "P3".into(),
        what: format!("resident memory a connection, slope from {tenth} to {all} silent sockets"),
        target: "≤ 8 kB".into(),
        measured: format!("{:.1} kB", bytes / 1000.0),
        met: options.is_w().then_some(bytes <= PROMISED_BYTES),
    };
    let details = vec![format!(
        "Resident set of the service (`smaps_rollup`): {without} KiB without a connection, {} KiB with {tenth}, {} KiB with {all}, each \
         {} s after the last connected. What the kernel keeps for a socket is not in it.",
        resident[0],
        resident[1],
        settle.as_secs()
    )];
    let raw = json!({ "connections": [0, tenth, all], "resident_kib": [without, resident[0], resident[1]], "bytes_a_connection": bytes });
    Ok(Measured { rows: vec![row], details, raw })
}
