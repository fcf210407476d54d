//! What a silent connection costs: the growth of the service's resident memory from a tenth of the connections to all.

use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::world::World;

/// The service settles: allocations of the handshakes are given back or reused.
const SETTLE: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize)]
pub struct Idle {
    pub connections: usize,
    pub resident_without_kb: u64,
    pub resident_with_a_tenth_kb: u64,
    pub resident_with_all_kb: u64,
    pub bytes_a_connection: f64,
}

pub async fn measure(world: &World, connections: usize) -> anyhow::Result<Idle> {
    let pid = world.service.pid().context("the service runs")?;
    let without = resident_kb(pid)?;
    let tenth = connections / 10;
    let mut lines = Vec::with_capacity(connections);
    let mut with_a_tenth = without;
    for index in 0..connections {
        lines.push(world.phone(index).await?);
        if index + 1 == tenth {
            tokio::time::sleep(SETTLE).await;
            with_a_tenth = resident_kb(pid)?;
        }
    }
    tokio::time::sleep(SETTLE).await;
    let with_all = resident_kb(pid)?;
    for line in lines {
        line.close().await;
    }
    #[expect(clippy::cast_precision_loss, reason = "kilobytes of one process")]
    let slope = with_all.saturating_sub(with_a_tenth) as f64 * 1024.0 / (connections - tenth) as f64;
    Ok(Idle {
        connections,
        resident_without_kb: without,
        resident_with_a_tenth_kb: with_a_tenth,
        resident_with_all_kb: with_all,
        bytes_a_connection: slope,
    })
}

fn resident_kb(pid: u32) -> anyhow::Result<u64> {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).context("the service's memory cannot be read")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc")?;
    line.trim().trim_end_matches(" kB").trim().parse().context("VmRSS is a number of kB")
}
