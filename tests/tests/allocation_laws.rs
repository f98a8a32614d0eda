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

/// A number that claims to be a length or a count: `of_length` bytes of it, most of which say a lot.
fn claim() -> impl Strategy<Value = Vec<u8>> {
    (1..=9_usize, prop_oneof![Just(0xff_u8), Just(0x7f), any::<u8>()]).prop_map(|(of_length, byte)| {
        let mut claim = vec![byte; of_length];
        claim.insert(0, 0x80 | u8::try_from(of_length).expect("it is small"));
        claim
    })
}

proptest! {
    #[test]
    fn what_a_frame_makes_us_allocate_is_bounded_by_its_length(
        frame in frame(),
        kind in 0..9_u8,
        claim in claim(),
        behind in length(1_024),
    ) {
        check(&frame)?;
        // As the count of entries, as the length of a content, and as both.
        let zeros = vec![0; behind];
        check(&[&claim[..], &zeros].concat())?;
        check(&[&[kind, 0, 0, 0, 0], &claim[..], &zeros].concat())?;
        check(&[&[kind, 0, 0, 0, 0, 0x7f], &claim[..], &zeros].concat())?;
    }
}
