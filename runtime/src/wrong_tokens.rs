//! Slows down who guesses tokens, by where they come from.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::ConnectionLimits;

/// The part of the longest delay that the first wrong token costs.
const FIRST: u32 = 100;

/// A wrong token is forgotten when so much time has brought no other.
const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);

/// Whose tokens were wrong, and how long they wait. What waits is the look at the next token, not the answer to the last:
/// who had the answer at once if the token were right would not have to wait for the other one.
pub(crate) struct WrongTokens {
    longest_delay: Duration,
    most: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    origins: HashMap<Origin, Entry>,
    /// By the time of their last wrong token. The number tells those of one moment apart.
    oldest: BTreeMap<(Instant, u64), Origin>,
    serial: u64,
}

struct Entry {
    /// Since the last right one.
    wrong: u32,
    /// Before that moment none is looked at.
    next: Instant,
    key: (Instant, u64),
}

/// What can be had together: an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    V4([u8; 4]),
    /// The upper half of the address.
    V6(u64),
}

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

impl WrongTokens {
    pub(crate) fn new(limits: &ConnectionLimits) -> Self {
        let ConnectionLimits { wrong_token_delay: longest_delay, wrong_token_origins: most, .. } = *limits;
        // Nobody waits for longer than is remembered why.
        Self { longest_delay: longest_delay.min(FORGET_AFTER), most, table: Mutex::default() }
    }

    /// When a token from there may be looked at. If that is now, it is the only one for now.
    pub(crate) fn turn(&self, origin: Origin, now: Instant) -> Instant {
        let mut table = self.lock();
        let Some(entry) = table.origins.get_mut(&origin) else { return now };
        if entry.next <= now {
            // Nobody else's turn while this one is looked at.
            entry.next = now + self.delay(entry.wrong);
            return now;
        }
        entry.next
    }

    /// A token from there was wrong. Returns how many were since the last right one.
    pub(crate) fn wrong(&self, origin: Origin, now: Instant) -> u32 {
        if self.most == 0 || self.longest_delay.is_zero() {
            return 1;
        }
        let mut table = self.lock();
        table.forget(now);
        let before = table.remove(origin).map_or(0, |entry| entry.wrong);
        if table.origins.len() >= self.most {
            table.forget_oldest();
        }
        let wrong = before.saturating_add(1);
        table.serial += 1;
        let key = (now, table.serial);
        table.oldest.insert(key, origin);
        table.origins.insert(origin, Entry { wrong, next: now + self.delay(wrong), key });
        wrong
    }

    /// A token from there was right.
    pub(crate) fn right(&self, origin: Origin) {
        self.lock().remove(origin);
    }

    fn delay(&self, wrong: u32) -> Duration {
        let doubled = 1_u32.checked_shl(wrong.saturating_sub(1)).unwrap_or(u32::MAX);
        (self.longest_delay / FIRST).saturating_mul(doubled).min(self.longest_delay)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn remove(&mut self, origin: Origin) -> Option<Entry> {
        let entry = self.origins.remove(&origin)?;
        self.oldest.remove(&entry.key);
        Some(entry)
    }

    fn forget_oldest(&mut self) {
        if let Some((_, origin)) = self.oldest.pop_first() {
            self.origins.remove(&origin);
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some(((last, _), _)) = self.oldest.first_key_value()
            && now.saturating_duration_since(*last) >= FORGET_AFTER
        {
            self.forget_oldest();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(address: &str) -> Origin {
        Origin::from(address.parse::<IpAddr>().unwrap())
    }

    fn with(most: usize, longest_delay: Duration) -> WrongTokens {
        let limits = ConnectionLimits { wrong_token_delay: longest_delay, wrong_token_origins: most, ..ConnectionLimits::default() };
        WrongTokens::new(&limits)
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn each_wrong_token_makes_the_next_wait_twice_as_long() {
        let tokens = with(10, millis(10_000));
        let (alice, mut now) = (origin("192.0.2.1"), Instant::now());
        assert_eq!(tokens.turn(alice, now), now, "nobody waits without a reason");
        for delay in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000].map(millis) {
            tokens.wrong(alice, now);
            let due = now + delay;
            assert_eq!(tokens.turn(alice, now), due);
            now = due;
            assert_eq!(tokens.turn(alice, now), now);
        }
        for _ in 0..100 {
            tokens.wrong(alice, now);
        }
        assert_eq!(tokens.turn(alice, now), now + millis(10_000));
    }

    #[test]
    fn of_those_who_wait_one_has_its_turn() {
        let tokens = with(10, millis(10_000));
        let (alice, start) = (origin("192.0.2.1"), Instant::now());
        tokens.wrong(alice, start);
        let now = start + millis(100);
        assert_eq!(tokens.turn(alice, now), now);
        assert_eq!(tokens.turn(alice, now), now + millis(100), "the first is still looked at");
        tokens.right(alice);
        assert_eq!(tokens.turn(alice, now), now, "and was right");
    }

    #[test]
    fn others_do_not_wait() {
        let tokens = with(10, millis(10_000));
        let now = Instant::now();
        tokens.wrong(origin("192.0.2.1"), now);
        tokens.wrong(origin("2001:db8:0:1::1"), now);
        for other in ["192.0.2.2", "2001:db8:0:2::1", "::192.0.2.1"] {
            assert_eq!(tokens.turn(origin(other), now), now);
        }
        for same in ["::ffff:192.0.2.1", "2001:db8:0:1:ffff:ffff:ffff:ffff"] {
            assert_eq!(tokens.turn(origin(same), now), now + millis(100), "{same}");
        }
    }

    #[test]
    fn the_table_is_bounded_and_forgets() {
        let tokens = with(3, millis(10_000));
        let start = Instant::now();
        let nth = |n: u32| Origin::V4(n.to_be_bytes());
        for n in 0..100 {
            tokens.wrong(nth(n), start);
        }
        let sizes = |table: &Table| (table.origins.len(), table.oldest.len());
        assert_eq!(sizes(&tokens.lock()), (3, 3));
        assert_eq!(tokens.turn(nth(96), start), start, "the oldest are forgotten");
        assert_eq!(tokens.turn(nth(97), start), start + millis(100));
        // One more of them does not make it two.
        tokens.wrong(nth(97), start + millis(1));
        tokens.wrong(nth(200), start + millis(2));
        assert_eq!(tokens.turn(nth(98), start), start, "now this one was the oldest");
        assert!(tokens.turn(nth(97), start) > start);
        tokens.wrong(nth(201), start + FORGET_AFTER + millis(1));
        assert_eq!(sizes(&tokens.lock()), (2, 2), "some have been good for long");
    }

    #[test]
    fn nobody_waits_where_that_is_not_wanted() {
        let now = Instant::now();
        for tokens in [with(0, millis(10_000)), with(3, Duration::ZERO)] {
            tokens.wrong(origin("192.0.2.1"), now);
            assert_eq!(tokens.turn(origin("192.0.2.1"), now), now);
            assert!(tokens.lock().origins.is_empty());
        }
    }
}
