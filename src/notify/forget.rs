//! Paging leaves rows behind that belong to no alert: codes, tests, what somebody was told about their answer. What belongs to one
//! goes with it, when whoever runs the service says so (`store/retention.rs`); these go by themselves, as the role that erases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::parts::Parts;
use crate::store::{contact_code, page, reply};
use crate::turns;

const HOUR_S: i64 = 3_600;

/// Once an hour.
pub fn start(parts: &Parts) {
    let forgot_in = Arc::new(AtomicI64::new(i64::MIN));
    let forgetting = parts.clone();
    turns::spawn(
        parts,
        "forgetting pages of no alert",
        |_| false,
        move || {
            let (parts, forgot_in) = (forgetting.clone(), Arc::clone(&forgot_in));
            async move {
                let hour = parts.clock.machine_now().as_second() / HOUR_S;
                if forgot_in.load(Ordering::Relaxed) != hour {
                    forget(&parts).await?;
                    forgot_in.store(hour, Ordering::Relaxed);
                }
                Ok(false)
            }
        },
    );
}

async fn forget(parts: &Parts) -> anyhow::Result<()> {
    let machine_now = parts.clock.machine_now();
    let mut db = parts.store.eraser_tx().await?;
    page::forget_of_no_alert(&mut db, parts.clock.care_now()).await?;
    contact_code::forget(&mut db, machine_now).await?;
    reply::forget(&mut db, machine_now).await?;
    db.commit().await?;
    Ok(())
}
