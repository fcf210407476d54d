//! Latencies: histograms of microseconds with three significant digits, and what is said of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use serde::Serialize;

/// Shared by whoever measures the same thing.
#[derive(Debug)]
pub struct Latencies(Mutex<Histogram<u64>>);

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Percentiles {
    pub count: u64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

impl Latencies {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Mutex::new(Histogram::new(3).context("a histogram")?)))
    }

    /// What lies between the two; nothing when the later is earlier.
    pub fn record(&self, from: Instant, to: Instant) {
        self.record_time(to.saturating_duration_since(from));
    }

    pub fn record_time(&self, time: Duration) {
        // It grows as needed, so it takes everything.
        let _ = self.histogram().record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    pub fn percentiles(&self) -> Percentiles {
        let histogram = self.histogram();
        let at = |quantile: f64| {
            let time = Duration::from_micros(histogram.value_at_quantile(quantile));
            (time.as_secs_f64() * 1e6).round() / 1e3
        };
        Percentiles {
            count: histogram.len(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: at(1.0),
        }
    }

    fn histogram(&self) -> MutexGuard<'_, Histogram<u64>> {
        // A record is whole or not there.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {} ms, p99 {} ms, p99.9 {} ms", short(self.p50_ms), short(self.p99_ms), short(self.p999_ms))
    }
}

/// Three digits are enough for anybody.
pub fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
