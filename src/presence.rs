//! Keeps the record of when the service was there (`store/presence.rs`). A stretch that is missing becomes a service gap, which the
//! rules subtract from everybody's silence, and which staff see on each chart.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::parts::Parts;
use crate::store::presence;
use crate::turns;

/// Far shorter than the shortest gap.
const STAMP_EVERY_MS: i64 = 10_000;

pub fn start(parts: &Parts) {
    let stamped_at_ms = Arc::new(AtomicI64::new(i64::MIN));
    let keeping = parts.clone();
    turns::spawn(
        parts,
        "keeping the record of presence",
        |_| false,
        move || {
            let (parts, stamped_at_ms) = (keeping.clone(), Arc::clone(&stamped_at_ms));
            async move {
                let now_ms = parts.clock.machine_now().as_millisecond();
                if now_ms.abs_diff(stamped_at_ms.load(Ordering::Relaxed)) >= STAMP_EVERY_MS.unsigned_abs() {
                    stamp(&parts).await?;
                    stamped_at_ms.store(now_ms, Ordering::Relaxed);
                }
                Ok(false)
            }
        },
    );
}

/// The service is here now.
pub async fn stamp(parts: &Parts) -> anyhow::Result<()> {
    if let Some(gap) = presence::stamp(&parts.store.monitor, parts.clock.care_now()).await? {
        tracing::warn!(from = %gap.from, until = %gap.until, "the service was not there: nobody is held to be silent for that time");
    }
    Ok(())
}
