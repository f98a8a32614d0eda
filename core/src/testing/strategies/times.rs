//! Moments, absolute ones and ones that are near to another.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::Timestamp;
use crate::testing::edges::{EXPIRES_IN, Groups, MOMENTS, PAUSES};

/// Any moment that there is: the year 0000 to the year 9999, the two ends, the epoch and a millisecond before it.
pub fn timestamp() -> impl Strategy<Value = Timestamp> + Clone {
    let all = Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis();
    prop_oneof![select(&MOMENTS[..]), all].prop_map(Timestamp::from_millis)
}

/// How far away an expiry is, in milliseconds: one past, this very moment, one to come, a second, ten, just beyond ten (the
/// furthest that [`small_config`](crate::testing::small_config) allows), and just beyond a day (the furthest by default).
pub fn expires_in() -> impl Strategy<Value = i64> + Clone {
    one_of(EXPIRES_IN)
}

/// How long nothing happens, in milliseconds: so that what [`expires_in`] some time does so in the next millisecond, at this very
/// one, or the one before; and long enough to forget what is finished.
pub fn pause() -> impl Strategy<Value = i64> + Clone {
    one_of(PAUSES)
}

fn one_of(groups: Groups) -> impl Strategy<Value = i64> + Clone {
    Union::new_weighted(groups.map(|(weight, group)| (weight, select(group))).into())
}
