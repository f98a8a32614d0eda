//! How long a client waits before it dials again.

use std::time::Duration;

use trustline_core::session::Event;

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

    /// After a connection that was authenticated, and lasted for so long; `worked` if the host did something there for us.
    /// It was worth the wait if it worked, or lasted longer than the wait: one that the host gives up as soon as it has
    /// it, whatever for, is no reason to dial it at once for ever.
    pub(crate) fn connected(&mut self, lasted: Duration, worked: bool) {
        if worked || lasted >= self.ceiling {
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

/// Whether the peer did what it was asked for, or paid.
pub(crate) fn is_work(event: &Event) -> bool {
    match event {
        Event::OutgoingPrepared { .. }
        | Event::OutgoingFulfilled { .. }
        | Event::OutgoingRejected { .. }
        | Event::OutgoingTransferred { .. }
        | Event::IncomingFulfilled { .. }
        | Event::IncomingTransferred { .. } => true,
        Event::Answered { result, .. } => result.is_ok(),
        _ => false,
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
        backoff.connected(LONGEST / 2, false);
        assert!(backoff.next() >= LONGEST / 2, "it failed too soon");
        backoff.connected(LONGEST, false);
        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn a_line_that_is_cut_again_and_again_is_dialed_soon_where_it_works() {
        let mut backoff = Backoff::new();
        for _ in 0..20 {
            backoff.connected(Duration::from_millis(10), true);
            assert!(backoff.next() <= FIRST);
        }
    }
}
