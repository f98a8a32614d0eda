//! Numbers that a peer cannot guess.

use std::cell::RefCell;

use trustline_core::{LedgerId, TransferId};

/// The system is asked for so many bytes at a time: asking costs more than a payment's id should.
const POOL_BYTES: usize = 4096;

struct Pool {
    bytes: [u8; POOL_BYTES],
    used: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], used: POOL_BYTES }) };
}

/// An id that nobody else uses, nor knows before it is shown.
pub(crate) fn transfer_id() -> TransferId {
    TransferId::from(bytes())
}

/// A name for an opening of a ledger.
pub(crate) fn ledger_id() -> LedgerId {
    LedgerId::from(bytes())
}

/// A key for hash maps whose keys a peer chooses.
pub(crate) fn hash_seed() -> u64 {
    u64::from_ne_bytes(bytes())
}

fn bytes<const N: usize>() -> [u8; N] {
    POOL.with_borrow_mut(|pool| {
        if pool.used + N > POOL_BYTES {
            getrandom::fill(&mut pool.bytes).expect("the system has random numbers");
            pool.used = 0;
        }
        let mut taken = [0; N];
        let from = &mut pool.bytes[pool.used..pool.used + N];
        taken.copy_from_slice(from);
        // What was handed out is not kept.
        from.fill(0);
        pool.used += N;
        taken
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice_also_when_the_pool_is_filled_again() {
        let ids: HashSet<_> = (0..10_000).map(|_| transfer_id()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
