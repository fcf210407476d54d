//! The same submissions in any order, over any sockets and restarts, without staff acts between: the same readings (sequence and
//! arrival aside) and the same findings. On the real binary, with real phones.
//!
//! A world of submissions is made from a seed (`items.rs`) and delivered into a database of its own: once in the order in which things
//! were measured, then in orders made from the seed, in batches of any size, over sockets and HTTP, to one replica or two, with kills
//! and restarts between (`delivery.rs`). What is excepted, and why, is in `docs/decisions/0012-what-no-order-changes.md`.
//!
//! `ORDERS=50 SEED=1000 cargo test --test derwent orders` tries fifty worlds from that seed on.

mod delivery;
mod items;

use std::collections::BTreeSet;

use delivery::Delivery;
use items::Chance;

/// Worlds tried by `make test`.
const WORLDS: u64 = 2;
/// Orders of each, besides the first.
const ORDERS: u64 = 2;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn any_order_over_any_sockets_and_restarts_gives_the_same_readings_and_findings() {
    let first = number("SEED").unwrap_or(1);
    for seed in first..first + number("ORDERS").unwrap_or(WORLDS) {
        let items = items::world(&mut Chance::new(seed));
        let deliveries = (0..=ORDERS).map(|order| {
            let items = items.clone();
            tokio::spawn(async move { Delivery::of(items, seed, order).await })
        });
        let mut told = Vec::new();
        for delivery in deliveries.collect::<Vec<_>>() {
            told.push(delivery.await.unwrap_or_else(|error| panic!("SEED={seed} ORDERS=1: {error}")));
        }
        let (expected, others) = told.split_first().expect("the first order");
        assert!(
            expected.iter().filter(|line| line.starts_with("finding")).count() > 5,
            "SEED={seed} makes a dull world"
        );
        for (order, told) in (1..).zip(others) {
            let (one, other): (BTreeSet<_>, BTreeSet<_>) = (expected.iter().collect(), told.iter().collect());
            assert!(
                one == other && expected.len() == told.len(),
                "order {order} of SEED={seed} ORDERS=1 differs.\nOnly in the order of measuring:\n{:#?}\nOnly in this order:\n{:#?}",
                one.difference(&other).collect::<Vec<_>>(),
                other.difference(&one).collect::<Vec<_>>()
            );
        }
    }
}
