//! The simulator, for a while: many seeds, each of which is a different system with different people in it.
//!
//! For longer: `cargo run --release -p trustline-tests --example simulate -- --seconds 3600`

use trustline_tests::simulator::{Counts, run, trace};

/// So many that every kind of thing happens often.
const SEEDS: u64 = 3_000;

#[test]
fn no_law_is_broken() {
    let mut counts = Counts::default();
    for seed in 0..SEEDS {
        counts += run(seed).unwrap_or_else(|failure| panic!("{failure}"));
    }
    let Counts { steps, paid, came_back, never_begun, messages, dials, replaced, cuts, crashes, closes, failed_disks, repeats } = counts;
    let each = [steps, paid, came_back, never_begun, messages, dials, replaced, cuts, crashes, closes, failed_disks, repeats];
    assert!(each.iter().all(|count| *count > 100), "each kind of thing happens: {counts:#?}");
}

#[test]
fn one_seed_is_one_exact_run() {
    for seed in 0..20 {
        assert_eq!(trace(seed).unwrap(), trace(seed).unwrap());
    }
    assert_ne!(trace(1).unwrap(), trace(2).unwrap());
}
