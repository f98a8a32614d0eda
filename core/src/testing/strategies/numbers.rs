//! Numbers where arithmetic goes wrong if it does, and lengths where encodings change.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::ledger::Bounds;
use crate::testing::TRANSFERS;
use crate::testing::edges::{AMOUNT_BITS, BOUND_BITS, SHORT, SMALL_AMOUNTS, SMALL_BOUNDS, counting, lengths};

/// An amount in the trustline's smallest unit: 0, 1, others below 20, 2^k - 1, 2^k and 2^k + 1 for every k,
/// `u64::MAX`, or any other.
pub fn amount() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![
        3 => 0..SMALL_AMOUNTS,
        2 => (0..AMOUNT_BITS, 0..3_u64).prop_map(|(k, plus)| (1_u64 << k) - 1 + plus),
        1 => Just(u64::MAX),
        1 => any::<u64>(),
    ]
}

/// Bounds on a balance: often none at all; else 0, others below 100, and 2^k - 1, 2^k and 2^k + 1 for every k, up to those that
/// no amount can reach. The minimum is never positive, and the maximum never negative.
pub fn bounds() -> impl Strategy<Value = Bounds> + Clone {
    let bound = prop_oneof![
        2 => 0..SMALL_BOUNDS,
        2 => (0..BOUND_BITS, -1..2_i128).prop_map(|(k, plus)| (1 << k) + plus),
        1 => Just(i128::MAX),
    ];
    let minimum = bound.clone().prop_map(|below| if below == i128::MAX { i128::MIN } else { -below });
    prop_oneof![1 => Just(Bounds::UNBOUNDED), 1 => (minimum, bound).prop_map(|(minimum, maximum)| Bounds { minimum, maximum })]
}

/// The number of a transfer, below [`TRANSFERS`]: few, so that most are repeated.
pub fn number() -> impl Strategy<Value = u32> + Clone {
    0..TRANSFERS
}

/// The number of a transfer that we pay: in five of six, 0 or 1.
pub fn outgoing_number() -> impl Strategy<Value = u32> + Clone {
    prop_oneof![5 => 0..2_u32, 1 => number()]
}

/// The number of a transfer that the peer pays: in five of six, 2 or 3.
pub fn incoming_number() -> impl Strategy<Value = u32> + Clone {
    prop_oneof![5 => 2..4_u32, 1 => number()]
}

/// A number of `numbers`, and the one of the transfer whose fulfillment is shown for it: in five of six, the same.
pub fn number_and_with<S: Strategy<Value = u32> + Clone>(numbers: S) -> impl Strategy<Value = (u32, u32)> + Clone {
    (numbers, prop_oneof![5 => Just(None), 1 => number().prop_map(Some)]).prop_map(|(n, with)| (n, with.unwrap_or(n)))
}

/// A length from 0 to `most`: below 20, or next to where its encoding changes (127, 128, 255, 256, 65,535, 65,536), or `most`.
pub fn length(most: usize) -> impl Strategy<Value = usize> + Clone {
    prop_oneof![4 => 0..=most.min(SHORT), 2 => select(lengths(most))]
}

/// Any bytes, up to `most` of them, the [`length`] as there.
pub fn octets(most: usize) -> impl Strategy<Value = Bytes> + Clone {
    bytes(most).prop_map(Bytes::from)
}

/// ASCII, control characters among it, up to `most` of them, the [`length`] as there.
pub fn ascii(most: usize) -> impl Strategy<Value = String> + Clone {
    bytes(most).prop_map(|bytes| bytes.into_iter().map(|byte| char::from(byte & 0x7f)).collect())
}

/// Few of them are any, so that they shrink well; many count up, so that a wrong offset shows.
fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![
        2 => vec(any::<u8>(), 0..=most.min(SHORT)),
        1 => (any::<u8>(), length(most)).prop_map(|(first, length)| counting(first, length)),
    ]
}
