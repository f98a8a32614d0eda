//! How often a number was how large.

use std::ops::AddAssign;

/// Finite buckets.
const BUCKETS: usize = 12;

/// Counts of numbers, each in the first bucket whose bound it does not exceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// The last counts what exceeds every bound.
    counts: [u64; BUCKETS + 1],
    sum: u64,
}

/// 1, 4, 16 and so on, to 4,194,304: for effects, from a lone one to the most that are ever committed at once; for
/// microseconds, from the memory's to four seconds.
const fn bound(bucket: usize) -> u64 {
    1 << (2 * bucket)
}

impl Histogram {
    pub(crate) fn record(&mut self, number: u64) {
        // How many bits the largest number has that falls into the same bucket.
        let bits = (u64::BITS - number.saturating_sub(1).leading_zeros()) as usize;
        self.counts[bits.div_ceil(2).min(BUCKETS)] += 1;
        self.sum = self.sum.saturating_add(number);
    }

    /// Each bound, and how many numbers did not exceed it: 1, 4, 16 and so on. What exceeded even the last, 4,194,304, is in
    /// [`count`](Self::count) only.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.counts[..BUCKETS].iter().enumerate().scan(0, |below, (bucket, count)| {
            *below += count;
            Some((bound(bucket), *below))
        })
    }

    /// How many numbers there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What they come to.
    pub fn sum(&self) -> u64 {
        self.sum
    }
}

/// Of no numbers.
impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0; BUCKETS + 1], sum: 0 }
    }
}

impl AddAssign<&Self> for Histogram {
    fn add_assign(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self.sum = self.sum.saturating_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let mut seen = Histogram::default();
        for number in [0, 1, 2, 4, 5, 16, 4_194_304, 4_194_305, u64::MAX] {
            seen.record(number);
        }
        let buckets: Vec<_> = seen.buckets().collect();
        assert_eq!(buckets[..4], [(1, 2), (4, 4), (16, 6), (64, 6)]);
        assert_eq!(buckets[BUCKETS - 1], (4_194_304, 7));
        assert_eq!((seen.count(), seen.sum()), (9, u64::MAX));
    }

    #[test]
    fn two_are_added_bucket_by_bucket() {
        let (mut all, mut some, mut others) = (Histogram::default(), Histogram::default(), Histogram::default());
        for number in 0..1000 {
            all.record(number);
            if number % 3 == 0 { some.record(number) } else { others.record(number) }
        }
        some += &others;
        assert_eq!(some, all);
    }
}
