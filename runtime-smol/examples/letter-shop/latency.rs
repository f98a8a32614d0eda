//! How long payments took: a histogram that answers p50 and p99 over any number of samples in a fixed 15 KiB.

use std::time::Duration;

/// Each power of two is divided into this many buckets: what is reported is at most 1/32 above what was measured.
const BUCKETS_PER_OCTAVE: usize = 1 << OCTAVE_BITS;
const OCTAVE_BITS: u32 = 5;

/// Enough for every `u64` of nanoseconds: the first two octaves share exact buckets.
const BUCKETS: usize = (64 - OCTAVE_BITS as usize + 1) * BUCKETS_PER_OCTAVE;

/// Counts of durations in log-linear buckets.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    counts: Box<[u64; BUCKETS]>,
    total: u64,
    max: u64,
}

/// No samples yet.
impl Default for Latencies {
    fn default() -> Self {
        Self { counts: Box::new([0; BUCKETS]), total: 0, max: 0 }
    }
}

impl Latencies {
    /// Adds a sample. This allocates nothing.
    pub(crate) fn record(&mut self, sample: Duration) {
        let nanos = u64::try_from(sample.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
        self.max = self.max.max(nanos);
    }

    /// Forgets all samples.
    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
        self.max = 0;
    }

    /// What half of the samples did not exceed; zero without samples.
    pub(crate) fn p50(&self) -> Duration {
        self.quantile(500)
    }

    /// What 99 of 100 samples did not exceed; zero without samples.
    pub(crate) fn p99(&self) -> Duration {
        self.quantile(990)
    }

    /// What `per_mille` of 1000 samples did not exceed, up to 1/32 too high and never above the longest; zero without samples.
    pub(crate) fn quantile(&self, per_mille: u16) -> Duration {
        let rank = (u128::from(self.total) * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += u128::from(count);
            if seen >= rank {
                return Duration::from_nanos(upper_bound(bucket).min(self.max));
            }
        }
        Duration::from_nanos(self.max)
    }
}

/// The bucket of a value: itself while it is small, then its leading bits.
fn bucket(nanos: u64) -> usize {
    let shift = (u64::BITS - nanos.leading_zeros()).saturating_sub(OCTAVE_BITS + 1);
    let leading = usize::try_from(nanos >> shift).expect("six bits are left");
    shift as usize * BUCKETS_PER_OCTAVE + leading
}

/// The largest value of a bucket.
fn upper_bound(bucket: usize) -> u64 {
    let shift = (bucket / BUCKETS_PER_OCTAVE).saturating_sub(1);
    let leading = bucket - shift * BUCKETS_PER_OCTAVE;
    ((leading as u64) << shift) | ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(range: impl Iterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        range.for_each(|n| latencies.record(Duration::from_nanos(n)));
        latencies
    }

    #[test]
    fn every_value_lies_in_a_bucket_close_above_it() {
        let edges = (0..64).flat_map(|bit| {
            let power = 1_u64 << bit;
            [power - 1, power, power + 1, power + power / 3]
        });
        for value in edges.chain(0..5000).chain([u64::MAX]) {
            let bound = upper_bound(bucket(value));
            assert!(bound >= value, "{value}");
            assert!(bound - value <= value / 32, "{value} is reported as {bound}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(upper_bound(BUCKETS - 1), u64::MAX);
    }

    #[test]
    fn buckets_neither_overlap_nor_leave_gaps() {
        for b in 1..BUCKETS {
            assert_eq!(bucket(upper_bound(b - 1) + 1), b);
            assert_eq!(bucket(upper_bound(b)), b);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_samples() {
        let latencies = nanos((1..=1_000_000).rev());
        for (per_mille, exact) in [(500, 500_000), (990, 990_000), (1, 1000), (1000, 1_000_000)] {
            let reported = u64::try_from(latencies.quantile(per_mille).as_nanos()).unwrap();
            assert!((exact..=exact + exact / 32).contains(&reported), "{per_mille}: {reported}");
        }
        assert_eq!(latencies.total, 1_000_000);
    }

    #[test]
    fn one_slow_sample_in_a_thousand_is_not_the_p99() {
        let mut latencies = nanos(std::iter::repeat_n(10, 999));
        latencies.record(Duration::from_secs(3));
        assert_eq!(latencies.p50(), Duration::from_nanos(10));
        assert_eq!(latencies.p99(), Duration::from_nanos(10));
        assert_eq!(latencies.quantile(1000), Duration::from_secs(3));
    }

    #[test]
    fn extremes_are_counted() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.p99(), Duration::ZERO);
        latencies.record(Duration::MAX);
        assert_eq!(latencies.p50(), Duration::from_nanos(u64::MAX));
        latencies.clear();
        latencies.record(Duration::ZERO);
        assert_eq!((latencies.p99(), latencies.total), (Duration::ZERO, 1));
    }
}
