//! A process's clock: ahead or behind, too fast or too slow, and now and then set.

use trustline_core::Timestamp;

const MILLION: i64 = 1_000_000;

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// It showed `shown` at the true time `at`.
    at: Timestamp,
    shown: i64,
    /// Millionths that it is too fast; too slow if negative.
    drift: i64,
}

impl Clock {
    pub(super) fn new(at: Timestamp, ahead: i64, drift: i64) -> Self {
        Self { at, shown: at.as_millis() + ahead, drift }
    }

    /// What it shows at a true time.
    pub(super) fn show(&self, at: Timestamp) -> Timestamp {
        let passed = at.as_millis() - self.at.as_millis();
        Timestamp::from_millis(self.shown + passed + (passed * self.drift).div_euclid(MILLION))
    }

    /// The first true time, `now` or later, at which it shows `moment` or later.
    pub(super) fn when(&self, moment: Timestamp, now: Timestamp) -> Timestamp {
        if self.show(now) >= moment {
            return now;
        }
        let left = moment.as_millis() - self.shown;
        // Too early by the rounding at most.
        let mut at = self.at.as_millis() + (left * MILLION).div_euclid(MILLION + self.drift) - 1;
        while self.show(Timestamp::from_millis(at)) < moment {
            at += 1;
        }
        Timestamp::from_millis(at)
    }

    /// It is put right, as far as `most` milliseconds.
    pub(super) fn keep_within(&mut self, now: Timestamp, most: i64) {
        let ahead = self.show(now).as_millis() - now.as_millis();
        self.set(now, ahead.clamp(-most, most) - ahead);
    }

    /// Someone sets it forward, or back.
    pub(super) fn set(&mut self, now: Timestamp, by: i64) {
        (self.shown, self.at) = (self.show(now).as_millis() + by, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::START;

    #[test]
    fn a_moment_is_reached_when_it_is_shown_and_not_before() {
        for drift in [-10_000, 0, 1, 10_000] {
            let mut clock = Clock::new(START, -777, drift);
            clock.set(START.saturating_add(crate::seconds(3)), 1234);
            for left in [0, 1, 999, 1_000_000, 86_400_000] {
                let moment = Timestamp::from_millis(clock.show(START).as_millis() + left);
                let at = clock.when(moment, START);
                let before = Timestamp::from_millis(at.as_millis() - 1);
                assert!(clock.show(at) >= moment && (left == 0 || clock.show(before) < moment), "drift {drift}, {left} left");
            }
        }
    }
}
