//! How fast the peer may make new transfers.

use crate::{Timestamp, TransferRate};

/// A token bucket. It holds thousandths of a transfer, of which each millisecond brings `per_second`: whole numbers, so
/// that nothing is ever rounded. No effect tells of it and no snapshot has it, so that a replay decides nothing anew; a
/// session that is rebuilt begins with a full one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    rate: TransferRate,
    thousandths: u64,
    /// When it was last looked at.
    at: Timestamp,
}

const WHOLE: u64 = 1000;

impl Bucket {
    pub(super) fn full(rate: TransferRate) -> Self {
        Self { rate, thousandths: capacity(rate), at: Timestamp::MIN }
    }

    /// Whether there is room for one more. A clock that was set back brings nothing: the bucket fills from the earlier
    /// moment on.
    pub(super) fn has_one(&mut self, now: Timestamp) -> bool {
        let elapsed = u64::try_from(now.saturating_since(self.at).as_millis()).unwrap_or(u64::MAX);
        let brought = elapsed.saturating_mul(self.rate.per_second.into());
        self.thousandths = self.thousandths.saturating_add(brought).min(capacity(self.rate));
        self.at = now;
        self.thousandths >= WHOLE
    }

    /// One more has been made.
    pub(super) fn take(&mut self) {
        self.thousandths = self.thousandths.saturating_sub(WHOLE);
    }
}

fn capacity(rate: TransferRate) -> u64 {
    u64::from(rate.burst) * WHOLE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: i64 = 1_500_000_000_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(START + millis)
    }

    fn takes(bucket: &mut Bucket, now: Timestamp) -> bool {
        let has_one = bucket.has_one(now);
        if has_one {
            bucket.take();
        }
        has_one
    }

    #[test]
    fn a_burst_at_once_and_then_as_many_as_time_brings() {
        let mut bucket = Bucket::full(TransferRate { per_second: 4, burst: 2 });
        let moments = [0, 0, 0, 249, 250, 250, 500, 10_000, 10_000, 10_000];
        let taken = moments.map(|millis| takes(&mut bucket, at(millis)));
        assert_eq!(taken, [true, true, false, false, true, false, true, true, true, false]);
    }

    #[test]
    fn nothing_is_lost_however_often_it_is_looked_at() {
        let mut bucket = Bucket::full(TransferRate { per_second: 3, burst: 10 });
        // An interpreter is too slow for a million.
        let moments: i64 = if cfg!(miri) { 2_000 } else { 1_000_000 };
        let taken = (0..moments).filter(|millis| takes(&mut bucket, at(*millis))).count();
        assert_eq!(i64::try_from(taken), Ok(10 + 3 * (moments - 1) / 1000));
    }

    #[test]
    fn the_extremes() {
        for moment in [Timestamp::MIN, Timestamp::MAX] {
            assert!(!takes(&mut Bucket::full(TransferRate { per_second: u32::MAX, burst: 0 }), moment), "none at all");
            let mut once = Bucket::full(TransferRate { per_second: 0, burst: 1 });
            assert!(takes(&mut once, moment) && !takes(&mut once, Timestamp::MAX));
        }
        let mut fast = Bucket::full(TransferRate { per_second: u32::MAX, burst: u32::MAX });
        assert!(takes(&mut fast, Timestamp::MIN) && takes(&mut fast, Timestamp::MAX));
        assert_eq!(fast.thousandths, u64::from(u32::MAX) * WHOLE - WHOLE);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nobody_for_long() {
        let mut bucket = Bucket::full(TransferRate { per_second: 1, burst: 1 });
        assert!(takes(&mut bucket, at(3_600_000)));
        assert!(!takes(&mut bucket, at(0)), "it brings nothing");
        assert!(takes(&mut bucket, at(1_000)));
    }

    proptest! {
        /// One may be made if and only if in no time up to now there would be more than the burst and what that time
        /// brings.
        #[test]
        fn it_allows_what_the_list_of_all_that_were_made_allows(
            per_second in 0..2_000_u32,
            burst in 0..20_u32,
            pauses in prop::collection::vec(prop_oneof![4 => 0..3_i64, 3 => 0..1_000_i64, 1 => 0..100_000_i64], 1..200),
        ) {
            let mut bucket = Bucket::full(TransferRate { per_second, burst });
            let mut made: alloc::vec::Vec<i64> = alloc::vec::Vec::new();
            let mut now = 0;
            for pause in pauses {
                now += pause;
                let since = |first: &i64| 1000 * i64::from(burst) + i64::from(per_second) * (now - first);
                let counted = |index: usize| 1000 * i64::try_from(made.len() - index + 1).unwrap();
                let allowed = burst > 0 && made.iter().enumerate().all(|(index, first)| counted(index) <= since(first));
                prop_assert_eq!(takes(&mut bucket, at(now)), allowed, "at {} after {:?}", now, made);
                if allowed {
                    made.push(now);
                }
            }
        }
    }
}
