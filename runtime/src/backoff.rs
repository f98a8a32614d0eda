//! How long a client waits before it dials again.

use std::time::Duration;

/// Grows from a quarter of a second to half a minute, each time with a random part, so that the clients of a host
/// that was away do not all come back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    ceiling: Duration,
    random: fastrand::Rng,
}

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { ceiling: FIRST, random: fastrand::Rng::new() }
    }

    /// After a connection that was authenticated, and lasted for so long. It worked if it was worth the wait: one that
    /// the host gives up as soon as it has it, whatever for, is no reason to dial it at once for ever.
    pub(crate) fn lasted(&mut self, duration: Duration) {
        if duration >= self.ceiling {
            self.ceiling = FIRST;
        }
    }

    /// Between half of the ceiling and all of it; the ceiling doubles.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.ceiling.mul_f64(0.5 + self.random.f64() / 2.0);
        self.ceiling = (self.ceiling * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_start_again_after_a_success() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(waits[0] >= FIRST / 2 && waits[0] <= FIRST);
        assert!(waits[19] >= LONGEST / 2 && waits[19] <= LONGEST);
        backoff.lasted(LONGEST / 2);
        assert!(backoff.next() >= LONGEST / 2, "it failed too soon");
        backoff.lasted(LONGEST);
        assert!(backoff.next() <= FIRST);
    }
}
