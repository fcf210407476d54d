//! Whether the service's loops turn. Each stamps when a turn of it ended well, in memory; whoever asks sees how long ago that was.
//! A turn that hangs, or fails each time, stamps nothing, and a loop that has ended never will again.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;

/// A loop without news looks for work each second, and no turn should take longer than this by far: beyond, it stands still.
pub const LIMIT: Duration = Duration::from_secs(10);
/// While a loop waits for news, it stamps this often.
const WAITING: Duration = Duration::from_secs(1);

/// All loops of this process.
#[derive(Clone)]
pub struct Progress(Arc<Inner>);

struct Inner {
    clock: Clock,
    began: Instant,
    loops: Mutex<Vec<Loop>>,
}

#[derive(Clone, Debug)]
struct Loop {
    name: &'static str,
    limit: Duration,
    /// Milliseconds since `began`.
    turned_at_ms: Arc<AtomicU64>,
}

/// A loop's own: with it the loop stamps.
#[derive(Clone, Debug)]
pub struct Turns {
    progress: Progress,
    turned_at_ms: Arc<AtomicU64>,
}

/// How a loop stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub name: &'static str,
    /// Since its last turn ended well.
    pub age: Duration,
    pub limit: Duration,
}

impl Standing {
    pub fn stands_still(&self) -> bool {
        self.age > self.limit
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::by(Clock::ordinary())
    }
}

impl Progress {
    fn by(clock: Clock) -> Self {
        Self(Arc::new(Inner { began: clock.instant(), clock, loops: Mutex::default() }))
    }

    /// A loop begins. Longer than `limit` without a stamp, and it is said to stand still.
    pub fn begins(&self, name: &'static str, limit: Duration) -> Turns {
        let turned_at_ms = Arc::new(AtomicU64::new(self.now_ms()));
        self.loops().push(Loop { name, limit, turned_at_ms: Arc::clone(&turned_at_ms) });
        Turns { progress: self.clone(), turned_at_ms }
    }

    /// Every loop, in the order in which they began.
    pub fn look(&self) -> Vec<Standing> {
        let now_ms = self.now_ms();
        let standing = |each: &Loop| Standing {
            name: each.name,
            age: Duration::from_millis(now_ms.saturating_sub(each.turned_at_ms.load(Ordering::Relaxed))),
            limit: each.limit,
        };
        self.loops().iter().map(standing).collect()
    }

    fn now_ms(&self) -> u64 {
        let since = self.0.clock.instant().saturating_duration_since(self.0.began);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn loops(&self) -> MutexGuard<'_, Vec<Loop>> {
        self.0.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.look()).finish()
    }
}

impl Turns {
    /// A turn ended well.
    pub fn ended(&self) {
        self.turned_at_ms.store(self.progress.now_ms(), Ordering::Relaxed);
    }

    /// The last turn ended well, and the loop waits: that is no standstill, however long it takes.
    pub async fn until<T>(&self, news: impl Future<Output = T>) -> T {
        let mut news = pin!(news);
        loop {
            self.ended();
            tokio::select! {
                biased;
                got = &mut news => return got,
                () = tokio::time::sleep(WAITING) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_stamp_stands_still_when_the_limit_is_over() {
        let progress = Progress::default();
        let quick = progress.begins("quick", Duration::from_secs(10));
        let _stuck = progress.begins("stuck", Duration::ZERO);
        std::thread::sleep(Duration::from_millis(5));
        quick.ended();
        let names: Vec<&str> =
            progress.look().iter().filter(|standing| standing.stands_still()).map(|standing| standing.name).collect();
        assert_eq!(names, ["stuck"]);
    }

    #[tokio::test]
    async fn who_waits_for_news_stamps_meanwhile() {
        let progress = Progress::default();
        let turns = progress.begins("waiting", LIMIT);
        let stamped = || turns.turned_at_ms.load(Ordering::Relaxed);
        let waiting = async {
            let before = stamped();
            while stamped() <= before + 100 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(WAITING * 5, turns.until(waiting)).await.expect("stamped while it waits");
    }
}
