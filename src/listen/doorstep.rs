//! Who is at the door and has not said yet who they are: a place each, and only so many places.
//!
//! A place is held from the accepted connection until a phone has proven its key, or the connection has ended. When no place is
//! free, the next visitor waits outside, and one who has kept us waiting longest goes: so thousands who never finish a sentence
//! keep out nobody who speaks at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::gauges;

/// Connections that have not proven who they are, browsers' among them.
pub const PLACES: usize = 4_000;
/// So long everybody may take to come to the point, however many wait outside. With all places taken by people who say nothing,
/// 800 others a second are still let in.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long to wait for a place before one more is asked to go.
const PATIENCE: Duration = Duration::from_millis(50);

#[derive(Clone, Debug)]
pub struct Doorstep {
    places: Arc<Semaphore>,
    /// Somebody waits outside. Whoever has kept us waiting longest is told first.
    crowded: Arc<Notify>,
    grace: Duration,
}

/// One place; it is free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
    doorstep: Doorstep,
}

impl Doorstep {
    pub fn new(places: usize, grace: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), crowded: Arc::new(Notify::new()), grace }
    }

    /// Waits for a place.
    pub async fn place(&self) -> Place {
        loop {
            let waiting = self.places.clone().acquire_owned();
            // Nobody closes the semaphore.
            if let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, waiting).await {
                gauges::visitor_came();
                return Place { _permit: permit, doorstep: self.clone() };
            }
            self.crowded.notify_one();
        }
    }
}

impl Place {
    /// Returns when this visitor, who keeps us waiting, must make room for others; not within the time that everybody has.
    /// Whoever waits for us instead must not be sent away: stop asking.
    pub async fn is_needed(&self) {
        tokio::time::sleep(self.doorstep.grace).await;
        loop {
            self.doorstep.crowded.notified().await;
            // Somebody may have left meanwhile.
            if self.doorstep.places.available_permits() == 0 {
                return;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauges::visitor_left();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[tokio::test]
    async fn whoever_has_kept_us_waiting_longest_makes_room_and_nobody_goes_without_need() {
        const GRACE: Duration = Duration::from_millis(200);
        let doorstep = Doorstep::new(2, GRACE);
        let (gone, mut order) = tokio::sync::mpsc::unbounded_channel();
        let began = Clock::ordinary().instant();
        for name in ["first", "second"] {
            let place = doorstep.place().await;
            let gone = gone.clone();
            tokio::spawn(async move {
                place.is_needed().await;
                drop(place);
                gone.send(name).expect("a listener");
            });
            tokio::task::yield_now().await;
        }
        let third = doorstep.place().await;
        assert!(began.elapsed() >= GRACE, "everybody has their time");
        assert_eq!(order.recv().await, Some("first"));
        drop(third);
        drop(doorstep.place().await);
        tokio::time::sleep(GRACE).await;
        assert!(order.try_recv().is_err(), "there was room");
    }
}
