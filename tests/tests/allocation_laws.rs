//! README: no peer byte makes us allocate without bound. Alone in its process, so that nobody else's memory is counted.

use std::alloc::System;

use proptest::prelude::*;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use trustline_core::WireLimits;
use trustline_core::testing::strategies::{frame, length};
use trustline_core::wire::{IlpPacket, Packet, ProtocolData};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What an error takes, or the smallest packet.
const FEW: usize = 8 * 1024;

/// An entry of three bytes, the smallest, is a name, a type and a view of its data in memory, first in a list that grows.
const PER_BYTE: usize = 100;

fn allocated<T>(read: impl FnOnce() -> T) -> usize {
    let region = Region::new(HEAP);
    drop(read());
    let change = region.change();
    change.bytes_allocated + usize::try_from(change.bytes_reallocated).unwrap_or(0)
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let most = FEW + PER_BYTE * bytes.len();
    let limits = WireLimits::default();
    prop_assert!(allocated(|| Packet::decode(bytes, &limits)) <= most);
    prop_assert!(allocated(|| ProtocolData::decode(bytes, &limits)) <= most);
    prop_assert!(allocated(|| IlpPacket::decode(bytes)) <= most);
    Ok(())
}

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
    #[test]
    fn what_a_frame_makes_us_allocate_is_bounded_by_its_length(frame in frame(), claim in claim(), behind in length(1_024)) {
        check(&frame)?;
        for before in BEFORE {
            check(&[before, &claim, &vec![0; 127 + behind]].concat())?;
        }
    }
}
