//! Hundreds of simulated worlds, and worlds broken on purpose that must be found out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alert_rules::Rulebook;
use derwent::simulate::{Broken, simulate};

/// About ten seconds.
const WORLDS: u64 = 300;
/// A service that is broken is found out in one of so many worlds.
const WORLDS_BROKEN: u64 = 40;

#[test]
fn hundreds_of_worlds_hold() {
    let rulebook = Arc::new(Rulebook::built_in());
    let next = AtomicU64::new(1);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > WORLDS {
                        break;
                    }
                    if let Err(violated) = simulate(seed, &rulebook, Broken::Nothing, false) {
                        panic!("{violated}");
                    }
                }
            });
        }
    });
}

#[test]
fn the_same_seed_is_the_same_world_line_by_line() {
    let rulebook = Arc::new(Rulebook::built_in());
    let fingerprint = |seed| simulate(seed, &rulebook, Broken::Nothing, false).expect("it holds").fingerprint;
    for seed in 1..6 {
        assert_eq!(fingerprint(seed), fingerprint(seed), "seed {seed}");
        assert_ne!(fingerprint(seed), fingerprint(seed + 1), "seeds {seed} and the next");
    }
}

fn found_out(broken: Broken, by: &str) {
    let rulebook = Arc::new(Rulebook::built_in());
    let violated = (1..=WORLDS_BROKEN).find_map(|seed| simulate(seed, &rulebook, broken, false).err());
    let violated = violated.unwrap_or_else(|| panic!("{broken:?} was not found out in {WORLDS_BROKEN} worlds"));
    assert!(violated.what.contains(by), "{broken:?} was found out by something else: {}", violated.what);
    let repeat = format!("derwent simulate --seed {} --trace", violated.seed);
    assert!(violated.to_string().ends_with(&repeat), "a failure says how to repeat it:\n{violated}");
}

#[test]
fn an_answer_before_the_commit_is_found_out() {
    found_out(Broken::AnswersBeforeCommit, "is stored, and it is not");
}

#[test]
fn a_disk_that_forgets_what_it_confirmed_is_found_out() {
    found_out(Broken::ForgetsCommits, "is stored, and it is not");
}

#[test]
fn a_replica_that_writes_without_its_lease_is_found_out() {
    found_out(Broken::IgnoresLeases, "a judgement from");
}

#[test]
fn a_judgement_by_facts_that_are_no_longer_in_force_is_found_out() {
    found_out(Broken::IgnoresNewFacts, "was judged by facts");
}

#[test]
fn a_lost_page_request_is_found_out() {
    found_out(Broken::LosesPageRequests, "page requests");
}

#[test]
fn an_alert_that_never_moves_on_is_found_out() {
    found_out(Broken::NeverEscalates, "nobody was told since");
}
