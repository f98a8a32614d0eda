//! Moments, absolute ones and ones that are near to another.

use proptest::prelude::*;
use proptest::sample::select;

use crate::Timestamp;

/// Any moment that there is: the year 0000 to the year 9999, the two ends, the epoch and a millisecond before it.
pub fn timestamp() -> impl Strategy<Value = Timestamp> + Clone {
    let all = Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis();
    let edges = const { &[0, 1, -1, 999, Timestamp::MAX.as_millis(), Timestamp::MIN.as_millis()] };
    prop_oneof![select(&edges[..]), all].prop_map(Timestamp::from_millis)
}

/// How far away an expiry is, in milliseconds: one past, this very moment, one to come, a second, ten, just beyond ten (the
/// furthest that [`small_config`](super::small_config) allows), and just beyond a day (the furthest by default).
pub fn expires_in() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![
        6 => select(&[1_000, 5_000, 10_000][..]),
        2 => select(&[0, 1, -1, 999, 10_001][..]),
        1 => select(&[86_400_000, 86_400_001][..]),
    ]
}

/// How long nothing happens, in milliseconds: so that what [`expires_in`] some time does so in the next millisecond, at this very
/// one, or the one before; and long enough to forget what is finished.
pub fn pause() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![
        6 => select(&[0, 1, 998, 999, 1_000][..]),
        4 => select(&[4_999, 5_000, 9_999, 10_000, 20_000][..]),
        1 => select(&[-1, -1_000, 86_400_000, 90_000_000][..]),
    ]
}
