//! The law of decoders: they differ in nothing.

use proptest::prelude::*;
use trustline_core::testing::strategies::{frame, packet, timestamp};
use trustline_tests::fuzzing::differential;

proptest! {
    /// What the fuzz target of that name checks, for frames that are whole, and such that have one thing wrong deep inside.
    #[test]
    fn three_decoders_read_the_same(packet in packet(), damaged in frame(), at in timestamp()) {
        differential(&packet.encode().unwrap());
        differential(&damaged);
        let digits: String = at.to_string().chars().filter(|c| !"-:T".contains(*c)).collect();
        differential(digits.as_bytes());
    }
}
