//! Both halves against each other, over a channel that loses, repeats, reorders and cuts, in simulated time.
//!
//! The service's disk is a map that outlives every connection: a decision is taken there even when nobody is left to
//! hear it. While the network misbehaves anything may be slow; once it behaves, everything must come to an end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod world;

use proptest::prelude::*;
use world::{Faults, World};

fn faults() -> impl Strategy<Value = Faults> {
    (0..30u32, 0..20u32, 0..4_000u64, 0..8u32, 0..30_000u64).prop_map(
        |(lose_percent, repeat_percent, delay_up_to_ms, cut_percent, decide_up_to_ms)| Faults {
            lose_percent,
            repeat_percent,
            delay_up_to_ms,
            cut_percent,
            decide_up_to_ms,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everything_is_settled_once_and_what_was_seen_stored_is_stored(seed in any::<u64>(), items in 1..120usize, pushes in 0..8u64, faults in faults()) {
        let mut world = World::new(seed, faults);
        world.submit_over_ten_minutes(items);
        world.push_over_ten_minutes(pushes);
        world.run_for_s(600);
        world.network_behaves();
        world.run_for_s(4 * 3600);

        prop_assert_eq!(world.left_in_the_outbox(), 0, "everything is settled in the end");
        for (id, times) in &world.settled_times {
            prop_assert_eq!(*times, 1, "{} was settled {} times", id, times);
        }
        for id in &world.submitted {
            let stored = world.rows.get(id).copied().unwrap_or(0);
            let wanted = if world.is_poison(*id) { 0 } else { 1 };
            prop_assert_eq!(stored, wanted, "{} has {} rows", id, stored);
            prop_assert_eq!(world.seen_stored.contains(id), wanted == 1);
        }
        prop_assert_eq!(world.rows.len(), world.seen_stored.len(), "nothing is stored that nobody sent");
        prop_assert_eq!(world.shown.clone(), (1..=pushes).map(|n| (n, 1)).collect(), "each push is shown once");
        prop_assert_eq!(world.acknowledged_through, pushes);
    }
}

#[test]
fn a_quiet_network_needs_one_connection_and_no_second_sending() {
    let mut world = World::new(7, Faults::NONE);
    world.submit_over_ten_minutes(80);
    world.run_for_s(7200);
    assert_eq!(world.left_in_the_outbox(), 0);
    assert_eq!(world.connections, 1, "pings keep it alive");
    assert_eq!(world.duplicates, 0);
}
