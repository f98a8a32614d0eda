//! README: no peer byte makes us allocate without bound. Alone in its process, so that nobody else's memory is counted.

use proptest::prelude::*;
use trustline_core::testing::strategies::{frame, length};
use trustline_tests::fuzzing::{self, Allocator, decode};

#[global_allocator]
static ALLOCATOR: Allocator = fuzzing::ALLOCATOR;

/// A length, or a count, of one to nine bytes that say a lot.
fn claim() -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), 1..=9_u8, prop_oneof![Just(0x7f_u8), Just(0xff), Just(0x05), any::<u8>()]).prop_map(|(is_length, bytes, byte)| {
        let first = if is_length { 0x80 | bytes } else { bytes };
        std::iter::once(first).chain(std::iter::repeat_n(byte, bytes.into())).collect()
    })
}

/// What stands before a length or a count: nothing, a packet's envelope, and its content up to its data or its entries; and the
/// same of an ILP packet.
const BEFORE: [&[u8]; 9] = [
    b"",
    b"\x06\0\0\0\0",
    b"\x06\0\0\0\0\x7f",
    b"\x06\0\0\0\0\x7f\x01\x01",
    b"\x02\0\0\0\0\x7fF00",
    b"\x01\x7f\0\0\0\0\0\0\0\x01",
    b"\x08\x7fR00",
    b"\x08\x7fR00\0\0",
    b"\x08\x7fR00\0\0\x01\x01",
];

proptest! {
    /// What the fuzz target checks, for frames that say they hold more than they do.
    #[test]
    fn what_a_frame_makes_us_allocate_is_bounded_by_its_length(frame in frame(), claim in claim(), behind in length(1_024)) {
        decode(&frame);
        for before in BEFORE {
            decode(&[before, &claim, &vec![0; 127 + behind]].concat());
        }
    }
}
