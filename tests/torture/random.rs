//! Faults by chance, one after the other and on top of each other: ten seconds of it in `make test`, any number of minutes
//! with `make torture SEED=… MINUTES=…`.
//!
//! The seed decides which faults strike, and with how much in flight; which instruction they meet is the machine's affair.

use std::time::Duration;

use fastrand::Rng;

use super::nemesis::Fault;
use super::report::Report;
use super::trial::{Trial, instant};

const PHONES: usize = 40;
/// So many in flight, chosen anew each time, before a fault strikes.
const IN_FLIGHT: std::ops::Range<usize> = 100..700;
const PROGRESS_EVERY: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_seconds_of_faults_by_chance_lose_and_double_nothing() {
    let report = torture(Rng::new().u64(..1_000_000), Duration::from_secs(10)).await;
    println!("{report}");
    assert!(report.violations.is_empty(), "repeat with: make torture SEED={} MINUTES=1", report.seed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "as long as asked: `make torture` runs it"]
async fn as_long_as_asked() {
    let asked = |name: &str| -> u64 {
        let value = std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run `make torture`"));
        value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value:?}"))
    };
    let (seed, seconds) = (asked("DERWENT_TORTURE_SEED"), asked("DERWENT_TORTURE_SECONDS"));
    let report = torture(seed, Duration::from_secs(seconds)).await;
    println!("\n{report}");
    assert!(report.violations.is_empty(), "repeat with: make torture SEED={seed} MINUTES={}", seconds.div_ceil(60));
}

async fn torture(seed: u64, lasting: Duration) -> Report {
    let mut trial = Trial::own(seed).await;
    trial.start_service().await;
    trial.add_phones(PHONES).await;
    let mut report = Report { seed, phones: PHONES, replicas: trial.services.len(), ..Report::default() };
    let (begun, mut told) = (instant(), instant());
    while begun.elapsed() < lasting {
        report.rounds += 1;
        let again = trial.rng.u8(..3);
        for _ in 0..=u8::from(again == 0) {
            let fault = *trial.rng.choice(&Fault::ALL).expect("there are some");
            let aimed = fault.aim(&mut trial);
            trial.burst(10, 40);
            trial.until_a_moment_with(IN_FLIGHT).await;
            let in_flight = aimed.strike(&mut trial).await;
            report.struck.entry(fault).or_default().push(in_flight);
        }
        // Mostly everybody gets their answers before the next; else it meets a service that has not recovered.
        if trial.rng.u8(..4) > 0 && !trial.all_answered().await {
            break;
        }
        if told.elapsed() > PROGRESS_EVERY {
            told = instant();
            let tally = trial.history.lock().tally();
            println!(
                "{:>5} s  {:>4} rounds  {:>4} kills  {:>8} stored  {:>7} unknown",
                begun.elapsed().as_secs(),
                report.rounds,
                report.kills(),
                tally.stored,
                tally.unknown,
            );
        }
    }
    report.seconds = begun.elapsed().as_secs();
    report.violations = trial.violations().await;
    report.tally = trial.history.lock().tally();
    let given_up = "SELECT count(*) FROM evaluation WHERE outcome = 'failed'";
    report.given_up = sqlx::query_scalar(given_up).fetch_one(&trial.pool).await.unwrap_or_default();
    trial.end().await;
    report
}
