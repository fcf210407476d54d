//! How often each reason was given, and how full the doors are, so that no limit bites unseen: a gauge for each, a line in the log
//! for every minute in which one did, and a notice to the operator for each limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mobile_api::refusal::Reason;

use super::{Ingest, UNDECIDED_BYTES};
use crate::gauges;
use crate::parts::Parts;
use crate::progress;
use crate::store::alert;

/// How often the doors are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOKS_A_TELLING: u32 = 60;
const REASONS: usize = Reason::ALL.len();
/// Reasons that are limits of ours, or that the database set: an operator hears of each, once while it lasts. The others are about
/// one item, and staff see them beside the patient's readings.
const LIMITS: [Reason; 11] = [
    Reason::FrameTooBig,
    Reason::BatchTooBig,
    Reason::BatchTooLong,
    Reason::TooManyInFlight,
    Reason::TooFast,
    Reason::Busy,
    Reason::TextTooLong,
    Reason::NoteTooLong,
    Reason::TooManyEntries,
    Reason::NotStored,
    Reason::CannotBeStored,
];

/// Some phones lose their signal in the middle of a sentence; so many a minute are no accident.
const SLOW_A_MINUTE: u64 = 100;

/// Since the process began; by the reason's place in `Reason::ALL`.
static COUNTS: [AtomicU64; REASONS] = [const { AtomicU64::new(0) }; REASONS];

pub fn count(reason: Reason) {
    if let Some(count) = COUNTS.get(reason as usize) {
        count.fetch_add(1, Ordering::Relaxed);
        gauges::refused(reason.wire());
    }
}

/// What was counted so far has been told.
#[derive(Debug)]
pub struct Told([u64; REASONS]);

impl Default for Told {
    fn default() -> Self {
        Self([0; REASONS])
    }
}

impl Told {
    /// How often each reason was given since this was asked last.
    fn news(&mut self) -> Vec<(Reason, u64)> {
        let mut grown = Vec::new();
        for ((reason, count), told) in Reason::ALL.iter().zip(&COUNTS).zip(&mut self.0) {
            let count = count.load(Ordering::Relaxed);
            if count > *told {
                grown.push((*reason, count - *told));
                *told = count;
            }
        }
        grown
    }
}

/// Starts the task that looks and tells.
pub fn start(ingest: Arc<Ingest>) {
    let stopping = ingest.parts.lifecycle.stopping.clone();
    let turns = ingest.parts.lifecycle.progress.begins("counting refusals", progress::LIMIT);
    ingest.parts.lifecycle.clone().spawn(async move {
        let mut told = Told::default();
        let mut looks = 0;
        loop {
            turns.ended();
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stopping.cancelled() => return,
            }
            gauges::at_the_doors(
                UNDECIDED_BYTES - ingest.undecided.available_permits(),
                ingest.writer.waiting(),
            );
            looks += 1;
            if looks == LOOKS_A_TELLING {
                looks = 0;
                if let Err(error) = tell(&ingest.parts, &mut told).await {
                    tracing::error!(%error, "the operator could not be told of limits that refused phones; the log was");
                }
            }
        }
    });
}

fn is_told(reason: Reason, count: u64) -> bool {
    LIMITS.contains(&reason) || (reason == Reason::TooSlow && count >= SLOW_A_MINUTE)
}

/// Tells the log what was refused since the last telling, and the operator of the limits among it.
pub async fn tell(parts: &Parts, told: &mut Told) -> Result<(), sqlx::Error> {
    let news = told.news();
    if news.is_empty() {
        return Ok(());
    }
    let refused: Vec<String> = news.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    tracing::info!(refused = refused.join(", "), "refusals to phones in the last minute, by reason");
    let now = parts.clock.care_now();
    let mut tx = parts.store.monitor.begin().await?;
    for (reason, count) in news.into_iter().filter(|(reason, count)| is_told(*reason, *count)) {
        let sentence = format!(
            "Phones were refused {count} times within a minute as {reason}. {} Phones of ours keep to every limit, so look \
             for an app of another version, or somebody hostile; where the service is too small for its phones, give it more.",
            reason.meaning()
        );
        alert::open_operator(&mut tx, &format!("phones refused: {reason}"), &sentence, now).await?;
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_count_and_is_told_once() {
        assert!(Reason::ALL.iter().enumerate().all(|(place, reason)| *reason as usize == place));
        let mut told = Told::default();
        let _ = told.news();
        count(Reason::NotText);
        count(Reason::NotText);
        assert!(told.news().contains(&(Reason::NotText, 2)));
        assert!(!told.news().iter().any(|(reason, _)| *reason == Reason::NotText));
    }
}
