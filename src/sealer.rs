//! Seals the audit: each second whatever was written is linked into its chain (`store/audit_chain.rs`), and each hour the head is
//! logged, for whoever keeps the log elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::parts::Parts;
use crate::store::audit_chain;
use crate::turns;

const HOUR_S: i64 = 3_600;

pub fn start(parts: &Parts) {
    let told_in = Arc::new(AtomicI64::new(i64::MIN));
    let sealing = parts.clone();
    turns::spawn(
        parts,
        "sealing the audit",
        |_| false,
        move || {
            let (parts, told_in) = (sealing.clone(), Arc::clone(&told_in));
            async move {
                let more = audit_chain::seal(&parts.store.monitor).await?;
                let hour = parts.clock.machine_now().as_second() / HOUR_S;
                if !more && told_in.swap(hour, Ordering::Relaxed) != hour {
                    let head = audit_chain::head(&mut *parts.store.monitor.acquire().await?).await?;
                    tracing::info!(%head, "the audit is sealed up to here; `derwent audit verify --head` compares");
                }
                Ok(more)
            }
        },
    );
}
