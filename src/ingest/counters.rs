//! How often each reason was given, so that no limit bites unseen: a line in the log for every minute in which one did.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mobile_api::refusal::Reason;

use crate::parts::Parts;

const EVERY: Duration = Duration::from_secs(60);
const REASONS: usize = Reason::ALL.len();

/// Since the process began; by the reason's place in `Reason::ALL`.
static COUNTS: [AtomicU64; REASONS] = [const { AtomicU64::new(0) }; REASONS];

pub fn count(reason: Reason) {
    if let Some(count) = COUNTS.get(reason as usize) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Starts the task that tells the log.
pub fn start(parts: &Parts) {
    let stopping = parts.lifecycle.stopping.clone();
    parts.lifecycle.spawn(async move {
        let mut told = [0; REASONS];
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stopping.cancelled() => return,
            }
            if let Some(news) = news(&mut told) {
                tracing::info!(refused = news, "refusals to phones in the last minute, by reason");
            }
        }
    });
}

/// `not_json 3, unit_unknown 1`, of what was counted since it was told.
fn news(told: &mut [u64; REASONS]) -> Option<String> {
    let mut grown = Vec::new();
    for ((reason, count), told) in Reason::ALL.iter().zip(&COUNTS).zip(told) {
        let count = count.load(Ordering::Relaxed);
        if count > *told {
            grown.push(format!("{reason} {}", count - *told));
            *told = count;
        }
    }
    (!grown.is_empty()).then(|| grown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_count_and_is_told_once() {
        assert!(Reason::ALL.iter().enumerate().all(|(place, reason)| *reason as usize == place));
        let mut told = [0; REASONS];
        let _ = news(&mut told);
        count(Reason::NotText);
        count(Reason::NotText);
        assert!(news(&mut told).is_some_and(|news| news.contains("not_text 2")));
        assert!(news(&mut told).is_none_or(|news| !news.contains("not_text")));
    }
}
