//! What a replica remembers of a patient is what it would read: whoever judged in between, whatever came late.

use std::sync::Arc;

use alert_rules::History;
use derwent::monitor::memory::Memory;
use derwent::monitor::rulebook::Rulebooks;
use derwent::monitor::{case, evaluate};
use derwent::random;
use derwent::store::judged;
use jiff::SignedDuration;
use proptest::test_runner::{Config, TestRunner};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::replica::Wires;
use crate::harness::ward::{Ward, facts};

/// What happens next to the patient; then one of two replicas judges.
#[derive(Clone, Copy, Debug)]
enum Step {
    Measured { days_late: i64, systolic: i64 },
    NewFacts,
    TimePasses { hours: i64 },
}

#[test]
fn what_is_remembered_is_what_would_be_read() {
    use proptest::prelude::*;
    let step = prop_oneof![
        6 => (prop_oneof![3 => Just(0_i64), 1 => 1..25_i64], 100..150_i64)
            .prop_map(|(days_late, systolic)| Step::Measured { days_late, systolic }),
        1 => Just(Step::NewFacts),
        1 => (1..80_i64).prop_map(|hours| Step::TimePasses { hours }),
    ];
    let steps = proptest::collection::vec((step, any::<bool>()), 30);
    let mut runner =
        TestRunner::new(Config { cases: 4, failure_persistence: None, max_shrink_iters: 20, ..Config::default() });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runner.run(&steps, |steps| runtime.block_on(story(&steps))).expect("as read");
}

async fn story(steps: &[(Step, bool)]) -> Result<(), proptest::test_runner::TestCaseError> {
    let ward = Ward::open("2026-03-30T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let folder = tempfile::tempdir().expect("a folder");
    let wires = Wires { smtp_url: format!("file:{}", folder.path().display()), ..Wires::default() };
    // It puts the rules in force and then leaves the judging to us.
    let replica = ward.replica(&wires).await;
    let patient = ward.patient(&["hypertension"]).await;
    replica.settle().await;
    replica.parts.lifecycle.stopping.cancel();

    let memories = [Memory::default(), Memory::default()];
    for (step, by_second) in steps {
        match *step {
            Step::Measured { days_late, systolic } => {
                let taken_at = ward.clock.care_now() - SignedDuration::from_hours(24 * days_late);
                #[expect(clippy::cast_precision_loss, reason = "a blood pressure")]
                ward.pressure_taken(patient, taken_at, systolic as f64, 70.0, None).await;
            }
            Step::NewFacts => ward.set_facts(patient, &facts(&["hypertension"])).await,
            Step::TimePasses { hours } => ward.clock.step(ward.clock.care_now() + SignedDuration::from_hours(hours)),
        }
        let (read, remembered) = judge(&ward, &replica.parts.store.monitor, &memories[usize::from(*by_second)]).await;
        proptest::prop_assert_eq!(read, remembered, "after {:?}", step);
    }
    ward.assert_tiled().await;
    replica.settle().await;
    replica.stop().await;
    ward.close().await;
    Ok(())
}

/// Judges whoever is due with this memory. Returns the readings as they are stored, and as they were judged.
async fn judge(ward: &Ward, pool: &PgPool, memory: &Memory) -> (Vec<String>, Vec<String>) {
    let (lease, now, rulebooks) = (random::new_id(), ward.clock.care_now(), Rulebooks::default());
    let taken = judged::take(pool, Some(now), lease, 10).await.expect("taken");
    if taken.is_empty() {
        return Default::default();
    }
    let fresh = case::load(pool, &rulebooks, &Memory::default(), &taken, now).await.expect("read");
    let batch = case::load(pool, &rulebooks, memory, &taken, now).await.expect("remembered");
    let since = fresh.cases[0].history_since;
    let histories = (in_words(&fresh.cases[0].history, since), in_words(&batch.cases[0].history, since));
    let judged = evaluate::judge(Arc::clone(&batch.rulebook), batch.cases).await.expect("judged");
    let finished = evaluate::finish(pool, lease, &batch.rulebook, &judged, now).await.expect("finished");
    assert_eq!(finished.start_over, Vec::<Uuid>::new());
    for judged in judged {
        judged.case.remember(memory);
    }
    histories
}

/// A memory may hold more from before; rules do not see it.
fn in_words(history: &History, since: jiff::Timestamp) -> Vec<String> {
    let seen = history.readings.iter().filter(|reading| reading.effective_at >= since);
    let mut words: Vec<String> = seen.map(|reading| format!("{reading:?}")).collect();
    words.sort();
    words
}
