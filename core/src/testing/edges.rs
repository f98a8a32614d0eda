//! What strategies and fuzzers' bytes come to more often than by chance: where arithmetic goes wrong if it does, where encodings
//! change, and what is due at one moment.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use crate::Timestamp;

/// Many amounts are below it.
pub(super) const SMALL_AMOUNTS: u64 = 20;

/// Many bounds are nearer to 0.
pub(super) const SMALL_BOUNDS: i128 = 100;

/// Powers of two below this exponent are edges of amounts.
pub(super) const AMOUNT_BITS: u32 = u64::BITS;

/// And of bounds: some are beyond what amounts can reach.
pub(super) const BOUND_BITS: u32 = 70;

/// Short things are no longer than this.
pub(super) const SHORT: usize = 20;

/// 0, 1, those next to where their encoding changes, and the most that is allowed.
pub(super) fn lengths(most: usize) -> Vec<usize> {
    [0, 1, 127, 128, 255, 256, 65_535, 65_536, most].into_iter().filter(|edge| *edge <= most).collect()
}

/// Bytes that count up, so that a wrong offset shows.
pub(super) fn counting(first: u8, length: usize) -> Vec<u8> {
    (0..length).map(|index| first.wrapping_add(index.to_le_bytes()[0])).collect()
}

/// The two ends of time, in milliseconds, the epoch, and what is next to it.
pub(super) const MOMENTS: [i64; 6] = [0, 1, -1, 999, Timestamp::MAX.as_millis(), Timestamp::MIN.as_millis()];

/// Milliseconds, in groups: how often one of a group comes up, compared with the others.
pub(super) type Groups = [(u32, &'static [i64]); 3];

/// From a moment to an expiry: a second to ten, the furthest that [`small_config`](super::small_config) allows; next to now and to that; the furthest
/// by default, and beyond.
pub(super) const EXPIRES_IN: Groups = [(6, &[1_000, 5_000, 10_000]), (2, &[0, 1, -1, 999, 10_001]), (1, &[86_400_000, 86_400_001])];

/// For which nothing happens: to an expiry, from a second before it to the next millisecond; until what is finished is forgotten;
/// the clock is set back, or days pass.
pub(super) const PAUSES: Groups =
    [(6, &[0, 1, 998, 999, 1_000]), (4, &[4_999, 5_000, 9_999, 10_000, 20_000]), (1, &[-1, -1_000, 86_400_000, 90_000_000])];

/// How long payments of a [`Conversation`](super::Conversation) live, in milliseconds.
pub(super) const LIVES: &[u64] = &[1_000, 30_000];

/// What payments of a conversation amount to.
pub(super) const CONVERSATION_AMOUNTS: RangeInclusive<u64> = 1..=50;

/// How long nothing is done in a conversation, in milliseconds: about as long as a frame takes, longer than a request may wait,
/// longer than payments live.
pub(super) const WAITS: &[u64] = &[0, 1, 15, 50, 500, 5_000, 10_000, 40_000];

/// How long nothing is done in it now and then, in milliseconds: hours and days.
pub(super) const LONG_WAITS: &[u64] = &[0, 7_200_000, 100_000_000];

/// How long a frame takes, in milliseconds.
pub(super) const DELAYS: &[u64] = &[0, 20, 900];

/// How long it takes to notice that a connection broke, in milliseconds.
pub(super) const NOTICES: &[u64] = &[0, 1, 50, 100, 3_000];

/// After how many frames a connection breaks.
pub(super) const FRAMES_BEFORE_A_CUT: RangeInclusive<usize> = 1..=8;
