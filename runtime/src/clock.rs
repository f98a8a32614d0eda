//! The only place that reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use trustline_core::Timestamp;

/// The wall clock, which expiries are written in.
pub(crate) fn now() -> Timestamp {
    let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    Timestamp::from_millis(millis)
}

/// A clock that is never set, for how long something takes.
pub(crate) fn instant() -> Instant {
    Instant::now()
}
